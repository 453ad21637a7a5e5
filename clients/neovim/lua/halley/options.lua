--- The user's options: `vim.g.halley`, or the same table given to `setup()`. Neither is needed.
local M = {}

---@class halley.Options
---@field cmd? string[]
---@field shared? boolean
---@field settings? table
---@field ghost_text? boolean
---@field next_edit? boolean
---@field answers? 'split'|'vsplit'|'float'

---@class halley.Option
---@field name string
---@field takes string Its type, or its values
---@field default any
---@field about string A sentence or two

--- Every option, with its help: the manual is generated from these rows, and `:Halley options` shows them.
---@type halley.Option[]
M.ROWS = {
  {
    name = 'cmd',
    takes = 'string[]',
    default = { 'halley', 'serve' },
    about = 'How the daemon is started: the program, then its arguments.',
  },
  {
    name = 'shared',
    takes = 'boolean',
    default = true,
    about = 'Join the daemon that your other editors use, or start it, where `cmd` has `serve` in it.',
  },
  {
    name = 'settings',
    takes = 'table',
    default = {},
    about = "The daemon's settings, with keys in camelCase; they win over its `config.toml`.",
  },
  {
    name = 'ghost_text',
    takes = 'boolean',
    default = true,
    about = 'Suggest while typing, where Neovim can (0.12).',
  },
  {
    name = 'next_edit',
    takes = 'boolean',
    default = true,
    about = 'Show next edits, once a model is chosen for them (`:Halley model`, the role `next`).',
  },
  {
    name = 'answers',
    takes = "'split'|'vsplit'|'float'",
    default = 'vsplit',
    about = 'Where answers open: below the code, beside it, or in a window over it.',
  },
}

---@type halley.Options?
local given

---@return table<string, any>
local function defaults()
  local found = {}
  for _, row in ipairs(M.ROWS) do
    found[row.name] = vim.deepcopy(row.default)
  end
  return found
end

--- The values an option is limited to; none where it takes any of its type.
---@param row halley.Option
---@return string[]
local function choices(row)
  return vim.iter(row.takes:gmatch("'(%w+)'")):totable()
end

---@param name string
---@return halley.Option?
local function row_of(name)
  return vim.iter(M.ROWS):find(function(row)
    return row.name == name
  end)
end

---@param name string
---@param value any
---@return string? # what is wrong with it
local function problem(name, value)
  local row = row_of(name)
  if not row then
    local known = table.concat(vim.fn.sort(vim.tbl_keys(defaults())), ', ')
    return ('there is no option `%s`; there are %s.'):format(name, known)
  elseif type(value) ~= type(row.default) then
    return ('`%s` must be a %s, not a %s.'):format(name, type(row.default), type(value))
  elseif #choices(row) > 0 and not vim.list_contains(choices(row), value) then
    return ('`%s` must be one of %s.'):format(name, table.concat(choices(row), ', '))
  end
end

--- What is wrong with a table of options, each a sentence that names the option.
---@param options any
---@return string[]
function M.problems(options)
  if type(options) ~= 'table' then
    return { ('the options must be a table, not a %s.'):format(type(options)) }
  end
  local found = {}
  for name, value in vim.spairs(options) do
    found[#found + 1] = problem(name, value)
  end
  if type(options.cmd) == 'table' and type(options.cmd[1]) ~= 'string' then
    found[#found + 1] = '`cmd` must be a list of strings: the program, then its arguments.'
  end
  return found
end

--- What the user set, right or wrong.
---@return any
function M.given()
  return given or vim.g.halley or {}
end

--- The options in force. A wrong value is reported once, and its default applies.
---@return halley.Options
function M.get()
  local asked = M.given()
  local problems = M.problems(asked)
  if #problems > 0 then
    vim.notify_once('Halley: ' .. table.concat(problems, '\n'), vim.log.levels.ERROR)
  end
  local good = defaults()
  for name, value in pairs(type(asked) == 'table' and asked or {}) do
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

---@param value any
---@return string # as it is written in `init.lua`, in one line
local function written(value)
  return '`' .. vim.inspect(value, { newline = ' ', indent = '' }) .. '`'
end

--- `:Halley options`: every option with its value, its default and its meaning; wrong values first.
function M.show()
  local lines, now = {}, M.get()
  for _, said in ipairs(M.problems(M.given())) do
    vim.list_extend(lines, { '**Wrong:** ' .. said, '' })
  end
  for _, row in ipairs(M.ROWS) do
    local same = vim.deep_equal(now[row.name], row.default)
    local default = same and 'the default' or 'default: ' .. written(row.default)
    local value = ('%s (%s); takes `%s`'):format(written(now[row.name]), default, row.takes)
    vim.list_extend(lines, { '## ' .. row.name, '', row.about, '', value, '' })
  end
  lines[#lines + 1] = "Set them in `vim.g.halley` before `vim.lsp.enable('halley')`: `:help halley-options`."
  require('halley.answers').report('Halley options', lines)
end

return M
