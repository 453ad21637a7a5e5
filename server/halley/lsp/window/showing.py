"""Showing things to a user, in whatever way their client has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halley.core.errors import Problem
from halley.lsp.text.uris import path_of_uri
from halley.lsp.window.progress import after_progress

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

_MESSAGE_LIMIT = 4000
_INFO, _WARNING, _ERROR = 3, 2, 1
_REPLACES = frozenset({"Neovim"})
"""Editors whose own client shows a document that takes the focus in place of the file, else in a window beside it."""
_ONE_LINE = frozenset({"vim-lsp"})
"""Editors that show each message on one line, and unless they are set up otherwise only warnings and errors."""


async def show_answer(session: Session, title: str, text: str) -> str:
    """Open an answer as a document, or say it as a message where nothing can be opened; its URI."""
    uri = session.answers.keep(title, text)
    if session.client.show_document:
        focus = session.client.asks or session.client.name not in _REPLACES
        answer = await session.request("window/showDocument", {"uri": uri, "takeFocus": focus})
        if answer and answer.get("success"):
            return uri
    if not session.client.asks:  # a plugin of ours shows answers itself
        is_terse = session.client.name in _ONE_LINE
        said = _in_one_line(title, text, uri) if is_terse else _in_full(title, text, uri)
        await show_message(session, said, warning=is_terse)
    return uri


def _in_one_line(title: str, text: str, uri: str) -> str:
    place = path_of(uri)
    return f"{title}: see {place}" if place else f"{title}: {' '.join(text.split())[:_MESSAGE_LIMIT]}"


def _in_full(title: str, text: str, uri: str) -> str:
    short = text if len(text) <= _MESSAGE_LIMIT else f"{text[:_MESSAGE_LIMIT]}…"
    place = path_of(uri)
    return f"{title}\n\n{short}" + (f"\n\n({place})" if place else "")


def path_of(uri: str) -> str:
    """Where an answer is on this disk, as users type it; empty for one that is no file."""
    return str(path_of_uri(uri) or "")


def open_document(session: Session, uri: str) -> None:
    """Have the editor open a file, where it can; its answer is not waited for."""
    if session.client.show_document:
        params = {"uri": uri, "takeFocus": True}
        session.server.run_in_background(session.request("window/showDocument", params), "opening a file")


async def show_message(session: Session, text: str, *, warning: bool = False) -> None:
    message = {"type": _WARNING if warning else _INFO, "message": text}
    after_progress(lambda: session.notify("window/showMessage", message))


async def choose_button(session: Session, message: str, titles: list[str]) -> str:
    """The button of a message box that the user chose; empty without an answer, or for one that was not offered."""
    answer = await session.request(
        "window/showMessageRequest",
        {"type": _WARNING, "message": message, "actions": [{"title": title} for title in titles]},
    )
    title = answer.get("title") if isinstance(answer, dict) else None
    return title if isinstance(title, str) and title in titles else ""


async def show_error(session: Session, problem: Problem | str) -> None:
    """What went wrong and what to do next, as a message."""
    text = problem if isinstance(problem, str) else f"{problem.message} {problem.help}".strip()
    session.notify("window/showMessage", {"type": _ERROR, "message": text})
