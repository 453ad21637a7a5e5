--- Pictures and speech: started here, made in the background, saved into the workspace with a link where they were
--- asked for.
local M = {}

local client = require('halley.client')

---@param task halley.MediaTask
---@param result halley.MediaResult
---@param buf integer
local function save(task, result, buf)
  local params = { task = task.task, variant = result.variant, uri = client.place(buf) }
  vim.ui.input({ prompt = 'Save as: ', default = result.proposed }, function(path)
    if not path or path == '' then
      return
    end
    params.path = path
    client.request('halley/media/save', params, function(saved)
      local link = saved.applied and ', with a link' or ''
      vim.notify(('Halley: saved as %s%s.'):format(saved.path, link))
    end, { buf = buf })
  end)
end

---@class halley.MediaChoice
---@field text string
---@field act fun()

--- What can be done with the results: each saved or opened; of a task that shows variants, one upscaled.
---@param task halley.MediaTask
---@param buf integer
---@return halley.MediaChoice[]
local function choices(task, buf)
  local found, worked_out = {}, {}
  local function add(text, act)
    found[#found + 1] = { text = text, act = act }
  end
  for _, result in ipairs(task.results) do
    worked_out[result.of or 0] = true
    local number = #task.results > 1 and (' %d'):format(result.variant) or ''
    if task.state == 'complete' then
      add(('Save%s as %s'):format(number, result.proposed), function()
        save(task, result, buf)
      end)
    end
    add('Open' .. number, function()
      vim.ui.open(result.path)
    end)
  end
  for variant = 1, task.choices or 0 do
    if not worked_out[variant] then
      add(('Work out variant %d'):format(variant), function()
        client.request('halley/media/choose', { task = task.task, variant = variant }, function(chosen)
          M.finished(chosen, buf)
        end, { buf = buf })
      end)
    end
  end
  return found
end

---@param prompt string
---@param found halley.MediaChoice[]
local function choose(prompt, found)
  vim.ui.select(found, {
    prompt = prompt,
    format_item = function(choice)
      return choice.text
    end,
  }, function(choice)
    if choice then
      choice.act()
    end
  end)
end

--- Reports how a task ended, and asks what to do with its results.
---@param task halley.MediaTask
---@param buf integer The buffer it was begun in
function M.finished(task, buf)
  for _, notice in ipairs(task.notices) do
    vim.notify('Halley: ' .. notice)
  end
  if task.problem then
    return vim.notify(('Halley: %s %s'):format(task.problem.message, task.problem.help), vim.log.levels.ERROR)
  elseif task.text then
    return require('halley.answers').report('Transcription', vim.split(task.text, '\n'))
  elseif #task.results > 0 then
    choose(task.title, choices(task, buf))
  end
end

---@param params table
---@param place halley.Place
local function start(params, place)
  client.with(place.buf, function(lsp)
    local actions = require('halley.edits.actions')
    local served = #vim.lsp.get_clients({ name = 'halley', bufnr = place.buf }) > 0 -- a chat is no document
    if served and (place.whole or params.kind ~= 'speech') then
      params.textDocument, params.range = actions.document(place), actions.range(place, lsp.offset_encoding)
    end
    params.uri = client.place(place.buf)
    vim.notify('Halley: started.')
    client.request('halley/media/start', params, function(task)
      M.finished(task, place.buf)
    end, { buf = place.buf })
  end)
end

--- `:[range]Halley image [words]` and `:[range]Halley video [words]`: of what the words, else the lines say.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
---@param row halley.Subcommand
function M.show(words, arguments, row)
  local place = require('halley.edits.actions').place(arguments)
  local prompt = table.concat(words, ' ')
  if prompt == '' and place.whole then
    prompt = table.concat(vim.api.nvim_buf_get_lines(place.buf, place.first - 1, place.last, false), '\n')
  end
  if prompt ~= '' then
    return start({ kind = row.name, prompt = prompt }, place)
  end
  vim.ui.input({ prompt = row.name == 'image' and 'Picture: ' or 'Video: ' }, function(said)
    if said and said ~= '' then
      start({ kind = row.name, prompt = said }, place)
    end
  end)
end

--- `:Halley transcribe file`: the words of a sound file; with `!` in English, whatever the language spoken.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.transcribe(words, arguments)
  local path = table.concat(words, ' ')
  if path == '' then
    return vim.ui.input({ prompt = 'Sound file: ', completion = 'file' }, function(said)
      if said and said ~= '' then
        M.transcribe({ said }, arguments)
      end
    end)
  end
  local source = vim.uri_from_fname(vim.fn.fnamemodify(vim.fs.normalize(path), ':p'))
  local kind = arguments.bang and 'translation' or 'transcription'
  start({ kind = kind, source = source }, require('halley.edits.actions').place(arguments))
end

---@param words string[]
---@return string[]
function M.complete_file(words)
  return #words == 0 and vim.fn.getcompletion('', 'file') or {}
end

---@param task halley.MediaTask
---@param buf integer
local function manage(task, buf)
  local function ask(method)
    return function()
      client.request(method, { task = task.task }, function() end, { buf = buf })
    end
  end
  local found = choices(task, buf)
  if task.problem or task.text then
    table.insert(found, 1, {
      text = 'Show',
      act = function()
        M.finished(task, buf)
      end,
    })
  end
  if task.state == 'queued' or task.state == 'running' or task.state == 'choosing' then
    found[#found + 1] = { text = 'Stop it', act = ask('halley/media/cancel') }
  else
    found[#found + 1] = { text = 'Forget it and its files', act = ask('halley/media/remove') }
  end
  choose(task.title, found)
end

--- `:Halley media`: the workspace's pictures, sounds and videos, those under way too.
function M.list()
  local buf = vim.api.nvim_get_current_buf()
  client.request('halley/media/list', { uri = client.place(buf) }, function(listing)
    if #listing.tasks == 0 then
      return vim.notify('Halley: this workspace has no results yet.')
    end
    local found = vim.tbl_map(function(task)
      local state = task.progress and ('%s %d %%'):format(task.state, task.progress * 100) or task.state
      return {
        text = ('%-13s %-9s %s'):format(task.kind, state, task.title),
        act = function()
          manage(task, buf)
        end,
      }
    end, listing.tasks)
    choose('Made here', found)
  end, { buf = buf })
end

--- `:[range]Halley speak`: the lines read aloud; in a chat the reply at the cursor.
---@param _ string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.speak(_, arguments)
  local place = require('halley.edits.actions').place(arguments)
  local reply = not place.whole and require('halley.chat').reply_at_cursor() or nil
  if reply then
    return start({ kind = 'speech', replyId = reply }, place)
  end
  local from, to = place.first - 1, place.last
  if not place.whole then
    from, to = 0, -1
  end
  local text = table.concat(vim.api.nvim_buf_get_lines(place.buf, from, to, false), '\n')
  start({ kind = 'speech', text = text }, { buf = place.buf, first = 1, last = 1, whole = false })
end

return M
