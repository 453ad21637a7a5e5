"""What next edits cost a key, in calls: a look at the clock, and one timer for all keys of a pause."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from halley.core.settings import Settings
from halley.lsp.window.next_edit.pauses import Pauses


class Window:
    """A window whose clock stands still; `calls` are those that keys make."""

    def __init__(self, model: str = "simulator/sim-next", *, asks: bool = False) -> None:
        self.calls: list[str] = []
        self.timers: list[Any] = []
        self.now = 0.0
        self.loop = SimpleNamespace(time=self._time, call_later=self._call_later)
        self.server = SimpleNamespace(is_running=True, run_in_background=self._run)
        self.asks_next_edits = asks
        self.settings = Settings.model_validate({"roles": {"next": [model] if model else []}})

    def settings_of(self, uri: str) -> Settings:
        self.calls.append("settings")
        return self.settings

    def _time(self) -> float:
        self.calls.append("time")
        return self.now

    def _call_later(self, _seconds: float, callback: Any) -> object:
        self.calls.append("timer")
        self.timers.append(callback)
        return callback

    def _run(self, work: Any, _name: str) -> None:
        self.calls.append("look")
        work.close()


@pytest.mark.parametrize("model", ["simulator/sim-next", ""], ids=["on", "off"])
def test_keys_cost_the_same_with_a_model_for_next_edits_and_without(model: str):
    window = Window(model)
    pauses = Pauses(window)  # type: ignore[arg-type]
    for _ in range(100):
        pauses.note_change("file:///a.py")
    assert window.calls.count("time") == 100
    assert window.calls.count("timer") == 1
    assert len(window.calls) == 101, "no settings are read, nothing is parsed or asked"


def test_a_client_that_asks_by_itself_costs_no_timer():
    window = Window(asks=True)
    pauses = Pauses(window)  # type: ignore[arg-type]
    pauses.note_change("file:///a.py")
    assert window.calls == ["time"]


def test_one_pause_is_one_question():
    window = Window()
    pauses = Pauses(window)  # type: ignore[arg-type]
    for _ in range(100):
        pauses.note_change("file:///a.py")
    window.now = 60.0
    window.timers.pop()()
    assert window.calls.count("look") == 1 and not window.timers
