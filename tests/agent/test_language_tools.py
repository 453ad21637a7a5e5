"""What the editor's other language servers know: asked of the client, offered to every mode, told after each edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import PLUGIN, Agent, call
from window import Json

from halley.simulator import Simulator

BRINGS = PLUGIN | {"experimental": {"halley": {"chat": True, "tools": True, "languageTools": True}}}


def at(line: int, character: int = 0) -> Json:
    return {"line": line, "character": character}


def span(line: int) -> Json:
    return {"start": at(line), "end": at(line, 1)}


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path) -> Agent:
    agent = await Agent.start(daemon, simulator, workspace, capabilities=BRINGS)
    agent.write("a.py", "def 𝛼name(x):\n    return x\n\nprint('𝛼', 𝛼name(1))\n")
    return agent


def answers(agent: Agent, say: Any) -> list[Json]:
    """Answers the daemon's questions; the list fills with them."""
    asked: list[Json] = []

    async def ask(params: Json) -> Any:
        asked.append(params)
        return say(params) if callable(say) else say

    agent.window._halley_language_ask = ask  # type: ignore[attr-defined]
    return asked


async def test_places_and_texts_come_from_the_editor_in_every_mode(agent: Agent) -> None:
    inside, outside = agent.folder / "a.py", Path("/usr/lib/other.py")
    asked = answers(
        agent,
        {
            "locations": [
                {"uri": inside.as_uri(), "range": span(0), "name": "name"},
                {"uri": outside.as_uri(), "range": span(6)},
            ],
            "text": "`def name(x)`",
        },
    )
    uses = await agent.does(
        call("find_definitions", path="a.py", line=4, symbol="𝛼name"),
        call("find_references", path="a.py", line=1, symbol="𝛼name"),
        call("describe_symbol", path="a.py", line=4, symbol="𝛼name"),
        call("find_symbols", query="name"),
        mode=None,
    )
    assert [use["state"] for use in uses] == ["done"] * 4 and not agent.asked
    assert uses[0]["result"] == f"a.py:1: name\n{outside} (outside the workspace):7"
    assert uses[2]["result"] == "`def name(x)`"
    assert [one["kind"] for one in asked] == ["definitions", "references", "hover", "symbols"]
    assert asked[0]["position"] == at(3, 12), "in the client's own units"


@pytest.mark.parametrize(
    "said",
    [None, 7, [], {"locations": 7}, {"locations": [7, {"uri": "x"}, {"uri": "file:///a", "range": 3}]}],
)
async def test_an_answer_that_is_none_finds_nothing(agent: Agent, said: Any) -> None:
    answers(agent, said)
    uses = await agent.does(
        call("find_definitions", path="a.py", line=4, symbol="𝛼name"),
        call("find_definitions", path="a.py", line=4, symbol="nowhere"),
        call("find_definitions", path="a.py", line=400, symbol="𝛼name"),
        call("find_definitions", path="../a.py", line=1, symbol="x"),
    )
    assert "finds no definitions" in uses[0]["result"]
    assert [use["state"] for use in uses] == ["done", "failed", "failed", "failed"]


async def test_an_edit_tells_what_it_broke_and_not_what_was_broken_before(agent: Agent) -> None:
    old = {"range": span(0), "message": "An old error", "severity": 1}
    new = [{"range": span(1), "message": "x is not defined", "severity": 1, "source": "checker"}]
    hint = {"range": span(1), "message": "A hint", "severity": 4}
    asked = answers(agent, lambda p: {"diagnostics": [old, *new, hint] if p["settle"] else [old]})
    (use,) = await agent.does(call("edit_file", path="a.py", old_text="return x", new_text="return y"))
    assert use["result"].endswith("The editor reports since then:\na.py:2: error: x is not defined")
    assert [one["settle"] for one in asked] == [False, True]


async def test_a_client_without_them_is_never_asked(daemon, simulator: Simulator, workspace: Path) -> None:
    agent = await Agent.start(daemon, simulator, workspace)
    agent.says("Hello.")
    await agent.task()
    assert "search_workspace" in agent.offered() and "find_definitions" not in agent.offered()


def edit(line: int, start: int, end: int, text: str = "betaname") -> Json:
    return {"range": {"start": at(line, start), "end": at(line, end)}, "newText": text}


def rename(**more: Any) -> Json:
    return call(
        "rename_symbol", **{"path": "a.py", "line": 1, "symbol": "𝛼name", "new_name": "betaname"} | more
    )


OWN = [edit(0, 4, 10), edit(3, 12, 18)]
"""What renames `𝛼name` in `a.py`, in UTF-16 units."""


async def test_a_rename_is_one_call_with_the_diff_of_all_files_and_changes_open_ones_in_the_editor(
    agent: Agent,
) -> None:
    text = agent.read("a.py")
    path, buffer = agent.folder / "a.py", await agent.window.open("a.py")
    await agent.window.type(buffer, 0, "# not saved\n")
    other = agent.write("deep/b.py", "from a import 𝛼name\n")
    own = [edit(1, 4, 10), edit(4, 12, 18)]
    asked = answers(
        agent,
        lambda p: (
            {
                "edits": [
                    {"uri": path.as_uri(), "edits": own},
                    {"uri": other.as_uri(), "edits": [edit(0, 14, 20)]},
                ]
            }
            if p["kind"] == "rename"
            else {}
        ),
    )
    (use,) = await agent.does(rename(line=2), mode="edit")
    assert use["state"] == "done", use
    assert use["result"] == "Renamed 𝛼name to betaname in a.py, deep/b.py."
    assert asked[0]["newName"] == "betaname" and asked[0]["position"] == at(1, 4)
    (approved,) = agent.asked
    assert "+def betaname(x):" in approved["diff"] and "+from a import betaname" in approved["diff"]
    assert buffer.text == f"# not saved\n{text.replace('𝛼name', 'betaname')}"
    assert agent.read("a.py") == text, "an open file is the editor's to save"
    assert agent.read("deep/b.py") == "from a import betaname\n"


async def test_what_is_typed_while_a_rename_is_asked_about_is_kept_and_the_turn_is_taken_back(
    agent: Agent,
) -> None:
    text, buffer = agent.read("a.py"), await agent.window.open("a.py")
    other = agent.write("b.py", "𝛼name\n")
    rows = [
        {"uri": other.as_uri(), "edits": [edit(0, 0, 6)]},
        {"uri": buffer.uri, "edits": OWN},
    ]
    answers(agent, {"edits": rows})

    async def beside(_asked: Json) -> str:
        await agent.window.type(buffer, 0, "# typed\n")
        return "once"

    async def within(_asked: Json) -> str:
        await agent.window.type(buffer, 5, "x")
        return "once"

    agent.decide = within
    (use,) = await agent.does(rename())
    assert use["state"] == "failed" and "Nothing is renamed" in use["result"]
    assert agent.read("b.py") == "𝛼name\n"
    await agent.window.type(buffer, 5, "", instead_of=1)
    agent.decide = beside
    (use,) = await agent.does(rename())
    renamed = text.replace("𝛼name", "betaname")
    assert (
        use["state"] == "done" and buffer.text == f"# typed\n{renamed}" and agent.read("b.py") == "betaname\n"
    )
    found = await agent.window.request("halley/checkpoints/list", {"chatId": agent.chat})
    (made,) = [one for one in found["checkpoints"] if one["files"] == ["a.py", "b.py"]]
    await agent.window.request("halley/checkpoints/restore", {"id": made["id"]})
    assert buffer.text == f"# typed\n{text}" and agent.read("b.py") == "𝛼name\n"


async def test_a_rename_that_is_not_approved_changes_nothing(agent: Agent) -> None:
    text = agent.read("a.py")
    answers(agent, {"edits": [{"uri": (agent.folder / "a.py").as_uri(), "edits": OWN}]})
    agent.decide = lambda _asked: "deny"
    (use,) = await agent.does(rename())
    assert use["state"] != "done" and agent.read("a.py") == text


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("a.py", [*OWN, edit(0, 5, 10)]),  # overlap
        ("a.py", [edit(0, 10, 4)]),
        ("a.py", [edit(0, 4, 99)]),
        ("a.py", [edit(99, 0, 1)]),
        ("a.py", [edit(0, 5, 10)]),  # half a character
        ("a.py", [edit(0, 0, 3)]),  # other words than the symbol
        ("a.py", [edit(-1, 0, 1)]),
        ("a.py", [{"range": 7, "newText": "x"}]),
        ("a.py", [edit(0, 4, 10) | {"newText": None}]),
        ("a.py", "all"),
        ("a.py", [edit(0, 4, 10, "beta\0name")]),
        ("../out.py", [edit(0, 0, 6)]),
        (".env", [edit(0, 0, 6)]),
        (".git/config", [edit(0, 0, 6)]),
        ("ignored.py", [edit(0, 0, 6)]),
        ("link.py", [edit(0, 4, 10)]),
        ("missing.py", [edit(0, 0, 6)]),
    ],
)
async def test_a_rename_with_one_edit_that_may_not_be_is_refused_whole(
    agent: Agent, name: str, edits: Any
) -> None:
    for file in ("../out.py", ".env", ".git/config", "ignored.py"):
        agent.write(file, "𝛼name = 1\n")
    agent.write(".gitignore", "ignored.py\n")
    agent.write("first.py", "𝛼name\n")
    (agent.folder / "link.py").symlink_to(agent.folder / "a.py")
    files = ("a.py", "first.py", "../out.py", ".env", ".git/config", "ignored.py")
    before = [agent.read(file) for file in files]
    uris = [Path(f"{agent.folder}/{one}").as_uri() for one in ("first.py", name)]
    rows = [{"uri": uris[0], "edits": [edit(0, 0, 6)]}, {"uri": uris[1], "edits": edits}]
    answers(agent, {"edits": rows})
    (use,) = await agent.does(rename())
    forbidden = name in ("../out.py", ".env", ".git/config", "ignored.py")
    assert use["state"] == ("refused" if forbidden else "failed") and not agent.asked, use
    assert [agent.read(file) for file in files] == before


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, "does not rename"),
        ({}, "does not rename"),
        ({"edits": []}, "does not rename"),
        ({"edits": 7}, "no list of edits"),
        ({"edits": [{"uri": "untitled:a", "edits": []}]}, "no file"),
        ({"text": "it also moves files"}, "it also moves files"),
    ],
)
async def test_an_answer_without_edits_says_why_there_is_no_rename(
    agent: Agent, said: Any, told: str
) -> None:
    answers(agent, said)
    (use,) = await agent.does(rename())
    assert use["state"] == "failed" and told in use["result"] and not agent.asked


async def test_a_rename_is_refused_when_its_text_changed_while_the_server_was_asked(agent: Agent) -> None:
    buffer = await agent.window.open("a.py")

    async def ask(_params: Json) -> Json:
        await agent.window.type(buffer, 0, "#\n")
        return {"edits": [{"uri": buffer.uri, "edits": OWN}]}

    agent.window._halley_language_ask = ask  # type: ignore[attr-defined]
    (use,) = await agent.does(rename())
    assert use["state"] == "failed" and "changed while" in use["result"] and not agent.asked


async def test_a_rename_touching_a_protected_file_is_asked_about_even_where_edits_are_free(
    daemon, simulator: Simulator, workspace: Path, config: Path
) -> None:
    with config.open("a") as file:
        file.write("\n[agent]\napprove_edits = false\n")
    agent = await Agent.start(daemon, simulator, workspace, capabilities=BRINGS)
    path = agent.write(".github/workflows/a.yml", "name: old\n")
    answers(agent, {"edits": [{"uri": path.as_uri(), "edits": [edit(0, 6, 9, "new")]}]})
    (use,) = await agent.does(
        rename(path=".github/workflows/a.yml", symbol="old", new_name="new"), mode="edit"
    )
    assert use["state"] == "done" and [one["always"] for one in agent.asked] == [False]


async def test_renaming_is_offered_where_edits_are_allowed(agent: Agent) -> None:
    agent.says("Hello.")
    await agent.task(mode="ask")
    assert "rename_symbol" not in agent.offered()
    agent.says("Hello.")
    await agent.task(mode="edit")
    assert "rename_symbol" in agent.offered()


async def test_a_code_action_is_listed_and_its_edits_are_approved_as_any(agent: Agent) -> None:
    """What runs a command is named as such, and is not run."""
    other = agent.write("deep/b.py", "x = 1\n")
    edits = [
        {"uri": (agent.folder / "a.py").as_uri(), "edits": [edit(1, 4, 12, "return x + 1")]},
        {"uri": other.as_uri(), "edits": [edit(0, 0, 0, "import a\n")]},
    ]
    listed = [
        {"title": "Add\u202e one", "kind": "quickfix"}, {"title": "Run tests", "runs": True}, {"title": 7}, 7,
    ]  # fmt: skip

    def say(params: Json) -> Json:
        if params["kind"] != "actions":
            return {}
        found = {
            "Add\u202e one": {"edits": edits},
            "Run tests": {"text": "it runs a command instead of editing"},
        }
        return found.get(params["title"], {}) if params.get("title") else {"actions": listed}

    asked = answers(agent, say)
    at_return = {"path": "a.py", "line": 2, "symbol": "return"}
    (told,) = await agent.does(call("list_code_actions", **at_return), mode=None)
    assert "apply_code_action" not in agent.offered(), "no edits in the mode ask"
    assert told["result"].splitlines() == [
        "Add⟨U+202E⟩ one (quickfix)",
        "Run tests: runs a command, not available here",
    ]
    assert asked[0]["position"] == at(1, 4) and "title" not in asked[0] and not agent.asked
    uses = await agent.does(
        *(
            call("apply_code_action", **at_return, action=title)
            for title in ("Add\u202e one", "Run tests", "None")
        )
    )
    assert [use["state"] for use in uses] == ["done", "failed", "failed"], uses
    assert uses[0]["result"].startswith("Changed a.py, deep/b.py: Add⟨U+202E⟩ one.")
    assert (
        "it runs a command instead of editing" in uses[1]["result"] and "no code action" in uses[2]["result"]
    )
    (approved,) = agent.asked
    assert "+    return x + 1" in approved["diff"] and "+import a" in approved["diff"]
    assert "return x + 1" in agent.read("a.py") and agent.read("deep/b.py") == "import a\nx = 1\n"
