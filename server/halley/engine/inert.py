"""Making what a model wrote harmless to show: Markdown that fetches nothing, runs nothing and hides nothing.

A reply is hostile input. Remote and data images become their text, links that are not plain web or workspace links lose
their target, raw HTML is escaped, terminal escapes go, and characters that cannot be seen are written out.
Code keeps its text; only what cannot be seen is written out there too.
"""

from __future__ import annotations

import re
import unicodedata

_FENCED = re.compile(
    r"(?ms)^([ \t]*)(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t]*\2[`~]*[ \t]*$|\Z)|(`+)(?!`).+?(?<!`)\3(?!`)"
)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(([^)\n]*)\)|!\[([^\]\n]*)\](?:\[[^\]\n]*\])?")
_LINK = re.compile(r"\[([^\]\n]*)\]\(\s*<?([^)>\s]*)>?[^)\n]*\)")
_REFERENCE = re.compile(r"(?m)^[ \t]{0,3}\[([^\]\n]+)\]:[ \t]*<?(\S+?)>?(?:[ \t].*)?$")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]*:[^\s<>]*)>")
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[@-Z\\-_])?|[\x80-\x9f]"
)
_SAFE_SCHEMES = ("http://", "https://", "mailto:")


def inert_markdown(text: str) -> str:
    """`text` that can be rendered or printed without effect."""
    text = visible(text)
    pieces: list[str] = []
    at = 0
    for code in _FENCED.finditer(text):
        pieces += (_inert_prose(text[at : code.start()]), code[0])
        at = code.end()
    pieces.append(_inert_prose(text[at:]))
    return "".join(pieces)


def _inert_prose(text: str) -> str:
    text = _REFERENCE.sub(lambda m: m[0] if _is_safe(m[2]) else f"{m[1]}: {_plain(m[2])}", text)
    text = _IMAGE.sub(lambda m: f"(image: {m[1] or m[3] or 'without a name'})", text)
    text = _LINK.sub(lambda m: m[0] if _is_safe(m[2]) else m[1], text)
    text = _AUTOLINK.sub(lambda m: m[0].replace("<", "\0") if _is_safe(m[1]) else _plain(m[1]), text)
    return _HTML.sub("&lt;", text).replace("\0", "<")


def _is_safe(target: str) -> bool:
    """Web links, and paths relative to the workspace; nothing that names another scheme."""
    plain = target.strip().casefold()
    if plain.startswith(_SAFE_SCHEMES):
        return True
    return not re.match(r"[a-z][a-z0-9+.-]*:|//|\\\\|/", plain) and "&" not in plain and "%3a" not in plain


def _plain(target: str) -> str:
    return f"`{target.replace('`', '')}`"


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
