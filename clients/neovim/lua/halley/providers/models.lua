--- Choosing a model: the role, then the model, then how far the choice reaches.
local M = {}

local client = require('halley.client')

local WAIT_MS = 5000
local ROLES = { 'chat', 'edit', 'complete', 'fast', 'next', 'embed', 'image', 'speech', 'transcribe', 'video' }
local SCOPES = {
  { name = 'workspace', label = 'this workspace' },
  { name = 'user', label = 'everywhere' },
  { name = 'session', label = 'until Neovim ends' },
}

---@param count integer
---@return string
local function tokens(count)
  return count >= 1000 and ('%gk'):format(math.floor(count / 1000)) or tostring(count)
end

---@param price halley.Price
---@return string
local function price_text(price)
  if price.perRequest then
    return ('%g %s a call'):format(price.perRequest, price.currency)
  end
  return ('%g / %g %s per million'):format(price.input or 0, price.output or 0, price.currency)
end

--- A model as the picker shows it: its name, context, price and abilities.
---@param model halley.Model
---@return string
function M.line(model)
  local parts = { model.id }
  if model.context then
    parts[#parts + 1] = tokens(model.context) .. ' context'
  end
  if model.price then
    parts[#parts + 1] = price_text(model.price)
  end
  local abilities = {}
  for name, value in vim.spairs(model.capabilities or {}) do
    if value == true then
      abilities[#abilities + 1] = name
    end
  end
  if #abilities > 0 then
    parts[#parts + 1] = table.concat(abilities, ' ')
  end
  for _, mark in ipairs({ 'deprecated', 'favourite', 'recent' }) do
    if model[mark] then
      parts[#parts + 1] = mark
    end
  end
  return table.concat(parts, ' · ')
end

---@param role string
---@param route string[]
---@param scope string
---@param uri string
---@param buf integer
local function choose(role, route, scope, uri, buf)
  local asked = { role = role, route = route, scope = scope, uri = uri }
  client.request('halley/models/select', asked, function(selection)
    local chosen = selection.roles[role]
    local text = ('%s asks %s (%s).'):format(role, table.concat(chosen.route, ', then '), chosen.scope)
    local kept = vim.tbl_filter(function(other)
      return selection.roles[other] and selection.roles[other].scope == 'default'
    end, role == 'chat' and { 'complete', 'fast' } or {})
    if #kept > 0 then -- on the same line: Neovim waits for <Enter> after a second one
      text = ('%s Unchanged: %s.'):format(text, table.concat(kept, ', '))
    end
    vim.notify('Halley: ' .. text)
  end, { buf = buf })
end

---@param role string
---@param route string[]
---@param uri string
---@param buf integer
local function ask_scope(role, route, uri, buf)
  vim.ui.select(SCOPES, {
    prompt = ('%s for %s'):format(route[1], role),
    format_item = function(scope)
      return scope.label
    end,
  }, function(scope)
    if scope then
      choose(role, route, scope.name, uri, buf)
    end
  end)
end

--- A model that takes an effort of thinking is picked with one: `openai/gpt-5:high`.
---@param model halley.Model
---@param picked fun(id: string)
local function ask_effort(model, picked)
  if not (model.capabilities or {}).effort then
    return picked(model.id)
  end
  vim.ui.select({ '', ':minimal', ':low', ':medium', ':high' }, {
    prompt = 'Reasoning effort of ' .. model.id,
    format_item = function(effort)
      return effort == '' and "the model's own" or effort:sub(2)
    end,
  }, function(effort)
    if effort then
      picked(model.id .. effort)
    end
  end)
end

---@param role string
---@param uri string
---@param buf integer
local function ask_model(role, uri, buf)
  client.request('halley/models/list', { role = role }, function(listing)
    for _, problem in ipairs(listing.problems) do
      vim.notify(('Halley: %s %s'):format(problem.message, problem.help), vim.log.levels.WARN)
    end
    if #listing.models == 0 then
      return vim.notify('Halley: no model is known for ' .. role .. '; see :Halley doctor.')
    end
    vim.ui.select(listing.models, { prompt = 'Model for ' .. role, format_item = M.line }, function(model)
      if model then
        ask_effort(model, function(id)
          ask_scope(role, { id }, uri, buf)
        end)
      end
    end)
  end, { buf = buf })
end

---@param uri string
---@param buf integer
local function ask_role(uri, buf)
  client.request('halley/models/selection', { uri = uri }, function(selection)
    local roles = vim.fn.sort(vim.tbl_keys(selection.roles))
    for _, role in ipairs(ROLES) do
      if not vim.list_contains(roles, role) then
        roles[#roles + 1] = role
      end
    end
    vim.ui.select(roles, {
      prompt = 'Role',
      format_item = function(role)
        local chosen = selection.roles[role]
        return ('%-10s %s'):format(
          role,
          chosen and ('%s (%s)'):format(chosen.route[1], chosen.source) or 'none is chosen'
        )
      end,
    }, function(role)
      if role then
        ask_model(role, uri, buf)
      end
    end)
  end, { buf = buf })
end

--- `:Halley model [role [model [scope]]]`; what is left out is asked.
---@param words string[]
function M.pick(words)
  local buf = vim.api.nvim_get_current_buf()
  local uri = vim.uri_from_bufnr(buf)
  local role, model, scope = words[1], words[2], words[3]
  if scope then
    choose(role, { model }, scope, uri, buf)
  elseif model then
    ask_scope(role, { model }, uri, buf)
  elseif role then
    ask_model(role, uri, buf)
  else
    ask_role(uri, buf)
  end
end

---@param words string[]
---@return string[]
function M.complete(words)
  if #words == 0 then
    return ROLES
  elseif #words == 2 then
    return { 'session', 'user', 'workspace' }
  end
  local lsp = client.of()
  local answer = lsp and lsp:request_sync('halley/models/list', { role = words[1] }, WAIT_MS)
  return vim.tbl_map(function(model)
    return model.id
  end, answer and answer.result and answer.result.models or {})
end

return M
