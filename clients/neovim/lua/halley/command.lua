--- `:Halley`: finds the row of a subcommand and calls it; completes its words. The rows are `subcommands.lua`.
local M = {}

---@type table<string, halley.Subcommand>?
local by_name

---@return table<string, halley.Subcommand>
local function rows()
  if not by_name then
    by_name = {}
    for _, row in ipairs(require('halley.subcommands')) do
      by_name[row.name] = row
      if row.alias then
        by_name[row.alias] = row
      end
    end
  end
  return by_name
end

---@return string[]
local function names()
  return vim.fn.sort(vim.tbl_keys(rows()))
end

---@param row halley.Subcommand
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
local function call(row, words, arguments)
  if arguments.range > 0 and not row.range then
    vim.notify(('Halley: `%s` takes no range.'):format(row.name), vim.log.levels.WARN)
  end
  require('halley.' .. row.call[1])[row.call[2]](words, arguments, row)
end

---@param arguments vim.api.keyset.create_user_command.command_args
local function choose(arguments)
  vim.ui.select(require('halley.subcommands'), {
    prompt = 'Halley',
    format_item = function(row)
      return ('%-10s %s'):format(row.name, row.about)
    end,
  }, function(row)
    if row then
      call(row, {}, arguments)
    end
  end)
end

---@param arguments vim.api.keyset.create_user_command.command_args
function M.run(arguments)
  local name = arguments.fargs[1]
  if not name then
    return choose(arguments)
  end
  local row = rows()[name]
  if not row then
    local known = table.concat(names(), ', ')
    vim.notify(('Halley: there is no `:Halley %s`; there are %s.'):format(name, known), vim.log.levels.ERROR)
    return
  end
  call(row, vim.list_slice(arguments.fargs, 2), arguments)
end

--- Completion of a command line.
---@param line string
---@return string[]
function M.complete(line)
  local typed = line:match('Halley!?%s+(.*)$') or ''
  local words = vim.split(typed, '%s+')
  local last = table.remove(words)
  local candidates = {}
  if #words == 0 then
    candidates = names()
  else
    local row = rows()[words[1]]
    if row and row.complete then
      candidates = require('halley.' .. row.call[1])[row.complete](vim.list_slice(words, 2), row)
    end
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, last)
  end, candidates)
end

return M
