"""Frames: any chunking gives the same messages, and no bytes can end or wedge the conversation."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.lsp.base.frames import MAX_BODY, MAX_LINE, BadFrame, FrameParser, frame

bodies = st.lists(st.binary(max_size=200), max_size=8)


def parse(data: bytes, cuts: list[int] = ()) -> list[bytes | BadFrame]:
    parser = FrameParser()
    frames, at = [], 0
    for cut in [*sorted(c % (len(data) + 1) for c in cuts), len(data)]:
        frames += parser.feed(data[at:cut])
        at = cut
    return frames


def spell(body: bytes, style: int) -> bytes:
    length = str(len(body)).encode()
    headers = (
        b"Content-Length: " + length + b"\r\n",
        b"content-length:" + length + b"\r\n",
        b"CONTENT-LENGTH : " + length + b" \n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: " + length + b"\r\n",
        b"\r\n\nContent-Length: " + length + b"\nX-Other: a:b\r\n",
    )
    return headers[style % len(headers)] + (b"\n" if style % 2 else b"\r\n") + body


@given(bodies, st.lists(st.integers(0, 10_000)), st.lists(st.integers(0, 100), min_size=8, max_size=8))
def test_any_spelling_in_any_chunks(bodies, cuts, styles):
    data = b"".join(spell(body, style) for body, style in zip(bodies, styles, strict=False))
    assert parse(data, cuts) == bodies


BAD = {
    "no length": b"Content-Type: x\r\n\r\n",
    "a word": b"Content-Length: many\r\n\r\n",
    "negative": b"Content-Length: -5\r\n\r\n",
    "empty": b"Content-Length:\r\n\r\n",
    "a float": b"Content-Length: 1e3\r\n\r\n",
    "over the limit": b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1),
    "two billion": b"Content-Length: 2000000000\r\n\r\n",
    "ten to the twelve": b"Content-Length: 1000000000000\r\n\r\n",
    "5,000 digits": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\n\r\n",
    "an endless line": b"X: " + b"a" * (2 * MAX_LINE) + b"\r\n\r\n",
    "endless headers": b"X: y\r\n" * 20_000 + b"\r\n",
    "binary": bytes(range(128, 256)) + b"\n",
    "a body without header": b'{"jsonrpc": "2.0"}\r\n',
}


@pytest.mark.parametrize("name", BAD)
def test_bad_headers_are_reported_once_and_the_next_message_is_read(name):
    good = b'{"a": "Content-Length: 3"}'
    for cuts in ([], list(range(0, 400, 7))):
        bad, after, last = parse(BAD[name] + frame(good) + frame(b"last"), cuts)
        assert isinstance(bad, BadFrame) and (after, last) == (good, b"last")


def test_a_length_that_is_too_short_costs_one_message():
    first, bad, last = parse(b"Content-Length: 5\r\n\r\n" + b'{"a": "long"}' + frame(b"[2]"))
    assert first == b'{"a":' and isinstance(bad, BadFrame) and last == b"[2]"


def test_a_length_that_is_too_long_eats_into_the_next_and_no_further():
    frames = parse(b"Content-Length: 9\r\n\r\n[1]" + frame(b"[2]") + frame(b"[3]"))
    assert [f for f in frames if not isinstance(f, BadFrame)][-1] == b"[3]"


def test_a_big_body_is_read_whole():
    body = b"x" * MAX_BODY
    data = frame(body)
    parser, frames = FrameParser(), []
    for at in range(0, len(data), 1 << 20):
        frames += parser.feed(data[at : at + (1 << 20)])
    assert len(frames) == 1 and len(frames[0]) == MAX_BODY


def test_garbage_is_not_kept():
    parser = FrameParser()
    parser.feed(b"Content-Length: x\r\n\r\n")
    for _ in range(100):
        parser.feed(b"z" * 65536)
    assert len(parser._buffer) < 100


@settings(max_examples=300)
@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000)))
def test_no_bytes_at_all_raise(data, cuts):
    frames = parse(data + b"\n\n" + frame(b"[0]") + frame(b"[1]"), cuts)
    assert all(isinstance(f, bytes | BadFrame) for f in frames)


def bad_frames(count: int, seed: int) -> list[bytes]:
    """Broken in every way there is: headers, lengths, cuts, encodings, JSON, shapes."""
    chance = random.Random(seed)
    good = json.dumps({"jsonrpc": "2.0", "method": "halley/none", "params": {"t": "äöü"}}).encode()
    ways = [
        lambda: BAD[chance.choice(list(BAD))],
        lambda: frame(good[: chance.randrange(len(good))]),
        lambda: frame(bytes(chance.randrange(256) for _ in range(chance.randrange(60)))),
        lambda: frame(good.decode().encode("utf-16")),
        lambda: frame(b"[" * chance.randrange(1, 5000)),
        lambda: frame(json.dumps([{"jsonrpc": "2.0", "method": "x"}]).encode()),
        lambda: frame(
            chance.choice([b"3", b"null", b'"x"', b"{}", b'{"jsonrpc":"1.0"}', b"NaN", b'{"a":1e999}'])
        ),
        lambda: frame(
            b'{"jsonrpc":"2.0","id":%s,"method":"halley/echo"}'
            % chance.choice([b"{}", b"[]", b"true", b"1.5", b"null"])
        ),
        lambda: frame(b'{"jsonrpc":"2.0","id":77,"method":%s}' % chance.choice([b"1", b"null", b"[]"])),
        lambda: frame(
            b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":%s}'
            % chance.choice([b"{}", b"[]", b"3", b'{"id":{}}'])
        ),
        lambda: frame(b'{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":3}}'),
        lambda: frame(b'{"jsonrpc":"2.0","id":"r","result":1}'),
        lambda: b"Content-Length: %d\r\n\r\n%b" % (chance.randrange(1, len(good)), good),
        lambda: bytes(chance.randrange(256) for _ in range(chance.randrange(200))),
    ]
    return [chance.choice(ways)() for _ in range(count)]


async def test_a_thousand_bad_frames_are_survived(sample):
    """Garbage, then a question: it is answered, with nothing of the garbage in between unanswered."""
    for number, bad in enumerate(bad_frames(1000, seed=5)):
        await sample.send_bytes(bad)
        if number % 50 == 49:
            await sample.send_bytes(b"\r\n\r\n")
            await sample.notify("halley/none")  # whatever the garbage still eats is this
            await sample.notify("halley/none")
            id = f"check {number}"
            await sample.send({"jsonrpc": "2.0", "id": id, "method": "halley/echo", "params": {"n": number}})
            while (message := await sample.read()).get("id") != id:
                assert message["error"]["code"] in (-32700, -32600, -32602), message
            assert message["result"] == {"n": number}
    await sample.result("shutdown")
    await sample.notify("exit")
    assert await sample.exit_code() == 0
    assert "Traceback" not in await sample.log()


async def test_bad_frames_as_the_first_words(start):
    for bad in (*BAD.values(), frame(b"{"), frame(b"[]")):
        client = await start()
        await client.send_bytes(bad)
        assert (await client.read())["error"]["code"] in (-32700, -32600)
        await client.initialize()
        await client.notify("exit")
        assert await client.exit_code() == 1
