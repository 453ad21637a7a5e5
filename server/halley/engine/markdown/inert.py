"""Making what a model wrote harmless to show: Markdown that fetches nothing, runs nothing and hides nothing.

A reply is hostile input. What could have an effect is not looked for; it is all written out as text, and only forms
that can have one reading are let through again: links to the web and to places in the workspace, autolinks to the web.
Code is kept where it is code under every reading: fences are moved to the margin and closed, backticks without a
partner on their line are written out. https://spec.commonmark.org/0.31.2/

Characters that cannot be seen are written out everywhere; terminal escapes go (`visible`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from halley.engine.markdown.fences import Fence, find_fences

_URL = r"(?:[^\s()<>\[\]`\\|\"]|\([^\s()<>\[\]`\\|\"]*\))+"
_SAFE = rf"(?:https?://{_URL}|mailto:[\w.+-]+@[\w.-]+|(?!/)[\w.~@+/-]+(?:#[\w.-]*)?|#[\w.-]+)"
_LINK = re.compile(rf"\[(?P<label>[^\[\]\n]*)\]\((?P<url>{_SAFE})(?:[ ]+\"[^\"\n<>\[\]()]*\")?\)")
_DEFINITION = re.compile(rf"[ ]{{0,3}}\[[^\[\]\n`]+\]:[ ]+(?:https?://{_URL})[ ]*\Z")
_AUTOLINK = re.compile(r"<https?://[^\s<>`\[\]()\\|]+>")
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\[\]\n]*\])?")
_SHUT = re.compile(r"\[[^\[\]\n`]*\]")
_PREFIX = re.compile(r"(?:[ \t]*(?:[-*+>]|\d{1,9}[.)])(?=[ \t]|$|[`~>]))*[ \t]*")
_TICKS = re.compile(r"(?<!\\)(\\*)(`+)")  # from the first backslash of a run only
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[@-Z\\-_])?|[\x80-\x9f]"
)


def inert_markdown(text: str) -> str:
    """`text` that can be rendered or printed without effect."""
    if text.isascii() and not _ACTS.search(text):
        return text
    text = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = text.split("\n")
    shown: list[str] = []
    at = 0
    for fence in find_fences(lines):
        shown += map(_inert_line, lines[at : fence.first])
        shown += _block(fence)
        at = fence.last + 1 if fence.closed else fence.last
    return "\n".join([*shown, *map(_inert_line, lines[at:])])


_ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f`~<\[\]]")
"""Without one of these a text in ASCII is as it was: it has no code, link, picture, definition, HTML or control."""


def _block(fence: Fence) -> Iterator[str]:
    """At the margin, closed, and with marks longer than any inside."""
    longest = max((len(run) for line in fence.lines for run in re.findall(r"`+", line)), default=0)
    mark = "`" * max(3, longest + 1)
    yield mark + re.sub(r"[^\w+#.:/=@-]+", " ", fence.info).strip()
    yield from fence.lines
    yield mark


def _inert_line(line: str) -> str:
    if _DEFINITION.fullmatch(line):
        return line
    prefix = _PREFIX.match(line)
    start = prefix.end() if prefix else 0
    head, rest = line[:start], line[start:]
    if rest[:3] in ("```", "~~~"):  # a fence within a quotation, or one that is none
        rest = re.sub(r"\A[`~]+", lambda run: "".join(f"&#{ord(mark)};" for mark in run[0]), rest)
    if rest.startswith("[") and not _SHUT.match(rest):
        rest = f"&#91;{rest[1:]}"
    return head + "".join(piece if is_code else _inert_prose(piece) for is_code, piece in _spans(rest))


def _spans(line: str) -> Iterator[tuple[bool, str]]:
    """The line in pieces: (whether it is code under every reading, the text)."""
    at = begin = 0
    while match := _TICKS.search(line, at):
        escaped, run = len(match[1]) % 2 == 1, match[2]
        opens = match.start(2)
        close = None if escaped else re.compile(rf"(?<!`){run}(?!`)").search(line, match.end())
        if close and not _is_doubtful(line[opens : close.end()]):
            yield False, line[begin:opens]
            yield True, line[opens : close.end()]
            at = begin = close.end()
        else:  # written out, so that it pairs with none on another line
            slashes = match[1][:-1] if escaped else match[1]
            yield False, line[begin : match.start()]
            yield True, slashes + "&#96;" * len(run)
            at = begin = match.end()
    yield False, line[begin:]


def _is_doubtful(span: str) -> bool:
    """Whether a table's bars or a definition's end could cut this code in two."""
    return ("|" in span and any(mark in span for mark in ("[", "<", "]"))) or "]:" in span


def _inert_prose(text: str) -> str:
    text = _IMAGE.sub(lambda m: f"(image: {m[1].strip() or 'without a name'})", text)
    pieces: list[str] = []
    at = 0
    for safe in _safe_forms(text):
        pieces += (_written_out(text[at : safe.start()]), safe[0])
        at = safe.end()
    return "".join([*pieces, _written_out(text[at:])])


def _safe_forms(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(text):
        found = [m for pattern in (_LINK, _AUTOLINK) if (m := pattern.search(text, at))]
        if not found:
            return
        first = min(found, key=lambda match: match.start())
        before = text[first.start() - 1 : first.start()]
        if (
            before != "!"
            and not _is_escaped(text, first.start())
            and "<" not in (first.groupdict().get("label") or "")
        ):
            yield first
            at = first.end()
        else:
            at = first.start() + 1


def _is_escaped(text: str, at: int) -> bool:
    return (at - len(text[:at].rstrip("\\"))) % 2 == 1


def _written_out(text: str) -> str:
    """Characters that make links, images, definitions and HTML, as text."""
    text = _MAY_BEGIN_HTML.sub("&lt;", text).replace("![", "!&#91;")
    return text.replace("](", "]&#40;").replace("]:", "]&#58;").replace("][", "]&#91;")


_MAY_BEGIN_HTML = re.compile(r"<(?!=?\s|\$?[\d.,]+(?:[\s|]|$))")
"""Not before a blank (`a < b`) or a number (`<$0.01`): no tag and no address begins so, and `&lt;` is hard to read."""


def visible(text: str) -> str:
    """Terminal escapes taken out; characters that cannot be seen or that turn the reading order written out."""
    text = _ESCAPES.sub("", text)
    if text.isascii() and not _CONTROLS.search(text):
        return text
    return "".join(char if _is_seen(char) else f"⟨U+{ord(char):04X}⟩" for char in text)


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_JOINERS = "\u200d\ufe0f\ufe0e"
"""Parts of emoji; harmless."""


def _is_seen(char: str) -> bool:
    if char in "\n\t\r" or char in _JOINERS:
        return True
    return (
        unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs", "Cn")
        and char not in "\u2028\u2029\u3164\u115f\u1160\uffa0"
    )
