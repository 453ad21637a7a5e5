--- Partial results: a token for each request that streams, and who listens to it.
local M = {}

---@type table<string, fun(events: halley.Event[])>
local listeners = {}
local count = 0

--- A token whose events go to `listen` until it is closed.
---@param listen fun(events: halley.Event[])
---@return string
function M.open(listen)
  count = count + 1
  local token = 'halley.nvim/' .. count
  listeners[token] = listen
  return token
end

---@param token string?
function M.close(token)
  if token then
    listeners[token] = nil
  end
end

--- The handler of `$/progress`; false for a token that is none of ours.
function M.receive(_, params)
  local token = params.token
  if type(token) ~= 'string' or not vim.startswith(token, 'halley.nvim/') then
    return false
  end
  if listeners[token] then
    listeners[token](params.value)
  end
end

--- The handler of `halley/progress`: what `$/progress` brings, of several requests.
function M.receive_all(_, params)
  for _, one in ipairs(params.values) do
    M.receive(nil, one)
  end
end

return M
