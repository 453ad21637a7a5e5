"""Tools of the mode `plan`: a plan that the user approves before anything is done, and its progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from halley.core.errors import InvalidInput
from halley.core.events import Planned
from halley.engine.markdown.inert import visible
from halley.features.agent.work import AgentWork, Plan, text_of, texts_of
from halley.features.tools.toolbox import Prepared
from halley.mcp.values import Outcome

MOST_STEPS, MOST_STEP = 50, 500
PLANNING = ("write_plan", "mark_step")
STATES = ("open", "doing", "done", "dropped")


def clean_steps(texts: Sequence[str]) -> list[str]:
    """Each in one line. Raises InvalidInput for none, too many, or an empty one."""
    steps = [" ".join(visible(text).split())[:MOST_STEP] for text in texts]
    if not 0 < len(steps) <= MOST_STEPS or not all(steps):
        raise InvalidInput(f"A plan has 1 to {MOST_STEPS} steps.", "Write each as a short sentence.")
    return steps


async def prepare_plan(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    steps = clean_steps(texts_of(arguments, "steps"))
    plan: Plan = [(step, "open") for step in steps]

    async def run(_limit_s: float) -> Outcome:
        work.plan[:] = plan
        await _keep(work)
        return Outcome("The user approved the plan. Work through it now, and mark each step.")

    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return Prepared(run, always=False, command=text)


async def prepare_step(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    number, state = arguments.get("step"), text_of(arguments, "state")
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(work.plan):
        raise InvalidInput(f"The plan has the steps 1 to {len(work.plan)}.", "Give the step's number.")
    if state not in STATES:
        raise InvalidInput(f"{state!r} is no state of a step.", f"It is one of {', '.join(STATES)}.")
    at = number - 1

    async def run(_limit_s: float) -> Outcome:
        work.plan[at] = work.plan[at][0], state
        await _keep(work)
        left = [step for step, how in work.plan if how in ("open", "doing")]
        return Outcome(f"Step {number} is {state}. {len(left)} left.")

    return Prepared(run, asks=False)


async def _keep(work: AgentWork) -> None:
    await work.keep_plan(list(work.plan))
    work.tell(Planned(tuple(work.plan)))
