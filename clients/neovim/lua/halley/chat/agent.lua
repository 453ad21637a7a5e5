--- The agent of a chat: its mode, and taking back what it did.
local M = {}

local client = require('halley.client')
local window = require('halley.chat.window')

local MODES = { 'ask', 'edit', 'agent', 'plan' }

--- Asks for the mode of a chat's next turn, or changes it; the window's bar shows it.
---@param chat halley.ChatBuffer
---@param mode? string
---@param done? fun(mode: string)
function M.set_mode(chat, mode, done)
  local asked = vim.empty_dict() -- a new chat has no ID: `{}` would be sent as a list
  asked.chatId, asked.mode = chat.id, mode
  client.request('halley/chat/mode', asked, function(now)
    chat.mode = now.mode
    window.redraw()
    if done then
      done(now.mode)
    end
  end, { buf = chat.code, on_error = not done and function() end or nil })
end

--- `:Halley mode [ask|edit|agent|plan]`
---@param words string[]
function M.mode(words)
  local chat = require('halley.chat').here()
  local function told(mode)
    vim.notify(('Halley: the mode is %s.'):format(mode))
  end
  if not chat then
    return
  elseif words[1] then
    return M.set_mode(chat, words[1], told)
  end
  vim.ui.select(MODES, { prompt = 'What may a model do in this chat?' }, function(mode)
    if mode then
      M.set_mode(chat, mode, told)
    end
  end)
end

--- `:Halley restore [undo|force]`: the files as they were before the agent's last turn, or before a restore.
---@param words string[]
function M.restore(words)
  local chat = require('halley.chat').here()
  if not chat then
    return
  elseif not chat.id then
    return vim.notify('Halley: this chat has changed nothing yet.')
  end
  local prompt = table.concat({ '/restore', unpack(words) }, ' ')
  client.request('halley/chat/send', { chatId = chat.id, prompt = prompt }, function(result)
    vim.notify('Halley: ' .. (result.said or 'nothing was restored.'))
  end, { buf = chat.code })
end

---@param words string[]
---@return string[]
function M.complete_mode(words)
  return #words == 0 and MODES or {}
end

---@return string[]
function M.complete_restore()
  return { 'undo', 'force' }
end

return M
