--- A chat as a Markdown buffer: the conversation above, what is being written below the last heading.
---
--- Replies stream in above the prompt, so neither the cursor nor what is being typed is disturbed.
local M = {}

local client = require('halley.client')

local SPACE = vim.api.nvim_create_namespace('halley.chat')
local YOU = '## You'

---@class halley.ChatBuffer
---@field chat? string Its id, once something was sent
---@field turn? string The latest turn
---@field reply? string The latest reply
---@field prompt integer The mark of the heading above the prompt
---@field code integer The buffer of code it was opened from
---@field busy boolean

---@type table<integer, halley.ChatBuffer>
local chats = {}
local count = 0

---@param buf integer
---@return integer # the row of the heading above the prompt, from 0
local function heading(buf)
  return vim.api.nvim_buf_get_extmark_by_id(buf, SPACE, chats[buf].prompt, {})[1]
end

--- Puts lines above the prompt's heading.
---@param buf integer
---@param lines string[]
local function add_lines(buf, lines)
  local row = heading(buf)
  vim.api.nvim_buf_set_lines(buf, row, row, true, lines)
end

--- Goes on with the last text above the prompt, which an empty line separates from its heading.
---@param buf integer
---@param text string
local function add_text(buf, text)
  local row = heading(buf) - 2
  local line = vim.api.nvim_buf_get_lines(buf, row, row + 1, true)[1]
  vim.api.nvim_buf_set_text(buf, row, #line, row, #line, vim.split(text, '\n'))
end

---@param buf integer
---@return string
local function typed(buf)
  return vim.trim(table.concat(vim.api.nvim_buf_get_lines(buf, heading(buf) + 1, -1, true), '\n'))
end

---@param buf integer
---@param title string
local function begin_reply(buf, title)
  add_lines(buf, { '## ' .. title, '', '', '' })
end

---@param buf integer
---@return fun(events: halley.Event[])
local function listener(buf)
  return function(events)
    if not vim.api.nvim_buf_is_valid(buf) then
      return
    end
    local state = chats[buf]
    for _, event in ipairs(events) do
      if event.type == 'start' then
        state.chat, state.turn, state.reply = event.chatId, event.turnId, event.replyId
        begin_reply(buf, event.model or 'Reply')
      elseif event.type == 'text' then
        add_text(buf, event.delta)
      end
    end
  end
end

--- What is told when a reply ended: why, where it did not end well.
---@param buf integer
---@param said string
local function note(buf, said)
  if vim.api.nvim_buf_is_valid(buf) then
    add_lines(buf, { '> ' .. said:gsub('\n', ' '), '' })
  end
end

---@param buf integer
---@param method string
---@param params table
local function stream(buf, method, params)
  local state = chats[buf]
  state.busy = true
  client.request(method, params, function(result)
    state.busy = false
    state.chat, state.turn = result.chatId, result.turnId
    if result.said then
      note(buf, result.said)
    end
    for _, reply in ipairs(result.replies) do
      if reply.problem then
        note(buf, reply.problem.message .. ' ' .. reply.problem.help)
      end
    end
  end, {
    buf = state.code,
    on_events = listener(buf),
    on_error = function(err)
      state.busy = false
      note(buf, err.message .. ' ' .. (type(err.data) == 'table' and err.data.help or ''))
    end,
  })
end

---@param buf integer
---@return boolean
local function free(buf)
  if chats[buf].busy then
    vim.notify('Halley: a reply is being written; `:Halley stop` ends it.')
  end
  return not chats[buf].busy
end

--- Sends what is written below the last heading.
---@param buf integer
function M.send(buf)
  local prompt = typed(buf)
  if prompt == '' or not free(buf) then
    return
  end
  local state, row = chats[buf], heading(buf)
  vim.api.nvim_buf_set_lines(buf, row + 1, -1, true, { '', '' })
  add_lines(buf, vim.list_extend({ YOU, '' }, vim.list_extend(vim.split(prompt, '\n'), { '' })))
  local params = { chatId = state.chat, prompt = prompt }
  if vim.api.nvim_buf_is_valid(state.code) and vim.bo[state.code].buftype == '' then
    local uri = vim.uri_from_bufnr(state.code)
    if #vim.lsp.get_clients({ name = 'halley', bufnr = state.code }) > 0 then
      params.textDocument = { uri = uri }
    end
  end
  stream(buf, 'halley/chat/send', params)
end

--- Another reply to the last turn.
---@param buf integer
function M.retry(buf)
  local state = chats[buf]
  if state.turn and free(buf) then
    stream(buf, 'halley/chat/retry', { chatId = state.chat, turnId = state.turn })
  end
end

---@param buf integer
---@return boolean # whether a reply is being written
function M.busy(buf)
  return chats[buf] ~= nil and chats[buf].busy
end

---@param buf integer
---@return boolean # whether the buffer is a chat
function M.is(buf)
  return chats[buf] ~= nil
end

--- Completion of `/commands`, `#variables` and `@models` in the prompt.
---@param findstart integer
---@param base string What Neovim has taken out of the line meanwhile
---@return integer|table
function M.omnifunc(findstart, base)
  local buf, cursor = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line():sub(1, cursor[2])
  if findstart == 1 then
    return (line:find('[/#@][^%s]*$') or -2) - 1
  end
  line = line .. base
  local lsp = chats[buf] and client.of(chats[buf].code)
  local position = { line = 0, character = vim.str_utfindex(line, 'utf-16', #line) }
  local answer = lsp and lsp:request_sync('halley/chat/input', { text = line, position = position }, 5000)
  return vim.tbl_map(function(item)
    return { word = item.insertText, abbr = item.label, menu = item.detail }
  end, answer and answer.result and answer.result.items or {})
end

---@param buf integer
---@param code integer
local function set_up(buf, code)
  vim.bo[buf].buftype = 'nofile'
  vim.bo[buf].swapfile = false
  vim.bo[buf].filetype = 'markdown'
  vim.bo[buf].omnifunc = "v:lua.require'halley.chat'.omnifunc"
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, { YOU, '', '' })
  chats[buf] = { prompt = vim.api.nvim_buf_set_extmark(buf, SPACE, 0, 0, {}), code = code, busy = false }
  vim.keymap.set('n', '<CR>', function()
    M.send(buf)
  end, { buffer = buf, desc = 'Halley: send' })
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buf,
    callback = function()
      chats[buf] = nil
    end,
  })
end

--- `:Halley chat [prompt]`: a new chat beside; what is written after it is sent at once.
---@param words string[]
function M.open(words)
  local code = vim.api.nvim_get_current_buf()
  count = count + 1
  local buf = vim.api.nvim_create_buf(true, false)
  vim.api.nvim_buf_set_name(buf, ('halley-chat:/%d'):format(count))
  set_up(buf, code)
  vim.cmd.vsplit()
  vim.api.nvim_win_set_buf(0, buf)
  vim.wo[0][0].wrap = true
  vim.wo[0][0].linebreak = true
  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  if #words > 0 then
    vim.api.nvim_buf_set_lines(buf, 1, -1, true, { '', table.concat(words, ' ') })
    M.send(buf)
    vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(buf), 0 })
  end
end

return M
