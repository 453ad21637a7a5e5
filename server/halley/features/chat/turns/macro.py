"""A pipeline as a turn of a chat: `/ship` and the like. The output of its last steps is the reply.

Steps are reported as notices while they run. Continue resumes a failed run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from halley.core.errors import error_of
from halley.core.events import Event, Finish, Image, Notice, TextDelta
from halley.core.macro_runs import Run
from halley.core.models import ModelRef
from halley.core.settings import MacroSettings
from halley.engine.chat_input import ChatInput
from halley.engine.pipelines import leaves_of, needs_of, steps_of
from halley.features.actions.action import Job
from halley.features.chat.answering import none_left_open, settle_with
from halley.features.chat.commands import macro_job, typed_inputs
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.turns.turn import Asked, ChatRequest, result_of, tell_start
from halley.features.macros.pipeline import StepNews, run_pipeline
from halley.features.macros.run import begin_run, find_macro, find_run, what_was_made
from halley.features.macros.steps import role_of
from halley.stores.chats.values import Turn


async def send_macro(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """Begins a run of the macro and streams it into the one reply of a new turn."""
    macro = desk.around.settings.macros[typed.command]
    job, run, ref = await begin(desk, typed, macro)
    chat_id = request.chat_id or await desk.store.create(desk.around.workspace_id)
    details = {"said": request.prompt, "macro": typed.command, "run": run.id}
    turn_id = await desk.store.add_turn(chat_id, request.prompt, details=details)
    asked = Asked(desk.store.new_reply_id(), str(ref), opened_as=str(ref))
    async with none_left_open(desk, [asked.reply]):
        await desk.store.open_reply(turn_id, ref, asked.reply)
        tell_start(emit, asked, chat_id, turn_id)
        await answer_by_macro(desk, job, run, asked, emit)
    return await result_of(desk, chat_id, turn_id, [asked.reply])


async def begin(desk: ChatDesk, typed: ChatInput, macro: MacroSettings) -> tuple[Job, Run, ModelRef]:
    """The run, with its variables read, and the model of its last step. Raises InvalidInput for wrong inputs."""
    inputs, rest = typed_inputs(macro, typed.text)
    job = macro_job(desk, rest, inputs)
    run = await begin_run(typed.command, macro, job)
    last = steps_of(macro)[-1]
    model = last.model or macro.model
    ref = ModelRef.parse(model) if model else (await desk.around.line.route_of(role_of(macro, last)))[0]
    return job, run, ref


async def resume(desk: ChatDesk, turn: Turn) -> tuple[Job, Run]:
    """The run of a turn, to resume. Raises InvalidInput if it is gone."""
    name = str(turn.details["macro"])
    job = macro_job(desk, "")
    return job, find_run(job, name, find_macro(desk.around.settings, name), str(turn.details["run"]))


async def answer_by_macro(desk: ChatDesk, job: Job, run: Run, asked: Asked, emit: Emit) -> None:
    """Runs the pipeline into a reply."""
    macro = find_macro(desk.around.settings, run.macro)
    steps = steps_of(macro)
    leaves = {run.steps[index].name for index in leaves_of(needs_of(steps))}

    async def work(take: Callable[[Event], None]) -> None:
        live = len(leaves) == 1
        said = False

        def listen(name: str, event: Any) -> None:
            nonlocal said
            if isinstance(event, StepNews):
                if event.of > 1 and event.step.state == "running":
                    take(Notice(f"Step {event.number} of {event.of}: {name}"))
            elif name in leaves and (isinstance(event, Image) or (live and not isinstance(event, Finish))):
                said = said or isinstance(event, TextDelta)
                take(event)

        done = await run_pipeline(job, macro, run, listen)
        if not live or (done.failed and not said):
            take(TextDelta(_text(done, macro)))
        if done.failed and done.failed.problem:
            raise error_of(done.failed.problem)

    await settle_with(desk, asked, emit, work)


def _text(run: Run, macro: MacroSettings) -> str:
    """Pictures are events of their own, and so is what went wrong; Continue resumes the run."""
    return what_was_made(replace(run, steps=[replace(step, images=[]) for step in run.steps]), macro)
