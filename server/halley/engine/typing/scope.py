"""When a completion is done: the end of the line, of the block, or of what the brackets hold.

`scope_of(place)` decides how much is wanted before anything is asked; `cut_at(text, …)` says, while the reply streams,
where it ends. Everything after the cut would be thrown away, so the stream is closed there. `stops_of(place)` has the
model stop by itself where that is certain.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from halley.core.text import by_line
from halley.engine.markdown.thoughts import answer_start
from halley.engine.typing.completions import ELEMENTS, holds_fences, open_marks, start_of_next_cell
from halley.engine.typing.place import Place
from halley.engine.typing.strings import Strings

Scope = Literal["line", "block"]
MOST_LINES = 40

_OPENS = (":", "{", "(", "[", "=>", "->", "=", ",", "&&", "||", "+", "then", "do", "else", "begin", "|")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_CLOSERS = ("}", ")", "]", "end", "fi", "done", "esac", "</")
_COMMENTS = ("#", "//", "--", '"""', "'''", "/*", "*", "<!--")


_MAYBE_FENCE = re.compile(r"\s*`{1,2}\Z|\s*```[^\n]*\Z")
_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n")
"""Chat models fence what should be bare; the answer is what is inside."""


_THINKING = re.compile(
    r"\s*(?:<(think(?:ing)?|thoughts?|reasoning)>(?!.*</\1>)|\[THINK\](?!.*\[/THINK\]))",
    re.DOTALL | re.IGNORECASE,
)
"""Thinking that a host left in the text: the answer has not begun."""
_PROSE = frozenset(("markdown", "mdx", "plaintext", "restructuredtext", "latex", "asciidoc"))
_LOOK_BACK = 4000
_STRING = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'""")
LONGEST_LINE = 2000
_AFTER = ")]}>'\"`;,:"


def is_completable(place: Place) -> bool:
    """Whether there is a point in asking while typing: comments and strings count, what is finished does not.

    Not in an empty document, before other text of the line (ghost text would push it aside), after the end of a
    statement, or in generated lines.
    """
    before, after = place.line_before.rstrip(), place.line_after.strip()
    if not place.prefix.strip() or len(place.line_before) + len(place.line_after) > LONGEST_LINE:
        return False
    if after and after[0] not in _AFTER:
        return False
    return not (before.endswith(";") and not after) or before.lstrip().startswith(_COMMENTS)


def scope_of(place: Place) -> Scope:
    """A block on an empty line, after something that opens one, and below a comment; elsewhere the line."""
    line = place.line_before.strip()
    if place.line_after.strip():
        return "line"
    if not line or line.endswith(_OPENS) or line.startswith(_COMMENTS):
        return "block"
    return "line"


def stops_of(place: Place) -> tuple[str, ...]:
    """Where the model itself may stop, so that nothing is made that `cut_at` would throw away; few, since hosts differ.

    At the end of a line the answer may begin on the next one, so there is no rule for it.
    """
    if place.line_after.strip():
        return ("\n",)
    next_cell = (f"\n{place.mark}",) if place.mark else ()
    return ("\n\n\n", *next_cell) if scope_of(place) == "block" else next_cell


def cut_at(text: str, place: Place, scope: Scope) -> int | None:
    """Where the completion ends; None while it may continue.

    The offset is into `text`, which is what has streamed so far, untouched.
    """
    fenced = not holds_fences(place.language_id)
    if fenced and _MAYBE_FENCE.match(text):
        return None
    if _THINKING.match(text):
        return None
    if "</" in text and (at := _after_thought(text, place)):
        end = cut_at(text[at:], place, scope) if at < len(text) else None
        return None if end is None else at + end
    line = place.line_before
    if text and line.strip() and not line.isidentifier():
        if line.startswith(text):
            return None  # it may be saying the typed line again
        if text.startswith(line) and len(text) > len(line):
            end = cut_at(text[len(line) :], place, scope)
            return None if end is None else len(line) + end
    if fenced and (opening := _FENCE.match(text)):
        inner = text[opening.end() :]
        closing = inner.find("\n```")
        end = cut_at(inner, place, scope)
        ends = [found for found in (end, closing if closing >= 0 else None) if found is not None]
        return opening.end() + min(ends) if ends else None
    end = _line_end(text) if scope == "line" else _block_end(text, place)
    ends = [one for one in (end, _closed(text, place), start_of_next_cell(text, place)) if one is not None]
    return min(ends, default=None)


def _after_thought(text: str, place: Place) -> int | None:
    """Where the answer begins after thinking; the end of the text where that cannot be said yet."""
    around, is_markup = place.prefix + place.suffix, place.language_id in ELEMENTS
    if is_markup and answer_start(text, around, markup=True) is None:
        at = answer_start(text, around)
        return len(text) if at == len(text) else None  # an element, or more comes below it
    return answer_start(text, around)


def _line_end(text: str) -> int | None:
    end = text.find("\n")
    if end >= 0 and not text[:end].strip():  # the reply began on the next line
        following = text.find("\n", end + 1)
        return following if following >= 0 and text[end:following].strip() else None
    return end if end >= 0 else None


def _block_end(text: str, place: Place) -> int | None:
    """Before the first line that leaves the block, and before a bracket that closes what was opened earlier."""
    base = _base_indent(place)
    at, blank_at = 0, None
    for count, line in enumerate(text.split("\n")[:-1], 1):  # the last line may still grow
        end = at + len(line) + 1
        if at and line.strip():
            if _indent(line) < base and not line.strip().startswith(_CLOSERS):
                return blank_at if blank_at is not None else at
            if _indent(line) < base:
                return end - 1
        blank_at = (at if blank_at is None else blank_at) if not line.strip() and at else None
        if count >= MOST_LINES:
            return end - 1
        at = end
    return None


def _base_indent(place: Place) -> int:
    line = place.line_before
    if not line.strip():
        return _indent(line + "x")
    return _indent(line) + (1 if line.rstrip().endswith((":", "{", "then", "do", "else", "begin")) else 0)


_TICKS = frozenset("rust ocaml fsharp haskell lisp clojure scheme vb".split())
"""Languages in which an apostrophe alone means something."""


def _closed(text: str, place: Place) -> int | None:
    """Where the brackets end the answer; None while they do not.

    That is before the first bracket which closes what is already closed after the cursor, or at the end of the
    line in which the last bracket of the cursor's line is closed. A bracket that closes nothing which is open anywhere
    is text: `1) Install`, `:)`, the pattern of a shell's `case`. One that lines above opened, and nothing below closes,
    is the answer's to close.
    """
    before, quote = open_marks(place.line_before)
    closers = [mark for mark in place.line_after if mark in _PAIRS]
    owed = max(0, len(before) - len(closers))
    if quote or place.language_id in _PROSE or place.line_before.lstrip().startswith(_COMMENTS):
        return None
    outer = _open_above(place)
    missing = [] if closers or not outer else list(_never_closed(place))
    own, settled, at = list[str](), False, 0
    strings = Strings(text)
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1  # as in a regular expression
        elif char in "\"'`" and not (char == "'" and text[at - 1 : at].isalnum()):
            end = strings.end(at)
            if end is None and "\n" not in text[at:] and not (char == "'" and place.language_id in _TICKS):
                return None  # the string may still be closed
            at = end if end is not None else at
        elif char in "([{":
            own.append(char)
        elif char in _PAIRS and own:
            if own[-1] == _PAIRS[char]:
                own.pop()
            elif _PAIRS[char] in own and not _in_class(text, at):
                del own[own.index(_PAIRS[char]) :]
        elif char in _PAIRS and owed:
            owed -= 1
            settled = not owed
        elif char in _PAIRS and missing and missing[-1] == _PAIRS[char]:
            missing.pop()
        elif (char in _PAIRS and (closers or outer)) or (char == "\n" and settled and not own):
            return at
        at += 1
    return None


def _in_class(text: str, at: int) -> bool:
    """Whether a bracket may stand in a class of a regular expression, `[)]`."""
    start = text.rfind("\n", 0, at) + 1
    return "/[" in text[start:at] or '"[' in text[start:at]


@lru_cache(maxsize=4)  # asked again with each piece of a reply
def _open_above(place: Place) -> bool:
    """Whether the lines around leave a bracket open that the lines below close."""
    if (below := place.suffix.lstrip()[:1]) and below in _PAIRS:
        return True
    depth = 0
    for line in place.prefix[-_LOOK_BACK:].split("\n")[:-1]:
        depth = max(0, depth + _deeper_by(line))
    return depth > 0


@by_line
def _deeper_by(line: str) -> int:
    """How many more brackets a line opens than it closes."""
    if line.lstrip().startswith(_COMMENTS):
        return 0
    return sum(map(line.count, "([{")) - sum(map(line.count, _PAIRS))


@lru_cache(maxsize=4)
def _never_closed(place: Place) -> tuple[str, ...]:
    """The brackets that lines above open and no line below closes, innermost last.

    Below, the first bracket that closes nothing of its own says which is the innermost one that is closed.
    """
    above, _ = _unmatched(place.prefix[-_LOOK_BACK:].split("\n")[:-1])
    _, below = _unmatched(place.suffix[:_LOOK_BACK].split("\n")[1:])
    first = _PAIRS[below[0]] if below else ""
    at = next((n for n in range(len(above) - 1, -1, -1) if above[n] == first), -1)
    return tuple(above[at + 1 :])


def _unmatched(lines: list[str]) -> tuple[list[str], list[str]]:
    """The brackets that some lines leave open, and those that close what lines before them opened."""
    opened: list[str] = []
    closing: list[str] = []
    for line in lines:
        if line.lstrip().startswith(_COMMENTS):
            continue
        for char in _STRING.sub("", line):
            if char in "([{":
                opened.append(char)
            elif char in _PAIRS and opened and opened[-1] == _PAIRS[char]:
                opened.pop()
            elif char in _PAIRS and not opened:
                closing.append(char)
    return opened, closing


def _indent(line: str) -> int:
    stripped = line.lstrip(" \t")
    return len(line[: len(line) - len(stripped)].expandtabs(4))
