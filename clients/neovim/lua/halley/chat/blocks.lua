--- Blocks of code in replies: taken into a register, or put where they belong.
local M = {}

local client = require('halley.client')

---@class halley.Fenced
---@field text string
---@field language string
---@field file? string

--- The fenced block a row is in, marks included; rows from 1.
---@param lines string[]
---@param row integer
---@return halley.Fenced?
function M.at(lines, row)
  local first, fence, info
  for at, line in ipairs(lines) do
    local marks, rest = line:match('^%s*([`~][`~][`~]+)%s*(.*)$')
    if marks and not first then
      first, fence, info = at, marks, rest
    elseif marks and marks:sub(1, 1) == fence:sub(1, 1) and #marks >= #fence and rest == '' then
      if first <= row and row <= at then
        local words = vim.split(info, '%s+')
        local file = words[2] and words[2]:gsub('^%w+=', ''):gsub('^["\'](.*)["\']$', '%1') or nil
        return { text = table.concat(lines, '\n', first + 1, at - 1), language = words[1], file = file }
      end
      first = nil
    end
  end
end

--- The block at the cursor; in a reply with a single one, that one.
---@return halley.Fenced?
local function here()
  local lines = vim.api.nvim_buf_get_lines(0, 0, -1, true)
  local found = M.at(lines, vim.api.nvim_win_get_cursor(0)[1])
  if not found then
    vim.notify('Halley: there is no code block at the cursor.', vim.log.levels.WARN)
  end
  return found
end

--- `:Halley yank`: into the unnamed register, or the one named before. With a range, whole replies.
---@param _words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.yank(_words, arguments)
  if arguments.range > 0 then
    return require('halley.chat.sessions').yank(arguments)
  end
  local block = here()
  if block then
    vim.fn.setreg(vim.v.register, block.text .. '\n', 'l')
    vim.notify(('Halley: %d lines taken.'):format(select(2, block.text:gsub('\n', '')) + 1))
  end
end

---@param chat halley.ChatBuffer?
---@return integer? # the buffer of code to change
local function target(chat)
  if chat and chat.code and vim.api.nvim_buf_is_valid(chat.code) then
    return chat.code
  end
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    local buf = vim.api.nvim_win_get_buf(win)
    if vim.bo[buf].buftype == '' and #vim.lsp.get_clients({ name = 'halley', bufnr = buf }) > 0 then
      return buf
    end
  end
end

--- What the daemon made of the reply knows which file a block is for.
---@param chat halley.ChatBuffer?
---@param block halley.Fenced
---@return string?
local function file_of(chat, block)
  for _, reply in pairs(chat and chat.text.replies or {}) do
    for _, one in ipairs(reply.blocks or {}) do
      if one.file and one.text == block.text then
        return one.file
      end
    end
  end
  return block.file
end

--- `:Halley apply`: the block at the cursor, into the buffer the chat is about.
function M.apply()
  local chat = require('halley.chat').whose()
  local block, buf = here(), target(chat)
  if not block then
    return
  elseif not buf then
    return vim.notify('Halley: no file is open to apply it to.', vim.log.levels.WARN)
  end
  client.with(buf, function(lsp)
    local win = vim.fn.bufwinid(buf)
    local range
    if win ~= -1 then
      local at = vim.lsp.util.make_position_params(win, lsp.offset_encoding).position
      range = { start = at, ['end'] = at }
    end
    client.request('halley/chat/apply', {
      text = block.text,
      language = block.language,
      file = file_of(chat, block),
      textDocument = { uri = vim.uri_from_bufnr(buf), version = vim.lsp.util.buf_versions[buf] },
      range = range,
    }, require('halley.edits.actions').settle, { buf = buf })
  end)
end

return M
