"""Completion while typing: prompts at the cursor and the reading of suggestions.

    fim.py          what a model sees of the text around the cursor
    place.py        where: the text around the cursor
    completions.py  from what it said to what may be shown
    echo.py         what it repeats of the line that was typed
    scope.py        when a completion is done
    strings.py      where the strings of a line end
    next_edit/      what the user would change next, wherever it is

Start with `completions.py`. When to ask and what to keep is `features/completion`'s business.
"""
