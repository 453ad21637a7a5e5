--- Calls that wait for approval in a chat that is seen: the question is in the chat's text, with keys that answer it.
---
--- Nothing takes the focus, and the keys are Normal mode's in the chat's buffer, so what is typed elsewhere or into the
--- prompt never counts as approval. A chat that is not seen is asked for outside (`workspace/tools.lua`).
local M = {}

local steps = require('halley.chat.steps')

--- How long a question waits for the reply it is about to begin in the chat.
local LATE_MS, SLICE_MS = 2000, 20
local KEYS = {
  { 'gy', 'once', 'allow the call' },
  { 'gh', 'hunk', 'tick or untick the change at the cursor' },
  { 'gc', 'chat', 'allow calls of this kind in this chat' },
  { 'gA', 'always', 'always allow calls of this kind in this workspace' },
  { 'gn', 'deny', 'do not' },
}

---@alias halley.Answer fun(decision: string, hunks?: integer[])

---@class halley.Question
---@field chat halley.ChatBuffer
---@field step halley.Step
---@field asked halley.ToolApproveParams
---@field answer halley.Answer
---@field elsewhere fun() Asks it outside of the chat

--- In the order they came.
---@type halley.Question[]
local waiting = {}

---@param buf integer
---@return halley.ToolApproveParams? # the call that waits first in it
function M.first(buf)
  for _, one in ipairs(waiting) do
    if one.chat.buf == buf then
      return one.asked
    end
  end
end

---@param buf integer
---@return boolean # whether something waits in it
function M.waits(buf)
  return M.first(buf) ~= nil
end

---@param buf integer
local function map(buf)
  for _, key in ipairs(KEYS) do
    vim.keymap.set('n', key[1], function()
      M.decide(key[2], buf)
    end, { buffer = buf, nowait = true, desc = 'Halley: ' .. key[3] })
  end
end

--- Takes a question out of those that wait. With the last one of a chat the keys are what they were before.
---@param question halley.Question
local function remove(question)
  waiting = vim.tbl_filter(function(one)
    return one ~= question
  end, waiting)
  local buf = question.chat.buf
  if vim.api.nvim_buf_is_valid(buf) and not M.waits(buf) then
    for _, key in ipairs(KEYS) do
      pcall(vim.keymap.del, 'n', key[1], { buffer = buf })
    end
  end
  require('halley.chat.window').redraw()
end

---@param question halley.Question
---@param state string
---@param decision string
---@param hunks? integer[]
local function settle(question, state, decision, hunks)
  remove(question)
  if vim.api.nvim_buf_is_valid(question.chat.buf) then
    steps.unask(question.chat.text, question.step, state)
  end
  question.answer(decision, hunks)
end

--- The one at the cursor, else the first of the chat; outside of a chat the first of all.
---@param buf integer?
---@return halley.Question?
local function wanted(buf)
  local found
  for _, one in ipairs(waiting) do
    local here = one.chat.buf == vim.api.nvim_get_current_buf()
    if here and steps.at(one.chat.text, vim.api.nvim_win_get_cursor(0)[1] - 1) == one.step then
      return one
    end
    found = found or (not buf or one.chat.buf == buf) and one or nil
  end
  return found
end

---@param said string
local function warn(said)
  vim.notify('Halley: ' .. said, vim.log.levels.WARN)
end

---@param question halley.Question
local function tick(question)
  local chat, step = question.chat, question.step
  local here = chat.buf == vim.api.nvim_get_current_buf()
  local at, row = nil, nil
  if here then
    at, row = steps.at(chat.text, vim.api.nvim_win_get_cursor(0)[1] - 1)
  end
  local hunk = at == step and step.rows[row] or nil
  if not hunk then
    return warn('put the cursor on one of the changes first.')
  end
  steps.tick(chat.text, step, hunk)
end

--- The numbers of the ticked hunks, from 0; nil for all of them.
---@param question halley.Question
---@return integer[]?
local function ticked(question)
  if not next(question.step.off) then
    return
  end
  local chosen = {}
  for index in ipairs(question.asked.hunks) do
    if not question.step.off[index] then
      chosen[#chosen + 1] = index - 1
    end
  end
  return chosen
end

--- Answers a question; `hunk` ticks or unticks a change.
---@param decision string
---@param buf? integer Of the chat
function M.decide(decision, buf)
  local question = wanted(buf)
  if not question then
    return vim.notify('Halley: no call waits for approval here.')
  elseif decision == 'hunk' then
    return tick(question)
  elseif decision == 'deny' then
    return settle(question, 'denied', 'deny')
  end
  local asked, some = question.asked, ticked(question)
  if some and #some == 0 then
    return warn('no change is ticked; `gn` refuses all of them.')
  elseif some and decision ~= 'once' then
    return warn('some of an edit are approved only this once.')
  elseif (decision == 'chat' and not asked.chat) or (decision == 'always' and asked.always == false) then
    return warn('this call can only be approved once.')
  end
  settle(question, 'running', decision, some)
end

--- `:Halley approve [once|chat|always|deny]`: answers the call that waits, from any window.
---@param words string[]
function M.run(words)
  local decision = words[1] or 'once'
  if not vim.list_contains(M.complete({}), decision) then
    return vim.notify('Halley: `:Halley approve` takes once, chat, always or deny.', vim.log.levels.ERROR)
  end
  local chat = require('halley.chat').whose()
  M.decide(decision, chat and chat.buf)
end

---@param words string[]
---@return string[]
function M.complete(words)
  return #words == 0 and { 'once', 'chat', 'always', 'deny' } or {}
end

--- A call does not wait any longer: it was answered elsewhere, or its reply has ended.
---@param step halley.Step
function M.drop(step)
  for _, one in ipairs(waiting) do
    if one.step == step then
      step.asked, step.off = nil, {}
      remove(one)
      one.answer('deny')
    end
  end
end

--- A reply has ended: nothing of it waits any longer.
---@param chat halley.ChatBuffer
function M.ended(chat)
  for _, one in ipairs(vim.list_slice(waiting)) do
    if one.chat == chat then
      settle(one, 'unanswered', 'deny')
    end
  end
end

--- The chat is seen no more: its questions are asked outside.
---@param buf integer
function M.hidden(buf)
  vim.schedule(function()
    if vim.api.nvim_buf_is_valid(buf) and #vim.fn.win_findbuf(buf) > 0 then
      return
    end
    for _, one in ipairs(vim.list_slice(waiting)) do
      if one.chat.buf == buf then
        remove(one)
        if vim.api.nvim_buf_is_valid(buf) then
          steps.unask(one.chat.text, one.step, 'asking')
        end
        one.elsewhere()
      end
    end
  end)
end

--- The chat that a call is of, where it is seen in this tab page and its reply has begun.
---@param asked halley.ToolApproveParams
---@return halley.ChatBuffer? chat, boolean? # or whether it may be seen soon
local function place_of(asked)
  local chats = require('halley.chat')
  local chat = chats.by_id(asked.chatId)
  if not chat then
    return nil, chats.begins()
  elseif vim.fn.bufwinid(chat.buf) == -1 then
    return nil, false
  end
  local begun = chat.text.replies[asked.replyId] ~= nil
  return begun and chat or nil, chat.asked ~= nil
end

--- Asks in the chat, where that is seen, else `elsewhere`.
---@param asked halley.ToolApproveParams
---@param answer halley.Answer
---@param elsewhere fun()
---@param left_ms? integer
function M.ask(asked, answer, elsewhere, left_ms)
  local chat, is_late = place_of(asked)
  left_ms = left_ms or LATE_MS
  if not chat and is_late and left_ms > 0 then
    return vim.defer_fn(function()
      M.ask(asked, answer, elsewhere, left_ms - SLICE_MS)
    end, SLICE_MS)
  elseif not chat then
    return elsewhere()
  end
  local step = steps.ask(chat.text, asked)
  waiting[#waiting + 1] = { chat = chat, step = step, asked = asked, answer = answer, elsewhere = elsewhere }
  map(chat.buf)
  require('halley.chat.columns').draw(chat)
  require('halley.chat.window').redraw()
  if vim.api.nvim_get_current_buf() ~= chat.buf then
    local title = (asked.title ~= '' and asked.title or asked.tool):gsub('\n.*', '')
    vim.notify(('Halley: %s waits for your approval in the chat.'):format(title))
  end
end

return M
