--- Completion of `/commands`, `#variables` and `@models` in a prompt, as an `omnifunc`.
local M = {}

local client = require('halley.client')
local transcript = require('halley.chat.transcript')

local WAIT_MS = 5000

--- What is written so far, up to the cursor, and `base` after it.
---@param chat halley.ChatBuffer
---@param base string
---@return string text, integer lines
local function written(chat, base)
  local cursor = vim.api.nvim_win_get_cursor(0)
  local lines = vim.api.nvim_buf_get_lines(chat.buf, transcript.heading(chat.text) + 1, cursor[1], false)
  lines[#lines] = (lines[#lines] or ''):sub(1, cursor[2]) .. base
  while lines[2] and lines[1]:find('^%s*$') do
    table.remove(lines, 1)
  end
  return table.concat(lines, '\n'), #lines
end

---@param findstart integer
---@param base string What Neovim has taken out of the line meanwhile
---@return integer|table
function M.complete(findstart, base)
  local chat = require('halley.chat').of()
  if not chat then
    return findstart == 1 and -3 or {}
  end
  if findstart == 1 then
    local line = vim.api.nvim_get_current_line():sub(1, vim.api.nvim_win_get_cursor(0)[2])
    return (line:find('[/#@][^%s]*$') or -2) - 1
  end
  local text, lines = written(chat, base)
  local last = text:match('[^\n]*$')
  local params = {
    text = text,
    position = { line = lines - 1, character = vim.str_utfindex(last, 'utf-16', #last) },
    uri = chat.code and vim.uri_from_bufnr(chat.code) or nil,
  }
  local lsp = client.of(chat.code)
  local answer = lsp and lsp:request_sync('halley/chat/input', params, WAIT_MS)
  return vim.tbl_map(function(item)
    return { word = item.insertText, abbr = item.label, menu = item.detail }
  end, answer and answer.result and answer.result.items or {})
end

return M
