--- Changes that wait for approval, shown in the text they are for: what goes is struck, what comes stands below it.
local M = {}

local client = require('halley.client')

local SPACE = vim.api.nvim_create_namespace('halley.proposals')

local TITLE = 'Halley proposals'

---@class halley.Shown
---@field proposal string
---@field hunk integer
---@field client integer

--- What each mark stands for, by buffer and mark.
---@type table<integer, table<integer, halley.Shown>>
local shown = {}

--- What documents of the daemon's stand for, by name: files that would be made.
---@type table<string, halley.Shown>
local documents = {}

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

---@param buf integer
---@param mark integer
---@param one halley.Shown
local function remember(buf, mark, one)
  shown[buf] = shown[buf] or {}
  shown[buf][mark] = one
end

---@param hunk halley.ProposalHunk
---@param one halley.Shown
---@param encoding string
local function draw_edit(hunk, one, encoding)
  local buf = vim.uri_to_bufnr(hunk.uri)
  vim.fn.bufload(buf)
  local first, last, new = lines_of(hunk, buf, encoding)
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
  remember(buf, mark, one)
  remember(buf, vim.api.nvim_buf_set_extmark(buf, SPACE, last, 0, { virt_lines = virtual }), one)
end

---@param uri string
---@return string
local function relative(uri)
  return vim.fn.fnamemodify(vim.uri_to_fname(uri), ':.')
end

--- What becomes of a file, in words.
---@param hunk halley.ProposalHunk
---@return string
local function deed(hunk)
  if hunk.kind == 'rename' then
    return ('renames %s → %s'):format(relative(hunk.oldUri), relative(hunk.uri))
  end
  return ('%ss %s'):format(hunk.kind, relative(hunk.uri))
end

--- At the first line of the file that would go, where it is open.
---@param hunk halley.ProposalHunk
---@param one halley.Shown
local function draw_file(hunk, one)
  local buf = vim.uri_to_bufnr(hunk.oldUri or hunk.uri)
  if hunk.kind ~= 'create' and vim.api.nvim_buf_is_loaded(buf) then
    local text = { { '  ' .. deed(hunk) .. ' ', 'HalleyRemoved' } }
    remember(buf, vim.api.nvim_buf_set_extmark(buf, SPACE, 0, 0, { virt_text = text }), one)
  end
end

---@param proposal halley.Proposal
---@param uri string
---@return string? # the document that shows what would be made
local function proposed(proposal, uri)
  for _, file in ipairs(proposal.files) do
    if file.uri == uri then
      return file.proposed
    end
  end
end

---@param lsp vim.lsp.Client
local function clear(lsp)
  for buf, marks in pairs(shown) do
    for mark, one in pairs(marks) do
      if one.client == lsp.id then
        marks[mark] = nil
        if vim.api.nvim_buf_is_valid(buf) then
          vim.api.nvim_buf_del_extmark(buf, SPACE, mark)
        end
      end
    end
  end
  for name, one in pairs(documents) do
    documents[name] = one.client ~= lsp.id and one or nil
  end
end

--- The lines an edit makes, whole: an edit is as small as a letter, which would mean nothing to a reader.
---@param hunk halley.ProposalHunk
---@param encoding string
---@return string
local function written(hunk, encoding)
  local buf = vim.uri_to_bufnr(hunk.uri)
  vim.fn.bufload(buf)
  local _, _, lines = lines_of(hunk, buf, encoding)
  return vim.trim(table.concat(vim.tbl_map(vim.trim, lines), ' '))
end

--- Every hunk that waits, for the quickfix list. A file that would be made is seen as it would be.
---@param listing halley.ProposalsList
---@param lsp vim.lsp.Client
---@return table[]
local function items(listing, lsp)
  local found = {}
  for _, proposal in ipairs(listing.proposals) do
    for _, hunk in ipairs(proposal.hunks) do
      local created = hunk.kind == 'create' and proposed(proposal, hunk.uri)
      found[#found + 1] = {
        filename = created or vim.uri_to_fname(hunk.oldUri or hunk.uri),
        lnum = hunk.range and hunk.range.start.line + 1 or 1,
        text = ('%s: %s'):format(proposal.title, hunk.range and written(hunk, lsp.offset_encoding) or deed(hunk)),
        user_data = { proposal = proposal.id, hunk = hunk.index, client = lsp.id },
      }
    end
  end
  return found
end

--- The quickfix list, where it is ours, follows what still waits.
---@param listing halley.ProposalsList
---@param lsp vim.lsp.Client
local function follow(listing, lsp)
  local list = vim.fn.getqflist({ title = 1, context = 1, idx = 0 })
  if list.title ~= TITLE or list.context.client ~= lsp.id then
    return
  end
  local left = items(listing, lsp)
  vim.fn.setqflist({}, 'r', { items = left, idx = math.min(list.idx, #left) })
  if #left == 0 then
    vim.cmd.cclose()
  end
end

--- Draws the pending proposals of a client again.
---@param lsp vim.lsp.Client
function M.refresh(lsp)
  lsp:request('halley/proposals/list', vim.empty_dict(), function(err, listing)
    if err then
      return client.tell(err)
    end
    clear(lsp)
    for _, proposal in ipairs(listing.proposals) do
      for _, hunk in ipairs(proposal.hunks) do
        local one = { proposal = proposal.id, hunk = hunk.index, client = lsp.id }
        local name = hunk.kind == 'create' and proposed(proposal, hunk.uri)
        if hunk.range then
          draw_edit(hunk, one, lsp.offset_encoding)
        elseif name then
          documents[name] = one
        else
          draw_file(hunk, one)
        end
      end
    end
    follow(listing, lsp)
  end)
end

--- What the cursor is at: in the quickfix list its entry, in a document of the daemon's the file it would make.
---@return halley.Shown?
local function here()
  if vim.bo.buftype == 'quickfix' then
    local list = vim.fn.getqflist({ title = 1, items = 1 })
    local item = list.title == TITLE and list.items[vim.api.nvim_win_get_cursor(0)[1]]
    return item and item.user_data or nil
  end
  local buf, row = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] - 1
  local marks = vim.api.nvim_buf_get_extmarks(buf, SPACE, { row, 0 }, { row, -1 }, { overlap = true })
  for _, mark in ipairs(marks) do
    local one = shown[buf] and shown[buf][mark[1]]
    if one then
      return one
    end
  end
  return documents[vim.api.nvim_buf_get_name(buf)]
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
    return vim.notify('Halley: there is no proposal at the cursor; `all` means every one.', vim.log.levels.WARN)
  end
  local lsp = vim.lsp.get_client_by_id(one.client)
  if lsp then
    lsp:request(method, { id = one.proposal, hunks = { one.hunk } }, function(err)
      if err then
        client.tell(err)
      end
    end)
  end
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
  client.with(nil, function(lsp)
    client.request('halley/proposals/list', vim.empty_dict(), function(listing)
      local found = items(listing, lsp)
      if #found == 0 then
        return vim.notify('Halley: no proposal waits.')
      end
      vim.fn.setqflist({}, ' ', { title = TITLE, items = found, context = { client = lsp.id } })
      vim.cmd('botright copen')
    end)
  end)
end

return M
