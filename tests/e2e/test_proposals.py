"""Changes that wait for confirmation: previews hunk by hunk, what is protected, and formatting where it is switched on."""

from __future__ import annotations

from pathlib import Path

import pytest
from buffer import Buffer
from window import CAPABILITIES, RequestFailed, Window

from halley.simulator import Simulator

CODE = """\
def first():
    return 1


def second():
    return 2


def third():
    return 3
"""
CHANGED = (
    CODE.replace("return 1", "return 'one'")
    .replace("return 2", "return 'two'")
    .replace("return 3", "return 'three'")
)
READS_VIRTUAL = CAPABILITIES | {
    "workspace": CAPABILITIES["workspace"] | {"textDocumentContent": {"dynamicRegistration": False}}
}


@pytest.fixture
async def window(daemon) -> Window:
    return await daemon(settings={"edits": {"apply": "preview"}}, capabilities=READS_VIRTUAL)


async def proposed(window: Window, simulator: Simulator, reply: str = CHANGED) -> tuple[Buffer, dict]:
    buffer = await window.open("numbers.py", CODE)
    simulator.script(f"```python\n{reply}```")
    argument = {
        "action": "edit",
        "textDocument": {"uri": buffer.uri},
        "range": buffer.whole(),
        "instruction": "In words",
    }
    result = await window.command("halley.run", argument)
    listed = await window.request("halley/proposals/list", {})
    (proposal,) = [p for p in listed["proposals"] if p["id"] == result["proposal"]]
    return buffer, proposal


async def test_a_preview_changes_nothing_and_shows_the_whole(window: Window, simulator: Simulator) -> None:
    buffer, proposal = await proposed(window, simulator)
    assert buffer.text == CODE and not window.edits
    assert [hunk["kind"] for hunk in proposal["hunks"]] == ["edit"] * 3
    uri = proposal["files"][0]["proposed"]
    assert uri.startswith(f"halley:/proposals/{proposal['id']}/")
    assert (await window.request("workspace/textDocumentContent", {"uri": uri}))["text"] == CHANGED
    assert window.shown[-1]["uri"] == uri
    lenses = await window.request("textDocument/codeLens", {"textDocument": {"uri": buffer.uri}})
    assert [lens["command"]["title"].split(":")[0] for lens in lenses] == ["Accept", "Discard"]


async def test_a_lens_accepts_all_in_one_undo_step(window: Window, simulator: Simulator) -> None:
    buffer, _ = await proposed(window, simulator)
    lenses = await window.request("textDocument/codeLens", {"textDocument": {"uri": buffer.uri}})
    await window.command(lenses[0]["command"]["command"], *lenses[0]["command"]["arguments"])
    assert buffer.text == CHANGED and len(window.edits) == 1
    buffer.undo()
    assert buffer.text == CODE
    assert (await window.request("halley/proposals/list", {}))["proposals"] == []
    assert await window.request("textDocument/codeLens", {"textDocument": {"uri": buffer.uri}}) in ([], None)


async def test_what_a_client_kept_over_a_restart_is_proposed_again_where_it_still_fits(
    daemon, workspace: Path, simulator: Simulator
) -> None:
    options = {"settings": {"edits": {"apply": "preview"}}, "capabilities": READS_VIRTUAL}
    window: Window = await daemon(**options)
    _, proposal = await proposed(window, simulator)
    await window.close()
    moved = "# Numbers\n" + CODE.replace("return 3", "return 33")
    again: Window = await daemon(**options)
    buffer = await again.open("numbers.py", moved)
    kept = {"proposals": [proposal, {**proposal, "id": "../../up"}]}
    (left,) = (await again.request("halley/proposals/restore", kept))["proposals"]
    assert (left["id"], left["title"]) == (proposal["id"], proposal["title"])
    assert [hunk["newText"] for hunk in left["hunks"]] == [h["newText"] for h in proposal["hunks"][:2]]
    assert buffer.text == moved, "nothing is applied"
    assert len((await again.request("halley/proposals/restore", kept))["proposals"]) == 1
    await again.request("halley/proposals/accept", {"id": left["id"]})
    assert buffer.text == moved.replace("return 1", "return 'one'").replace("return 2", "return 'two'")


async def test_hunks_one_by_one_and_the_rest_stays_right(window: Window, simulator: Simulator) -> None:
    buffer, proposal = await proposed(window, simulator)
    await window.request("halley/proposals/accept", {"id": proposal["id"], "hunks": [0]})
    assert buffer.text == CODE.replace("return 1", "return 'one'")
    (left,) = (await window.request("halley/proposals/list", {}))["proposals"]
    assert [hunk["newText"] for hunk in left["hunks"]] == [hunk["newText"] for hunk in proposal["hunks"][1:]]
    assert left["hunks"][0]["range"]["start"]["line"] == 5
    await window.request("halley/proposals/discard", {"id": proposal["id"], "hunks": [0]})
    await window.request("halley/proposals/accept", {"id": proposal["id"]})
    assert buffer.text == CODE.replace("return 1", "return 'one'").replace("return 3", "return 'three'")


async def test_the_editor_asks_about_each_edit_where_that_is_wanted(daemon, simulator: Simulator) -> None:
    annotates = {
        "workspaceEdit": {**CAPABILITIES["workspace"]["workspaceEdit"], "changeAnnotationSupport": {}}
    }
    asks = CAPABILITIES | {"workspace": CAPABILITIES["workspace"] | annotates}
    window = await daemon(settings={"edits": {"apply": "preview"}}, capabilities=asks)
    buffer, proposal = await proposed(window, simulator)
    window.refuse = "the user said no"
    accepted = await window.request("halley/proposals/accept", {"id": proposal["id"], "confirm": True})
    assert accepted == {"applied": False, "edits": 0} and len(window.edits) == 1
    asked = window.edits[0]["edit"]
    assert all(annotation["needsConfirmation"] for annotation in asked["changeAnnotations"].values())
    assert all(edit["annotationId"] for change in asked["documentChanges"] for edit in change["edits"])
    assert len((await window.request("halley/proposals/list", {}))["proposals"]) == 1, "it is still proposed"
    window.refuse = ""
    await window.request("halley/proposals/accept", {"id": proposal["id"], "confirm": True})
    assert buffer.text == CHANGED


async def test_typing_meanwhile_moves_what_is_accepted(window: Window, simulator: Simulator) -> None:
    buffer, proposal = await proposed(window, simulator)
    await window.type(buffer, 0, "# mine\n\n")
    await window.request("halley/proposals/accept", {"id": proposal["id"], "hunks": [1]})
    await window.type(buffer, 0, "# more\n")
    await window.request("halley/proposals/accept", {"id": proposal["id"]})
    assert buffer.text == "# more\n# mine\n\n" + CHANGED


async def test_typing_in_a_hunk_keeps_it_pending(window: Window, simulator: Simulator) -> None:
    buffer, proposal = await proposed(window, simulator)
    at = buffer.text.index("return 2")
    await window.type(buffer, at, "return 22", instead_of=len("return 2"))
    with pytest.raises(RequestFailed, match="stale_document"):
        await window.request("halley/proposals/accept", {"id": proposal["id"]})
    assert buffer.text == CODE.replace("return 2", "return 22")
    assert len((await window.request("halley/proposals/list", {}))["proposals"]) == 1
    await window.request("halley/proposals/accept", {"id": proposal["id"], "hunks": [0, 2]})
    assert "'one'" in buffer.text and "'three'" in buffer.text and "return 22" in buffer.text


async def test_a_discarded_proposal_is_gone(window: Window, simulator: Simulator) -> None:
    buffer, proposal = await proposed(window, simulator)
    await window.command("halley.proposals.discard", {"id": proposal["id"]})
    with pytest.raises(RequestFailed, match="not pending"):
        await window.request("halley/proposals/accept", {"id": proposal["id"]})
    with pytest.raises(RequestFailed):
        await window.request("workspace/textDocumentContent", {"uri": proposal["files"][0]["proposed"]})
    assert buffer.text == CODE


async def test_protected_files_ask_also_where_edits_apply_directly(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    for name in (".github/workflows/ci.yml", ".vscode/tasks.json", ".halley.toml"):
        buffer = await window.open(name, "a: 1\n", "yaml")
        simulator.script("```yaml\na: 2\n```")
        argument = {
            "action": "edit",
            "textDocument": {"uri": buffer.uri},
            "range": buffer.whole(),
            "instruction": "Two",
        }
        result = await window.command("halley.run", argument)
        assert "proposal" in result and buffer.text == "a: 1\n"
        assert any(
            Path(name).name in p["reason"]
            for p in (await window.request("halley/proposals/list", {}))["proposals"]
        )


async def test_an_instructed_edit_streams_and_lands_once(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    buffer = await window.open("numbers.py", CODE)
    simulator.script(f"```python\n{CHANGED}```")
    params = {
        "textDocument": {"uri": buffer.uri},
        "range": buffer.whole(),
        "instruction": "In words",
        "partialResultToken": "edit-1",
    }
    result = await window.request("halley/edit", params)
    assert result["applied"] is True and buffer.text == CHANGED and len(window.edits) == 1
    streamed = "".join(event.get("delta", "") for event in window.events("edit-1") if event["type"] == "text")
    assert CHANGED in streamed
    buffer.undo()
    assert buffer.text == CODE


async def test_invisible_characters_beside_the_question_are_reported(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    buffer = await window.open("numbers.py", "# \u200bhidden\n" + CODE)
    simulator.script("It counts.")
    await window.command(
        "halley.run", {"action": "explain", "textDocument": {"uri": buffer.uri}, "range": buffer.whole()}
    )
    assert any("invisible characters" in message and "U+200B" in message for message in window.messages)


async def test_a_broken_template_says_which_file_and_line(
    daemon, halley_home: Path, simulator: Simulator
) -> None:
    window: Window = await daemon()
    buffer = await window.open("numbers.py", CODE)
    own = halley_home / "templates" / "explain.md"
    own.parent.mkdir()
    own.write_text("Explain {{selektion}}\n")
    run = {"action": "explain", "textDocument": {"uri": buffer.uri}, "range": buffer.whole()}
    with pytest.raises(RequestFailed) as caught:
        await window.command("halley.run", run)
    problem = caught.value.problem
    assert problem["code"] == "not_configured" and problem["setting"] == "templates/explain.md"
    assert (
        str(own) in problem["message"]
        and "Line 1" in problem["message"]
        and "selection" in problem["message"]
    )
    assert not simulator.requests
    own.write_text("=== user ===\nMy own words: {{selection_block}}\n")
    simulator.script("Yes.")
    await window.command("halley.run", run)
    assert "My own words" in simulator.requests[-1].body.decode()


async def test_templates_beyond_actions_can_be_replaced_too(
    daemon, config: Path, halley_home: Path, simulator: Simulator
) -> None:
    config.write_text(
        config.read_text().replace('complete = ["simulator/sim-fim"]', 'complete = ["simulator/sim-fast"]')
    )
    own = halley_home / "templates"
    own.mkdir()
    (own / "title.md").write_text("My title for: {{prompt}}")
    (own / "compact.md").write_text("My summary of: {{transcript}}")
    (own / "complete.md").write_text("My words at {{cursor_mark}}: {{prefix}}{{cursor_mark}}{{suffix}}")
    window: Window = await daemon()
    buffer = await window.open("numbers.py", "x = ")
    params = {
        "textDocument": {"uri": buffer.uri},
        "position": buffer.position(4),
        "context": {"triggerKind": 2},
    }
    await window.request("textDocument/inlineCompletion", params)
    result, _ = await window.chat("What is a list?")
    await window.until(
        lambda: len([m for m, p in window.heard if m == "halley/changed" and p["what"] == "chats"]) >= 2
    )
    await window.request("halley/chat/compact", {"chatId": result["chatId"]})
    sent = " ".join(seen.body.decode() for seen in simulator.requests)
    for words in ("My words at", "My title for: What is a list?", "My summary of:"):
        assert words in sent


async def test_formatting_follows_its_switch(daemon, halley_home: Path, simulator: Simulator) -> None:
    dynamic = CAPABILITIES["textDocument"] | {
        "formatting": {"dynamicRegistration": True},
        "rangeFormatting": {"dynamicRegistration": True},
    }
    window: Window = await daemon(capabilities=CAPABILITIES | {"textDocument": dynamic})
    heard = window.heard
    assert not [m for m, p in heard if m == "client/registerCapability" and "ormatting" in str(p)]
    window.settings = {"format": {"enabled": True, "rules": "Spaces."}}
    window.notify("workspace/didChangeConfiguration", {"settings": {"halley": window.settings}})
    await window.until(
        lambda: [p for m, p in heard if m == "client/registerCapability" and "ormatting" in str(p)]
    )
    buffer = await window.open("wide.py", "x = [ 1,2 ]\ny = 1\n")
    params = {"textDocument": {"uri": buffer.uri}, "options": {"tabSize": 4, "insertSpaces": True}}
    simulator.script("```python\nx = [1, 2]\ny = 1\n```")
    edits = await window.request("textDocument/formatting", params)
    buffer.apply(edits)
    assert buffer.text == "x = [1, 2]\ny = 1\n" and not window.edits
    assert "Spaces." in simulator.requests[-1].body.decode()
    other = await window.open("other.py", "x = [ 1,2 ]\ny = 1\n")
    simulator.script("```python\nx = [1, 3]\n```")
    part = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    changed = {"textDocument": {"uri": other.uri}, "options": params["options"], "range": part}
    assert not await window.request("textDocument/rangeFormatting", changed)
    listed = (await window.request("halley/proposals/list", {}))["proposals"]
    assert [p["reason"] for p in listed] == ["The new text does not mean the same: its syntax tree differs."]
    window.settings = {}
    window.notify("workspace/didChangeConfiguration", {"settings": {"halley": {}}})
    await window.until(lambda: [p for m, p in heard if m == "client/unregisterCapability"])
    assert not await window.request("textDocument/formatting", params)


WIDE = "x = [ 1,2 ]\ny = 1\nz = [ 3,4 ]\n"
NARROW = "x = [1, 2]\ny = 1\nz = [3, 4]\n"
ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}


async def formatting(daemon, simulator: Simulator, method: str):
    """A window, its document, and the request whose answer is still being written."""
    window: Window = await daemon(settings={"format": {"enabled": True}})
    buffer = await window.open("wide.py", WIDE)
    simulator.script(f"```python\n{NARROW}```", tokens_per_s=40)
    params = {"textDocument": {"uri": buffer.uri}, "options": {"tabSize": 4, "insertSpaces": True}}
    running = window.start(method, params | ({"range": ALL} if "range" in method else {}))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    return window, buffer, running


@pytest.mark.parametrize("method", ["textDocument/formatting", "textDocument/rangeFormatting"])
async def test_formatting_follows_what_is_typed_above(daemon, simulator: Simulator, method: str) -> None:
    window, buffer, running = await formatting(daemon, simulator, method)
    await window.type(buffer, 0, "import shop\n\n")
    buffer.apply(await running)
    assert buffer.text == f"import shop\n\n{NARROW}"


@pytest.mark.parametrize("method", ["textDocument/formatting", "textDocument/rangeFormatting"])
async def test_formatting_of_a_line_that_changed_is_out_of_date(
    daemon, simulator: Simulator, method: str
) -> None:
    window, buffer, running = await formatting(daemon, simulator, method)
    await window.type(buffer, WIDE.index("1,2"), "5,")
    with pytest.raises(RequestFailed) as caught:
        await running
    assert caught.value.code == -32801
    assert buffer.text == WIDE.replace("1,2", "5,1,2") and not window.edits


async def test_formatting_that_would_mean_something_else_by_now_is_out_of_date(
    daemon, simulator: Simulator
) -> None:
    """The lines above open a string: what was layout is text now."""
    window, buffer, running = await formatting(daemon, simulator, "textDocument/formatting")
    await window.type(buffer, 0, 'text = """\n')
    await window.type(buffer, len(buffer.text), '"""\n')
    with pytest.raises(RequestFailed) as caught:
        await running
    assert caught.value.code == -32801
