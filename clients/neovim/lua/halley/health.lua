--- `:checkhealth halley`: the editor, the options, the daemon, its keys and providers, what is wrong.
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
  local problems = require('halley.options').problems(vim.g.halley or {})
  for _, problem in ipairs(problems) do
    health.error(problem, 'See |halley-options|.')
  end
  if #problems == 0 then
    health.ok('`vim.g.halley` is sound')
  end
  local cmd = require('halley.options').get().cmd --[[@as string[] ]]
  if vim.fn.executable(cmd[1]) == 0 then
    health.error(('There is no program `%s`.'):format(cmd[1]), 'Put it on your PATH, or set `vim.g.halley.cmd`.')
    return nil
  end
  return cmd
end

---@param report table
local function check_report(report)
  health.ok(('daemon %s'):format(report.version))
  for _, provider in ipairs(report.providers) do
    local key = provider.key
    local text = ('%s: key %s%s'):format(provider.id, key.status, key.source and ' from ' .. key.source or '')
    if key.status == 'present' or key.status == 'notNeeded' then
      health.ok(text)
    else
      health.warn(text, ('`:Halley provider %s` sets it.'):format(provider.id))
    end
  end
  for name, value in vim.spairs(report.environment or {}) do
    local text = type(value) == 'table' and vim.inspect(value, { newline = ' ', indent = '' }) or tostring(value)
    health.info(('%s: %s'):format(name, text))
  end
  for _, problem in ipairs(report.problems) do
    health.error(problem.message, problem.help ~= '' and { problem.help } or nil)
  end
end

function M.check()
  check_editor()
  local cmd = check_options()
  health.start('Daemon')
  local client = require('halley.client').of()
  if not cmd then
    return
  elseif not client then
    return health.warn('It does not run.', "`vim.lsp.enable('halley')`, then open a file.")
  end
  local answer = client:request_sync('halley/doctor', vim.empty_dict(), WAIT_MS)
  if not (answer and answer.result) then
    return health.error(answer and answer.err and answer.err.message or 'It does not answer.', '`:Halley log`')
  end
  check_report(answer.result)
  local status = require('halley.status').of(client.id)
  if status and (status.kind == 'error' or status.kind == 'warning') then
    health.warn('Latest problem: ' .. status.message)
  end
end

return M
