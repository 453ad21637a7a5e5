--- Chats the daemon has kept: opened again, named, given away, deleted.
local M = {}

local client = require('halley.client')

local STATES = { asking = 'waits for your approval · ', running = 'running · ' }

---@param summary halley.ChatSummary
---@return string
local function line(summary)
  local when = summary.updated:sub(1, 16):gsub('T', ' ')
  local match = summary.match and ' · ' .. summary.match:gsub('\n', ' ') or ''
  local turns = summary.turns == 1 and 'turn' or 'turns'
  local state = STATES[summary.state or ''] or ''
  return ('%s · %s%s · %d %s%s'):format(summary.title, state, when, summary.turns, turns, match)
end

---@return integer?
local function code()
  local buf = vim.api.nvim_get_current_buf()
  return vim.bo[buf].buftype == '' and vim.api.nvim_buf_get_name(buf) ~= '' and buf or nil
end

--- `:Halley sessions [words]`: chooses among the workspace's chats, those with the words in them. Chats that wait for
--- an approval come first.
---@param words string[]
function M.pick(words)
  local about = code()
  client.request('halley/chat/list', { query = table.concat(words, ' ') }, function(listing)
    if #listing.chats == 0 then
      return vim.notify('Halley: there is no such chat here.')
    end
    local rows = {}
    for _, asks in ipairs({ true, false }) do
      for _, chat in ipairs(listing.chats) do
        rows[#rows + 1] = (chat.state == 'asking') == asks and chat or nil
      end
    end
    vim.ui.select(rows, { prompt = 'Chat', format_item = line }, function(chosen)
      if chosen then
        require('halley.chat').open_id(chosen.chatId, about)
      end
    end)
  end)
end

---@return halley.ChatBuffer?
local function kept()
  local chat = require('halley.chat').of()
  if not (chat and chat.id) then
    vim.notify('Halley: this is not a chat with a turn.', vim.log.levels.WARN)
    return nil
  end
  return chat
end

--- `:Halley rename [title]`
---@param words string[]
function M.rename(words)
  local chat = kept()
  if not chat then
    return
  end
  local function name(title)
    if title and title ~= '' then
      client.request('halley/chat/rename', { chatId = chat.id, title = title }, function()
        require('halley.chat.window').set_title(chat, title)
      end, { buf = chat.code })
    end
  end
  if #words > 0 then
    return name(table.concat(words, ' '))
  end
  vim.ui.input({ prompt = 'Title: ', default = chat.title }, name)
end

--- `:Halley delete`: the chat of this buffer, after a confirmation.
function M.delete()
  local chat = kept()
  if not chat then
    return
  end
  vim.ui.select({ 'Keep it', 'Delete it' }, { prompt = chat.title or 'This chat' }, function(choice)
    if choice == 'Delete it' then
      client.request('halley/chat/delete', { chatId = chat.id }, function()
        vim.api.nvim_buf_delete(chat.buf, { force = true })
      end, { buf = chat.code })
    end
  end)
end

--- What a command's range chooses of a chat: nothing where there is no range, which stands for all of it.
---@param chat halley.ChatBuffer
---@param arguments? vim.api.keyset.create_user_command.command_args
---@return string[]? replies, string[]? turns
local function chosen_by(chat, arguments)
  if not arguments or arguments.range == 0 then
    return
  end
  return require('halley.chat.transcript').within(chat.text, arguments.line1 - 1, arguments.line2 - 1)
end

---@param replies string[]?
---@return boolean
local function is_empty(replies)
  if replies and #replies == 0 then
    vim.notify('Halley: no reply is in these lines.', vim.log.levels.WARN)
    return true
  end
  return false
end

--- `:[range]Halley yank`: the replies in the lines with their questions and sources, into the unnamed register.
---@param arguments vim.api.keyset.create_user_command.command_args
function M.yank(arguments)
  local chat, register = kept(), vim.v.register
  local replies = chat and chosen_by(chat, arguments)
  if not chat or is_empty(replies) then
    return
  end
  client.request('halley/chat/export', { chatId = chat.id, replies = replies }, function(exported)
    vim.fn.setreg(register, exported.content, 'l')
    vim.notify(('Halley: %d %s taken.'):format(#replies, #replies == 1 and 'reply' or 'replies'))
  end, { buf = chat.code })
end

--- `:[range]Halley record NAME`: a macro of what the chat has asked, or of what the turns in the lines have.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.record(words, arguments)
  local chat = kept()
  local replies, turns
  if chat then
    replies, turns = chosen_by(chat, arguments)
  end
  if not chat or is_empty(replies) then
    return
  end
  local function record(name)
    if name and name ~= '' then
      client.request('halley/macros/record', { name = name, chatId = chat.id, turns = turns }, function()
        vim.notify(('Halley: `:Halley macro %s` asks this again.'):format(name))
      end, { buf = chat.code })
    end
  end
  if words[1] then
    return record(words[1])
  end
  vim.ui.input({ prompt = 'Name of the macro: ' }, record)
end

--- `:[range]Halley export [file]`: as Markdown, or as JSON by the file's name; without a file it is shown. With a
--- range, only the replies in the lines.
---@param words string[]
---@param arguments? vim.api.keyset.create_user_command.command_args
function M.export(words, arguments)
  local chat = kept()
  local replies = chat and chosen_by(chat, arguments)
  if not chat or is_empty(replies) then
    return
  end
  local path = words[1] and vim.fs.normalize(words[1])
  local format = path and path:find('%.json$') and 'json' or 'markdown'
  client.request('halley/chat/export', { chatId = chat.id, format = format, replies = replies }, function(exported)
    local content = exported.content
    if type(content) == 'table' then
      content = vim.json.encode(content)
    end
    if not path then
      return require('halley.answers').report(chat.title or 'Chat', vim.split(content, '\n'))
    end
    local written, problem = pcall(vim.fn.writefile, vim.split(content, '\n'), path)
    if not written then
      return vim.notify('Halley: ' .. tostring(problem), vim.log.levels.ERROR)
    end
    vim.notify('Halley: written to ' .. path)
  end, { buf = chat.code })
end

return M
