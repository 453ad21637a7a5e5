"""What a file is called, and the link to it. Pure but for asking which names are taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import PurePath, PurePosixPath
from typing import Any
from urllib.parse import quote

FOLDERS = {"image": "images", "audio": "audio", "video": "video"}
LONGEST = 48
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")
"""Names that Windows keeps for devices."""


def proposed_path(
    prompt: str, mime: str, suffix: str, beside: str, variant: int, is_taken: Callable[[str], bool]
) -> str:
    """`docs/images/a-red-fox.png`, relative to the workspace; `beside` is the document's folder, empty for the root."""
    kind = mime.partition("/")[0]
    folder = PurePosixPath(beside) / FOLDERS.get(kind, "files")
    stem = slug(prompt) or kind
    number = variant
    while True:
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.{suffix}"
        if not is_taken(path.as_posix()):
            return path.as_posix()
        number += 1


def slug(text: str) -> str:
    """The first words in plain letters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    found = ""
    for word in words[:12]:
        if len(found) + len(word) + 1 > LONGEST:
            break
        found = f"{found}-{word}" if found else word
    return f"{found}-file" if _RESERVED.fullmatch(found) else found


def name_of(asked: Mapping[str, Any]) -> str:
    """What a task is called: its title, else its prompt, else the file it is about."""
    return str(asked.get("title") or asked.get("text") or PurePath(str(asked.get("source") or "")).stem)


def title_of(asked: Mapping[str, Any]) -> str:
    """The same, shortened to one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name_of(asked)).split())
    return line if len(line) <= 80 else f"{line[:79].rstrip()}…"


def markdown_link(title: str, path: str, document: str, mime: str) -> str:
    """The link from `document` to `path`, both relative to the workspace; a picture is shown, the rest is linked."""
    text = re.sub(r"([\\\[\]`*_<>!])", r"\\\1", title)
    return f"{'!' if mime.startswith('image/') else ''}[{text}]({quote(relative(path, document))})"


def relative(path: str, document: str) -> str:
    """`path` as seen from `document`'s folder."""
    here, there = PurePosixPath(document).parent.parts, PurePosixPath(path).parts
    common = 0
    while common < min(len(here), len(there) - 1) and here[common] == there[common]:
        common += 1
    return "/".join([".."] * (len(here) - common) + list(there[common:]))


def place_of_link(text: str, at: int) -> tuple[int, str, str]:
    """(offset, before, after): where a paragraph of its own goes after the line of `at`, and what sets it apart."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    end -= text[:end].endswith("\r")
    start = text.rfind("\n", 0, at) + 1
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if not text[start:end].strip() else newline * 2
    rest = text[end:].removeprefix(newline)
    after = "" if not rest.strip() or rest.startswith(("\n", "\r")) else newline
    return end, before, after
