--- Chats, each a Markdown buffer: the conversation above, what is being written below the last heading.
---
--- What is asked of the daemon is here; the text is `transcript.lua`, the window `window.lua`, several models side
--- by side `columns.lua`, an agent's steps `steps.lua` and what of them waits for approval `approving.lua`, what is
--- done with old chats `sessions.lua`, with code in replies `blocks.lua`.
local M = {}

local client = require('halley.client')
local transcript = require('halley.chat.transcript')
local window = require('halley.chat.window')

---@class halley.ChatBuffer
---@field buf integer
---@field id? string The daemon's, once something was sent
---@field title? string
---@field text halley.Transcript
---@field code? integer The buffer of code it is about
---@field range? halley.RangeOf What of the code the next turn is about
---@field asked? halley.Run What is under way
---@field queued halley.Run[] Messages that wait
---@field mode? string What a model may do in it
---@field again? string The turn that what is sent next takes the place of
---@field cost? halley.Cost What the latest reply has cost so far

---@class halley.Run A request that streams
---@field streaming table<string, true> The replies being written
---@field has_begun boolean Whether text of them has come
---@field turn? halley.ShownTurn Of a message
---@field ready? fun(lsp: vim.lsp.Client) Completes the parameters, when the client is ready
---@field refused? fun(err: lsp.ResponseError) Called where it failed before a reply began
---@field unsent? fun(result: halley.ChatSent) Called where nothing was sent
---@field waits? boolean
---@field request? { stop: fun() }

---@type table<integer, halley.ChatBuffer>
local chats = {}
local count = 0

---@param buf? integer Default: the current buffer
---@return halley.ChatBuffer?
function M.of(buf)
  return chats[buf or vim.api.nvim_get_current_buf()]
end

--- The chat a buffer is, or is a column of.
---@param buf? integer Default: the current buffer
---@return halley.ChatBuffer?
function M.whose(buf)
  return M.of(buf) or chats[vim.b[buf or 0].halley_chat]
end

--- The chat of a command, else a warning.
---@return halley.ChatBuffer?
function M.here()
  local chat = M.whose()
  if not chat then
    vim.notify('Halley: this is not a chat; `:Halley chat` opens one.', vim.log.levels.WARN)
  end
  return chat
end

---@param buf integer
---@return boolean # whether a reply is being written
function M.busy(buf)
  return chats[buf] ~= nil and (chats[buf].asked ~= nil or #chats[buf].queued > 0)
end

---@param id string
---@return halley.ChatBuffer? # the one that is open here
function M.by_id(id)
  for _, chat in pairs(chats) do
    if chat.id == id then
      return chat
    end
  end
end

---@return boolean # whether the first reply of a chat is on its way, from which it gets its ID
function M.begins()
  return vim.iter(vim.tbl_values(chats)):any(function(chat)
    return not chat.id and chat.asked ~= nil
  end)
end

-- Streaming -----------------------------------------------------------------------------------------------------------

---@param chat halley.ChatBuffer
---@param id string
local function know(chat, id)
  if chat.id == id or id == '' then
    return
  end
  chat.id = id
  window.rename(chat.buf, id)
end

---@param chat halley.ChatBuffer
---@param run halley.Run
---@param event halley.Event
local function begin_reply(chat, run, event)
  know(chat, event.chatId)
  local turn = transcript.turn(chat.text, event.turnId) or run.turn or transcript.turn(chat.text)
  if not turn then
    return
  end
  turn.id = event.turnId
  if event.excerpts and not turn.context then
    turn.context = true
    transcript.set_context(chat.text, turn, event.excerpts)
  end
  transcript.begin_reply(chat.text, turn, event.replyId, event.model or 'Reply')
  run.streaming[event.replyId] = true
  if vim.tbl_count(run.streaming) > 1 then
    require('halley.chat.columns').open(chat, run.streaming)
  end
end

---@param chat halley.ChatBuffer
---@param run halley.Run
local function stop_waiting(chat, run)
  if run.waits then
    run.waits = false
    chat.queued = vim.tbl_filter(function(one)
      return one ~= run
    end, chat.queued)
    transcript.begin(chat.text, run.turn)
  end
end

--- It is its turn: a message that waited becomes one.
---@param chat halley.ChatBuffer
---@param run halley.Run
local function begin(chat, run)
  stop_waiting(chat, run)
  if chat.asked ~= run then
    chat.asked, chat.cost = run, nil
    require('halley.chat.columns').close(chat)
    window.redraw()
  end
end

---@param chat halley.ChatBuffer
---@param run halley.Run
---@return fun(events: halley.Event[])
local function listener(chat, run)
  return function(events)
    if not vim.api.nvim_buf_is_valid(chat.buf) then
      return
    end
    for _, event in ipairs(events) do
      if event.type == 'start' then
        begin(chat, run)
        begin_reply(chat, run, event)
      elseif event.type == 'plan' then
        transcript.set_plan(chat.text, event.steps or {}, run.turn)
      elseif event.type == 'text' or event.type == 'reasoning' then
        transcript.add(chat.text, event.replyId, event.type, event.delta)
        run.has_begun = true
      elseif event.type == 'toolCall' or event.type == 'terminal' or event.type == 'toolResult' then
        require('halley.chat.steps').take(chat.text, event)
        run.has_begun = run.has_begun or event.callId ~= nil
      elseif event.type == 'cost' then
        window.set_cost(chat, event.usage)
      elseif event.type == 'notice' and event.replyId ~= '' then
        vim.notify('Halley: ' .. event.text)
      end
    end
    require('halley.chat.columns').draw(chat)
  end
end

--- The latest turn's context and the title, which only the daemon knows.
---@param chat halley.ChatBuffer
---@param turn_id string
local function complete_turn(chat, turn_id)
  client.request('halley/chat/get', { chatId = chat.id }, function(whole)
    if not vim.api.nvim_buf_is_valid(chat.buf) then
      return
    end
    window.set_title(chat, whole.title)
    for _, turn in ipairs(whole.turns) do
      local shown = turn.turnId == turn_id and transcript.turn(chat.text, turn_id)
      if shown and not shown.context then
        shown.context = true
        transcript.set_context(chat.text, shown, turn.excerpts)
      end
    end
  end, { buf = chat.code, on_error = function() end })
end

--- Asks for the modes again: one was changed, here or elsewhere.
function M.find_modes()
  for _, chat in pairs(chats) do
    require('halley.chat.agent').set_mode(chat)
  end
end

--- A chat is named by a model after its first reply, and the daemon reports when.
function M.find_titles()
  for _, chat in pairs(chats) do
    if chat.id and not chat.asked and (chat.title or '') == '' then
      client.request('halley/chat/get', { chatId = chat.id }, function(whole)
        window.set_title(chat, whole.title)
      end, { buf = chat.code, on_error = function() end })
    end
  end
end

---@param chat halley.ChatBuffer
---@param result halley.ChatSent
local function settle(chat, result)
  know(chat, result.chatId)
  if result.said then
    transcript.note(chat.text, nil, result.said)
    require('halley.chat.agent').set_mode(chat)
  end
  for _, reply in ipairs(result.replies) do
    transcript.settle(chat.text, reply)
    window.set_cost(chat, reply.usage)
  end
  require('halley.chat.columns').draw(chat, result.replies)
  if result.turnId ~= '' then
    complete_turn(chat, result.turnId)
  end
end

--- After a failure the daemon knows what of the text was the reply.
---@param chat halley.ChatBuffer
---@param run halley.Run
local function correct(chat, run)
  client.request('halley/chat/get', { chatId = chat.id }, function(whole)
    if not vim.api.nvim_buf_is_valid(chat.buf) then
      return
    end
    for _, turn in ipairs(whole.turns) do
      for _, reply in ipairs(turn.replies) do
        if run.streaming[reply.replyId] then
          transcript.correct(chat.text, reply)
        end
      end
    end
  end, { buf = chat.code, on_error = function() end })
end

---@param chat halley.ChatBuffer
---@param run halley.Run
local function ended(chat, run)
  if chat.asked == run then
    chat.asked = nil
    require('halley.chat.approving').ended(chat)
  end
  window.redraw()
  local data = { buf = chat.buf, chatId = chat.id }
  vim.api.nvim_exec_autocmds('User', { pattern = 'HalleyReply', modeline = false, data = data })
end

--- A message that waited was taken back, or not taken.
---@param chat halley.ChatBuffer
---@param run halley.Run
---@param err lsp.ResponseError
local function unqueue(chat, run, err)
  stop_waiting(chat, run)
  transcript.take_back(chat.text, run.turn, run.turn.prompt)
  client.tell(err)
  window.redraw()
end

---@param chat halley.ChatBuffer
---@param run halley.Run
---@param err lsp.ResponseError
local function failed(chat, run, err)
  local said = client.sentence(err)
  if next(run.streaming) then
    said = err.code == client.STOPPED and 'Stopped.' or said
    said = said .. (run.has_begun and ' `:Halley continue` resumes it.' or '')
    if run.has_begun and chat.id then
      correct(chat, run)
    end
  elseif run.refused then
    run.refused(err)
  end
  transcript.note(chat.text, next(run.streaming), said)
  ended(chat, run)
end

---@alias halley.RangeOf fun(encoding: string): lsp.Range How positions count is known once the daemon has started

---@class halley.Sending
---@field turn? halley.ShownTurn
---@field ready? fun(lsp: vim.lsp.Client) Completes the parameters, when the client is ready
---@field refused? fun(err: lsp.ResponseError)
---@field unsent? fun(sent: halley.ChatSent)

---@param chat halley.ChatBuffer
---@param method string
---@param params table
---@param more? halley.Sending
---@return halley.Run
function M.stream(chat, method, params, more)
  ---@type halley.Run
  local run = vim.tbl_extend('force', { streaming = {}, has_begun = false, waits = chat.asked ~= nil }, more or {})
  if run.waits then
    table.insert(chat.queued, run)
    transcript.wait(chat.text, run.turn)
  else
    begin(chat, run)
  end
  run.request = client.request(method, params, function(result)
    if not vim.api.nvim_buf_is_valid(chat.buf) then
      return
    end
    begin(chat, run)
    if run.unsent and result.turnId == '' then
      ended(chat, run)
      return run.unsent(result)
    end
    settle(chat, result)
    ended(chat, run)
  end, {
    buf = chat.code,
    ready = run.ready,
    on_events = listener(chat, run),
    on_error = function(err)
      if vim.api.nvim_buf_is_valid(chat.buf) then
        (run.waits and unqueue or failed)(chat, run, err)
      end
    end,
  })
  window.redraw()
  return run
end

---@param chat halley.ChatBuffer
---@return boolean
function M.free(chat)
  if chat.asked then
    vim.notify('Halley: a reply is being written; `:Halley stop` ends it.')
  end
  return not chat.asked
end

-- What is done in a chat ----------------------------------------------------------------------------------------------

--- Sends what is written below the last heading.
---@param buf? integer
---@param range? halley.RangeOf What of the code it is about
function M.send(buf, range)
  local chat = M.of(buf)
  local prompt = chat and transcript.prompt(chat.text)
  if not chat or prompt == '' then
    return
  elseif chat.again then
    return require('halley.chat.again').send(chat, prompt)
  elseif not chat.id and not M.free(chat) then -- until its first reply begins a chat has no ID to send more to
    return
  end
  local turn = transcript.begin_turn(chat.text, prompt)
  window.follow(chat)
  local params = { chatId = chat.id, prompt = prompt, queue = true }
  range, chat.range = range or chat.range, nil
  M.stream(chat, 'halley/chat/send', params, {
    turn = turn,
    ready = function(lsp)
      params.textDocument = M.document(chat)
      params.range = params.textDocument and range and range(lsp.offset_encoding)
    end,
    refused = function()
      if not turn.id then
        transcript.take_back(chat.text, turn, prompt)
      end
    end,
  })
end

--- The code a chat is about, as a parameter; none where no client serves it, or none yet.
---@param chat halley.ChatBuffer
---@return { uri: string }?
function M.document(chat)
  if chat.code and #vim.lsp.get_clients({ name = 'halley', bufnr = chat.code }) > 0 then
    return { uri = vim.uri_from_bufnr(chat.code) }
  end
end

--- Where the cursor is in a chat: its turn and its reply.
---@param chat halley.ChatBuffer
---@return halley.ShownTurn?, string?
function M.at_cursor(chat)
  if vim.b.halley_reply then
    local reply = chat.text.replies[vim.b.halley_reply]
    return reply and transcript.turn(chat.text, reply.turn), vim.b.halley_reply
  end
  return transcript.at(chat.text, vim.api.nvim_win_get_cursor(0)[1] - 1)
end

--- The reply the cursor is in, where the buffer is a chat.
---@return string?
function M.reply_at_cursor()
  local chat = M.whose()
  return chat and select(2, M.at_cursor(chat)) or nil
end

--- `:Halley retry [model …]` in a chat: another reply to the turn at the cursor.
---@param words? string[]
function M.retry(words)
  local chat = M.here()
  local turn = chat and M.at_cursor(chat)
  if chat and turn and turn.id and M.free(chat) then
    local models = vim.tbl_map(function(word)
      return (word:gsub('^@', ''))
    end, words or {})
    models = #models > 0 and models or nil
    M.stream(chat, 'halley/chat/retry', { chatId = chat.id, turnId = turn.id, models = models })
  end
end

--- The chat of a command and the reply at the cursor, where nothing is being written.
--- Otherwise a notice names what is missing.
---@param missing string
---@return halley.ChatBuffer?, string
local function free_reply(missing)
  local chat = M.here()
  local _, reply = nil, nil
  if chat then
    _, reply = M.at_cursor(chat)
  end
  if chat and not reply then
    vim.notify(missing)
  elseif chat and M.free(chat) then
    return chat, assert(reply)
  end
  return nil, ''
end

--- `:Halley continue`: continues the reply at the cursor, or the last one.
function M.continue()
  local chat, reply = free_reply('Halley: there is no reply to continue.')
  if chat then
    transcript.reopen(chat.text, reply)
    local run = M.stream(chat, 'halley/chat/continue', { chatId = chat.id, replyId = reply })
    run.streaming[reply] = true
  end
end

--- Ends what is being written in the chat; messages that wait there are below the last heading again.
---@param buf integer
function M.stop(buf)
  local chat = chats[buf]
  for _, run in ipairs(chat and vim.list_extend(vim.list_slice(chat.queued), { chat.asked }) or {}) do
    run.request.stop()
  end
end

--- `:Halley fork`: a chat of its own with everything up to the turn at the cursor.
function M.fork()
  local chat = M.here()
  local turn = chat and M.at_cursor(chat)
  if not (chat and turn and turn.id) then
    return chat and vim.notify('Halley: there is no turn to fork after.')
  end
  client.request('halley/chat/fork', { chatId = chat.id, turnId = turn.id }, function(forked)
    M.open_id(forked.chatId, chat.code)
  end, { buf = chat.code })
end

--- `:Halley choose`: the reply at the cursor is the one the conversation continues.
function M.choose()
  local chat, reply = free_reply('Halley: there is no reply to choose here.')
  if not chat then
    return
  end
  client.request('halley/chat/choose', { replyId = reply, chatId = chat.id }, function()
    require('halley.chat.columns').close(chat)
    M.refresh(chat)
  end, { buf = chat.code })
end

--- To the next (1) or the previous (-1) turn.
---@param step 1|-1
function M.jump(step)
  local chat = M.here()
  for _ = 1, chat and vim.v.count1 or 0 do
    local row = chat and transcript.next_turn(chat.text, vim.api.nvim_win_get_cursor(0)[1] - 1, step)
    if not row then
      return
    end
    vim.cmd.normal({ "m'", bang = true })
    vim.api.nvim_win_set_cursor(0, { row + 1, 0 })
  end
end

-- Opening -------------------------------------------------------------------------------------------------------------

--- Writes a chat again as the daemon has it.
---@param chat halley.ChatBuffer
---@param done? fun()
function M.refresh(chat, done)
  client.request('halley/chat/get', { chatId = chat.id }, function(whole)
    if vim.api.nvim_buf_is_valid(chat.buf) then
      transcript.render(chat.text, whole)
      local last = whole.turns[#whole.turns]
      window.set_cost(chat, last and #last.replies == 1 and last.replies[1].usage or nil)
      window.set_title(chat, whole.title)
      if done then
        done()
      end
    end
  end, {
    buf = chat.code,
    on_error = function(err)
      if vim.api.nvim_buf_is_valid(chat.buf) then
        transcript.note(chat.text, nil, err.message)
      end
    end,
  })
end

---@param buf integer
---@param id? string
---@param code? integer
---@return halley.ChatBuffer
local function adopt(buf, id, code)
  local chat = { buf = buf, id = id, code = code, queued = {}, text = transcript.new(buf) }
  chats[buf] = chat
  window.set_up(chat)
  require('halley.chat.agent').set_mode(chat)
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buf,
    callback = function()
      M.stop(buf)
      chats[buf] = nil
    end,
  })
  vim.api.nvim_create_autocmd('BufWinLeave', {
    buffer = buf,
    callback = function()
      require('halley.chat.approving').hidden(buf)
    end,
  })
  if id then
    M.refresh(chat)
  end
  return chat
end

--- A chat the daemon has, in the window of the current chat or beside.
---@param id string
---@param code? integer
function M.open_id(id, code)
  local buf = vim.fn.bufadd(window.name(id))
  window.show(buf, M.of() ~= nil)
  local chat = chats[buf] or adopt(buf, id, code)
  chat.code = code or chat.code
end

--- Fills a buffer that was named and not read, as in a session that was restored.
---@param buf integer
function M.restore(buf)
  local id = window.id(vim.api.nvim_buf_get_name(buf))
  if id and not chats[buf] then
    adopt(buf, not vim.startswith(id, 'new-') and id or nil)
    window.dress(buf)
  end
end

--- Fills a buffer that `:edit` has emptied, or that is new.
---@param buf integer
function M.read(buf)
  local chat = chats[buf]
  if not chat then
    return M.restore(buf)
  end
  M.stop(buf)
  require('halley.chat.approving').ended(chat)
  chat.text, chat.again = transcript.new(buf), nil
  if chat.id then
    M.refresh(chat)
  end
end

---@return halley.ChatBuffer? # the one that is seen in this tab page
local function seen()
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    local chat = M.of(vim.api.nvim_win_get_buf(win))
    if chat then
      vim.api.nvim_set_current_win(win)
      return chat
    end
  end
end

---@param code? integer
---@return halley.ChatBuffer
local function create(code)
  count = count + 1
  local buf = vim.api.nvim_create_buf(true, false)
  vim.api.nvim_buf_set_name(buf, window.name('new-' .. count))
  local chat = adopt(buf, nil, code)
  window.show(buf)
  return chat
end

--- `:Halley chat [prompt]`: the chat seen beside, else a new one; a new one anyway with `!`. What is written after it
--- is sent immediately, with the lines the command was given.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.open(words, arguments)
  local buf = vim.api.nvim_get_current_buf()
  local code = vim.bo[buf].buftype == '' and vim.api.nvim_buf_get_name(buf) ~= '' and buf or nil
  local actions = require('halley.edits.actions')
  local place = actions.place(arguments)
  local range = code and place.whole and function(encoding)
    return actions.range(place, encoding)
  end or nil
  local chat = not arguments.bang and seen() or create(code or (M.of() or {}).code)
  chat.code = code or chat.code
  if #words > 0 then
    transcript.set_prompt(chat.text, table.concat(words, ' '))
    M.send(chat.buf, range)
  elseif range then
    chat.range = range
  end
  window.to_prompt(chat)
end

--- `:Halley ask [words]`: the same in a new chat, with the whole buffer where no lines are named; without words they
--- are asked for.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.ask(words, arguments)
  arguments = vim.tbl_extend('force', arguments, { bang = true })
  if arguments.range == 0 then
    arguments.line1, arguments.line2, arguments.range = 1, vim.api.nvim_buf_line_count(0), 2
  end
  if #words > 0 then
    return M.open(words, arguments)
  end
  vim.ui.input({ prompt = 'Ask: ' }, function(said)
    if said and said ~= '' then
      M.open({ said }, arguments)
    end
  end)
end

return M
