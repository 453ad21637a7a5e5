--- The workspace searched, into the quickfix list; and its index.
local M = {}

local client = require('halley.client')

---@param hit halley.SearchHit
---@return table
local function item(hit)
  local first = vim.trim(hit.text):match('[^\n]*')
  return {
    filename = vim.uri_to_fname(hit.uri),
    lnum = hit.range.start.line + 1,
    end_lnum = hit.range['end'].line + 1,
    col = 1,
    text = hit.symbol and ('%s · %s'):format(hit.symbol, first) or first,
  }
end

--- `:Halley search words`
---@param words string[]
function M.search(words)
  local query = table.concat(words, ' ')
  if query == '' then
    vim.ui.input({ prompt = 'Search: ' }, function(said)
      if said and said ~= '' then
        M.search({ said })
      end
    end)
    return
  end
  client.request('halley/search', { query = query, uri = client.place() }, function(result)
    for _, notice in ipairs(result.notices) do
      vim.notify('Halley: ' .. notice)
    end
    if #result.hits == 0 then
      local more = result.state ~= 'ready' and (' The index is incomplete (%s).'):format(result.state) or ''
      return vim.notify(('Halley: nothing was found for “%s”.%s'):format(query, more))
    end
    vim.fn.setqflist({}, ' ', { title = 'Halley search: ' .. query, items = vim.tbl_map(item, result.hits) })
    vim.cmd('botright copen')
  end)
end

---@param estimate halley.EmbedEstimate
---@return string
local function costs(estimate)
  local cost = estimate.cost
  local price = cost.source == 'unknown' and 'at an unknown price' or ('for %.4f %s'):format(cost.amount, cost.currency)
  return ('%d pieces, %d tokens, %s %s'):format(estimate.chunks, estimate.tokens, estimate.model, price)
end

---@param status halley.IndexStatus
local function show(status)
  if status.state == 'off' then
    return vim.notify('Halley: there is no index: no folder is open, or `search.enabled` is off.')
  end
  local lines = {
    ('- state: %s'):format(status.state),
    ('- files: %d of %d'):format(status.indexed or 0, status.files or 0),
    ('- pieces: %d, %d of them embedded%s'):format(
      status.chunks or 0,
      status.embedded or 0,
      status.embedModel and ' by ' .. status.embedModel or ''
    ),
    ('- on disk: %.1f MB'):format((status.bytes or 0) / 1e6),
  }
  if status.problem then
    table.insert(lines, 1, ('**%s** %s'):format(status.problem.message, status.problem.help))
  end
  require('halley.answers').report('Halley index', lines)
end

---@param action string
local function control(action)
  client.request('halley/index/control', { action = action, uri = client.place() }, function(status)
    local paused = status.paused and 'paused' or status.state
    vim.notify(('Halley: the index is %s (%d of %d files).'):format(paused, status.indexed or 0, status.files or 0))
  end)
end

--- `:Halley index [pause|resume|rebuild|embed|decline]`; without a word how far it is, and the question it may have.
---@param words string[]
function M.index(words)
  if words[1] then
    return control(words[1])
  end
  client.request('halley/index/status', { uri = client.place() }, function(status)
    if not status.estimate then
      return show(status)
    end
    vim.ui.select({ 'embed', 'decline', 'later' }, {
      prompt = 'Search by meaning: embed ' .. costs(status.estimate) .. '?',
    }, function(choice)
      if choice and choice ~= 'later' then
        control(choice)
      end
    end)
  end)
end

---@return string[]
function M.complete()
  return { 'decline', 'embed', 'pause', 'rebuild', 'resume' }
end

return M
