--- The steps of a reply in a chat's text: each tool call a line with its state, and below it, folded, what it does and
--- what came of it.
---
---     > ✓ **Edit a file** a.py · +1 −1 · done
---     >
---     >     -n = 1
---     >     +n = 2
---
--- All of it was written by a model or a tool: it is indented, so nothing of it is Markdown.
local M = {}

local marks = require('halley.chat.marks')

local COLOURS = vim.api.nvim_create_namespace('halley.chat.steps')
--- Lines of a result that are shown: the last ones, where the errors are.
local TAIL = 30
--- Lines of a command's output that are seen while it runs.
local LIVE = 10
local MOST_LIVE = 20000
--- Characters of what a call is about in its line.
local LONGEST = 60
local PLAN = 'write_plan'
local INDENT = '>     '

local MARKS = { asking = '?', running = '…', done = '✓' }
local WORDS = {
  asking = 'waits for your approval',
  running = 'running',
  done = 'done',
  failed = 'failed',
  denied = 'denied by you',
  refused = 'refused',
  cut = 'interrupted, not run',
  unanswered = 'not answered, so not run',
  open = 'interrupted',
}
--- Arguments that tell what a call is about, where it has neither a diff nor a command.
local ABOUT = { 'path', 'query', 'symbol', 'name', 'folder', 'prompt' }

---@class halley.Step
---@field reply string
---@field call string
---@field mark integer Over its lines
---@field use table<string, any> What is known of the call: fields of `halley.ToolUse`, `state` also asking or running
---@field output string What a command has written so far
---@field asked? halley.ToolApproveParams While it waits for approval here
---@field off table<integer, true> Of an edit that waits: the hunks that are not ticked
---@field rows table<integer, integer> The hunk of a line, both from 0 at the step's first

-- What is written -----------------------------------------------------------------------------------------------------

---@param text string
---@return string
local function line_of(text)
  local line = vim.trim(text):gsub('%s*\n.*', ' …')
  return vim.fn.strchars(line) > LONGEST and vim.fn.strcharpart(line, 0, LONGEST) .. '…' or line
end

---@param use table<string, any>
---@return string
local function about(use)
  if use.diff then
    local file = ('\n' .. use.diff):match('\n%+%+%+ ([^\t\n]*)') or use.diff:match('^rename ([^\n]*)')
    local more = select(2, ('\n' .. use.diff):gsub('\n%+%+%+ ', '')) - 1
    return (file or '') .. (more > 0 and (' and %d more'):format(more) or '')
  elseif use.tool == PLAN then
    return ''
  elseif use.command then
    return line_of(use.command)
  end
  local is_json, arguments = pcall(vim.json.decode, use.arguments or '')
  for _, name in ipairs(is_json and type(arguments) == 'table' and ABOUT or {}) do
    if type(arguments[name]) == 'string' and arguments[name] ~= '' then
      return line_of(arguments[name])
    end
  end
  return ''
end

--- `+2 −1`
---@param diff string?
---@return string?
local function count(diff)
  local added, removed = 0, 0
  for line in ((diff or '') .. '\n'):gmatch('(.-)\n') do
    if line:find('^%+') and not line:find('^%+%+%+ ') then
      added = added + 1
    elseif line:find('^%-') and not line:find('^%-%-%- ') then
      removed = removed + 1
    end
  end
  return added + removed > 0 and ('+%d −%d'):format(added, removed) or nil
end

---@param step halley.Step
---@return string
local function heading(step)
  local use = step.use
  local title = line_of((use.title or '') ~= '' and use.title or use.tool or '')
  local subject = about(use)
  local parts = { ('**%s**%s'):format(title, subject ~= '' and ' ' .. subject or '') }
  if use.server and use.server ~= 'halley' then
    parts[#parts + 1] = line_of(use.server)
  end
  parts[#parts + 1] = count(use.diff)
  parts[#parts + 1] = WORDS[use.state] or use.state
  return ('> %s %s'):format(MARKS[use.state] or '✗', table.concat(parts, ' · '))
end

---@class halley.Written
---@field lines string[]
---@field colours table<integer, string> Highlights by line, from 1
---@field rows table<integer, integer>

---@param to halley.Written
---@param text string
---@param is_diff? boolean
local function block(to, text, is_diff)
  to.lines[#to.lines + 1] = '>'
  for _, line in ipairs(vim.split((text:gsub('\n+$', '')), '\n')) do
    to.lines[#to.lines + 1] = INDENT .. line
    if is_diff and line:find('^%+') and not line:find('^%+%+%+ ') then
      to.colours[#to.lines] = 'HalleyAdded'
    elseif is_diff and line:find('^%-') and not line:find('^%-%-%- ') then
      to.colours[#to.lines] = 'HalleyRemoved'
    end
  end
end

--- The last lines of an output, and how many there are before them.
---@param text string
---@param most integer
---@param has_head? boolean Whether the first line tells how it ended
---@return string
local function tail(text, most, has_head)
  local lines = vim.split((text:gsub('\n+$', '')), '\n')
  if #lines <= most then
    return text
  end
  local head = has_head and lines[1] .. '\n' or ''
  local left = ('… %d lines before these; K shows all\n'):format(#lines - most - (has_head and 1 or 0))
  return head .. left .. table.concat(lines, '\n', #lines - most + 1)
end

--- The hunks of an edit with a box each.
---@param to halley.Written
---@param step halley.Step
local function boxes(to, step)
  for index, hunk in ipairs(step.asked.hunks) do
    local first = #to.lines
    to.lines[#to.lines + 1] = '>'
    to.lines[#to.lines + 1] = ('> - [%s] line %d'):format(step.off[index] and ' ' or 'x', hunk.line + 1)
    local function change(sign, text)
      return text == '' and '' or sign .. text:gsub('\n$', ''):gsub('\n', '\n' .. sign) .. '\n'
    end
    block(to, change('-', hunk.oldText) .. change('+', hunk.newText), true)
    for row = first, #to.lines - 1 do
      to.rows[row] = index
    end
  end
end

--- The question, with its keys.
---@param to halley.Written
---@param step halley.Step
local function question(to, step)
  local asked = step.asked
  local has_hunks = #(asked.hunks or {}) > 1
  local notes = { asked.changed, asked.why, asked.readOnly and 'It only reads.' or nil }
  for _, note in pairs(notes) do
    vim.list_extend(to.lines, { '>', '> ' .. note:gsub('%s*\n%s*', ' ') })
  end
  local keys = { next(step.off) and '`gy` allow the ticked' or '`gy` allow once' }
  if has_hunks then
    keys[#keys + 1] = '`gh` tick or untick the change at the cursor'
  end
  if asked.chat and not next(step.off) then
    keys[#keys + 1] = '`gc` for this chat'
  end
  if asked.always ~= false and not next(step.off) then
    keys[#keys + 1] = '`gA` always in this workspace'
  end
  keys[#keys + 1] = '`gn` no'
  vim.list_extend(to.lines, { '>', '> ' .. table.concat(keys, ' · ') })
end

---@param step halley.Step
---@return halley.Written
local function written(step)
  local use, to = step.use, { lines = { heading(step) }, colours = {}, rows = {} }
  local is_short = use.command and line_of(use.command) == use.command
  if step.asked and #(step.asked.hunks or {}) > 1 then
    boxes(to, step)
  elseif use.diff then
    block(to, use.diff, true)
  elseif use.command and (step.asked or not is_short) then
    block(to, use.command)
  elseif
    not use.command
    and (step.asked or about(use) == '')
    and not vim.list_contains({ '', '{}' }, use.arguments or '')
  then
    block(to, step.asked and step.asked.argumentsText or use.arguments)
  end
  if step.asked then
    question(to, step)
  elseif step.output ~= '' and use.state == 'running' then
    block(to, tail(step.output, LIVE))
  elseif (use.result or '') ~= '' then
    block(to, tail(use.result, TAIL, use.command ~= nil))
  end
  return to
end

-- Where it is written -------------------------------------------------------------------------------------------------

--- The lines of a step; nil where the user has removed them.
---@param of halley.Transcript
---@param step halley.Step
---@return integer? first, integer? last From 0
---@return integer? column The end of the last
local function range(of, step)
  local at = vim.api.nvim_buf_get_extmark_by_id(of.buf, marks.SPACE, step.mark, { details = true })
  local more = at[3]
  if more and (more.end_row > at[1] or more.end_col > at[2]) then
    return at[1], more.end_row, more.end_col
  end
end

---@param of halley.Transcript
---@param first integer
---@param lines string[]
---@param id? integer
---@return integer
local function mark_over(of, first, lines, id)
  return vim.api.nvim_buf_set_extmark(of.buf, marks.SPACE, first, 0, {
    id = id,
    end_row = first + #lines - 1,
    end_col = #lines[#lines],
    end_right_gravity = false,
  })
end

---@param of halley.Transcript
---@param first integer
---@param to halley.Written
local function colour(of, first, to)
  vim.api.nvim_buf_clear_namespace(of.buf, COLOURS, first, first + #to.lines)
  for at, group in pairs(to.colours) do
    local ends = { end_col = #to.lines[at], hl_group = group }
    vim.api.nvim_buf_set_extmark(of.buf, COLOURS, first + at - 1, #INDENT, ends)
  end
end

--- Writes a step again as it is now.
---@param of halley.Transcript
---@param step halley.Step
local function draw(of, step)
  local reply, to = of.replies[step.reply], written(step)
  local first, last, column = range(of, step)
  if not first or not reply then
    return
  end
  step.rows = to.rows
  marks.going_on(of, function()
    local row, at = marks.place(of, reply.last)
    local is_end = row == last and at == column
    vim.api.nvim_buf_clear_namespace(of.buf, COLOURS, first, last + 1)
    vim.api.nvim_buf_set_text(of.buf, first, 0, last, column, to.lines)
    mark_over(of, first, to.lines, step.mark)
    if is_end then
      local id = { id = reply.last }
      vim.api.nvim_buf_set_extmark(of.buf, marks.SPACE, first + #to.lines - 1, #to.lines[#to.lines], id)
    end
    colour(of, first, to)
  end)
end

--- A step at the end of a reply, as far as it is written.
---@param of halley.Transcript
---@param id string The reply's
---@param call string
---@param use table<string, any>
---@return halley.Step
local function begin(of, id, call, use)
  local reply = of.replies[id]
  local step = { reply = id, call = call, use = use, output = '', off = {}, rows = {}, mark = 0 }
  local to = written(step)
  marks.going_on(of, function()
    local _, column = marks.place(of, reply.last)
    local before = reply.part == 'step' and '\n' or column > 0 and '\n\n' or ''
    marks.put(of, reply.last, before .. table.concat(to.lines, '\n'))
    local first = marks.place(of, reply.last) - #to.lines + 1
    step.mark = mark_over(of, first, to.lines)
    colour(of, first, to)
  end)
  reply.part = 'step'
  reply.steps = reply.steps or {}
  reply.steps[call] = step
  return step
end

-- What comes ----------------------------------------------------------------------------------------------------------

---@param of halley.Transcript
---@param id string?
---@param call string?
---@return halley.Step?
function M.find(of, id, call)
  local reply = of.replies[id or '']
  return reply and reply.steps and reply.steps[call] or nil
end

--- `toolCall`, `terminal` or `toolResult` of a stream.
---@param of halley.Transcript
---@param event halley.Event
function M.take(of, event)
  if not event.callId or not of.replies[event.replyId] then
    return
  end
  local step = M.find(of, event.replyId, event.callId)
  if event.type == 'terminal' then
    if step then
      step.output = (step.output .. (event.delta or '')):sub(-MOST_LIVE)
      draw(of, step)
    end
    return
  end
  local use = step and step.use or {}
  for _, name in ipairs({ 'server', 'tool', 'title', 'arguments', 'diff', 'command', 'state' }) do
    use[name] = event[name] or use[name]
  end
  use.result = event.type == 'toolResult' and event.text or use.result
  if step and step.asked and use.state ~= 'asking' then
    require('halley.chat.approving').drop(step)
  end
  if step then
    return draw(of, step)
  end
  begin(of, event.replyId, event.callId, use)
end

--- A step as the daemon has saved it.
---@param of halley.Transcript
---@param id string The reply's
---@param use halley.ToolUse
function M.settle(of, id, use)
  local step = M.find(of, id, use.callId)
  local known = vim.deepcopy(use)
  known.result = use.shortened and use.result .. '\n…' or use.result
  if not step then
    begin(of, id, use.callId, known)
  else
    if step.asked then
      require('halley.chat.approving').drop(step)
    end
    step.use = known
    draw(of, step)
  end
end

--- A step waits for approval here, with its question; or not any longer, and is in a state.
---@param of halley.Transcript
---@param asked halley.ToolApproveParams
---@return halley.Step
function M.ask(of, asked)
  local use = {
    server = asked.server,
    tool = asked.tool,
    title = asked.title,
    arguments = asked.argumentsText,
    diff = asked.diff,
    command = asked.command,
    state = 'asking',
  }
  local step = M.find(of, asked.replyId, asked.callId) or begin(of, asked.replyId, asked.callId, use)
  step.use = vim.tbl_extend('force', step.use, use)
  step.asked = asked
  draw(of, step)
  return step
end

--- The question is answered, or asked elsewhere.
---@param of halley.Transcript
---@param step halley.Step
---@param state string
function M.unask(of, step, state)
  step.asked, step.off = nil, {}
  step.use.state = state
  draw(of, step)
end

--- Ticks or unticks a hunk.
---@param of halley.Transcript
---@param step halley.Step
---@param hunk integer From 1
function M.tick(of, step, hunk)
  step.off[hunk] = not step.off[hunk] or nil
  draw(of, step)
end

--- The step that a row of the text belongs to, and the row within it.
---@param of halley.Transcript
---@param row integer From 0
---@return halley.Step?, integer?
function M.at(of, row)
  for _, reply in pairs(of.replies) do
    for _, step in pairs(reply.steps or {}) do
      local first, last = range(of, step)
      if first and first <= row and row <= last then
        return step, row - first
      end
    end
  end
end

--- `K`: all of the step at the cursor, in a window of its own; elsewhere what `K` does.
function M.open()
  local chat = require('halley.chat').of()
  local step = chat and M.at(chat.text, vim.api.nvim_win_get_cursor(0)[1] - 1)
  if not step then
    return vim.cmd.normal({ 'K', bang = true })
  end
  local use, lines = step.use, {}
  local function add(language, text)
    if (text or '') ~= '' then
      local fence = '````'
      while text:find(fence, 1, true) do
        fence = fence .. '`'
      end
      vim.list_extend(lines, { fence .. language, unpack(vim.split((text:gsub('\n$', '')), '\n')) })
      vim.list_extend(lines, { fence, '' })
    end
  end
  add(use.diff and 'diff' or '', use.diff or use.command or use.arguments)
  add('', use.state == 'running' and step.output or use.result)
  require('halley.answers').report(line_of(use.title or use.tool), lines)
end

return M
