"""Tools in a chat: offered, asked about, run and told of; switched, forgotten; servers that fail in every way."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path

import pytest
from demo_tools import ASKS, SERVER, Demo, agreeing, answer, call, last_request, of_kind, script, servers
from window import Json, RequestFailed, Window

from halley.simulator import Simulator

WIRES = ("openai", "openai-responses", "anthropic")


async def test_a_model_reads_a_file_of_the_workspace(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    (workspace / "notes.md").write_text("The door opens at nine.\n")
    script(simulator, tool_calls=[call("read_file", path="notes.md")])
    script(simulator, "It opens at nine.")
    result, events = await window.chat("When does the door open?")
    (reply,) = result["replies"]
    assert reply["text"] == "It opens at nine."
    (called,), (ended,) = of_kind(events, "toolCall"), of_kind(events, "toolResult")
    assert (called["server"], called["tool"], called["state"]) == ("halley", "read_file", "running")
    assert json.loads(called["arguments"]) == {"path": "notes.md"}
    assert ended["state"] == "done" and "opens at nine" in ended["text"]
    (use,) = reply["tools"]
    assert use["state"] == "done" and use["result"] == ended["text"]
    told = last_request(simulator).json["messages"][-1]
    assert told["role"] == "tool" and "The door opens at nine." in told["content"]


@pytest.mark.parametrize("kind", WIRES)
async def test_each_wire_calls_a_server_and_hears_its_result(
    daemon, demo: Demo, simulator: Simulator, kind: str
) -> None:
    demo.config.write_text(demo.config.read_text().replace("base_url", f'kind = "{kind}"\nbase_url', 1))
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    asked = answer(window, lambda _: "once")
    await servers(window)
    script(simulator, "Let me write that.", tool_calls=[call("demo__write_note", name="a", text="b")])
    script(simulator, "Written.")
    result, events = await window.chat("Write a note.")
    (reply,) = result["replies"]
    assert reply["text"] == "Let me write that.\n\nWritten."
    assert demo.ran == [{"tool": "write_note", "name": "a", "text": "b"}]
    assert [event["state"] for event in of_kind(events, "toolCall")] == ["asking", "running"]
    assert asked[0]["arguments"] == {"name": "a", "text": "b"} and asked[0]["tool"] == "write_note"
    assert asked[0]["replyId"] == reply["replyId"] and asked[0]["chatId"] == result["chatId"]
    assert "written: a" in last_request(simulator).body.decode()
    assert reply["tools"][0]["at"] == len("Let me write that.")


async def test_an_editor_without_a_plugin_is_asked_in_a_box(daemon, demo: Demo, simulator: Simulator) -> None:
    demo.configure()
    window: Window = await daemon()
    asked: list[Json] = []

    async def box(params: Json) -> Json:
        asked.append(params)
        return {"title": "Allow once"}

    window._window_showMessageRequest = box  # type: ignore[attr-defined]
    await servers(window)
    script(simulator, tool_calls=[call("demo__write_note", name="a", text="hid\u202eden")])
    script(simulator, "Done.")
    await window.chat("Write a note.")
    assert '"name": "a"' in asked[0]["message"] and "hid⟨U+202E⟩den" in asked[0]["message"]
    assert [a["title"] for a in asked[0]["actions"]] == [
        "Allow once",
        "For this chat",
        "Always in this workspace",
        "Deny",
    ]
    assert len(demo.ran) == 1
    script(simulator, tool_calls=[call("demo__write_note", name="a", text="x" * 5000)])
    script(simulator, "Done.")
    result, _ = await window.chat("Write a long note.")
    assert result["replies"][0]["tools"][0]["state"] == "denied" and len(asked) == 1 and len(demo.ran) == 1


def _offered(simulator: Simulator) -> set[str]:
    return {tool["function"]["name"] for tool in last_request(simulator).json.get("tools", [])}


async def test_switches_of_a_chat_a_workspace_and_the_user(daemon, demo: Demo, simulator: Simulator) -> None:
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    await servers(window)
    first, _ = await window.chat("Hello.")
    assert {"read_file", "demo__write_note"} <= _offered(simulator)
    listed = await window.request(
        "halley/tools/set", {"server": "demo", "tool": "write_note", "enabled": False, "scope": "workspace"}
    )
    (row,) = [t for s in listed["servers"] for t in s["tools"] if t["name"] == "write_note"]
    assert (row["enabled"], row["scope"]) == (False, "workspace")
    await window.chat("Hello.", chatId=first["chatId"])
    assert "demo__write_note" not in _offered(simulator) and "demo__look_up" in _offered(simulator)
    await window.request("halley/tools/set", {"server": "halley", "enabled": False, "scope": "user"})
    await window.chat("Hello.")
    assert _offered(simulator) == {"demo__look_up", "demo__crash", "demo__hang", "demo__grow"}
    chat = {"scope": "chat", "chatId": first["chatId"]}
    listed = await window.request("halley/tools/set", {"enabled": False, **chat})
    assert listed["off"] and listed["scope"] == "chat"
    await window.chat("Hello.", chatId=first["chatId"])
    assert _offered(simulator) == set()
    await window.chat("/tools on", chatId=first["chatId"])
    await window.chat("/tools demo off", chatId=first["chatId"])
    await window.chat("/tools halley on", chatId=first["chatId"])
    await window.chat("Hello.", chatId=first["chatId"])
    assert _offered(simulator) == {"read_file", "list_files", "search_workspace", "diagnostics"}
    await window.chat("Hello.", tools={"*": False})
    assert _offered(simulator) == set()
    with pytest.raises(RequestFailed):
        await window.request("halley/tools/set", {"server": "nobody", "enabled": True})


async def test_a_server_that_crashes_hangs_or_changes_leaves_the_chat_up(
    daemon, demo: Demo, simulator: Simulator
) -> None:
    window = await agreeing(daemon, demo, call_timeout_s=1)
    script(simulator, tool_calls=[call("demo__crash")])
    script(simulator, "It crashed.")
    result, _ = await window.chat("Crash.")
    (reply,) = result["replies"]
    assert reply["text"] == "It crashed." and reply["tools"][0]["state"] == "failed"
    assert [row["tool"] for row in demo.ran] == ["crash"], "it is not run again by itself"
    listed = await window.request("halley/tools/restart", {"server": "demo"})
    script(simulator, tool_calls=[call("demo__hang"), call("demo__hang")])
    script(simulator, "It hangs.")
    result, _ = await window.chat("Hang.")
    assert [use["state"] for use in result["replies"][0]["tools"]] == ["failed", "failed"]
    assert "did not answer within 1 s" in result["replies"][0]["tools"][0]["result"]
    await window.until(
        lambda: any(p.get("what") == "tools" for m, p in window.heard if m == "halley/changed")
    )
    listed = await window.request("halley/tools/restart", {"server": "demo"})
    script(simulator, tool_calls=[call("demo__grow")])
    script(simulator, "It grew.")
    await window.chat("Grow.")
    listed = await window.request("halley/tools/restart", {"server": "demo"})
    assert [s["state"] for s in listed["servers"]] == ["ready", "ready"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ({"command": "no-such-program", "args": []}, "cannot be started"),
        ({"args": ["-c", "raise SystemExit('out of order')"]}, "out of order"),
        ({"args": ["-c", "import time; time.sleep(600)"], "start_timeout_s": 1}, "did not start within 1 s"),
        (
            {"args": ["-c", "print('no message'); import time; time.sleep(600)"], "start_timeout_s": 1},
            "within 1 s",
        ),
        ({"keys": {}, "env": {"A": "B"}, "args": ["-c", "import sys; sys.exit(3)"]}, "closed"),
    ],
)
async def test_a_server_that_does_not_start_is_shown_and_the_chat_continues(
    daemon, demo: Demo, simulator: Simulator, rows: Json, why: str
) -> None:
    demo.configure(**rows)
    window: Window = await daemon(capabilities=ASKS)
    listed = await servers(window, "failed")
    assert why in listed["demo"]["problem"].lower() or why in listed["demo"]["problem"]
    script(simulator, "Here I am.")
    result, events = await window.chat("Are you there?")
    assert result["replies"][0]["text"] == "Here I am."
    assert any("demo" in event["text"] for event in of_kind(events, "notice"))


async def test_prompts_and_resources_of_a_server(daemon, demo: Demo, simulator: Simulator) -> None:
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    listed = await servers(window)
    assert [p["name"] for p in listed["demo"]["prompts"]] == ["greet"]
    script(simulator, "Hello Ada.")
    await window.chat("/demo.greet Ada")
    assert "Say hello to Ada in one line." in last_request(simulator).body.decode()
    script(simulator, "Be kind.")
    await window.chat("What says #resource:demo:demo://handbook ?")
    assert "Chapter one: be kind." in last_request(simulator).body.decode()
    items = await window.request(
        "halley/chat/input", {"text": "/demo", "position": {"line": 0, "character": 5}}
    )
    assert "/demo.greet" in [item["insertText"] for item in items["items"]]
    text = "#resource:"
    items = await window.request(
        "halley/chat/input", {"text": text, "position": {"line": 0, "character": len(text)}}
    )
    assert "#resource:demo:demo://handbook" in [item["insertText"] for item in items["items"]]


async def test_a_loop_ends(daemon, demo: Demo, simulator: Simulator, workspace: Path) -> None:
    demo.config.write_text(demo.config.read_text() + "\n[tools]\nmax_calls = 3\n")
    window: Window = await daemon(capabilities=ASKS)
    (workspace / "a.txt").write_text("a")
    script(simulator, tool_calls=[call("list_files")], repeat=-1)
    result, events = await window.chat("Go on for ever.")
    states = [use["state"] for use in result["replies"][0]["tools"]]
    assert states == ["done"] * 3
    assert any("tools.max_calls" in event["text"] for event in of_kind(events, "notice"))


async def test_a_model_that_cannot_call_gets_the_written_form(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    (workspace / "notes.md").write_text("The door opens at nine.\n")
    refusal = {
        "error": {
            "message": "This model does not support tools.",
            "type": "invalid_request_error",
            "param": "tools",
        }
    }
    script(simulator, status=400, body=refusal)
    block = '```tool_call\n{"name": "read_file", "arguments": {"path": "notes.md"}}\n```'
    script(simulator, f"Let me look.\n\n{block}\nAnd it said: made up")
    script(simulator, "At nine.")
    result, events = await window.chat("When does the door open?")
    (reply,) = result["replies"]
    assert reply["text"] == "Let me look.\n\nAt nine."
    assert reply["tools"][0]["state"] == "done"
    assert "".join(event["delta"] for event in of_kind(events, "text")) == reply["text"]
    last = last_request(simulator).json
    assert "tools" not in last and "opens at nine" in last["messages"][-1]["content"]
    assert "made up" not in last_request(simulator).body.decode()


async def test_calls_are_saved_and_sent_with_later_turns(
    daemon, demo: Demo, simulator: Simulator, workspace: Path
) -> None:
    window: Window = await daemon(capabilities=ASKS)
    (workspace / "notes.md").write_text("The door opens at nine.\n")
    script(simulator, tool_calls=[call("read_file", path="notes.md")])
    script(simulator, "At nine.")
    sent, _ = await window.chat("When does the door open?")
    script(simulator, "As I said.")
    await window.chat("Sure?", chatId=sent["chatId"])
    assert "The door opens at nine." in last_request(simulator).body.decode()
    forked = (await window.request("halley/chat/fork", {"chatId": sent["chatId"]}))["chatId"]
    for chat in (sent["chatId"], forked):
        got = await window.request("halley/chat/get", {"chatId": chat})
        (use,) = got["turns"][0]["replies"][0]["tools"]
        assert (use["tool"], use["state"]) == ("read_file", "done")
    exported = await window.request("halley/chat/export", {"chatId": forked})
    assert "halley/read_file" in exported["content"] and "The door opens at nine." in exported["content"]
    data = await window.request("halley/chat/export", {"chatId": forked, "format": "json"})
    taken = await window.request("halley/chat/import", {"content": data["content"]})
    got = await window.request("halley/chat/get", {"chatId": taken["chatId"]})
    assert got["turns"][0]["replies"][0]["tools"][0]["result"] == use["result"]
    shown = await window.request("halley/chat/context", {"chatId": sent["chatId"], "turnId": sent["turnId"]})
    assert [message["role"] for message in shown["messages"]][-1] == "tool"


async def test_a_hundred_approvals_answered_in_random_order(daemon, demo: Demo, simulator: Simulator) -> None:
    """Each answer belongs to its own call: what was agreed to is run, and nothing else."""
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    await servers(window)
    dice, waiting = random.Random(20), dict[str, asyncio.Future[str]]()

    async def later(params: Json) -> str:
        decided = waiting[params["arguments"]["name"]] = asyncio.get_running_loop().create_future()
        await window.tell()
        return await decided

    answer(window, later)
    for number in range(100):
        script(
            simulator,
            tool_calls=[call("demo__write_note", name=f"n{number}", text="t")],
            contains=f"number {number}!",
        )
    script(simulator, "Done.", repeat=-1)
    chats = [window.start("halley/chat/send", {"prompt": f"Write number {number}!"}) for number in range(100)]
    await window.until(lambda: len(waiting) == 100, "a hundred questions")
    names = sorted(waiting)
    dice.shuffle(names)
    decided = {name: dice.choice(["once", "deny"]) for name in names}
    for name in names:
        waiting[name].set_result(decided[name])
    results = await asyncio.gather(*chats)
    assert {row["name"] for row in demo.ran} == {name for name in names if decided[name] == "once"}
    assert len(demo.ran) == sum(decision == "once" for decision in decided.values())
    states = [result["replies"][0]["tools"][0]["state"] for result in results]
    assert states.count("done") == len(demo.ran) and states.count("denied") == 100 - len(demo.ran)


async def test_a_server_out_of_order_is_in_the_status_and_in_the_doctors_report(
    daemon, demo: Demo, simulator: Simulator
) -> None:
    demo.configure(args=["-c", "raise SystemExit('no licence')"])
    window: Window = await daemon(capabilities=ASKS)

    def status() -> Json:
        return [params for method, params in window.heard if method == "halley/status"][-1]

    await servers(window, "failed")
    await window.until(lambda: status()["kind"] == "warning", "the status says it")
    assert "demo" in status()["message"] and "no licence" in status()["message"]
    assert status()["action"]["command"] == "halley.doctor"
    report = await window.request("halley/doctor", {})
    (found,) = [one for one in report["problems"] if one["code"] == "tool_server_failed"]
    assert "no licence" in found["message"] and found["setting"] == "tools.servers.demo"
    await window.request("halley/tools/set", {"server": "demo", "enabled": False})
    await window.until(lambda: status()["kind"] == "normal", "what is switched off is no problem")
    report = await window.request("halley/doctor", {})
    assert "tool_server_failed" not in [one["code"] for one in report["problems"]]


async def test_a_server_that_hangs_is_in_the_status(daemon, demo: Demo, simulator: Simulator) -> None:
    window = await agreeing(daemon, demo, call_timeout_s=1)
    script(simulator, tool_calls=[call("demo__hang"), call("demo__hang")])
    script(simulator, "It hangs.")
    await window.chat("Hang.")
    told = await window.until(
        lambda: [p for m, p in window.heard if m == "halley/status" and "demo" in p["message"]]
    )
    assert told[0]["kind"] == "warning" and "unanswered" in told[0]["message"]


async def test_a_server_whose_key_is_missing_says_which(daemon, demo: Demo, monkeypatch) -> None:
    monkeypatch.delenv("DEMO_KEY", raising=False)
    with demo.config.open("a") as file:
        keys = '{ Authorization = { env = "DEMO_KEY" } }'
        file.write(f'\n[tools.servers.demo]\nurl = "http://127.0.0.1:9/mcp"\nkeys = {keys}\n')
    window: Window = await daemon(capabilities=ASKS)
    listed = await servers(window, "failed")
    assert "DEMO_KEY" in listed["demo"]["problem"]
    heard = len(window.heard)
    await window.request("halley/tools/list", {})
    assert not [m for m, p in window.heard[heard:] if m == "halley/changed"], "it is reported once"


async def test_a_server_over_http_with_a_key(daemon, demo: Demo, simulator: Simulator) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVER), str(demo.log), "http", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        with demo.config.open("a") as file:
            keys = '{ Authorization = { env = "DEMO_KEY" } }'
            file.write(f'\n[tools.servers.demo]\nurl = "http://127.0.0.1:{port}/mcp"\nkeys = {keys}\n')
        window: Window = await daemon(capabilities=ASKS, env={"DEMO_KEY": "a-key-for-the-demo"})
        answer(window, lambda _: "once")
        listed = await servers(window)
        assert listed["demo"]["transport"] == "http"
        script(simulator, tool_calls=[call("demo__write_note", name="a", text="b")])
        script(simulator, "Written.")
        await window.chat("Write a note.")
        assert [row["tool"] for row in demo.ran] == ["write_note"]
    finally:
        process.terminate()
        await process.wait()
