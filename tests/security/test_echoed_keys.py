"""A host that says a key back, in whatever form and wherever it can: nowhere does it come through."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from lspclient import RequestFailed
from setting import KEY

from halley.core.events import Finish, ReasoningDelta, TextDelta, ToolCallDelta
from halley.providers.echoes import Stream, is_request_id, mask_of

OTHER = "sk-other-0123456789-never-sent-anywhere"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "lower case": str.lower,
    "URL-encoded": lambda key: urllib.parse.quote(key, safe=""),
    "hexadecimal": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "URL-safe base64": lambda key: base64.urlsafe_b64encode(f"x{key}".encode()).decode(),
}
ODD_KEY = "aB3/+=deadbeef~&%?0123456789"


def _leaks(text: str, key: str) -> bool:
    lowered = text.lower()
    for shape in FORMS.values():
        form = shape(key).rstrip("=").lower()
        if form in lowered or form[4:-4] in lowered:
            return True
    return False


@settings(max_examples=200)
@given(
    key=st.sampled_from([KEY, OTHER, ODD_KEY]),
    form=st.sampled_from(sorted(FORMS)),
    before=st.text(max_size=30),
    after=st.text(max_size=30),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=40),
)
def test_no_way_of_cutting_a_stream_lets_a_key_through(
    key: str, form: str, before: str, after: str, cuts: list[int], tried: Callable[..., None]
) -> None:
    tried()
    said = f"{before}{FORMS[form](key)}{after}"
    assert not _leaks(mask_of([key]).text(said), key)
    for kind in (TextDelta, ReasoningDelta):
        stream, shown, at = Stream(mask_of([key])), list[Any](), 0
        for size in cuts * (len(said) // sum(cuts) + 1):
            shown += stream.feed(kind(said[at : at + size]))
            at += size
        shown += stream.close()
        text = "".join(event.text for event in shown)
        assert not _leaks(text, key)
        assert text.startswith(before[: max(0, len(before) - 3)])


@given(text=st.text(), cuts=st.lists(st.integers(1, 9), min_size=1))
def test_what_is_no_key_comes_through_whole(text: str, cuts: list[int]) -> None:
    text = f"{text}sk-sim-a-k{text}"
    stream, shown, at = Stream(mask_of([KEY, OTHER])), list[Any](), 0
    for size in cuts * (len(text) // sum(cuts) + 1):
        shown += stream.feed(TextDelta(text[at : at + size]))
        at += size
    assert "".join(event.text for event in [*shown, *stream.close()]) == text


def test_calls_and_ends_are_masked_too() -> None:
    stream = Stream(mask_of([KEY]))
    shown = [
        event
        for said in (
            ToolCallDelta(0, KEY, f"call_{KEY}", '{"a":"' + KEY[:9]),
            ToolCallDelta(0, arguments=KEY[9:] + '"}'),
            Finish("stop", request_id=KEY),
        )
        for event in stream.feed(said)
    ]
    assert KEY not in str([*shown, *stream.close()])


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "ä", "x" * 129, "<b>", "a/b", "a:b", "a\x00", "x\n"])
def test_what_is_no_request_id(text: str) -> None:
    assert not is_request_id(text)
    assert is_request_id("req_0A-9.z")


# A host that echoes, and a daemon that asks it


class Echo:
    """Answers every path with the key it was sent, and one it was not, in all forms."""

    def __init__(self) -> None:
        self.mode = "stream"

    def said(self) -> str:
        return " ".join(shape(key) for key in (KEY, OTHER) for shape in FORMS.values())

    async def answer(self, request: web.Request) -> web.StreamResponse:
        said = self.said()
        headers = {"x-request-id": KEY, "x-odd": said, "cf-ray": OTHER}
        if request.path.endswith("/models"):
            rows = [{"id": f"m-{KEY}", "name": said, "owned_by": said}, {"id": "m"}]
            return web.json_response({"data": rows}, headers=headers)
        if self.mode.isdigit():
            body = {"error": {"message": f"No: {said}", "code": KEY, "type": OTHER, "request_id": KEY}}
            return web.json_response(body, status=int(self.mode), headers=headers)
        stream = web.StreamResponse(headers={"content-type": "text/event-stream", **headers})
        await stream.prepare(request)
        for piece in [said[at : at + 7] for at in range(0, len(said), 7)]:
            for name in ("content", "reasoning_content"):
                chunk = {"id": KEY, "model": KEY, "choices": [{"index": 0, "delta": {name: piece}}]}
                escaped = json.dumps(chunk).replace("sk", "\\u0073k")
                await stream.write(f"data: {escaped}\n\n".encode())
        if self.mode == "error midway":
            await stream.write(b"data: " + json.dumps({"error": {"message": said}}).encode() + b"\n\n")
        else:
            end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            await stream.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")
        return stream


@pytest.fixture
async def echo(halley_home: Path) -> AsyncIterator[Echo]:
    host, app = Echo(), web.Application()
    app.router.add_route("*", "/{rest:.*}", host.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    (halley_home / "config.toml").write_text(
        f'[providers.simulator]\nbase_url = "http://127.0.0.1:{port}/v1"\nkey = {{ env = "HALLEY_SIMULATOR_KEY" }}\n'
        '[roles]\nchat = ["simulator/m"]\n[search]\nenabled = false\n'
    )
    yield host
    await runner.cleanup()


@pytest.mark.parametrize("mode", ["stream", "error midway", "400", "401", "429", "500"])
async def test_a_key_that_a_host_says_back_goes_nowhere(
    echo: Echo, daemon, halley_home: Path, mode: str, tried: Callable[..., None]
) -> None:
    tried(2 * len(FORMS))
    echo.mode = mode
    window = await daemon(env={"OTHER_API_KEY": OTHER})
    answers: list[Any] = [await window.request("halley/models/list", {"refresh": True})]
    try:
        result, events = await window.chat("Hello.")
        answers += [result, events]
        exported = {"chatId": result["chatId"], "format": "markdown"}
        answers.append(await window.request("halley/chat/export", exported))
    except RequestFailed as error:
        answers.append(str(error))
    answers += [await window.request("halley/usage", {}), await window.request("halley/doctor", {})]
    answers += [window.heard, window.messages]
    await window.close()
    for key in (KEY, OTHER):
        assert not _leaks(json.dumps(answers, default=str), key)
        for file in halley_home.rglob("*"):
            if file.is_file():
                assert not _leaks(file.read_bytes().decode("latin-1"), key), file
