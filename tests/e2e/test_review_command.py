"""`halley review`: its formats, its exit codes, and what a hostile repository or reply can do with it: nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from demo_tools import script
from jsonschema import Draft7Validator
from reviews import BARE, MUTABLE, finding, git, reply, repository
from setting import guarded

from halley.simulator import Simulator

SCHEMA = json.loads((Path(__file__).with_name("sarif-2.1.0-reduced.json")).read_text())


async def halley(folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "review", *arguments, cwd=folder, env=os.environ | guarded(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("found", "fail_on", "code"),
    [
        ([BARE], (), 1),
        ([MUTABLE], (), 1),
        ([MUTABLE], ("--fail-on", "error"), 0),
        ([MUTABLE | {"severity": "nit"}], (), 0),
        ([MUTABLE | {"severity": "nit"}], ("--fail-on", "info"), 1),
        ([], ("--fail-on", "info"), 0),
        ([finding("not there at all")], ("--fail-on", "info"), 0),
    ],
)
async def test_the_exit_code_says_what_was_found(
    simulator: Simulator, config: Path, workspace: Path, found: list, fail_on: tuple[str, ...], code: int
) -> None:
    repository(workspace)
    script(simulator, reply(*found))
    assert (await halley(workspace, *fail_on))[0] == code


async def test_a_report_on_the_terminal_names_places_changes_and_costs(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    repository(workspace)
    script(simulator, reply(BARE, finding("gone", title="Not there")))
    code, out, _ = await halley(workspace)
    assert code == 1
    assert out.startswith(
        "shop.py:5: error: A bare except hides every error\n    It catches KeyboardInterrupt too.\n"
        "    -     except:\n    +     except TypeError:\n"
    )
    assert "Not placed" in out and "1 finding (1 error) in 1 file · 1 not placed" in out
    assert " tokens in, " in out and "simulator/sim-chat" in out


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("I looked at it and it is quite good, but you should test more.", "no list of findings"),
        ('{"findings": "none"}', "no list of findings"),
    ],
)
async def test_what_cannot_be_reviewed_is_two(
    simulator: Simulator, config: Path, workspace: Path, said: str, why: str
) -> None:
    code, _, err = await halley(workspace)
    assert code == 2 and "not in a git repository" in err
    repository(workspace)
    assert (await halley(workspace, "no-such-branch..HEAD"))[0] == 2
    assert (await halley(workspace, "--staged"))[0] == 2  # nothing is staged
    script(simulator, said)
    code, out, err = await halley(workspace)
    assert code == 2 and why in out + err


async def test_a_reply_that_breaks_off_keeps_its_findings_and_is_no_success(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    repository(workspace)
    whole = reply(BARE, MUTABLE)
    script(simulator, whole[: whole.rindex('"title"')], finish="length")
    code, out, _ = await halley(workspace, "--format", "json")
    report = json.loads(out)
    assert code == 2 and [one["firstLine"] for one in report["findings"]] == [5]
    assert "cut off" in report["problems"][0]["message"]


@pytest.mark.parametrize("form", [("--format", "sarif"), ("--sarif",)], ids=" ".join)
async def test_sarif_is_valid_whatever_the_model_writes(
    simulator: Simulator, config: Path, workspace: Path, form: tuple[str, ...]
) -> None:
    repository(workspace)
    hostile = MUTABLE | {
        "title": "See [here](https://evil.example/) {0} \u001b[2J\u202e\u0000",
        "text": '"}],"runs":[' + " ".join(map(str, range(20_000))),
        "replacement": "def total(items, extra=None):",
    }
    script(simulator, reply(BARE, hostile, finding("nowhere", file="../../../etc/passwd")))
    target, mine = workspace / "out.sarif", workspace.parent / "mine.txt"
    mine.write_text("mine")
    target.symlink_to(mine)  # as a repository may bring one
    code, out, err = await halley(workspace, *form, "--output", str(target))
    assert code == 1 and out == "" and "2 findings" in err
    assert mine.read_text() == "mine" and not target.is_symlink()
    text = target.read_text("utf-8")
    log = json.loads(text)
    Draft7Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    first, second = run["results"]
    assert second["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "shop.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 5, "startColumn": 1, "endLine": 5, "endColumn": 12},
    }
    assert second["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {
        "text": "    except TypeError:"
    }
    said = first["message"]["text"]
    assert r"\[here\](" in said and "{{0}}" in said and len(said) < 5_000
    assert "\x1b" not in said and "\u202e" not in said
    assert "passwd" not in json.dumps(run["results"]) and len(run["results"]) == 2
    assert "passwd" in json.dumps(run["invocations"])


async def test_markdown_does_nothing_where_it_is_shown(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    repository(workspace)
    bad = "![x](https://evil.example/?q=1) <img src=x onerror=y> [a](javascript:alert(1))\n```\nunclosed"
    script(simulator, reply(BARE | {"text": bad, "replacement": "```\n<script>"}))
    code, out, _ = await halley(workspace, "--format", "markdown")
    assert code == 1 and "### `shop.py`" in out
    prose = out.partition("```")[0]
    assert "evil.example" not in prose and "<img" not in prose and "](javascript" not in prose


async def test_a_large_change_is_reviewed_in_parts(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    config.write_text(config.read_text() + "\n[context]\nmax_tokens = 1000\n")
    repository(workspace)
    for name in ("a.py", "b.py", "c.py"):
        (workspace / name).write_text("".join(f"{name[0]}{n} = call_{n}('{n}')\n" for n in range(60)))
    git(workspace, "add", "-N", ".")
    for quoted in ("a1 = call_1('1')", "b59 = call_59('59')", "c0 = call_0('0')"):
        name = f"{quoted[0]}.py"
        script(simulator, reply(finding(quoted, file=name, line=0)), contains=f"=== {name}")
    code, out, err = await halley(workspace, "--format", "json")
    report = json.loads(out)
    assert report["files"] == 4, err
    assert code == 1 and {one["file"] for one in report["findings"]} == {"a.py", "b.py", "c.py"}


async def test_the_repository_runs_nothing_and_its_secrets_stay(
    simulator: Simulator, config: Path, workspace: Path, tmp_path: Path
) -> None:
    repository(workspace)
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o755)
    for key in (
        "diff.external",
        "core.fsmonitor",
        "core.pager",
        "diff.x.textconv",
        "filter.x.clean",
        "core.sshCommand",
    ):
        git(workspace, "config", key, str(program))
    (workspace / ".gitattributes").write_text("*.py diff=x filter=x\n")
    (workspace / "id_rsa").write_text("canary\n")
    git(workspace, "-c", "core.fsmonitor=false", "-c", "filter.x.clean=cat", "add", "-N", "id_rsa")
    ran.unlink(missing_ok=True)
    for range in ((), ("HEAD",), ("--staged",)):
        script(simulator, reply())
        await halley(workspace, *range)
    assert not ran.exists()
    assert "canary" not in str([request.body for request in simulator.requests])


async def test_a_spent_budget_reviews_nothing(simulator: Simulator, config: Path, workspace: Path) -> None:
    repository(workspace)
    config.write_text(config.read_text() + '\n[budget]\ndaily_usd = 0\nwhen_spent = "stop"\n')
    script(simulator, reply(BARE))
    code, _, err = await halley(workspace)
    assert code == 2 and "budget" in err.lower() and not simulator.requests
