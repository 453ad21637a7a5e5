--- What was used, how things stand, what was logged.
local M = {}

local client = require('halley.client')

--- Has the daemon write a report as it does for any editor, and opens it.
---@param name 'usage'|'doctor'
---@param title string
---@param asked table
---@param opened? fun(buf: integer, answer: table) # with what the command itself answered
local function report(name, title, asked, opened)
  asked.show = 'markdown'
  client.execute('halley.' .. name, asked, function(result)
    local lines = vim.split(result.markdown, '\n')
    if result.answer.hasTeam then
      local other = asked.team and 'your own' or "the team's"
      vim.list_extend(lines, { '', ('Press `t` for %s usage, `b` to group it by something else.'):format(other) })
    end
    local buf = require('halley.answers').report(title, lines, { table = true })
    if opened then
      opened(buf, result.answer)
    end
  end)
end

---@param team boolean
---@return string[]
local function dimensions(team)
  local found = { 'day', 'feature', 'model', 'month', 'provider', 'status', 'workspace' }
  if team then
    table.insert(found, 3, 'member')
  end
  return found
end

---@param by string
---@param team boolean
local function show_usage(by, team)
  local title = team and 'Halley usage of the team' or 'Halley usage'
  report('usage', title, { by = { by }, team = team }, function(buf, answer)
    local function map(key, about, run)
      vim.keymap.set('n', key, run, { buffer = buf, desc = about, nowait = true })
    end
    map('b', 'Group by another dimension', function()
      vim.ui.select(dimensions(team), { prompt = 'Group by' }, function(chosen)
        if chosen then
          show_usage(chosen, team)
        end
      end)
    end)
    if answer.hasTeam then
      map('t', "Switch between one's own usage and the team's", function()
        show_usage(by == 'member' and 'model' or by, not team)
      end)
    end
  end)
end

--- `:Halley usage [team] [by]`: by `model` unless another dimension is named.
---@param words string[]
function M.usage(words)
  local team = words[1] == 'team'
  show_usage(words[team and 2 or 1] or 'model', team)
end

---@param words string[] What was typed before
---@return string[]
function M.dimensions(words)
  return words[1] == 'team' and dimensions(true) or vim.list_extend(dimensions(false), { 'team' })
end

--- `:Halley doctor`: what is wrong first, then everything else.
function M.doctor()
  report('doctor', 'Halley doctor', {})
end

--- `:Halley log`: what the daemon said, as Neovim keeps it.
function M.log()
  local path = vim.lsp.log.get_filename and vim.lsp.log.get_filename() or vim.lsp.get_log_path()
  if vim.fn.filereadable(path) == 0 then
    return vim.notify('Halley: nothing is logged yet.')
  end
  vim.cmd.split(vim.fn.fnameescape(path))
  vim.bo.readonly = true
  vim.cmd.normal({ 'G', bang = true })
end

return M
