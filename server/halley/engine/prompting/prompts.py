"""Prompts for actions: a template, a snapshot and a context become messages.

The words live in `templates/*.md`; this file only fills them. `build_prompt` is the way in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from halley.core.snapshot import Diagnostic, Snapshot
from halley.engine.code.languages import language
from halley.engine.prompting.context import Context, display_path

if TYPE_CHECKING:  # the menu lists actions; what a prompt is made of is imported when one is made
    from halley.core.calls import Prompt

CURSOR_MARK = "<|cursor|>"
"""Where the cursor is, in prompts that show the text around it."""

_FENCES = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def build_prompt(
    template: str,
    snapshot: Snapshot,
    context: Context,
    *,
    marked: str = "",
    diagnostics: Iterable[Diagnostic] = (),
    values: Mapping[str, str] | None = None,
    max_tokens: int | None = None,
    expect_code: bool = True,
) -> Prompt:
    """Messages for `template`. `marked` is the part of the document the action is about.

    Each value `x` can also be had as `x_block`: in a fence longer than any inside it.
    """
    from halley.core.calls import Prompt
    from halley.engine.prompting.templates import render_messages

    filled = dict(values or {}) | _facts(snapshot, context, marked, diagnostics)
    filled |= {
        f"{name}_block": fence(text, snapshot.document.language_id) for name, text in filled.items() if text
    }
    return Prompt(
        render_messages(template, filled), max_tokens=max_tokens, expect="code" if expect_code else "text"
    )


def _facts(
    snapshot: Snapshot, context: Context, marked: str, diagnostics: Iterable[Diagnostic]
) -> dict[str, str]:
    known = language(snapshot.document.language_id)
    return {
        "language": known.name,
        "language_id": snapshot.document.language_id,
        "docs": known.docs,
        "path": display_path(snapshot),
        "selection": marked,
        "context": render_context(context, snapshot.document.language_id),
        "diagnostics": render_diagnostics(diagnostics, snapshot.document.text),
        "guidance": snapshot.workspace.guidance if snapshot.workspace else "",
        "rules": snapshot.settings.format.rules,
        "cursor_mark": CURSOR_MARK,
    }


def render_context(context: Context, language_id: str) -> str:
    """The excerpts as Markdown, each under a line that says what it is."""
    blocks = (
        f"`{excerpt.path}`, lines {excerpt.first_line} to {excerpt.last_line} ({excerpt.reason}):\n\n"
        f"{fence(excerpt.text, excerpt.language_id or language_id)}"
        for excerpt in context.excerpts
        if excerpt.text.strip()
    )
    return "\n\n".join(blocks)


def render_diagnostics(diagnostics: Iterable[Diagnostic], text: str) -> str:
    """One line for each, as a compiler prints them; lines count from 1."""
    lines: list[str] = []
    for found in diagnostics:
        origin = " ".join(part for part in (found.source, found.code) if part)
        row = text.count("\n", 0, found.start) + 1
        quoted = text[found.start : found.end].split("\n")[0].strip()
        at = f" at `{quoted}`" if quoted else ""
        lines.append(f"- line {row}, {found.severity}{f' ({origin})' if origin else ''}{at}: {found.message}")
    return "\n".join(lines)


def fence(text: str, language_id: str = "") -> str:
    """`text` as a fenced block that nothing inside it can close (CommonMark, section 4.5)."""
    longest = max((len(mark) for mark in _FENCES.findall(text)), default=2)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{language_id}\n{text.rstrip(chr(10))}\n{bar}"
