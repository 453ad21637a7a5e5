"""`halley/review` in a window: findings are diagnostics that follow the text, and each fix goes the way of all edits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo_tools import last_request, script
from reviews import AFTER, BARE, MUTABLE, finding, git, reply, repository
from window import CAPABILITIES, RequestFailed, Window

from halley.simulator import Simulator

PLAIN = {name: value for name, value in CAPABILITIES.items() if name != "experimental"}


def shown(window: Window, uri: str) -> list[tuple[int, str]]:
    return [(one["range"]["start"]["line"], one["message"]) for one in window.diagnostics.get(uri, [])]


async def test_findings_are_diagnostics_with_a_fix(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    file = repository(workspace)
    buffer = await window.open("shop.py")
    script(simulator, reply(BARE, MUTABLE))
    result = await window.request("halley/review", {})
    assert [(one["firstLine"], one["severity"], one["shown"]) for one in result["findings"]] == [
        (1, "warning", True),
        (5, "error", True),
    ]
    assert "2 findings (1 error, 1 warning) in 1 file" in result["summary"] and result["inputTokens"] > 0
    (mutable, bare) = window.diagnostics[buffer.uri]
    assert (bare["severity"], bare["source"], bare["range"]["start"]) == (
        1, "Halley review", {"line": 4, "character": 4},
    )  # fmt: skip
    assert mutable["severity"] == 2 and bare["message"].startswith("A bare except hides every error\n")
    actions = await window.code_actions(buffer, bare["range"], diagnostics=[bare])
    titles = [action["title"] for action in actions if "review" in action["kind"]]
    assert titles == ["Fix: A bare except hides every error", "Dismiss: A bare except hides every error"]
    assert not [
        one for one in actions if one["kind"] == "quickfix.halley.fix" and "bare except" in one["title"]
    ]
    fix = next(action for action in actions if action["title"].startswith("Fix: A bare"))
    assert [one["data"] for one in fix["diagnostics"]] == [bare["data"]]
    assert await window.run(fix) == {"applied": True, "edits": 1}
    assert buffer.text == AFTER.replace("except:", "except TypeError:")
    await window.until(lambda: len(window.diagnostics[buffer.uri]) == 1, "the mended finding is gone")
    assert shown(window, buffer.uri)[0][0] == 0 and file.read_text() == AFTER
    # the ledger knows what it was for
    usage = await window.request("halley/usage", {"by": ["feature"]})
    assert [row for row in usage["rows"] if "review" in str(row)]


async def test_findings_follow_the_text_and_go_with_their_lines(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    repository(workspace)
    buffer = await window.open("shop.py")
    script(simulator, reply(BARE, MUTABLE))
    await window.request("halley/review", {})
    await window.type(buffer, 0, "# 𝄞 typed above\n\n")
    await window.until(lambda: [line for line, _ in shown(window, buffer.uri)] == [2, 6], "they moved")
    await window.type(buffer, buffer.text.index("except:"), "# ")
    await window.until(lambda: [line for line, _ in shown(window, buffer.uri)] == [2], "one was edited")
    assert await window.command("halley.review.clear") == {"cleared": 2}
    assert shown(window, buffer.uri) == []


async def test_a_closed_file_gets_its_findings_too_and_a_dismissed_one_goes(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    file = repository(workspace, "src/a b/shöp.py")
    script(simulator, reply(BARE | {"file": "src/a b/shöp.py"}, MUTABLE | {"file": "./src/a b/shöp.py"}))
    result = await window.request("halley/review", {})
    assert shown(window, file.as_uri())[0][0] == 0 and len(shown(window, file.as_uri())) == 2
    one = result["findings"][0]
    await window.command("halley.review.clear", {"ids": [one["id"]]})
    assert [line for line, _ in shown(window, file.as_uri())] == [4]
    # a fix of a file that is not open, and a second attempt
    left = result["findings"][1]["id"]
    assert (await window.command("halley.review.fix", {"id": left}))["applied"]
    with pytest.raises(RequestFailed, match="have changed since the review"):
        await window.command("halley.review.fix", {"id": one["id"]})


async def test_what_cannot_be_placed_is_never_at_a_guessed_line(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    file = repository(workspace)
    script(
        simulator,
        reply(
            finding("    return None", line=2, title="Quotes what is not there"),
            finding("", line=3, title="Quotes nothing"),
            finding("    except:", file="../../etc/passwd", title="Another file"),
            finding("    except:", file="/etc/passwd", title="\u001b[31mRed\u202e\u0000"),
        ),
    )
    result = await window.request("halley/review", {})
    assert result["findings"] == [] and len(result["unplaced"]) == 4
    assert not window.diagnostics.get(file.as_uri())
    assert "\x1b" not in json.dumps(result, ensure_ascii=False) and "\u202e" not in result["text"]


async def test_ranges_staged_changes_and_what_is_said_about_the_rest(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    file = repository(workspace)
    git(workspace, "checkout", "-qb", "topic/one")
    git(workspace, "commit", "-qam", "second")
    file.write_text("# above\n" + AFTER)
    (workspace / ".env").write_text("PASSWORD=canary\n")
    (workspace / "new.py").write_text("x = 1\n")
    for asked in ({"range": "main..topic/one"}, {"range": "main...HEAD"}, {"range": "HEAD"}):
        script(simulator, reply(BARE))
        result = await window.request("halley/review", asked)
        assert [one["firstLine"] for one in result["findings"]] == [5], asked
        # it is shown where its line is in the text of today
        assert [line for line, _ in shown(window, file.as_uri())] == [5], asked
    git(workspace, "add", "-f", ".env", "new.py")
    script(simulator, reply())
    result = await window.request("halley/review", {"staged": True})
    assert result["findings"] == [] and result["files"] == 1
    assert "canary" not in str(last_request(simulator).body) and ".env" in result["skipped"][0]
    for range, why in (
        ("nothing/here", "no commit 'nothing/here'"),
        ("--output=x..HEAD", "names no commit"),
        ("HEAD..HEAD", "nothing to review"),
        ("HEAD@{1}", "names no commit"),
    ):
        with pytest.raises(RequestFailed, match=why):
            await window.request("halley/review", {"range": range})
    assert not (workspace / "x").exists()


async def test_a_chat_reviews_and_the_editor_shows_it(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    file = repository(workspace)
    script(simulator, "```json\n" + reply(BARE) + "\n```\nThat is all.")
    result, _ = await window.chat("/review")
    (given,) = result["replies"]
    assert "A bare except hides every error" in given["text"] and given["usage"]["inputTokens"] > 0
    assert [line for line, _ in shown(window, file.as_uri())] == [4]
    script(simulator, "Fine.")
    result, _ = await window.chat("/review the names only #buffer", textDocument={"uri": file.as_uri()})
    assert result["replies"][0]["text"] == "Fine."  # words and variables are a question, as ever


async def test_a_plain_client_runs_the_command(daemon, simulator: Simulator, workspace: Path) -> None:
    window = await daemon(capabilities=PLAIN)
    file = repository(workspace)
    buffer = await window.open("shop.py")
    script(simulator, reply(BARE))
    await window.command("halley.review")
    await window.until(lambda: window.shown, "the report is shown")
    assert [line for line, _ in shown(window, file.as_uri())] == [4]
    actions = await window.code_actions(buffer, window.diagnostics[buffer.uri][0]["range"])
    fix = next(action for action in actions if action["title"].startswith("Fix: A bare"))
    await window.run(fix)
    await window.until(lambda: "except TypeError:" in buffer.text, "the fix is applied in the background")
