--- The user's own prompts and pipelines.
local M = {}

local client = require('halley.client')

local WAIT_MS = 5000

---@param uri string
---@return string
local function scope(uri)
  return vim.startswith(uri, 'file:///') and uri or vim.uri_from_fname(vim.fn.getcwd())
end

--- Asks for the inputs that have no value of their own, one after the other.
---@param macro halley.Macro
---@param names string[]
---@param inputs table<string, any>
---@param done fun(inputs: table<string, any>)
local function ask_inputs(macro, names, inputs, done)
  local name = table.remove(names, 1)
  if not name then
    return done(inputs)
  end
  local input = macro.inputs[name]
  vim.ui.input({ prompt = (input.description or name) .. ': ', default = input.default }, function(said)
    if said then
      inputs[name] = said
      ask_inputs(macro, names, inputs, done)
    end
  end)
end

---@param macro halley.Macro
---@param place halley.Place
---@param instruction string
---@param resume boolean Its last run, where a step failed
local function run(macro, place, instruction, resume)
  local actions = require('halley.edits.actions')
  local names = resume and {} or vim.fn.sort(vim.tbl_keys(macro.inputs))
  ask_inputs(macro, names, {}, function(inputs)
    if instruction ~= '' then
      inputs.instruction = instruction
    end
    client.with(place.buf, function(lsp)
      client.request('halley/macros/run', {
        name = macro.name,
        textDocument = actions.document(place),
        range = actions.range(place, lsp.offset_encoding),
        inputs = next(inputs) and inputs or nil,
        resume = resume and 'last' or nil,
      }, actions.settle, { buf = place.buf })
    end)
  end)
end

--- `:Halley macro [name [instruction]]` on a range; without a name it is asked. With `!` its last run is
--- resumed where a step failed.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.run(words, arguments)
  local place = require('halley.edits.actions').place(arguments)
  local uri = scope(vim.uri_from_bufnr(place.buf))
  client.request('halley/macros/list', { uri = uri }, function(listing)
    local instruction = table.concat(words, ' ', 2)
    for _, macro in ipairs(listing.macros) do
      if macro.name == words[1] then
        return run(macro, place, instruction, arguments.bang)
      end
    end
    if words[1] or #listing.macros == 0 then
      local what = words[1] and ('there is no macro `%s`.'):format(words[1]) or 'there is no macro yet.'
      return vim.notify(('Halley: %s Write [macros.name] in config.toml.'):format(what), vim.log.levels.ERROR)
    end
    vim.ui.select(listing.macros, {
      prompt = 'Macro',
      format_item = function(macro)
        return macro.description ~= '' and ('%s · %s'):format(macro.name, macro.description) or macro.name
      end,
    }, function(macro)
      if macro then
        run(macro, place, '', arguments.bang)
      end
    end)
  end, { buf = place.buf })
end

---@param words string[]
---@return string[]
function M.complete(words)
  local lsp = client.of()
  if #words > 0 or not lsp then
    return {}
  end
  local answer = lsp:request_sync('halley/macros/list', { uri = scope(vim.uri_from_bufnr(0)) }, WAIT_MS)
  return vim.tbl_map(function(macro)
    return macro.name
  end, answer and answer.result and answer.result.macros or {})
end

return M
