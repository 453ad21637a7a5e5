"""Thinking that a host left in the text of a reply: found, and taken away. The shapes are in `core/thoughts.py`.

A draft inside the thinking is not the answer, so it must never reach an edit. Text that the document itself holds is
left alone: a file about these marks can be edited.
"""

from __future__ import annotations

import re

from halley.core.thoughts import ANSWER_CHANNEL, CLOSINGS, THINKING_NAMES

_OPEN = re.compile(rf"^[ \t]*(?:<({'|'.join(THINKING_NAMES)})>|\[(think)\])", re.IGNORECASE | re.MULTILINE)
"""At the beginning of a line: one in a sentence is talked about."""
_CLOSE = re.compile("|".join(map(re.escape, CLOSINGS)), re.IGNORECASE)
_CHANNEL = re.compile(
    r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*(?P<name>\w+)[^<]*"
    r"(?:<\|constrain\|>[^<]*)?<\|message\|>",
    re.IGNORECASE,
)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start)\|>", re.IGNORECASE)
_MARKS = ("</", "[/", "<|channel|>")


def without_thoughts(reply: str, document: str = "") -> str:
    """The reply less its thinking. `document`: a text whose own marks are no thinking."""
    lower = reply.lower()
    if not any(mark in lower for mark in _MARKS) and not _OPEN.search(reply):
        return reply
    if "<|channel|>" in lower and "<|channel|>" not in document:
        return _final_channel(reply)
    return _after_tags(reply, document)


def _final_channel(reply: str) -> str:
    """What the channel `final` says; empty where the reply ended before it. Text before the first mark stays."""
    marks = list(_CHANNEL.finditer(reply))
    if not marks:
        return reply
    said: list[str] = []
    for mark in marks:
        if mark["name"].lower() == ANSWER_CHANNEL:
            end = _CHANNEL_END.search(reply, mark.end())
            said.append(reply[mark.end() : end.start() if end else len(reply)])
    return "".join(said)


def _after_tags(reply: str, document: str) -> str:
    """The reply without each block of thinking that has both tags, then what follows a closing tag left over."""
    lower = document.lower()
    out: list[str] = []
    at = 0
    while (opening := _OPEN.search(reply, at)) is not None:
        tag = opening[0].strip().lower()
        if tag in lower:
            return reply
        out.append(reply[at : opening.start()])
        close = _matching_close(reply, opening)
        if close is None:  # it broke off while thinking
            return "".join(out)
        at = close.end()
    rest = reply[at:].lstrip("\n") if at else reply
    close = _last_close(rest, lower)
    return rest[close.end() :].lstrip("\n") if close else "".join(out) + rest


def _matching_close(reply: str, opening: re.Match[str]) -> re.Match[str] | None:
    """The closing tag of the opening one. One that is opened again inside is closed inside."""
    name = (opening[1] or opening[2]).lower()
    marks = re.compile(rf"</?{name}>|\[/?{name}\]", re.IGNORECASE)
    depth = 0
    for mark in marks.finditer(reply, opening.start()):
        depth += -1 if "/" in mark[0] else 1
        if not depth:
            return mark
    return None


def _last_close(reply: str, document: str) -> re.Match[str] | None:
    """The last closing tag: where thinking ended whose opening tag the host took away."""
    found = None
    for mark in _CLOSE.finditer(reply):
        if mark[0].lower() not in document and mark[0].replace("/", "", 1) not in reply[: mark.start()]:
            found = mark
    return found
