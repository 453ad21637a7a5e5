"""`halley run` and `halley env`: other agents get the model and the key; nothing prints the key."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from setting import guarded

from halley.cli.agents.programs import PROGRAMS

SECRET = "sk-never-to-be-seen"
CONFIG = """
[providers.mine]
kind = "{kind}"
base_url = "http://127.0.0.1:9/v1"
key = {{ env = "MY_OWN_VARIABLE" }}

[roles]
chat = ["mine/the-model"]
"""
KINDS = {
    "claude": "anthropic",
    "codex": "openai-responses",
    "opencode": "openai",
    "aider": "openai",
    "goose": "openai",
}


async def halley(folder: Path, *arguments: str, **env: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", *arguments, cwd=folder, env=os.environ | guarded() | env,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="the agents are shell scripts here")
@pytest.mark.parametrize("agent", PROGRAMS)
async def test_an_agent_gets_the_model_and_the_key(tmp_path: Path, halley_home: Path, agent: str) -> None:
    (halley_home / "config.toml").write_text(CONFIG.format(kind=KINDS[agent]))
    programs, work = tmp_path / "programs", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    told = tmp_path / "told.json"
    facts = "[sys.argv[1:], dict(os.environ), signal.getsignal(signal.SIGINT) == signal.SIG_IGN]"
    dump = f"import json, os, signal, sys; json.dump({facts}, open({str(told)!r}, 'w'))"
    script = programs / agent
    script.write_text(f'#!/bin/sh\n{shlex.quote(sys.executable)} -c "{dump}" "$@"\nexit 7\n')
    script.chmod(0o755)
    path = {"MY_OWN_VARIABLE": SECRET, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    code, out, err = await halley(work, "run", agent, "--its-own", "argument", **path)
    assert code == 7, err
    arguments, environ, ignores_interrupts = json.loads(told.read_text())
    assert not ignores_interrupts, "Ctrl-C reaches it"
    assert arguments[-2:] == ["--its-own", "argument"]
    assert [name for name, value in environ.items() if value == SECRET and name != "MY_OWN_VARIABLE"]
    assert SECRET not in " ".join(arguments) and SECRET not in out + err
    everything = json.dumps([arguments, environ])
    assert "the-model" in everything and "127.0.0.1:9" in everything
    code, out, err = await halley(work, "env", agent, **path)
    assert code == 0 and SECRET not in out + err and "the-model" in out and "127.0.0.1:9" in out


async def test_what_does_not_fit_is_refused(tmp_path: Path, halley_home: Path) -> None:
    """A protocol that the agent does not speak, a missing key, an agent that is not there."""
    (halley_home / "config.toml").write_text(CONFIG.format(kind="openai"))
    for arguments, said in (
        (("env", "claude"), "speaks anthropic"),
        (("run", "goose"), "not installed"),
        (("env", "goose", "-m", "nobody/x"), "nobody"),
    ):
        code, out, err = await halley(tmp_path, *arguments, PATH="")
        assert code == 1 and said in err, (arguments, out, err)
