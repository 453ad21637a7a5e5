"""The steps of a run: independent ones run concurrently, the others when what they need is there.

needs failed      → the step waits; the run can be resumed there
`when` is empty   → the step is skipped, and its name stands for nothing
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from halley.core.errors import HalleyError, Problem
from halley.core.events import Event
from halley.core.macro_runs import Run, StepResult
from halley.core.settings import MacroSettings, MacroStep
from halley.engine.pipelines import PREVIOUS, needs_of, steps_of, title_of
from halley.engine.prompting.templates import render
from halley.features.actions.action import Job
from halley.features.macros.steps import run_step

NOTHING = ("", "false", "no", "none", "0")
"""What `when` takes for no."""


@dataclass(frozen=True, slots=True)
class StepNews:
    """A step began, or ended somehow."""

    number: int
    of: int
    step: StepResult


Listen = Callable[[str, Event | StepNews], None]
"""(the step's name, what happened)."""


def hear_nothing(_step: str, _event: Event | StepNews) -> None: ...


async def run_pipeline(job: Job, macro: MacroSettings, run: Run, listen: Listen = hear_nothing) -> Run:
    """Does what is still to be done; the run it returns says of each step what became of it.

    Errors of steps are in it. Raises CancelledError, with what was done kept.
    """
    steps = steps_of(macro)
    needs = needs_of(steps)
    tasks: list[asyncio.Task[None]] = []

    async def one(index: int) -> None:
        if needs[index]:
            await asyncio.wait([tasks[need] for need in needs[index]])
        result = run.steps[index]
        if result.state in ("complete", "skipped") or not _has(run, needs[index]):
            return
        await _do(job, macro, steps, index, run, listen)
        if job.around.runs:
            await asyncio.to_thread(job.around.runs.save, run)

    tasks += [asyncio.create_task(one(index)) for index in range(len(steps))]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _keep(job, run)
        raise
    if run.is_complete and job.around.runs:
        job.around.runs.forget(run)
    return run


def _has(run: Run, needs: frozenset[int]) -> bool:
    return all(run.steps[need].state in ("complete", "skipped") for need in needs)


async def _do(
    job: Job, macro: MacroSettings, steps: Sequence[MacroStep], index: int, run: Run, listen: Listen
) -> None:
    step, result = steps[index], run.steps[index]
    values = _values(run, index)
    result.problem = None

    def tell() -> None:
        listen(result.name, StepNews(index + 1, len(steps), result))

    if step.when is not None and render(step.when, values).strip().lower() in NOTHING:
        result.state = "skipped"
        tell()
        return
    result.state = "running"
    tell()

    async def keep_run() -> None:
        if job.around.runs:
            await asyncio.to_thread(job.around.runs.save, run)

    job = replace(job, keep_run=keep_run)
    try:
        await run_step(job, run.macro, macro, step, values, result, lambda event: listen(result.name, event))
        result.state = "complete"
    except HalleyError as error:
        result.state, result.problem = "failed", _named(error.problem, steps, index)
    except BaseException:
        result.state = "waiting"
        raise
    tell()


def _named(problem: Problem, steps: Sequence[MacroStep], index: int) -> Problem:
    """Of several steps, a failure names its own: `Step 2 of 3 (Name the risks) failed: …`."""
    if len(steps) == 1:
        return problem
    said = title_of(steps[index])
    return replace(problem, message=f"Step {index + 1} of {len(steps)} ({said}) failed: {problem.message}")


def _values(run: Run, index: int) -> dict[str, str]:
    """The run's variables, and what the steps before have made."""
    made = {one.name: _value(one) for one in run.steps[:index] if not one.name.isdigit()}
    return {**run.values, **made, PREVIOUS: _value(run.steps[index - 1]) if index else ""}


def _value(step: StepResult) -> str:
    """What a step stands for: its text, else the path of what it made first."""
    return step.text.strip() or next((made["path"] for made in (*step.images, *step.files)), "")


def _keep(job: Job, run: Run) -> None:
    if job.around.runs and any(step.state == "complete" or step.task or step.tasks for step in run.steps):
        job.around.runs.save(run)
