"""Tokens as hosts report them, right to the token; and prices by the time of day."""

from __future__ import annotations

from typing import Any

import pytest

from halley.core.models import Price, Usage
from halley.providers.stream.usage import anthropic_usage, later_usage, usage_of
from halley.providers.wires.anthropic import AnthropicReader
from halley.providers.wires.openai_reader import OpenAIReader
from halley.routing.price_list import find_list_price
from halley.routing.prices import cost_of, price_at


@pytest.mark.parametrize(
    ("reports", "usage"),
    [
        (
            [{"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": 0, "completion_tokens": 0}],
            Usage(9, 4),
        ),
        ([{"prompt_tokens": 9, "completion_tokens": 1}, {"completion_tokens": 4}, None], Usage(9, 4)),
        (  # xAI: thinking beside completion_tokens
            [
                {
                    "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115,
                    "completion_tokens_details": {"reasoning_tokens": 100},
                }
            ],
            Usage(10, 105, reasoning_tokens=100),
        ),
        (  # Gemini: thinking in the total only
            [{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}],
            Usage(10, 30, reasoning_tokens=25),
        ),
        (  # OpenAI: thinking inside completion_tokens
            [
                {
                    "prompt_tokens": 10, "completion_tokens": 30, "total_tokens": 40,
                    "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 25},
                }
            ],
            Usage(10, 30, cached_tokens=8, reasoning_tokens=25),
        ),
        (  # what was cached is counted apart
            [{"prompt_tokens": 2, "completion_tokens": 5, "total_tokens": 107, "cached_tokens": 100}],
            Usage(102, 5, cached_tokens=100),
        ),
    ],
)  # fmt: skip
def test_chat_completions(reports: list[Any], usage: Usage) -> None:
    reader = OpenAIReader()
    reader.feed({"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]})
    for report in reports:
        reader.feed({"choices": [], "usage": report})
    assert reader.close()[1].usage == usage


@pytest.mark.parametrize(
    "last",
    [
        {"output_tokens": 7},
        {"input_tokens": 0, "output_tokens": 7},
        {"input_tokens": None, "output_tokens": 7},
    ],
)
def test_messages_keep_what_was_read(last: dict[str, Any]) -> None:
    reader = AnthropicReader()
    begun = {
        "input_tokens": 20,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 5,
        "output_tokens": 1,
    }
    reader.feed({"type": "message_start", "message": {"usage": begun}})
    reader.feed({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last})
    assert reader.close()[1].usage == Usage(125, 7, cached_tokens=100, written_tokens=5)
    assert anthropic_usage(later_usage(begun, last)) == Usage(125, 7, cached_tokens=100, written_tokens=5)


def test_a_report_of_nothing_is_none() -> None:
    assert usage_of(None) is usage_of({}) is None


def test_a_price_by_the_time_of_day_is_that_of_the_moment() -> None:
    price = find_list_price("deepseek", "deepseek-chat")
    assert price is not None and len(price.by_half_hour) == 48
    day = [cost_of(Usage(1_000_000, 0), price_at(price, slot * 1800.0 + 60)) for slot in range(48)]
    assert day[2] == pytest.approx(0.27) and day[40] == pytest.approx(0.135)
    fixed = Price(1.0, 2.0)
    assert price_at(fixed, 0.0) is fixed
