--- The agent of a chat: its mode, and taking back what it did.
local M = {}

local client = require('halley.client')
local window = require('halley.chat.window')

local WAIT_MS = 5000
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

--- What can be taken back: each turn that changed files, by its number in the chat.
---@param chat halley.ChatBuffer
---@param checkpoints halley.Checkpoint[]
---@return { number: integer, checkpoint: halley.Checkpoint }[]
local function changes(chat, checkpoints)
  local found = {}
  for number, turn in ipairs(chat.text.turns) do
    for _, one in ipairs(checkpoints) do
      if turn.id and one.turnId == turn.id then
        found[#found + 1] = { number = number, checkpoint = one }
      end
    end
  end
  return found
end

---@param done halley.RestoreResult
---@return string
local function told(done)
  local parts = {}
  if #done.restored > 0 then
    parts[#parts + 1] = 'restored: ' .. table.concat(done.restored, ', ') .. '.'
  end
  if #done.changed > 0 then
    local names = table.concat(done.changed, ', ')
    parts[#parts + 1] = ('changed since and left alone: %s; `force` restores them too.'):format(names)
  end
  if #done.failed > 0 then
    parts[#parts + 1] = 'not restored: ' .. table.concat(done.failed, '; ') .. '.'
  end
  return #parts > 0 and table.concat(parts, ' ') or 'nothing is left to restore.'
end

--- Some files, or those of a certain turn.
---@param chat halley.ChatBuffer
---@param number integer? Of the turn; nil: the last one that changed any
---@param files string[] Empty for all
---@param force boolean
local function restore_some(chat, number, files, force)
  client.request('halley/checkpoints/list', { chatId = chat.id }, function(listing)
    local all, wanted = changes(chat, listing.checkpoints), nil
    for _, one in ipairs(all) do
      if not number or one.number == number then
        wanted = one.checkpoint
      end
    end
    if not wanted then
      return vim.notify('Halley: there is nothing to restore in this turn.', vim.log.levels.WARN)
    end
    local asked = { id = wanted.id, files = #files > 0 and files or nil, force = force }
    client.request('halley/checkpoints/restore', asked, function(done)
      vim.notify('Halley: ' .. told(done))
    end, { buf = chat.code })
  end, { buf = chat.code })
end

--- `:Halley restore [undo|[turn] [file …] [force]]`: files as they were before a turn of an agent, or before a restore.
---@param words string[]
function M.restore(words)
  local chat = require('halley.chat').here()
  if not chat then
    return
  elseif not chat.id then
    return vim.notify('Halley: this chat has changed nothing yet.')
  end
  local force = words[#words] == 'force'
  local files = vim.list_slice(words, 1, #words - (force and 1 or 0))
  local number = tonumber(files[1])
  if number then
    table.remove(files, 1)
  end
  if number or (#files > 0 and files[1] ~= 'undo') then
    return restore_some(chat, number, files, force)
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

--- The turns that changed files, by number, then their files.
---@param words string[]
---@return string[]
function M.complete_restore(words)
  local chat = require('halley.chat').whose()
  local lsp = chat and client.of(chat.code)
  local is_asked = chat and chat.id and lsp
  local listing = is_asked and lsp:request_sync('halley/checkpoints/list', { chatId = chat.id }, WAIT_MS)
  local all = chat and changes(chat, listing and listing.result and listing.result.checkpoints or {}) or {}
  local found, number = #words == 0 and { 'undo' } or {}, tonumber(words[1])
  for _, one in ipairs(all) do
    if #words == 0 then
      found[#found + 1] = tostring(one.number)
    end
    if one.number == (number or (all[#all] or {}).number) then
      for _, file in ipairs(one.checkpoint.files) do
        if not vim.list_contains(words, file) then
          found[#found + 1] = (file:gsub('[ \\]', '\\%0'))
        end
      end
    end
  end
  found[#found + 1] = 'force'
  return found
end

return M
