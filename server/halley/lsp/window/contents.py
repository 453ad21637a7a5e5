"""The documents of the `halley:` scheme, which editors read by `workspace/textDocumentContent`.

halley:/answers/<id>/<title>.md    an explanation, or what could not be applied
halley:/chats/<id>.md              a chat, as it can be exported
halley:/proposals/<id>/<path>      a document as a proposal would make it
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from halley.core.errors import InvalidInput
from halley.lsp.window.proposing import proposal_text

if TYPE_CHECKING:
    from halley.lsp.window.session import Session


async def read_content(session: Session, uri: str) -> str:
    """The text of a `halley:` document. Raises InvalidInput for one that is not there (any more)."""
    parts = urlsplit(uri)
    kind, _, rest = unquote(parts.path).lstrip("/").partition("/")
    text: str | None = None
    if parts.scheme == "halley" and kind == "answers":
        text = session.answers.read(rest.partition("/")[0])
    elif parts.scheme == "halley" and kind == "chats":
        from halley.features.chat.markdown import chat_markdown

        text = await chat_markdown(session.room.chats, rest.removesuffix(".md"))
    elif parts.scheme == "halley" and kind == "proposals":
        text = proposal_text(session, *rest.partition("/")[::2])
    if text is None:
        raise InvalidInput(
            f"There is no document {uri}.", "Answers are kept only while their window is open."
        )
    return text
