"""Key shapes are found and replaced in linear time: processor time at n and at 8 n, by hostile texts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("shape", [shape.name for shape in KEY_SHAPES])
def test_every_shape_has_a_hint_to_look_for(shape: str) -> None:
    assert next(one for one in KEY_SHAPES if one.name == shape).hints


def test_a_token_is_found_wherever_it_stands_in_a_run() -> None:
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
