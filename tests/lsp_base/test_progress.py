"""Work-done progress and partial results, as a client sees them."""

from __future__ import annotations

WINDOW = {"window": {"workDoneProgress": True}}
WORK = {"command": "test.work"}


def values(client, token):
    """The `$/progress` values of one token, in order."""
    return [
        m["params"]["value"]
        for m in client.notifications
        if m["method"] == "$/progress" and m["params"]["token"] == token
    ]


async def test_the_callers_token_is_used(sample):
    result = await sample.result("workspace/executeCommand", {**WORK, "workDoneToken": 7})
    assert result == "worked"
    assert values(sample, 7) == [
        {"kind": "begin", "title": "Working", "cancellable": True, "message": "at first"},
        {"kind": "report", "message": "half way", "percentage": 50},
        {"kind": "end"},
    ]
    assert await sample.result("halley/tokens") == 0


async def test_no_token_and_no_capability_means_silence(sample):
    assert await sample.result("workspace/executeCommand", WORK) == "worked"
    await sample.result("halley/echo")
    assert sample.notifications == []


async def test_a_token_of_the_servers_own(start):
    client = await start()
    await client.initialize(WINDOW)
    id = await client.ask("workspace/executeCommand", {**WORK, "arguments": ["sleep"]})
    create = await client.until("window/workDoneProgress/create")
    token = create["params"]["token"]
    await client.until("halley/began")
    assert values(client, token) == []
    await client.send({"jsonrpc": "2.0", "id": create["id"], "result": None})
    begin = (await client.until("$/progress"))["params"]["value"]
    assert begin == {
        "kind": "begin", "title": "Working", "cancellable": True, "message": "half way", "percentage": 50,
    }  # fmt: skip
    await client.notify("window/workDoneProgress/cancel", {"token": token})
    assert (await client.answer_to(id))["error"]["code"] == -32800
    assert values(client, token) == [{"kind": "end", "message": "Cancelled"}]
    assert await client.result("halley/tokens") == 0
    assert (await client.result("halley/events"))[-1] == "work stopped"


async def test_work_does_not_wait_for_a_client_that_does_not_make_the_token(start):
    client = await start()
    await client.initialize(WINDOW)
    assert await client.result("workspace/executeCommand", WORK) == "worked"
    create = await client.until("window/workDoneProgress/create")
    assert await client.result("halley/tokens") == 0
    await client.send({"jsonrpc": "2.0", "id": create["id"], "result": None})
    begin = (await client.until("$/progress"))["params"]["value"]
    end = (await client.until("$/progress"))["params"]["value"]
    assert (begin["kind"], end["kind"]) == ("begin", "end")


async def test_a_client_that_refuses_the_token(start):
    client = await start()
    await client.initialize(WINDOW)
    id = await client.ask("workspace/executeCommand", {**WORK, "arguments": ["sleep"]})
    create = await client.until("window/workDoneProgress/create")
    await client.send({"jsonrpc": "2.0", "id": create["id"], "error": {"code": 1, "message": "no"}})
    await client.notify("$/cancelRequest", {"id": id})
    await client.answer_to(id)
    assert values(client, create["params"]["token"]) == []


async def test_partial_results_append_and_come_before_the_answer(sample):
    params = {"count": 500, "pauseEvery": 100, "partialResultToken": "p"}
    assert await sample.result("halley/stream", params) == "streamed"
    arrays = values(sample, "p")
    events = [event for array in arrays for event in array]
    assert "".join(e["delta"] for e in events if e["type"] == "text") == "".join(f"{n} " for n in range(500))
    assert events[-1] == {"type": "usage", "replyId": "r"}
    assert arrays[0] == [{"type": "text", "replyId": "r", "delta": "0 "}]  # the first is not held back
    assert len(arrays) < 20 and len(events) < 20  # the rest is coalesced


async def test_without_a_token_nothing_is_sent(sample):
    assert await sample.result("halley/stream", {"count": 10}) == "streamed"
    assert sample.notifications == []
