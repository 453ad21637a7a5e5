"""Thinking that a host left in the text of a reply: found, and taken away. The shapes are in `core/thoughts.py`.

A draft inside the thinking is not the answer, so it must never reach an edit. Text that the document itself holds is
left alone: a file about these marks can be edited.
"""

from __future__ import annotations

import re

from halley.core.thoughts import ANSWER_CHANNEL, CLOSINGS, LEADING, THINKING_NAMES

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
_NAMES = "|".join((*THINKING_NAMES, *(mark[1:-1] for mark in LEADING if re.fullmatch(r"<[a-z_:]+>", mark))))
_LEADING_TAG = re.compile(rf"\s*<({_NAMES}|analysis)>", re.IGNORECASE)
_TAG = re.compile(rf"<(/?)({_NAMES}|analysis)(?=[\s>/])[^<>]*>", re.IGNORECASE)


def without_thoughts(reply: str, document: str = "") -> str:
    """The reply less its thinking. `document`: a text whose own marks are no thinking."""
    reply = _after_leading(reply, document.lower())
    lower = reply.lower()
    if not any(mark in lower for mark in _MARKS) and not _OPEN.search(reply):
        return reply
    if "<|channel|>" in lower and "<|channel|>" not in document:
        return _final_channel(reply)
    return _after_tags(reply, document)


def answer_start(reply: str, document: str, *, markup: bool = False) -> int | None:
    """Where the answer begins after a closed block of thinking that opens the reply; None where there is none.

    In a language of `markup` such a block may be an element. It is thinking only where the text continues below it, or
    its own text began below the tag, and neither the document nor the rest of the reply has an element of that name.
    """
    opening = _LEADING_TAG.match(reply)
    name = opening[1].lower() if opening else ""
    if (
        not opening
        or name in names_in(document)
        or (close := _matching_close(reply, opening.start(), name)) is None
    ):
        return None
    rest = reply[close.end() :]
    at = len(reply) - len(rest.lstrip("\n"))
    if not markup:
        return at
    below = rest.startswith("\n") or reply[opening.end() :].startswith("\n")
    return at if below and rest.strip() and name not in names_in(rest) else None


def answer_in_markup(reply: str, document: str) -> str:
    """As `without_thoughts`, in a language where tags are elements: these are thinking only at the very beginning."""
    if (at := answer_start(reply, document, markup=True)) is not None:
        return reply[at:]
    opening = _LEADING_TAG.match(reply)
    named = names_in(document)
    if (
        opening
        and opening[1].lower() not in named
        and _matching_close(reply, opening.start(), opening[1].lower()) is None
    ):
        return ""  # it broke off while thinking
    own = {mark[2].lower() for mark in _TAG.finditer(reply) if not mark[1]} | named
    return without_thoughts(reply, document + "".join(f"<{name}></{name}>" for name in own))


def names_in(text: str) -> frozenset[str]:
    """The names of thinking that are tags of a text."""
    return frozenset(mark[2].lower() for mark in _TAG.finditer(text))


def _after_leading(reply: str, document: str) -> str:
    """Without a block that opens the reply; empty where it is never closed."""
    bare = reply.lstrip()
    for opening, closing in (LEADING | {"<analysis>": "</analysis>"}).items():
        if opening not in document and bare[: len(opening)].lower() == opening:
            end = bare.lower().find(closing)
            return bare[end + len(closing) :].lstrip("\n") if end >= 0 else ""
    return reply


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
        close = _matching_close(reply, opening.start(), (opening[1] or opening[2]).lower())
        if close is None:  # it broke off while thinking
            return "".join(out)
        at = close.end()
    rest = reply[at:].lstrip("\n") if at else reply
    close = _last_close(rest, lower)
    return rest[close.end() :].lstrip("\n") if close else "".join(out) + rest


def _matching_close(reply: str, start: int, name: str) -> re.Match[str] | None:
    """The closing tag of the opening one at `start`. One that is opened again inside is closed inside."""
    marks = re.compile(rf"</?{name}>|\[/?{name}\]", re.IGNORECASE)
    depth = 0
    for mark in marks.finditer(reply, start):
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
