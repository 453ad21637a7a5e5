"""Pictures, sound and video as values: what is asked for, and a job that a host works on for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from halley.core.models import Role

MediaKind = Literal["image", "imageEdit", "speech", "transcription", "translation", "video"]
ROLE_OF: dict[MediaKind, Role] = {
    "image": "image",
    "imageEdit": "image",
    "speech": "speech",
    "transcription": "transcribe",
    "translation": "transcribe",
    "video": "video",
}
"""Whose models make it."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that goes along: a picture to edit or to begin with, its mask, or a recording."""

    mime: str
    data: bytes
    name: str = "file"
    is_mask: bool = False


@dataclass(frozen=True, slots=True)
class MediaJob:
    """What a host works on; plain, so that it can be stored. `road` says how it is asked about: see
    `providers/wires/jobs.py`.
    """

    road: Literal["videos", "midjourney"]
    id: str
    model: str
    """The model's name at the host."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands. `complete` has `addresses` to fetch; `choosing` too, and `choices` to pick from."""

    status: Literal["running", "choosing", "complete", "failed"]
    progress: float | None = None
    """0 to 1."""
    addresses: tuple[str, ...] = ()
    """Where the results are: hostile until they have been looked at (`providers/hosts/fetching.py`)."""
    choices: tuple[str, ...] = ()
    """The host's words for each variant, in order."""
    expires: float | None = None
    """Seconds since the epoch."""
    poll_after_s: float | None = None
    reason: str = ""
    """Why it failed, as the host says."""


@dataclass(frozen=True, slots=True)
class MediaPrompt:
    """One picture, recording, transcription or video, ready to be asked for."""

    kind: MediaKind
    text: str = ""
    files: tuple[MediaFile, ...] = ()
    size: str | None = None
    quality: str | None = None
    n: int = 1
    seconds: int | None = None
    voice: str | None = None
    form: str | None = None
    """The file's format: `png`, `mp3` …"""
    language: str | None = None
    of: MediaJob | None = None
    """With `choice`: work out that variant of an earlier job, instead of beginning a new one."""
    choice: str = ""
