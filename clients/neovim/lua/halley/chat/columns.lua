--- Several models' replies to one turn, side by side below the chat, until one is chosen.
local M = {}

local transcript = require('halley.chat.transcript')

---@class halley.Column
---@field reply string
---@field buf integer
---@field win integer

--- By the chat's buffer.
---@type table<integer, halley.Column[]>
local shown = {}

---@param win integer
---@param model string
---@param more? string[] Shown as far as there is room
local function dress(win, model, more)
  local set = vim.wo[win][0]
  set.wrap, set.linebreak, set.number, set.signcolumn = true, true, false, 'no'
  require('halley.chat.window').fold_in(win)
  local room = vim.api.nvim_win_get_width(win)
  if more and 1 + vim.fn.strwidth(model) + 3 + vim.fn.strwidth(more[1]) > room then
    model = model:match('[^/]+$') or model
  end
  local width, tail = vim.fn.strwidth(model) + 1, ''
  for _, part in ipairs(more or {}) do
    width = width + vim.fn.strwidth(part) + 3
    if width > room then
      break
    end
    tail = tail .. ' · ' .. part
  end
  set.winbar = '%#Title# ' .. model:gsub('%%', '%%%%') .. '%*' .. tail:gsub('%%', '%%%%')
end

---@param chat halley.ChatBuffer
---@param reply string
---@return integer
local function create(chat, reply)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buf, 'halley-reply:/' .. reply)
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].filetype = 'markdown'
  vim.b[buf].halley_chat, vim.b[buf].halley_reply = chat.buf, reply
  pcall(vim.treesitter.start, buf, 'markdown')
  vim.keymap.set('n', '<CR>', '<Cmd>Halley choose<CR>', { buffer = buf, desc = 'Choose this reply' })
  vim.keymap.set('n', 'q', function()
    M.close(chat)
  end, { buffer = buf, desc = 'Close the columns' })
  return buf
end

---@param columns halley.Column[]
local function share_width(columns)
  local width = 0
  for _, column in ipairs(columns) do
    width = width + vim.api.nvim_win_get_width(column.win)
  end
  for _, column in ipairs(columns) do
    vim.api.nvim_win_set_width(column.win, math.floor(width / #columns))
  end
end

--- A column for each reply, in the order they began; those there are stay.
---@param chat halley.ChatBuffer
---@param replies table<string, true>
function M.open(chat, replies)
  local columns = vim.tbl_filter(function(column)
    return vim.api.nvim_win_is_valid(column.win)
  end, shown[chat.buf] or {})
  shown[chat.buf] = columns
  local has = {}
  for _, column in ipairs(columns) do
    has[column.reply] = true
  end
  local ids = vim.tbl_filter(function(id)
    return not has[id]
  end, vim.tbl_keys(replies))
  table.sort(ids, function(a, b)
    return transcript.row(chat.text, a) < transcript.row(chat.text, b)
  end)
  for _, id in ipairs(ids) do
    local last = columns[#columns]
    local below = vim.fn.bufwinid(chat.buf)
    if not last and below == -1 then
      return
    end
    local win = vim.api.nvim_open_win(create(chat, id), false, {
      split = last and 'right' or 'below',
      win = last and last.win or below,
      height = not last and math.floor(vim.api.nvim_win_get_height(below) * 0.6) or nil,
    })
    dress(win, chat.text.replies[id].model)
    columns[#columns + 1] = { reply = id, buf = vim.api.nvim_win_get_buf(win), win = win }
  end
  share_width(columns)
end

---@param reply halley.Reply
---@return string[]
local function figures(reply)
  local usage = reply.usage
  local found = { '<CR> chooses' }
  if not usage then
    return vim.list_extend(found, { reply.status })
  end
  found[#found + 1] = ('%d tokens'):format(usage.outputTokens)
  if usage.totalMs then
    found[#found + 1] = ('%.1f s'):format(usage.totalMs / 1000)
  end
  if usage.cost and usage.cost.amount then
    found[#found + 1] = ('%.4f %s'):format(usage.cost.amount, usage.cost.currency)
  end
  return found
end

--- Shows in each column what the chat has of its reply; its figures once it is whole.
---@param chat halley.ChatBuffer
---@param replies? halley.Reply[]
function M.draw(chat, replies)
  for _, column in ipairs(shown[chat.buf] or {}) do
    if vim.api.nvim_buf_is_valid(column.buf) then
      local lines = transcript.lines(chat.text, column.reply)
      local count = vim.api.nvim_buf_line_count(column.buf)
      local from = math.min(count, #lines) - 1
      vim.api.nvim_buf_set_lines(column.buf, from, -1, false, vim.list_slice(lines, from + 1))
    end
    for _, reply in ipairs(replies or {}) do
      if reply.replyId == column.reply and vim.api.nvim_win_is_valid(column.win) then
        dress(column.win, reply.model, figures(reply))
      end
    end
  end
end

---@param chat halley.ChatBuffer
function M.close(chat)
  local inside = vim.b.halley_chat == chat.buf
  for _, column in ipairs(shown[chat.buf] or {}) do
    if vim.api.nvim_win_is_valid(column.win) then
      vim.api.nvim_win_close(column.win, true)
    end
  end
  shown[chat.buf] = nil
  local win = vim.fn.bufwinid(chat.buf)
  if inside and win ~= -1 then
    vim.api.nvim_set_current_win(win)
  end
end

return M
