"""Turns a model's reply into a change: the only place that parses replies, in any form.

    reply ── SEARCH/REPLACE blocks ─┐
          ── unified diff ──────────┼─▶ new text of each file ─▶ minimal edits, checked
          ── fenced blocks ─────────┤
          ── bare code ─────────────┘

Start at `read_reply`. It never raises and never loses text: a part that could not be placed is saved and named in a
problem. How the forms are read: `search_replace.py`, `unified_diff.py`, `markdown/fences.py`, `prose.py`; where parts
go: `hunks.py`, `place.py`, `insert.py`; for which file: `labels.py`, `target.py`. `read_code` is for a new file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from halley.core.errors import Problem
from halley.core.text import Change, Edit, WorkspaceChange
from halley.engine.markdown.fences import Fence, find_fences
from halley.engine.markdown.thoughts import without_thoughts
from halley.engine.replies.byte_order import behind_marks, without_marks
from halley.engine.replies.choosing import choose_blocks, is_known
from halley.engine.replies.drafts import Drafts
from halley.engine.replies.labels import label_of
from halley.engine.replies.prose import PROSE_LANGUAGES, bare_code, is_refusal, loses_an_end, says_the_same
from halley.engine.replies.search_replace import has_blocks, read_blocks
from halley.engine.replies.target import Target
from halley.engine.replies.unified_diff import DIFF_LANGUAGES, has_diff, is_diff, opens_diff, read_diff

__all__ = ["ReadReply", "Target", "read_code", "read_reply"]


@dataclass(frozen=True, slots=True)
class ReadReply:
    """The meaning of a reply. `kept` has every part that was not placed; `confirm` is a reason to ask first."""

    change: WorkspaceChange = field(default_factory=lambda: WorkspaceChange(()))
    problems: tuple[Problem, ...] = ()
    kept: str = ""
    confirm: str = ""
    uri: str = ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of the target's own document."""
        return tuple(
            edit
            for part in self.change.changes
            if getattr(part, "uri", "") == self.uri
            for edit in getattr(part, "edits", ())
        )

    @property
    def changes(self) -> tuple[Change, ...]:
        return self.change.changes


def read_reply(reply: str, target: Target) -> ReadReply:
    """The change that a reply stands for, against exactly the text of `target`."""
    target, marked = without_marks(target)
    drafts = Drafts(target)
    lines = clean_reply(reply, target).split("\n")
    # A cut reply can look complete: its last block may be a function without its end. So none of it is applied.
    if target.truncated:
        drafts.refuse("The reply ended early.", "Nothing was changed. Try again, or ask for less.")
    elif not any(line.strip() for line in lines):
        drafts.refuse("The reply is empty.", "Ask again, or pick another model.")
    else:
        _read(lines, drafts)
    kept = reply if drafts.keep_all else "\n\n".join(drafts.kept)
    change = behind_marks(drafts.change(), marked)
    return ReadReply(change, tuple(drafts.problems), kept, drafts.confirm, target.uri)


def read_code(reply: str, language_id: str = "") -> str:
    """The code in a reply that is to be a file of its own, with a final newline; empty where there is none."""
    from halley.core.snapshot import Selection

    target = Target("", "", Selection(0, 0), language_id=language_id, exists=False)
    lines = clean_reply(reply, target).split("\n")
    block = _block_for(lines, find_fences(lines), target)
    return "\n".join(block).strip("\n") + "\n" if block else ""


def clean_reply(reply: str, target: Target) -> str:
    """Without a byte-order mark, `\\r`, and thinking not kept apart. Entities are not decoded: they may be code."""
    text = reply.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return without_thoughts(text, target.text)


def _read(lines: Sequence[str], drafts: Drafts) -> None:
    # The most explicit form first: a SEARCH/REPLACE block says what it replaces, a diff says where, and a plain block
    # says neither. A form that the target's own text contains proves nothing: the code may be about such blocks.
    target = drafts.target
    if has_blocks(lines) and not has_blocks(target.text.split("\n")):
        hunks, broken = read_blocks(lines, target.text.split("\n"), lambda path: is_known(path, target))
        drafts.add_hunks(hunks)
        for text in broken:
            drafts.problem("A SEARCH/REPLACE block of the reply is incomplete.", text)
        return
    fences = find_fences(lines, holds_fences=_holds_fences(target))
    if _are_its_own(fences, lines, target):
        fences = []
    if diffs := _diffs(lines, fences, target):
        for file in read_diff(diffs):
            drafts.add_diff(file)
        return
    _read_blocks(lines, fences, drafts)


def _diffs(lines: Sequence[str], fences: Sequence[Fence], target: Target) -> list[str]:
    """The lines of a reply that are a unified diff; empty when it is none."""
    prose = target.language_id in PROSE_LANGUAGES - {""}
    if opens_diff(lines) and not has_diff(target.text.split("\n")):
        return list(lines)
    if target.language_id in DIFF_LANGUAGES or (prose and not _only_diffs(lines, fences)):
        return []
    marked = [
        fence
        for fence in fences
        if fence.closed
        and ((fence.language in DIFF_LANGUAGES and is_diff(fence.lines)) or has_diff(fence.lines))
    ]
    if marked:
        others = [
            fence for fence in fences if fence not in marked and fence.language in (target.language_id, "")
        ]
        return [] if others and not _asks_for(marked) else _with_labels(marked, target)
    return list(lines) if not fences and has_diff(lines) else []


def _with_labels(fences: Sequence[Fence], target: Target) -> list[str]:
    """The blocks' lines one after another, each headed by the file it is for where only a label says so."""
    lines: list[str] = []
    for fence in fences:
        label = label_of(fence)
        if (
            label
            and (label.sure or is_known(label.path, target))
            and not any(line.startswith(("--- ", "+++ ", "*** ", "diff --git ")) for line in fence.lines)
        ):
            lines.append(f"*** Update File: {label.path}")
        lines += fence.lines
    return lines


def _asks_for(marked: Sequence[Fence]) -> bool:
    """Whether diffs are the answer although whole blocks stand beside them: they say where they belong."""
    return all(has_diff(fence.lines) for fence in marked)


def _only_diffs(lines: Sequence[str], fences: Sequence[Fence]) -> bool:
    """Whether a reply for a text that may hold diffs itself is nothing but diffs."""
    return all(fence.language in DIFF_LANGUAGES for fence in fences) if fences else has_diff(lines)


def _read_blocks(lines: Sequence[str], fences: Sequence[Fence], drafts: Drafts) -> None:
    target = drafts.target
    chosen = choose_blocks(fences, target)
    if any(not fence.closed for fence in (*chosen.own, *(fence for _, fence in chosen.others))):
        drafts.refuse(
            "The reply ends in the middle of its code.",
            "Nothing was changed. Try again, or ask for less.",
        )
        return
    for path, fence in chosen.others:
        drafts.add_file(path, fence.lines)
    if chosen.own:
        drafts.add_blocks([fence.lines for fence in chosen.own])
    elif not chosen.others:
        _read_bare(lines, _bare(lines, fences, target), drafts)


def _read_bare(lines: Sequence[str], block: Sequence[str] | None, drafts: Drafts) -> None:
    own = drafts.target.selection.of(drafts.target.text).split("\n")
    if not block:
        _refuse_none(lines, drafts)
    elif not loses_an_end(lines, block, own):
        drafts.add_blocks([block])
    elif says_the_same(block, own):  # what was changed is among the lines left out
        drafts.refuse(_UNCLEAR, "Nothing was changed. Ask for the code in a block.")
    else:
        drafts.reasons.append(_UNCLEAR)
        drafts.add_blocks([block])


_UNCLEAR = "It is unclear which lines of the reply are code."


def _refuse_none(lines: Sequence[str], drafts: Drafts) -> None:
    message = (
        "The model declined the request."
        if is_refusal(lines)
        else "The reply contains no code for this place."
    )
    drafts.refuse(message, "Its text is saved. Rephrase the request, or pick another model.")


def _block_for(lines: Sequence[str], fences: Sequence[Fence], target: Target) -> Sequence[str] | None:
    own = choose_blocks(fences, target).own
    return own[0].lines if own else _bare(lines, fences, target)


def _bare(lines: Sequence[str], fences: Sequence[Fence], target: Target) -> list[str] | None:
    """Code outside any fence; also before a closing mark that nothing opened."""
    if fences and target.language_id not in PROSE_LANGUAGES:
        first = fences[0]
        stray = (
            len(fences) == 1 and not first.closed and not first.info and not any(map(str.strip, first.lines))
        )
        if not stray:
            return None
        lines = lines[: first.first]
    return bare_code(lines, target.text.split("\n"), target.language_id)


def _are_its_own(fences: Sequence[Fence], lines: Sequence[str], target: Target) -> bool:
    """Whether a reply begins as the part does, without a fence, and what looks like one in it is a line of the part."""
    if not fences:
        return False
    own = [row.rstrip() for row in target.selection.of(target.text).splitlines() if row.strip()]
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if not own or fences[0].first == first or lines[first].rstrip() != own[0]:
        return False
    rows = frozenset(own)
    return all(lines[fence.first].rstrip() in rows for fence in fences)


def _holds_fences(target: Target) -> bool:
    return target.language_id in ("markdown", "mdx") or "\n```" in f"\n{target.selection.of(target.text)}"
