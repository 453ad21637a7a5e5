--- Places in a chat's text. They move with it, so what is put in there never disturbs what is being typed.
local M = {}

M.SPACE = vim.api.nvim_create_namespace('halley.chat')

---@param of halley.Transcript
---@param mark integer
---@return integer row, integer column From 0
function M.place(of, mark)
  local at = vim.api.nvim_buf_get_extmark_by_id(of.buf, M.SPACE, mark, {})
  return at[1] or 0, at[2] or 0
end

--- Changes the text as part of what the last event changed: one undo step for all, unless the user wrote in between.
---@param of halley.Transcript
---@param change fun()
function M.going_on(of, change)
  vim.api.nvim_buf_call(of.buf, function()
    if of.tick == vim.api.nvim_buf_get_changedtick(of.buf) then
      pcall(vim.cmd.undojoin)
    end
    change()
  end)
  of.tick = vim.api.nvim_buf_get_changedtick(of.buf)
end

---@param of halley.Transcript
---@param mark integer
---@param text string
function M.put(of, mark, text)
  local row, column = M.place(of, mark)
  vim.api.nvim_buf_set_text(of.buf, row, column, row, column, vim.split(text, '\n'))
end

return M
