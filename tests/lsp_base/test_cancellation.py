"""Cancelling stops the work itself, whichever way it was asked for, and is answered once."""

from __future__ import annotations

import pytest

COMMAND = ("workspace/executeCommand", {"command": "test.sleep", "workDoneToken": "w"})
DIRECT = ("halley/sleep", {"workDoneToken": "w"})


@pytest.mark.parametrize(("method", "params"), [COMMAND, DIRECT])
@pytest.mark.parametrize("by", ["id", "token"])
async def test_the_task_stops_and_answers_once(sample, method, params, by):
    id = await sample.ask(method, params)
    name = (await sample.until("halley/began"))["params"]["name"]
    for _ in range(2):
        if by == "id":
            await sample.notify("$/cancelRequest", {"id": id})
        else:
            await sample.notify("window/workDoneProgress/cancel", {"token": "w"})
    assert (await sample.answer_to(id))["error"]["code"] == -32800
    assert await sample.result("halley/events") == [f"{name} began", f"{name} stopped"]
    assert await sample.result("halley/tokens") == 0


async def test_a_request_cancelled_before_its_first_step(sample):
    """Both arrive in one piece."""
    from rawclient import frame

    request = {"jsonrpc": "2.0", "id": 301, "method": "halley/sleep"}
    cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 301}}
    await sample.send_bytes(frame(request) + frame(cancel))
    assert (await sample.answer_to(301))["error"]["code"] == -32800
    assert "sleep ran on" not in await sample.result("halley/events")


@pytest.mark.parametrize("params", [None, {}, {"id": 12345}, {"id": None}, {"id": [1]}, {"id": "x"}])
async def test_cancelling_what_is_not_there(sample, params):
    assert await sample.result("halley/echo", {"n": 1}) == {"n": 1}
    await sample.notify("$/cancelRequest", params)
    await sample.notify("window/workDoneProgress/cancel", {"token": params})
    assert await sample.result("halley/echo", {"n": 2}) == {"n": 2}


@pytest.mark.parametrize("late", [False, True])
async def test_cancelling_a_request_that_waits_for_the_client(sample, late):
    """pygls raises InvalidStateError when the client's answer comes after all (its issue 621)."""
    from rawclient import frame

    id = await sample.ask("halley/ask", {"q": 1})
    question = await sample.until("test/question")
    cancel = frame({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}})
    answer = frame({"jsonrpc": "2.0", "id": question["id"], "result": "too late"})
    await sample.send_bytes(cancel if late else cancel + answer)
    assert (await sample.answer_to(id))["error"]["code"] == -32800
    assert (await sample.until("$/cancelRequest"))["params"] == {"id": question["id"]}
    await sample.send_bytes(answer)
    assert await sample.result("halley/waiting") == 0
    await sample.result("shutdown")
    await sample.notify("exit")
    assert await sample.exit_code() == 0
    assert "InvalidState" not in await sample.log()


async def test_the_client_answers(sample):
    sample.answer = lambda message: {"heard": message["params"]}
    assert await sample.result("halley/ask", {"q": 1}) == {"heard": {"q": 1}}


async def test_the_client_answers_with_an_error(sample):
    id = await sample.ask("halley/ask", {"q": 1})
    question = await sample.until("test/question")
    await sample.send(
        {"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32601, "message": "No such thing."}}
    )
    error = (await sample.answer_to(id))["error"]
    assert error["code"] == -32803 and "No such thing" in error["message"]


async def test_a_client_that_never_answers(sample):
    error = await sample.error("halley/ask", {"q": 1, "limit": 0.01})
    assert error["code"] == -32803 and "test/question" in error["message"]
    question = await sample.until("test/question")
    assert (await sample.until("$/cancelRequest"))["params"] == {"id": question["id"]}


async def test_answers_to_nothing_are_dropped(sample):
    for id in (1, 2**70, "x", None):
        await sample.send({"jsonrpc": "2.0", "id": id, "result": {}})
        await sample.send({"jsonrpc": "2.0", "id": id, "error": {"code": 1, "message": "x"}})
    assert await sample.result("halley/echo", {"n": 1}) == {"n": 1}


async def test_the_client_goes_while_it_is_asked(sample):
    await sample.ask("halley/ask", {"q": 1})
    await sample.until("test/question")
    sample.writer.close()
    assert await sample.exit_code() == 1
    assert "failed" not in await sample.log()
