"""Bytes in and out: nothing else gets into the stream, nothing blocks it, and it works on whatever it is given."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rawclient import PATIENCE_S, frame

from halley.lsp.base.channel import FULL, HIGH_WATER, Channel

SAMPLE = str(Path(__file__).parent / "sample_server.py")


async def test_stray_prints_go_to_stderr(sample):
    """Also a child's, which moreover reads an empty stdin instead of our messages."""
    id = await sample.ask("halley/print")
    assert await sample.result("halley/echo", {"n": 1}) == {"n": 1}
    assert (await sample.answer_to(id))["result"] == "printed"
    await sample.result("shutdown")
    await sample.notify("exit")
    assert await sample.nothing_more() == b""
    log = await sample.log()
    assert all(words in log for words in ("a stray print", "a stray write", "a child"))


async def test_large_answers_never_interleave_with_unbuffered_streams(start):
    """pygls writes from threads, and unbuffered writes of pipes are partial."""
    client = await start(PYTHONUNBUFFERED="1")
    await client.initialize()
    ids = [await client.ask("halley/value", {"kind": "big", "size": 300_000 + n}) for n in range(20)]
    for n, id in enumerate(ids):
        assert len((await client.answer_to(id))["result"]) == 300_000 + n


async def test_a_client_that_does_not_read_does_not_stop_the_work(start, tmp_path):
    client = await start()
    await client.initialize()
    for _ in range(30):
        await client.ask("halley/value", {"kind": "big", "size": 500_000})
    stream = await client.ask("halley/stream", {"count": 50_000, "partialResultToken": "p"})
    touch = await client.ask("halley/touch", {"path": str(tmp_path / "touched")})
    async with asyncio.timeout(PATIENCE_S):
        while not (tmp_path / "touched").exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
    assert (await client.answer_to(stream))["result"] == "streamed"
    await client.answer_to(touch)


async def test_much_input_in_one_go_is_answered_in_order(sample):
    messages = [
        {"jsonrpc": "2.0", "id": n, "method": "halley/echo", "params": {"n": n}} for n in range(1000, 4000)
    ]
    data = b"".join(map(frame, messages))
    sending = asyncio.create_task(sample.send_bytes(data))
    for message in messages:
        assert (await sample.read())["id"] == message["id"]
    await sending


async def test_what_starts_after_an_answer_sees_no_later_message(sample):
    """A command that is answered immediately, and typing right after it, read in one go."""
    uri = "file:///typed.py"
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "before"}
    document = {"uri": uri, "version": 2}
    for _ in range(20):
        messages = [
            {"method": "textDocument/didOpen", "params": {"textDocument": item}},
            {"id": 1, "method": "workspace/executeCommand", "params": {"command": "test.look_later", "arguments": [item]}},
            {"method": "textDocument/didChange", "params": {"textDocument": document, "contentChanges": [{"text": "after"}]}},
        ]  # fmt: skip
        await sample.send_bytes(b"".join(frame({"jsonrpc": "2.0"} | message) for message in messages))
        assert (await sample.read())["id"] == 1
    assert (await sample.request("halley/events"))["result"] == ["before"] * 20


def test_files_instead_of_pipes(tmp_path):
    """`halley serve < in > out`: what the loop cannot watch is moved by threads."""
    messages = [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {"processId": None, "capabilities": {}},
        },
        {"jsonrpc": "2.0", "id": 2, "method": "halley/value", "params": {"kind": "big", "size": 5_000_000}},
        *({"jsonrpc": "2.0", "id": n, "method": "halley/echo", "params": {"n": n}} for n in range(3, 2000)),
        {"jsonrpc": "2.0", "id": 2000, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    ]
    (tmp_path / "in").write_bytes(b"".join(map(frame, messages)))
    with (tmp_path / "in").open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
        done = subprocess.run([sys.executable, SAMPLE], stdin=stdin, stdout=stdout, timeout=60, check=False)
    assert done.returncode == 0
    out, ids = (tmp_path / "out").read_bytes(), []
    while out:
        header, _, out = out.partition(b"\r\n\r\n")
        length = int(header.split(b": ")[1])
        ids.append(json.loads(out[:length])["id"])
        out = out[length:]
    assert sorted(ids) == list(range(1, 2001)) and ids[-1] == 2000


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
async def test_a_terminal_is_left_blocking():
    """It is shared with the shell that started us."""
    import pty

    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, SAMPLE, stdin=its, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    import tty

    tty.setraw(its)
    os.write(ours, frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}))
    os.write(ours, frame({"jsonrpc": "2.0", "id": 2, "method": "halley/threads"}))
    assert process.stdout
    await process.stdout.readuntil(b'"id":2')
    assert os.get_blocking(its)
    os.write(ours, frame({"jsonrpc": "2.0", "method": "exit"}))
    async with asyncio.timeout(PATIENCE_S):
        assert await process.wait() == 1
    os.close(ours)
    os.close(its)


async def test_a_client_that_closes_its_ears_ends_the_process(start):
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, SAMPLE, stdin=asyncio.subprocess.PIPE, stdout=writing, stderr=asyncio.subprocess.PIPE
    )
    os.close(writing)
    assert process.stdin and process.stderr
    process.stdin.write(
        frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})
    )
    process.stdin.write(frame({"jsonrpc": "2.0", "id": 2, "method": "halley/echo"}))
    await asyncio.to_thread(os.read, reading, 10)
    os.close(reading)
    process.stdin.write(frame({"jsonrpc": "2.0", "id": 3, "method": "halley/echo"}))
    async with asyncio.timeout(PATIENCE_S):
        assert await process.wait() == 1
    assert b"Traceback" not in await process.stderr.read()


class Ears(asyncio.Transport):
    """An asyncio transport that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.unread, self.reading, self.limit = 0, True, 0

    def write(self, data: bytes) -> None:
        self.unread += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def set_write_buffer_limits(self, high: int) -> None:
        self.limit = high

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def abort(self) -> None: ...


async def test_a_client_that_reads_nothing_is_not_listened_to_for_ever():
    """Its requests stay in its own pipe, instead of their answers in our memory."""
    ears = Ears()
    channel = Channel(lambda frames: None, lambda: None)
    channel.connection_made(ears)
    assert ears.limit == HIGH_WATER
    channel.write(b"x" * FULL)
    assert not ears.reading
    channel.hold_reading("messages to handle")
    ears.unread = 0
    channel.resume_writing()
    assert not ears.reading  # another part still holds it
    channel.release_reading("messages to handle")
    assert ears.reading


async def test_what_follows_in_one_turn_of_the_loop_leaves_together():
    """Nothing waits for a later turn, nothing is lost at the end, and the order stays."""
    ears, written = Ears(), list[bytes]()
    ears.write = written.append  # type: ignore[method-assign]
    channel = Channel(lambda frames: None, lambda: None)
    channel.connection_made(ears)
    for body in (b"1", b"2", b"3"):
        channel.write(body)
    assert written == [b"Content-Length: 1\r\n\r\n1"], "the first is written immediately"
    await asyncio.sleep(0)
    assert written[1:] == [b"Content-Length: 1\r\n\r\n2Content-Length: 1\r\n\r\n3"]
    channel.write(b"4")
    channel.write(b"5")
    await channel.aclose()
    assert b"".join(written[2:]) == b"Content-Length: 1\r\n\r\n4Content-Length: 1\r\n\r\n5"


async def test_drain_waits_for_the_client():
    channel = Channel(lambda frames: None, lambda: None)
    channel.pause_writing()
    waiting = asyncio.create_task(channel.drain())
    await asyncio.sleep(0)
    assert not waiting.done() and not channel.is_writable
    channel.resume_writing()
    await waiting
    channel.pause_writing()
    channel.connection_lost(None)  # there is no reader any more
    await channel.drain()
