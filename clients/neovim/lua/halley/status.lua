--- How Halley is, client by client; told to the rest of the configuration as `User Halley*` events.
local M = {}

local MOST_CRASHES = 4
local CRASHES_WITHIN_MS = 180000
local RESTART_MS = 200 -- Neovim forgets the old client first

---@type table<integer, halley.StatusParams>
local statuses = {}
---@type table<integer, halley.OperationParams>
local waiting = {}
---@type table<integer, table<string, halley.ChatStateParams>>
local asking = {}

---@param name string
---@param data table
local function announce(name, data)
  vim.api.nvim_exec_autocmds('User', { pattern = 'Halley' .. name, modeline = false, data = data })
  vim.cmd.redrawstatus()
end

function M.on_status(_, params, context)
  statuses[context.client_id] = params
  vim.g.halley_status = { kind = params.kind, message = params.message }
  announce('Status', vim.tbl_extend('force', params, { client_id = context.client_id }))
end

function M.on_operation(_, params, context)
  waiting[context.client_id] = params.state ~= 'done' and params or nil
  announce('Operation', vim.tbl_extend('force', params, { client_id = context.client_id }))
end

function M.on_chat_state(_, params, context)
  local chats = asking[context.client_id] or {}
  chats[params.chatId] = params.state == 'asking' and params or nil
  asking[context.client_id] = chats
  announce('ChatState', vim.tbl_extend('force', params, { client_id = context.client_id }))
end

function M.on_changed(_, params, context)
  local lsp = vim.lsp.get_client_by_id(context.client_id)
  if params.what == 'proposals' and lsp then
    require('halley.edits.proposals').refresh(lsp)
  elseif params.what == 'chats' and package.loaded['halley.chat'] then
    require('halley.chat').find_titles()
  elseif params.what == 'mode' and package.loaded['halley.chat'] then
    require('halley.chat').find_modes()
  end
  announce('Changed', { what = params.what, client_id = context.client_id })
end

---@type integer[]
local crashes = {}

--- A daemon that died is restarted, for every buffer it served; but not over and over when it dies right away.
local function start_anew()
  local now = vim.uv.now()
  crashes = vim.tbl_filter(function(at)
    return now - at < CRASHES_WITHIN_MS
  end, crashes)
  crashes[#crashes + 1] = now
  if #crashes > MOST_CRASHES then
    return vim.notify('Halley: the daemon keeps exiting; see :Halley log, then :Halley restart.', vim.log.levels.ERROR)
  end
  vim.defer_fn(function()
    vim.lsp.enable('halley')
  end, RESTART_MS)
end

function M.on_exit(code, signal, client_id)
  local died = code ~= 0 or (signal ~= 0 and signal ~= 15)
  vim.schedule(function()
    statuses[client_id], waiting[client_id], asking[client_id] = nil, nil, nil
    require('halley.client').forget(client_id)
    announce('Status', { kind = 'inactive', message = 'stopped', client_id = client_id })
    if died and vim.v.exiting == vim.NIL and vim.lsp.is_enabled('halley') then
      start_anew()
    end
  end)
end

--- What a client last said, if it said anything.
---@param client_id integer
---@return halley.StatusParams?
function M.of(client_id)
  return statuses[client_id]
end

--- The waits under way: operations that can be retried now.
---@return { client_id: integer, operation: string }[]
function M.waits()
  local found = {}
  for client_id, params in pairs(waiting) do
    if params.state == 'waiting' or params.state == 'retrying' then
      found[#found + 1] = { client_id = client_id, operation = params.operation }
    end
  end
  return found
end

local SIGNS = { normal = '', busy = '… ', warning = '! ', error = '✗ ', inactive = '- ' }

---@return string
function M.line()
  local client = vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1]
  local status = client and statuses[client.id]
  if not client then
    return ''
  end
  if not status then
    return 'Halley'
  end
  local wait = waiting[client.id]
  local text = wait and ('%s %d/%d'):format(wait.state, wait.attempt, wait.of) or status.message
  local asks = vim.tbl_count(asking[client.id] or {})
  if asks > 0 then
    text = ('%s · %d %s for approval'):format(text, asks, asks == 1 and 'chat waits' or 'chats wait')
  end
  return (SIGNS[status.kind] .. text):gsub('[\n%%].*', '')
end

return M
