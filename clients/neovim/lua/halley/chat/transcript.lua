--- A chat's text in its buffer: turns and replies above, the prompt below the last heading.
---
---     ## You              a turn: what was asked, what it brought along (folded)
---     ## provider/model   a reply: its reasoning (folded), its text with its steps (`steps.lua`), why it ended
---     ## You              the prompt
---
--- Text is put in at marks, so neither the cursor nor what is being typed is disturbed, and a reply is one undo step.
local M = {}

local marks = require('halley.chat.marks')
local calls = require('halley.chat.steps')

local SPACE, place, going_on = marks.SPACE, marks.place, marks.going_on
local YOU = '## You'

---@class halley.ShownTurn
---@field id? string Known as soon as the daemon has it
---@field mark integer At its heading
---@field prompt string
---@field waiting? integer The mark over the lines that tell that it is not sent yet

---@class halley.ShownReply
---@field turn? string
---@field model string
---@field mark integer At its heading
---@field last integer At the end of its text
---@field part? 'text'|'reasoning'|'step' What was written last
---@field steps? table<string, halley.Step> By call
---@field said string[] Its text so far, in the pieces that came
---@field note? integer The mark over the lines that tell why it ended
---@field blocks? halley.Block[] Its blocks of code, once it is whole

---@class halley.Transcript
---@field buf integer
---@field input integer The mark of the heading above the prompt
---@field turns halley.ShownTurn[]
---@field replies table<string, halley.ShownReply>
---@field plan? integer The mark over the plan
---@field tick? integer The buffer as the last event left it

---@param buf integer
---@return halley.Transcript
function M.new(buf)
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, { YOU, '', '' })
  return { buf = buf, input = vim.api.nvim_buf_set_extmark(buf, SPACE, 0, 0, {}), turns = {}, replies = {} }
end

---@param of halley.Transcript
---@return integer # the row of the heading above the prompt, from 0
function M.heading(of)
  return (place(of, of.input))
end

---@param of halley.Transcript
---@param row integer
---@param lines string[]
local function insert(of, row, lines)
  vim.api.nvim_buf_set_lines(of.buf, row, row, true, lines)
end

---@param of halley.Transcript
---@param row integer
---@return integer
local function mark(of, row)
  return vim.api.nvim_buf_set_extmark(of.buf, SPACE, row, 0, {})
end

--- Removes the lines that a mark is over.
---@param of halley.Transcript
---@param id integer?
local function drop(of, id)
  local found = id and vim.api.nvim_buf_get_extmark_by_id(of.buf, SPACE, id, { details = true })
  if found and found[3] and found[3].end_row > found[1] then
    vim.api.nvim_buf_set_lines(of.buf, found[1], found[3].end_row, true, {})
  end
end

---@param of halley.Transcript
---@param row integer
---@param lines string[]
---@return integer # the mark over them
local function insert_marked(of, row, lines)
  insert(of, row, lines)
  return vim.api.nvim_buf_set_extmark(of.buf, SPACE, row, 0, { end_row = row + #lines, end_col = 0 })
end

-- What is being written -----------------------------------------------------------------------------------------------

---@param of halley.Transcript
---@return string
function M.prompt(of)
  return vim.trim(table.concat(vim.api.nvim_buf_get_lines(of.buf, M.heading(of) + 1, -1, true), '\n'))
end

---@param of halley.Transcript
---@param prompt string
function M.set_prompt(of, prompt)
  local lines = vim.list_extend({ '' }, vim.split(prompt, '\n'))
  vim.api.nvim_buf_set_lines(of.buf, M.heading(of) + 1, -1, true, lines)
end

-- Turns ---------------------------------------------------------------------------------------------------------------

--- The row where the turn after `turn` begins, or the prompt's heading.
---@param of halley.Transcript
---@param turn halley.ShownTurn
---@return integer
local function after(of, turn)
  for index, one in ipairs(of.turns) do
    if one == turn and of.turns[index + 1] then
      return (place(of, of.turns[index + 1].mark))
    end
  end
  return M.heading(of)
end

--- What is below the last heading becomes a turn; the prompt is empty then.
---@param of halley.Transcript
---@param prompt string
---@return halley.ShownTurn
function M.begin_turn(of, prompt)
  M.set_prompt(of, '')
  local row = M.heading(of)
  insert(of, row, vim.list_extend({ YOU, '' }, vim.list_extend(vim.split(prompt, '\n'), { '' })))
  local turn = { mark = mark(of, row), prompt = prompt }
  table.insert(of.turns, turn)
  of.tick = nil
  return turn
end

--- Tells of a turn that it waits.
---@param of halley.Transcript
---@param turn halley.ShownTurn
function M.wait(of, turn)
  local lines = { '> Queued until this step is done. `:Halley withdraw` takes it back.', '' }
  turn.waiting = insert_marked(of, after(of, turn), lines)
end

--- It does not wait any longer.
---@param of halley.Transcript
---@param turn halley.ShownTurn
function M.begin(of, turn)
  drop(of, turn.waiting)
  turn.waiting = nil
end

--- Removes a turn and all after it.
---@param of halley.Transcript
---@param turn halley.ShownTurn
function M.cut(of, turn)
  vim.api.nvim_buf_set_lines(of.buf, place(of, turn.mark), M.heading(of), true, {})
  local at = M.number(of, turn) or 1
  of.turns = vim.list_slice(of.turns, 1, at - 1)
  for id, reply in pairs(of.replies) do
    if not reply.turn or not M.turn(of, reply.turn) then
      of.replies[id] = nil
    end
  end
end

--- The how manyth turn it is, from 1.
---@param of halley.Transcript
---@param turn halley.ShownTurn
---@return integer?
function M.number(of, turn)
  for index, one in ipairs(of.turns) do
    if one == turn then
      return index
    end
  end
end

--- A turn that the daemon did not take is below the last heading again, after what is written there by now.
---@param of halley.Transcript
---@param turn halley.ShownTurn
---@param prompt string
function M.take_back(of, turn, prompt)
  vim.api.nvim_buf_set_lines(of.buf, place(of, turn.mark), after(of, turn), true, {})
  of.turns = vim.tbl_filter(function(one)
    return one ~= turn
  end, of.turns)
  local written = M.prompt(of)
  M.set_prompt(of, written == '' and prompt or written .. '\n\n' .. prompt)
end

---@param of halley.Transcript
---@param id string?
---@return halley.ShownTurn? # the newest, where no id is given
function M.turn(of, id)
  for index = #of.turns, 1, -1 do
    if not id or of.turns[index].id == id then
      return of.turns[index]
    end
  end
end

---@param of halley.Transcript
---@param turn halley.ShownTurn
---@param excerpts halley.ChatExcerpt[]
function M.set_context(of, turn, excerpts)
  if #excerpts == 0 then
    return
  end
  local tokens, lines = 0, {}
  for _, excerpt in ipairs(excerpts) do
    tokens = tokens + excerpt.tokens
    lines[#lines + 1] = ('> - %s · %d tokens'):format(excerpt.label:gsub('\n', ' '), excerpt.tokens)
  end
  local many = #excerpts == 1 and '1 excerpt' or #excerpts .. ' excerpts'
  table.insert(lines, 1, ('> **Context** %s, %d tokens'):format(many, tokens))
  local row = after(of, turn)
  for _, reply in pairs(of.replies) do
    if reply.turn == turn.id then
      row = math.min(row, (place(of, reply.mark)))
    end
  end
  going_on(of, function()
    insert(of, row, vim.list_extend(lines, { '' }))
  end)
end

-- Replies -------------------------------------------------------------------------------------------------------------

---@param of halley.Transcript
---@param turn halley.ShownTurn
---@param id string
---@param model string
function M.begin_reply(of, turn, id, model)
  going_on(of, function()
    local row = after(of, turn)
    insert(of, row, { '## ' .. model, '', '', '' })
    of.replies[id] = { turn = turn.id, model = model, mark = mark(of, row), last = mark(of, row + 2), said = {} }
  end)
end

---@param of halley.Transcript
---@param reply halley.ShownReply
---@param text string
local function put(of, reply, text)
  marks.put(of, reply.last, text)
end

--- Continues a reply.
---@param of halley.Transcript
---@param id string
---@param part 'text'|'reasoning'
---@param delta string
function M.add(of, id, part, delta)
  local reply = of.replies[id]
  if not reply then
    return
  end
  if part == 'reasoning' then
    delta = delta:gsub('\n', '\n> ')
  else
    table.insert(reply.said, delta)
  end
  if part == 'text' and reply.part == 'step' and not delta:find('%S') then
    return -- what parts the rounds of a reply; the step's own lines do
  end
  if part == 'reasoning' and reply.part ~= 'reasoning' then
    delta = (reply.part and '\n\n' or '') .. '> **Reasoning**\n> ' .. delta
  elseif part == 'text' and (reply.part == 'reasoning' or reply.part == 'step') then
    delta = '\n\n' .. delta:gsub('^\n+', '')
  end
  reply.part = part
  going_on(of, function()
    put(of, reply, delta)
  end)
end

--- Writes all of a saved reply: its reasoning, and its text with the steps in their places.
---@param of halley.Transcript
---@param reply halley.Reply
local function write(of, reply)
  if reply.reasoning then
    M.add(of, reply.replyId, 'reasoning', reply.reasoning)
  end
  local at = 0
  local function write_to(to)
    local text = vim.fn.strcharpart(reply.text, at, to - at)
    if text ~= '' then
      M.add(of, reply.replyId, 'text', text)
    end
    at = math.max(at, to)
  end
  for _, use in ipairs(reply.tools or {}) do
    write_to(use.at or 0)
    calls.settle(of, reply.replyId, use)
  end
  write_to(vim.fn.strchars(reply.text))
end

--- Writes a reply's text again where the daemon has another one: what came first was the model's thinking.
---@param of halley.Transcript
---@param reply halley.Reply
function M.correct(of, reply)
  local shown = of.replies[reply.replyId]
  local came = shown and table.concat(shown.said):gsub('%s+', '')
  if not shown or came == '' or came == reply.text:gsub('%s+', '') then
    return
  end
  going_on(of, function()
    local first = place(of, shown.mark) + 2
    local row, column = place(of, shown.last)
    vim.api.nvim_buf_set_text(of.buf, first, 0, row, column, { '' })
  end)
  shown.part, shown.said, shown.steps = nil, {}, nil
  write(of, reply)
end

--- Shows below a reply (without one, above the prompt) how it ended.
---@param of halley.Transcript
---@param id string?
---@param said string
function M.note(of, id, said)
  local lines = { '> ' .. said:gsub('%s*\n%s*', ' '), '' }
  local reply = of.replies[id or '']
  going_on(of, function()
    if not reply then
      return insert(of, M.heading(of), lines)
    end
    local row = place(of, reply.last) + 1
    insert(of, row, { '', lines[1] })
    reply.note = vim.api.nvim_buf_set_extmark(of.buf, SPACE, row, 0, { end_row = row + 2, end_col = 0 })
  end)
end

--- A reply continues: the reason why it ended is removed.
---@param of halley.Transcript
---@param id string
function M.reopen(of, id)
  local reply = of.replies[id]
  if not (reply and reply.note) then
    return
  end
  drop(of, reply.note)
  reply.note = nil
end

--- A reply is whole: its sources, and why it ended where it did not end well.
---@param of halley.Transcript
---@param reply halley.Reply
function M.settle(of, reply)
  local shown = of.replies[reply.replyId]
  if not shown then
    return
  end
  shown.blocks = reply.blocks
  M.correct(of, reply)
  for _, use in ipairs(reply.tools or {}) do
    calls.settle(of, reply.replyId, use)
  end
  if reply.sources and #reply.sources > 0 then
    local lines = {}
    for _, source in ipairs(reply.sources) do
      local title = source.title ~= '' and source.title:gsub('\n', ' ') .. ', ' or ''
      lines[#lines + 1] = ('[^%d]: %s<%s>'):format(source.number, title, source.url)
    end
    going_on(of, function()
      put(of, shown, '\n\n' .. table.concat(lines, '\n'))
    end)
  end
  if reply.problem and reply.problem.code == 'cancelled' then
    M.note(of, reply.replyId, 'Stopped. `:Halley continue` resumes it.')
  elseif reply.problem then
    M.note(of, reply.replyId, reply.problem.message .. ' ' .. reply.problem.help)
  elseif reply.status == 'interrupted' then
    M.note(of, reply.replyId, 'The reply was interrupted. `:Halley continue` resumes it.')
  end
end

-- The plan ------------------------------------------------------------------------------------------------------------

local TOLD = { doing = ' · under way', dropped = ' · dropped' }

--- The steps as a list of tasks, below the turn they were approved in; ticked there when they are done.
---@param of halley.Transcript
---@param steps halley.PlanStep[]
---@param turn? halley.ShownTurn Default: the last one
function M.set_plan(of, steps, turn)
  if #steps == 0 and not of.plan then
    return
  end
  local done, lines = 0, {}
  for _, step in ipairs(steps) do
    local is_over = step.state == 'done' or step.state == 'dropped'
    done = done + (is_over and 1 or 0)
    lines[#lines + 1] = ('- [%s] %s%s'):format(is_over and 'x' or ' ', step.text, TOLD[step.state] or '')
  end
  going_on(of, function()
    local row = turn and after(of, turn) or M.heading(of)
    local found = of.plan and vim.api.nvim_buf_get_extmark_by_id(of.buf, SPACE, of.plan, { details = true })
    if found and found[3] and found[3].end_row > found[1] then
      row = found[1]
      drop(of, of.plan)
    end
    of.plan = nil
    if #steps > 0 then
      local head = ('**Plan** %d/%d'):format(done, #steps)
      of.plan = insert_marked(of, row, vim.list_extend({ head, '' }, vim.list_extend(lines, { '' })))
    end
  end)
end

-- The whole -----------------------------------------------------------------------------------------------------------

---@param of halley.Transcript
---@param reply halley.Reply
local function folded(of, reply)
  local lines = { ('> **Not chosen** %s'):format(reply.model) }
  for _, line in ipairs(vim.split(reply.text, '\n')) do
    lines[#lines + 1] = '> ' .. line
  end
  lines[#lines + 1] = ''
  local row = M.heading(of)
  insert(of, row, lines)
  of.replies[reply.replyId] =
    { model = reply.model, mark = mark(of, row), last = mark(of, row + #lines - 2), blocks = reply.blocks, said = {} }
end

---@param of halley.Transcript
---@param turn halley.ChatTurn
local function render_turn(of, turn)
  local row = M.heading(of)
  insert(of, row, vim.list_extend({ YOU, '' }, vim.list_extend(vim.split(turn.prompt, '\n'), { '' })))
  local shown = { id = turn.turnId, mark = mark(of, row), prompt = turn.prompt }
  table.insert(of.turns, shown)
  M.set_context(of, shown, turn.excerpts or {})
  local chosen = vim.iter(turn.replies):any(function(reply)
    return reply.chosen
  end)
  for _, reply in ipairs(turn.replies) do
    if chosen and not reply.chosen then
      folded(of, reply)
    else
      M.begin_reply(of, shown, reply.replyId, reply.model)
      write(of, reply)
      M.settle(of, reply)
    end
    of.replies[reply.replyId].turn = turn.turnId
  end
end

--- Writes a chat again as the daemon has it; the prompt stays.
---@param of halley.Transcript
---@param chat halley.Chat
function M.render(of, chat)
  vim.api.nvim_buf_set_lines(of.buf, 0, M.heading(of), true, {})
  for _, one in ipairs(vim.api.nvim_buf_get_extmarks(of.buf, SPACE, 0, -1, {})) do
    if one[1] ~= of.input then
      vim.api.nvim_buf_del_extmark(of.buf, SPACE, one[1])
    end
  end
  of.turns, of.replies, of.plan = {}, {}, nil
  for _, turn in ipairs(chat.turns) do
    render_turn(of, turn)
  end
  M.set_plan(of, chat.plan or {})
end

--- The row of a reply's heading, from 0.
---@param of halley.Transcript
---@param id string
---@return integer
function M.row(of, id)
  return (place(of, of.replies[id].mark))
end

--- A reply's text as it stands, without its heading.
---@param of halley.Transcript
---@param id string
---@return string[]
function M.lines(of, id)
  local reply = of.replies[id]
  if not reply then
    return { '' }
  end
  return vim.api.nvim_buf_get_lines(of.buf, place(of, reply.mark) + 2, place(of, reply.last) + 1, false)
end

-- Where the cursor is -------------------------------------------------------------------------------------------------

--- The turn a row belongs to, and the reply; from 0. In the prompt it is the last of each.
---@param of halley.Transcript
---@param row integer
---@return halley.ShownTurn?, string? # the turn, the reply's id
function M.at(of, row)
  local turn
  for _, one in ipairs(of.turns) do
    if place(of, one.mark) <= row then
      turn = one
    end
  end
  local reply, best = nil, -1
  for id, one in pairs(of.replies) do
    local at = place(of, one.mark)
    if turn and one.turn == turn.id and at <= row and at > best then
      reply, best = id, at
    end
  end
  return turn, reply
end

--- The replies with a line in a range, in order, and the turns they are of.
---@param of halley.Transcript
---@param first integer From 0
---@param last integer
---@return string[] replies, string[] turns
function M.within(of, first, last)
  local replies, turns = {}, {}
  for id, one in pairs(of.replies) do
    if place(of, one.mark) <= last and place(of, one.last) >= first then
      replies[#replies + 1] = id
    end
  end
  table.sort(replies, function(one, other)
    return place(of, of.replies[one].mark) < place(of, of.replies[other].mark)
  end)
  for _, id in ipairs(replies) do
    local turn = of.replies[id].turn
    if turn and not vim.list_contains(turns, turn) then
      turns[#turns + 1] = turn
    end
  end
  return replies, turns
end

--- The row of the heading of the next turn (`step` 1) or of the one before (-1), the prompt's among them.
---@param of halley.Transcript
---@param row integer
---@param step 1|-1
---@return integer?
function M.next_turn(of, row, step)
  local rows = vim.tbl_map(function(turn)
    return (place(of, turn.mark))
  end, of.turns)
  rows[#rows + 1] = M.heading(of)
  for index = step == 1 and 1 or #rows, step == 1 and #rows or 1, step do
    if (rows[index] - row) * step > 0 then
      return rows[index]
    end
  end
end

return M
