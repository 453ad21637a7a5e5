"""Text as LSP sees it: pure, and without messages.

    lines.py          lines and columns as LSP counts them
    uris.py           URIs and files
    open_document.py  one text in the editor, changed as the editor says
    recent_edits.py   where the user typed
    notebooks.py      which cells a notebook has, in which order

Start at `open_document.py`. Which documents are open is `lsp/base/documents.py`'s.
"""
