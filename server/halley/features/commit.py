"""A commit message from a diff."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from halley.core.calls import Prompt
from halley.core.errors import InvalidInput
from halley.core.models import Role
from halley.core.tokens import estimate_tokens
from halley.engine.markdown.fences import find_fences
from halley.engine.prompting.prompts import fence
from halley.engine.prompting.templates import builtin_template, render_messages
from halley.features.ask import Line, ask
from halley.features.diff import load_shown_diff
from halley.stores.workspace.git.diff import load_recent_messages


async def commit_message(
    line: Line,
    cwd: Path,
    *,
    staged: bool = True,
    guidance: str = "",
    role: Role = "fast",
    template: str = "",
    **options: Any,
) -> str:
    """The message for what is staged in `cwd`; with nothing staged, for all changes of the working tree.

    `template` is the user's own prompt, else the one shipped; `options` are those of `ask` (`model`, `on_event` …).

    Raises InvalidInput when there is nothing to commit or no repository.
    """
    diff = await load_shown_diff(cwd, staged=staged, exclude=line.settings.context.exclude)
    if not diff.strip():
        raise InvalidInput("There is nothing to commit.", "Change or stage something first (`git add`).")
    shown = cut_diff(diff, line.settings.context.max_tokens)
    values = {
        "diff": shown,
        "diff_block": fence(shown, "diff"),
        "recent": "\n".join(f"- {message}" for message in await load_recent_messages(cwd)),
        "guidance": guidance,
    }
    prompt = Prompt(render_messages(template or builtin_template("commit"), values))
    reply = await ask(line, prompt, feature="commit", role=role, **options)
    return tidy(reply.text)


def cut_diff(diff: str, budget: int) -> str:
    """The diff within `budget` tokens: each file gets its fair share, and cut files say so."""
    if estimate_tokens(diff) <= budget:
        return diff
    files = ["diff --git " + part for part in diff.split("diff --git ") if part.strip()]
    share = max(200, budget // max(1, len(files)))
    return "".join(_cut(file, share) for file in files[: max(1, budget // share)])


def _cut(file: str, budget: int) -> str:
    kept: list[str] = []
    for line in file.splitlines(keepends=True):
        budget -= estimate_tokens(line)
        if budget < 0:
            return "".join(kept) + "… (the rest of this file's diff is left out)\n"
        kept.append(line)
    return file


_THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_LEAD = re.compile(r"\A[^\n]{0,120}(?:message|commit)[^\n]{0,40}:[ \t]*\n+", re.IGNORECASE)
_QUOTES = ('""', "''", "``", "“”", "«»")


def tidy(reply: str) -> str:
    """The message itself, out of the fence, quotes, thinking or introduction some models put around it.

    A blank line follows its first; nothing invisible stays in it.
    """
    text = _THOUGHT.sub("", reply.replace("\r\n", "\n")).strip()
    fenced = next((fence for fence in find_fences(text.split("\n")) if fence.closed), None)
    if fenced is not None:
        text = fenced.text
    elif len(bare := _LEAD.sub("", text)) < len(text) and bare.strip():
        text = bare
    text = "".join(c for c in text.strip() if c in "\n\t" or (c.isprintable() or c == "\u200d"))
    for pair in _QUOTES:
        inner = text[1:-1]
        if len(text) > 2 and text[0] == pair[0] and text[-1] == pair[1] and pair[0] not in inner:
            text = inner.strip()
    lines = [line.rstrip() for line in text.split("\n")]
    if len(lines) > 1 and lines[1]:
        lines.insert(1, "")
    return "\n".join(lines).strip() + "\n"
