"""Key shapes are found and replaced in linear time: processor time at n and at 8 n, by hostile texts."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import halley.engine
from halley.core.errors import HalleyError
from halley.engine.guards.secrecy import KEY_SHAPES, find_secrets, mask_secrets, redact_secrets

UNITS = [
    "-eyJaaaa", "eyJaaaaaaaaaaaa.", "eyJabcdefghijk.eyJ", "AKIA", "AKIAABCDEFGH12345678 ", "SG.", "-SG.abcdefghijklmnopqr",
    "sk-", "sk-abcdefghijklmnopqrstuvwx ", "://a:", "://user:pass", "authorization: bearer ", "authorization   ",
    "api_key='", "api_key = 'abcdefghijklmnopqrstuvwxyz", "-----BEGIN A ", "-----BEGIN PRIVATE KEY-----", "-----END A",
    "aws_key", "aws_secret_access_key=", "AccountKey=abcdef", "xox", "a", " ", "\n", "<", "`", "[", "-", '"', "=", "ſ",
]  # fmt: skip
STARTS = [
    "",
    "authorization",
    "authorization: bearer",
    "-----BEGIN ",
    "aws_key",
    "api_key = '",
    "https://a:",
    "eyJaaaaaaaaaaaa.eyJ",
]


def cost(work, text: str) -> float:
    begin = time.process_time()
    work(text)
    return time.process_time() - begin


def is_linear(measure, small: str, large: str) -> bool:
    """Eight times the text in less than 24 times the time, where a quadratic one takes 64. One lucky round is enough."""
    return any(measure(large) < max(measure(small), 0.002) * 24 for _ in range(5))


@pytest.mark.parametrize("work", [redact_secrets, mask_secrets])
@pytest.mark.parametrize("start", STARTS)
def test_hostile_texts_take_linear_time(work, start: str) -> None:
    for unit in UNITS:
        small, large = start + unit * (15_000 // len(unit)), start + unit * (120_000 // len(unit))
        assert is_linear(lambda text: cost(work, text), small, large), (start, unit)


def text_functions() -> dict[str, Callable[[str], object]]:
    """Every public function of `engine/` that takes one text and nothing else: a new one is measured too."""
    found: dict[str, Callable[[str], object]] = {}
    for module in pkgutil.walk_packages(halley.engine.__path__, "halley.engine."):
        for name, one in vars(importlib.import_module(module.name)).items():
            if name.startswith("_") or not inspect.isfunction(one) or one.__module__ != module.name:
                continue
            needed = [p for p in inspect.signature(one).parameters.values() if p.default is p.empty]
            if [str(p.annotation) for p in needed] == ["str"] and needed[0].name != "character":
                found[f"{module.name.removeprefix('halley.engine.')}.{name}"] = one
    return found


MARKUP = [
    "a", " ", "\n", "\r", "\t", "`", "```\n", "```a\nb\n", "~", "<", "<a>", "<!--", "<think>", "&#", "*", "*a", "_", "[",
    "](", "![a](", "![", "[a]((", "[a]: ", "\\", "\\`", '"', "'", "(", ")", "{", "}", "{{a}}", "{{", "diff --git a/x b/x\n",
    "--- a\n+++ b\n", "@@ -1 +1 @@\n", "<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "#", "> ", "- ", "1. ", "|",
    "http://a", "a.", "a/", "x:y\n", "/*", "//", "\u200b", "\x1b[", "é", "{\"a\":", "<<<<<<< SEARCH\na\n=======\n",
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(text_functions()))
def test_functions_of_texts_take_linear_time(name: str, tried: Callable[..., None]) -> None:
    work = text_functions()[name]

    def measure(text: str) -> float:
        begin = time.process_time()
        with contextlib.suppress(HalleyError, ValueError):
            work(text)
        return time.process_time() - begin

    for unit in MARKUP:
        tried()
        small, large = unit * (1_500 // len(unit)), unit * (12_000 // len(unit))
        assert is_linear(measure, small, large), unit


@pytest.mark.parametrize("shape", [shape.name for shape in KEY_SHAPES])
def test_every_shape_has_a_hint_to_look_for(shape: str) -> None:
    assert next(one for one in KEY_SHAPES if one.name == shape).hints


def test_a_token_is_found_anywhere_in_a_run() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
    for around in ("{}", "x-{}", "'{}'", "a_b-eyJ-{}", "=.{}.", "\n{}\n"):
        found = find_secrets(around.format(token))
        assert len(found) == 1 and token in around.format(token)[found[0].start : found[0].end], around


def test_many_wrong_settings_are_refused_as_a_whole(tmp_path: Path) -> None:
    from halley.stores.config.check import check

    told: list[str] = []

    def report(path, message, allowed, is_key):
        told.append(message)
        return message

    small = {"chat": {f"x{n}": 1 for n in range(400)}}
    large = {f"x{n}": 1 for n in range(20_000)}
    good, problems = check(large, {"a": 1}, report)  # type: ignore[arg-type]
    assert good == {"a": 1} and len(problems) == 1 and "20,000" in told[-1]
    assert len(check(small, {}, report)[1]) == 400  # type: ignore[arg-type]
