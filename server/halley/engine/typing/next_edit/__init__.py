"""The next edit: what the user would change now, wherever it is, after what they just changed.

    journal.py   what was edited lately, in all documents: small diffs, grouped by burst
    tokens.py    the words of a line, the names that an edit changed
    where.py     the places that may need an edit now, best first
    region.py    the lines a model is shown and may write again; the prompt
    reply.py     from what it said to the region's new text
    changes.py   from the new text to small edits, each to be offered by itself
    gates.py     why an edit is not offered

Start with `where.py`. When a model is asked and what is kept of its answer is `features/next_edit`'s business.
"""
