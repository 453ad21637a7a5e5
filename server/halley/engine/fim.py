"""Fill in the middle: what a model sees of the text around the cursor.

`build_fim` cuts prefix and suffix to a budget; models without a FIM form get the fallback, a chat prompt with a mark
at the cursor. What comes back is read by `completions.py`.
"""

from __future__ import annotations

from halley.core.calls import FimPrompt, Prompt
from halley.core.snapshot import Snapshot
from halley.core.tokens import end_of_first, start_of_last
from halley.engine.completions import Place
from halley.engine.context import Context, display_path
from halley.engine.languages import language
from halley.engine.prompts import CURSOR_MARK, render_context
from halley.engine.scope import stops_of
from halley.engine.templates import builtin_template, render_messages

PREFIX_SHARE = 0.7
"""Of the budget, for the text before the cursor: it says more about what comes next than the text after."""
COMMON_TOKEN, LONGEST_TOKEN = 5, 12
"""Characters: so many for each token of a budget are looked at first, and beyond so many nothing."""


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
    prefix = tail_tokens(text[:at], int(budget * PREFIX_SHARE))
    suffix = head_tokens(text[snapshot.selection.end :], budget - int(budget * PREFIX_SHARE))
    context = context or Context(())
    return FimPrompt(
        prefix,
        suffix,
        language_id=snapshot.document.language_id,
        path=display_path(snapshot),
        context=tuple((excerpt.path, excerpt.text) for excerpt in context.excerpts),
        preamble=build_preamble(context, snapshot.document.language_id),
        max_tokens=max_tokens,
        stop=stops_of(Place(prefix, suffix)),
        fallback=_fallback(snapshot, prefix, suffix, max_tokens, template, context),
    )


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
        "path": display_path(snapshot),
        "prefix": prefix,
        "suffix": suffix,
        "cursor_mark": CURSOR_MARK,
        "context": render_context(context, snapshot.document.language_id),
    }
    return Prompt(
        render_messages(template or builtin_template("complete"), values),
        max_tokens=max_tokens,
        expect="code",
    )


def tail_tokens(text: str, budget: int) -> str:
    """The end of `text` worth at most `budget` tokens, from the start of a line where one fits."""
    if budget <= 0:
        return ""
    near = text[-budget * COMMON_TOKEN :]
    near = near[near.find("\n") + 1 or len(near) :]  # from a line's start, where tokens begin as in the whole
    start = start_of_last(near, budget)
    if start is None:
        near = text[-budget * LONGEST_TOKEN :]
        start = start_of_last(near, budget)
    if start is None and len(near) == len(text):
        return text
    piece = near[start:]
    line = piece.find("\n")
    return piece[line + 1 :] if 0 <= line < len(piece) - 1 else piece


def head_tokens(text: str, budget: int) -> str:
    """The beginning of `text` worth at most `budget` tokens, to the end of a line where one fits."""
    if budget <= 0:
        return ""
    near = text[: budget * COMMON_TOKEN]
    end = end_of_first(near, budget) if near.count("\n") else None
    if end is None or end > near.rfind("\n"):  # the last token may be cut short
        near = text[: budget * LONGEST_TOKEN]
        end = end_of_first(near, budget)
    if end is None:
        if len(near) == len(text):
            return text
        end = len(near)
    line = text.rfind("\n", 0, end)
    return text[: line + 1] if line > 0 else text[:end]
