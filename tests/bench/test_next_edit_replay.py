"""The replay of next edits: what it begins is finished, and nothing is harmed."""

from __future__ import annotations

import asyncio

import pytest
from bench.next_edit import KINDS, Figures, Typist, cases, keys, replay


def test_renames_in_real_modules_are_followed_and_harm_nothing():
    figures = Figures()
    for case in cases(3):
        replay(case, figures)
    assert figures.cases == 3 and figures.right and not figures.harmful


def test_new_parameters_in_real_modules_are_followed_and_harm_nothing():
    figures = Figures()
    found = [case for case in cases(100) if case.name.endswith("a parameter")]
    for case in found[:3]:
        replay(case, figures)
    assert figures.cases == 3 and figures.right and not figures.harmful


@pytest.mark.parametrize("kind", ["typescript", "imports", "lua"])
def test_renames_are_followed_in_other_languages_and_other_files(kind: str) -> None:
    figures = Figures()
    for case in KINDS[kind](2):
        replay(case, figures)
    assert figures.finished == figures.cases == 2 and not figures.useless and not figures.harmful


def test_keys_ask_no_model_before_the_pause_after_them():
    figures, case = Figures(), next(cases(1))

    async def typed() -> None:
        user = Typist(case.before, figures)
        typed = list(keys(case.before, case.begun))
        assert len(typed) > 5 and typed[-1][0] == case.begun
        for text, at in typed:
            await user.type(text, at)
        assert figures.calls == 0
        assert await user.offered()
        assert figures.calls == 1
        user.edits.close()

    asyncio.run(typed())


def test_what_the_rules_can_finish_is_nearly_always_finished():
    figures = Figures()
    for case in list(cases(100))[-12:]:
        replay(case, figures)
    assert figures.finished >= figures.cases - 2 and figures.useless <= 2 and not figures.harmful
