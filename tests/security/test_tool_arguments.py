"""Whatever arguments a model sends, to a built-in tool or to a server's: each call has an outcome, and the chat ends well."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from demo_tools import Demo, agreeing, script
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.engine.tool_calls import MOST_DEPTH, read_arguments, shape_of, show_arguments
from halley.simulator import Simulator

TOOLS = {
    "read_file": ("path", "first_line", "last_line"),
    "list_files": ("folder", "pattern"),
    "search_workspace": ("query",),
    "diagnostics": ("path",),
    "demo__write_note": ("name", "text"),
    "no_such_tool": ("a",),
}
VALUES = {
    "too large": "1e400",
    "as small": "-1e400",
    "larger than any float": "9" * 400,
    "thousands of digits": "9" * 5000,
    "not a number": "NaN",
    "NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "the other half": '"a\\udfffb"',
    "10,000 characters": json.dumps("x/" * 5_000),
    "one name of 10,000": json.dumps("ä" * 10_000),
    "many stars": json.dumps("*a" * 500 + "b"),
    "brackets": json.dumps("[" * 5_000),
    "a number": "7",
    "a fraction": "-0.5",
    "2**70": str(2**70),
    "1e300": "1e300",
    "nothing": "null",
    "a list": "[[], {}]",
    "an object": '{"a": {"b": null}}',
    "deep": "[" * 60 + "]" * 60,
    "deeper": "[" * 5_000 + "]" * 5_000,
    "deep objects": '{"a":' * 900 + "1" + "}" * 900,
    "a drive": '"C:\\\\x"',
    "a device": '"/dev/zero"',
    "an address": '"file://x/y"',
    "line ends": '"a\\r\\nb\\u2028c\\u202e"',
}
WHOLE = ("", "[]", "7", "null", '"x"', "{", '{"a": 1, "a": 2}', "\x00", '{"\\ud800": 1}', '{"": ""}')


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Which sends long arguments in few pieces."""
    async with Simulator(chunk_tokens=2_000) as running:
        yield running


def _calls() -> list[dict[str, Any]]:
    named = [
        {"name": tool, "arguments": f'{{"{name}": {value}}}'}
        for tool, names in TOOLS.items()
        for name, value in itertools.product(names, VALUES.values())
    ]
    return named + [{"name": tool, "arguments": text} for tool in TOOLS for text in WHOLE]


@pytest.mark.parametrize(("kind", "every"), [("openai", 1), ("anthropic", 5)])
async def test_every_call_has_an_outcome(
    daemon,
    demo: Demo,
    simulator: Simulator,
    workspace: Path,
    kind: str,
    every: int,
    tried: Callable[..., None],
) -> None:
    (workspace / "a.py").write_text("x = 1\n")
    demo.config.write_text(demo.config.read_text().replace("base_url", f'kind = "{kind}"\nbase_url', 1))
    demo.config.write_text(
        demo.config.read_text() + "\n[tools]\nmax_calls = 100\n[budget]\nstop_repetition = false\n"
    )
    window = await agreeing(daemon, demo)
    for calls in _batched(_calls()[::every], 60):
        script(simulator, tool_calls=list(calls))
        script(simulator, "Well then.")
        result, _ = await window.chat("Go on.")
        (reply,) = result["replies"]
        assert reply["text"] == "Well then." and not reply.get("problem"), reply
        assert all(use["state"] in ("done", "failed", "refused") for use in reply["tools"])
        assert len(reply["tools"]) == len(calls)
        tried(len(calls))
        found = await window.request("halley/chat/get", {"chatId": result["chatId"]})
        assert found["turns"][-1]["replies"][0]["text"] == "Well then."
    assert not any(_is_odd(row) for row in demo.ran)


def _batched(rows: list[Any], size: int) -> list[list[Any]]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _is_odd(row: Any) -> bool:
    """What no two programs read alike, which no server may get."""
    text = json.dumps(row)
    return "Infinity" in text or "NaN" in text or "\\ud8" in text or "\\udf" in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=12,
)


@settings(max_examples=300)
@given(value=JSON | st.text(st.characters()).map(lambda text: text))
def test_what_is_read_can_be_shown_kept_and_sent(value: Any, tried: Callable[..., None]) -> None:
    tried()
    for text in (json.dumps(value), json.dumps({"a": value}), str(value)):
        found = read_arguments(text)
        if found is not None:
            show_arguments(found).encode()
            shape_of(found).encode()
            assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_depth_is_bounded() -> None:
    assert read_arguments('{"a":' * MOST_DEPTH + "1" + "}" * MOST_DEPTH) is not None
    assert read_arguments('{"a":' * (MOST_DEPTH + 1) + "1" + "}" * (MOST_DEPTH + 1)) is None
