"""Pictures, speech, transcription and video through a real daemon: made, saved after confirmation, resumed, cancelled, refused."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from setting import CONFIG
from window import CAPABILITIES, PATIENCE_S, Agreeing, Json, RequestFailed, Window

from halley.core.media_types import facts_of_file, mime_of
from halley.simulator import Simulator

MEDIA = """
image = ["simulator/sim-image"]
speech = ["simulator/sim-speech"]
transcribe = ["simulator/sim-transcribe"]
video = ["simulator/sim-video"]
"""
SHOWS = CAPABILITIES | {"experimental": {"halley": {"chat": True, "media": True}}}
TEXT = "# Foxes\n\nA red fox crosses the snow.\n\nThe end.\n"
PARAGRAPH = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 28}}

Start = Callable[..., Awaitable[Window]]


@pytest.fixture
def config(halley_home: Path, simulator: Simulator) -> Path:
    path = halley_home / "config.toml"
    config = CONFIG.format(url=simulator.base_url)
    path.write_text(
        config.replace("[completion]", f"{MEDIA}\n[completion]").replace(
            "[providers.simulator]", '[providers.simulator]\npreset = "simulator"'
        )
    )
    return path


async def start(window: Window, kind: str, **params: Any) -> Json:
    return await window.request("halley/media/start", {"kind": kind, **params})


async def calls(window: Window) -> list[Json]:
    """The ledger by feature."""
    return (await window.request("halley/usage", {"by": ["feature"]}))["rows"]


def sent(simulator: Simulator, path: str, method: str = "POST") -> list[Any]:
    return [seen for seen in simulator.requests if seen.path.startswith(path) and seen.method == method]


async def cancel_while_it_is_written(window: Window, halley_home: Path, method: str, params: Json) -> None:
    """Another process has the database's turn for so long, so that the row is on its way and not there."""
    typed = {"text": "/im", "position": {"line": 0, "character": 3}}
    with contextlib.closing(
        sqlite3.connect(halley_home / "data" / "halley.db", isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = window.start(method, params)
        for _ in range(20):  # what needs no database is answered
            await window.request("halley/chat/input", typed)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await window.request("halley/chat/input", typed)
        other.execute("ROLLBACK")


# -- pictures


async def test_a_picture_is_made_previewed_and_saved_with_its_link(daemon: Start, workspace: Path) -> None:
    window = await daemon(capabilities=SHOWS)
    buffer = await window.open("docs/foxes.md", TEXT, "markdown")
    place = {"textDocument": {"uri": buffer.uri}, "range": PARAGRAPH}
    task = await start(window, "image", prompt="A red fox, in snow!", size="64x48", n=2, **place)
    assert (task["state"], task["model"], len(task["results"])) == ("complete", "simulator/sim-image", 2)
    first, second = task["results"]
    assert (first["mime"], first["width"], first["height"]) == ("image/png", 64, 48)
    assert mime_of(Path(first["path"]).read_bytes()) == "image/png" and first["path"].endswith(".png")
    assert first["proposed"] == "docs/images/a-red-fox-in-snow.png"
    assert task["cost"] == {"amount": 0.02, "currency": "USD", "source": "estimated"}, "two at a cent each"
    assert not (workspace / "docs/images").exists(), "nothing is written before confirmation"

    await window.type(buffer, 0, "Zorro\n\n")  # the user continues typing above
    saved = await window.request("halley/media/save", {"task": task["task"], "variant": 2})
    assert saved["path"] == "docs/images/a-red-fox-in-snow-2.png" == second["proposed"]
    assert (workspace / saved["path"]).read_bytes() == Path(second["path"]).read_bytes()
    assert buffer.text.split("\n\n") == [
        "Zorro", "# Foxes", "A red fox crosses the snow.",
        "![A red fox, in snow\\!](images/a-red-fox-in-snow-2.png)", "The end.\n",
    ]  # fmt: skip
    assert len(window.edits) == 1, "one step to undo"
    with pytest.raises(RequestFailed, match="already exists"):
        await window.request("halley/media/save", {"task": task["task"], "path": saved["path"]})
    (row,) = await calls(window)
    assert (row["feature"], row["requests"]) == ("image", 1)


async def test_a_plain_client_is_asked_and_illustrates_by_code_action(
    agreeing: Agreeing, workspace: Path
) -> None:
    buffer = await agreeing.open("foxes.md", TEXT, "markdown")
    action = await agreeing.action(buffer, PARAGRAPH, "refactor.rewrite.halley.illustrate")
    done = await agreeing.run(action)
    assert (done["applied"], done["edits"]) == (True, 1)
    assert agreeing.asked == [
        "Save it as images/a-red-fox-crosses-the-snow.png and put its link into the document?"
    ]
    assert mime_of((workspace / "images/a-red-fox-crosses-the-snow.png").read_bytes()) == "image/png"
    assert (
        "snow.\n\n![A red fox crosses the snow.](images/a-red-fox-crosses-the-snow.png)\n\nThe end"
        in buffer.text
    )
    assert agreeing.shown[0]["uri"].endswith(".png") and agreeing.shown[0]["external"]
    python = await agreeing.open("a.py", "x = 1\n")
    kinds = [one["kind"] for one in await agreeing.code_actions(python, PARAGRAPH)]
    assert "refactor.rewrite.halley.illustrate" not in kinds


async def test_without_confirmation_nothing_is_written(agreeing: Agreeing, workspace: Path) -> None:
    agreeing.answer_yes = False
    buffer = await agreeing.open("foxes.md", TEXT, "markdown")
    done = await agreeing.run(await agreeing.action(buffer, PARAGRAPH, "refactor.rewrite.halley.illustrate"))
    assert done["applied"] is False and buffer.text == TEXT
    assert [path.name for path in workspace.iterdir()] == ["foxes.md"]
    outside = {"task": done["media"]["task"], "path": "../outside.png"}
    with pytest.raises(RequestFailed, match="outside the workspace"):
        await agreeing.request("halley/media/save", outside)
    (workspace / ".github").mkdir()
    for path in (".github/workflows/x.png", ".git/hooks/pre-commit"):
        with pytest.raises(RequestFailed, match="was not saved"):
            await agreeing.request("halley/media/save", {"task": done["media"]["task"], "path": path})
    assert not (workspace.parent / "outside.png").exists()


async def test_an_edit_of_a_picture_and_one_with_a_folder_that_is_a_link(
    window: Window, workspace: Path, tmp_path: Path, simulator: Simulator
) -> None:
    task = await start(window, "image", prompt="fox", size="32x32")
    picture = Path(task["results"][0]["path"]).read_bytes()
    (workspace / "fox.png").write_bytes(picture)
    edited = await start(window, "imageEdit", prompt="at night", source="fox.png")
    assert edited["results"][0]["width"] == 32
    assert picture in sent(simulator, "/v1/images/edits")[0].body
    by_data = await start(window, "imageEdit", prompt="at night", data=base64.b64encode(picture).decode())
    assert by_data["results"][0]["bytes"] == edited["results"][0]["bytes"]
    (tmp_path / "elsewhere").mkdir()
    (workspace / "images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestFailed, match="outside the workspace"):
        await window.request("halley/media/save", {"task": edited["task"]})
    assert not list((tmp_path / "elsewhere").iterdir())
    for name, text in (("notes.txt", b"hello"), (".env", b"KEY=1"), ("key.pem", picture)):
        (workspace / name).write_bytes(text)
        with pytest.raises(RequestFailed):
            await start(window, "imageEdit", prompt="x", source=name)
    assert len(sent(simulator, "/v1/images/edits")) == 2, "no such file was sent"


@pytest.mark.parametrize("model", ["sim-image-chat", "sim-chat?responses"])
async def test_models_that_paint_while_they_talk(
    daemon: Start, config: Path, simulator: Simulator, model: str
) -> None:
    name, _, responses = model.partition("?")
    if responses:
        config.write_text(config.read_text().replace('preset = "simulator"', 'kind = "openai-responses"'))
    window = await daemon()
    task = await start(window, "image", prompt="fox", model=f"simulator/{name}")
    assert task["results"][0]["mime"] == "image/png"
    path = "/v1/responses" if responses else "/v1/chat/completions"
    assert len(sent(simulator, path)) == 1


async def test_a_grid_of_four_and_the_one_that_is_chosen(window: Window, simulator: Simulator) -> None:
    task = await start(window, "image", prompt="fox", size="1024x768", model="simulator/sim-midjourney")
    assert (task["state"], task["choices"], len(task["results"])) == ("choosing", 4, 1)
    assert sent(simulator, "/mj/submit/imagine")[0].json["prompt"] == "fox --ar 1024:768"
    with pytest.raises(RequestFailed, match="Choose 1 to 4"):
        await window.request("halley/media/choose", {"task": task["task"], "variant": 5})
    done = await window.request("halley/media/choose", {"task": task["task"], "variant": 3})
    assert (done["state"], len(done["results"])) == ("complete", 2)
    assert done["results"][1]["chosen"] and done["results"][1]["of"] == 3
    assert sent(simulator, "/mj/submit/action")[0].json["customId"].endswith("U3")
    saved = await window.request("halley/media/save", {"task": task["task"]})
    assert (
        Path(done["results"][1]["path"]).read_bytes()
        == Path(saved["uri"].removeprefix("file://")).read_bytes()
    )
    (row,) = await calls(window)
    assert row["requests"] == 2, "the grid, and the one worked out"


async def test_another_variant_of_the_same_grid(daemon: Start, simulator: Simulator) -> None:
    window = await daemon()
    grid = await start(window, "image", prompt="fox", model="simulator/sim-midjourney")

    async def choose(variant: int, window: Window = window) -> Json:
        return await window.request("halley/media/choose", {"task": grid["task"], "variant": variant})

    def chosen(task: Json) -> list[tuple[int, int | None, bool]]:
        return [(one["variant"], one.get("of"), one.get("chosen", False)) for one in task["results"]]

    await choose(1)
    second = await choose(2)
    assert (second["state"], second["choices"]) == ("complete", 4)
    assert chosen(second) == [(1, None, False), (2, 1, False), (3, 2, True)]
    first, other = (Path(one["path"]).read_bytes() for one in second["results"][1:])
    assert first != other, "each is its own quarter"
    assert chosen(await choose(1)) == [(1, None, False), (2, 1, True), (3, 2, False)]
    asked = [seen.json["customId"][-2:] for seen in sent(simulator, "/mj/submit/action")]
    assert asked == ["U1", "U2"], "what was worked out is not paid again"

    simulator.set_faults("401:on=/mj/submit/action")
    with pytest.raises(RequestFailed):
        await choose(3)
    simulator.set_faults("stall:on=/mj/submit/action")  # and what happens when the host has gone
    waiting = window.start("halley/media/choose", {"task": grid["task"], "variant": 3})
    await simulator.wait_for(lambda _: len(sent(simulator, "/mj/submit/action")) == 4, PATIENCE_S)
    await window.client.kill()
    waiting.cancel()
    simulator.set_faults()
    again = await daemon()
    await again.until(lambda: any("start it again" in text for text in again.messages), "it is reported")
    told = await again.request("halley/media/get", {"task": grid["task"]})
    assert (told["state"], len(told["results"])) == ("failed", 3), "the grid is not taken for what was chosen"
    done = await choose(4, again)
    assert done["state"] == "complete" and chosen(done)[-1] == (4, 4, True)


async def test_cancelled_while_a_choice_is_written_down(
    window: Window, halley_home: Path, simulator: Simulator
) -> None:
    grid = await start(window, "image", prompt="fox", model="simulator/sim-midjourney")
    choice = {"task": grid["task"], "variant": 1}
    await cancel_while_it_is_written(window, halley_home, "halley/media/choose", choice)
    task = await window.request("halley/media/get", {"task": grid["task"]})
    assert (task["state"], task["choices"]) == ("choosing", 4) and not sent(simulator, "/mj/submit/action")


# -- sound


async def test_text_read_aloud_and_written_down_again(
    window: Window, workspace: Path, simulator: Simulator
) -> None:
    said = "# Title\n\nHello **dear** [reader](https://example.org).\n\n```python\nx = 1\n```\n"
    task = await start(window, "speech", text=said, voice="nova", format="wav")
    result = task["results"][0]
    assert (result["mime"], result["seconds"]) == (
        "audio/wav",
        facts_of_file(Path(result["path"]).read_bytes()).seconds,
    )
    assert sent(simulator, "/v1/audio/speech")[0].json["input"] == (
        "Title\n\nHello dear reader.\n\n(Here stands a block of code.)"
    )
    written = await start(window, "transcription", source=result["uri"], language="en")
    assert written["text"] == "Title\n\nHello dear reader.\n\n(Here stands a block of code.)"
    assert (await start(window, "translation", source=result["path"]))["text"].startswith(
        "(simulated translation)"
    )
    chat, _ = await window.chat("Hello")
    spoken = await start(window, "speech", replyId=chat["replies"][0]["replyId"])
    assert "Simulated" in sent(simulator, "/v1/audio/speech")[1].json["input"] and spoken["results"]
    rows = {row["feature"]: row for row in await calls(window)}
    assert rows["speech"]["requests"] == 2 and rows["transcription"]["requests"] == 2
    assert rows["transcription"]["cost"][0]["amount"] > 0


# -- video


async def test_a_video_with_progress_and_events(window: Window, simulator: Simulator) -> None:
    simulator.options = replace(simulator.options, job_polls=4)
    task = await start(window, "video", prompt="waves", seconds=8, size="720x1280", partialResultToken="v")
    assert task["state"] == "complete"
    assert (task["results"][0]["mime"], task["results"][0]["seconds"]) == ("video/x-msvideo", 8.0)
    assert task["cost"]["amount"] == pytest.approx(0.8)
    seen = [
        event["task"]["progress"] for event in window.events("v") if event["task"].get("progress") is not None
    ]
    assert seen == sorted(seen) and len(seen) >= 3 and 0 < seen[0] < 1
    assert len(sent(simulator, "/v1/videos")) == 1


async def test_killed_while_a_video_is_made(
    daemon: Start, config: Path, workspace: Path, simulator: Simulator
) -> None:
    simulator.options = replace(simulator.options, job_polls=1_000_000)
    first = await daemon()
    begun = await start(first, "video", prompt="waves", wait=False)
    await simulator.wait_for(lambda _: len(sent(simulator, "/v1/videos/", "GET")) >= 2, PATIENCE_S)
    await first.client.kill()  # SIGKILL
    polls = len(sent(simulator, "/v1/videos/", "GET"))

    second = await daemon()
    await simulator.wait_for(lambda _: len(sent(simulator, "/v1/videos/", "GET")) > polls + 1, PATIENCE_S)
    running = await second.request("halley/media/get", {"task": begun["task"]})
    assert running["state"] == "running"
    simulator.options = replace(simulator.options, job_polls=0)
    await second.until(
        lambda: any(p["value"].get("kind") == "end" for p in second.progress), "its progress ends"
    )
    task = await second.request("halley/media/get", {"task": begun["task"]})
    assert task["state"] == "complete" and task["results"][0]["mime"] == "video/x-msvideo"
    assert len(sent(simulator, "/v1/videos")) == 1, "it was submitted once"
    (row,) = await calls(second)
    assert (row["requests"], row["cost"][0]["amount"]) == (1, pytest.approx(0.4)), "and paid once"
    assert task["cost"]["amount"] == pytest.approx(0.4)


async def test_killed_before_the_host_said_what_its_job_is_called(
    daemon: Start, simulator: Simulator
) -> None:
    simulator.set_faults("stall:on=/v1/videos")
    first = await daemon()
    begun = await start(first, "video", prompt="waves", wait=False)
    await simulator.wait_for(lambda _: sent(simulator, "/v1/videos"), PATIENCE_S)
    await first.client.kill()
    simulator.set_faults()
    second = await daemon()
    await second.until(lambda: any("start it again" in text for text in second.messages), "it is reported")
    task = await second.request("halley/media/get", {"task": begun["task"]})
    assert (task["state"], task["problem"]["code"]) == ("failed", "interrupted")
    assert len(sent(simulator, "/v1/videos")) == 1, "the user never pays twice by accident"


async def test_cancelled_here_and_at_the_host(window: Window, simulator: Simulator) -> None:
    simulator.options = replace(simulator.options, job_polls=1_000_000)
    begun = await start(window, "video", prompt="waves", wait=False)
    await simulator.wait_for(lambda _: sent(simulator, "/v1/videos/", "GET"), PATIENCE_S)
    task = await window.request("halley/media/cancel", {"task": begun["task"]})
    assert task["state"] == "cancelled"
    assert len(sent(simulator, "/v1/videos/", "DELETE")) == 1
    waiting = window.start("halley/media/start", {"kind": "video", "prompt": "more waves"})
    await simulator.wait_for(
        lambda _: len({seen.path for seen in sent(simulator, "/v1/videos/", "GET")}) == 2
    )
    waiting.cancel()
    await simulator.wait_for(lambda _: len(sent(simulator, "/v1/videos/", "DELETE")) == 2, PATIENCE_S)
    listed = (await window.request("halley/media/list", {}))["tasks"]
    assert [task["state"] for task in listed] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("wait", [True, False])
async def test_cancelled_while_it_is_written_down(
    window: Window, halley_home: Path, simulator: Simulator, wait: bool
) -> None:
    await window.request("halley/media/list", {})
    asked = {"kind": "video", "prompt": "waves", "model": "simulator/sim-video", "wait": wait}
    await cancel_while_it_is_written(window, halley_home, "halley/media/start", asked)
    assert (await window.request("halley/media/list", {}))["tasks"] == [], "it was never begun"
    assert not sent(simulator, "/v1/videos") and not await calls(window)


async def test_a_job_outlives_its_window(daemon: Start, simulator: Simulator) -> None:
    simulator.options = replace(simulator.options, job_polls=1_000_000)
    window = await daemon()
    waiting = window.start("halley/media/start", {"kind": "video", "prompt": "waves"})
    await simulator.wait_for(lambda _: sent(simulator, "/v1/videos/", "GET"), PATIENCE_S)
    await window.close()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not sent(simulator, "/v1/videos/", "DELETE")
    polls = len(sent(simulator, "/v1/videos/", "GET"))
    await daemon()
    await simulator.wait_for(lambda _: len(sent(simulator, "/v1/videos/", "GET")) > polls, PATIENCE_S)


async def test_a_host_that_stumbles_is_asked_again(window: Window, simulator: Simulator) -> None:
    simulator.set_faults("503:on=/v1/videos/:first=1", "reset:on=/v1/videos/:after=1:first=1")
    task = await start(window, "video", prompt="waves")
    assert task["state"] == "complete" and len(sent(simulator, "/v1/videos")) == 1


# -- what goes wrong


async def test_an_expired_address(window: Window, simulator: Simulator) -> None:
    simulator.options = replace(simulator.options, job_lifetime_s=0)
    with pytest.raises(RequestFailed) as failed:
        await start(window, "video", prompt="waves")
    assert "expired" in failed.value.problem["help"] and failed.value.problem["status"] == 404
    (task,) = (await window.request("halley/media/list", {}))["tasks"]
    assert task["state"] == "failed"


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1:{other}/secret",
        "https://localhost:{other}/secret",
        "https://[::ffff:127.0.0.1]:{other}/secret",
        "https://2130706433:{other}/secret",
        "http://127.0.0.1:{other}/secret",
        "https://user:pass@example.org/x",
        "file:///etc/passwd",
        "moved:http://127.0.0.1:{other}/secret",
        "moved:https://10.0.0.1/secret",
    ],
)
async def test_a_hostile_address_is_never_fetched(window: Window, simulator: Simulator, address: str) -> None:
    async with Simulator(any_key=True) as other:
        simulator.options = replace(simulator.options, result_address=address.format(other=other.port))
        with pytest.raises(RequestFailed) as failed:
            await start(window, "image", prompt="waves", model="simulator/sim-midjourney")
        assert failed.value.problem["code"] in ("blocked_by_policy", "bad_reply")
        assert not other.accepted, "no connection was made"


async def test_results_at_the_host_itself_after_a_redirect_and_where_the_user_says(
    daemon: Start, config: Path, simulator: Simulator
) -> None:
    async with Simulator() as other:
        config.write_text(
            config.read_text().replace("[roles]", f'result_origins = ["{other.origin}"]\n\n[roles]', 1)
        )
        window = await daemon()
        for address in ("own", "moved:OWN"):
            simulator.options = replace(simulator.options, result_address=address)
            assert (await start(window, "video", prompt="waves"))["results"][0]["mime"] == "video/x-msvideo"
        files = sent(simulator, "/files/", "GET")
        assert [bool(seen.key) for seen in files] == [True, False], "a redirect is followed without the key"
        simulator.options = replace(simulator.options, result_address=f"{other.origin}/v1/models")
        with pytest.raises(RequestFailed):
            await start(window, "video", prompt="waves")
        assert other.requests and not other.requests[-1].key, "it is asked, and without the key"


async def test_a_job_that_fails(window: Window, simulator: Simulator) -> None:
    simulator.options = replace(simulator.options, job_fails=True)
    with pytest.raises(RequestFailed, match="bad_reply") as failed:
        await start(window, "video", prompt="waves")
    assert "asked to fail" in failed.value.problem["help"]


async def test_nothing_is_asked_beyond_the_budget(daemon: Start, config: Path, simulator: Simulator) -> None:
    config.write_text(config.read_text() + '\n[budget]\ndaily_usd = 0.3\nwhen_spent = "stop"\n')
    window = await daemon()
    await start(window, "video", prompt="waves")  # 0.40
    with pytest.raises(RequestFailed, match="budget_exceeded"):
        await start(window, "image", prompt="waves")
    assert not sent(simulator, "/v1/images/generations")


async def test_the_wrong_model_and_none_at_all(daemon: Start, config: Path, simulator: Simulator) -> None:
    window = await daemon()
    with pytest.raises(RequestFailed) as failed:
        await start(window, "video", prompt="waves", model="simulator/sim-chat")
    assert "halley models --role video" in failed.value.problem["help"]
    config.write_text(
        '[providers.host]\nkind = "openai"\nkey = { env = "HALLEY_SIMULATOR_KEY" }\n'
        f'base_url = "{simulator.base_url}"\nenabled = false\n'
    )
    bare = await daemon()
    with pytest.raises(RequestFailed, match="not_configured") as failed:
        await start(bare, "image", prompt="waves")
    assert "halley use image PROVIDER/MODEL" in failed.value.problem["help"]
    for kind, params in (("image", {}), ("speech", {}), ("transcription", {})):
        with pytest.raises(RequestFailed, match="invalid_input"):
            await start(window, kind, **params)
    with pytest.raises(RequestFailed, match="no recording"):
        (window.folder / "a.txt").write_text("hello")
        await start(window, "transcription", source="a.txt")


async def test_a_task_is_removed_with_its_files(window: Window, halley_home: Path) -> None:
    task = await start(window, "image", prompt="fox", size="16x16")
    kept = [path for path in (halley_home / "data" / "media").rglob("*") if path.is_file()]
    assert len(kept) == 1
    await window.request("halley/media/remove", {"task": task["task"]})
    assert not [path for path in (halley_home / "data" / "media").rglob("*") if path.is_file()]
    with pytest.raises(RequestFailed, match="no task"):
        await window.request("halley/media/get", {"task": task["task"]})
