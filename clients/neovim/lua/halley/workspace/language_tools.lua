--- What the other language servers of Neovim know, for an agent: a server cannot ask another.
local M = {}

local WAIT_MS, SETTLE_MS, QUIET_MS = 10000, 2000, 200

local METHODS = {
  definitions = 'textDocument/definition',
  references = 'textDocument/references',
  hover = 'textDocument/hover',
  symbols = 'workspace/symbol',
  rename = 'textDocument/rename',
  actions = 'textDocument/codeAction',
}

---@param uri string?
---@return integer? buf Of a file that is open
local function loaded(uri)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if uri and vim.api.nvim_buf_is_loaded(buf) and vim.uri_from_bufnr(buf) == uri then
      return buf
    end
  end
end

---@param buf integer
---@return table[]
local function diagnostics(buf)
  local own = {}
  for _, client in ipairs(vim.lsp.get_clients({ name = 'halley' })) do
    own[vim.lsp.diagnostic.get_namespace(client.id)] = true
  end
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buf)) do
    if not own[one.namespace] then
      table.insert(found, {
        range = {
          start = { line = one.lnum, character = one.col },
          ['end'] = { line = one.end_lnum or one.lnum, character = one.end_col or one.col },
        },
        message = one.message,
        severity = one.severity,
        source = one.source,
      })
    end
  end
  return found
end

--- Until diagnostics of a buffer have changed and are quiet, or for two seconds.
---@param buf integer
local function settle(buf)
  local others = vim.tbl_filter(function(client)
    return client.name ~= 'halley'
  end, vim.lsp.get_clients({ bufnr = buf }))
  if #others == 0 then
    return
  end
  local thread, timer, done = assert(coroutine.running()), assert(vim.uv.new_timer()), false
  local group = vim.api.nvim_create_augroup('halley.settle.' .. tostring(timer), {})
  local finish = vim.schedule_wrap(function()
    if not done then
      done = true
      timer:close()
      vim.api.nvim_del_augroup_by_id(group)
      coroutine.resume(thread)
    end
  end)
  vim.api.nvim_create_autocmd('DiagnosticChanged', {
    group = group,
    buffer = buf,
    callback = function()
      if not done then
        timer:stop()
        timer:start(QUIET_MS, 0, finish)
      end
    end,
  })
  timer:start(SETTLE_MS, 0, finish)
  coroutine.yield()
end

--- A position of ours as another client counts it.
---@param buf integer
---@param position lsp.Position
---@param from string
---@param to string
---@return lsp.Position
local function converted(buf, position, from, to)
  if from == to then
    return position
  end
  local line = vim.api.nvim_buf_get_lines(buf, position.line, position.line + 1, false)[1] or ''
  local byte = vim.str_byteindex(line, from, position.character, false)
  return { line = position.line, character = vim.str_utfindex(line, to, byte, false) }
end

--- The results of the clients, as far as they answer in time.
---@param clients vim.lsp.Client[]
---@param method string
---@param buf integer?
---@param params_for fun(client: vim.lsp.Client): table
---@return any[] results
---@return vim.lsp.Client[] answered Whose results they are
local function ask(clients, method, buf, params_for)
  local thread, results, left, waits = assert(coroutine.running()), {}, #clients, false
  local who = {}
  local function answered()
    left = left - 1
    if left == 0 and waits then
      waits = false
      coroutine.resume(thread)
    end
  end
  for _, client in ipairs(clients) do
    local sent = client:request(method, params_for(client), function(_, result)
      if result ~= nil and result ~= vim.NIL then
        table.insert(results, result)
        table.insert(who, client)
      end
      answered()
    end, buf)
    if not sent then
      left = left - 1
    end
  end
  if left > 0 then
    waits = true
    vim.defer_fn(function()
      if waits then
        waits = false
        coroutine.resume(thread)
      end
    end, WAIT_MS)
    coroutine.yield()
  end
  return results, who
end

--- The results of all other clients that know the method.
---@param method string
---@param buf integer?
---@param params_for fun(client: vim.lsp.Client): table
---@return any[] results
---@return vim.lsp.Client[] answered Whose results they are
local function ask_all(method, buf, params_for)
  local clients = vim.tbl_filter(function(client)
    return client.name ~= 'halley'
  end, vim.lsp.get_clients({ bufnr = buf, method = method }))
  return ask(clients, method, buf, params_for)
end

---@param result any Location, LocationLink, or a list of symbols
---@param into table[]
local function add_locations(result, into)
  if type(result) ~= 'table' then
    return
  end
  for _, one in ipairs(vim.islist(result) and result or { result }) do
    local at = one.location or one
    local uri, range = at.uri or at.targetUri, at.range or at.targetSelectionRange
    if uri and range then
      table.insert(into, { uri = uri, range = range, name = one.name })
    end
  end
end

---@param result any
---@return string
local function hover_text(result)
  if type(result) ~= 'table' or not result.contents then
    return ''
  end
  return table.concat(vim.lsp.util.convert_input_to_markdown_lines(result.contents), '\n')
end

--- The text edits of a WorkspaceEdit by file, and why they cannot be all of it.
---@param edit table
---@return table<string, table[]>? by_uri
---@return string? problem
local function flattened(edit)
  if not edit.documentChanges then
    return edit.changes or {}
  end
  local by_uri = {}
  for _, one in ipairs(edit.documentChanges) do
    if one.kind then
      return nil, 'it also creates, moves or deletes files'
    end
    local uri, version = one.textDocument.uri, one.textDocument.version
    local buf = loaded(uri)
    if buf and type(version) == 'number' and version < vim.lsp.util.buf_versions[buf] then
      return nil, 'a file changed meanwhile'
    end
    by_uri[uri] = vim.list_extend(by_uri[uri] or {}, one.edits)
  end
  return by_uri
end

--- Edits of a file with ranges as we count them. Raises an error for a range that is not in the file.
---@param uri string
---@param edits table[]
---@param from string
---@param to string
---@return table[]
local function recounted(uri, edits, from, to)
  if from == to then
    return edits
  end
  local buf = loaded(uri)
  local lines = buf and vim.api.nvim_buf_get_lines(buf, 0, -1, true) or vim.fn.readfile(vim.uri_to_fname(uri))
  local function place(position)
    local line = lines[position.line + 1]
    if not line then -- the end of the text
      return position
    end
    local byte = vim.str_byteindex(line, from, position.character, true)
    return { line = position.line, character = vim.str_utfindex(line, to, byte, true) }
  end
  return vim.tbl_map(function(one)
    return {
      range = { start = place(one.range.start), ['end'] = place(one.range['end']) },
      newText = one.newText,
    }
  end, edits)
end

--- The first server's edits; nothing is changed here.
---@param results any[]
---@param answered vim.lsp.Client[]
---@param own string
---@return table
local function edits_of(results, answered, own)
  for index, result in ipairs(results) do
    local by_uri, problem = flattened(result)
    if not by_uri then
      return { text = problem }
    end
    local edits = {}
    for uri, some in pairs(by_uri) do
      local fits, counted = pcall(recounted, uri, some, answered[index].offset_encoding, own)
      if not fits then
        return { text = 'its edits do not fit the text' }
      end
      table.insert(edits, { uri = uri, edits = counted })
    end
    if #edits > 0 then
      table.sort(edits, function(a, b)
        return a.uri < b.uri
      end)
      return { edits = edits }
    end
  end
  return vim.empty_dict()
end

--- An action with its edit, which servers may send only when asked for it.
---@param action table
---@param client vim.lsp.Client
---@param buf integer
---@return table
local function resolved(action, client, buf)
  if action.edit or action.disabled or not client:supports_method('codeAction/resolve', buf) then
    return action
  end
  local results = ask({ client }, 'codeAction/resolve', buf, function()
    return action
  end)
  return results[1] or action
end

--- Whether it is a Command, or an action that only runs one.
---@param action table
---@return boolean
local function runs(action)
  return type(action.command) == 'string' or (action.command ~= nil and not action.edit and action.data == nil)
end

--- The code actions of all servers, or the edits of the one that is asked for; nothing is run.
---@param title string?
---@param results any[]
---@param answered vim.lsp.Client[]
---@param own string
---@param buf integer
---@return table
local function code_actions(title, results, answered, own, buf)
  local listed = {}
  for index, actions in ipairs(results) do
    for _, action in ipairs(actions) do
      if action.title == title then
        local whole = runs(action) and action or resolved(action, answered[index], buf)
        if not whole.edit then
          return { text = whole.disabled and whole.disabled.reason or 'it runs a command instead of editing' }
        end
        return edits_of({ whole.edit }, { answered[index] }, own)
      elseif not action.disabled then
        table.insert(listed, { title = action.title, kind = action.kind, runs = runs(action) })
      end
    end
  end
  return title and vim.empty_dict() or { actions = listed }
end

--- What a code action may be about: the client's diagnostics of the line.
---@param client vim.lsp.Client
---@param buf integer
---@param line integer
---@return lsp.CodeActionContext
local function action_context(client, buf, line)
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buf, { lnum = line })) do
    local said = one.user_data and one.user_data.lsp
    if said and one.namespace == vim.lsp.diagnostic.get_namespace(client.id) then
      table.insert(found, said)
    end
  end
  return { diagnostics = found, triggerKind = 1 }
end

--- The handler of `halley/language/ask`. Neovim runs it in a coroutine, and the answer goes out when that ends.
---@param params halley.LanguageToolsParams
function M.on_ask(_, params, context)
  local uri = params.textDocument and params.textDocument.uri
  local buf = loaded(uri)
  if params.kind == 'diagnostics' then
    if buf and params.settle then
      settle(buf)
    end
    return { diagnostics = buf and diagnostics(buf) or {} }
  end
  if params.kind ~= 'symbols' and not buf then
    return vim.empty_dict()
  end
  local own = assert(vim.lsp.get_client_by_id(context.client_id)).offset_encoding
  local results, answered = ask_all(METHODS[params.kind], buf, function(client)
    if params.kind == 'symbols' then
      return { query = params.query or '' }
    end
    local at = converted(buf --[[@as integer]], params.position, own, client.offset_encoding)
    if params.kind == 'actions' then
      local context_of = action_context(client, buf --[[@as integer]], at.line)
      return { textDocument = { uri = uri }, range = { start = at, ['end'] = at }, context = context_of }
    end
    return {
      textDocument = { uri = uri },
      position = at,
      context = params.kind == 'references' and { includeDeclaration = true } or nil,
      newName = params.newName,
    }
  end)
  if params.kind == 'rename' then
    return edits_of(results, answered, own)
  end
  if params.kind == 'actions' then
    return code_actions(params.title, results, answered, own, buf --[[@as integer]])
  end
  if params.kind == 'hover' then
    return { text = vim.trim(table.concat(vim.tbl_map(hover_text, results), '\n\n')) }
  end
  local locations = {}
  for _, result in ipairs(results) do
    add_locations(result, locations)
  end
  return { locations = locations }
end

return M
