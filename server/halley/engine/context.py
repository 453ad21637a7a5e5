"""What a prompt gets to see: excerpts, chosen and ranked, within a budget of tokens.

`build_context(snapshot)` is the way in. The selection or cursor comes first with the definition around it, then
the file's imports, then the rest of the file as far as the budget goes. Where no grammar knows the language,
indentation stands in for syntax.
"""

from __future__ import annotations

from dataclasses import dataclass

from halley.core.snapshot import Selection, Snapshot
from halley.core.tokens import estimate_tokens
from halley.engine.regions import enclosing_definition, import_block, line_span


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of one file. `first_line` counts from 1; `reason` says why it was chosen."""

    path: str
    first_line: int
    text: str
    reason: str
    tokens: int
    language_id: str = ""
    """Empty means the language of the document asked about."""

    @property
    def last_line(self) -> int:
        return self.first_line + self.text.rstrip("\n").count("\n")


@dataclass(frozen=True, slots=True)
class Context:
    """The chosen excerpts, in reading order, and what was left out for want of room."""

    excerpts: tuple[Excerpt, ...]
    dropped: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        return sum(excerpt.tokens for excerpt in self.excerpts)


def build_context(snapshot: Snapshot, budget: int | None = None) -> Context:
    """Excerpts of the snapshot's own document around its selection, within `budget` tokens."""
    budget = budget or snapshot.settings.context.max_tokens
    text, path = snapshot.document.text, display_path(snapshot)
    whole = Excerpt(path, 1, text, "the file", estimate_tokens(text))
    if whole.tokens <= budget:
        return Context((whole,))
    return _within(budget, path, text, snapshot.selection, snapshot.document.language_id)


def _within(budget: int, path: str, text: str, selection: Selection, language_id: str) -> Context:
    kept: list[tuple[int, int, str]] = []
    dropped: list[str] = []
    left = budget
    for reason, start, end in _wishes(text, selection, language_id):
        piece = text[start:end]
        tokens = estimate_tokens(piece)
        if tokens <= left:
            kept.append((start, end, reason))
            left -= tokens
        else:
            dropped.append(reason)
    around = _grow(text, selection, left)
    merged = _merge([*kept, (*around, "around the cursor")])
    excerpts = tuple(
        Excerpt(
            path, text.count("\n", 0, start) + 1, text[start:end], reason, estimate_tokens(text[start:end])
        )
        for start, end, reason in merged
    )
    return Context(excerpts, tuple(dropped))


def _wishes(text: str, selection: Selection, language_id: str) -> list[tuple[str, int, int]]:
    """What is wanted, most wanted first: (reason, start, end)."""
    wishes = [("the selection", *line_span(text, selection.start, selection.end))]
    if definition := enclosing_definition(text, selection.start, selection.end, language_id):
        wishes.append(("the definition around it", *definition))
    if imports := import_block(text, language_id):
        wishes.append(("imports", *imports))
    return wishes


def _grow(text: str, selection: Selection, budget: int) -> tuple[int, int]:
    """Whole lines around the selection worth about `budget` tokens, three quarters of them before it."""
    reach = budget * 3  # code has rather more than three characters to a token
    start = max(0, selection.start - reach * 3 // 4)
    end = min(len(text), selection.end + reach // 4)
    return line_span(text, start, end) if reach > 0 else (selection.start, selection.start)


def _merge(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for start, end, reason in sorted(spans):
        if merged and start <= merged[-1][1]:
            before = merged[-1]
            reasons = before[2] if reason in before[2] else f"{before[2]}, {reason}"
            merged[-1] = (before[0], max(before[1], end), reasons)
        elif end > start:
            merged.append((start, end, reason))
    return merged


def display_path(snapshot: Snapshot) -> str:
    """The document's path as a person names it: relative to the workspace where it lies inside."""
    path, workspace = snapshot.document.path, snapshot.workspace
    if path is None:
        return snapshot.document.uri.rsplit("/", 1)[-1] or "untitled"
    if workspace and path.is_relative_to(workspace.root):
        return path.relative_to(workspace.root).as_posix()
    return path.name
