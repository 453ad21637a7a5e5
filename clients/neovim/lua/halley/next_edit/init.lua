--- The next edit: what you would change now, wherever it is. One at a time, drawn where it belongs (`drawing.lua`).
---
--- `step()` jumps to it, then makes it; `dismiss()` rejects it. Both say whether there was one, so that a key can keep
--- its meaning. Nothing is asked until a model is chosen for the role `next`, and nothing is drawn while a menu, a
--- snippet or ghost text is in use: they own the keys then.
local M = {}

local ghost = require('halley.ghost')
local drawing = require('halley.next_edit.drawing')

local SETTLE_MS = 50 -- one question for the keys of a word; the daemon waits for the rest of the pause
local INVOKED, IDLE, SAVED = 'invoked', 'idle', 'save'

---@class halley.Offer: halley.NextEdit
---@field client_id integer
---@field buf integer
---@field told? boolean Whether the daemon knows that it was shown
---@field version? integer The buffer's; none as long as its file is not open

---@type halley.Offer?
local offer
local questions = 0

---@param buf integer
---@return vim.lsp.Client?
local function serving(buf)
  return vim.lsp.get_clients({ name = 'halley', bufnr = buf })[1]
end

--- Whether a model was chosen: without one a question would be a message for nothing.
---@param client vim.lsp.Client
---@return boolean
local function is_on(client)
  local status = require('halley.status').of(client.id)
  return status ~= nil and type(status.roles) == 'table' and type(status.roles.next) == 'table'
end

---@param one halley.Offer
---@param outcome 'shown'|'accepted'|'rejected'|'ignored'
local function tell(one, outcome)
  local client = vim.lsp.get_client_by_id(one.client_id)
  if client then
    client:request('halley/nextEdit/outcome', { id = one.id, outcome = outcome }, function() end, one.buf)
  end
end

--- Whether something else has the keys or the place: a menu, a snippet, ghost text, a macro.
---@return boolean
local function is_taken()
  if ghost.menu_open() or vim.fn.reg_executing() ~= '' or vim.fn.getcmdwintype() ~= '' then
    return true
  end
  local mode = vim.api.nvim_get_mode().mode:sub(1, 1)
  if mode == 'i' then
    return ghost.is_shown(vim.api.nvim_get_current_buf()) or (vim.snippet and vim.snippet.active()) or false
  end
  return mode ~= 'n'
end

--- The file of an offer was opened: its version, where the text that the edit replaces is there.
---@param one halley.Offer
---@return integer?
local function adopted(one)
  local client = vim.lsp.get_client_by_id(one.client_id)
  if not client then
    return nil
  end
  local first = drawing.position(one.buf, one.range.start, client.offset_encoding)
  local last = drawing.position(one.buf, one.range['end'], client.offset_encoding)
  local lines = vim.api.nvim_buf_get_text(one.buf, first[1], first[2], last[1], last[2], {})
  return table.concat(lines, '\n') == one.replaces and vim.lsp.util.buf_versions[one.buf] or nil
end

--- Whether its document is still the text it was made for. A file that is not open is looked at when it is.
---@param one halley.Offer
---@return boolean
local function is_current(one)
  if not vim.api.nvim_buf_is_loaded(one.buf) then
    return not one.version
  end
  one.version = one.version or adopted(one)
  return one.version ~= nil and vim.lsp.util.buf_versions[one.buf] == one.version
end

local function announce()
  vim.api.nvim_exec_autocmds('User', { pattern = 'HalleyNextEdit', modeline = false })
  vim.cmd.redrawstatus()
end

local function forget()
  if offer then
    drawing.clear()
    offer = nil
    announce()
  end
end

--- Draws what there is, as it is to be seen now.
local function refresh()
  if not offer then
    return
  end
  if not is_current(offer) then
    return forget()
  end
  if is_taken() then
    return drawing.clear()
  end
  local client = vim.lsp.get_client_by_id(offer.client_id)
  if not client then
    return forget()
  end
  drawing.draw(offer, client.offset_encoding)
  if not offer.told then
    offer.told = true
    tell(offer, 'shown')
  end
end

local soon = vim.schedule_wrap(refresh)

---@param client vim.lsp.Client
---@param edit halley.NextEdit
local function take(client, edit)
  local buf = vim.uri_to_bufnr(edit.uri) -- not loaded before the user goes there
  if edit.version == vim.NIL then
    edit.version = nil
  end
  local same = offer and offer.id == edit.id
  drawing.clear()
  offer = vim.tbl_extend('force', edit, { client_id = client.id, buf = buf, told = same and offer.told or nil })
  refresh()
  announce()
end

---@param client vim.lsp.Client
---@param buf integer
---@param trigger string
---@return table
local function question(client, buf, trigger)
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.textDocument.version = vim.lsp.util.buf_versions[buf]
  params.trigger = trigger
  params.diagnostics = vim.lsp.diagnostic.from and vim.lsp.diagnostic.from(vim.diagnostic.get(buf)) or nil
  return params
end

--- Asks in the background. A newer question makes the answer to this one void; errors are for questions of the user's.
---@param buf integer
---@param trigger string
local function ask(buf, trigger)
  local client = serving(buf)
  if not (client and is_on(client)) or vim.api.nvim_get_current_buf() ~= buf then
    return
  end
  questions = questions + 1
  local own = questions
  client:request('halley/nextEdit', question(client, buf, trigger), function(_, result)
    if own == questions and type(result) == 'table' and type(result.edit) == 'table' then
      take(client, result.edit)
    end
  end, buf)
end

---@param buf integer
---@param trigger string
local function ask_soon(buf, trigger)
  questions = questions + 1
  local own = questions
  vim.defer_fn(function()
    if own == questions and vim.api.nvim_buf_is_valid(buf) then
      ask(buf, trigger)
    end
  end, SETTLE_MS)
end

--- Asks now, as the user wants it: what goes wrong is shown, and that there is none.
function M.invoke()
  local buf = vim.api.nvim_get_current_buf()
  local client = serving(buf)
  if not client then
    return vim.notify('Halley: this buffer is not served; see `:Halley status`.', vim.log.levels.WARN)
  end
  questions = questions + 1
  require('halley.client').request('halley/nextEdit', question(client, buf, INVOKED), function(result)
    if result.edit then
      take(client, result.edit)
    else
      vim.notify('Halley: there is no next edit here.')
    end
  end, { buf = buf })
end

---@param one halley.Offer
---@return boolean
local function is_at_cursor(one)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local first, last = one.range.start.line, one.range['end'].line
  return vim.api.nvim_get_current_buf() == one.buf and first <= row and row <= last
end

---@param one halley.Offer
---@param encoding string
local function jump(one, encoding)
  vim.cmd("normal! m'")
  if vim.api.nvim_get_current_buf() ~= one.buf then
    vim.cmd.stopinsert()
    vim.bo[one.buf].buflisted = true
    vim.cmd.buffer(one.buf)
  end
  if not is_current(one) then
    forget()
    tell(one, 'ignored')
    return vim.notify('Halley: the file has changed; the next edit no longer fits.')
  end
  local at = drawing.position(one.buf, one.range.start, encoding)
  vim.api.nvim_win_set_cursor(0, { at[1] + 1, at[2] })
  vim.cmd('normal! zv')
  refresh()
end

--- Makes it as one step of undo; the cursor ends behind it.
---@param one halley.Offer
---@param encoding string
local function accept(one, encoding)
  forget()
  vim.o.undolevels = vim.o.undolevels
  local start = drawing.position(one.buf, one.range.start, encoding)
  vim.lsp.util.apply_text_edits({ { range = one.range, newText = one.text } }, one.buf, encoding)
  local lines = vim.split(one.text, '\n')
  local column = #lines[#lines] + (#lines == 1 and start[2] or 0)
  local row = math.min(start[1] + #lines, vim.api.nvim_buf_line_count(one.buf))
  vim.api.nvim_win_set_cursor(0, { row, column })
  tell(one, 'accepted')
  ask_soon(one.buf, IDLE)
end

--- Jumps to the next edit; makes it where the cursor is there already.
---@return boolean # whether one is shown
function M.step()
  local client = offer and vim.lsp.get_client_by_id(offer.client_id)
  if not (offer and client and is_current(offer)) or is_taken() then
    return false
  end
  vim.schedule(function() -- a key that maps to an expression may not change text
    if offer and is_current(offer) then
      (is_at_cursor(offer) and accept or jump)(offer, client.offset_encoding)
    end
  end)
  return true
end

--- Rejects the next edit: neither it nor one like it comes again while the file is open.
---@return boolean # whether one was shown
function M.dismiss()
  if not offer or is_taken() then
    return false
  end
  local one = offer
  vim.schedule(function()
    if offer == one then
      forget()
      tell(one, 'rejected')
    end
  end)
  return true
end

--- `:Halley next` and `<Plug>(halley-next)`: a step, else a question.
function M.run()
  if not M.step() then
    M.invoke()
  end
end

--- For the status line: the line of the next edit, empty where there is none.
---@return string
function M.line()
  if not offer then
    return ''
  end
  return drawing.place(offer):gsub('%%', '%%%%')
end

---@param group integer
---@param buf integer
---@param events string[]
---@param callback fun(event: table)
local function on(group, buf, events, callback)
  vim.api.nvim_create_autocmd(events, { group = group, buffer = buf, callback = callback })
end

---@param buf integer
function M.attach(_, buf)
  local group = vim.api.nvim_create_augroup('halley.next_edit.' .. buf, {})
  on(group, buf, { 'TextChanged', 'TextChangedI' }, function()
    refresh()
    ask_soon(buf, IDLE)
  end)
  on(group, buf, { 'BufWritePost' }, function()
    ask_soon(buf, SAVED)
  end)
  on(group, buf, { 'CursorMoved', 'CursorMovedI', 'WinScrolled', 'BufEnter', 'TextChangedP' }, refresh)
  on(group, buf, { 'CompleteChanged', 'CompleteDone', 'ModeChanged', 'LspRequest' }, soon)
end

return M
