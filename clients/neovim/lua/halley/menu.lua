--- What a model would write, as an item of the completion menu: for Neovim before 0.12, which has no ghost text.
---
--- A list is answered from what is ready, so it is asked again until the model has written something and the cursor has
--- not moved. Then the menu opens by itself where 'completeopt' lets it: with "menuone", and with "noinsert" or
--- "noselect", so that nothing is inserted unasked. |i_CTRL-X_CTRL-O| has it immediately in any case, and completion
--- plugins get the items as from any server.
local M = {}

local METHOD = 'textDocument/completion'
local PAUSE_MS = 200
local TRIES = 40

---@return boolean
local function may_open()
  local others = package.loaded['blink.cmp'] or package.loaded['cmp']
  local options = vim.opt.completeopt:get()
  local keeps = vim.list_contains(options, 'noinsert') or vim.list_contains(options, 'noselect')
  return not others and keeps and vim.list_contains(options, 'menuone')
end

---@param client vim.lsp.Client
---@param buf integer
---@param tick integer
---@param tries integer
local function ask(client, buf, tick, tries)
  local function same()
    return vim.api.nvim_get_current_buf() == buf
      and vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
      and vim.api.nvim_buf_get_changedtick(buf) == tick
      and vim.fn.pumvisible() == 0
  end
  if not same() or tries == 0 or client:is_stopped() then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  client:request(METHOD, params, function(_, result)
    if not same() then
      return
    elseif result and #result.items > 0 then
      return may_open() and vim.lsp.completion.get()
    end
    vim.defer_fn(function()
      ask(client, buf, tick, tries - 1)
    end, PAUSE_MS)
  end, buf)
end

--- Neovim 0.11 takes the first word of an item's text; ours are whole lines.
---@param item lsp.CompletionItem
---@return table
local function whole(item)
  local ours = item.command and item.command.command == 'halley.completion.accepted'
  return ours and { word = item.textEdit.newText } or {}
end

---@param client vim.lsp.Client
---@param buf integer
function M.attach(client, buf)
  vim.lsp.completion.enable(true, client.id, buf, { convert = whole })
  local timer = assert(vim.uv.new_timer())
  local group = vim.api.nvim_create_augroup('halley.menu.' .. buf, {})
  vim.api.nvim_create_autocmd('TextChangedI', {
    group = group,
    buffer = buf,
    callback = function()
      timer:start(PAUSE_MS, 0, function()
        vim.schedule(function()
          ask(client, buf, vim.api.nvim_buf_get_changedtick(buf), TRIES)
        end)
      end)
    end,
  })
  vim.api.nvim_create_autocmd({ 'BufWipeout', 'LspDetach' }, {
    group = group,
    buffer = buf,
    callback = function()
      timer:stop()
    end,
  })
end

return M
