--- Changes that wait for a yes, shown in the text they are for: what goes is struck, what comes stands below it.
local M = {}

local client = require('halley.client')

local SPACE = vim.api.nvim_create_namespace('halley.proposals')

---@class halley.Shown
---@field proposal string
---@field hunk integer
---@field buf integer
---@field lsp vim.lsp.Client

--- What each mark stands for, by buffer and mark.
---@type table<integer, table<integer, halley.Shown>>
local shown = {}

---@param hunk halley.ProposalHunk
---@param buf integer
---@param encoding string
---@return integer first, integer last, string[] lines
local function lines_of(hunk, buf, encoding)
  local from, to = hunk.range.start, hunk.range['end']
  local old = vim.api.nvim_buf_get_lines(buf, from.line, to.line + 1, false)
  local head = old[1] or ''
  local tail = old[to.line - from.line + 1] or ''
  local before = head:sub(1, vim.str_byteindex(head, encoding, from.character, false))
  local after = tail:sub(vim.str_byteindex(tail, encoding, to.character, false) + 1)
  return from.line, to.line, vim.split(before .. (hunk.newText or '') .. after, '\n')
end

---@param proposal halley.Proposal
---@param hunk halley.ProposalHunk
---@param lsp vim.lsp.Client
local function draw(proposal, hunk, lsp)
  local buf = vim.uri_to_bufnr(hunk.uri)
  vim.fn.bufload(buf)
  local first, last, new = lines_of(hunk, buf, lsp.offset_encoding)
  local count = vim.api.nvim_buf_line_count(buf)
  local virtual = vim.tbl_map(function(line)
    return { { line == '' and ' ' or line, 'HalleyAdded' } }
  end, new)
  first, last = math.min(first, count - 1), math.min(last, count - 1)
  local mark = vim.api.nvim_buf_set_extmark(buf, SPACE, first, 0, {
    end_row = last,
    end_col = #(vim.api.nvim_buf_get_lines(buf, last, last + 1, false)[1] or ''),
    hl_group = 'HalleyRemoved',
    hl_eol = true,
    virt_lines_above = false,
  })
  local below = vim.api.nvim_buf_set_extmark(buf, SPACE, last, 0, { virt_lines = virtual })
  shown[buf] = shown[buf] or {}
  local one = { proposal = proposal.id, hunk = hunk.index, buf = buf, lsp = lsp }
  shown[buf][mark], shown[buf][below] = one, one
end

--- Draws the pending proposals of a client anew.
---@param lsp vim.lsp.Client
function M.refresh(lsp)
  lsp:request('halley/proposals/list', vim.empty_dict(), function(err, listing)
    if err then
      return client.tell(err)
    end
    for buf, marks in pairs(shown) do
      for mark, one in pairs(marks) do
        if one.lsp == lsp then
          marks[mark] = nil
          if vim.api.nvim_buf_is_valid(buf) then
            vim.api.nvim_buf_del_extmark(buf, SPACE, mark)
          end
        end
      end
    end
    for _, proposal in ipairs(listing.proposals) do
      for _, hunk in ipairs(proposal.hunks) do
        if hunk.range then
          draw(proposal, hunk, lsp)
        end
      end
    end
  end)
end

---@return halley.Shown?
local function here()
  local buf, row = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] - 1
  local marks = vim.api.nvim_buf_get_extmarks(buf, SPACE, { row, 0 }, { row, -1 }, { overlap = true })
  for _, mark in ipairs(marks) do
    local one = shown[buf] and shown[buf][mark[1]]
    if one then
      return one
    end
  end
end

--- Asks a client for all its proposals and does the same with each.
---@param method string
local function all(method)
  local lsp = client.of()
  if not lsp then
    return
  end
  client.request('halley/proposals/list', vim.empty_dict(), function(listing)
    if #listing.proposals == 0 then
      vim.notify('Halley: no proposal waits.')
    end
    for _, proposal in ipairs(listing.proposals) do
      client.request(method, { id = proposal.id }, function() end)
    end
  end)
end

---@param method string
---@param words string[]
local function answer(method, words)
  if words[1] == 'all' then
    return all(method)
  end
  local one = here()
  if not one then
    return vim.notify('Halley: no proposal is at the cursor; `all` means every one.', vim.log.levels.WARN)
  end
  client.request(method, { id = one.proposal, hunks = { one.hunk } }, function() end, { buf = one.buf })
end

--- `:Halley accept [all]`: the hunk at the cursor, or everything.
---@param words string[]
function M.accept(words)
  answer('halley/proposals/accept', words)
end

--- `:Halley discard [all]`
---@param words string[]
function M.discard(words)
  answer('halley/proposals/discard', words)
end

---@return string[]
function M.complete()
  return { 'all' }
end

--- `:Halley proposals`: every hunk that waits, in the quickfix list.
function M.list()
  client.request('halley/proposals/list', vim.empty_dict(), function(listing)
    local items = {}
    for _, proposal in ipairs(listing.proposals) do
      for _, hunk in ipairs(proposal.hunks) do
        items[#items + 1] = {
          filename = vim.uri_to_fname(hunk.uri),
          lnum = hunk.range and hunk.range.start.line + 1 or 1,
          text = ('%s: %s'):format(proposal.title, vim.trim(hunk.newText or hunk.kind)),
        }
      end
    end
    if #items == 0 then
      return vim.notify('Halley: no proposal waits.')
    end
    vim.fn.setqflist({}, ' ', { title = 'Halley proposals', items = items })
    vim.cmd.copen()
  end)
end

return M
