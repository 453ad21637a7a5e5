"""Replies that go round in circles are stopped and paid for once; real text never is."""

from __future__ import annotations

import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.errors import Interrupted
from halley.core.events import Event, Finish, ReasoningDelta, TextDelta, ToolCallDelta
from halley.core.repetition import Repetition, without_repetition
from halley.core.settings import Settings

PARAGRAPH = (
    "The function first checks its input, then walks over the items, and last returns what it found.\n\n"
)
LINE = "I hope this helps! Let me know if there is more.\n"
CIRCLES = {
    "a line": LINE,
    "a paragraph": PARAGRAPH * 2 + "Now to the next part.\n",
    "two blocks by turns": "```python\nx = 1\n```\n\nNo, wait.\n\n```python\nx = 2\n```\n\n",
    "a word": "very ",
    "a sentence without an end": "and then again it is said that ",
    "another script": "我们需要再次检查这个函数。",
    "a long passage": "".join(
        f"Step {number}: look at the value of part {number * 7}.\n" for number in range(60)
    ),
    "blank lines": "\n",
    "JSON": '{"name": "unknown", "value": null},\n',
}
NEWS = {
    "a growing list": "".join(f"item {number}\n" for number in range(9000)),
    "numbered sentences": "".join(f"{number}. The same words each time.\n" for number in range(2000)),
    "a table": "| name | value |\n|---|---|\n" + "".join(f"| row{n} | unknown |\n" for n in range(2000)),
    "CSV": "".join(f"{n},open,,,0.0,unknown,unknown\n" for n in range(3000)),
    "zeros": "static const int TABLE[] = {" + "0x00, " * 1500 + "};",
    "booleans": "[" + "false, " * 512 + "true]",
    "a ruler": "=" * 8000,
    "SVG": "<svg>"
    + "".join(f'<path d="M{n} {n * n % 977}L{n * 3 % 991} 0z"/>\n' for n in range(2000))
    + "</svg>",
    "closing": "</div>\n" * 300 + "the end",
    "a case for each": "".join(f'        case {n}: return "unknown";\n' for n in range(1500)),
}
PROSE = "Here is what it does. It reads the file, keeps what fits, and says why it left out the rest.\n"


def first(text: str, size: int = 7, **options: object) -> tuple[int | None, int]:
    """Where a circle begins, and after how many characters that was known."""
    watch = Repetition(**options)  # pyright: ignore[reportArgumentType]
    for at in range(0, len(text), size):
        if (found := watch.add(text[at : at + size])) is not None:
            return found, at + size
    return None, len(text)


@pytest.mark.parametrize("passage", CIRCLES.values(), ids=CIRCLES.keys())
@pytest.mark.parametrize("size", [1, 7, 900])
def test_a_circle_is_seen_in_time_and_where_it_began(passage: str, size: int) -> None:
    text = PROSE + passage * (40_000 // len(passage))
    found, seen = first(text, size)
    assert found is not None
    assert seen <= len(PROSE) + max(13_500, 5 * len(passage) + 1500)
    assert text[:found].startswith(PROSE) or passage == "\n"
    assert passage.strip() in text[:found], "it is there once"
    assert len(text[:found]) <= len(PROSE) + 2 * len(passage) + 12_500
    assert without_repetition(text).startswith(PROSE)


@pytest.mark.parametrize("text", NEWS.values(), ids=NEWS.keys())
def test_what_has_news_in_it_is_no_circle(text: str) -> None:
    assert first(PROSE + text)[0] is None


def real_files() -> Iterator[Path]:
    """The standard library, what is installed beside it, and this project: code, data, licences, pages."""
    for root in (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))):
        yield from sorted(root.rglob("*.*"))[::97]
    yield from sorted(Path(__file__).parents[2].joinpath("docs").rglob("*.*"))


def test_no_real_file_is_a_circle() -> None:
    read = 0
    for path in real_files():
        if not path.is_file() or path.stat().st_size > 200_000:
            continue
        try:
            text = path.read_text("utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        read += len(text)
        assert first(text, 64)[0] is None, path
    assert read > 1_000_000


@settings(max_examples=120, deadline=None)
@given(st.text(min_size=20, max_size=300), st.text(max_size=400), st.integers(1, 600))
def test_any_passage_again_and_again_is_seen(passage: str, before: str, size: int) -> None:
    text = before + passage * (50_000 // len(passage))
    found, _ = first(text, size)
    assert found is not None
    assert text[:found].startswith(before[: max(0, len(before) - len(passage))])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6), st.integers(1, 5000))
def test_rows_with_numbers_are_never_one(cells: list[str], start: int) -> None:
    assert first("".join(f"{number}{'|'.join(cells)}\n" for number in range(start, start + 400)))[0] is None


def test_what_the_prompt_repeats_is_a_copy() -> None:
    copied = LINE * 200
    assert first(copied)[0] is not None
    assert first(copied, is_known=lambda passage: passage in copied)[0] is None


def test_looking_takes_linear_time() -> None:
    """Ten times the text takes no more than some twenty times as long, with the worst there is in it."""

    def spent(length: int) -> float:
        text = ("ab" * 40 + "c" + "ab" * 37 + "d") * (length // 150)
        began = time.process_time()
        for _ in range(3):
            watch = Repetition(lambda _text: True)
            for at in range(0, len(text), 4):
                watch.add(text[at : at + 4])
        return time.process_time() - began

    spent(20_000)
    assert spent(400_000) < 20 * max(spent(40_000), 0.005)


async def collect(bench, **options: Any) -> tuple[list[Event], Interrupted | None]:
    events: list[Event] = []
    try:
        async for event in bench.router.stream(bench.call("one/a", **options)):
            events.append(event)
    except Interrupted as error:
        return events, error
    finally:
        await bench.router.aclose()
    return events, None


async def test_a_repeating_reply_is_stopped_saved_and_in_the_ledger(bench) -> None:
    provider = bench.provider("one", [TextDelta(PROSE), *[TextDelta(LINE)] * 1000, Finish("stop")])
    events, error = await collect(bench)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert isinstance(error, Interrupted) and "circles" in error.problem.message
    assert text[: error.repeats_from] == PROSE + LINE
    assert len(text) < 5000 and provider.closed == 1
    (row,) = bench.ledger.rows
    assert row["status"] == "interrupted" and row["problem"].message == error.problem.message
    assert row["usage"].output_tokens > 500, "what was said is paid"


@pytest.mark.parametrize("kind", ["thinking", "arguments"])
async def test_thinking_and_arguments_go_in_circles_too(bench, kind: str) -> None:
    pieces = {"thinking": ReasoningDelta(LINE), "arguments": ToolCallDelta(0, "a", "find", LINE)}
    bench.provider("one", [*[pieces[kind]] * 1000, Finish("stop")])
    events, error = await collect(bench)
    assert isinstance(error, Interrupted) and error.repeats_from is None
    assert len(events) < 200


async def test_the_setting_lets_it_run(bench) -> None:
    bench.provider("one", [*[TextDelta(LINE)] * 1000, Finish("stop")])
    events, error = await collect(
        bench, settings=Settings.model_validate({"budget": {"stop_repetition": False}})
    )
    assert error is None and len(events) == 1001
