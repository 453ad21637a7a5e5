"""Macros as code actions: a saved prompt run on the selection, its result shown, put in place or inserted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halley.core.calls import Prompt, system, user
from halley.core.errors import BadRequest
from halley.core.snapshot import Snapshot
from halley.engine.context import build_context, display_path
from halley.engine.languages import language
from halley.engine.prompts import render_context, render_diagnostics
from halley.engine.templates import builtin_template, render
from halley.features.actions.action import Answer, Job, Offer, Outcome
from halley.features.actions.rewrite import chosen_span, read_edit
from halley.features.ask import Reply


def macro_offers(snapshot: Snapshot) -> Iterable[Offer]:
    """One entry for each macro of the window's settings."""
    for name, macro in snapshot.settings.macros.items():
        title = macro.description or name
        yield Offer(f"macro.{name}", f"refactor.rewrite.halley.macro.{name}", f"Macro: {title}")


async def run_macro_action(name: str, job: Job) -> Outcome:
    """Run the macro on the job's selection. Raises BadRequest for a macro that is not there (any more)."""
    macro = job.snapshot.settings.macros.get(name)
    if macro is None:
        raise BadRequest(f"There is no macro '{name}'.", "See [macros] in config.toml or .halley.toml.")
    steps = macro.steps or ()
    values = macro_values(job.snapshot) | {"instruction": job.instruction} | dict(job.inputs)
    prompts = [(macro.prompt, macro.role, macro.model, "")] if macro.prompt else [
        (step.prompt, step.role or macro.role, step.model or macro.model, step.as_ or "") for step in steps
    ]  # fmt: skip
    reply = Reply()
    for number, (prompt, role, model, name_of_result) in enumerate(prompts, 1):
        if len(prompts) > 1:
            job.report(f"step {number} of {len(prompts)}")
        filled = Prompt(
            (system(render(builtin_template("chat"), values)), user(render(prompt or "", values)))
        )
        reply = await replace(job, model=model or job.model).ask(filled, feature=f"macro.{name}", role=role)
        values |= {"previous": reply.text} | ({name_of_result: reply.text} if name_of_result else {})
    if macro.output == "answer":
        return Answer(macro.description or name, reply.text, reply.problem)
    at = job.snapshot.selection.end
    span = chosen_span(job) if macro.output == "replace" else (at, at)
    return read_edit(job.snapshot, span, reply, macro.description or name)


def macro_values(snapshot: Snapshot) -> dict[str, str]:
    """The variables every macro can use."""
    return {
        "selection": snapshot.selected_text or snapshot.document.text,
        "buffer": snapshot.document.text,
        "path": display_path(snapshot),
        "language": language(snapshot.document.language_id).name,
        "diagnostics": render_diagnostics(snapshot.diagnostics, snapshot.document.text),
        "context": render_context(build_context(snapshot), snapshot.document.language_id),
        "guidance": snapshot.workspace.guidance if snapshot.workspace else "",
    }
