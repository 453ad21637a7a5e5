"""A canary of its own in each file that never leaves, and every route by which a file could: none is ever sent."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import Any

from buffer import Buffer
from window import Json, RequestFailed, Window

from halley.simulator import Simulator

SECRET = (".env", ".ENV.Production", "deploy/id_rsa", "Secrets.YAML", "certs/server.pem", ".aws/credentials")
EXCLUDED = ("fixtures/people.py",)
IGNORED = ("private/notes.py",)
"""What git ignores is never included by itself; the user may still ask about the open document."""
CODE = "from notes import canary_word\n\n\ndef total(items):\n    return canary_word(items)\n"
MACROS = """
[context]
exclude = ["fixtures/**"]
[macros.all]
prompt = "{{selection}} {{buffer}} {{context}} {{diagnostics}} {{open}} {{recent}}"
[macros.changes]
prompt = "{{diff}}"
[macros.each]
steps = [{ prompt = "{{file}}", for_each = "**/*" }, { kind = "commit" }]
"""


def canary(name: str) -> str:
    return "canary_word_" + "".join(char if char.isalnum() else "_" for char in name.lower())


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


async def ask_every_way(window: Window, buffer: Buffer) -> None:
    """All that the user can do in a document; what is refused is refused."""
    here: Json = {"textDocument": {"uri": buffer.uri}, "range": buffer.whole()}
    diagnostic = {"range": buffer.whole(), "message": f"bad: {buffer.text[:40]}", "severity": 1}

    async def tried(method: str, params: Json) -> Any:
        with contextlib.suppress(RequestFailed):
            return await window.request(method, params)

    async def chat(prompt: str, **params: Any) -> None:
        await tried("halley/chat/send", {"prompt": prompt, **params})

    actions: list[Json] = []
    with contextlib.suppress(RequestFailed):
        actions = await window.code_actions(buffer, buffer.whole(), diagnostics=[diagnostic])
    for action in actions:
        command = action["command"]
        await tried(
            "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
        )
    await tried("halley/edit", here | {"instruction": "Shorten this"})
    end = buffer.position(len(buffer.text))
    for trigger in (1, 2):
        await tried(
            "textDocument/inlineCompletion",
            {"textDocument": here["textDocument"], "position": end, "context": {"triggerKind": trigger}},
        )
    await tried("textDocument/completion", {"textDocument": here["textDocument"], "position": end})
    options = {"tabSize": 4, "insertSpaces": True}
    await tried("textDocument/formatting", {"textDocument": here["textDocument"], "options": options})
    for words in ("#open", "#recent", "#buffer", "#selection", "#diagnostics", "Explain this"):
        await chat(f"What is this? {words}", **here)
        await chat(f"What is this? {words}", textDocument=here["textDocument"])
    for macro in ("all", "changes", "each"):
        await tried("halley/macros/run", here | {"name": macro})
    await tried("halley/context/preview", here)


async def test_no_route_takes_a_secret_along(
    daemon, config: Path, workspace: Path, simulator: Simulator
) -> None:
    config.write_text(config.read_text() + MACROS)
    names = (*SECRET, *EXCLUDED, *IGNORED)
    for name in names:
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one line\n")
    (workspace / "shop.py").write_text(CODE)
    (workspace / ".gitignore").write_text("private/\n")
    git(workspace, "init", "-q")
    git(workspace, "add", "-A")
    git(workspace, "commit", "-qm", "first")
    for name in names:
        (workspace / name).write_text(
            f"def {canary(name)}(items):\n    return 'canary_word {canary(name)}'\n"
        )
    (workspace / "shop.py").write_text(CODE + "\n\nx = total([])\n")
    git(workspace, "add", "-A")

    window: Window = await daemon(settings={"completion": {"list": True}, "format": {"enabled": True}})
    opened = [await window.open(name) for name in names]
    for buffer in opened:
        await window.type(buffer, 0, "# typed\n")
    shop = await window.open("shop.py")
    await ask_every_way(window, shop)
    for name in names:
        for spelt in (name, name.upper(), f"./{name}", f"sub/../{name}", name.replace("/", "\\")):
            with contextlib.suppress(RequestFailed):
                await window.chat(f"What says #file:{spelt} there?")
        with contextlib.suppress(RequestFailed):
            await window.chat(f"#folder:{Path(name).parent.as_posix()} #symbol:{canary(name)} ?")
    for words in ("#folder:.", "#diff", "/commit", "/review #diff"):
        with contextlib.suppress(RequestFailed):
            await window.chat(words)
    for staged in (True, False):
        with contextlib.suppress(RequestFailed):
            await window.request("halley/commit", {"staged": staged})
    assert len(simulator.requests) > 20, "much was asked"
    sent = b"\n".join(seen.body for seen in simulator.requests)
    assert b"def total(items)" in sent, "and other files went along"
    assert not [name for name in names if f"def {canary(name)}".encode() in sent]

    for buffer in opened[: len(SECRET) + len(EXCLUDED)]:
        await ask_every_way(window, buffer)
    sent = b"\n".join(seen.body for seen in simulator.requests)
    assert not [name for name in (*SECRET, *EXCLUDED) if f"def {canary(name)}".encode() in sent]
