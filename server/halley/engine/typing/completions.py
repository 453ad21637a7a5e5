"""From what a model said to what may be shown at the cursor: small pure steps, in order.

`read_completion` runs STEPS; each takes and gives the text of the completion, knowing the text around it. A step that
finds nothing worth showing gives the empty text, and that is the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from halley.engine.code.layout import fit_style, style_of
from halley.engine.guards.secrecy import find_secrets
from halley.engine.markdown.thoughts import answer_in_markup, names_in, without_thoughts
from halley.engine.typing.echo import drop_echo
from halley.engine.typing.place import Place
from halley.engine.typing.strings import Strings


def typed_twice(place: Place, offered: str, was: str, now: str) -> tuple[int, int] | None:
    """Where what was typed along with `offered` stands a second time, after an editor put all of it before that.

    `place` is where it was offered, `was` and `now` are the whole text before and after it was accepted. None where
    anything else has happened.
    """
    if "\r\n" in place.prefix or "\r\n" in place.suffix:
        offered = offered.replace("\r\n", "\n").replace("\n", "\r\n")
    end = len(was) - len(place.suffix)
    typed = was[len(place.prefix) : end]
    if not typed or not offered.startswith(typed) or was != place.prefix + typed + place.suffix:
        return None
    if now != f"{place.prefix}{offered}{typed}{place.suffix}":
        return None
    start = len(place.prefix) + len(offered)
    return start, start + len(typed)


def read_completion(reply: str, place: Place) -> str:
    """What to insert at the cursor; empty when there is nothing worth showing."""
    text = reply
    for step in STEPS:
        text = step(text, place)
        if not text:
            return ""
    return text


_FENCE = re.compile(r"\A\s*```[\w+-]*[ \t]*\n(.*?)(?:\n```[ \t]*\s*\Z|\Z)", re.DOTALL)
_MARKS = re.compile(
    r"<[|｜][\w▁.-]+(?: [\w▁.-]+)*[|｜]>|<fim[_-]\w+>|<(?:file_sep|filename|repo_name|reponame|gh_stars|endoftext|EOT)>"
    r"|\[(?:PREFIX|SUFFIX|MIDDLE)\]"
)
"""Tokens of fill-in-the-middle models, as their tokenizers spell them: StarCoder, DeepSeek, Qwen, Codestral, CodeLlama.

A name with blanks inside the bars is F#, and `<file>` is XML: they are no tokens.
"""
_ENDS_OF_SEQUENCE = ("</s>", "<s>")
MARKUP = frozenset(
    ("html", "xml", "vue", "svelte", "php", "markdown", "mdx", "javascriptreact", "typescriptreact", "xsl")
)
ELEMENTS = frozenset(("html", "xml", "xsl", "svg", "vue", "svelte"))
"""Languages in which any name in angle brackets may be an element of the file."""


def holds_fences(language_id: str) -> bool:
    """Whether a fence is text of the file."""
    return language_id in ("markdown", "mdx", "restructuredtext")


def drop_thoughts(text: str, place: Place) -> str:
    """Thinking that a host left in the text."""
    if place.language_id in ELEMENTS:
        return answer_in_markup(text, place.prefix + place.suffix)
    closed = "".join(
        f"</{name}>" for name in names_in(place.line_before)
    )  # a string, for instance, may hold the tag
    return without_thoughts(text, place.prefix[-4000:] + place.suffix[:4000] + closed)


def drop_fence(text: str, place: Place) -> str:
    """Chat models fence what should be bare."""
    found = None if holds_fences(place.language_id) else _FENCE.match(text)
    return found[1] if found else text


def drop_marks(text: str, place: Place) -> str:
    """A model's own control tokens end the text, unless the document has them itself."""
    if place.mark and not place.prefix.strip() and text.startswith(place.mark):
        text = text.partition("\n")[2]  # the head of the cell, said again
    text = text[: start_of_next_cell(text, place)]
    known: set[str] = set()
    for found in _MARKS.finditer(text):
        if found[0] in known:
            continue
        if found[0] not in place.prefix and found[0] not in place.suffix:
            text = text[: found.start()]
            break
        known.add(found[0])
    bare = text.rstrip()
    if place.language_id not in MARKUP and bare.endswith(_ENDS_OF_SEQUENCE):
        return bare.removesuffix("</s>").removesuffix("<s>").rstrip()
    return text


def start_of_next_cell(text: str, place: Place) -> int | None:
    """Where a completion continues in another cell; None where it does not."""
    at = text.find(f"\n{place.mark}") if place.mark else -1
    return at if at >= 0 else None


def fit_indentation(text: str, place: Place) -> str:
    """On an indented empty line some models begin with the indentation again, in every line or only the first."""
    indent = place.line_before
    if not indent or indent.strip() or not text.startswith((" ", "\t")):
        return text
    first, newline, rest = text.partition("\n")
    return (
        first[len(indent) :] + newline + rest
        if first.startswith(indent)
        else first.lstrip(" \t") + newline + rest
    )


def drop_secrets(text: str, _place: Place) -> str:
    """A key in ghost text is a real key that the model memorized."""
    return "" if find_secrets(text) else text


def fold_newlines(text: str, place: Place) -> str:
    """The document's own line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    crlf = "\r\n" in place.prefix or "\r\n" in place.suffix
    return text.replace("\n", "\r\n") if crlf else text


def drop_halves(text: str, _place: Place) -> str:
    """Half a character, where the reply was cut in the middle of one."""
    return text.rstrip("\ufffd") if not any("\ud800" <= c <= "\udfff" for c in text) else ""


def drop_suffix_overlap(text: str, place: Place) -> str:
    """What the reply repeats of the text after the cursor."""
    text = _drop_closers(text, place)
    for end in range(min(len(text), len(place.suffix), 400), 0, -1):
        overlap = place.suffix[:end]
        if text.endswith(overlap) and (
            any(character.isalnum() for character in overlap) or _closes_too_much(text, end)
        ):
            return text[: len(text) - end]
    return text


def _drop_closers(text: str, place: Place) -> str:
    """Without the closing marks that stand right after the cursor already, like the `)` an editor put there.

    They are repeated where the text closes what was opened before the cursor: `len(x))` in `print(|)`. A `)` that
    closes what the text opened itself stays: `len(x)` there.
    """
    after = place.line_after.strip()
    first, newline, rest = text.partition("\n")
    before = place.line_before
    if after[:1] and open_marks(before)[1] == after[0]:  # the string is closed, whatever follows it
        at = closes_before(first, before)
        return text if at is None else first[:at]
    if not after or set(after) - set(")]}>'\"`;,: "):
        return text
    if after[0] in _OPENER and open_marks(before)[1]:  # what is put into a string, as in `f"{|}"`
        before = before[max(0, before.rfind(_OPENER[after[0]])) :]
    at = closes_before(first, before)
    if at is not None and first[at] == after[0]:
        return first[:at]
    if newline or rest:
        return text
    return "" if _only_marks(first, after) else _without_separator(first, after, place.line_before)


def _closes_too_much(text: str, end: int) -> bool:
    """Whether the last `end` characters, several marks, close what the text before them did not open."""
    head, tail = text[: len(text) - end], text[len(text) - end :]
    return end > 1 and tail[0] in _OPENER and "\n" not in text and not _depth(head) and _depth(text) < 0


def _depth(text: str) -> int:
    return sum(character in "([{" for character in text) - sum(character in _OPENER for character in text)


def _without_separator(first: str, after: str, line_before: str) -> str:
    """A line without the `;` or `,` that stands after the cursor already, or the `>` of a type."""
    bare = first.rstrip()
    if after[0] in ";," and bare.endswith(after[0]):
        return bare[:-1]
    opened = line_before.count("<") > line_before.count(">") - len(_ARROWS.findall(line_before))
    own = bare.count("<") - bare.count(">") + len(_ARROWS.findall(bare))
    if after[0] == ">" and opened and own < 0 and bare.endswith(after):
        return bare[: len(bare) - len(after)]
    if after[0] == ">" and opened and own < 0:
        return bare[: _end_of_type(bare)]
    return first


def _end_of_type(text: str) -> int:
    """Where the first `>` is that the text did not open itself."""
    depth = 0
    for at, character in enumerate(text):
        depth += character == "<"
        if character == ">" and text[at - 1 : at] not in ("-", "="):
            depth -= 1
        if depth < 0:
            return at
    return len(text)


_ARROWS = re.compile(r"[-=]>")


def _only_marks(text: str, after: str) -> bool:
    return bool(text.strip()) and after.startswith(text.strip())


_OPENER = {")": "(", "]": "[", "}": "{"}


def closes_before(text: str, line_before: str) -> int | None:
    """Where `text` closes a bracket or a string that `line_before` left open; None where it closes only its own."""
    stack, quote = open_marks(line_before)
    own: list[str] = []
    strings = Strings(text)
    at = 0
    while at < len(text):
        character = text[at]
        if quote:
            if character == quote and text[at - 1 : at] != "\\":
                return at if not own else None
        elif character in "\"'`":
            end = strings.end(at)
            at = end if end is not None else at
        elif character in "([{":
            own.append(character)
        elif character in _OPENER:
            if own and own[-1] == _OPENER[character]:
                own.pop()
            elif not own and stack and stack[-1] == _OPENER[character]:
                return at
        elif character == "\\":
            at += 1  # as in a regular expression
        at += 1
    return None


def open_marks(line: str) -> tuple[list[str], str]:
    """The brackets a line leaves open, outermost first, and the quote it is inside of, if any.

    An apostrophe in a word opens nothing; nor does a quote with a partner later in the line.
    """
    stack: list[str] = []
    strings = Strings(line)
    at = 0
    while at < len(line):
        character = line[at]
        if character in "\"'`" and not (character == "'" and line[at - 1 : at].isalnum()):
            end = strings.end(at)
            if end is None:
                return stack, character
            at = end
        elif character in "([{":
            stack.append(character)
        elif character in _OPENER and stack and stack[-1] == _OPENER[character]:
            stack.pop()
        at += 1
    return stack, ""


def fit_tabs(text: str, place: Place) -> str:
    """Tabs where the lines above the cursor have tabs, spaces where they have spaces."""
    first, newline, rest = text.partition("\n")
    if not newline:
        return text
    style = style_of(place.prefix[-8000:].split("\n")[-60:], place.language_id)
    return first + newline + "\n".join(fit_style(rest.split("\n"), style))


def drop_repeated_lines(text: str, place: Place) -> str:
    """A completion that only says again what stands above or below; and a line that repeats itself."""
    lines = text.split("\n")
    below = [line.strip() for line in place.suffix.split("\n")[1:4] if line.strip()]
    above = [line.strip() for line in place.prefix.split("\n")[-4:-1] if line.strip()]
    first = next((line.strip() for line in lines if line.strip()), "")
    if len(first) > 3 and not place.line_before.strip() and (first in below[:1] or first in above[-1:]):
        return ""
    for at in range(1, len(lines)):
        if lines[at].strip() and len(lines[at].strip()) > 3 and below and lines[at].strip() == below[0]:
            return "\n".join(lines[:at])
        if at >= 3 and lines[at].strip() and lines[at] == lines[at - 1] == lines[at - 2]:
            return "\n".join(lines[: at - 1])
    return text


def drop_blank(text: str, _place: Place) -> str:
    """Nothing but white space is nothing; trailing white space is never wanted."""
    return text.rstrip() if text.strip() else ""


STEPS: tuple[Callable[[str, Place], str], ...] = (
    drop_thoughts,
    drop_fence,
    drop_marks,
    fold_newlines,
    drop_halves,
    drop_echo,
    fit_indentation,
    fit_tabs,
    drop_secrets,
    drop_repeated_lines,
    drop_suffix_overlap,
    drop_blank,
)
