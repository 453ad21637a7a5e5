--- Ghost text: Neovim's own inline completion (0.12), accepted whole, by word or by line, and only where it still fits.
--- Before 0.12 what a model would write is in the completion menu (`halley.menu`).
---
--- Neovim keeps an item for 200 ms after a key and accepts it where it was made, so what was typed since would be there
--- twice; it also shows the rest of an item that the keys contradict. So only what is left of an item is accepted here,
--- and what contradicts the text is hidden.
local M = {}

local INVOKED = 1
local SPACE = 'nvim.lsp.inline_completion'
local WORD = [=[^\_s*\%(\k\+\|[^[:keyword:][:space:]]\+\)]=]

--- Neovim's state for a buffer. It has no public name, so everything here also works without.
---@param buf integer
---@return table?
local function completor(buf)
  local found, capability = pcall(require, 'vim.lsp._capability')
  local kind = found and vim.tbl_get(capability, 'all', 'inline_completion')
  return kind and kind.active and kind.active[buf] or nil
end

--- What of an item is not written yet; nil where something else is.
---@param item vim.lsp.inline_completion.Item
---@return string?
local function rest(item)
  local text = item.insert_text
  if type(text) ~= 'string' or not item.range then
    return type(text) == 'string' and text or nil
  end
  local row, column, last, stop = item.range:to_extmark()
  local cursor = vim.api.nvim_win_get_cursor(0)
  if cursor[1] - 1 ~= last or row ~= last or cursor[2] < stop then
    return nil
  end
  local written = vim.api.nvim_get_current_line():sub(column + 1, cursor[2])
  return vim.startswith(text, written) and text:sub(#written + 1) or nil
end

---@param text string
local function insert(text)
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, '\n')
  vim.o.undolevels = vim.o.undolevels -- what was typed before stays when this is undone
  vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, lines)
  local last = #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, #lines == 1 and column + last or last })
end

--- Keeps showing what is left of an item, without waiting for another answer.
---@param item vim.lsp.inline_completion.Item
---@param left string
local function show_rest(item, left)
  local buf = vim.api.nvim_get_current_buf()
  local client, state = vim.lsp.get_client_by_id(item.client_id), completor(buf)
  if not (client and state) then
    return
  end
  local at = vim.lsp.util.make_position_params(0, client.offset_encoding).position
  local one = { insertText = left, range = { start = at, ['end'] = at }, command = item.command }
  pcall(function()
    state.client_state[item.client_id].items = { one }
    state:select(1)
  end)
end

---@param item vim.lsp.inline_completion.Item
---@param part string
---@param left string
local function count(item, part, left)
  local client = vim.lsp.get_client_by_id(item.client_id)
  if not (client and item.command) then
    return
  end
  local command = vim.deepcopy(item.command)
  if left ~= '' and command.arguments and command.arguments[1] then
    command.arguments[1].partial, command.arguments[1].characters = true, vim.fn.strchars(part)
  end
  client:exec_cmd(command, { bufnr = vim.api.nvim_get_current_buf() })
end

--- Accepts what `cut` takes of the text that is left.
---@param cut fun(left: string): string
---@return boolean # whether there was anything to accept
local function take(cut)
  if not vim.lsp.inline_completion then
    return false
  end
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local left = rest(item)
      if not left or left == '' then
        return nil
      end
      local part = cut(left)
      left = left:sub(#part + 1)
      insert(part)
      if left ~= '' then
        show_rest(item, left)
      end
      count(item, part, left)
    end,
  })
end

--- Accepts all of it. Says whether there was any, so that a key can keep its meaning where there is none.
---@return boolean
function M.accept()
  return take(function(left)
    return left
  end)
end

---@return boolean
function M.word()
  return take(function(left)
    local word = vim.fn.matchstr(left, WORD)
    return word ~= '' and word or left
  end)
end

---@return boolean
function M.line()
  return take(function(left)
    return left:match('^\n?[^\n]*')
  end)
end

--- Asks now, for up to three.
function M.invoke()
  local state = completor(vim.api.nvim_get_current_buf())
  if not state then
    return vim.notify('Halley: ghost text is off here.', vim.log.levels.WARN)
  end
  pcall(state.request, state, INVOKED)
end

---@param step integer
local function turn(step)
  if not vim.lsp.inline_completion then
    return
  end
  local state = completor(vim.api.nvim_get_current_buf())
  if step > 0 and state and state:count_items() < 2 then
    return M.invoke()
  end
  vim.lsp.inline_completion.select({ count = step })
end

--- The next of several; asks for more where there is only one.
function M.next()
  turn(1)
end

function M.previous()
  turn(-1)
end

---@param buf integer
local function hide(buf)
  local space = vim.api.nvim_get_namespaces()[SPACE]
  if space then
    vim.api.nvim_buf_clear_namespace(buf, space, 0, -1)
  end
end

--- Whether any is in sight.
---@param buf integer
---@return boolean
function M.is_shown(buf)
  local space = vim.api.nvim_get_namespaces()[SPACE]
  return space ~= nil and #vim.api.nvim_buf_get_extmarks(buf, space, 0, -1, { limit = 1 }) > 0
end

function M.dismiss()
  local buf = vim.api.nvim_get_current_buf()
  local state = completor(buf)
  if state then
    pcall(state.abort, state)
  end
  hide(buf)
end

--- Whether a completion menu is open: Neovim's own, or one of the two that draw theirs.
---@return boolean
function M.menu_open()
  if vim.fn.pumvisible() == 1 then
    return true
  end
  local blink, cmp = package.loaded['blink.cmp'], package.loaded['cmp']
  local opened, is = pcall(function()
    return blink and blink.is_menu_visible() or cmp and cmp.visible()
  end)
  return opened and is == true
end

---@type table<integer, true>
local hidden = {}

--- Hides ghost text under a menu, and what the keys contradict; shows it again when the menu is gone.
---@param buf integer
local function tidy(buf)
  if not vim.api.nvim_buf_is_valid(buf) then
    return
  end
  local state = completor(buf)
  local current = state and state.current
  if M.menu_open() then
    hide(buf)
    hidden[buf] = true
  elseif current and not rest(current) then
    hide(buf)
    state.current = nil
  elseif hidden[buf] then
    hidden[buf] = nil
    if current then
      pcall(state.show, state)
    end
  end
end

---@param client vim.lsp.Client
---@param buf integer
function M.attach(client, buf)
  if not vim.lsp.inline_completion then
    return require('halley.menu').attach(client, buf)
  end
  vim.lsp.inline_completion.enable(true, { client_id = client.id })
  local group = vim.api.nvim_create_augroup('halley.ghost.' .. buf, {})
  vim.api.nvim_create_autocmd({ 'CompleteChanged', 'CursorMovedI', 'TextChangedP' }, {
    group = group,
    buffer = buf,
    callback = function()
      tidy(buf)
    end,
  })
  local soon = vim.schedule_wrap(tidy)
  vim.api.nvim_create_autocmd({ 'CompleteDone', 'LspRequest' }, {
    group = group,
    buffer = buf,
    callback = function(event)
      local request = event.event == 'LspRequest' and event.data.request
      if not request or (request.type == 'complete' and request.method == 'textDocument/inlineCompletion') then
        soon(buf)
      end
    end,
  })
end

return M
