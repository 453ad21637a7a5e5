-- What there is from the start: one command, `<Plug>` maps and the reader of `halley:` documents. No module is loaded
-- before it is needed, and no key is taken.
if vim.g.loaded_halley then
  return
end
vim.g.loaded_halley = 1

vim.api.nvim_create_user_command('Halley', function(arguments)
  require('halley.command').run(arguments)
end, {
  nargs = '*',
  range = true,
  bang = true,
  desc = 'Halley',
  complete = function(_, line)
    return require('halley.command').complete(line)
  end,
})

vim.api.nvim_create_autocmd('BufReadCmd', {
  group = vim.api.nvim_create_augroup('halley', {}),
  pattern = 'halley:/*',
  desc = 'Halley: answers and chats',
  callback = function(event)
    require('halley.answers').read(event.buf, event.match)
  end,
})

for _, name in ipairs({ 'explain', 'fix', 'generate', 'improve', 'document', 'tests', 'format', 'edit' }) do
  vim.keymap.set({ 'n', 'x' }, '<Plug>(halley-' .. name .. ')', ':Halley ' .. name .. '<CR>', { silent = true })
end
for _, name in ipairs({ 'model', 'accept', 'discard', 'stop', 'retry' }) do
  vim.keymap.set('n', '<Plug>(halley-' .. name .. ')', '<Cmd>Halley ' .. name .. '<CR>')
end
