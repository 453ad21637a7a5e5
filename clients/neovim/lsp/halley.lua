-- `vim.lsp.enable('halley')` finds Halley's configuration here.
return require('halley.lsp').config()
