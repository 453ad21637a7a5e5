--- `:checkhealth halley`: the editor, the options, the daemon, keys and providers, certificates, what is wrong.
local M = {}

local WAIT_MS = 50000
local health = vim.health

local function check_editor()
  health.start('Neovim')
  if vim.fn.has('nvim-0.11') == 0 then
    return health.error('Neovim 0.11 or newer is needed.')
  end
  health.ok('Neovim ' .. tostring(vim.version()))
  if not vim.lsp.inline_completion then
    health.info('Suggestions while typing need Neovim 0.12; here they are in the completion menu.')
  end
end

---@return string[]?
local function check_options()
  health.start('Options')
  local problems = require('halley.options').problems(require('halley.options').given())
  for _, problem in ipairs(problems) do
    health.error(problem, 'See |halley-options|.')
  end
  if #problems == 0 then
    health.ok('`vim.g.halley` is sound')
  end
  local cmd = require('halley.options').get().cmd --[[@as string[] ]]
  if vim.fn.executable(cmd[1]) == 0 then
    health.error(('There is no program `%s`.'):format(cmd[1]), {
      '`:Halley install` gets it by uv or pipx.',
      'Or name it: `vim.g.halley = { cmd = { "/path/to/halley", "serve" } }`.',
    })
    return nil
  end
  return cmd
end

---@param providers table[]
local function check_providers(providers)
  health.start('Providers and keys')
  if #providers == 0 then
    health.warn('No provider is configured.', '`:Halley provider` adds one.')
  end
  for _, provider in ipairs(providers) do
    local key, last = provider.key, provider.health
    local words = require('halley.providers').key_words(key.status)
    local text = ('%s: %s%s'):format(provider.id, words, key.source and ' from ' .. key.source or '')
    if key.status == 'present' or key.status == 'notNeeded' then
      health.ok(text)
    else
      health.warn(text, ('`:Halley provider %s` sets it.'):format(provider.id))
    end
    if last and not last.ok and last.problem then
      health.warn(('%s: %s'):format(provider.id, last.problem.message), last.problem.help)
    end
  end
end

---@param environment table
local function check_environment(environment)
  health.start('Certificates and proxies')
  for name, value in vim.spairs(environment) do
    local text = type(value) == 'table' and (#value > 0 and table.concat(value, ', ') or 'none') or tostring(value)
    health.info(('%s: %s'):format(name == 'keysIn' and 'keys in the environment' or name, text))
  end
end

---@param problems halley.Problem[]
---@param status halley.StatusParams?
local function check_problems(problems, status)
  health.start('Latest problem')
  for _, problem in ipairs(problems) do
    health.error(problem.message, problem.help ~= '' and { problem.help } or nil)
  end
  local said = status and (status.kind == 'error' or status.kind == 'warning') and status.message
  local known = said
    and vim.iter(problems):any(function(problem)
      return vim.startswith(said, problem.message)
    end)
  if said and not known then
    health.warn(said)
  elseif #problems == 0 then
    health.ok('none')
  end
end

function M.check()
  check_editor()
  local cmd = check_options()
  health.start('Daemon')
  local client = require('halley.client').of()
  if not cmd then
    return health.info('It is not there.')
  elseif not client then
    return health.warn('It does not run.', "`vim.lsp.enable('halley')`, then open a file.")
  end
  local answer = client:request_sync('halley/doctor', vim.empty_dict(), WAIT_MS)
  if not (answer and answer.result) then
    return health.error(answer and answer.err and answer.err.message or 'It does not answer.', '`:Halley log`')
  end
  local report = answer.result
  health.ok(('daemon %s, serving %s'):format(report.version, client.root_dir or 'single files'))
  check_providers(report.providers)
  check_environment(report.environment or {})
  check_problems(report.problems, require('halley.status').of(client.id))
end

return M
