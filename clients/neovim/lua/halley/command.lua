--- `:Halley`: the table of subcommands, their completion, and what each calls.
local M = {}

---@class halley.Subcommand
---@field run fun(words: string[], arguments: vim.api.keyset.create_user_command.command_args)
---@field complete? fun(words: string[]): string[] What may follow; `words` are those already there

---@param words string[]
---@param from? integer
---@return string
local function rest(words, from)
  return table.concat(words, ' ', from or 1)
end

---@param name string
---@return halley.Subcommand
local function action(name)
  return {
    run = function(words, arguments)
      local actions = require('halley.actions')
      actions.run(name, actions.place(arguments), rest(words))
    end,
  }
end

--- A function of a module, given the words.
---@param module string
---@param name string
---@param complete? string
---@return halley.Subcommand
local function call(module, name, complete)
  return {
    run = function(words, arguments)
      require(module)[name](words, arguments)
    end,
    complete = complete and function(words)
      return require(module)[complete](words)
    end,
  }
end

---@type table<string, halley.Subcommand>
M.SUBCOMMANDS = {
  chat = call('halley.chat', 'open'),
  explain = action('explain'),
  fix = action('fix'),
  generate = action('generate'),
  improve = action('improve'),
  document = action('document'),
  tests = action('tests'),
  format = action('format'),
  edit = {
    run = function(words, arguments)
      local actions = require('halley.actions')
      actions.edit(actions.place(arguments), rest(words))
    end,
  },
  model = call('halley.models', 'pick', 'complete'),
  provider = call('halley.providers', 'pick', 'complete'),
  verify = call('halley.providers', 'verify', 'complete'),
  usage = call('halley.reports', 'usage'),
  doctor = call('halley.reports', 'doctor'),
  log = call('halley.reports', 'log'),
  commit = call('halley.commit', 'write'),
  macro = call('halley.macros', 'run', 'complete'),
  accept = call('halley.proposals', 'accept', 'complete'),
  discard = call('halley.proposals', 'discard', 'complete'),
  proposals = call('halley.proposals', 'list'),
  stop = call('halley.waiting', 'stop'),
  retry = call('halley.waiting', 'retry'),
}

---@param arguments vim.api.keyset.create_user_command.command_args
function M.run(arguments)
  local words = vim.list_slice(arguments.fargs, 2)
  local name = arguments.fargs[1]
  if not name then
    local names = vim.fn.sort(vim.tbl_keys(M.SUBCOMMANDS))
    return vim.ui.select(names, { prompt = 'Halley' }, function(chosen)
      if chosen then
        M.SUBCOMMANDS[chosen].run({}, arguments)
      end
    end)
  end
  local subcommand = M.SUBCOMMANDS[name]
  if not subcommand then
    local known = table.concat(vim.fn.sort(vim.tbl_keys(M.SUBCOMMANDS)), ', ')
    vim.notify(('Halley: there is no `:Halley %s`; there are %s.'):format(name, known), vim.log.levels.ERROR)
    return
  end
  subcommand.run(words, arguments)
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
    candidates = vim.fn.sort(vim.tbl_keys(M.SUBCOMMANDS))
  else
    local subcommand = M.SUBCOMMANDS[words[1]]
    if subcommand and subcommand.complete then
      candidates = subcommand.complete(vim.list_slice(words, 2))
    end
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, last)
  end, candidates)
end

return M
