"""Markdown as one would read it aloud: sentences stay, marks and addresses go, a block of code is only mentioned."""

from __future__ import annotations

import re

from halley.engine.markdown.fences import find_fences

_TARGET = r"\((?:[^()]++|\([^()]*+\))*+\)"
_IMAGE = re.compile(rf"!\[([^\[\]]*)\]{_TARGET}")
_LINK = re.compile(rf"\[([^\[\]]+)\]{_TARGET}")
_ADDRESS = re.compile(r"<?https?://\S+>?")
_START = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d+[.)]\s+|\|)")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^[\s|:-]+$")
_MARKS = re.compile(r"(\*\*|__|~~|`+|\*(?=\S)|(?<=\S)\*)")


def speakable(markdown: str) -> str:
    """Paragraphs of plain text."""
    lines = markdown.replace("\r\n", "\n").split("\n")
    coded: set[int] = set()
    for fence in find_fences(lines):
        coded |= set(range(fence.first, fence.last + 1))
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number not in coded:
            kept.append(_plain(line))
        elif number - 1 not in coded:
            kept.append("(Here stands a block of code.)")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _plain(line: str) -> str:
    if _RULE.match(line):
        return ""
    line = _START.sub("", line)
    line = _LINK.sub(r"\1", _IMAGE.sub(r"\1", line))
    line = _MARKS.sub("", _ADDRESS.sub("", line))
    return " ".join(line.replace("|", " ").split())
