--- Stopping what is under way, and ending a wait for another try.
local M = {}

local client = require('halley.client')

--- Stops everything that was asked, and what runs elsewhere with a progress of its own.
function M.stop()
  if client.stop() == 0 then
    vim.notify('Halley: nothing is under way.')
  end
end

--- In a chat, another reply to its last turn; elsewhere the waits before another try end.
function M.retry()
  local buf = vim.api.nvim_get_current_buf()
  if package.loaded['halley.chat'] and require('halley.chat').is(buf) then
    return require('halley.chat').retry(buf)
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
    vim.notify('Halley: nothing waits for another try.')
  end
end

return M
