--- A review of the repository's changes. The findings are diagnostics with fixes, which the daemon sends.
local M = {}

local client = require('halley.client')

--- `:Halley review [staged|clear|RANGE]`
---@param words string[]
function M.run(words)
  if words[1] == 'clear' then
    return client.request('halley/review/clear', vim.empty_dict(), function(result)
      vim.notify(('Halley: %d findings are cleared.'):format(result.cleared))
    end)
  end
  local buf = vim.api.nvim_get_current_buf()
  local asked = { staged = words[1] == 'staged' }
  asked.uri = vim.api.nvim_buf_get_name(buf) ~= '' and vim.uri_from_bufnr(buf) or nil
  asked.range = not asked.staged and words[1] or nil
  client.request('halley/review', asked, function(result)
    require('halley.answers').report('Review', vim.split(result.text, '\n'))
  end, { buf = buf })
end

---@return string[]
function M.complete()
  return { 'staged', 'clear', 'main...HEAD' }
end

return M
