"""Inline completion as the user types: every question answered, one call alive, what fits is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from halley.core.calls import Call, Caller, FimPrompt
from halley.core.errors import ProviderUnavailable
from halley.core.events import Event, Finish, TextDelta
from halley.core.models import ModelRef
from halley.core.ports import Take
from halley.core.settings import Settings
from halley.core.snapshot import Document, Selection, Snapshot, Workspace
from halley.features.ask import Line
from halley.features.completion.completer import Completer
from halley.features.completion.pace import DocumentState, debounce_s
from pouring import pour

MODEL = ModelRef("sim", "fim")


class Model:
    """A model that answers by script, piece by piece, each when the test lets it."""

    def __init__(self, *pieces: str) -> None:
        self.pieces, self.calls, self.alive, self.most_alive = list(pieces), 0, 0, 0
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()
        self.error: Exception | None = None

    async def feed(self, call: Call, take: Take) -> None:
        await pour(self.stream(call), take)

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        assert isinstance(call.prompt, FimPrompt)
        self.calls += 1
        self.alive += 1
        self.most_alive = max(self.alive, self.most_alive)
        self.asked.set()
        try:
            await self.gate.wait()
            if self.error:
                raise self.error
            for piece in self.pieces:
                yield TextDelta(piece)
                await asyncio.sleep(0)
            yield Finish("stop", model=MODEL)
        finally:
            self.alive -= 1
            self.closed.set()


def line(model: Model, **completion: object) -> Line:
    async def route_of(_role: object) -> tuple[ModelRef, ...]:
        return (MODEL,)

    settings = Settings.model_validate({"completion": {"debounce_ms": 0} | completion})
    return Line(model, Caller(), settings, route_of)


def at(text: str, settings: Settings, language: str = "python", name: str = "a.py") -> Snapshot:
    """A snapshot of a text with the cursor at `|`."""
    before, after = text.split("|")
    path = Path("/nowhere") / name
    document = Document(path.as_uri(), before + after, language, 1, path)
    return Snapshot(
        document, Selection(len(before), len(before)), settings=settings, workspace=Workspace(path.parent)
    )


async def ask(completer: Completer, on: Line, text: str, **options: object) -> list[str]:
    found = await completer.complete(
        on, at(text, on.settings), automatic=bool(options.get("automatic", True))
    )
    return [offered.text for offered in found]


async def test_what_is_typed_ahead_is_served_without_a_new_call():
    model = Model("sum(numbers)", " / n")
    model.gate.set()
    completer, on = Completer(), line(model)
    assert await ask(completer, on, "return |\n") == ["sum(numbers) / n"]
    assert await ask(completer, on, "return su|\n") == ["m(numbers) / n"]
    assert await ask(completer, on, "return sum(numbers)|\n") == [" / n"]
    assert await ask(completer, on, "return |\n") == ["sum(numbers) / n"]
    assert model.calls == 1


async def test_windows_line_ends_are_typed_along_too():
    model = Model("total = 1\n    return total")
    model.gate.set()
    completer, on = Completer(), line(model)
    head = "def f():\r\n    # adds\r\n    "
    assert await ask(completer, on, f"{head}|\r\n") == ["total = 1\r\n    return total"]
    assert await ask(completer, on, f"{head}total = 1\r\n    re|\r\n") == ["turn total"]
    assert model.calls == 1


async def test_typing_something_else_asks_again():
    model = Model("sum(x)")
    model.gate.set()
    completer, on = Completer(), line(model)
    await ask(completer, on, "return |\n")
    model.pieces = ["x(x)"]
    assert await ask(completer, on, "return ma|\n") == ["x(x)"]
    assert model.calls == 2 and model.most_alive == 1


async def test_a_newer_question_answers_the_older_immediately():
    model = Model("um(x)")
    completer, on = Completer(), line(model)
    older = asyncio.create_task(ask(completer, on, "return |\n"))
    await model.asked.wait()
    newer = asyncio.create_task(ask(completer, on, "return s|\n"))
    assert await older == []
    model.pieces = ["sum(x)"]
    model.gate.set()
    assert await newer == ["um(x)"], "the call that was running answers what was typed meanwhile"
    assert model.calls == 1


async def test_a_call_that_no_longer_fits_is_closed():
    model = Model("aaa")
    completer, on = Completer(), line(model)
    older = asyncio.create_task(ask(completer, on, "x = |\n"))
    await model.asked.wait()
    newer = asyncio.create_task(ask(completer, on, "completely other\ny = |\n"))
    assert await older == []
    await model.closed.wait()
    model.gate.set()
    assert await newer == ["aaa"]
    assert model.most_alive == 1


async def test_a_cancelled_question_closes_its_call_when_none_follows():
    model = Model("aaa")
    completer, on = Completer(), line(model)
    asking = asyncio.create_task(ask(completer, on, "x = |\n"))
    await model.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(model.closed.wait(), 90)
    assert model.alive == 0


async def test_the_stream_is_cut_where_the_line_ends():
    model = Model("a + b\n", "print('more')\n", "and more")
    model.gate.set()
    assert await ask(Completer(), line(model), "return x, |)\n") == ["a + b"]


@pytest.mark.parametrize(
    "text",
    ["|", "x = |y + 1\n", "x = 1;|\n", f"x = [{'1, ' * 1000}|\n"],
    ids=["an empty document", "the middle of a line", "after a statement", "a generated line"],
)
async def test_nothing_is_asked_where_nothing_can_be_completed(text: str):
    model = Model("z")
    assert await ask(Completer(), line(model), text) == []
    assert model.calls == 0


async def test_moving_away_and_returning_asks_no_model_again():
    model = Model("sum(numbers)")
    model.gate.set()
    completer, on = Completer(), line(model)
    here, there = "def f():\n    return |\n\nx = 1\n", "def f():\n    return \n\nx = 1|\n"
    assert await ask(completer, on, here) == ["sum(numbers)"]
    model.pieces = [" + 2"]
    assert await ask(completer, on, there) == [" + 2"]
    assert await ask(completer, on, here) == ["sum(numbers)"]
    assert await ask(completer, on, there) == [" + 2"]
    assert model.calls == 2


async def test_a_model_that_takes_too_long_is_left_alone():
    model = Model("never")  # its gate stays shut
    completer, on = Completer(), line(model, timeout_ms=100)
    assert await ask(completer, on, "return |\n") == []
    await model.closed.wait()
    assert (model.calls, model.alive) == (1, 0)


def test_the_pause_follows_the_typist_and_the_model():
    settings = Settings.model_validate({"completion": {"debounce_ms": 200}})

    def pause(pace_s: float, latency_s: float) -> float:
        return round(debounce_s(DocumentState(pace_s=pace_s, latency_s=latency_s), at("x|", settings)), 3)

    assert pause(pace_s=0.5, latency_s=0.3) == 0.2, "the setting's"
    assert pause(pace_s=0.09, latency_s=0.3) == 0.135, "who types fast has stopped sooner"
    assert pause(pace_s=0.01, latency_s=0.3) == 0.1, "never under half of it"
    assert pause(pace_s=0.5, latency_s=2.5) == 0.4, "a slow model is asked later, at most twice as late"
    assert pause(pace_s=0.5, latency_s=1.0) == 0.25


async def test_the_pace_of_keys_and_of_answers_is_learnt():
    model = Model("sum(x)")
    model.gate.set()
    completer, on = Completer(), line(model)
    state = completer._state(at("|", on.settings).document.uri)
    for text in ("return |\n", "retur|\n", "retu|\n"):  # keys as fast as this test
        await ask(completer, on, text)
    assert state.pace_s < 0.3 and state.latency_s < 0.3


@pytest.mark.parametrize("text", ["# adds |\n", "print('a|')\n", "# one; two;|\n", "f(a, |)\n"])
async def test_comments_strings_and_arguments_are_completed(text: str):
    model = Model("words")
    model.gate.set()
    assert await ask(Completer(), line(model), text) == ["words"]


async def test_a_question_asked_already_is_not_prepared_again():
    model = Model("sum(x)")
    completer, on = Completer(), line(model)
    here = at("return |\n", on.settings)
    asking = asyncio.create_task(completer.complete(on, here, automatic=True))
    await model.asked.wait()
    assert completer.prepare(on, here) is None
    model.gate.set()
    assert [offered.text for offered in await asking] == ["sum(x)"]


async def test_imports_out_of_sight_are_shown_apart():
    model = Model("x")
    prompts: list[FimPrompt] = []

    async def stream(call: Call) -> AsyncGenerator[Event, None]:
        assert isinstance(call.prompt, FimPrompt)
        prompts.append(call.prompt)
        yield TextDelta("x")
        yield Finish("stop", model=MODEL)

    model.stream = stream  # type: ignore[method-assign]
    far = "import decimal\n" + "def f():\n    return 1\n\n\n" * 600 + "y = |\n"
    await ask(Completer(), line(model), far)
    assert "import decimal" not in prompts[0].prefix
    assert prompts[0].preamble == "# a.py:\n# import decimal\n"


async def test_switched_off_languages_are_asked_only_when_invoked():
    model = Model("text")
    model.gate.set()
    on = line(model, disabled_languages=["python"])
    assert await ask(Completer(), on, "x = |\n") == []
    assert await ask(Completer(), on, "x = |\n", automatic=False) == ["text"]


async def test_secret_files_are_never_asked_about():
    model = Model("text")
    on = line(model)
    found = await Completer().complete(on, at("KEY=|\n", on.settings, "plaintext", ".env"), automatic=False)
    assert found == [] and model.calls == 0


async def test_errors_are_silent_while_typing_and_reported_when_invoked():
    model = Model()
    model.error = ProviderUnavailable("It is down.")
    model.gate.set()
    assert await ask(Completer(), line(model), "x = |\n") == []
    with pytest.raises(ProviderUnavailable):
        await ask(Completer(), line(model), "x = |\n", automatic=False)


async def test_the_suffix_is_never_repeated():
    model = Model("a, b)")
    model.gate.set()
    assert await ask(Completer(), line(model), "print(|)\n") == ["a, b"]
