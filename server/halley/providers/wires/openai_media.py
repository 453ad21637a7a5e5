"""Embeddings, pictures, speech and transcription, as the OpenAI API has them. Each is one request and one
answer; what takes longer is `jobs.py`'s.

Values in, values out: nothing is cut into batches, stored or shown here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from halley.core.calls import EmbedPrompt
from halley.core.errors import BadReply
from halley.core.events import Event, Finish, Image, Vectors
from halley.core.media import MediaFile
from halley.core.media_types import HEAD, facts_of_file, mime_of
from halley.core.models import Usage
from halley.providers.hosts.host import Host
from halley.providers.http.forms import Form
from halley.providers.stream.usage import usage_of

SPEECH_LIMIT = 64 * 1024 * 1024
MIMES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
}


@dataclass(frozen=True, slots=True)
class Embeddings:
    vectors: tuple[tuple[float, ...], ...]
    """In the order of the texts."""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Images:
    images: tuple[Image, ...]
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    mime: str
    data: bytes


async def embed(host: Host, model: str, prompt: EmbedPrompt) -> list[Event]:
    """The answer to an `EmbedPrompt`, as events."""
    found = await send_embeddings(host, model, prompt.texts)
    return [Vectors(found.vectors), Finish("stop", found.usage)]


async def send_embeddings(
    host: Host, model: str, texts: Sequence[str], dimensions: int | None = None
) -> Embeddings:
    """One vector for each text. Raises BadReply when the numbers do not add up, else as `Host.send`."""
    body = _without_none(model=model, input=list(texts), dimensions=dimensions, encoding_format="float")
    said = await host.send_for_json("/embeddings", body, model=model, private=tuple(texts))
    rows = said.get("data") if isinstance(said, dict) else None
    vectors = [_vector(row) for row in sorted(rows or [], key=_index)]
    if len(vectors) != len(texts) or not all(vectors) or len({len(vector) for vector in vectors}) > 1:
        raise _bad(host, model, "sent different embeddings from those requested")
    return Embeddings(tuple(vectors), usage_of(said.get("usage")))


async def send_images(
    host: Host, model: str, prompt: str, *, size: str | None = None, n: int = 1, quality: str | None = None,
    form: str | None = None,
) -> Images:  # fmt: skip
    """Pictures for a prompt; bytes where the host gives them, else an address that is never fetched by
    itself.
    """
    body = _without_none(model=model, prompt=prompt, n=n, size=size, quality=quality)
    body |= _format_of(model, form)
    said = await host.send_for_json("/images/generations", body, model=model, private=(prompt,))
    return _images(host, model, said)


async def send_image_edit(
    host: Host, model: str, prompt: str, files: Sequence[MediaFile], *, size: str | None = None, n: int = 1,
    quality: str | None = None, form: str | None = None,
) -> Images:  # fmt: skip
    """Pictures made of pictures; `files` may hold a mask."""
    pictures = [file for file in files if not file.is_mask]
    field = "image" if len(pictures) == 1 else "image[]"
    named = [(field, file) for file in pictures] + [("mask", file) for file in files if file.is_mask]
    fields = _without_none(model=model, prompt=prompt, n=n, size=size, quality=quality) | _format_of(
        model, form
    )
    said = await host.send_for_json("/images/edits", form=Form(fields, named), model=model, private=(prompt,))
    return _images(host, model, said)


def _format_of(model: str, form: str | None) -> dict[str, str]:
    """GPT image models always answer with bytes, and refuse the parameter that asks for them."""
    if model.lower().startswith("dall-e"):
        return {"response_format": "b64_json"}
    return {"output_format": form} if form else {}


def _images(host: Host, model: str, said: Any) -> Images:
    rows = said.get("data") if isinstance(said, dict) else None
    form = str(said.get("output_format") or "png") if isinstance(said, dict) else "png"
    images = tuple(image for row in rows or [] if (image := _image(row, form)))
    if not images:
        raise _bad(host, model, "sent no picture")
    usage = usage_of(said.get("usage"))
    return Images(images, replace(usage, images=len(images)) if usage else None)


async def send_speech(
    host: Host, model: str, text: str, *, voice: str = "alloy", form: str = "mp3"
) -> Speech:
    """The text, spoken. Raises BadReply for an answer that is no sound."""
    body = {"model": model, "input": text, "voice": voice, "response_format": form}
    answer, asked = await host.send("/audio/speech", body, model=model, private=(text,))
    try:
        data = await answer.read(SPEECH_LIMIT)
    finally:
        await answer.aclose()
    if answer.headers.get("content-type", "").startswith(("application/json", "text/")) or not data:
        from halley.providers.hosts.host import read_json

        read_json(data, asked, answer)
        raise _bad(host, model, "sent no sound")
    return Speech(mime_of(data[:64]) or MIMES.get(form, "application/octet-stream"), data)


async def send_transcription(
    host: Host, model: str, file: MediaFile, *, language: str | None = None, prompt: str = "",
    translate: bool = False,
) -> tuple[str, Usage | None]:  # fmt: skip
    """The text that is spoken in a sound file, in English with `translate`; and what it took."""
    fields: dict[str, Any] = {"model": model, "prompt": prompt or None, "response_format": "json"}
    if not translate:
        fields["language"] = language
    path = "/audio/translations" if translate else "/audio/transcriptions"
    said = await host.send_for_json(path, form=Form(fields, [("file", file)]), model=model, private=(prompt,))
    text = said.get("text") if isinstance(said, dict) else None
    if not isinstance(text, str):
        raise _bad(host, model, "sent no text")
    return text, _heard(said.get("usage"), file)


def _heard(said: Any, file: MediaFile) -> Usage | None:
    """Tokens, or seconds (`{type: "duration", seconds}`); else as long as the file says it is."""
    if isinstance(said, dict) and isinstance(said.get("seconds"), int | float):
        return Usage(seconds=float(said["seconds"]))
    usage = usage_of(said)
    seconds = facts_of_file(file.data[:HEAD]).seconds or 0.0
    return replace(usage, seconds=seconds) if usage else Usage(seconds=seconds, estimated=True)


def _index(row: Any) -> int:
    index = row.get("index") if isinstance(row, dict) else None
    return index if isinstance(index, int) else 0


def _vector(row: Any) -> tuple[float, ...]:
    """Numbers, or little-endian floats in base64."""
    value = row.get("embedding") if isinstance(row, dict) else None
    if isinstance(value, list) and all(isinstance(number, int | float) for number in value):
        return tuple(float(number) for number in value)
    if isinstance(value, str):
        import struct

        try:
            data = base64.b64decode(value)
        except (ValueError, binascii.Error):
            return ()
        return struct.unpack(f"<{len(data) // 4}f", data[: len(data) // 4 * 4])
    return ()


def _image(row: Any, form: str) -> Image | None:
    if not isinstance(row, dict):
        return None
    if encoded := row.get("b64_json"):
        try:
            return Image(f"image/{form}", base64.b64decode(encoded))
        except (ValueError, binascii.Error, TypeError):
            return None
    url = row.get("url")
    return (
        Image(f"image/{form}", url=url)
        if isinstance(url, str) and url.startswith(("http://", "https://"))
        else None
    )


def _bad(host: Host, model: str, what: str) -> BadReply:
    return BadReply(
        f"{host.endpoint.label} {what}.",
        "Choose another model.",
        provider=host.endpoint.id,
        model=f"{host.endpoint.id}/{model}",
    )


def _without_none(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
