"""Fill in the middle: what a model sees of the text around the cursor.

`build_fim` cuts prefix and suffix to a budget; models without a FIM form get the fallback, a chat prompt with a mark
at the cursor. A cell is seen in the script that its notebook is (`engine/code/notebooks.py`). What comes back is read
by `completions.py`.
"""

from __future__ import annotations

from halley.core.calls import FimPrompt, Prompt
from halley.core.snapshot import Snapshot
from halley.core.tokens import end_of_first, line_tokens, start_of_last
from halley.engine.code.languages import language
from halley.engine.code.notebooks import SUFFIX, around, cell_mark
from halley.engine.prompting.context import Context, display_path
from halley.engine.prompting.prompts import CURSOR_MARK, render_context
from halley.engine.prompting.templates import builtin_template, render_messages
from halley.engine.typing.place import Place
from halley.engine.typing.scope import stops_of

PREFIX_SHARE = 0.7
"""Of the budget, for the text before the cursor: it says more about what comes next than the text after."""
LONGEST_TOKEN = 12
"""Characters: beyond so many for each token of a budget nothing is looked at."""


def build_fim(
    snapshot: Snapshot,
    *,
    budget: int = 2000,
    max_tokens: int = 128,
    template: str = "",
    context: Context | None = None,
) -> FimPrompt:
    """The prompt for the snapshot's cursor; `budget` is in tokens for prefix and suffix together."""
    text, at = snapshot.document.text, snapshot.selection.start
    above, below = around(snapshot, budget * LONGEST_TOKEN)
    prefix = tail_tokens(above + text[:at], int(budget * PREFIX_SHARE))
    suffix = head_tokens(text[snapshot.selection.end :] + below, budget - int(budget * PREFIX_SHARE))
    context = context or Context(())
    path = _path(snapshot)
    return FimPrompt(
        prefix,
        suffix,
        language_id=snapshot.document.language_id,
        path=path,
        context=tuple((excerpt.path, excerpt.text) for excerpt in context.excerpts),
        preamble=build_preamble(context, snapshot.document.language_id),
        max_tokens=max_tokens,
        stop=stops_of(Place(prefix, suffix, mark=mark_of(snapshot))),
        fallback=_fallback(snapshot, prefix, suffix, max_tokens, template, context),
    )


def mark_of(snapshot: Snapshot) -> str:
    """What begins the next cell, where the document is one of several; empty for a file."""
    return cell_mark(snapshot.document.language_id) if snapshot.cells else ""


def _path(snapshot: Snapshot) -> str:
    """A notebook under the name of the script it is shown as: completing models take `.ipynb` for JSON."""
    path, extension = display_path(snapshot), language(snapshot.document.language_id).extension
    return path.removesuffix(SUFFIX) + extension if snapshot.document.cell and extension else path


def build_preamble(context: Context, language_id: str) -> str:
    """Pieces of other files as comments; empty in languages without comments to the end of the line."""
    mark = language(language_id).line_comment
    if not mark:
        return ""
    lines = [
        f"{mark} {line}".rstrip()
        for excerpt in context.excerpts
        for line in (f"{excerpt.path}:", *excerpt.text.rstrip("\n").split("\n"))
    ]
    return "".join(f"{line}\n" for line in lines)


def _fallback(
    snapshot: Snapshot, prefix: str, suffix: str, max_tokens: int, template: str, context: Context
) -> Prompt:
    values = {
        "language": language(snapshot.document.language_id).name,
        "path": _path(snapshot),
        "prefix": prefix,
        "suffix": suffix,
        "cursor_mark": CURSOR_MARK,
        "context": render_context(context, snapshot.document.language_id),
    }
    return Prompt(
        render_messages(template or builtin_template("complete"), values),
        max_tokens=max_tokens,
        may_be_empty=True,
        expect="code",
    )


def tail_tokens(text: str, budget: int) -> str:
    """The end of `text` worth at most `budget` tokens: whole lines, or the end of the last where it does not fit."""
    near = text[-budget * LONGEST_TOKEN :] if budget > 0 else ""
    lines = near.split("\n")
    last, kept, left = len(lines) - 1, len(near), budget
    for at in range(last, -1 if len(near) == len(text) else 0, -1):  # the first may be the end of a line
        left -= line_tokens(lines[at])
        if at < last and (lines[at + 1] or at + 1 == last):
            left -= 1  # the end of a line; several are one token
        if left < 0:
            break
        kept -= len(lines[at]) + (at < last)
    return near[kept:] or near[start_of_last(near, budget) or 0 :]


def head_tokens(text: str, budget: int) -> str:
    """The beginning of `text` worth at most `budget` tokens: whole lines, or that of the first if it does not fit."""
    near = text[: budget * LONGEST_TOKEN] if budget > 0 else ""
    lines = near.split("\n")
    last, kept, left = len(lines) - 1, 0, budget
    for at in range(last + 1 if len(near) == len(text) else last):  # the last may be the beginning of a line
        left -= line_tokens(lines[at])
        if at < last and (lines[at] or not at):
            left -= 1  # the end of a line; several are one token
        if left < 0:
            break
        kept += len(lines[at]) + (at < last)
    return near[: kept or end_of_first(near, budget)]
