"""A chat as Markdown: for reading in an editor and for taking away."""

from __future__ import annotations

from collections.abc import Iterable

from halley.engine.inert import inert_markdown
from halley.stores.chat_values import Chat, Reply
from halley.stores.chats import ChatStore


async def chat_markdown(store: ChatStore, chat_id: str) -> str:
    """The chat as a document. Raises BadRequest for one that is not there."""
    return render_chat(await store.get(chat_id))


def render_chat(
    chat: Chat, replies: Iterable[str] = (), *, citations: bool = True, reasoning: bool = False
) -> str:
    """The whole chat, or only the replies named by id. What models wrote is made inert."""
    wanted = set(replies)
    parts = [f"# {chat.title or 'Chat'}"]
    for turn in chat.turns:
        shown = [r for r in turn.replies if (not wanted and not turn.undone) or r.id in wanted]
        if not shown and (wanted or turn.undone):
            continue
        parts.append(f"## You\n\n{turn.prompt}")
        if turn.excerpts:
            parts.append("\n".join(f"> {e.source} ({e.tokens} tokens)" for e in turn.excerpts))
        parts += (_reply(reply, citations, reasoning) for reply in shown)
    return "\n\n".join(parts) + "\n"


def _reply(reply: Reply, citations: bool, reasoning: bool) -> str:
    text = [f"## {reply.model}{' (chosen)' if reply.chosen else ''}"]
    if reasoning and reply.reasoning:
        quoted = inert_markdown(reply.reasoning).replace("\n", "\n> ")
        text.append(f"> {quoted}")
    text.append(inert_markdown(reply.text))
    if reply.problem:
        text.append(f"> {reply.problem.message}")
    if citations and (sources := [c for c in reply.citations if c.url.startswith(("http://", "https://"))]):
        text.append(
            "\n".join(f"[^{n}]: [{_label(c.title or c.url)}]({c.url})" for n, c in enumerate(sources, 1))
        )
    return "\n\n".join(text)


def _label(text: str) -> str:
    return inert_markdown(text).replace("[", "(").replace("]", ")").replace("\n", " ")
