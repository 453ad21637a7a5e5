--- Stopping what is under way, ending a wait for another try, restarting the daemon.
local M = {}

local client = require('halley.client')

---@return halley.ChatBuffer?
local function chat()
  local chats = package.loaded['halley.chat']
  return chats and chats.whose()
end

--- In a chat what is being written there, elsewhere everything that was asked.
function M.stop()
  local here = chat()
  if here and require('halley.chat').busy(here.buf) then
    return require('halley.chat').stop(here.buf)
  end
  if client.stop() == 0 then
    vim.notify('Halley: nothing is running.')
  end
end

--- In a chat, another reply to a turn; elsewhere the waits before another try end.
---@param words string[]
function M.retry(words)
  if chat() then
    return require('halley.chat').retry(words)
  end
  local waits = require('halley.status').waits()
  for _, wait in ipairs(waits) do
    local lsp = vim.lsp.get_client_by_id(wait.client_id)
    if lsp then
      lsp:request('halley/retry/now', { operation = wait.operation }, function(err)
        if err then
          client.tell(err)
        end
      end)
    end
  end
  if #waits == 0 then
    vim.notify('Halley: nothing is waiting to retry.')
  end
end

--- Gives the next start a new daemon, where it would join one: a user who restarts does not want the one that runs.
---@param done fun()
local function retire(done)
  local cmd = vim.lsp.config.halley.cmd
  if type(cmd) ~= 'table' or not vim.list_contains(cmd, '--shared') then
    return done()
  end
  local retiring = vim.tbl_map(function(word)
    return word == '--shared' and '--retire' or word
  end, cmd)
  if not pcall(vim.system, retiring, { timeout = 10000 }, vim.schedule_wrap(done)) then
    done() -- there is no such program, which starting it will say
  end
end

--- `:Halley restart`
function M.restart()
  local running = vim.lsp.get_clients({ name = 'halley' })
  for _, one in ipairs(running) do
    one:stop()
  end
  local function gone()
    return #vim.lsp.get_clients({ name = 'halley' }) == 0
  end
  vim.wait(5000, gone, 20)
  retire(function()
    vim.lsp.enable('halley')
  end)
end

return M
