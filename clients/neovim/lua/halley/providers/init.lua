--- Providers: which there are, whether they answer, and their keys.
local M = {}

local client = require('halley.client')

local WAIT_MS = 5000

local KEY_WORDS = {
  present = 'key present',
  missing = 'key missing',
  otherOrigin = 'key entered for another address',
  notNeeded = 'no key needed',
}

---@param status string
---@return string
function M.key_words(status)
  return KEY_WORDS[status] or status
end

---@param found halley.Verified
---@param id string
---@return string[]
local function lines_of(found, id)
  local lines = { ('## %s: %s'):format(id, found.ok and 'works' or 'does not work'), '' }
  for _, step in ipairs(found.steps) do
    local took = step.ms and (' (%.0f ms)'):format(step.ms) or ''
    lines[#lines + 1] = ('- %s %s%s'):format(step.ok and '✓' or '✗', step.name, took)
    if step.problem then
      lines[#lines + 1] = ('  %s %s'):format(step.problem.message, step.problem.help)
    end
  end
  if found.model then
    lines[#lines + 1] = ('- asked `%s`'):format(found.model)
  end
  lines[#lines + 1] = ''
  return lines
end

---@param ids string[]
local function verify(ids)
  local lines, left = {}, #ids
  local function add(more)
    vim.list_extend(lines, more)
    left = left - 1
    if left == 0 then
      require('halley.answers').report('Halley verify', lines)
    end
  end
  for _, id in ipairs(ids) do
    client.request('halley/providers/verify', { provider = id }, function(found)
      add(lines_of(found, id))
    end, {
      on_error = function(err)
        add({ ('## %s: %s'):format(id, err.message), '' })
      end,
    })
  end
end

--- `:Halley verify [provider …]`: key, catalogue and first token, step by step.
---@param words string[]
function M.verify(words)
  if #words > 0 then
    return verify(words)
  end
  client.request('halley/providers/list', vim.empty_dict(), function(listing)
    if #listing.providers == 0 then
      return vim.notify('Halley: no provider is configured; `:Halley provider` adds one.', vim.log.levels.WARN)
    end
    verify(vim.tbl_map(function(provider)
      return provider.id
    end, listing.providers))
  end)
end

---@param provider string
local function set_key(provider)
  local key = vim.fn.inputsecret(('Key for %s: '):format(provider))
  if key == '' then
    return
  end
  client.request('halley/secrets/set', { provider = provider, key = key, store = 'keyring' }, function()
    vim.notify(('Halley: the key for %s was stored.'):format(provider))
  end)
end

---@param provider halley.Provider
local function ask_what(provider)
  local choices = { 'Verify' }
  if provider.key.status ~= 'notNeeded' then
    vim.list_extend(choices, { 'Set the key', 'Forget the key' })
  end
  vim.ui.select(choices, { prompt = provider.label }, function(choice)
    if choice == 'Verify' then
      verify({ provider.id })
    elseif choice == 'Set the key' then
      set_key(provider.id)
    elseif choice == 'Forget the key' then
      client.request('halley/secrets/remove', { provider = provider.id }, function()
        vim.notify(('Halley: the key for %s was removed.'):format(provider.id))
      end)
    end
  end)
end

---@param preset halley.PresetRow
local function add(preset)
  client.request('halley/providers/save', { id = preset.id, preset = preset.id }, function()
    vim.notify(('Halley: %s is configured.'):format(preset.label))
    if preset.keyNeeded then
      set_key(preset.id)
    end
  end)
end

---@param one halley.Provider|halley.PresetRow
---@return string
local function line(one)
  if one.key then
    return ('%s · %s · %s'):format(one.label, M.key_words(one.key.status), one.baseUrl)
  end
  return ('Add %s'):format(one.label) .. (one.about and ' · ' .. one.about or '')
end

--- `:Halley provider [id]`: those configured, then those that can be added.
---@param words string[]
function M.pick(words)
  client.request('halley/providers/list', vim.empty_dict(), function(listing)
    local all = vim.list_extend(vim.deepcopy(listing.providers), listing.presets)
    if words[1] then
      all = vim.tbl_filter(function(one)
        return one.id == words[1]
      end, all)
      if #all == 0 then
        return vim.notify(('Halley: there is no provider %s.'):format(words[1]), vim.log.levels.ERROR)
      end
      return all[1].key and ask_what(all[1]) or add(all[1])
    end
    vim.ui.select(all, { prompt = 'Provider', format_item = line }, function(chosen)
      if chosen and chosen.key then
        ask_what(chosen)
      elseif chosen then
        add(chosen)
      end
    end)
  end)
end

---@return string[]
function M.complete()
  local lsp = client.of()
  local answer = lsp and lsp:request_sync('halley/providers/list', vim.empty_dict(), WAIT_MS)
  return vim.tbl_map(function(provider)
    return provider.id
  end, answer and answer.result and answer.result.providers or {})
end

return M
