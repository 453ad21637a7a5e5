--- How a chat is shown: its window, its name, its folds, its keys.
local M = {}

local PREFIX = 'halley-chat:/'
local SIGNS = { USD = '$', EUR = '€', GBP = '£', CNY = '¥', JPY = '¥' }

---@param id string
---@return string
function M.name(id)
  return PREFIX .. id
end

---@param name string
---@return string?
function M.id(name)
  return vim.startswith(name, PREFIX) and name:sub(#PREFIX + 1) or nil
end

--- A chat gets its id with the first reply; its buffer is called by it from then on, so that a session finds it again.
---@param buf integer
---@param id string
function M.rename(buf, id)
  local before = vim.api.nvim_buf_get_name(buf)
  vim.api.nvim_buf_call(buf, function()
    vim.cmd('silent keepalt file ' .. vim.fn.fnameescape(M.name(id)))
  end)
  local left = vim.fn.bufnr('^' .. before .. '$')
  if left > 0 and left ~= buf then
    vim.api.nvim_buf_delete(left, { force = true })
  end
end

---@param win integer
function M.fold_in(win)
  local set = vim.wo[win][0]
  set.foldmethod, set.foldlevel = 'expr', 0
  set.foldexpr = "v:lua.require'halley.chat.window'.fold()"
  set.fillchars = 'fold: '
  set.foldtext = "v:lua.require'halley.chat.window'.foldtext()"
end

---@param win integer
local function dress(win)
  local set = vim.wo[win][0]
  set.wrap, set.linebreak, set.breakindent = true, true, true
  set.number, set.relativenumber, set.signcolumn, set.foldcolumn = false, false, 'no', '0'
  M.fold_in(win)
  set.winbar = "%{%v:lua.require'halley.chat.window'.winbar()%}"
end

--- Every window that shows the buffer.
---@param buf integer
function M.dress(buf)
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    dress(win)
  end
end

---@param chat halley.ChatBuffer
function M.set_up(chat)
  local buf = chat.buf
  vim.bo[buf].buftype = 'nofile'
  vim.bo[buf].swapfile = false
  vim.bo[buf].buflisted = true
  vim.bo[buf].filetype = 'markdown'
  vim.bo[buf].omnifunc = "v:lua.require'halley.chat.input'.complete"
  pcall(vim.treesitter.start, buf, 'markdown')
  local keys = {
    ['<CR>'] = '<Plug>(halley-send)',
    [']]'] = '<Plug>(halley-next-turn)',
    ['[['] = '<Plug>(halley-previous-turn)',
    K = '<Plug>(halley-open-step)',
  }
  for key, target in pairs(keys) do
    vim.keymap.set('n', key, target, { buffer = buf, desc = target })
  end
  vim.api.nvim_create_autocmd('BufWinEnter', {
    buffer = buf,
    callback = function()
      M.dress(buf)
    end,
  })
  M.dress(buf)
end

--- Shows a chat: in the current window, else where one is seen already, else beside.
---@param buf integer
---@param here? boolean
function M.show(buf, here)
  local win = vim.fn.bufwinid(buf)
  if win ~= -1 then
    return vim.api.nvim_set_current_win(win)
  end
  if not here then
    vim.cmd('botright vsplit')
  end
  vim.api.nvim_win_set_buf(0, buf)
end

--- To the end of what is being written.
---@param chat halley.ChatBuffer
function M.to_prompt(chat)
  local last = vim.api.nvim_buf_line_count(chat.buf)
  local line = vim.api.nvim_buf_get_lines(chat.buf, last - 1, last, true)[1]
  vim.api.nvim_win_set_cursor(0, { last, #line })
end

--- Something was sent: where the cursor was in the prompt, it is in the empty one.
---@param chat halley.ChatBuffer
function M.follow(chat)
  local heading = require('halley.chat.transcript').heading(chat.text)
  for _, win in ipairs(vim.fn.win_findbuf(chat.buf)) do
    if vim.api.nvim_win_get_cursor(win)[1] > heading then
      vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(chat.buf), 0 })
    end
  end
end

---@param chat halley.ChatBuffer
---@param title string
function M.set_title(chat, title)
  chat.title = title
  M.redraw()
end

--- What the latest reply has cost, in the window's bar.
---@param chat halley.ChatBuffer
---@param usage? halley.Usage
function M.set_cost(chat, usage)
  chat.cost = usage and usage.cost or nil
  M.redraw()
end

--- `$0.0123`; empty where it costs nothing or that is unknown.
---@param cost? halley.Cost
---@return string
local function money(cost)
  local amount = cost and cost.amount or 0
  if amount == 0 then
    return ''
  end
  local sign = SIGNS[cost.currency] or cost.currency .. ' '
  local text = amount < 0.00005 and '<' .. sign .. '0.0001' or ('%s%.4f'):format(sign, amount)
  return (cost.source == 'estimated' and amount >= 0.00005 and '≈' or '') .. text
end

function M.redraw()
  vim.cmd.redrawstatus({ bang = true })
end

---@return string
function M.winbar()
  local chat = require('halley.chat').of(vim.api.nvim_win_get_buf(vim.g.statusline_winid or 0))
  if not chat then
    return ''
  end
  local title = (chat.title or '') ~= '' and chat.title or 'A new chat'
  local state = chat.asked and ' … ' or ' '
  if require('halley.chat.approving').waits(chat.buf) then
    title = title .. ' · waits for your approval'
  end
  if #chat.queued > 0 then
    title = ('%s · %d queued'):format(title, #chat.queued)
  elseif chat.again then
    title = title .. ' · replaces a turn'
  end
  local cost = money(chat.cost)
  local right = cost .. (cost ~= '' and chat.mode and ' · ' or '') .. (chat.mode or '')
  local mode = right ~= '' and ' %=%#Comment#' .. right .. ' ' or ''
  return '%#Title#' .. state .. title:gsub('%%', '%%%%') .. '%*' .. mode
end

-- Folds: what was brought along, what was thought, what was not chosen, and an agent's steps that are over. All are
-- quotes with a bold word first, so that they need no marks and stay where text is moved.

local FOLDED = { '^> %*%*Context%*%*', '^> %*%*Reasoning%*%*', '^> %*%*Not chosen%*%*', '^> ✓ %*%*', '^> ✗ %*%*' }
--- Steps that wait or run: all of them is seen.
local OPEN = { '^> %? %*%*', '^> … %*%*' }

---@return string
function M.fold()
  local line = vim.fn.getline(vim.v.lnum)
  if line:sub(1, 1) ~= '>' then
    return '0'
  end
  for _, pattern in ipairs(FOLDED) do
    if line:find(pattern) then
      return '>1'
    end
  end
  for _, pattern in ipairs(OPEN) do
    if line:find(pattern) then
      return '0'
    end
  end
  return '='
end

---@return table
function M.foldtext()
  local line = vim.fn.getline(vim.v.foldstart):gsub('^> ', ''):gsub('%*%*', '')
  local more = vim.v.foldend - vim.v.foldstart
  local count = more == 1 and ' (1 line)' or (' (%d lines)'):format(more)
  return { { '▸ ' .. line, 'Comment' }, { count, 'NonText' } }
end

return M
