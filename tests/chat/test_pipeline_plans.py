"""Which steps need which: read from the words of a macro."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from halley.core.errors import InvalidInput
from halley.core.settings import MacroSettings, Settings
from halley.engine.pipelines import leaves_of, needs_of, step_names, steps_of

PAGE = Path(__file__).parents[2] / "docs" / "chat.md"


def _steps(*steps: dict[str, str]):
    return steps_of(MacroSettings.model_validate({"steps": steps}))


def test_the_page_tells_no_lies() -> None:
    for block in re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        for macro in Settings.model_validate(tomllib.loads(block)).macros.values():
            needs = needs_of(steps_of(macro))
            assert len(needs) == len(macro.steps or [1])
    steps = Settings.model_validate(tomllib.loads(block)).macros["ship"].steps
    assert [sorted(one) for one in needs_of(steps)] == [[], [0], [0], [], [1], []]
    assert leaves_of(needs_of(steps)) == (2, 3, 4, 5)


def test_names_previous_and_conditions_are_needs() -> None:
    steps = _steps(
        {"prompt": "a", "as": "one"},
        {"prompt": "{{previous}}"},
        {"prompt": "c", "when": "{{#one}}x{{/one}}"},
        {"prompt": "d", "for_each": "{{one}}/*.py"},
    )
    assert [sorted(one) for one in needs_of(steps)] == [[], [0], [0], [0]]
    assert step_names(steps) == ("one", "2", "3", "4")


def test_a_step_for_the_image_role_paints() -> None:
    assert [step.kind for step in _steps({"prompt": "a", "role": "image"}, {"prompt": "b"})] == [
        "image",
        "text",
    ]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (({"prompt": "{{b}}"}, {"prompt": "x", "as": "b"}), "Step 1 uses {{b}}, which step 2 makes"),
        (({"prompt": "x", "as": "a"}, {"prompt": "y", "as": "a"}), "Two steps are called 'a'"),
    ],
)
def test_what_cannot_run_is_reported(steps, said: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(said)):
        needs_of(_steps(*steps))
