--- The user's options: `vim.g.halley`, or the same table given to `setup()`. Neither is needed.
local M = {}

---@class halley.Options
---@field cmd? string[] How the daemon is started. Default: `{ 'halley', 'serve' }`
---@field settings? table The daemon's settings, with keys in camelCase; they win over its `config.toml`
---@field ghost_text? boolean Suggest while typing, where Neovim can (0.12). Default: true
---@field answers? 'split'|'vsplit'|'float' Where answers open. Default: 'vsplit'

---@type halley.Options
local DEFAULTS = { cmd = { 'halley', 'serve' }, settings = {}, ghost_text = true, answers = 'vsplit' }

local CHOICES = { answers = { 'split', 'vsplit', 'float' } }

---@type halley.Options?
local given

--- What is wrong with a table of options, each a sentence that names the option.
---@param options any
---@return string[]
function M.problems(options)
  if type(options) ~= 'table' then
    return { ('the options must be a table, not a %s.'):format(type(options)) }
  end
  local found = {}
  for name, value in vim.spairs(options) do
    local default, choices = DEFAULTS[name], CHOICES[name]
    if default == nil then
      local known = table.concat(vim.fn.sort(vim.tbl_keys(DEFAULTS)), ', ')
      found[#found + 1] = ('there is no option `%s`; there are %s.'):format(name, known)
    elseif type(value) ~= type(default) then
      found[#found + 1] = ('`%s` must be a %s, not a %s.'):format(name, type(default), type(value))
    elseif choices and not vim.list_contains(choices, value) then
      found[#found + 1] = ('`%s` must be one of %s.'):format(name, table.concat(choices, ', '))
    end
  end
  if type(options.cmd) == 'table' and type(options.cmd[1]) ~= 'string' then
    found[#found + 1] = '`cmd` must be a list of strings: the program, then its arguments.'
  end
  return found
end

--- The options in force. A wrong value is reported once, and its default applies.
---@return halley.Options
function M.get()
  local asked = given or vim.g.halley or {}
  local problems = M.problems(asked)
  if #problems == 0 then
    return vim.tbl_extend('force', DEFAULTS, asked)
  end
  vim.notify_once('Halley: ' .. table.concat(problems, '\n'), vim.log.levels.ERROR)
  local sound = type(asked) == 'table' and asked or {}
  local good = vim.deepcopy(DEFAULTS)
  for name, value in pairs(sound) do
    if #M.problems({ [name] = value }) == 0 then
      good[name] = value
    end
  end
  return good
end

---@param options halley.Options?
function M.set(options)
  given = options
end

return M
