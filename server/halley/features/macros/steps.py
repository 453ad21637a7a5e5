"""One step of a pipeline: a text, a picture, speech, a transcription, a video or a commit message.

Pictures and sound are media tasks: in the ledger, kept privately until a user saves them, and gone on with by a run
that is taken up. All but a commit message may be made once for each file of a glob.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from halley.core.calls import Priority, Prompt, system, user
from halley.core.errors import HalleyError, InvalidInput, error_of
from halley.core.events import Event, Image, TextDelta
from halley.core.macro_runs import StepResult
from halley.core.models import Role
from halley.core.settings import MacroSettings, MacroStep
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.markdown.spoken import speakable
from halley.engine.prompting.templates import render
from halley.features.actions.action import Job
from halley.features.ask import ModelReply, ask
from halley.features.commit import commit_message
from halley.features.macros.values import file_value
from halley.stores.workspace.ignoring import parse_rules
from halley.stores.workspace.project_files import list_files, read_text_file

MADE = ("image", "speech", "transcription", "video")
"""Kinds that `features/media` makes."""
MOST_FILES = 200
AT_ONCE = 4
"""Files of a `for_each` that are asked about side by side."""

OnEvent = Callable[[Event], None]
_MakeOne = Callable[[Mapping[str, str], StepResult, Callable[[str], None]], Awaitable[None]]
"""(values, what becomes of it, told the name of a media task that was begun)."""


async def run_step(
    job: Job, name: str, macro: MacroSettings, step: MacroStep, values: Mapping[str, str], result: StepResult,
    on_event: OnEvent,
) -> None:  # fmt: skip
    """Fills in `result`. Raises the errors of `core.errors`; what had arrived by then is in `result` all the same."""
    options: dict[str, Any] = {
        "feature": f"macro.{name}",
        "role": role_of(macro, step),
        "model": step.model or macro.model or job.model,
        "priority": Priority.BATCH,
        "on_event": on_event,
    }
    if step.kind == "commit":
        result.text = await _commit(job, step, values, options)
        return

    async def make(values: Mapping[str, str], result: StepResult, begun: Callable[[str], None]) -> None:
        if step.kind in MADE:
            await _make(job, name, macro, step, values, result, begun, on_event)
        else:
            await _take(result, await _ask(job, step, values, options))

    if step.for_each:
        await _for_each_file(job, step, values, result, make)
        return

    def begun(task: str) -> None:
        result.task = task

    await make(values, result, begun)


def role_of(macro: MacroSettings, step: MacroStep) -> Role:
    """Whose models answer: the step's own role, else what its kind is made by, else the macro's."""
    if step.role:
        return step.role
    kinds: dict[str, Role] = {
        "image": "image", "commit": "fast", "speech": "speech", "transcription": "transcribe", "video": "video",
    }  # fmt: skip
    return kinds.get(step.kind, macro.role)


async def _make(
    job: Job, name: str, macro: MacroSettings, step: MacroStep, values: Mapping[str, str], result: StepResult,
    begun: Callable[[str], None], on_event: OnEvent,
) -> None:  # fmt: skip
    """A picture, speech, a transcription or a video, as a media task that a resumed run continues."""
    from halley.features.media.orders import Order
    from halley.features.media.saving import shown_path

    if job.around.media is None:
        raise InvalidInput(
            "Pictures, recordings and videos cannot be saved here.",
            "Run the macro in an editor, or `halley macros run`.",
        )
    works, workspace = job.around.media(), job.snapshot.workspace
    resumed = bool(result.task)
    if not resumed:
        source = _source(job, render(step.source or "", values))
        said = render(step.prompt or "", values).strip()
        kind = "imageEdit" if step.kind == "image" and source else step.kind
        order = Order(
            kind, speakable(said) if step.kind == "speech" else said, source,  # type: ignore[arg-type]
            model=step.model or macro.model or job.model, title=result.name if not result.name.isdigit() else "",
            feature=f"macro.{name}",
        )  # fmt: skip
        result.task = (await works.start(order, job.around.line, workspace.id if workspace else None)).id
        begun(result.task)
        await job.keep_run()
    try:
        finished = (
            works.finished_by_anyone(result.task, job.around.line) if resumed else works.finished(result.task)
        )
        task = await finished
    except HalleyError:
        begun("")  # it is started again when the run is resumed
        raise
    result.text, result.model = task.text or "", task.model or ""
    paths = [shown_path(works.store, works.shown, task, one) for one in task.results]
    made = [{"mime": one.mime, "path": str(path)} for one, path in zip(task.results, paths, strict=True)]
    if step.kind == "image":
        result.images = made
        for one in made:
            on_event(Image(one["mime"], await asyncio.to_thread(Path(one["path"]).read_bytes)))
    else:
        result.files = made
    if task.text:
        on_event(TextDelta(task.text))


def _source(job: Job, named: str) -> str | None:
    """A path in the workspace, or of a file that an earlier step has made."""
    if not named.strip():
        return None
    path = Path(named.strip())
    workspace = job.snapshot.workspace
    if not path.is_absolute() and workspace is not None:
        real = (workspace.root / path).resolve()
        if not real.is_relative_to(workspace.root.resolve()):
            raise InvalidInput(f"{named} is outside the workspace.", "Name a file in it.")
        return str(real)
    made = job.around.media().shown if job.around.media else None
    if made is None or not path.resolve().is_relative_to(made.resolve()):
        raise InvalidInput(f"{named} is outside the workspace.", "Name a file in it.")
    return str(path)


async def _commit(job: Job, step: MacroStep, values: Mapping[str, str], options: dict[str, Any]) -> str:
    workspace = job.snapshot.workspace
    if workspace is None:
        raise InvalidInput("A commit message needs a workspace.", "Run the macro inside a git repository.")
    wish = render(step.prompt or "", values)
    guidance = "\n\n".join(part for part in (workspace.guidance, wish) if part)
    del options["feature"]
    return await commit_message(job.around.line, workspace.root, guidance=guidance, **options)


async def _ask(job: Job, step: MacroStep, values: Mapping[str, str], options: dict[str, Any]) -> ModelReply:
    said = render(step.prompt or "", values)
    if not said.strip():
        raise InvalidInput(
            "The step's prompt is empty once its variables are filled in.", "Check their values."
        )
    workspace = job.snapshot.workspace
    facts = {
        "guidance": workspace.guidance if workspace else "",
        "instructions": job.around.settings.chat.instructions,
    }
    instructions = render(job.around.template_of("chat"), facts)
    return await ask(
        job.around.line, Prompt((system(instructions), user(said))), keep_partial=True, **options
    )  # fmt: skip


async def _take(result: StepResult, reply: ModelReply) -> None:
    result.text = reply.text
    if reply.finish and reply.finish.model:
        result.model = str(reply.finish.model)
    if reply.problem:
        raise error_of(reply.problem)


async def _for_each_file(
    job: Job, step: MacroStep, values: Mapping[str, str], result: StepResult, make: _MakeOne
) -> None:
    """Files that an earlier try has done are not asked about again, and what it had begun is gone on with."""
    paths = await find_files(job, render(step.for_each or "", values))
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(path: str) -> None:
        async with slots:
            text = await asyncio.to_thread(_read, job, path)
            if text is None:
                return
            own = StepResult(result.name, result.kind, task=result.tasks.get(path, ""))
            filled = {**values, "file": file_value(path, text), "path": path}
            await make(filled, own, lambda task: result.tasks.__setitem__(path, task))
            # All of it or nothing: a file that is cancelled half-way is done again when the run is resumed, and what it
            # had made must not stand there twice.
            result.images += own.images
            result.files += own.files
            result.model = own.model or result.model
            result.parts[path] = own.text

    await _all(one(path) for path in paths if path not in result.parts)
    done = {path: result.parts[path] for path in paths if path in result.parts}
    said = {path: text.strip() for path, text in done.items() if text.strip()}
    result.text = "\n\n".join(f"`{path}`:\n\n{text}" for path, text in said.items())


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Side by side; the first error ends the others."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(one)
    except* HalleyError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[HalleyError]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def find_files(job: Job, pattern: str) -> list[str]:
    """The workspace's files that a glob names, as far as a model may see them.

    Raises InvalidInput when there are none, or too many to mean it.
    """
    workspace = job.snapshot.workspace
    if workspace is None:
        raise InvalidInput("`for_each` needs a workspace.", "Open a folder, or run the macro inside one.")
    exclude = job.around.settings.context.exclude
    listed = await asyncio.to_thread(list_files, workspace.root, exclude, is_secret_path)
    named = parse_rules([pattern])
    found = sorted(fact.path for fact in listed if named.leaves_out(fact.path))
    if not found:
        raise InvalidInput(f"No file matches {pattern}.", "Ignored and secret files are skipped.")
    if len(found) > MOST_FILES:
        raise InvalidInput(
            f"{pattern} matches {len(found):,} files.",
            f"Narrow the pattern: the limit is {MOST_FILES} files.",
        )
    return found


def _read(job: Job, path: str) -> str | None:
    """The editor's text where the file is open, else the disk's."""
    workspace = job.snapshot.workspace
    assert workspace is not None
    uri = (workspace.root / path).as_uri()
    if job.snapshot.document.uri == uri:
        return job.snapshot.document.text
    document = job.snapshot.open_documents.get(uri)
    return document.text if document else read_text_file(workspace.root, path)
