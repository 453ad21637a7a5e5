"""A commit message from a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from halley.core.calls import Prompt
from halley.core.errors import BadRequest
from halley.core.models import Role
from halley.core.tokens import estimate_tokens
from halley.engine.prompts import fence
from halley.engine.templates import builtin_template, render_messages
from halley.features.ask import Line, ask
from halley.features.diff import load_shown_diff
from halley.stores.git import load_recent_messages


async def commit_message(
    line: Line, cwd: Path, *, staged: bool = True, guidance: str = "", role: Role = "fast", **options: Any
) -> str:
    """The message for what is staged in `cwd`; with nothing staged, for all changes of the working tree.

    `options` are those of `ask` (`model`, `on_event` …).

    Raises BadRequest when there is nothing to commit or no repository.
    """
    diff = await load_shown_diff(cwd, staged=staged)
    if not diff.strip():
        raise BadRequest("There is nothing to commit.", "Change or stage something first (`git add`).")
    values = {
        "diff_block": fence(cut_diff(diff, line.settings.context.max_tokens), "diff"),
        "recent": "\n".join(f"- {message}" for message in await load_recent_messages(cwd)),
        "guidance": guidance,
    }
    prompt = Prompt(render_messages(builtin_template("commit"), values))
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


def tidy(reply: str) -> str:
    """The message itself, out of the fence or quotes some models put around it."""
    text = reply.strip()
    if text.startswith("```"):
        text = "\n".join(text.split("\n")[1:]).rsplit("```", 1)[0].strip()
    return text.strip('"').strip() + "\n"
