"""The conversation's beginning and end, as the specification has them, over real pipes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import psutil
import pytest
from rawclient import PATIENCE_S


@pytest.fixture(params=["sample", "halley"])
async def fresh(request, start):
    """A server that has received nothing: the sample and the real one."""
    return await start(halley=request.param == "halley")


async def test_requests_before_initialize_are_refused_and_it_still_works_after(fresh):
    assert (await fresh.error("halley/echo", {}))["code"] == -32002
    assert (await fresh.error("shutdown"))["code"] == -32002
    await fresh.notify("initialized", {})
    assert (await fresh.initialize())["serverInfo"]["name"] == "halley"


@pytest.mark.parametrize("late", [False, True])
async def test_nothing_is_sent_before_initialize_is_answered(start, late):
    """Whether the front answers it or, after another word, the server; a part that fails to start does no harm."""
    client = await start(SAMPLE_EAGER="1")
    if late:
        await client.error("halley/echo")
    id = await client.ask("initialize", {"capabilities": {}})
    assert (await client.read())["id"] == id
    assert (await client.read())["method"] == "halley/begun"
    assert await client.result("halley/echo", {"n": 1}) == {"n": 1}


async def test_initialize_twice_is_refused(fresh):
    await fresh.initialize()
    assert (await fresh.error("initialize", {"capabilities": {}}))["code"] == -32600


async def test_shutdown_then_exit_is_0_and_requests_between_are_refused(fresh):
    await fresh.initialize()
    assert await fresh.result("shutdown") is None
    assert (await fresh.error("halley/echo", {}))["code"] == -32600
    assert (await fresh.error("shutdown"))["code"] == -32600
    await fresh.notify("exit")
    assert await fresh.exit_code() == 0
    assert await fresh.nothing_more() == b""


async def test_exit_without_shutdown_is_1(fresh):
    await fresh.initialize()
    await fresh.notify("exit")
    assert await fresh.exit_code() == 1


async def test_exit_as_the_first_word_is_1(fresh):
    await fresh.notify("exit")
    assert await fresh.exit_code() == 1


@pytest.mark.parametrize("spoken", [False, True])
async def test_the_end_of_input_ends_the_process(fresh, spoken):
    if spoken:
        await fresh.initialize()
    fresh.writer.close()
    assert await fresh.exit_code() == 1


async def test_what_was_said_before_the_end_of_input_counts(sample):
    """The end is read while all of this still waits to be handled."""
    from rawclient import frame

    echoes = [{"jsonrpc": "2.0", "id": n, "method": "halley/echo"} for n in range(100, 300)]
    last = {"jsonrpc": "2.0", "id": 300, "method": "shutdown"}, {"jsonrpc": "2.0", "method": "exit"}
    await sample.send_bytes(b"".join(map(frame, [*echoes, *last])))
    sample.writer.close()
    assert [(await sample.read())["id"] for _ in range(201)] == list(range(100, 301))
    assert await sample.exit_code() == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_signals_end_an_idle_server(fresh, name):
    await fresh.initialize()
    await fresh.error("halley/none")  # it is past its start
    fresh.process.send_signal(getattr(signal, name))
    assert await fresh.exit_code() == 0
    assert "Traceback" not in await fresh.log()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_a_signal_ends_work_in_order(sample):
    id = await sample.ask("halley/sleep")
    await sample.until("halley/began")
    sample.process.send_signal(signal.SIGTERM)
    assert (await sample.answer_to(id))["error"]["code"] == -32800
    assert await sample.exit_code() == 0


@pytest.mark.parametrize("how", ["regex", "a call into C"])
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_a_signal_ends_a_process_whose_interpreter_is_held(start, how):
    held = await start(SAMPLE_QUIET_S="0")
    await held.initialize()
    await held.error("halley/none")
    await held.ask("halley/hold", {"how": how})
    began = await held.until("halley/began")
    program = began["params"]["pid"]
    held.process.send_signal(signal.SIGTERM)
    assert await held.exit_code() == -signal.SIGALRM
    async with asyncio.timeout(PATIENCE_S):
        while _is_running(program):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.02)


def _is_running(pid: int) -> bool:
    """Asked in one piece: the process may go between two questions."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_signal_before_the_first_word(start):
    client = await start()
    await client.send_bytes(b"Content-Length: 5")  # once it is read, the process is up
    while client.process.returncode is None:
        client.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)
    assert client.process.returncode in (0, -signal.SIGTERM)


async def test_shutdown_stops_work_in_flight(sample):
    command = await sample.ask("workspace/executeCommand", {"command": "test.sleep"})
    direct = await sample.ask("halley/sleep")
    await sample.until("halley/began", lambda p: p["name"] == "sleep")
    shutdown = await sample.ask("shutdown")
    for id in (command, direct):
        assert (await sample.answer_to(id))["error"]["code"] == -32800
    assert (await sample.answer_to(shutdown))["result"] is None
    await sample.notify("exit")
    assert await sample.exit_code() == 0


async def test_a_hanging_thread_does_not_keep_the_process(sample):
    assert await sample.result("halley/hang") == "a thread hangs"
    await sample.result("shutdown")
    await sample.notify("exit")
    assert await sample.exit_code() == 0


async def test_the_end_of_the_parent_ends_the_server(start):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    client = await start()
    await client.initialize(processId=parent.pid)
    assert await client.result("halley/echo", {"still": "here"}) == {"still": "here"}
    parent.stdin.close()
    await parent.wait()
    assert await client.exit_code() == 1


async def test_a_parent_that_is_gone_already(start):
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await parent.wait()
    client = await start()
    await client.initialize(processId=parent.pid)
    assert await client.exit_code() == 1


async def test_watching_where_the_kernel_does_not_tell(monkeypatch):
    """A process is known by its number and its start time."""
    from halley.lsp import process as parents

    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    monkeypatch.delattr(os, "pidfd_open", raising=False)  # after asyncio's own use of it
    monkeypatch.setattr(parents, "POLL_S", 0)
    gone = asyncio.Event()
    watch = asyncio.create_task(parents.watch_process(parent.pid, gone.set))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not gone.is_set()
    parent.stdin.close()
    async with asyncio.timeout(PATIENCE_S):
        await gone.wait()
    await parent.wait()
    await watch


async def test_a_number_that_was_given_to_another_process(monkeypatch):
    import psutil

    from halley.lsp import process as parents

    starts = iter([100.0, 100.0, 200.0])
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    monkeypatch.setattr(parents, "POLL_S", 0)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: next(starts))
    gone = []
    await parents.watch_process(os.getpid(), lambda: gone.append(1))
    assert gone == [1] and next(starts, None) is None
