--- A commit message for what is staged, at the top of the commit buffer.
local M = {}

local client = require('halley.client')

---@param buf integer
---@param message string
local function insert(buf, message)
  local lines = vim.split(vim.trim(message), '\n')
  local first = vim.api.nvim_buf_get_lines(buf, 0, 1, false)[1] or ''
  vim.api.nvim_buf_set_lines(buf, 0, first == '' and 1 or 0, false, lines)
end

--- `:Halley commit`: into a buffer of filetype `gitcommit`; anywhere else it is shown, and kept in the `"` register.
function M.write()
  local buf = vim.api.nvim_get_current_buf()
  local here = vim.api.nvim_buf_get_name(buf)
  local root = vim.fs.root(vim.startswith(here, '/') and here or vim.fn.getcwd(), '.git')
  if not root then
    return vim.notify('Halley: there is no Git repository here.', vim.log.levels.ERROR)
  end
  if vim.fs.basename(root) == '.git' then
    root = vim.fs.dirname(root)
  end
  client.request('halley/commit', { cwd = root, uri = vim.uri_from_fname(root) }, function(result)
    if not vim.api.nvim_buf_is_valid(buf) or vim.bo[buf].filetype ~= 'gitcommit' then
      vim.fn.setreg('"', result.message)
      return require('halley.answers').report('Commit message', vim.split(result.message, '\n'))
    end
    insert(buf, result.message)
  end, { buf = buf })
end

return M
