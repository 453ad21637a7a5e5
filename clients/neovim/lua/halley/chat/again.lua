--- Sending a turn again in other words: it and all after it are undone, with what agents did to files if you like.
local M = {}

local client = require('halley.client')
local transcript = require('halley.chat.transcript')
local window = require('halley.chat.window')

--- What could not be sent is below the last heading again, and still takes the place of the turn.
---@param chat halley.ChatBuffer
---@param id string
---@param prompt string
local function give_back(chat, id, prompt)
  chat.again = id
  if transcript.prompt(chat.text) == '' then
    transcript.set_prompt(chat.text, prompt)
  end
  window.redraw()
end

---@param chat halley.ChatBuffer
---@param id string
---@param prompt string
---@param files boolean Whether they get the text they had before the turn
---@param changed? 'keep'|'restore' What becomes of those that the user changed since; they are asked first
local function send(chat, id, prompt, files, changed)
  local chats = require('halley.chat')
  local turn = transcript.turn(chat.text, id)
  if not turn or not chats.free(chat) then
    return give_back(chat, id, prompt)
  end
  local draft = transcript.prompt(chat.text)
  transcript.cut(chat.text, turn)
  local shown = transcript.begin_turn(chat.text, prompt)
  if draft ~= prompt then
    transcript.set_prompt(chat.text, draft)
  end
  window.follow(chat)
  local params = { chatId = chat.id, turnId = id, prompt = prompt, files = files, changed = changed }
  chats.stream(chat, 'halley/chat/resend', params, {
    turn = shown,
    ready = function()
      params.textDocument = chats.document(chat)
    end,
    refused = function(err)
      client.tell(err)
      chats.refresh(chat)
      give_back(chat, id, prompt)
    end,
    unsent = function(result)
      chats.refresh(chat, function()
        local restore = result.restore
        if not restore or #restore.failed > 0 or #restore.changed == 0 then
          vim.notify('Halley: ' .. (result.said or 'nothing was sent.'), vim.log.levels.WARN)
          return give_back(chat, id, prompt)
        end
        local question = 'You changed since: ' .. table.concat(restore.changed, ', ')
        vim.ui.select({ 'Keep them', 'Restore them anyway' }, { prompt = question }, function(choice, index)
          if not choice then
            return give_back(chat, id, prompt)
          end
          send(chat, id, prompt, true, index == 1 and 'keep' or 'restore')
        end)
      end)
    end,
  })
end

--- The files that agents changed in a turn and all after it.
---@param chat halley.ChatBuffer
---@param turn halley.ShownTurn
---@param checkpoints halley.Checkpoint[]
---@return string[]
local function files_since(chat, turn, checkpoints)
  local gone, found = {}, {}
  for index = transcript.number(chat.text, turn) or 1, #chat.text.turns do
    gone[chat.text.turns[index].id or ''] = true
  end
  for _, one in ipairs(checkpoints) do
    if one.turnId ~= '' and gone[one.turnId] then
      vim.list_extend(found, one.files)
    end
  end
  table.sort(found)
  return vim.fn.uniq(found)
end

--- Sends it in place of the turn that was chosen; asks about files first, where agents changed any since.
---@param chat halley.ChatBuffer
---@param prompt string
function M.send(chat, prompt)
  local id = assert(chat.again)
  local turn = transcript.turn(chat.text, id)
  if not turn or not require('halley.chat').free(chat) then
    return
  end
  client.request('halley/checkpoints/list', { chatId = chat.id }, function(found)
    local files = files_since(chat, turn, found.checkpoints)
    chat.again = nil
    if #files == 0 then
      return send(chat, id, prompt, false)
    end
    local question = 'As they were before: ' .. table.concat(files, ', ')
    vim.ui.select({ 'Restore the files', 'Leave the files' }, { prompt = question }, function(choice, index)
      if not choice then
        return give_back(chat, id, prompt)
      end
      send(chat, id, prompt, index == 1)
    end)
  end, { buf = chat.code })
end

--- `:Halley resend [words]`: the question of the turn at the cursor, to be written again and sent; with words these.
---@param words string[]
function M.resend(words)
  local chat = require('halley.chat').here()
  local turn = chat and require('halley.chat').at_cursor(chat)
  if not (chat and turn and turn.id) then
    return chat and vim.notify('Halley: there is no turn to send again.')
  elseif #words > 0 then
    chat.again = turn.id
    return M.send(chat, table.concat(words, ' '))
  end
  local draft = transcript.prompt(chat.text)
  transcript.set_prompt(chat.text, turn.prompt .. (draft ~= '' and '\n\n' .. draft or ''))
  chat.again = turn.id
  window.to_prompt(chat)
  window.redraw()
end

--- `:Halley withdraw`: takes back the queued message at the cursor, else the last one. Where a turn was to be sent
--- again, what is sent next is a new message.
function M.withdraw()
  local chat = require('halley.chat').here()
  local turn = chat and require('halley.chat').at_cursor(chat)
  if not chat then
    return
  end
  for _, run in ipairs(chat.queued) do
    if run.turn == turn then
      return run.request.stop()
    end
  end
  local last = chat.queued[#chat.queued]
  if last then
    return last.request.stop()
  elseif not chat.again then
    return vim.notify('Halley: no message waits here.')
  end
  chat.again = nil
  window.redraw()
end

return M
