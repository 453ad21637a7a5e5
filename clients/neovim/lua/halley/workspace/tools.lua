--- Tools that models may call: which are on, and the question before a call.
local M = {}

local client = require('halley.client')

local WAIT_MS = 5000

---@return { uri: string, chatId: string? }
local function about()
  local chats = package.loaded['halley.chat']
  local chat = chats and chats.whose()
  return { uri = client.place(), chatId = chat and chat.id }
end

--- How far a switch reaches: what a chat says is for that chat.
---@param arguments vim.api.keyset.create_user_command.command_args
---@return 'chat'|'workspace'|'user'
local function scope_of(arguments)
  return arguments.bang and 'user' or about().chatId and 'chat' or 'workspace'
end

local REACH = { chat = 'in this chat', workspace = 'in this workspace', user = 'everywhere' }

---@param scope string
---@return string
local function decided(scope)
  return REACH[scope] and ' · ' .. REACH[scope] or ''
end

---@class halley.ToolRow
---@field server? string
---@field tool? string
---@field enabled boolean
---@field text string

---@param on boolean
---@return string
local function box(on)
  return on and '[x] ' or '[ ] '
end

--- All tools, then each server with its tools below it.
---@param listing halley.ToolsList
---@return halley.ToolRow[]
local function rows(listing)
  local all = box(not listing.off) .. 'all tools' .. decided(listing.scope)
  local found = { { enabled = not listing.off, text = all } }
  for _, server in ipairs(listing.servers) do
    local state = server.problem or server.state
    found[#found + 1] = {
      server = server.name,
      enabled = server.enabled,
      text = ('%s%s · %s%s'):format(box(server.enabled), server.title, state:gsub('\n', ' '), decided(server.scope)),
    }
    for _, tool in ipairs(server.tools) do
      local asks = tool.asks and 'asks' or 'does not ask'
      found[#found + 1] = {
        server = server.name,
        tool = tool.name,
        enabled = tool.enabled,
        text = ('    %s%s · %s · %s'):format(box(tool.enabled), tool.title, asks, tool.description:gsub('\n', ' ')),
      }
    end
  end
  return found
end

---@param row { server?: string, tool?: string }
---@param enabled boolean? nil: what was set at this scope is forgotten
---@param scope string
---@param done? fun(listing: halley.ToolsList)
local function set(row, enabled, scope, done)
  local params = vim.tbl_extend('force', about(), { scope = scope })
  params.enabled = enabled == nil and vim.NIL or enabled
  params.server, params.tool = row.server, row.tool
  client.request('halley/tools/set', params, function(listing)
    local what = row.tool or row.server or 'all tools'
    local how = enabled == nil and 'not decided' or enabled and 'on' or 'off'
    vim.notify(('Halley: %s %s %s.'):format(what, how, REACH[scope]))
    if done then
      done(listing)
    end
  end)
end

---@param listing halley.ToolsList
---@param scope string
local function pick(listing, scope)
  vim.ui.select(rows(listing), {
    prompt = ('Tools %s: choose one to switch it'):format(REACH[scope]),
    format_item = function(row)
      return row.text
    end,
  }, function(row)
    if row then
      set(row, not row.enabled, scope, function(changed)
        pick(changed, scope)
      end)
    end
  end)
end

---@param listing halley.ToolsList
local function pick_approval(listing)
  if #listing.approvals == 0 then
    return vim.notify('Halley: there are no permanent approvals.')
  end
  vim.ui.select(listing.approvals, {
    prompt = 'Take back',
    format_item = function(one)
      return ('%s: %s(%s) · %s'):format(one.server, one.tool, one.shape, one.created)
    end,
  }, function(one)
    if one then
      client.request('halley/tools/forget', { id = one.id, uri = about().uri }, function()
        vim.notify(('Halley: %s needs approval again.'):format(one.tool))
      end)
    end
  end)
end

local SWITCHES = { on = { true }, off = { false }, reset = {} }

--- `:Halley[!] tools [on|off|reset|forget|restart [server [tool]]]`
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.run(words, arguments)
  local what, server, tool = words[1], words[2], words[3]
  local scope, switch = scope_of(arguments), SWITCHES[what]
  if switch then
    return set({ server = server, tool = tool }, switch[1], scope)
  elseif what == 'restart' and server then
    return client.request('halley/tools/restart', vim.tbl_extend('force', about(), { server = server }), function()
      vim.notify(('Halley: %s is restarting.'):format(server))
    end)
  elseif what and what ~= 'forget' then
    return vim.notify('Halley: `:Halley tools` takes on, off, reset, forget or restart.', vim.log.levels.ERROR)
  end
  client.request('halley/tools/list', about(), function(listing)
    if what == 'forget' then
      return pick_approval(listing)
    end
    pick(listing, scope)
  end)
end

---@param words string[]
---@return string[]
function M.complete(words)
  if #words == 0 then
    return { 'forget', 'off', 'on', 'reset', 'restart' }
  end
  local lsp = client.of()
  local answer = lsp and lsp:request_sync('halley/tools/list', about(), WAIT_MS)
  local found = {}
  for _, server in ipairs(answer and answer.result and answer.result.servers or {}) do
    if #words == 1 then
      found[#found + 1] = server.name
    elseif words[2] == server.name then
      for _, tool in ipairs(server.tools) do
        found[#found + 1] = tool.name
      end
    end
  end
  return found
end

-- The question --------------------------------------------------------------------------------------------------------

--- The chat that asks, where it is open and not on screen.
---@param params halley.ToolApproveParams
---@return halley.ChatBuffer?
local function hidden_chat(params)
  local chats = package.loaded['halley.chat']
  local chat = chats and chats.by_id(params.chatId)
  return chat and vim.fn.bufwinid(chat.buf) == -1 and chat or nil
end

--- The call as plain text: nothing of it is Markdown, since a model and a server wrote it.
---@param params halley.ToolApproveParams
---@return string[]
local function told(params)
  local lines = { ('%s: %s'):format(params.server, params.title), '' }
  local chat = hidden_chat(params)
  if chat then
    local title = (chat.title or '') ~= '' and ': ' .. chat.title or ''
    vim.list_extend(lines, { 'In a chat that you do not see now' .. title, '' })
  end
  if params.changed then
    vim.list_extend(lines, { params.changed, '' })
  end
  if params.why then
    vim.list_extend(lines, { params.why, '' })
  end
  lines[#lines + 1] = params.diff or params.command or params.argumentsText
  if params.readOnly then
    vim.list_extend(lines, { '', 'It only reads.' })
  end
  return vim.split(table.concat(lines, '\n'), '\n')
end

---@param lines string[]
---@param width integer
---@return integer # rows they take
local function rows_of(lines, width)
  local count = 0
  for _, line in ipairs(lines) do
    count = count + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
  end
  return count
end

---@param lines string[]
---@return integer
local function scratch(lines)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  vim.bo[buf].modifiable = false
  return buf
end

---@param lines string[]
---@return integer win, boolean whole Whether all of it is seen
local function show(lines)
  local width = math.min(80, vim.o.columns - 4)
  local needed, most = rows_of(lines, width), math.floor(vim.o.lines / 2)
  local win = vim.api.nvim_open_win(scratch(lines), false, {
    relative = 'editor',
    width = width,
    height = math.min(needed, most),
    row = 1,
    col = math.floor((vim.o.columns - width) / 2),
    border = 'rounded',
    title = ' A model asks to call a tool ',
    style = 'minimal',
  })
  vim.wo[win].wrap = true
  return win, needed <= most
end

--- Questions in the order they came, one at a time.
---@type { params: halley.ToolApproveParams, answer: fun(decision: string, hunks?: integer[]) }[]
local waiting = {}

local ask, ask_next

--- What does not fit beside a question, in a tab page of its own; the question comes again when it is closed.
---@param lines string[]
local function read_first(lines)
  vim.cmd.tabnew()
  local buf = scratch(lines)
  vim.api.nvim_win_set_buf(0, buf)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf })
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = buf, once = true, callback = vim.schedule_wrap(ask_next) })
  vim.notify('Halley: close this (`q`) to answer.')
end

---@param params halley.ToolApproveParams
---@param whole boolean
---@return string[][]
local function choices_for(params, whole)
  local found = { { 'once', 'Allow this call' }, { 'deny', 'Do not' } }
  if params.chat then
    table.insert(found, 2, { 'chat', 'Allow calls of this kind in this chat' })
  end
  if params.always then
    table.insert(found, 2, { 'always', 'Always allow calls of this kind in this workspace' })
  end
  if #(params.hunks or {}) > 1 then
    table.insert(found, 2, { 'hunks', 'Choose among its ' .. #params.hunks .. ' changes' })
  end
  if hidden_chat(params) then
    table.insert(found, 1, { 'chat_first', 'Show its chat first' })
  end
  if not whole then
    table.insert(found, 1, { 'read', 'Look at all of it first' })
  end
  return found
end

--- The hunks of an edit, all ticked; choosing one unticks it, and the first row approves those still ticked.
---@param hunks halley.ApproveHunk[]
---@param done fun(chosen?: integer[]) Their places from 0
---@param off? table<integer, true>
local function pick_hunks(hunks, done, off)
  off = off or {}
  local chosen, found = {}, { { text = 'Allow the ticked' } }
  for index, hunk in ipairs(hunks) do
    if not off[index] then
      chosen[#chosen + 1] = index - 1
    end
    local text = vim.trim(hunk.newText ~= '' and hunk.newText or hunk.oldText):gsub('\n', ' ⏎ ')
    found[#found + 1] = { index = index, text = ('%sline %d: %s'):format(box(not off[index]), hunk.line + 1, text) }
  end
  vim.ui.select(found, {
    prompt = 'Which changes?',
    format_item = function(row)
      return row.text
    end,
  }, function(row)
    if not row or not row.index then
      return done(row and chosen or nil)
    end
    off[row.index] = not off[row.index] or nil
    pick_hunks(hunks, done, off)
  end)
end

function ask_next()
  local one = waiting[1]
  if not one then
    return
  end
  local lines = told(one.params)
  local win, whole = show(lines)
  vim.cmd.redraw()
  vim.ui.select(choices_for(one.params, whole), {
    prompt = ('%s wants to call %s'):format(one.params.server, one.params.tool),
    format_item = function(choice)
      return choice[2]
    end,
  }, function(choice)
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_close(win, true)
    end
    if choice and choice[1] == 'read' then
      return read_first(lines)
    elseif choice and choice[1] == 'chat_first' then
      table.remove(waiting, 1)
      require('halley.chat').open_id(one.params.chatId)
      require('halley.chat.approving').ask(one.params, one.answer, function()
        ask(one.params, one.answer)
      end)
      return ask_next()
    end
    local function answer(decision, hunks)
      table.remove(waiting, 1)
      one.answer(decision, hunks)
      ask_next()
    end
    if choice and choice[1] == 'hunks' then
      return pick_hunks(one.params.hunks, function(chosen)
        answer(chosen and #chosen > 0 and 'once' or 'deny', chosen)
      end)
    end
    answer(choice and choice[1] or 'deny')
  end)
end

--- The question in a window of its own, after those that wait already.
---@param params halley.ToolApproveParams
---@param answer fun(decision: string, hunks?: integer[])
function ask(params, answer)
  waiting[#waiting + 1] = { params = params, answer = answer }
  if #waiting == 1 then
    ask_next()
  end
end

--- The handler of `halley/tools/approve`. Neovim runs it in a coroutine, and the answer goes out when that ends.
--- It is asked in the chat, where that is seen. To turn away is to say no.
function M.on_approve(_, params)
  local thread = assert(coroutine.running())
  local answered, some
  local function answer(decision, hunks)
    answered, some = decision, hunks
    coroutine.resume(thread)
  end
  vim.schedule(function()
    local function elsewhere()
      ask(params, answer)
    end
    if package.loaded['halley.chat'] then
      return require('halley.chat.approving').ask(params, answer, elsewhere)
    end
    elsewhere()
  end)
  coroutine.yield()
  return { decision = answered, hunks = some }
end

--- The handler of `halley/tools/ask`: a field of a tool server's form.
---@param params halley.ToolAskParams
---@return halley.ToolAsked
function M.on_ask(_, params)
  local thread, text, waits, done = assert(coroutine.running()), nil, false, false
  local prompt = ('%s\n%s: '):format(params.title, params.prompt)
  vim.ui.input({ prompt = prompt }, function(said)
    text, done = said, true
    if waits then
      coroutine.resume(thread)
    end
  end)
  if not done then
    waits = true
    coroutine.yield()
  end
  return { text = text or vim.NIL }
end

--- The handler of `halley/agent/save`, before an agent runs a command that would not see its own edits.
---@param params halley.AgentSaveParams
function M.on_save(_, params)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    local wanted = vim.api.nvim_buf_is_loaded(buf) and vim.bo[buf].modified and vim.bo[buf].buftype == ''
    if wanted and vim.tbl_contains(params.uris, vim.uri_from_bufnr(buf)) then
      vim.api.nvim_buf_call(buf, function()
        vim.cmd('silent update')
      end)
    end
  end
  return vim.empty_dict()
end

return M
