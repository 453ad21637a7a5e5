--- The daemon, put onto this machine on request: by uv, else by pipx. Nothing is run before the user has seen it.
local M = {}

--- Where the daemon comes from: the sources this plugin is a part of, where it is; else the package of that name.
---@return string
local function source()
  local here = vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2))
  local root = vim.fs.root(here, 'pyproject.toml')
  return root or 'halley'
end

--- The command, or nil where there is neither tool.
---@return string[]?
function M.command()
  if vim.fn.executable('uv') == 1 then
    return { 'uv', 'tool', 'install', '--force', source() }
  elseif vim.fn.executable('pipx') == 1 then
    return { 'pipx', 'install', '--force', source() }
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

--- `:Halley install`
function M.run()
  local command = M.command()
  if not command then
    return vim.notify(
      'Halley: there is neither `uv` nor `pipx` to install it with; get one of them, then try again.',
      vim.log.levels.ERROR
    )
  end
  local line = table.concat(command, ' ')
  vim.ui.select({ 'Run it', 'Not now' }, { prompt = 'Install with: ' .. line }, function(choice)
    if choice == 'Run it' then
      vim.notify('Halley: ' .. line .. ' …')
      vim.system(command, { text = true }, function(done)
        vim.schedule(function()
          tell(done, command)
        end)
      end)
    end
  end)
end

return M
