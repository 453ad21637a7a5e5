--- What was used, how things stand, what was logged.
local M = {}

local client = require('halley.client')

---@param costs { amount: number, currency: string }[]?
---@return string
local function money(costs)
  local parts = {}
  for _, cost in ipairs(costs or {}) do
    parts[#parts + 1] = ('%.4f %s'):format(cost.amount, cost.currency)
  end
  return #parts > 0 and table.concat(parts, ', ') or 'unknown'
end

---@param name string
---@param row table
---@return string
local function usage_row(name, row)
  return ('| %s | %d | %d | %d | %d | %s |'):format(
    name,
    row.calls,
    row.errors,
    row.inputTokens,
    row.outputTokens,
    money(row.cost)
  )
end

--- `:Halley usage [by]`: by `model` unless another dimension is named.
---@param words string[]
function M.usage(words)
  local by = words[1] or 'model'
  client.request('halley/usage', { by = { by } }, function(report)
    local head = ('| %s | calls | errors | tokens in | tokens out | cost |'):format(by)
    local lines = { head, '|---|---|---|---|---|---|' }
    for _, row in ipairs(report.rows) do
      lines[#lines + 1] = usage_row(tostring(row[by] or ''), row)
    end
    lines[#lines + 1] = usage_row('**all**', report.totals)
    require('halley.answers').report('Halley usage', lines)
  end)
end

---@return string[]
function M.dimensions()
  return { 'day', 'feature', 'model', 'month', 'provider', 'status', 'workspace' }
end

---@param value any
---@param indent string
---@param lines string[]
local function outline(value, indent, lines)
  for key, inner in vim.spairs(value) do
    if type(inner) == 'table' then
      lines[#lines + 1] = ('%s- %s'):format(indent, key)
      outline(inner, indent .. '  ', lines)
    else
      lines[#lines + 1] = ('%s- %s: `%s`'):format(indent, key, tostring(inner))
    end
  end
end

--- `:Halley doctor`: what is wrong first, then everything else.
function M.doctor()
  client.request('halley/doctor', vim.empty_dict(), function(report)
    local lines = {}
    for _, problem in ipairs(report.problems) do
      lines[#lines + 1] = ('- **%s** %s'):format(problem.message, problem.help or '')
    end
    if #lines == 0 then
      lines[1] = 'Nothing is wrong.'
    end
    vim.list_extend(lines, { '', '## Everything', '' })
    report.problems = nil
    outline(report, '', lines)
    require('halley.answers').report('Halley doctor', lines)
  end)
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
