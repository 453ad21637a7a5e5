"""Which file a block in a reply is for, as it says itself.

A label is a path in the info string of a fence, on the line above it, or in a comment on its first line.
`Label.sure` is false for a path that is only mentioned in a sentence, and for a word that may be a language, a library
or a method instead (`Cart.total`): that may pick a known file, but never makes a new one. Whether a path may be written
to is not decided here (`target.py`), nor which words are which (`code/file_names.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from halley.engine.code.file_names import DOTTED_LANGUAGES, NAMED_FILES, is_certain, is_kind
from halley.engine.markdown.fences import Fence

_NAME = r"[\w@.+~()\[\]\-]+"
_PATH = re.compile(rf"^(?:[A-Za-z]:)?[\\/]*(?:{_NAME}[\\/]+)*{_NAME}$")
_EXTENSION = re.compile(r"(?<=[\w\])])\.[A-Za-z][\w+]{0,9}$|^\.[a-z][\w.]+$")
_ATTRIBUTE = re.compile(
    r"""(?:^|[\s{,])(?P<key>file|path|filename|filepath|title|name|src)\s*[=:]\s*["']?(?P<path>[^"'\s,}]+)""",
    re.IGNORECASE,
)
_MAY_BE_WORDS = frozenset(("title", "name", "src"))
"""Attributes that hold a file's name, or anything else."""
_TICKED = re.compile(r"`([^`\s]+)`")
_HEADED = re.compile(
    r"^(?:file(?:name| ?path)?|path|in|create|new file|update|edit|modify)\s*:?\s+(?P<path>\S+?)\s*:?$",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"^\s*(?:#|//|--|;|%|/\*|<!--)+\s*(?:file(?:name|path)?|path)?\s*:?\s*(?P<path>\S+?)\s*(?:\*/|-->)?\s*$",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*(?:#|//|--|;|%|/\*|<!--)")
_LONGEST = 300
_DECORATION = "*_#>-:` \t"


class Label(NamedTuple):
    path: str
    sure: bool = True


def label_of(fence: Fence) -> Label | None:
    """The file a block says it is for."""
    return _in_info(fence.info) or _above(fence.above)


def label_above(lines: Sequence[str]) -> Label | None:
    """The path on the last line of text above something, fence marks left out."""
    if label := _above([line for line in lines if not line.lstrip().startswith(("```", "~~~"))]):
        return label
    opening = next((line for line in reversed(lines) if line.lstrip().startswith(("```", "~~~"))), "")
    return _in_info(opening.strip("`~ \t"))


def label_inside(lines: Sequence[str]) -> str:
    """The path that a comment on the first line consists of; empty for none."""
    comment = _COMMENT.match(lines[0]) if lines and len(lines[0]) <= _LONGEST else None
    return comment["path"] if comment and is_path(comment["path"]) else ""


def starts_comment(line: str) -> bool:
    """Whether a line may be a comment, by the marks that a label may follow."""
    return bool(_MARK.match(line))


def is_path(text: str) -> bool:
    """Whether a word looks like a file's path, good or bad."""
    if not text or len(text) > _LONGEST or not _PATH.match(text):
        return False
    name = re.split(r"[\\/]", text)[-1]
    return bool(_EXTENSION.search(name)) or name.lower() in NAMED_FILES


def _in_info(info: str) -> Label | None:
    if len(info) > _LONGEST:
        return None
    if attribute := _ATTRIBUTE.search(info):
        path = attribute["path"]
        if attribute["key"].lower() not in _MAY_BE_WORDS:
            return Label(path)
        return _label(path)
    words = info.strip().split()
    if not words:
        return None
    language, colon, path = words[0].partition(":")
    if colon and path:
        said = [path, *words[1:]]
    elif is_kind(language):  # the first word says the language
        said = words[1:]
    else:
        said = words
    return next((label for word in said if (label := _label(word)) is not None), None)


def _label(word: str) -> Label | None:
    """A word as a label: none for a kind of file or a library, and for what is no path."""
    if not is_path(word) or word.lower() in DOTTED_LANGUAGES:
        return None
    return Label(word, sure=is_certain(word))


def _above(lines: Sequence[str]) -> Label | None:
    said = [line for line in lines[-3:] if line.strip()]
    if not said:
        return None
    line = said[-1].strip()
    if len(line) > _LONGEST:
        return None
    bare = line.strip(_DECORATION)
    if label := _label(bare):
        return label
    ticked = [word for word in _TICKED.findall(line) if _label(word)]
    headed = _HEADED.match(line.strip("*_#> \t").replace("`", "").replace("*", ""))
    if headed and (label := _label(headed["path"])):
        return label
    # A sentence may speak of several files; one that is alone and leads to the code with a colon is probably its own.
    return Label(ticked[0], sure=False) if len(set(ticked)) == 1 and line.endswith(":") else None
