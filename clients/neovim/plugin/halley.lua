-- What there is from the start: one command, `<Plug>` maps, and who reads the documents that Halley names. No module is
-- loaded before it is needed, and no key is taken.
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

for name, like in pairs({ HalleyAdded = 'DiffAdd', HalleyRemoved = 'DiffDelete', HalleyHint = 'Comment' }) do
  vim.api.nvim_set_hl(0, name, { link = like, default = true })
end

local group = vim.api.nvim_create_augroup('halley', {})
vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'halley:/*',
  desc = 'Halley: answers',
  callback = function(event)
    require('halley.answers').read(event.buf, event.match)
  end,
})
vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'halley-chat:/*',
  desc = 'Halley: chats',
  callback = function(event)
    require('halley.chat').read(event.buf)
  end,
})
vim.api.nvim_create_autocmd('SessionLoadPost', {
  group = group,
  desc = 'Halley: chats of a session',
  callback = function()
    for _, buf in ipairs(vim.api.nvim_list_bufs()) do
      if vim.startswith(vim.api.nvim_buf_get_name(buf), 'halley-chat:/') then
        require('halley.chat').restore(buf)
      end
    end
  end,
})

-- Not `vim.keymap.set`, whose checks would be most of what starting costs.
local function map(modes, name, target)
  for mode in modes:gmatch('.') do
    vim.api.nvim_set_keymap(mode, '<Plug>(halley-' .. name .. ')', target, { noremap = true, silent = true })
  end
end

for name in ('explain fix generate improve document tests format edit ask chat macro'):gmatch('%S+') do
  map('nx', name, ':Halley ' .. name .. '<CR>')
end
for name in
  ('model provider accept discard proposals stop retry continue fork choose yank apply approve sessions commit'):gmatch(
    '%S+'
  )
do
  map('n', name, '<Cmd>Halley ' .. name .. '<CR>')
end
map('ni', 'send', "<Cmd>lua require('halley.chat').send()<CR>")
map('n', 'next-turn', "<Cmd>lua require('halley.chat').jump(1)<CR>")
map('n', 'previous-turn', "<Cmd>lua require('halley.chat').jump(-1)<CR>")
map('n', 'open-step', "<Cmd>lua require('halley.chat.steps').open()<CR>")
for name in ('word line next previous dismiss'):gmatch('%S+') do
  map('i', 'ghost-' .. name, "<Cmd>lua require('halley.ghost')." .. name .. '()<CR>')
end
map('i', 'ghost-accept', "<Cmd>lua require('halley.ghost').accept()<CR>")
map('i', 'ghost-suggest', "<Cmd>lua require('halley.ghost').invoke()<CR>")
map('ni', 'next', "<Cmd>lua require('halley.next_edit').run()<CR>")
map('ni', 'next-dismiss', "<Cmd>lua require('halley.next_edit').dismiss()<CR>")
