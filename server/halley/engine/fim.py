"""Fill in the middle: what a model sees of the text around the cursor.

`build_fim` cuts prefix and suffix to a budget; models without a FIM form get the fallback, a chat prompt with a mark
at the cursor. What comes back is read by `completions.py`.
"""

from __future__ import annotations

from halley.core.calls import FimPrompt, Prompt
from halley.core.snapshot import Snapshot
from halley.core.tokens import estimate_tokens
from halley.engine.context import Context, display_path
from halley.engine.languages import language
from halley.engine.prompts import CURSOR_MARK, render_context
from halley.engine.templates import builtin_template, render_messages

PREFIX_SHARE = 0.7
"""Of the budget, for the text before the cursor: it says more about what comes next than the text after."""


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
        max_tokens=max_tokens,
        fallback=_fallback(snapshot, prefix, suffix, max_tokens, template, context),
    )


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
    if estimate_tokens(text[-budget * 12 :]) <= budget and len(text) <= budget * 12:
        return text
    low, high = 0, min(len(text), budget * 12)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate_tokens(text[-middle:]) <= budget else (low, middle - 1)
    piece = text[-low:] if low else ""
    line = piece.find("\n")
    return piece[line + 1 :] if 0 <= line < len(piece) - 1 else piece


def head_tokens(text: str, budget: int) -> str:
    """The beginning of `text` worth at most `budget` tokens, to the end of a line where one fits."""
    if estimate_tokens(text[: budget * 12]) <= budget and len(text) <= budget * 12:
        return text
    low, high = 0, min(len(text), budget * 12)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate_tokens(text[:middle]) <= budget else (low, middle - 1)
    line = text.rfind("\n", 0, low)
    return text[: line + 1] if line > 0 else text[:low]
