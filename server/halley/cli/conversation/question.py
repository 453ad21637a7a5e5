"""A question as it is typed on the command line: words, files, pictures, and what is piped in."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from halley.core.calls import ImagePart
from halley.core.errors import BlockedByPolicy, InvalidInput

MOST_STDIN = 4 << 20
_LINES = re.compile(r"^(.*?):L?(\d+)(?:-L?(\d+))?$")


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    pictures: tuple[ImagePart, ...] = ()


async def build_question(prompt: str, files: tuple[str, ...]) -> Question:
    """What was typed, the files named, and what was piped in. Raises InvalidInput when there is nothing to ask."""
    piped = await asyncio.to_thread(read_stdin)
    texts, pictures = await asyncio.to_thread(read_files, files)
    parts = [prompt, *texts] if prompt else list(texts)
    if piped.strip():
        parts.append(_fenced(piped, "") if prompt else piped)
    if not parts:
        raise InvalidInput("There is no question.", 'Write one: `halley ask "What does this do?" -f FILE`.')
    return Question("\n\n".join(parts), pictures)


def read_files(names: Iterable[str]) -> tuple[list[str], tuple[ImagePart, ...]]:
    """The texts among the files, each as the model sees it, and the pictures.

    Raises InvalidInput, and BlockedByPolicy for secrets.
    """
    texts: list[str] = []
    pictures: list[ImagePart] = []
    for name in names:
        picture = _read_picture(name)
        if picture:
            pictures.append(picture)
        else:
            texts.append(_show_file(name))
    return texts, tuple(pictures)


def _read_picture(name: str) -> ImagePart | None:
    """None for what is no picture; its bytes decide, not its name."""
    from halley.features.chat.pictures import MOST_BYTES, mime_of
    from halley.stores.disk.files import read_regular

    try:
        data = read_regular(Path(name), MOST_BYTES)
    except OSError:
        return None  # `_show_file` says what is wrong with it
    mime = mime_of(data[:16])
    return ImagePart(mime, data) if mime else None


def read_stdin() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    data = sys.stdin.buffer.read(MOST_STDIN + 1)
    if len(data) > MOST_STDIN:
        raise InvalidInput("The piped input is larger than 4 MiB.", "Send a part of it.")
    return data.decode("utf-8", "replace")


def _show_file(name: str) -> str:
    """A file, or some of its lines, as the model sees it. Raises InvalidInput, and BlockedByPolicy for secrets."""
    from halley.engine.code.languages import language_id_of
    from halley.engine.guards.secrecy import is_secret_path
    from halley.stores.workspace.texts import load_text

    place = find_place(name)
    if is_secret_path(place.path) or is_secret_path(place.path.resolve()):
        raise BlockedByPolicy(
            f"{place.path} is a kind of file that holds secrets, so it is never sent to a model.",
            "Copy the part you mean into the question.",
        )
    try:
        text = load_text(place.path).text
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise InvalidInput(f"{place.path} cannot be read: {why}.", "Check its name.") from None
    lines = text.removesuffix("\n").split("\n")
    first, last = place.first or 1, min(place.last or len(lines), len(lines))
    if first > len(lines) or first > last:
        raise InvalidInput(f"{place.path} has {len(lines)} lines.", "Name the lines it has, as FILE:10-20.")
    shown = "\n".join(lines[first - 1 : last])
    which = f", lines {first} to {last}" if place.first else ""
    return f"`{place.path}`{which}:\n\n{_fenced(shown, language_id_of(place.path.name))}"


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    first: int | None = None
    last: int | None = None


def find_place(name: str) -> _Place:
    """`FILE`, `FILE:12`, `FILE:10-20` or `FILE:L10-L20`; a file that really has such a name is that file."""
    match = _LINES.match(name)
    if match is None or Path(name).exists():
        return _Place(Path(name))
    first = int(match[2])
    return _Place(Path(match[1]), first, int(match[3]) if match[3] else first)


def _fenced(text: str, language: str) -> str:
    from halley.engine.prompting.prompts import fence

    return fence(text, language)
