"""Functions of `engine/` that take several texts, rows or a place in one are linear as well, by hostile texts; and those
elsewhere that read what a host, a file or a chat says."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable
from typing import Any

import pytest
from test_linear import MARKUP, is_linear

import halley.engine
from halley.core.errors import HalleyError
from halley.core.json_text import find_long_key
from halley.core.snapshot import Selection
from halley.core.tokens import end_of_first, estimate_tokens, start_of_last
from halley.engine.code.layout import Style
from halley.engine.replies.target import Target
from halley.engine.typing.place import Place
from halley.features.chat.rendering import plain_label
from halley.features.commit import tidy
from halley.features.macros.bundle import read_macros
from halley.providers.refusals.errors import quote
from halley.providers.refusals.said import read_said
from halley.stores.chats.search import excerpt

ROWS = [
    *(unit for unit in MARKUP if len(unit) > 1), "x = 1\n", "  x\n", "\tx\n", "}\n", "def a():\n", "def a():\n    pass\n",
    "class A:\n", "# ...\n", "...\n", "a\nb\n", "    # rest of methods\n", "*** Begin Patch\n", "import a\n", "@@\n", "+a\n",
    "-a\n", " a\n", ">>>\n", "\n\n", "x\n\n",
]  # fmt: skip
NAMED = {
    "language_id": "python",
    "newline": "\r\n",
    "path": "a.py",
    "label": "a",
    "name": "a",
    "line_before": "x",
}


def read_said_text(text: str) -> object:
    return read_said(text.encode())


def _value(parameter: inspect.Parameter, text: str) -> Any:
    """What a hostile caller could hand in for this parameter."""
    if parameter.name in NAMED:
        return NAMED[parameter.name]
    rows = text.splitlines()
    old = parameter.name in ("old", "rows", "bare", "before", "after", "own", "replace", "was")
    makers: dict[str, Callable[[], Any]] = {
        "str": lambda: text + "x" * old,
        "int": lambda: 1 if parameter.name in ("way", "by") else len(text) // 2,
        "bool": lambda: True,
        "Sequence[str]": lambda: ["a", *rows, "b"] if old else rows,
        "Iterable[str]": lambda: rows,
        "frozenset[str]": lambda: frozenset(rows),
        "Run": lambda: (1, len(rows) // 2),
        "tuple[int, int]": lambda: (1, len(rows) // 2),
        "Style": Style,
        "Place": lambda: Place(text, text, "python"),
        "Target": lambda: Target(
            "file:///a.py", text, Selection(0, len(text) // 2), language_id="python", path="a.py"
        ),
    }
    return makers[str(parameter.annotation)]()


ELSEWHERE: list[Callable[..., object]] = [
    find_long_key, read_macros, end_of_first, start_of_last, estimate_tokens, tidy, plain_label, excerpt, quote, read_said_text,
]  # fmt: skip
KNOWN = "str int bool Sequence[str] Iterable[str] frozenset[str] Run Style Place Target".split()


def functions() -> dict[str, Callable[..., object]]:
    """Every public function of `engine/` that takes rows, or more than one thing, all of kinds that we can make."""
    found: dict[str, Callable[..., object]] = {}
    for module in pkgutil.walk_packages(halley.engine.__path__, "halley.engine."):
        for name, one in vars(importlib.import_module(module.name)).items():
            if name.startswith("_") or not inspect.isfunction(one) or one.__module__ != module.name:
                continue
            kinds = [str(p.annotation) for p in _needed(one)]
            if (
                kinds != ["str"]
                and any("str" in kind for kind in kinds)
                and set(kinds) <= {*KNOWN, "tuple[int, int]"}
            ):
                found[f"{module.name.removeprefix('halley.engine.')}.{name}"] = one
    return found | {f"{one.__module__.removeprefix('halley.')}.{one.__name__}": one for one in ELSEWHERE}


def _needed(one: Callable[..., object]) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(one).parameters.values() if p.default is p.empty]


@pytest.mark.parametrize("name", sorted(functions()))
def test_functions_of_several_texts_take_linear_time(name: str, tried: Callable[..., None]) -> None:
    work = functions()[name]

    def measure(text: str) -> float:
        given = [_value(parameter, text) for parameter in _needed(work)]
        begin = time.process_time()
        with contextlib.suppress(HalleyError, ValueError, IndexError):
            work(*given)
        return time.process_time() - begin

    for unit in ROWS:
        tried()
        small, large = unit * max(1_500 // len(unit), 1), unit * (12_000 // len(unit))
        assert is_linear(measure, small, large), unit
