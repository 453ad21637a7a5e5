--- How a next edit looks: what goes is marked, what comes stands beside or below it; off screen, a hint at the cursor.
local M = {}

local SPACE = vim.api.nvim_create_namespace('halley.next_edit')
local ADDED, REMOVED, HINT = 'HalleyAdded', 'HalleyRemoved', 'HalleyHint'

--- Buffers with marks in them.
---@type table<integer, true>
local drawn = {}

function M.clear()
  for buf in pairs(drawn) do
    if vim.api.nvim_buf_is_valid(buf) then
      vim.api.nvim_buf_clear_namespace(buf, SPACE, 0, -1)
    end
  end
  drawn = {}
end

---@param buf integer
---@param row integer
---@return string
local function line_at(buf, row)
  return vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ''
end

--- Row and byte column, both from 0, inside the buffer.
---@param buf integer
---@param position lsp.Position
---@param encoding string
---@return integer[]
function M.position(buf, position, encoding)
  local count = vim.api.nvim_buf_line_count(buf)
  if position.line >= count then
    return { count - 1, #line_at(buf, count - 1) }
  end
  local line = line_at(buf, position.line)
  return { position.line, vim.str_byteindex(line, encoding, position.character, false) }
end

---@param buf integer
---@param row integer
---@param column integer
---@param options vim.api.keyset.set_extmark
local function mark(buf, row, column, options)
  drawn[buf] = true
  vim.api.nvim_buf_set_extmark(buf, SPACE, row, column, options)
end

--- Words of one line: struck where they are, the new ones right after them.
---@param buf integer
---@param first integer[]
---@param last integer[]
---@param text string
local function draw_words(buf, first, last, text)
  if first[2] < last[2] then
    mark(buf, first[1], first[2], { end_row = last[1], end_col = last[2], hl_group = REMOVED, strict = false })
  end
  if text ~= '' then
    mark(buf, last[1], last[2], { virt_text = { { text, ADDED } }, virt_text_pos = 'inline' })
  end
end

---@param lines string[]
---@return table[]
local function as_virtual(lines)
  return vim.tbl_map(function(line)
    return { { line == '' and ' ' or line, ADDED } }
  end, lines)
end

--- Whole lines: those that go are marked, those that come stand below them.
---@param buf integer
---@param first integer[]
---@param last integer[]
---@param text string
local function draw_lines(buf, first, last, text)
  local from, to = first[1], last[1]
  local is_whole = first[2] == 0 and last[2] == 0 and (text == '' or vim.endswith(text, '\n'))
  local new
  if is_whole then
    new = text:gsub('\n$', '')
    to = to - 1
  else
    new = line_at(buf, from):sub(1, first[2]) .. text .. line_at(buf, to):sub(last[2] + 1)
  end
  for row = from, to do
    mark(buf, row, 0, { end_row = row + 1, end_col = 0, hl_group = REMOVED, hl_eol = true, strict = false })
  end
  if text ~= '' or not is_whole then
    local above = to < from
    mark(buf, above and from or to, 0, {
      virt_lines = as_virtual(vim.split(new, '\n')),
      virt_lines_above = above,
    })
  end
end

--- Where it is, for a hint: "→ line 36", "→ shop.py:36".
---@param offer halley.Offer
---@return string
function M.place(offer)
  local row = offer.range.start.line + 1
  if vim.api.nvim_get_current_buf() == offer.buf then
    return ('→ line %d'):format(row)
  end
  return ('→ %s:%d'):format(vim.fn.fnamemodify(vim.api.nvim_buf_get_name(offer.buf), ':t'), row)
end

---@param offer halley.Offer
---@return boolean
local function is_in_view(offer)
  local row = offer.range.start.line + 1
  return vim.api.nvim_get_current_buf() == offer.buf and vim.fn.line('w0') <= row and row <= vim.fn.line('w$')
end

---@param offer halley.Offer
---@param encoding string
function M.draw(offer, encoding)
  M.clear()
  local buf = offer.buf
  if vim.api.nvim_buf_is_loaded(buf) then
    local first = M.position(buf, offer.range.start, encoding)
    local last = M.position(buf, offer.range['end'], encoding)
    local is_words = first[1] == last[1] and not offer.text:find('\n');
    (is_words and draw_words or draw_lines)(buf, first, last, offer.text)
  end
  if not is_in_view(offer) then
    local here = vim.api.nvim_win_get_cursor(0)[1] - 1
    local hint = { { '  ' .. M.place(offer), HINT } }
    mark(vim.api.nvim_get_current_buf(), here, 0, { virt_text = hint, virt_text_pos = 'eol' })
  end
end

return M
