--- Documents to read: the daemon's `halley:` answers, and reports that are made here.
local M = {}

---@return integer? # the window answers are read in
local function window()
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.w[win].halley_answers then
      return win
    end
  end
end

local WIDEST, NARROWEST = 100, 20

---@param lines string[]
---@return integer # columns
local function widest(lines)
  local found = NARROWEST
  for _, line in ipairs(lines) do
    found = math.max(found, vim.fn.strdisplaywidth(line))
    if found >= WIDEST then
      return WIDEST
    end
  end
  return found
end

---@param width integer
---@param height integer
---@return vim.api.keyset.win_config
local function centred(width, height)
  return {
    relative = 'editor',
    width = width,
    height = height,
    col = math.max(0, math.floor((vim.o.columns - width) / 2) - 1),
    row = math.max(0, math.floor((vim.o.lines - height) / 2) - 1),
    style = 'minimal',
    border = 'rounded',
    title = ' Halley ',
  }
end

--- Makes a float as wide and as high as its text, within the screen.
---@param win integer
local function fit(win)
  local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
  local width = math.max(1, math.min(widest(lines), vim.o.columns - 4))
  vim.api.nvim_win_set_config(win, centred(width, math.max(1, vim.o.lines - 6)))
  local height = vim.api.nvim_win_text_height(win, {}).all
  vim.api.nvim_win_set_config(win, centred(width, math.max(1, math.min(height, vim.o.lines - 6))))
end

--- Fits the float a buffer is read in, where it is read in one.
---@param buf integer
local function refit(buf)
  local win = window()
  if win and vim.api.nvim_win_get_buf(win) == buf and vim.api.nvim_win_get_config(win).relative ~= '' then
    fit(win)
  end
end

--- Moves a window below all others where its text is wider than it is, and lines are not to be wrapped.
---@param win integer
local function make_room(win)
  local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
  local is_split = vim.api.nvim_win_get_config(win).relative == ''
  if is_split and widest(lines) > vim.api.nvim_win_get_width(win) then
    vim.api.nvim_win_call(win, function()
      vim.cmd.wincmd('J')
    end)
  end
end

---@param buf integer
---@param lines string[]
---@param filetype? string
local function fill(buf, lines, filetype)
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  vim.bo[buf].buftype = 'nofile'
  vim.bo[buf].swapfile = false
  vim.bo[buf].filetype = filetype or 'markdown'
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  refit(buf)
end

--- Shows a buffer where answers are read, in the one window there is for them; the window.
---@param buf integer
---@param focus boolean
---@param is_table? boolean # lines that are not to be wrapped
---@return integer
function M.open(buf, focus, is_table)
  local where = require('halley.options').get().answers
  local win = window()
  if win then
    vim.api.nvim_win_set_buf(win, buf)
  else
    local place = { split = 'right' }
    if where == 'float' then
      place = centred(NARROWEST, 1)
    elseif where == 'split' then
      place = { split = 'below' }
    end
    win = vim.api.nvim_open_win(buf, false, place)
    vim.w[win].halley_answers = true
    vim.api.nvim_create_autocmd('VimResized', {
      group = vim.api.nvim_create_augroup('halley.answers', {}),
      callback = function()
        if not vim.api.nvim_win_is_valid(win) then
          return true
        end
        refit(vim.api.nvim_win_get_buf(win))
      end,
    })
  end
  if is_table then
    make_room(win)
  end
  vim.wo[win][0].wrap = not is_table
  vim.wo[win][0].linebreak = true
  refit(buf)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, desc = 'Close' })
  if focus then
    vim.api.nvim_set_current_win(win)
  end
  return win
end

--- A report as a document of its own.
---@param title string
---@param lines string[]
---@param options? { table: boolean }
---@return integer # its buffer
function M.report(title, lines, options)
  local name = 'halley-report:/' .. title:gsub('[^%w]+', '-'):lower()
  local buf = vim.fn.bufadd(name)
  vim.fn.bufload(buf)
  local parts = { '# ' .. title, '' }
  for _, line in ipairs(lines) do
    vim.list_extend(parts, vim.split(line, '\n'))
  end
  fill(buf, parts)
  M.open(buf, true, options and options.table)
  return buf
end

--- `window/showDocument`: the daemon's own documents open where answers are read; false for any other.
function M.on_show(_, params)
  if not vim.startswith(params.uri, 'halley:') then
    return false
  end
  local buf = vim.fn.bufadd(params.uri)
  vim.schedule(function()
    vim.fn.bufload(buf)
    M.open(buf, params.takeFocus == true)
  end)
  return { success = true }
end

--- Asks one daemon after the other for a document: several may run, and one of them has it.
---@param buf integer
---@param uri string
---@param clients vim.lsp.Client[]
---@param said string
local function ask(buf, uri, clients, said)
  local client = table.remove(clients, 1)
  if not client then
    return fill(buf, { '> ' .. said })
  end
  client:request('workspace/textDocumentContent', { uri = uri }, function(err, result)
    if not vim.api.nvim_buf_is_valid(buf) then
      return
    elseif err then
      return ask(buf, uri, clients, err.message)
    end
    local file = vim.startswith(uri, 'halley:/proposals/') and vim.filetype.match({ filename = uri }) or nil
    fill(buf, vim.split((result.text:gsub('\n$', '')), '\n'), file)
  end, buf)
end

--- Reads a `halley:` document into its buffer.
---@param buf integer
---@param uri string
function M.read(buf, uri)
  ask(buf, uri, vim.lsp.get_clients({ name = 'halley' }), 'Halley does not run here.')
end

return M
