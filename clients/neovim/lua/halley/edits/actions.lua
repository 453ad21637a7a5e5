--- What is done to code: an action of the daemon's on a range, its edit applied, its answer shown.
local M = {}

local client = require('halley.client')

---@class halley.Place
---@field buf integer
---@field first integer From 1
---@field last integer From 1
---@field whole boolean Whether lines were named; else it is about the cursor

--- Where a command was given: its lines, else the cursor.
---@param arguments vim.api.keyset.create_user_command.command_args
---@return halley.Place
function M.place(arguments)
  return {
    buf = vim.api.nvim_get_current_buf(),
    first = arguments.line1,
    last = arguments.line2,
    whole = arguments.range > 0,
  }
end

---@param place halley.Place
---@param encoding string
---@return lsp.Range
function M.range(place, encoding)
  if not place.whole then
    local params = vim.lsp.util.make_position_params(0, encoding)
    return { start = params.position, ['end'] = params.position }
  end
  local text = vim.api.nvim_buf_get_lines(place.buf, place.last - 1, place.last, false)[1] or ''
  local finish = vim.str_utfindex(text, encoding, #text)
  return {
    start = { line = place.first - 1, character = 0 },
    ['end'] = { line = place.last - 1, character = finish },
  }
end

---@param place halley.Place
---@return lsp.Diagnostic[]
local function diagnostics(place)
  local found = {}
  for line = place.first - 1, place.last - 1 do
    vim.list_extend(found, vim.diagnostic.get(place.buf, { lnum = line }))
  end
  return vim.lsp.diagnostic.from(found)
end

--- Reports how an action ended where nothing else shows it.
---@param outcome halley.Outcome
function M.settle(outcome)
  if outcome.resume then
    local text = 'Halley: a step of `%s` failed; `:Halley! macro %s` resumes it there.'
    vim.notify(text:format(outcome.resume.macro, outcome.resume.macro), vim.log.levels.WARN)
  elseif outcome.proposal then
    vim.notify('Halley: a proposal waits for your approval: `:Halley accept`, `:Halley discard`.')
  elseif outcome.media then
    require('halley.media').finished(outcome.media, vim.api.nvim_get_current_buf())
  elseif outcome.applied and outcome.edits == 0 then
    vim.notify('Halley: nothing to change.')
  end
end

---@param place halley.Place
---@return lsp.VersionedTextDocumentIdentifier
function M.document(place)
  return { uri = vim.uri_from_bufnr(place.buf), version = vim.lsp.util.buf_versions[place.buf] }
end

--- Runs an action of the daemon's table.
---@param action string
---@param place halley.Place
---@param instruction? string
function M.run(action, place, instruction)
  client.with(place.buf, function(lsp)
    local argument = {
      action = action,
      textDocument = M.document(place),
      range = M.range(place, lsp.offset_encoding),
      instruction = instruction or '',
    }
    if action == 'fix' then
      argument.diagnostics = diagnostics(place)
    end
    client.execute('halley.run', argument, M.settle, { buf = place.buf })
  end)
end

--- Edits a range as the instruction says; what the model writes is seen below it meanwhile.
---@param place halley.Place
---@param instruction string
function M.edit(place, instruction)
  if instruction == '' then
    vim.ui.input({ prompt = 'Edit: ' }, function(said)
      if said and said ~= '' then
        M.edit(place, said)
      end
    end)
    return
  end
  client.with(place.buf, function(lsp)
    local preview = require('halley.edits.preview').open(place.buf, place.last - 1)
    client.request('halley/edit', {
      textDocument = M.document(place),
      range = M.range(place, lsp.offset_encoding),
      instruction = instruction,
    }, function(outcome)
      preview.close()
      M.settle(outcome)
    end, {
      buf = place.buf,
      on_events = preview.add,
      on_error = function(err)
        preview.close()
        client.tell(err)
      end,
    })
  end)
end

--- `:Halley explain` and its kind: an action by the command's name.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
---@param row halley.Subcommand
function M.act(words, arguments, row)
  M.run(row.name, M.place(arguments), table.concat(words, ' '))
end

--- `:Halley edit [words]`
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.edit_words(words, arguments)
  M.edit(M.place(arguments), table.concat(words, ' '))
end

--- `halley.run` as code actions carry it: asks for the instruction where one is needed.
---@param command lsp.Command
---@param context { bufnr: integer }
function M.on_command(command, context)
  local argument = vim.deepcopy(command.arguments[1])
  local function send(instruction)
    argument.instruction = instruction
    client.execute('halley.run', argument, M.settle, { buf = context.bufnr })
  end
  if not argument.needsInstruction then
    return send(argument.instruction)
  end
  vim.ui.input({ prompt = command.title .. ': ' }, function(said)
    if said and said ~= '' then
      send(said)
    end
  end)
end

return M
