"""Talking: an outline of the conversation and of the code in it, a title, a commit message."""

from __future__ import annotations

import re

from halley.simulator.answers.outline import explain, join, outline
from halley.simulator.answers.reading import Block, Task, read_blocks, strip_blocks
from halley.simulator.conversation import Conversation


def title(text: str) -> str:
    """The first words of the question."""
    words = re.findall(r"[\w'+#./-]+", strip_blocks(text) or text)[:5] or ["Empty", "question"]
    chosen = " ".join(words).strip(".-/'")
    return f"{chosen[:1].upper()}{chosen[1:]} (simulated)"


def commit_message(diff: str) -> str:
    """Which files change, and by how many lines."""
    paths = list(dict.fromkeys(re.findall(r"^\+\+\+ (?:b/)?(\S+)", diff, re.M))) or ["nothing"]
    names = [path.rsplit("/", 1)[-1] for path in paths if path != "/dev/null"] or ["files"]
    added, removed = (len(re.findall(rf"^{mark}(?!{mark}{mark})", diff, re.M)) for mark in (r"\+", "-"))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    head = f"Change {names[0][:50]}{more}"
    return f"{head}\n\n{added} lines added, {removed} removed.\n\n(Written by Halley's simulator.)"


def talk(asked: Conversation, task: Task) -> str:
    """What was asked, what was asked before, and what the code at hand holds."""
    parts = [f"You asked: “{_quote(task.prose)}”." if task.prose.strip() else "Your message has no text."]
    if before := asked.users[:-1]:
        numbered = enumerate(before[-8:], max(1, len(before) - 7))
        lines = [f"{at}. {_quote(strip_blocks(text))}" for at, text in numbered]
        parts.append("Before this you asked:\n\n" + "\n".join(lines))
    blocks = [block for said in asked.messages if said.role != "tool" for block in read_blocks(said.text)]
    if task.code and not before:
        parts.append(explain(task.block, task.language))
    elif blocks:
        parts.append("Code in this conversation:\n\n" + "\n".join(map(_line, blocks[-8:])))
    else:
        parts.append("I only compute answers from what I am sent: show me code to explain or format.")
    if pictures := sum(len(said.images) for said in asked.messages):
        parts.append(f"You sent {pictures} picture{'s' if pictures != 1 else ''}, which I cannot see.")
    return "\n\n".join(parts)


def _line(block: Block) -> str:
    whole, found = outline(block.code, block.language)
    names = join([one.signature for one in found]) or "nothing by name"
    return f"- {f'`{block.path}`' if block.path else block.language}, {whole.end} lines: defines {names}"


def _quote(text: str, most: int = 200) -> str:
    """The question itself: what stands last in a message, past any material before it and the heads of blocks."""
    parts = [part for part in text.strip().split("\n\n") if part.strip()]
    parts = [part for part in parts if not part.endswith(":")] or parts
    flat = " ".join((parts[-1] if parts else "").split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
