"""A macro by its name: started, or resumed where it failed; and what an editor shows of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from halley.core.errors import InvalidInput, error_of
from halley.core.events import Finish
from halley.core.macro_runs import Run, StepResult, new_run
from halley.core.settings import MacroSettings, Settings
from halley.engine.markdown.inert import inert_markdown
from halley.engine.pipelines import leaves_of, names_used, needs_of, step_names, steps_of, title_of
from halley.features.actions.action import Job, Made, Outcome, TextAnswer
from halley.features.actions.rewrite import chosen_span, read_aside
from halley.features.ask import ModelReply
from halley.features.macros.inputs import read_inputs
from halley.features.macros.pipeline import Listen, StepNews, hear_nothing, run_pipeline
from halley.features.macros.values import load_values

__all__ = ["Listen", "StepNews", "find_macro", "outcome_of", "run_macro"]


def find_macro(settings: Settings, name: str) -> MacroSettings:
    """Raises InvalidInput for a macro that is not there (any more), naming those that are."""
    macro = settings.macros.get(name)
    if macro is None:
        known = ", ".join(settings.macros) or "none"
        raise InvalidInput(
            f"There is no macro '{name}'.",
            f"Macros here: {known}. Macros of .halley.toml work once it is trusted (`halley trust`).",
            setting=f"macros.{name}",
        )
    return macro


async def run_macro(name: str, job: Job, *, resume: str | None = None, listen: Listen = hear_nothing) -> Run:
    """Runs a macro with the job's document, inputs and instruction.

    `resume` is the id of an unfinished run, or `last`. Raises InvalidInput for wrong inputs and for a run that is gone
    or was of another definition; errors of steps are in the run.
    """
    macro = find_macro(job.snapshot.settings, name)
    if resume is not None:
        run = await asyncio.to_thread(find_run, job, name, macro, resume)
    else:
        run = await begin_run(name, macro, job)
    return await run_pipeline(job, macro, run, listen)


async def begin_run(name: str, macro: MacroSettings, job: Job) -> Run:
    """A run with its variables read, and nothing done yet."""
    steps = steps_of(macro)
    needs_of(steps)
    inputs = read_inputs(name, macro, job.inputs)
    if job.around.runs:
        await asyncio.to_thread(job.around.runs.forget_old)
    values = await load_values(job, frozenset[str]().union(*map(names_used, steps)) - inputs.keys())
    if given := job.inputs.get("instruction"):
        values |= {"instruction": str(given), "input": str(given)}
    results = [StepResult(called, step.kind) for called, step in zip(step_names(steps), steps, strict=True)]
    return new_run(name, digest_of(macro), _workspace(job), values | inputs, results)


def digest_of(macro: MacroSettings) -> str:
    return hashlib.sha256(macro.model_dump_json().encode()).hexdigest()[:32]


def find_run(job: Job, name: str, macro: MacroSettings, id: str) -> Run:
    if job.around.runs is None:
        raise InvalidInput("Runs are not saved here.", "Run the macro again.")
    run = job.around.runs.find_last(name, _workspace(job)) if id == "last" else job.around.runs.load(id)
    if (run.macro, run.workspace) != (name, _workspace(job)):
        raise InvalidInput(f"The run {id} is not one of '{name}' in this workspace.", "Run the macro again.")
    if run.digest != digest_of(macro):
        raise InvalidInput(f"The macro '{name}' has changed since that run began.", "Run it again.")
    for step in run.steps:
        if step.state not in ("complete", "skipped"):
            step.state = "waiting"
    return run


def _workspace(job: Job) -> str | None:
    return job.snapshot.workspace.id if job.snapshot.workspace else None


async def outcome_of(name: str, job: Job, run: Run) -> Outcome:
    """What an editor does with a run: text to read, or where the macro says so an edit, or what was made and its link.

    Raises the problem of the step that failed when nothing came before it.
    """
    macro = find_macro(job.snapshot.settings, name)
    title = macro.description or name
    failed = run.failed
    if failed and failed.problem and not any(step.text or step.images or step.files for step in run.steps):
        raise error_of(failed.problem)
    if failed:
        return TextAnswer(title, what_was_made(run, macro), failed.problem, (name, run.id))
    if macro.output == "answer":
        return TextAnswer(title, run_markdown(run, macro))
    last = _leaves(run, macro)[-1]
    if last.task and not last.text and job.around.media is not None:
        return Made(await job.around.media().store.get(last.task))
    reply = ModelReply(final_text(run, macro), finish=Finish("stop"))
    at = job.snapshot.selection.end
    span = chosen_span(job) if macro.output == "replace" else (at, at)
    return await read_aside(job.snapshot, span, reply, title)


def final_text(run: Run, macro: MacroSettings) -> str:
    """What the last step that no other needs has written."""
    texts = [step.text for step in _leaves(run, macro) if step.text]
    return texts[-1] if texts else ""


def run_markdown(run: Run, macro: MacroSettings) -> str:
    """What no other step needs, each under its name where there are several; after a failure, all there is."""
    shown = [step for step in run.steps if run.failed or step in _leaves(run, macro)]
    shown = [step for step in shown if step.text or step.images or step.files or step.problem]
    if len(shown) == 1 and not run.failed:
        return _step_markdown(shown[0])
    titles = dict(zip(step_names(steps_of(macro)), map(title_of, steps_of(macro)), strict=True))
    parts = [f"## {_heading(step.name, titles)}\n\n{_step_markdown(step)}" for step in shown]
    return "\n\n".join(part.rstrip() for part in parts)


def what_was_made(run: Run, macro: MacroSettings) -> str:
    """The steps' output alone; the problem is shown beside it."""
    return run_markdown(replace(run, steps=[replace(step, problem=None) for step in run.steps]), macro)


def how_to_resume(macro: str, run_id: str) -> str:
    """For where no button does it."""
    return f"`halley macros run {macro} --resume {run_id}` resumes it at this step."


def _heading(name: str, titles: Mapping[str, str]) -> str:
    """A step's own name; one that has only a number is named by its prompt."""
    return f"{name}. {inert_markdown(titles[name])}".strip() if name.isdigit() and name in titles else name


def final_steps(run: Run, macro: MacroSettings) -> list[tuple[StepResult, bool]]:
    """What a terminal prints: the steps that say something, and whether one is the only one."""
    shown = [step for step in run.steps if not run.is_complete or step in _leaves(run, macro)]
    shown = [step for step in shown if step.text or step.images or step.files]
    return [(step, len(shown) == 1 and run.is_complete) for step in shown]


def _step_markdown(step: StepResult) -> str:
    parts = [inert_markdown(step.text).strip(), *_pictures(step)]
    if step.problem:
        parts.append(f"> {step.problem.message} {step.problem.help}".rstrip())
    return "\n\n".join(part for part in parts if part)


def _pictures(step: StepResult) -> Iterable[str]:
    for image in step.images:
        yield f"![{step.name}]({Path(image['path']).as_uri()})"
    for file in step.files:
        yield f"[{step.name}]({Path(file['path']).as_uri()})"


def _leaves(run: Run, macro: MacroSettings) -> list[StepResult]:
    return [run.steps[index] for index in leaves_of(needs_of(steps_of(macro)))]
