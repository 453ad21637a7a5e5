"""What a completion repeats of the line that was typed: the line, its last words, the word at the cursor, its marks.

`drop_echo` is the way in. Often a text could repeat or continue what is there (`#` and `# Title`): the document says
which, and where it does not, a run of marks gets nothing.
"""

from __future__ import annotations

import re

from halley.engine.code.languages import language
from halley.engine.typing.place import Place

_WORD_TYPED = re.compile(r"(?<!\w)[^\W\d]\w*\Z")
_WORD_AHEAD = re.compile(r"\w+")


def drop_echo(text: str, place: Place) -> str:
    """Some models begin by repeating what was typed: the line, its last words, or the word at the cursor."""
    line = place.line_before
    said = line.strip()
    begins = text.startswith(line) or (place.language_id == "sql" and text.lower().startswith(line.lower()))
    if len(set(said)) == 1 and not said.isalnum() and line.endswith(said) and text.startswith(said):
        return _after_run(text, said, place)
    if said and (said not in _TWICE or line[0].isspace()) and not line.isidentifier() and begins:
        return text[len(line) :]
    if (color := _color_of(text, line)) is not None:
        return color
    typed = line.lstrip(" \t")
    if typed.rstrip() and (rest := _after_words(text.lstrip(" "), typed, place)) is not None:
        return rest
    word = _WORD_TYPED.search(line)
    ahead = _WORD_AHEAD.match(text)
    if not word or not word[0].strip("_") or not ahead or not text.startswith(word[0]):
        return text
    joined = re.compile(rf"\b{re.escape(word[0] + ahead[0])}\b")
    if joined.search(place.prefix) or joined.search(place.suffix):
        return text  # a name of the document is continued: `re|` may become `rerender`
    if len(word[0]) == 1 and not _is_known(ahead[0], place):
        return ""  # `L|` and `LC` may be `LC` or `LLC`
    return text[len(word[0]) :]


def _is_known(word: str, place: Place) -> bool:
    """Whether a word is one of the document's or of many languages'."""
    if word.lower() in _KEYWORDS:
        return True
    alone = re.compile(rf"\b{re.escape(word)}\b")
    return bool(alone.search(place.prefix) or alone.search(place.suffix))


_KEYWORDS = frozenset(
    """abstract and as assert async await begin bool break case catch char class const continue create def default del
    delete do double else elif elsif end enum except export extends extern false final finally float fn for from func
    function global goto group if implements import in insert int interface is join lambda let limit local long loop
    match module mut namespace new nil none not null or order package pass print private protected pub public raise
    require return select self short sizeof static string struct super switch table then this throw trait true try
    type typedef union unless unsigned until update use using var void when where while with yield""".split()
)


def _after_run(text: str, said: str, place: Place) -> str:
    """What follows a line that is one mark so far (`//`, `##`, `===`), where the text begins with that mark.

    The text repeats the line or continues it. A ruler has the length of the line above it, or of another ruler; marks
    at both ends are as many; a comment has its language's mark. Where nothing says which, as for a heading, nothing is
    offered; only a bracket is hardly ever meant twice.
    """
    first, mark = text.partition("\n")[0].strip(), said[0]
    run = _run_of(first, mark)
    repeated, continued = text[len(said) :], text
    lengths = (run, run + len(said))  # of the marks, in either reading
    if run == len(first):
        rows = [row.strip() for row in f"{place.prefix}\n{place.suffix}".split("\n")]
        above = place.prefix.split("\n")[-2:-1]
        wanted = [len(above[0].strip())] if above else []
        wanted += [len(row) for row in rows if len(row) > 2 and not row.strip(mark)]
    elif first.endswith(mark) and mark not in "/#-":
        wanted = [len(first) - len(first.rstrip(mark))]
    else:
        comment = language(place.language_id).line_comment
        wanted = [len(comment)] if comment and not comment.strip(mark) else []
        known = {_run_of(row.strip(), mark) for row in f"{place.prefix}\n{place.suffix}".split("\n")}
        if known.issuperset(lengths):
            wanted = []  # Lua's `--` and `---`
    for length in wanted:
        if length in lengths:
            return continued if length == lengths[1] else repeated
    return repeated if mark in "([{<\"'`" else ""


def _run_of(text: str, mark: str) -> int:
    return len(text) - len(text.lstrip(mark))


_COLOR = re.compile(r"#[0-9A-Fa-f]+\Z")
_DIGITS = re.compile(r"[0-9A-Fa-f]+(?![0-9A-Za-z_])")
_COLORS = frozenset((3, 4, 6, 8))


def _color_of(text: str, line: str) -> str | None:
    """The rest of a colour that begins with the digits which are typed already; None where it is no colour.

    The digits are said again, or there are more of them: a colour has 3, 4, 6 or 8. Nothing where both are colours.
    """
    typed, digits = _COLOR.search(line), _DIGITS.match(text)
    if not typed or not digits or not text.startswith(typed[0][1:]):
        return None
    count = len(typed[0]) - 1
    again, more = len(digits[0]) in _COLORS, count + len(digits[0]) in _COLORS
    if again and more:
        return ""
    return text[count:] if again else text if more else None


_DOTTED = re.compile(r"\w+(?:(?:\.|->|::)\w+)+")
_TWICE = frozenset(("long", "not"))
"""Words that may stand twice in a row: `long long` in C."""


def _after_words(text: str, typed: str, place: Place) -> str | None:
    """What follows the last words of the typed line, as many as the text begins with; None if it begins otherwise.

    Words that the document has twice in a row elsewhere, as types of arguments say, are meant.
    """
    said = typed.rstrip()
    for start in [0, *(found.end() for found in re.finditer(r"\s+|(?<=[(\[{=,])", said))]:
        words = said[start:]
        if len(words) < 3 or not words[0].isalpha() or not text.startswith(words) or words in _TWICE:
            continue
        rest = text[len(words) :]
        if rest[:1].isalpha() and words[-1].isalnum() and _DOTTED.fullmatch(words):
            return rest  # `self.na` and `self.name`
        twice = typed[start:] + words
        if (
            rest[:1].isalnum()
            or rest[:1] == "_"
            or (said != typed and not rest[:1].isspace())
            or twice in place.prefix
            or twice in place.suffix
            or (said == typed and not rest[:1].isspace() and words.isidentifier())
        ):
            continue  # a longer word, or the word at the cursor alone
        return rest.lstrip(" ") if said != typed else rest
    return None
