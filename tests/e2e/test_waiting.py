"""While a provider falters: the wait is seen, can be cut short, and can be left; and the next model of a route takes over."""

from __future__ import annotations

import asyncio
from pathlib import Path

from window import Json, Window

from halley.simulator import Simulator


def operations(window: Window) -> list[Json]:
    return [params for method, params in window.heard if method == "halley/operation"]


async def test_a_wait_is_shown_and_retry_now_ends_it(window: Window, simulator: Simulator) -> None:
    simulator.set_faults("429:retry_after=50:first=1")
    asking = asyncio.ensure_future(window.chat("Explain lists, please."))
    (shown,) = await window.until(lambda: operations(window))
    assert shown["state"] == "waiting" and 49_000 <= shown["waitMs"] <= 50_000
    assert (shown["attempt"], shown["of"], shown["from"]) == (2, 3, "simulator/sim-chat")
    assert "rate limiting requests" in shown["reason"]

    assert await window.request("halley/retry/now", {"operation": shown["operation"]}) == {"ended": True}
    result, _ = await asking
    assert result["replies"][0]["status"] == "complete"
    assert [told["state"] for told in operations(window)] == ["waiting", "retrying", "done"]
    assert {told["operation"] for told in operations(window)} == {shown["operation"]}
    assert await window.request("halley/retry/now", {"operation": shown["operation"]}) == {"ended": False}


async def test_a_wait_can_be_cancelled(window: Window, simulator: Simulator) -> None:
    simulator.set_faults("429:retry_after=50")
    asking = window.start("halley/chat/send", {"prompt": "Explain lists, please."})
    await window.until(lambda: operations(window))
    asking.cancel()
    await window.until(lambda: operations(window)[-1]["state"] == "done")
    assert len([seen for seen in simulator.requests if seen.path.endswith("completions")]) == 1


async def test_the_model_that_answers_instead_is_named(daemon, config: Path, simulator: Simulator) -> None:
    config.write_text(
        config.read_text().replace('["simulator/sim-chat"]', '["nobody/m", "simulator/sim-fast"]')
    )
    with config.open("a") as file:
        file.write(
            '\n[providers.nobody]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nkey = { env = "HALLEY_SIMULATOR_KEY" }\n'
        )
    window: Window = await daemon()
    asking = asyncio.ensure_future(window.chat("Explain lists, please."))
    while not asking.done():  # skip the pauses
        await window.until(lambda: asking.done() or operations(window))
        for told in operations(window):
            await window.request("halley/retry/now", {"operation": told["operation"]})
    result, events = await asking
    (reply,) = result["replies"]
    assert reply["status"] == "complete" and reply["model"] == "simulator/sim-fast"
    moved = next(told for told in operations(window) if told["state"] == "failedOver")
    assert (moved["from"], moved["to"]) == ("nobody/m", "simulator/sim-fast")
    assert any(
        event["type"] == "notice" and "asking simulator/sim-fast instead" in event["text"] for event in events
    )


async def test_a_reply_that_cannot_be_continued_now_can_be_later(
    window: Window, simulator: Simulator, halley_home: Path
) -> None:
    simulator.set_faults("cut_mid_stream")
    result, _ = await window.chat("Explain lists, please.")
    (broken,) = result["replies"]
    which = {"chatId": result["chatId"], "replyId": broken["replyId"]}
    simulator.set_faults("401")
    again = (await window.request("halley/chat/continue", which))["replies"][0]
    assert again["status"] == "interrupted" and again["problem"]["code"] == "auth_failed"
    assert again["text"] == broken["text"] != ""

    simulator.set_faults()
    whole = (await window.request("halley/chat/continue", which))["replies"][0]
    assert whole["status"] == "complete" and whole["text"].startswith(broken["text"])


async def test_another_model_of_the_route_continues_a_reply_unless_its_model_was_named(
    daemon, config: Path, simulator: Simulator
) -> None:
    config.write_text(
        config.read_text().replace('["simulator/sim-chat"]', '["simulator/sim-chat", "spare/sim-fast"]')
    )
    async with Simulator() as spare:
        with config.open("a") as file:
            file.write(
                f'\n[providers.spare]\npreset = "simulator"\nbase_url = "{spare.base_url}"\nkey = {{ env = "HALLEY_SIMULATOR_KEY" }}\n'
            )
        window: Window = await daemon()
        for models, code in (None, ""), (["simulator/sim-chat"], "quota_exhausted"):
            simulator.set_faults("cut_mid_stream")
            result, _ = await window.chat("Explain lists, please.", **({"models": models} if models else {}))
            (broken,) = result["replies"]
            assert broken["status"] == "interrupted"
            simulator.set_faults("402")
            which = {"chatId": result["chatId"], "replyId": broken["replyId"]}
            after = (await window.request("halley/chat/continue", which))["replies"][0]
            assert after["text"].startswith(broken["text"])
            if code:
                assert after["status"] == "interrupted" and after["problem"]["code"] == code
            else:
                assert after["status"] == "complete" and len(after["text"]) > len(broken["text"])
                asked = next(seen for seen in spare.requests if seen.path.endswith("completions"))
                assert broken["text"] in asked.json["messages"][-2]["content"]
