--- What a workspace's `.halley.toml` and `AGENTS.md` ask for. Neovim's own `vim.secure.read` shows them, and what was
--- allowed there is what the daemon trusts: exactly that content, until it changes.
local M = {}

local client = require('halley.client')

---@type table<string, true>
local told = {}

---@param buf integer
---@return string
local function uri_of(buf)
  local uri = vim.uri_from_bufnr(buf)
  return vim.startswith(uri, 'file:///') and uri or vim.uri_from_fname(vim.fn.getcwd())
end

--- Says once for each root that something waits there. Asks nothing: a question is for who wants to be asked.
---@param lsp vim.lsp.Client
---@param buf integer
function M.look(lsp, buf)
  local root = lsp.root_dir or ''
  if told[root] then
    return
  end
  told[root] = true
  lsp:request('halley/trust/describe', { uri = uri_of(buf) }, function(err, asked)
    if not err and #asked.asks > 0 and not asked.trusted then
      local many = #asked.asks == 1 and 'one thing' or #asked.asks .. ' things'
      vim.notify(('Halley: this workspace asks for %s; `:Halley trust` shows them.'):format(many))
    end
  end)
end

--- Whether the user allows every file, as Neovim asks it (|trust|).
---@param files string[]
---@return boolean
local function allowed(files)
  for _, file in ipairs(files) do
    if not vim.secure.read(file) then
      vim.notify(('Halley: %s is not trusted, so nothing is granted.'):format(vim.fs.basename(file)))
      return false
    end
  end
  return true
end

---@param asked halley.TrustAsked
---@param buf integer
local function grant(asked, buf)
  if not allowed(asked.files) then
    return
  end
  client.request('halley/trust/grant', { hash = asked.hash, uri = uri_of(buf) }, function()
    vim.notify('Halley: trusted, until one of these files changes.')
  end, { buf = buf })
end

--- `:Halley trust`
function M.ask()
  local buf = vim.api.nvim_get_current_buf()
  client.request('halley/trust/describe', { uri = uri_of(buf) }, function(asked)
    if #asked.asks == 0 then
      return vim.notify('Halley: this workspace asks for nothing.')
    elseif asked.trusted then
      return vim.notify('Halley: this workspace is trusted as it is.')
    end
    local lines = { 'This workspace asks for:' }
    for _, line in ipairs(asked.asks) do
      lines[#lines + 1] = '- ' .. line
    end
    vim.ui.select({ 'Look at the files', 'Not now' }, { prompt = table.concat(lines, '\n') }, function(choice)
      if choice == 'Look at the files' then
        grant(asked, buf)
      end
    end)
  end, { buf = buf })
end

return M
