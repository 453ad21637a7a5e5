"""Macros as code actions: offered where nothing has to be asked first, run on the selection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halley.core.settings import MacroSettings
from halley.core.snapshot import Snapshot
from halley.features.actions.action import Job, Offer, Outcome
from halley.features.macros.inputs import missing_inputs


def macro_offers(snapshot: Snapshot) -> Iterable[Offer]:
    """One entry for each macro of the window's settings; one that needs a single text asks for it as an instruction."""
    for name, macro in snapshot.settings.macros.items():
        missing = missing_inputs(macro)
        if len(missing) > 1 or (missing and macro.inputs[missing[0]].type != "string"):
            continue  # `halley/macros/run` takes them
        title = f"Macro: {macro.description or name}"
        yield Offer(
            f"macro.{name}", f"refactor.rewrite.halley.macro.{name}", title, needs_instruction=bool(missing)
        )


async def run_macro_action(name: str, job: Job) -> Outcome:
    """Run the macro on the job's selection. Raises InvalidInput for a macro that is not there (any more)."""
    from halley.features.macros.pipeline import StepNews
    from halley.features.macros.run import find_macro, outcome_of, run_macro

    job = _with_instruction(find_macro(job.snapshot.settings, name), job)

    def listen(_step: str, event: object) -> None:
        if isinstance(event, StepNews):
            if event.of > 1 and event.step.state == "running":
                job.report(f"step {event.number} of {event.of}: {event.step.name}")
        elif job.on_event:
            job.on_event(event)  # type: ignore[arg-type]

    return await outcome_of(name, job, await run_macro(name, job, listen=listen))


def _with_instruction(macro: MacroSettings, job: Job) -> Job:
    """What the user said is the one value that was missing."""
    missing = [key for key in missing_inputs(macro) if key not in job.inputs]
    if len(missing) == 1 and job.instruction:
        return replace(job, inputs={**job.inputs, missing[0]: job.instruction})
    return job
