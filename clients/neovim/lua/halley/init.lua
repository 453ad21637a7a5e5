--- What a configuration calls. Everything works without: `vim.lsp.enable('halley')` is enough.
local M = {}

--- Options, for those who like to give them so; the same as `vim.g.halley = options`. Before `vim.lsp.enable`.
---@param options halley.Options?
function M.setup(options)
  require('halley.options').set(options)
end

--- The options in force; `:Halley options` shows them with their meaning.
---@return halley.Options
function M.options()
  return require('halley.options').get()
end

--- For the status line: `%{%v:lua.require'halley'.statusline()%}`. Empty where Halley does not serve the buffer.
---@return string
function M.statusline()
  return require('halley.status').line()
end

--- For the status line too: `→ line 36` where a next edit waits, empty where none does.
---@return string
function M.next_edit()
  local loaded = package.loaded['halley.next_edit']
  return loaded and loaded.line() or ''
end

return M
