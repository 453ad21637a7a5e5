"""Code actions, as an editor without any plugin has them: listed, picked, applied, undone, cancelled, refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from buffer import Buffer
from setting import CONFIG, KEY
from window import CAPABILITIES, RequestFailed, Window

from halley.simulator import Simulator

CODE = """\
def total(items):
    result = 0
    for item in items:
        result = result + item.price
    return result


# Return the larger of two numbers.


def name(person):
    return persn.name
"""
MISSPELT = "persn"
FIXED = "```python\ndef name(person):\n    return person.name\n```"
EXPLAIN, FIX, IMPROVE = "halley.explain", "quickfix.halley.fix", "refactor.rewrite.halley.improve"
GENERATE, FORMAT = "refactor.rewrite.halley.generate", "refactor.rewrite.halley.format"


@pytest.fixture
async def buffer(window: Window) -> Buffer:
    return await window.open("shop.py", CODE)


def diagnostic(buffer: Buffer) -> dict:
    message = f"undefined name '{MISSPELT}'"
    return {
        "range": buffer.range(MISSPELT),
        "message": message,
        "severity": 1,
        "source": "pyflakes",
        "code": "F821",
    }


async def test_listing_asks_no_model(window: Window, buffer: Buffer, simulator: Simulator) -> None:
    listed = await window.code_actions(buffer, buffer.range("result = 0"), diagnostics=[diagnostic(buffer)])
    kinds = {action["kind"] for action in listed}
    assert {EXPLAIN, IMPROVE, FORMAT} <= kinds
    assert all(action["command"]["command"] == "halley.run" for action in listed)
    assert simulator.accepted == 0


async def test_one_selected_character_is_a_cursor(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    """Helix and Kakoune always have one: what is offered and what is sent follow the definition there."""
    at = buffer.range("result = 0", cursor=True)
    one = {"start": at["start"], "end": {**at["start"], "character": at["start"]["character"] + 1}}
    listed = [await window.code_actions(buffer, range) for range in (at, one)]
    assert [action["title"] for action in listed[0]] == [action["title"] for action in listed[1]]
    simulator.script("It adds up.")
    await window.run(await window.action(buffer, one, EXPLAIN))
    asked = str(simulator.requests[-1].body)
    assert "def total(items)" in asked and "return result" in asked


async def test_explain_is_about_the_definition_at_the_cursor(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    """As the commands of clients ask, which know a cursor and no definitions."""
    simulator.script("It adds up.", repeat=3)

    async def asked(range: dict) -> str:
        document = {"uri": buffer.uri, "version": buffer.version}
        await window.command("halley.run", {"action": "explain", "textDocument": document, "range": range})
        return simulator.requests[-1].body.decode().partition("Explain ")[2]

    at = buffer.range("result = 0", cursor=True)
    assert "for item in items" in await asked(at)
    assert "def name" not in await asked(at)
    between = buffer.range("# Return the larger", cursor=True)
    assert (await asked(between)).startswith("`shop.py`")


async def test_explain_this_file_stays_about_the_file(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script("It adds up.")
    listed = await window.code_actions(buffer, buffer.range("result = 0", cursor=True), only=EXPLAIN)
    assert [action["title"] for action in listed] == ["Explain total", "Explain this file"]
    await window.run(listed[1])
    assert "Explain `shop.py`" in simulator.requests[-1].body.decode()


async def test_explain_opens_markdown(window: Window, buffer: Buffer, simulator: Simulator) -> None:
    simulator.script("It adds up the **prices**.")
    result = await window.run(await window.action(buffer, buffer.range("total", cursor=True), EXPLAIN))
    assert "prices" in result["answer"]["text"]
    shown = Path(window.shown[-1]["uri"].removeprefix("file://"))
    assert shown.suffix == ".md"
    assert "It adds up the **prices**." in shown.read_text()
    assert shown.stat().st_mode & 0o077 == 0, "only its owner may read an answer"
    assert buffer.text == CODE


async def test_explain_needs_no_file_where_the_client_reads_virtual_documents(
    daemon, simulator: Simulator
) -> None:
    workspace = CAPABILITIES["workspace"] | {"textDocumentContent": {"dynamicRegistration": False}}
    window: Window = await daemon(capabilities=CAPABILITIES | {"workspace": workspace})
    buffer = await window.open("shop.py", CODE)
    simulator.script("Adds **up**.")
    result = await window.run(await window.action(buffer, buffer.range("total", cursor=True), EXPLAIN))
    uri = result["answer"]["uri"]
    assert uri.startswith("halley:/answers/")
    assert uri.rpartition("/")[2] == "Explanation-of-shop.py.md", "the name of its tab"
    assert window.shown[-1]["uri"] == uri
    content = await window.request("workspace/textDocumentContent", {"uri": uri})
    assert "Adds **up**." in content["text"]


async def test_fix_changes_only_what_is_wrong_in_one_undo_step(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(FIXED)
    action = await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)])
    result = await window.run(action)
    assert result["applied"] is True
    assert buffer.text == CODE.replace(MISSPELT, "person")
    (change,) = window.edits[-1]["edit"]["documentChanges"]
    assert change["textDocument"]["version"] == 1
    row = buffer.range("return person.name")["start"]["line"]
    lines = {edit["range"][end]["line"] for edit in change["edits"] for end in ("start", "end")}
    assert lines <= {row, row + 1}, "only the changed line"
    buffer.undo()
    assert buffer.text == CODE


async def test_fix_sends_the_diagnostic_to_the_model(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(FIXED)
    await window.run(await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)]))
    asked = simulator.requests[-1]
    assert asked.model == "sim-code", "editing has a role of its own"
    assert "undefined name" in asked.body.decode()
    assert asked.key == KEY


async def test_generate_from_a_comment(window: Window, buffer: Buffer, simulator: Simulator) -> None:
    simulator.script("```python\ndef larger(a, b):\n    return a if a > b else b\n```")
    at = buffer.range("# Return the larger of two numbers.")
    await window.run(await window.action(buffer, at, GENERATE))
    assert "def larger(a, b):" in buffer.text
    assert "# Return the larger of two numbers." in buffer.text
    assert buffer.text.startswith("def total(items):")
    compile(buffer.text, "shop.py", "exec")


async def test_format_is_applied_where_the_code_means_the_same(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("wide.py", "x = [ 1,2 ,3 ]\n")
    simulator.script("```python\nx = [1, 2, 3]\n```")
    await window.run(await window.action(buffer, buffer.whole(), FORMAT))
    assert buffer.text == "x = [1, 2, 3]\n"


async def test_format_that_would_change_the_meaning_is_not_applied(
    window: Window, simulator: Simulator
) -> None:
    buffer = await window.open("wide.py", "x = [ 1,2 ,3 ]\n")
    simulator.script("```python\nx = [1, 2, 4]\n```")
    action = await window.action(buffer, buffer.whole(), FORMAT)
    try:
        result = await window.run(action)
    except RequestFailed as failed:
        assert failed.problem["code"]
    else:
        assert "proposal" in result
    assert buffer.text == "x = [ 1,2 ,3 ]\n"


async def test_cancelling_closes_the_upstream_connection(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(FIXED * 50, tokens_per_s=5)
    running = window.start_run(await window.action(buffer, buffer.range("total", cursor=True), EXPLAIN))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    running.cancel()
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    assert simulator.requests[-1].closed_early
    answers = window.client.raw
    found = await window.until(
        lambda: [a for a in answers.values() if a.get("error", {}).get("code") == -32800]
    )
    assert len(found) == 1
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_progress_notice_cancels_too(window: Window, buffer: Buffer, simulator: Simulator) -> None:
    simulator.script(FIXED * 50, tokens_per_s=5)
    running = window.start_run(await window.action(buffer, buffer.range("total", cursor=True), EXPLAIN))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    begun = await window.until(lambda: [p for p in window.progress if _kind(p) == "begin"], "progress begins")
    assert begun[0]["value"]["cancellable"] is True
    window.notify("window/workDoneProgress/cancel", {"token": begun[0]["token"]})
    with pytest.raises(RequestFailed) as caught:
        await running
    assert caught.value.code == -32800
    assert simulator.requests[-1].closed_early
    await window.until(lambda: any(_kind(p) == "end" for p in window.progress), "progress ends")


def _kind(progress: dict) -> str:
    return progress["value"].get("kind", "") if isinstance(progress["value"], dict) else ""


async def test_typing_elsewhere_meanwhile_is_kept(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(FIXED, tokens_per_s=40)
    action = await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)])
    running = window.start_run(action)
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await window.type(buffer, 0, "import shop\n\n\n")
    assert (await running)["applied"] is True
    assert buffer.text == "import shop\n\n\n" + CODE.replace(MISSPELT, "person")
    buffer.undo()
    assert buffer.text == "import shop\n\n\n" + CODE


async def test_typing_at_the_last_moment_is_kept(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    """The editor has a newer version than the edit was made for, which the daemon could not know."""
    simulator.script(FIXED)

    async def type_something() -> None:
        await window.type(buffer, 0, "# mine\n")

    window.before_edit = type_something
    action = await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)])
    assert (await window.run(action))["applied"] is True
    assert buffer.text == "# mine\n" + CODE.replace(MISSPELT, "person")


@pytest.mark.parametrize("when", ["before it answers", "after it has answered"])
async def test_an_editor_that_calls_a_refused_edit_applied_gets_it_again(
    window: Window, buffer: Buffer, simulator: Simulator, when: str
) -> None:
    """What the user typed in that moment reaches the daemon sooner or later; the edit is made either way."""
    simulator.script(FIXED)
    window.says_applied = True
    telling: list[asyncio.Task[None]] = []

    async def tell_later() -> None:
        await window.until(lambda: "workspace/applyEdit" in [method for method, _ in window.heard])
        window._changed(buffer, {"text": buffer.text})

    async def type_something() -> None:
        if when == "before it answers":
            await window.type(buffer, 0, "# mine\n")
        else:
            buffer.step("# mine\n" + buffer.text)
            telling.append(asyncio.create_task(tell_later()))

    window.before_edit = type_something
    action = await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)])
    assert await window.run(action) == {"applied": True, "edits": 1}
    assert buffer.text == "# mine\n" + CODE.replace(MISSPELT, "person")
    assert len(window.edits) == 2
    await asyncio.gather(*telling)


async def test_typing_in_the_same_place_refuses_the_edit_and_keeps_the_text(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(FIXED, tokens_per_s=40)
    action = await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)])
    running = window.start_run(action)
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await window.type(buffer, buffer.text.index(MISSPELT), "someone", instead_of=len(MISSPELT))
    with pytest.raises(RequestFailed) as caught:
        await running
    assert caught.value.problem["code"] == "stale_document"
    assert buffer.text == CODE.replace(MISSPELT, "someone")
    kept = Path(window.shown[-1]["uri"].removeprefix("file://")).read_text()
    assert "person.name" in kept


async def test_an_editor_that_refuses_the_edit_gets_the_text_anyway(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(FIXED)
    window.refuse = "read-only"
    action = await window.action(buffer, buffer.range(MISSPELT), FIX, [diagnostic(buffer)])
    with pytest.raises(RequestFailed) as caught:
        await window.run(action)
    assert caught.value.problem["code"] == "stale_document"
    assert "person.name" in Path(window.shown[-1]["uri"].removeprefix("file://")).read_text()
    assert buffer.text == CODE


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
async def test_astral_characters_and_line_endings_survive(
    window: Window, simulator: Simulator, ending: str
) -> None:
    text = (
        f"# 🦀 größe\u2028still a comment\n\ndef name(person):\n    return '🦀' + {MISSPELT}.name\n".replace(
            "\n", ending
        )
    )
    buffer = await window.open("crab.py", text)
    simulator.script(FIXED.replace("person.name", "'🦀' + person.name"))
    found = {"range": buffer.range(MISSPELT), "message": "undefined name", "severity": 1}
    await window.run(await window.action(buffer, buffer.range(MISSPELT), FIX, [found]))
    assert buffer.text == text.replace(MISSPELT, "person")


async def test_an_action_for_an_old_version_is_refused(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    action = await window.action(buffer, buffer.range(MISSPELT), IMPROVE)
    action["command"]["arguments"][0]["textDocument"]["version"] = 0
    with pytest.raises(RequestFailed) as caught:
        await window.run(action)
    assert caught.value.problem["code"] == "stale_document"
    assert not simulator.requests


async def test_a_missing_key_is_a_problem_with_a_way_out(daemon, config: Path, simulator: Simulator) -> None:
    lines = (
        CONFIG.format(url=simulator.base_url).replace("simulator]", "comet]").replace("simulator/", "comet/")
    )
    config.write_text(lines.replace("HALLEY_SIMULATOR_KEY", "NO_SUCH_KEY"))
    window: Window = await daemon()
    buffer = await window.open("shop.py", CODE)
    with pytest.raises(RequestFailed) as caught:
        await window.run(await window.action(buffer, buffer.range("total", cursor=True), EXPLAIN))
    assert caught.value.code == -32803
    problem = caught.value.problem
    assert problem["code"] in ("not_configured", "auth_failed")
    assert problem["provider"] == "comet"
    assert "NO_SUCH_KEY" in problem["message"] + problem["help"]
    assert not simulator.requests
    assert await window.close() == 0


async def test_a_fault_upstream_leaves_the_daemon_up(
    window: Window, buffer: Buffer, simulator: Simulator
) -> None:
    simulator.script(
        status=400, body={"error": {"message": "no such parameter", "type": "invalid_request_error"}}
    )
    action = await window.action(buffer, buffer.range("total", cursor=True), EXPLAIN)
    with pytest.raises(RequestFailed) as caught:
        await window.run(action)
    assert caught.value.code == -32803
    assert caught.value.problem["code"] == "bad_request"
    assert "Traceback" not in str(caught.value)
    simulator.script("All well.")
    assert "All well." in (await window.run(action))["answer"]["text"]
