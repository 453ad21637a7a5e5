"""A chat as Markdown: for reading in an editor and for taking away. What models wrote is made inert."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from halley.engine.markdown.inert import inert_markdown, visible
from halley.engine.prompting.prompts import fence
from halley.features.chat.blind import shown
from halley.features.chat.rendering import Places, plain_label, rendered_reply
from halley.stores.chats.store import ChatStore
from halley.stores.chats.values import Chat, Excerpt, Reply, ToolUse, Turn


async def chat_markdown(store: ChatStore, chat_id: str) -> str:
    """The chat as a document to read on this machine. Raises InvalidInput for one that is not there."""
    chat = await store.get(chat_id)
    return render_chat(chat, root=Path(chat.workspace) if chat.workspace else None)


def render_chat(
    chat: Chat,
    replies: Iterable[str] = (),
    *,
    citations: bool = True,
    reasoning: bool = False,
    root: Path | None = None,
) -> str:
    """The whole chat, or only the replies named by id. With a `root`, places in the workspace open from here."""
    wanted = set(replies)
    parts = [f"# {plain_label(chat.title) or 'Chat'}"]
    marks = {mark.after_position: mark for mark in chat.marks}
    number = 0
    for turn in map(shown, chat.turns):
        chosen = [r for r in turn.replies if (not wanted and not turn.undone) or r.id in wanted]
        if chosen or not (wanted or turn.undone):
            parts += _question(turn, root)
            for reply in chosen:
                number += 1
                parts += _reply(reply, Places.of(turn.excerpts, root), citations, reasoning, number)
        if not wanted and (mark := marks.get(turn.position)):
            parts.append(_mark(mark.kind, mark.text))
    return "\n\n".join(parts) + "\n"


def _question(turn: Turn, root: Path | None) -> list[str]:
    parts = ["## You", inert_markdown(turn.prompt)]
    if turn.images:
        parts.append(f"({len(turn.images)} picture{'s' if len(turn.images) > 1 else ''})")
    if turn.excerpts:
        parts.append(
            "\n".join(f"> - {_place(excerpt, root)}, {excerpt.tokens} tokens" for excerpt in turn.excerpts)
        )
    return parts


def _place(excerpt: Excerpt, root: Path | None) -> str:
    """`path:line` as a link that opens."""
    path, _, line = excerpt.label.rpartition(":")
    links = Places.of((excerpt,), root).links
    if not path:
        return plain_label(excerpt.source)
    return f"[{plain_label(excerpt.label)}]({links[path]}#L{line})"


def _reply(reply: Reply, places: Places, citations: bool, reasoning: bool, number: int) -> list[str]:
    parts = [f"## {plain_label(reply.model)}{' (chosen)' if reply.chosen else ''}"]
    if reasoning and reply.reasoning:
        quoted = inert_markdown(reply.reasoning).strip().replace("\n", "\n> ")
        parts.append(f"> Reasoning:\n>\n> {quoted}")
    parts += [_tool(use) for use in reply.tool_uses]
    parts.append(
        rendered_reply(reply, places, citations=citations, footnote=f"{number}-" if number > 1 else "")
    )
    if reply.images:
        parts.append(f"({len(reply.images)} picture{'s' if len(reply.images) > 1 else ''} not shown here)")
    if reply.problem:
        parts.append(f"> {inert_markdown(reply.problem.message)}")
    elif reply.status not in ("complete", "open"):
        parts.append(f"> This reply was {reply.status}.")
    return parts


def _tool(use: ToolUse) -> str:
    """A call and its result, as text only."""
    name = plain_label(f"{use.server}/{use.name}" if use.server else use.name)
    called = f"> Called {name} ({plain_label(use.state)}) with:\n>\n"
    inside = fence(use.arguments or "{}", "json")
    if use.result:
        inside += f"\n\nIt returned:\n\n{fence(visible(use.result), 'text')}"
    return called + "\n".join(f"> {line}".rstrip() for line in visible(inside).split("\n"))


def _mark(kind: str, text: str) -> str:
    if kind == "clear":
        return "---\n\n*Context cleared.*"
    return f"---\n\n*Summary of what came before:*\n\n{inert_markdown(text)}"
