"""What a prompt gets to see: excerpts, chosen and ranked, within a budget of tokens.

    wishes(snapshot, related) ── most wanted first ──▶ build_context ── what fits ──▶ Context

`build_context` is the way in. The file itself comes first: whole where it is small, else the selection, the definition
around it, its imports and outline. Then what other files (`Related`) have to say: definitions of the names used, and
places that look alike. Every excerpt carries the reason it was chosen, and what did not fit is named. Which files there
are, and which may be read at all, is for the caller: nothing here touches a disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from halley.core.snapshot import Snapshot
from halley.core.tokens import estimate_tokens
from halley.engine.code.notebooks import ranked_cells
from halley.engine.code.regions import Span, enclosing_definition, import_block, line_span
from halley.engine.code.symbols import outline
from halley.engine.guards.invisible import invisible_characters, name_of

WHOLE_FILE_SHARE = 0.5
"""A file worth at most this share of the budget is shown whole."""
CELLS_SHARE = 0.75
"""Of what the file leaves, for the other cells of a notebook."""


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
class Dropped:
    """What was wanted and did not fit."""

    path: str
    reason: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Related:
    """A piece of another file that may help; `rank` is higher for what helps more."""

    path: str
    first_line: int
    text: str
    reason: str
    rank: float = 0.0
    language_id: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The chosen excerpts, in reading order, and what was left out for want of room."""

    excerpts: tuple[Excerpt, ...]
    dropped: tuple[Dropped, ...] = ()
    budget: int = 0
    notices: tuple[str, ...] = ()
    """What a user should know of the excerpts: invisible characters in them."""

    @property
    def tokens(self) -> int:
        return sum(excerpt.tokens for excerpt in self.excerpts)


def build_context(snapshot: Snapshot, related: Iterable[Related] = (), budget: int | None = None) -> Context:
    """Excerpts for the snapshot's selection within `budget` tokens (by default `context.max_tokens`)."""
    budget = budget or snapshot.settings.context.max_tokens
    # The file itself first, then its notebook, then others: the nearer, the more it says about the question.
    own, dropped = _own_file(snapshot, int(budget * WHOLE_FILE_SHARE))
    left = budget - sum(excerpt.tokens for excerpt in own)
    above, below, crowded = _cells(snapshot, int(left * CELLS_SHARE))
    others, left_out = _fit(related, left - sum(excerpt.tokens for excerpt in (*above, *below)))
    # From the remote to the near: the most helpful piece of other files is next to the file in question.
    excerpts = (*reversed(others), *above, *own, *below)
    return Context(excerpts, (*dropped, *crowded, *left_out), budget, invisible_notices(excerpts))


def invisible_notices(excerpts: Iterable[Excerpt]) -> tuple[str, ...]:
    """One sentence for each excerpt with characters that cannot be seen."""
    return tuple(
        f"{excerpt.path} contains invisible characters ({name_of(found[0][1])}, line {row}): "
        "a model reads them, and they can make code read differently from what it does."
        for excerpt in excerpts
        if (found := invisible_characters(excerpt.text))
        and (row := excerpt.first_line + excerpt.text.count("\n", 0, found[0][0]))
    )


def _fit(related: Iterable[Related], budget: int) -> tuple[list[Excerpt], list[Dropped]]:
    """The pieces that fit, most helpful first, and those that do not."""
    chosen: list[Excerpt] = []
    dropped: list[Dropped] = []
    for piece in sorted(related, key=lambda piece: -piece.rank):
        tokens = estimate_tokens(piece.text)
        if tokens > budget or not piece.text.strip():
            dropped.append(Dropped(piece.path, piece.reason, tokens))
            continue
        budget -= tokens
        chosen.append(
            Excerpt(piece.path, piece.first_line, piece.text, piece.reason, tokens, piece.language_id)
        )
    return chosen, dropped


def _cells(snapshot: Snapshot, budget: int) -> tuple[list[Excerpt], list[Excerpt], list[Dropped]]:
    """Of a notebook's other cells those that fit, before and after the document, and those that do not fit."""
    path, own = display_path(snapshot), _number(snapshot)
    pieces = {
        f"cell {cell.cell.number} of the notebook": (cell, rank)
        for cell, rank in ranked_cells(snapshot)
        if cell.cell
    }
    numbers = {reason: cell.cell.number for reason, (cell, _) in pieces.items() if cell.cell}
    related = [
        Related(path, 1, cell.text, reason, rank, cell.language_id) for reason, (cell, rank) in pieces.items()
    ]
    fitting, dropped = _fit(related, budget)
    fitting.sort(key=lambda excerpt: numbers[excerpt.reason])
    above = [excerpt for excerpt in fitting if numbers[excerpt.reason] < own]
    return above, fitting[len(above) :], dropped


def _number(snapshot: Snapshot) -> int:
    cell = snapshot.document.cell
    return cell.number if cell else 0


def _own_file(snapshot: Snapshot, budget: int) -> tuple[list[Excerpt], list[Dropped]]:
    text, path = snapshot.document.text, display_path(snapshot)
    tokens = estimate_tokens(text)
    if tokens <= budget:
        whole = f"cell {_number(snapshot)}, the one asked about" if _number(snapshot) else "the file"
        return [Excerpt(path, 1, text, whole, tokens)], []
    spans, dropped = _fitting(snapshot, path, budget)
    excerpts = [
        Excerpt(
            path, text.count("\n", 0, start) + 1, text[start:end], reason, estimate_tokens(text[start:end])
        )
        for start, end, reason in spans
    ]
    if listed := outline(text, snapshot.document.language_id):
        cut = _first_tokens(listed, budget // 4)
        excerpts.insert(0, Excerpt(path, 1, cut, "its outline", estimate_tokens(cut)))
    return excerpts, dropped


def _fitting(snapshot: Snapshot, path: str, budget: int) -> tuple[list[tuple[int, int, str]], list[Dropped]]:
    """Parts of a large file, merged where they touch; lines around the cursor fill what is left."""
    text = snapshot.document.text
    kept: list[tuple[int, int, str]] = []
    dropped: list[Dropped] = []
    for reason, (start, end) in _wishes(snapshot):
        tokens = estimate_tokens(text[start:end])
        if tokens <= budget:
            kept.append((start, end, reason))
            budget -= tokens
        else:
            dropped.append(Dropped(path, reason, tokens))
    # Whole parts first, lines around the cursor with what is left: half a definition misleads more than it helps.
    start, end = _grow(snapshot, budget)
    return _merge([*kept, (start, end, "around the cursor")]), dropped


def _wishes(snapshot: Snapshot) -> list[tuple[str, Span]]:
    """What to include of the file itself, most important first."""
    text, selection, language_id = snapshot.document.text, snapshot.selection, snapshot.document.language_id
    found = [("the selection", line_span(text, selection.start, selection.end))]
    inner = enclosing_definition(text, selection.start, selection.end, language_id)
    if inner:
        found.append(("the definition around it", inner))
        outer = enclosing_definition(text, max(0, inner[0] - 1), inner[1], language_id)
        if outer and outer != inner:
            head_end = line_span(text, outer[0], min(outer[1], outer[0] + 400))[1]
            found.append(("the head of what holds it", (outer[0], head_end)))
    if imports := import_block(text, language_id):
        found.append(("imports", imports))
    return found


def _grow(snapshot: Snapshot, budget: int) -> Span:
    """Whole lines around the selection worth about `budget` tokens, three quarters of them before it."""
    text, selection = snapshot.document.text, snapshot.selection
    reach = max(0, budget) * 3  # code has rather more than three characters to a token
    if not reach:
        return selection.start, selection.start
    return line_span(
        text, max(0, selection.start - reach * 3 // 4), min(len(text), selection.end + reach // 4)
    )


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


def _first_tokens(text: str, budget: int) -> str:
    kept: list[str] = []
    for line in text.split("\n"):
        budget -= estimate_tokens(line) + 1
        if budget < 0:
            kept.append("…")
            break
        kept.append(line)
    return "\n".join(kept)


def display_path(snapshot: Snapshot) -> str:
    """The document's path as a user names it: relative to the workspace where it lies inside. A cell's is its
    notebook's."""
    path, workspace = snapshot.document.path, snapshot.workspace
    if path is None:
        cell = snapshot.document.cell
        return (cell.notebook if cell else snapshot.document.uri).rsplit("/", 1)[-1] or "untitled"
    return (path_in(path, workspace.root) if workspace else None) or path.name


def display_name(snapshot: Snapshot) -> str:
    """The document for a user: its path, and for a cell which one it is."""
    path, cell = display_path(snapshot), snapshot.document.cell
    if cell is None:
        return path
    return f"cell {cell.number} of {path}" if cell.number else f"a cell of {path}"


@lru_cache(maxsize=64)  # each key asks it of several documents
def path_in(path: PurePath, root: PurePath) -> str | None:
    """The path from `root` on, with slashes; None outside of it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def fit_related(related: Iterable[Related], budget: int) -> Context:
    """As many pieces of other files as fit, the most helpful last: nearest to what follows them in the prompt."""
    chosen, dropped = _fit(related, budget)
    return Context(tuple(reversed(chosen)), tuple(dropped), budget, invisible_notices(chosen))
