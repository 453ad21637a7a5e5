--- What a model is writing, seen as virtual lines below a line of the buffer. The text itself is not touched.
local M = {}

local SPACE = vim.api.nvim_create_namespace('halley.preview')
local SEEN = 12

---@class halley.Preview
---@field add fun(events: halley.Event[])
---@field close fun()

---@param buf integer
---@param row integer From 0
---@return halley.Preview
function M.open(buf, row)
  local text = ''
  local mark = vim.api.nvim_buf_set_extmark(buf, SPACE, row, 0, {})
  local function draw()
    if not vim.api.nvim_buf_is_valid(buf) then
      return
    end
    local lines = vim.tbl_filter(function(line)
      return not vim.startswith(line, '```')
    end, vim.split(text, '\n'))
    if lines[#lines] == '' then
      table.remove(lines)
    end
    local shown = {}
    for index = math.max(1, #lines - SEEN + 1), #lines do
      shown[#shown + 1] = { { lines[index], 'HalleyAdded' } }
    end
    local at = vim.api.nvim_buf_get_extmark_by_id(buf, SPACE, mark, {})
    if at[1] then
      vim.api.nvim_buf_set_extmark(buf, SPACE, at[1], 0, { id = mark, virt_lines = shown })
    end
  end
  return {
    add = function(events)
      for _, event in ipairs(events) do
        if event.type == 'text' then
          text = text .. event.delta
        end
      end
      draw()
    end,
    close = function()
      if vim.api.nvim_buf_is_valid(buf) then
        vim.api.nvim_buf_del_extmark(buf, SPACE, mark)
      end
    end,
  }
end

return M
