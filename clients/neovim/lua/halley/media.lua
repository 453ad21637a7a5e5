--- Pictures and speech: begun here, made behind, saved into the workspace with a link where they were asked for.
local M = {}

local client = require('halley.client')

---@param path string
local function open(path)
  vim.ui.open(path)
end

---@param task halley.MediaTask
---@param result halley.MediaResult
---@param buf integer
local function save(task, result, buf)
  local params = { task = task.task, variant = result.variant, uri = vim.uri_from_bufnr(buf) }
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

---@param task halley.MediaTask
---@param buf integer
local function finished(task, buf)
  for _, notice in ipairs(task.notices) do
    vim.notify('Halley: ' .. notice)
  end
  if task.problem then
    return vim.notify(('Halley: %s %s'):format(task.problem.message, task.problem.help), vim.log.levels.ERROR)
  elseif task.text then
    return require('halley.answers').report('Transcription', vim.split(task.text, '\n'))
  elseif #task.results == 0 then
    return
  end
  local choices = {}
  for _, result in ipairs(task.results) do
    local number = #task.results > 1 and (' %d'):format(result.variant) or ''
    choices[#choices + 1] = { act = 'save', result = result, text = ('Save%s as %s'):format(number, result.proposed) }
    choices[#choices + 1] = { act = 'open', result = result, text = ('Open%s'):format(number) }
  end
  vim.ui.select(choices, {
    prompt = task.title,
    format_item = function(choice)
      return choice.text
    end,
  }, function(choice)
    if choice and choice.act == 'save' then
      save(task, choice.result, buf)
    elseif choice then
      open(choice.result.path)
    end
  end)
end

---@param params table
---@param place halley.Place
local function start(params, place)
  client.with(place.buf, function(lsp)
    local actions = require('halley.actions')
    if place.whole or params.kind == 'image' then
      params.textDocument, params.range = actions.document(place), actions.range(place, lsp.offset_encoding)
    end
    params.uri = vim.uri_from_bufnr(place.buf)
    vim.notify('Halley: begun.')
    client.request('halley/media/start', params, function(task)
      finished(task, place.buf)
    end, { buf = place.buf })
  end)
end

--- `:[range]Halley image [words]`: a picture of what the words, else the lines say.
---@param words string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.image(words, arguments)
  local place = require('halley.actions').place(arguments)
  local prompt = #words > 0 and table.concat(words, ' ') or nil
  if prompt or place.whole then
    return start({ kind = 'image', prompt = prompt }, place)
  end
  vim.ui.input({ prompt = 'Picture: ' }, function(said)
    if said and said ~= '' then
      start({ kind = 'image', prompt = said }, place)
    end
  end)
end

--- `:[range]Halley speak`: the lines read aloud; in a chat the reply at the cursor.
---@param _ string[]
---@param arguments vim.api.keyset.create_user_command.command_args
function M.speak(_, arguments)
  local place = require('halley.actions').place(arguments)
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
