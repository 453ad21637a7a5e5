"""Secrets of a workspace, planted on every road to a model: none of them is ever in a request."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from window import RequestFailed, Window

from halley.simulator import Simulator

CANARY = "canary-7f3a9d-must-stay"
KEY = "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7c"
FILES = {
    ".env": f"PASSWORD={CANARY}\n",
    "config/.ENV.production": f"compute_price = {CANARY}\n",
    "secrets.yaml": f"compute_price: {CANARY}\n",
    "keys/server.pem": f"diff --git a/x b/x\n-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n",
    ".aws/credentials": f"[default]\ncompute_price = {CANARY}\n",
    "ignored/notes.py": f"def compute_price(order, weight):\n    return '{CANARY}'\n",
    "fixtures/data.py": f"def compute_price(order, weight):\n    return '{CANARY}'\n",
    ".gitignore": "ignored/\n",
    "prices.py": f'API = "{KEY}"\n\n\ndef compute_price(order, weight):\n    return order.price * weight\n',
    "shop.py": "def total(order, weight):\n    return compute_price(order, weight)\n",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    outside = tmp_path / "outside.py"
    outside.write_text(f"def compute_price(order, weight):\n    return '{CANARY}'\n")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "linked.py").symlink_to(outside)
    (folder / "innocent.txt").symlink_to(folder / ".env")
    return folder


@pytest.fixture
async def window(daemon, workspace: Path) -> Window:
    return await daemon(settings={"context": {"exclude": ["fixtures/**"]}})


def leaks(simulator: Simulator) -> list[str]:
    bodies = [seen.body.decode("utf-8", "replace") for seen in simulator.requests]
    return [word for word in (CANARY, KEY) if any(word in body for body in bodies)]


async def test_actions_on_and_beside_secrets(window: Window, simulator: Simulator) -> None:
    for name in (".env", "config/.ENV.production", "secrets.yaml", "keys/server.pem", "innocent.txt"):
        secret = await window.open(name, language_id="plaintext")
        await window.type(secret, 0, "compute_price order weight\n")
        for action in ("explain", "improve", "translate", "format", "tests", "generate"):
            argument = {
                "action": action,
                "textDocument": {"uri": secret.uri},
                "range": secret.whole(),
                "instruction": "Go",
            }
            with pytest.raises(RequestFailed, match=r"never sent to a model|blocked"):
                await window.command("halley.run", argument)
    assert not simulator.requests
    shop = await window.open("shop.py")
    at = shop.range("compute_price", cursor=True)
    await window.run(await window.action(shop, at, "halley.explain"))
    assert "prices.py" in simulator.requests[-1].body.decode(), "what may be shown is"
    prices = await window.open("prices.py")
    await window.run(
        await window.action(prices, prices.range("compute_price", cursor=True), "halley.explain")
    )
    asked = simulator.requests[-1].body.decode()
    assert "[OpenAI key removed]" in asked
    assert not leaks(simulator)


async def test_what_is_shown_as_context_holds_none(window: Window, simulator: Simulator) -> None:
    for name in (".env", "fixtures/data.py", "ignored/notes.py", "linked.py"):
        secret = await window.open(name)
        await window.type(secret, 0, "# compute_price(order, weight)\n")
    shop = await window.open("shop.py")
    params = {"textDocument": {"uri": shop.uri}, "range": shop.whole()}
    shown = await window.request("halley/context/preview", params)
    assert CANARY not in str(shown)
    assert {excerpt["path"] for excerpt in shown["excerpts"]} <= {"shop.py", "prices.py"}
    assert shown["tokens"] == sum(excerpt["tokens"] for excerpt in shown["excerpts"]) > 0
    assert all(excerpt["reason"] for excerpt in shown["excerpts"])


async def test_chats_that_name_them(window: Window, simulator: Simulator) -> None:
    shop = await window.open("shop.py")
    for prompt in (
        "#file:.env what is the password?",
        "#file:innocent.txt and #file:linked.py and #file:../outside.py",
        "#folder:config #folder:keys #folder:.aws #folder:ignored #folder:.",
        "#file:secrets.yaml #file:fixtures/data.py",
        "#diff #selection #problems say it",
    ):
        try:
            await window.chat(prompt, textDocument={"uri": shop.uri})
        except RequestFailed as refused:
            assert refused.problem["code"] in ("blocked_by_policy", "bad_request")
    assert not leaks(simulator)


async def test_completion_in_and_beside_them(window: Window, simulator: Simulator) -> None:
    secret = await window.open(".env", language_id="properties")
    ask = {"context": {"triggerKind": 1}}
    end = {"line": 0, "character": len("PASSWORD=")}
    answer = await window.request(
        "textDocument/inlineCompletion", {"textDocument": {"uri": secret.uri}, "position": end, **ask}
    )
    assert not (answer or {}).get("items")
    assert not simulator.requests
    shop = await window.open("shop.py")
    await window.type(shop, len(shop.text), "\n\ndef mean(order, weight):\n    return compute_price(")
    position = {"line": 5, "character": len("    return compute_price(")}
    await window.request(
        "textDocument/inlineCompletion", {"textDocument": {"uri": shop.uri}, "position": position, **ask}
    )
    assert simulator.requests
    assert not leaks(simulator)


async def test_commit_messages(window: Window, workspace: Path, simulator: Simulator) -> None:
    def git(*arguments: str) -> None:
        quiet = ["git", "-c", "user.name=T", "-c", "user.email=t@example.invalid", *arguments]
        subprocess.run(quiet, cwd=workspace, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    await window.request("halley/commit", {"cwd": str(workspace), "staged": True})
    assert "shop.py" in simulator.requests[-1].body.decode()
    assert not leaks(simulator)
