"""What the process that keeps an index does next, from the facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from halley.features.search.steps import MANY_CHANGES, Facts, State, next_state

IDLE = Facts(paused=False, unwatched=False, rescan=False, changed=0)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (IDLE, State.RESTING),
        (replace(IDLE, changed=1), State.CATCHING_UP),
        (replace(IDLE, changed=MANY_CHANGES), State.CATCHING_UP),
        (replace(IDLE, changed=MANY_CHANGES + 1), State.SCANNING),
        (replace(IDLE, rescan=True), State.SCANNING),
        (replace(IDLE, rescan=True, changed=3), State.SCANNING),
        (replace(IDLE, unwatched=True), State.STARTING_TO_WATCH),
        (replace(IDLE, unwatched=True, rescan=True), State.STARTING_TO_WATCH),
        (Facts(paused=True, unwatched=True, rescan=True, changed=999), State.PAUSED),
    ],
)
def test_the_next_step_follows_from_the_facts(facts: Facts, state: State):
    assert next_state(facts) is state
