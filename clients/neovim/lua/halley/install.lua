--- The daemon, put onto this machine on request: by uv, else by pipx. Nothing is run before the user has seen it.
---
--- It comes from the sources this plugin is a part of, and what it depends on in the versions it was tested with, each
--- checked against the hashes in their `requirements.lock`.
local M = {}

--- The sources this plugin is a part of; nil where it was copied out of them.
---@return string?
local function source()
  local here = vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2))
  return vim.fs.root(here, 'requirements.lock')
end

--- The commands, one after the other, or nil where there is neither tool.
---@param root string
---@return string[][]?
function M.commands(root)
  local lock = root .. '/requirements.lock'
  if vim.fn.executable('uv') == 1 then
    -- uv checks no hashes of tools. So the packages are checked on their way into its cache, and the tool
    -- is made of that cache alone; what builds it too.
    local check = vim.fn.stdpath('cache') .. '/halley-check'
    local build = root .. '/requirements-build.lock'
    return {
      { 'uv', 'venv', '--python', '>=3.11', '--allow-existing', check },
      { 'uv', 'pip', 'install', '--python', check, '--require-hashes', '-r', lock, '-r', build },
      {
        'uv',
        'tool',
        'install',
        '--python',
        '>=3.11',
        '--offline',
        '--force',
        '--constraints',
        lock,
        '--build-constraints',
        build,
        root,
      },
    }
  elseif vim.fn.executable('pipx') == 1 then
    return {
      { 'pipx', 'install', '--force', '--pip-args=--no-deps', root },
      { 'pipx', 'runpip', 'halley', 'install', '--require-hashes', '-r', lock },
    }
  end
end

---@param done vim.SystemCompleted
---@param command string[]
local function tell(done, command)
  if done.code ~= 0 then
    local said = vim.trim(done.stderr ~= '' and done.stderr or done.stdout or '')
    local lines =
      vim.list_extend({ '`' .. table.concat(command, ' ') .. '` failed:', '', '```' }, vim.split(said, '\n'))
    return require('halley.answers').report('Halley install', vim.list_extend(lines, { '```' }))
  end
  local program = require('halley.options').get().cmd[1]
  if vim.fn.executable(program) == 0 then
    local help =
      'Halley: it is installed, and `%s` is not on your PATH: `uv tool update-shell` (or `pipx ensurepath`) mends that.'
    return vim.notify(help:format(program), vim.log.levels.WARN)
  end
  vim.notify('Halley: installed.')
  require('halley.waiting').restart()
end

--- Runs the commands in order; the first that fails is the last.
---@param commands string[][]
local function run(commands)
  local function step(number)
    local command = commands[number]
    vim.notify('Halley: ' .. table.concat(command, ' ') .. ' …')
    vim.system(command, { text = true }, function(done)
      vim.schedule(function()
        if done.code == 0 and number < #commands then
          return step(number + 1)
        end
        tell(done, command)
      end)
    end)
  end
  step(1)
end

--- `:Halley install`
function M.run()
  local root = source()
  if not root then
    return vim.notify(
      'Halley: this copy of the plugin is without the daemon; add the whole repository to your plugins.',
      vim.log.levels.ERROR
    )
  end
  local commands = M.commands(root)
  if not commands then
    return vim.notify(
      'Halley: there is neither `uv` nor `pipx` to install it with; get one of them, then try again.',
      vim.log.levels.ERROR
    )
  end
  local lines = vim.tbl_map(function(command)
    return table.concat(command, ' ')
  end, commands)
  local prompt = 'Install with: ' .. table.concat(lines, ' && ')
  vim.ui.select({ 'Run it', 'Not now' }, { prompt = prompt }, function(choice)
    if choice == 'Run it' then
      run(commands)
    end
  end)
end

return M
