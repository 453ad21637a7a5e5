"""`halley/usage` and `halley usage` are right to the token: what hosts of several makers report, in the shapes they use."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from strict_host import Json, Strict, configure, openai_chunks
from window import Window

from halley.features.report_tables import usage_tables
from halley.routing.price_list import find_list_price

DETAILS = {
    "prompt_tokens_details": {"cached_tokens": 80},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
RECORDED: dict[str, tuple[list[Json], tuple[int, int, int]]] = {
    "openai": ([{"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140} | DETAILS], (100, 80, 40)),
    "deepseek": ([{"prompt_tokens": 90, "prompt_cache_hit_tokens": 64, "completion_tokens": 7}], (90, 64, 7)),
    "xai": ([{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}], (10, 0, 105)),
    "zero-after": ([{"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": 0, "completion_tokens": 0}], (9, 0, 4)),
    "in-each-chunk": ([{"prompt_tokens": 9, "completion_tokens": 1}, {"prompt_tokens": 9, "completion_tokens": 4}], (9, 0, 4)),
}  # fmt: skip
"""Model → its reports, and the input, the cached input and the output they stand for."""
CLAUDE = {
    "input_tokens": 20, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 500, "output_tokens": 1,
}  # fmt: skip


def openai_rule(number: int, body: Json) -> list[Any]:
    reports, _ = RECORDED[body["model"]]
    return [*openai_chunks("Hi."), *({"choices": [], "usage": report} for report in reports)]


def claude_rule(number: int, body: Json) -> list[Any]:
    return [
        {"type": "message_start", "message": {"usage": CLAUDE}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 8}},
        {"type": "message_stop"},
    ]


async def priced_report(window: Window) -> Json:
    """By feature and model, once the price of the one model that has one is looked up."""
    async with asyncio.timeout(60):
        while True:
            report = await window.request("halley/usage", {"by": ["feature", "model"]})
            if report["totals"]["cost"]:
                return report


async def test_every_token_is_counted_and_the_cache_s_savings_shown(daemon: Any, config: Path) -> None:
    openai, claude = Strict(openai_rule), Strict(claude_rule)
    async with openai.server, claude.server:
        configure(config, openai.server.url, "recorded")
        configure(config, claude.server.url, "claude", "anthropic")
        window = await daemon()
        for name in RECORDED:
            await window.chat("Hello", models=[f"recorded/{name}"])
        sent, _ = await window.chat("Hello", models=["claude/claude-sonnet-4-5"])
        report = await priced_report(window)
    rows = {row["model"]: row for row in report["rows"] if row["feature"] == "chat"}
    for name, (_, (inputs, cached, outputs)) in RECORDED.items():
        row = rows[f"recorded/{name}"]
        assert (row["inputTokens"], row["cachedTokens"], row["outputTokens"]) == (inputs, cached, outputs), (
            name
        )
    row = rows["claude/claude-sonnet-4-5"]
    assert (row["inputTokens"], row["cachedTokens"], row["cacheWriteTokens"]) == (9520, 9000, 500)
    assert sent["replies"][0]["usage"]["cacheWriteTokens"] == 500
    price = find_list_price("", "claude-sonnet-4-5")
    assert price is not None and price.input and price.output and price.cached_input and price.cache_write
    paid = 20 * price.input + 9000 * price.cached_input + 500 * price.cache_write + 8 * price.output
    assert row["cost"][0]["amount"] == pytest.approx(paid / 1e6)
    assert row["saved"][0]["amount"] == pytest.approx((9520 * price.input + 8 * price.output - paid) / 1e6)

    table = usage_tables(report, ("feature", "model"))[0]
    shown = dict(zip(table.columns, next(line for line in table.rows if row["model"] in line), strict=True))
    assert (shown["CACHED"], shown["CACHE WRITES"]) == ("9,000", "500") and shown["SAVED"].startswith("$0.0")
