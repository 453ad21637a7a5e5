--- Asking the daemon: which client serves a buffer, requests that stream and can be stopped, errors as a sentence.
local M = {}

--- The code of a request that was cancelled.
M.STOPPED = -32800

local POLL_MS = 20
local HELP = 'The partial reply is saved; see :Halley log.'
local GONE = { code = 0, message = 'The daemon stopped.', data = { help = HELP } }

---@class halley.Pending
---@field client_id integer
---@field id? integer
---@field finish fun(err?: lsp.ResponseError, result?: any)

---@type table<integer, halley.Pending>
local pending = {}
local count = 0

--- The client that serves a buffer; for one that none serves, the client of the current folder, then any.
---@param buf integer?
---@return vim.lsp.Client?
function M.of(buf)
  local own = vim.lsp.get_clients({ name = 'halley', bufnr = buf or 0 })[1]
  if own then
    return own
  end
  local all, here = vim.lsp.get_clients({ name = 'halley' }), vim.fn.getcwd()
  for _, client in ipairs(all) do
    if client.root_dir and vim.startswith(here .. '/', client.root_dir .. '/') then
      return client
    end
  end
  return all[1]
end

--- The document that tells the daemon which workspace a buffer is in: of a chat the code it is about, of a buffer that
--- is no file the current folder.
---@param buf? integer
---@return string
function M.place(buf)
  local chats = package.loaded['halley.chat']
  local chat = chats and chats.whose(buf)
  local uri = vim.uri_from_bufnr(chat and chat.code or buf or 0)
  return vim.startswith(uri, 'file:///') and uri or vim.uri_from_fname(vim.fn.getcwd())
end

--- What went wrong, and what to do; here in Neovim too, where that is shorter.
---@param err lsp.ResponseError
---@return string
function M.sentence(err)
  local problem = type(err.data) == 'table' and err.data or {}
  local text, help = err.message, problem.help or ''
  if help ~= '' and not text:find(help, 1, true) then
    text = text .. ' ' .. help
  end
  if problem.code == 'not_configured' or problem.code == 'auth_failed' then
    text = text .. ' Here: `:Halley provider`.'
  end
  return text
end

--- Shows what went wrong; that something was stopped is no news.
---@param err lsp.ResponseError
function M.tell(err)
  if err.code ~= M.STOPPED then
    vim.notify('Halley: ' .. M.sentence(err), vim.log.levels.ERROR)
  end
end

---@return vim.lsp.Client?
local function start()
  local config = vim.deepcopy(vim.lsp.config.halley)
  local program = type(config.cmd) == 'table' and config.cmd[1]
  if program and vim.fn.executable(program) == 0 then
    M.tell({
      code = 0,
      message = ('there is no program `%s`.'):format(program),
      data = { help = 'Put it on your PATH, or name it: vim.g.halley = { cmd = { "/path/to/halley", "serve" } }.' },
    })
    return nil
  end
  config.root_dir = vim.fs.root(vim.fn.getcwd(), config.root_markers) or vim.fn.getcwd()
  local id = vim.lsp.start(config, { attach = false })
  return id and vim.lsp.get_client_by_id(id)
end

---@class halley.Asking
---@field buf? integer The buffer it is about. Default: the current one
---@field ready? fun(client: vim.lsp.Client) Completes what is sent: which buffers a client serves is known once it runs
---@field on_events? fun(events: halley.Event[]) Hears what streams
---@field on_error? fun(err: lsp.ResponseError) Instead of a message

--- Neovim reads null as `vim.NIL`, which counts as true: here what is null is not there.
---@param value any
local function drop_nulls(value)
  if type(value) ~= 'table' then
    return
  end
  for key, inner in pairs(value) do
    if inner == vim.NIL then
      value[key] = nil
    else
      drop_nulls(inner)
    end
  end
end

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param done fun(result: any)
---@param asking halley.Asking
---@return fun() # stops it
local function send(client, method, params, done, asking)
  local streams, token = require('halley.streams'), nil
  if asking.on_events then
    token = streams.open(asking.on_events)
    params.partialResultToken = token
  end
  count = count + 1
  local key = count
  local function finish(err, result)
    streams.close(token)
    if not pending[key] then
      return
    end
    pending[key] = nil
    if err then
      (asking.on_error or M.tell)(err)
    else
      drop_nulls(result)
      done(result)
    end
  end
  pending[key] = { client_id = client.id, finish = finish }
  local sent, id = client:request(method, params, finish, asking.buf or 0)
  if not sent then
    finish(GONE)
  elseif pending[key] then
    pending[key].id = id
  end
  return function()
    if pending[key] then
      client:cancel_request(pending[key].id)
      finish({ code = M.STOPPED, message = 'Stopped.' })
    end
  end
end

--- Calls `use` with a client that is ready; starts one where there is none.
---@param buf integer?
---@param use fun(client: vim.lsp.Client)
function M.with(buf, use)
  -- The buffer's own client first, also one that is starting: another would know nothing of the buffer.
  local own = vim.lsp.get_clients({ name = 'halley', bufnr = buf or 0, _uninitialized = true })[1]
  local client = own or M.of(buf) or start()
  if not client then
    return
  end
  local function wait()
    if client.initialized then
      use(client)
    elseif client:is_stopped() then
      M.tell({ code = 0, message = 'the daemon ended right after starting.', data = { help = 'See :Halley log.' } })
    else
      vim.defer_fn(wait, POLL_MS)
    end
  end
  wait()
end

--- Sends a request. `done` gets the result; errors are shown. What is returned stops it.
---@param method string
---@param params table
---@param done fun(result: any)
---@param asking? halley.Asking
---@return { stop: fun() }
function M.request(method, params, done, asking)
  asking = asking or {}
  local handle = { stop = function() end }
  M.with(asking.buf, function(client)
    if asking.ready then
      asking.ready(client)
    end
    handle.stop = send(client, method, params, done, asking)
  end)
  return handle
end

--- Runs one of the daemon's commands.
---@param command string
---@param argument table
---@param done fun(result: any)
---@param asking? halley.Asking
function M.execute(command, argument, done, asking)
  M.request('workspace/executeCommand', { command = command, arguments = { argument } }, done, asking)
end

--- Stops everything that was asked here; how many there were.
---@return integer
function M.stop()
  local all = vim.tbl_values(pending)
  for _, one in ipairs(all) do
    local client = vim.lsp.get_client_by_id(one.client_id)
    if client and one.id then
      client:cancel_request(one.id)
    end
    one.finish({ code = M.STOPPED, message = 'Stopped.' })
  end
  return #all
end

--- What a client that is gone will never answer fails.
---@param client_id integer
function M.forget(client_id)
  for _, one in ipairs(vim.tbl_values(pending)) do
    if one.client_id == client_id then
      one.finish(GONE)
    end
  end
end

return M
