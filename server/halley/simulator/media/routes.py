"""The endpoints whose requests or answers are files, or whose paths hold an id: one table, `ROUTES`.

`find_route` finds the row for a request. A row's handler computes the response; pictures are painted in
`images.py`, sound made and read in `sound.py`, films in `film.py`, and work that takes its time is in `jobs.py`.
"""

from __future__ import annotations

import math
import re
import time
from typing import Any

from halley.simulator.catalogue import MODELS
from halley.simulator.envelope import bad_request, invalid, missing
from halley.simulator.http import Response, json_response
from halley.simulator.media import jobs
from halley.simulator.media.images import edit_images, needed_text
from halley.simulator.media.sound import LONGEST, listen, speak
from halley.simulator.multipart import Upload
from halley.simulator.state import Call, Route, State

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")


def edit(app: State, call: Call) -> Response:
    return json_response(edit_images(call.body, int(time.time()))[0])


def speech(app: State, call: Call) -> Response:
    text = needed_text(call.body, "input")
    voice, form = str(call.body.get("voice") or ""), str(call.body.get("response_format") or "wav")
    if voice not in VOICES:
        raise invalid("voice", voice, f"one of {', '.join(VOICES)}")
    if len(text) > LONGEST:
        raise bad_request(f"Invalid 'input': longer than {LONGEST} characters.", "input", "string_too_long")
    if form not in ("wav", "pcm"):
        raise invalid("response_format", form, "the simulator speaks wav and pcm")
    sound = speak(text, voice, float(call.body.get("speed") or 1.0))
    if form == "pcm":
        return Response(200, {"content-type": "audio/pcm"}, sound[sound.index(b"data") + 8 :])
    return Response(200, {"content-type": "audio/wav"}, sound)


def transcription(app: State, call: Call) -> Response:
    before = "(simulated translation) " if call.path.endswith("translations") else ""
    file, form = call.body.get("file"), str(call.body.get("response_format") or "json")
    if not isinstance(file, Upload):
        raise missing("file")
    if not file.data.startswith((b"RIFF", b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\x1aE\xdf\xa3")):
        raise bad_request("Invalid file format.", "file", "invalid_value")
    text, seconds = listen(file.data)
    if form == "text":
        return Response(200, {"content-type": "text/plain; charset=utf-8"}, f"{before}{text}\n".encode())
    value: dict[str, Any] = {"text": before + text}
    if form == "verbose_json":
        value |= {"duration": seconds, "language": "english", "segments": [], "task": "transcribe"}
    value["usage"] = {"type": "duration", "seconds": math.ceil(seconds)}
    return json_response(value)


ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/images/edits", edit, "image"), Route("POST", "/v1/audio/speech", speech, "speech"),
    Route("POST", "/v1/audio/transcriptions", transcription, "transcribe"),
    Route("POST", "/v1/audio/translations", transcription, "transcribe"),
    Route("POST", "/v1/videos", jobs.create_video, "video"), Route("GET", "/v1/videos", jobs.list_videos),
    Route("GET", "/v1/videos/([^/]+)", jobs.retrieve_video),
    Route("DELETE", "/v1/videos/([^/]+)", jobs.delete_video),
    Route("GET", "/v1/videos/([^/]+)/content", jobs.file),
    Route("POST", "/mj(?:-fast|-turbo|-relax)?(?:/mj)?/submit/imagine", jobs.imagine),
    Route("POST", "/mj(?:-fast|-turbo|-relax)?(?:/mj)?/submit/action", jobs.act),
    Route("GET", "/mj(?:-fast|-turbo|-relax)?(?:/mj)?/task/([^/]+)/fetch", jobs.fetch_task),
    Route("POST", "/mj(?:-fast|-turbo|-relax)?(?:/mj)?/task/([^/]+)/cancel", jobs.cancel_task),
    Route("GET", "/files/([^/]+)", jobs.file, open=True), Route("GET", "/moved", jobs.moved, open=True),
)  # fmt: skip


def find_route(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The row, and what its pattern found in the path."""
    for route in ROUTES:
        if method == route.method and (found := re.fullmatch(route.pattern, path)):
            return route, found.groups()
    return None


def check_type(route: Route, model: str) -> None:
    """Raises ApiError (400) for a model of another kind."""
    kind = MODELS[model].type
    if route.type and kind != route.type:
        why = f"The model `{model}` is not supported by this endpoint: it is a {kind} model"
        raise bad_request(why, "model", "unsupported_model")
