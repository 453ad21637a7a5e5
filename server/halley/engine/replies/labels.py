"""Which file a block in a reply is for, as it says itself.

A label is a path in the info string of a fence, on the line above it, or in a comment on its first line.
`Label.sure` is false for a path that is only mentioned in a sentence: that may pick a known file, but never makes a
new one. Whether a path may be written to is not decided here (`target.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from halley.engine.markdown.fences import Fence

_NAME = r"[\w@.+~()\[\]\-]+"
_PATH = re.compile(rf"^(?:[A-Za-z]:)?[\\/]*(?:{_NAME}[\\/]+)*{_NAME}$")
_WELL_KNOWN = frozenset(
    (
        "makefile",
        "dockerfile",
        "gemfile",
        "rakefile",
        "license",
        "readme",
        "procfile",
        "jenkinsfile",
        "cmakelists.txt",
    )
)
_EXTENSION = re.compile(r"(?<=[\w\])])\.[A-Za-z][\w+]{0,9}$|^\.[a-z][\w.]+$")
_ATTRIBUTE = re.compile(
    r"""(?:^|[\s{,])(?:file|path|filename|filepath|title|name|src)\s*[=:]\s*["']?([^"'\s,}]+)""",
    re.IGNORECASE,
)
_TICKED = re.compile(r"`([^`\s]+)`")
_HEADED = re.compile(
    r"^(?:file(?:name| ?path)?|path|in|create|new file|update|edit|modify)\s*:?\s+(?P<path>\S+?)\s*:?$",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"^\s*(?:#|//|--|;|%|/\*|<!--)+\s*(?:file(?:name|path)?|path)?\s*:?\s*(?P<path>\S+?)\s*(?:\*/|-->)?\s*$",
    re.IGNORECASE,
)
_LONGEST = 300
_DECORATION = "*_#>-:` \t"


_DOTTED_LANGUAGES = frozenset(
    (
        "cmakelists.txt",
        "node.js",
        "vue.js",
        "react.js",
        "next.js",
        "three.js",
        "d3.js",
        "asp.net",
        "vb.net",
        "go.mod",
    )
)
"""Info strings that look like a file's name and are a language's."""


class Label(NamedTuple):
    path: str
    sure: bool = True


def label_of(fence: Fence) -> Label | None:
    """The file a block says it is for."""
    if path := _in_info(fence.info):
        return Label(path)
    return _above(fence.above)


def label_above(lines: Sequence[str]) -> str:
    """The path on the last line of text above something, fence marks left out; empty for none."""
    label = _above([line for line in lines if not line.lstrip().startswith(("```", "~~~"))])
    if label is None:
        opening = next((line for line in reversed(lines) if line.lstrip().startswith(("```", "~~~"))), "")
        return _in_info(opening.strip("`~ \t"))
    return label.path


def label_inside(lines: Sequence[str]) -> str:
    """The path that a comment on the first line consists of; empty for none."""
    comment = _COMMENT.match(lines[0]) if lines and len(lines[0]) <= _LONGEST else None
    return comment["path"] if comment and is_path(comment["path"]) else ""


def is_path(text: str) -> bool:
    """Whether a word looks like a file's path, good or bad."""
    if not text or len(text) > _LONGEST or not _PATH.match(text):
        return False
    name = re.split(r"[\\/]", text)[-1]
    return bool(_EXTENSION.search(name)) or name.lower() in _WELL_KNOWN


def _in_info(info: str) -> str:
    if len(info) > _LONGEST:
        return ""
    if attribute := _ATTRIBUTE.search(info):
        return attribute[1]
    words = info.strip().split()
    if not words:
        return ""
    language, colon, path = words[0].partition(":")
    for word in ([path] if colon and path else [] if names_language(language) else words[:1]) + words[1:]:
        if is_path(word):
            return word
    return ""


def names_language(word: str) -> bool:
    """Whether the first word of an info string says the language, although a file may be called so: `makefile`."""
    lower = word.lower()
    return lower in _WELL_KNOWN or lower in _DOTTED_LANGUAGES


def _above(lines: Sequence[str]) -> Label | None:
    said = [line for line in lines[-3:] if line.strip()]
    if not said:
        return None
    line = said[-1].strip()
    if len(line) > _LONGEST:
        return None
    bare = line.strip(_DECORATION)
    if is_path(bare):
        return Label(bare)
    ticked = [word for word in _TICKED.findall(line) if is_path(word)]
    headed = _HEADED.match(line.strip("*_#> \t").replace("`", "").replace("*", ""))
    if headed and is_path(headed["path"]):
        return Label(headed["path"])
    return Label(ticked[0], sure=False) if len(set(ticked)) == 1 and line.endswith(":") else None
