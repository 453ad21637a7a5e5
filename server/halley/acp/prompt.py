"""A prompt's content blocks as a question: text, pictures, recordings, and what was attached.

A link to a file of the workspace becomes `#file:path`, which obeys the rules for what models may see. What the client
embeds is attached as it is, and nothing in it is read as a command, a variable or the name of a model.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from halley.acp.errors import INVALID_PARAMS, RpcError
from halley.core.calls import ImagePart
from halley.core.errors import BlockedByPolicy
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.markdown.inert import visible
from halley.engine.prompting.conversation import Attachment
from halley.features.chat.pictures import read_picture
from halley.features.chat.turns.search import attach
from halley.features.media.orders import read_data

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    images: tuple[ImagePart, ...] = ()
    attached: tuple[Attachment, ...] = ()
    recordings: tuple[bytes, ...] = ()
    """Not heard yet: a model for transcription says what they hold."""


def read_prompt(blocks: Sequence[Any], root: Path) -> Question:
    """Raises RpcError for a block of an unknown kind, InvalidInput and BlockedByPolicy for what cannot be shown."""
    texts: list[str] = []
    images: list[ImagePart] = []
    attached: list[Attachment] = []
    recordings: list[bytes] = []
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "text":
            texts.append(str(block.get("text", "")))
        elif kind == "resource_link":
            texts.append(_link(block, root))
        elif kind == "image":
            images.append(read_picture(block))
        elif kind == "audio":
            recordings.append(read_data(str(block.get("data", ""))))
        elif kind == "resource":
            found = _embedded(block.get("resource"), root)
            if isinstance(found, ImagePart):
                images.append(found)
            else:
                attached.append(found)
        else:
            raise RpcError(INVALID_PARAMS, f"A prompt cannot hold content of the type {str(kind)[:40]!r}.")
    return Question("".join(texts), tuple(images), tuple(attached), tuple(recordings))


def _link(block: Json, root: Path) -> str:
    uri, name = str(block.get("uri", "")), str(block.get("name") or block.get("title") or "")
    path = inside(uri, root)
    if path is None:
        return f"[{name or uri}]({uri})"
    return f'#file:"{path}"' if any(mark in path for mark in " ,;)]}") else f"#file:{path}"


def inside(uri: str, root: Path) -> str | None:
    """The path of a `file:` URI relative to the workspace; None for any other."""
    path = path_of(uri)
    if path is None or not path.is_relative_to(root) or path == root:
        return None
    return path.relative_to(root).as_posix()


def path_of(uri: str) -> Path | None:
    """Of a `file:` URI, or of an absolute path, which some clients send instead."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(uri) if Path(uri).is_absolute() else None


def _embedded(resource: Any, root: Path) -> Attachment | ImagePart:
    if not isinstance(resource, dict):
        raise RpcError(INVALID_PARAMS, "A resource must be an object.")
    uri, text = str(resource.get("uri", "")), resource.get("text")
    path = path_of(uri)
    if path is not None and is_secret_path(PurePosixPath(path.as_posix())):
        raise BlockedByPolicy(
            f"{path.name} is a kind of file that holds secrets, so it is never sent to a model.",
            "Copy the part you mean into the question.",
        )
    if not isinstance(text, str):
        return _blob(resource)
    shown = inside(uri, root) or uri
    return attach(f"`{visible(shown)}`", text, shown)


def _blob(resource: Json) -> Attachment | ImagePart:
    """A picture, or text in base64."""
    data = resource.get("blob")
    if str(resource.get("mimeType", "")).startswith("image/"):
        return read_picture({"data": data})
    try:
        text = base64.b64decode(str(data), validate=True).decode()
    except (binascii.Error, ValueError):
        raise RpcError(INVALID_PARAMS, "A resource must be text or a picture.") from None
    uri = str(resource.get("uri", ""))
    return attach(f"`{visible(uri)}`", text, uri)
