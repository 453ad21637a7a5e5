"""The official SDK finds the simulator's pictures, sound and videos correct; and the files are what they say."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from dataclasses import replace

import openai
import pytest
from openai import AsyncOpenAI

from halley.core.media_types import facts_of_file, mime_of
from halley.simulator import Simulator

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")  # other hosts go on with it


@pytest.fixture
async def client(simulator: Simulator):
    async with AsyncOpenAI(base_url=simulator.base_url, api_key="sk-sim", max_retries=0) as client:
        yield client


def png_rows(data: bytes) -> list[bytes]:
    """An independent reading of a PNG without filters: its rows."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, width, height = 8, b"", 0, 0
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        inner = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + inner) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", inner[:8])
        packed += inner if kind == b"IDAT" else b""
        at += 12 + length
    rows = zlib.decompress(packed)
    assert len(rows) == height * (1 + 3 * width)
    return [rows[y * (1 + 3 * width) + 1 : (y + 1) * (1 + 3 * width)] for y in range(height)]


def avi_frames(data: bytes) -> list[bytes]:
    """An independent walk through a RIFF file: the frames of an AVI."""
    assert data[:4] == b"RIFF" and data[8:12] == b"AVI "
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    found: list[bytes] = []

    def walk(at: int, end: int) -> None:
        while at + 8 <= end:
            kind, (length,) = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])
            if kind == b"LIST":
                walk(at + 12, at + 8 + length)
            elif kind == b"00db":
                found.append(data[at + 8 : at + 8 + length])
            at += 8 + length + length % 2
        assert at == end

    walk(12, len(data))
    return found


async def test_pictures_and_edits_of_them(client: AsyncOpenAI) -> None:
    import base64

    made = await client.images.generate(model="sim-image", prompt="a red fox", size="64x48", n=2)
    pictures = [base64.b64decode(image.b64_json or "") for image in made.data or []]
    assert len(set(pictures)) == 2
    assert len(png_rows(pictures[0])) == 48
    edited = await client.images.edit(
        model="sim-image", prompt="at night", image=("fox.png", pictures[0], "image/png")
    )
    other = await client.images.edit(
        model="sim-image", prompt="at night", image=("fox.png", pictures[1], "image/png")
    )
    results = [base64.b64decode((one.data or [])[0].b64_json or "") for one in (edited, other)]
    assert results[0] != results[1], "what was sent counts"
    assert len(png_rows(results[0])) == 48, "as large as what was sent"
    with pytest.raises(openai.BadRequestError, match="Invalid image file"):
        await client.images.edit(model="sim-image", prompt="x", image=("a.png", b"hello", "image/png"))


async def test_sound_says_again_what_it_was_made_of(client: AsyncOpenAI) -> None:
    spoken = await client.audio.speech.create(model="sim-speech", voice="nova", input="Hello, dear reader.")
    with wave.open(io.BytesIO(spoken.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        seconds = file.getnframes() / 8000
    assert facts_of_file(spoken.content).seconds == pytest.approx(seconds, abs=0.001)
    other = await client.audio.speech.create(model="sim-speech", voice="echo", input="Hello, dear reader.")
    assert other.content != spoken.content, "voices differ"
    sound = ("note.wav", spoken.content, "audio/wav")
    written = await client.audio.transcriptions.create(model="sim-transcribe", file=sound)
    assert written.text == "Hello, dear reader."
    translated = await client.audio.translations.create(model="sim-transcribe", file=sound)
    assert translated.text == "(simulated translation) Hello, dear reader."
    with pytest.raises(openai.BadRequestError, match="Invalid 'voice'"):
        await client.audio.speech.create(model="sim-speech", voice="nobody", input="x")


async def test_a_video_from_submission_to_file(client: AsyncOpenAI, simulator: Simulator) -> None:
    job = await client.videos.create(model="sim-video", prompt="a wave", seconds="4", size="1280x720")
    assert (job.status, job.progress, job.seconds) == ("queued", 0, "4")
    with pytest.raises(openai.NotFoundError):
        await client.videos.download_content(job.id)
    done = await client.videos.poll(job.id)
    assert done.status == "completed" and done.expires_at
    data = (await client.videos.download_content(job.id)).content
    frames = avi_frames(data)
    assert len(frames) == 16 and len(set(frames)) == 16, "it moves"
    facts = facts_of_file(data)
    assert (mime_of(data), facts.width, facts.height, facts.seconds) == ("video/x-msvideo", 160, 90, 4.0)
    assert len(frames[0]) == 160 * 90 * 3
    assert [video.id async for video in client.videos.list()] == [job.id]
    assert (await client.videos.delete(job.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.videos.retrieve(job.id)


async def test_a_job_fails_or_expires_on_request(client: AsyncOpenAI, simulator: Simulator) -> None:
    simulator.options = replace(simulator.options, job_polls=0, job_fails=True)
    job = await client.videos.create_and_poll(model="sim-video", prompt="a wave")
    assert job.status == "failed" and job.error and "asked to fail" in job.error.message
    simulator.options = replace(simulator.options, job_fails=False, job_lifetime_s=0)
    job = await client.videos.create_and_poll(model="sim-video", prompt="a wave")
    with pytest.raises(openai.NotFoundError, match="expired"):
        await client.videos.download_content(job.id)


async def test_the_wrong_kind_of_model_is_refused(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="not supported by this endpoint"):
        await client.videos.create(model="sim-chat", prompt="a wave")
    with pytest.raises(openai.BadRequestError, match="seconds"):
        await client.videos.create(model="sim-video", prompt="a wave", seconds="5")  # type: ignore[arg-type]


async def test_pictures_in_conversations(client: AsyncOpenAI) -> None:
    said = await client.chat.completions.create(
        model="sim-image-chat", messages=[{"role": "user", "content": "a red fox"}]
    )
    message = said.choices[0].message.model_dump()
    assert message["images"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    response = await client.responses.create(
        model="sim-chat", input="a fox", tools=[{"type": "image_generation"}]
    )
    assert [item.type for item in response.output] == ["message", "image_generation_call"]
