"""What an instruction asks to be written: a name, parameters, fields, words: read from plain English."""

from __future__ import annotations

import re
from dataclasses import dataclass

from halley.simulator.answers.languages import BY_NAME
from halley.simulator.answers.recipes import content_words

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_CALLED = re.compile(rf"(?:called|named|name it|with the name)\s+[`'\"]?({_IDENTIFIER})[`'\"]?", re.I)
_SIGNED = re.compile(rf"[`\s]({_IDENTIFIER})\(([^()]*)\)")
_FUNCTION = re.compile(
    rf"\b(?:function|method|def|func|fn|procedure|routine|helper)\s+[`'\"]({_IDENTIFIER})[`'\"]", re.I
)
_SNAKE = re.compile(r"`([A-Za-z_][A-Za-z0-9_]*)`|\b([a-z]+(?:_[a-z0-9]+)+|[a-z]+[A-Z]\w+)\b")
_CLASS = re.compile(
    rf"\b(?:data ?class|class|struct|record|type|interface|model)\b(?:\s+(?:called|named|for|of))?(?:\s+an?)?\s+[`'\"]?({_IDENTIFIER})",
    re.I,
)
_TAKES = re.compile(
    rf"(?:takes?|taking|accepts?|accepting|given|parameters?|arguments?|params?|args?|receives?)\s*:?\s+((?:an? |the |two |its )*[`'\"]?{_IDENTIFIER}[`'\"]?(?:\s*(?:,|and|, and)\s*(?:an? |the )*[`'\"]?{_IDENTIFIER}[`'\"]?)*)",
    re.I,
)
_FIELDS = re.compile(
    rf"\b(?:with|having|fields?|attributes?|properties|members)\s*:?\s+((?:an? |the )*[`'\"]?{_IDENTIFIER}[`'\"]?(?:\s*(?:,|and|, and)\s*(?:an? |the )*[`'\"]?{_IDENTIFIER}[`'\"]?)*)",
    re.I,
)
_FILLER = frozenset(
    """a an the two three its and or that which with of for in to list lists number numbers string strings text integer
    integers float dict dictionary array value it this as input fields field attributes attribute properties property
    parameters parameter arguments argument no one all each them return returns""".split()
)
_RESERVED = frozenset(
    """False None True abstract and array as assert async auto await begin bool boolean break byte case catch chan char class
    const continue def default defer del delete do double echo elif else end ensure enum except export extends extern
    fallthrough false final finally float fn for friend from func function global go goto if impl implements import in
    inline int interface is lambda let list local long loop map match mod module mut namespace new nil nonlocal not null
    object operator or package params pass private protected pub public raise range ref register repeat rescue return
    select self short signed sizeof static string struct super switch template then this throw trait true try type
    typedef typeof union unless unsafe unsigned until use using var virtual void volatile when where while with
    yield""".split()
)
"""Words that some language keeps for itself."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`name` is empty where the instruction gives none; `suggested` is one made of its words."""

    instruction: str
    name: str = ""
    suggested: str = ""
    parameters: tuple[str, ...] = ()
    class_name: str = ""
    fields: tuple[str, ...] = ()


def read_wish(instruction: str) -> Wish:
    text = " " + instruction.strip()
    name, parameters = "", ()
    if signed := _SIGNED.search(text):
        name, parameters = signed[1], _names(signed[2])
    elif called := (_CALLED.search(text) or _FUNCTION.search(text)):
        name = called[1]
    elif snake := _SNAKE.search(text):
        name = snake[1] or snake[2]
    if not parameters and (takes := _TAKES.search(text)):
        parameters = _names(takes[1])
    class_name, fields = "", ()
    if (cls := _CLASS.search(text)) and not re.search(
        r"\b(?:function|method|test)\b", text[: cls.start()], re.I
    ):
        class_name = _class_name(cls[1], text)
        found = _FIELDS.search(text, cls.start())
        fields = _names(found[1]) if found else ()
    return Wish(
        instruction.strip(), safe_name(name), suggest_name(instruction), parameters, class_name, fields
    )


def suggest_name(instruction: str) -> str:
    """A function's name made of the instruction's first meaningful words."""
    found = content_words(first_sentence(instruction))
    words = [word for word in found if len(word) > 1 and word not in BY_NAME][:4]
    if (
        words
        and words[0].endswith("s")
        and len(words) > 1
        and words[0] not in ("process", "access", "pass", "class")
    ):
        words[0] = words[0].removesuffix("s")
    return safe_name("_".join(words)) or "run"


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s|\n|[,;:]\s", text.strip(), maxsplit=1)[0]


def _names(text: str) -> tuple[str, ...]:
    parts = re.split(r",|\band\b", text)
    found: list[str] = []
    for part in parts:
        words = [w for w in re.findall(_IDENTIFIER, re.split(r"[:=]", part)[0]) if w.lower() not in _FILLER]
        if words and (name := safe_name(words[-1])) and name not in found:
            found.append(name)
    return tuple(found[:6])


def _class_name(word: str, text: str) -> str:
    if word.lower() in ("that", "with", "to", "which", "in", "called", "named"):
        called = _CALLED.search(text)
        named = [w for w in content_words(text) if w not in ("class", "dataclass", "struct")]
        word = called[1] if called else (named[0] if named else "Thing")
    name = "".join(part[:1].upper() + part[1:] for part in word.split("_")) or "Thing"
    return f"{name}Type" if name.lower() in _RESERVED else name


def safe_name(name: str) -> str:
    """The name, kept clear of keywords and of digits at its beginning."""
    if name in _RESERVED:
        return f"{name}_"
    return f"n{name}" if name[:1].isdigit() else name
