"""A `MediaPrompt` on its way to a host: which road it takes, and the events that come of it.

kind                          road
image, imageEdit              `image_by` of the model's facts: its own operation (the default), `chat`, `responses`
                              (a tool of a model that talks) or `midjourney`
speech, transcription, …      one request, one answer (`openai_media.py`)
video, midjourney             a job: submitted, asked about, fetched (`jobs.py`, `hosts/fetching.py`)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from halley.core.calls import ImagePart, Prompt, user
from halley.core.errors import InvalidInput
from halley.core.events import Begun, Event, Finish, Sound, TextDelta
from halley.core.media import MediaPrompt
from halley.core.models import Model, Usage
from halley.core.ports import Take
from halley.providers.hosts.host import Host
from halley.providers.stream.iterating import hand_over

_WORDS = {
    "image": "paints no pictures", "imageEdit": "edits no pictures", "speech": "does not speak",
    "transcription": "writes nothing down", "translation": "translates no recordings", "video": "makes no videos",
}  # fmt: skip


def paints_in_chat(prompt: MediaPrompt, facts: Mapping[str, Any]) -> bool:
    """Some models paint in a conversation, the others have an operation of their own."""
    return prompt.kind in ("image", "imageEdit") and facts.get("image_by") == "chat"


def painting_prompt(prompt: MediaPrompt, model: Model) -> Prompt:
    """The conversation that asks for a picture. Raises InvalidInput for what a conversation cannot produce."""
    if prompt.kind not in ("image", "imageEdit"):
        raise cannot(prompt, model)
    wish = f"{prompt.text}\n\nSize: {prompt.size}" if prompt.size else prompt.text
    pictures = (ImagePart(file.mime, file.data) for file in prompt.files)
    return Prompt((user(wish, *pictures),), expect="image")


def cannot(prompt: MediaPrompt, model: Model) -> InvalidInput:
    role = {"imageEdit": "image", "transcription": "transcribe", "translation": "transcribe"}.get(
        prompt.kind, prompt.kind
    )
    return InvalidInput(
        f"{model.ref} {_WORDS[prompt.kind]}.",
        f"Choose a model that does: `halley models --role {role}` lists them, `halley use {role} PROVIDER/MODEL` "
        "chooses one.",
        provider=model.ref.provider,
        model=str(model.ref),
        setting=f"roles.{role}",
    )


async def feed_media(
    host: Host, model: Model, facts: Mapping[str, Any], prompt: MediaPrompt, take: Take
) -> None:
    """Events and one `Finish`, by the model's road; conversations are the wire's own business."""
    _check(prompt, model, facts)
    name = model.ref.name
    if prompt.kind == "video" or prompt.of or facts.get("image_by") == "midjourney":
        from halley.providers.wires.jobs import submit

        job, state = await submit(host, name, facts, prompt)
        await hand_over(Begun(job, state), take)
        await hand_over(Finish("stop", _estimate(prompt, facts)), take)
        return
    for event in await _at_once(host, name, facts, prompt):
        await hand_over(event, take)


async def _at_once(host: Host, name: str, facts: Mapping[str, Any], prompt: MediaPrompt) -> Sequence[Event]:
    from halley.providers.wires import openai_media as api

    wishes: dict[str, Any] = {
        "size": prompt.size,
        "quality": prompt.quality,
        "n": prompt.n,
        "form": prompt.form,
    }
    match prompt.kind:
        case "image":
            painted = await api.send_images(host, name, prompt.text, **wishes)
            return (*painted.images, Finish("stop", painted.usage))
        case "imageEdit":
            painted = await api.send_image_edit(host, name, prompt.text, prompt.files, **wishes)
            return (*painted.images, Finish("stop", painted.usage))
        case "speech":
            voice, form = (
                prompt.voice or _first(facts, "voices", "alloy"),
                prompt.form or _first(facts, "formats", "mp3"),
            )
            spoken = await api.send_speech(host, name, prompt.text, voice=voice, form=form)
            return Sound(spoken.mime, spoken.data), Finish("stop")
        case _:
            text, usage = await api.send_transcription(
                host, name, prompt.files[0], language=prompt.language, prompt=prompt.text,
                translate=prompt.kind == "translation",
            )  # fmt: skip
            return TextDelta(text), Finish("stop", usage)


def _check(prompt: MediaPrompt, model: Model, facts: Mapping[str, Any]) -> None:
    """What the model's facts say it does not take, before anything is paid. Raises InvalidInput with what it takes."""
    ref, kind = model.ref, prompt.kind
    named = {"size": (prompt.size, "sizes"), "quality": (prompt.quality, "qualities"),
             "seconds": (prompt.seconds, "seconds"), "voice": (prompt.voice, "voices"),
             "format": (prompt.form, "formats")}  # fmt: skip
    for what, (value, fact) in named.items():
        known = facts.get(fact)
        if value is not None and known and str(value) not in map(str, known):
            raise InvalidInput(
                f"{ref} does not support the {what} {value}.", f"It supports {', '.join(map(str, known))}.",
                provider=ref.provider, model=str(ref),
            )  # fmt: skip
    if kind == "imageEdit" and facts.get("edits") is False:
        raise cannot(prompt, model)
    most = facts.get("most_images")
    if most and prompt.n > most:
        raise InvalidInput(f"{ref} makes at most {most} at a time.", f"Ask for {most}.", model=str(ref))


def _first(facts: Mapping[str, Any], name: str, otherwise: str) -> str:
    known = facts.get(name) or ()
    return str(known[0]) if known else otherwise


def _estimate(prompt: MediaPrompt, facts: Mapping[str, Any]) -> Usage:
    """A job's host says nothing of what it takes: a picture, or so many seconds."""
    if prompt.kind != "video":
        return Usage(images=1, estimated=True)
    seconds = prompt.seconds or int(_first(facts, "seconds", "4"))
    return Usage(seconds=float(seconds), estimated=True)
