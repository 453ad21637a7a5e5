--- Halley as Neovim's LSP client sees it: how it is started, which capabilities it announces, who handles its messages.
local M = {}

---@param module string
---@param name string
---@return fun(...): any
local function later(module, name)
  return function(...)
    return require(module)[name](...)
  end
end

--- The handler of a method, unless Neovim's own is to have it: ours answers false then.
---@param method string
---@param ours fun(...): any
local function or_default(method, ours)
  return function(err, params, context)
    local answer = ours(err, params, context)
    if answer == false then
      return vim.lsp.handlers[method](err, params, context)
    end
    return answer
  end
end

--- The user's command, joined to the shared daemon where it is `halley serve` in some form.
---@param options halley.Options
---@return string[]
local function command(options)
  local cmd = vim.deepcopy(options.cmd)
  local serves = vim.list_contains(cmd, 'serve')
    and not vim.iter(cmd):any(function(word)
      return word == '--shared' or vim.startswith(word, '--pipe')
    end)
  return options.shared and serves and vim.list_extend(cmd, { '--shared' }) or cmd
end

---@return vim.lsp.Config
function M.config()
  local options = require('halley.options').get()
  return {
    cmd = command(options),
    root_markers = { '.halley.toml', '.git' },
    -- Neovim sends changes up to 150 ms late, and applies an edit that arrives meanwhile to text it was not made for.
    flags = { debounce_text_changes = 0 },
    root_dir = function(buf, use)
      if vim.api.nvim_buf_get_name(buf) ~= '' then
        use(vim.fs.root(buf, vim.lsp.config.halley.root_markers))
      end
    end,
    settings = { halley = options.settings },
    capabilities = {
      workspace = {
        textDocumentContent = { dynamicRegistration = false },
        workspaceEdit = { documentChanges = true },
      },
      experimental = {
        halley = {
          proposals = true,
          chat = true,
          secrets = false,
          tools = true,
          media = true,
          batchedProgress = true,
          inputs = true,
          saves = true,
          languageTools = true,
        },
      },
    },
    handlers = {
      ['$/progress'] = or_default('$/progress', later('halley.streams', 'receive')),
      ['halley/progress'] = later('halley.streams', 'receive_all'),
      ['window/showDocument'] = or_default('window/showDocument', later('halley.answers', 'on_show')),
      ['halley/tools/approve'] = later('halley.workspace.tools', 'on_approve'),
      ['halley/tools/ask'] = later('halley.workspace.tools', 'on_ask'),
      ['halley/agent/save'] = later('halley.workspace.tools', 'on_save'),
      ['halley/language/ask'] = later('halley.workspace.language_tools', 'on_ask'),
      ['halley/status'] = later('halley.status', 'on_status'),
      ['halley/operation'] = later('halley.status', 'on_operation'),
      ['halley/chat/state'] = later('halley.status', 'on_chat_state'),
      ['halley/changed'] = later('halley.status', 'on_changed'),
    },
    commands = { ['halley.run'] = later('halley.edits.actions', 'on_command') },
    on_attach = function(client, buf)
      require('halley.workspace.trust').look(client, buf)
      if options.ghost_text then
        require('halley.ghost').attach(client, buf)
      end
      if options.next_edit then
        require('halley.next_edit').attach(client, buf)
      end
    end,
    on_exit = later('halley.status', 'on_exit'),
  }
end

return M
