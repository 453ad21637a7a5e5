"""The process's tasks: started, followed, resumed after a restart, cancelled.

    start ─▶ row ─▶ asked for by the one road (`ask.py`) ─▶ files          immediately
                         └─ Begun: the job's name into the row ─▶ followed ─▶ fetched
    resume: rows of processes that are no more ─▶ followed

A job is never submitted twice: a task whose job's name was not saved in time is reported as failed, because its
host may or may not have accepted it. A task outlives the window it was begun in; `listeners` hear of every change.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from halley.core.calls import Priority
from halley.core.errors import (
    BadReply,
    Cancelled,
    HalleyError,
    Interrupted,
    InvalidInput,
    Problem,
    problem_of,
)
from halley.core.events import Begun, Event, Finish, Image, Notice, Sound, TextDelta
from halley.core.media import ROLE_OF, JobState, MediaJob, MediaPrompt
from halley.core.models import ModelRef
from halley.core.pieces import Pieces
from halley.core.ports import JobHost
from halley.features.ask import Line, stream_reply
from halley.features.media.following import fetch, follow, keep
from halley.features.media.orders import Order, build_prompt, check_order, order_of
from halley.routing.clock import Clock
from halley.routing.registry import Registry
from halley.stores.media import MediaStore, Task

FEATURES = {"imageEdit": "image", "translation": "transcription"}
"""What the ledger calls it, where that is not the kind."""
WANTS = {"image": "image", "imageEdit": "image", "speech": "audio", "video": "video"}
_LINK = re.compile(r"!\[[^\]]*\]\((https?://[^\s)]+|data:image/[^\s)]+)\)")
"""How models that paint in a conversation show what they made."""

LOOK_S = 0.5
"""How often a task of another process is looked at."""
Listener = Callable[[Task], None]


@dataclass(slots=True)
class _Made:
    """What has come so far."""

    urls: list[str] = field(default_factory=list[str])
    files: int = 0
    said: Pieces = field(default_factory=Pieces)
    notices: list[str] = field(default_factory=list[str])
    job: MediaJob | None = None
    state: JobState | None = None
    finish: Finish | None = None

    @property
    def text(self) -> str:
        return str(self.said)


class Works:
    """One for a process. `shown` is where files get the names that players know them by."""

    def __init__(self, store: MediaStore, registry: Registry, clock: Clock, shown: Path) -> None:
        self.store, self.shown = store, shown
        self._registry, self._clock = registry, clock
        self.listeners: set[Listener] = set()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()

    # -- what a user asks for

    async def start(
        self, order: Order, line: Line, workspace: str | None, *, data: bytes | None = None
    ) -> Task:
        """The task, once it is on disk; it continues in the background. `data` stands for the order's source. A caller
        cancelled before it is begun leaves no task.

        Raises InvalidInput, BlockedByPolicy and NotConfigured before anything is asked.
        """
        check_order(order, data)
        prompt = await asyncio.to_thread(build_prompt, order, data)
        if not order.model:
            await line.route_of(ROLE_OF[order.kind])  # so that a missing model is reported immediately
        task = await self.store.create(order.kind, order.to_json(), workspace)
        self._go(task.id, self._make(task.id, prompt, line, order.model))
        return task

    async def make(
        self, order: Order, line: Line, workspace: str | None, *, data: bytes | None = None
    ) -> Task:
        """As `start`, and waits until it has ended. Being cancelled ends the task too; raises what went wrong."""
        task = await self.start(order, line, workspace, data=data)
        try:
            return await self.finished(task.id)
        except asyncio.CancelledError:
            await asyncio.shield(self.cancel(task.id, line))
            raise

    async def wait(self, id: str) -> Task:
        """The task once it has ended, or waits for a choice. Leaving does not end it."""
        running = self._running.get(id)
        if running is not None:
            await asyncio.shield(asyncio.wait([running]))
        return await self.store.get(id)

    async def finished(self, id: str) -> Task:
        """As `wait`; raises what went wrong."""
        task = await self.wait(id)
        if task.state == "cancelled":
            raise Cancelled("The task was cancelled.", "Start it again.")
        if task.problem is not None:
            from halley.core.errors import error_of

            raise error_of(task.problem)
        return task

    async def finished_by_anyone(self, id: str, line: Line) -> Task:
        """As `finished`, also for a task of another process, which is resumed here once that process has ended."""
        while True:
            await self.resume(line)
            task = await self.finished(id)
            if task.has_ended:
                return task
            # Another process follows it, or one that was killed just now still looks alive to the system.
            await self._clock.wait(asyncio.Event(), LOOK_S)

    async def cancel(self, id: str, line: Line) -> Task:
        """Ends a task here, and its job at the host where that can be."""
        task = await self.store.get(id)
        if task.has_ended and task.state != "choosing":
            return task
        self._cancelled.add(id)
        # On disk first: the process that follows the job may be another one, and it looks there.
        await self.store.update(id, state="cancelled")
        if (running := self._running.get(id)) is not None:
            running.cancel()
            # Until it has ended: it may be writing the job's name just now, without which the host cannot be asked
            # to stop.
            await asyncio.wait([running])
        task = await self.store.get(id)
        if task.job is not None and task.model is not None:
            try:
                await self._host(ModelRef.parse(task.model), line, task.origin).cancel(task.job)
            except HalleyError:
                pass  # it is ended here, which is what was asked for
        await self._tell(id)
        self._cancelled.discard(id)
        return task

    async def choose(self, id: str, variant: int, line: Line) -> Task:
        """Of several results the one that counts; of a grid, has one upscaled (which costs, and continues in the
        background)."""
        task = await self.store.get(id)
        if not task.has_ended:
            raise InvalidInput("It is still being made.", "Wait until it is finished.")
        if task.grid is not None:
            return await self._choose_of_grid(task, task.grid, variant, line)
        if variant not in [result.variant for result in task.results]:
            raise InvalidInput(f"There is no variant {variant}.", f"There are {len(task.results)}.")
        await self._mark_chosen(id, variant)
        return await self._tell(id)

    async def _choose_of_grid(self, task: Task, grid: MediaJob, variant: int, line: Line) -> Task:
        """One that was worked out before is only marked."""
        choices = task.facts["choices"]
        if not 1 <= variant <= len(choices):
            raise InvalidInput(f"There is no variant {variant}.", f"Choose 1 to {len(choices)}.")
        for result in task.results:
            if result.facts.get("of") == variant:
                await self._mark_chosen(task.id, result.variant)
                await self.store.update(task.id, state="complete", problem=None)
                return await self._tell(task.id)
        self._host(ModelRef.parse(task.model or ""), line, task.origin)  # the one that has the grid
        prompt = MediaPrompt("image", order_of(task.asked).text, of=grid, choice=choices[variant - 1])
        await self.store.reopen(task, {**task.facts, "working": variant})
        self._go(task.id, self._make(task.id, prompt, line, task.model))
        return replace(task, state="running", job=None, progress=None, problem=None)

    async def _mark_chosen(self, id: str, variant: int) -> None:
        for result in (await self.store.get(id)).results:
            facts = {**result.facts, "chosen": result.variant == variant}
            await self.store.save_result(id, replace(result, facts=facts))

    async def remove(self, id: str, line: Line) -> None:
        await self.cancel(id, line)
        await self.store.remove(id)

    async def resume(self, line: Line) -> list[str]:
        """Resumes the tasks of processes that have ended; returns their IDs."""
        tasks = await self.store.adopt()
        for task in tasks:
            # Whether the host took the order is unknown, and sending it again could be paid for twice.
            if task.job is None or task.model is None:
                await self._fail(task.id, _unknown(task))
            else:
                self._go(task.id, self._follow_again(task, line))
        return [task.id for task in tasks]

    async def aclose(self) -> None:
        """Releases running tasks; the next process resumes them, or the next `Works` of this one."""
        ids, tasks = list(self._running), list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.store.released.update(ids)

    # -- one task

    def _go(self, id: str, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._watched(id, work))
        self._running[id] = task

        def over(_: object) -> None:
            if self._running.get(id) is task:  # it may have been gone on with already
                del self._running[id]

        task.add_done_callback(over)

    async def _watched(self, id: str, work: Any) -> None:
        """However it ends, the row records it, except for the end of the process, after which it is resumed."""
        try:
            await work
        except HalleyError as error:
            if id not in self._cancelled:
                await self._fail(id, error.problem)
        except asyncio.CancelledError:
            if id not in self._cancelled:
                raise
        except Exception as error:
            import logging

            logging.getLogger(__name__).exception("a task failed")
            await self._fail(id, problem_of(error))

    async def _make(self, id: str, prompt: MediaPrompt, line: Line, model: str | None) -> None:
        await self.store.update(id, state="running")
        await self._tell(id)
        route = (ModelRef.parse(model),) if model else await line.route_of(ROLE_OF[prompt.kind])
        await self._know_prices(route[0], line)
        task = await self.store.get(id)
        made = _Made(files=len(task.results))
        options: dict[str, Any] = {
            "feature": order_of(task.asked).feature or FEATURES.get(prompt.kind, prompt.kind),
            "role": ROLE_OF[prompt.kind], "model": model, "priority": Priority.BATCH,
        }  # fmt: skip
        async with aclosing(stream_reply(line, prompt, **options)) as events:
            await self._take(id, prompt, cast(AsyncGenerator[Event, None], events), made, line)
        finish = made.finish
        ref = finish.model if finish else None
        usage = finish.usage if finish else None
        told: dict[str, Any] = {"model": str(ref) if ref else None, "usage": usage}
        await self.store.update(id, **{name: value for name, value in told.items() if value is not None})
        if made.job is not None and ref is not None:
            await self._follow(id, made.job, ref, line, made.state)
            return
        await self._finish(id, prompt, made, ref, line)

    async def _take(
        self, id: str, prompt: MediaPrompt, events: AsyncGenerator[Event, None], made: _Made, line: Line
    ) -> None:
        async for event in events:
            match event:
                case Begun(job, state, model):
                    made.job, made.state = job, state
                    origin = self._registry.endpoint(model.provider, line.settings).origin if model else None
                    await self.store.update(
                        id, job=job, model=str(model), origin=origin, expires=state.expires
                    )
                case Image(_, data, url) if not data:
                    made.urls.append(url)
                case Image(_, data) | Sound(_, data):
                    made.files += 1
                    wants = WANTS[prompt.kind]
                    await self.store.save_result(
                        id, await asyncio.to_thread(keep, data, wants, self.store.folder, made.files)
                    )
                case TextDelta(text):
                    made.said.add(text)
                case Notice(text):
                    made.notices.append(text)
                    facts = {**(await self.store.get(id)).facts, "notices": made.notices}
                    await self.store.update(id, facts=facts)
                case Finish():
                    made.finish = event
                case _:
                    pass

    async def _finish(
        self, id: str, prompt: MediaPrompt, made: _Made, ref: ModelRef | None, line: Line
    ) -> None:
        """Data inside the answer is taken; what is behind an address is fetched."""
        wants = WANTS.get(prompt.kind)
        if wants == "image" and not made.files and not made.urls:
            made.urls += _LINK.findall(made.text)
        if made.urls and ref is not None:
            host = self._host(ref, line)
            for url in made.urls:
                made.files += 1
                result = await fetch(host, url, "image", self.store.folder, made.files, self._clock)
                await self.store.save_result(id, result)
        if wants and not made.files:
            raise _nothing_made(prompt, made.text, ref)
        text = made.text.strip() if prompt.kind in ("transcription", "translation") else None
        await self.store.update(id, state="complete", progress=1.0, text=text)
        await self._tell(id)

    # -- jobs

    async def _follow_again(self, task: Task, line: Line) -> None:
        assert task.job is not None and task.model is not None
        await self._tell(task.id)
        ref = ModelRef.parse(task.model)
        await self._follow(task.id, task.job, ref, line, None, task.created, task.origin)

    async def _follow(
        self, id: str, job: MediaJob, ref: ModelRef, line: Line, state: JobState | None, since: float | None = None,
        origin: str | None = None,
    ) -> None:  # fmt: skip
        host = self._host(ref, line, origin)
        last: list[JobState] = []

        async def on_state(state: JobState) -> None:
            # Polls are seconds apart, so a look at the row costs nothing.
            if (await self.store.get(id)).state == "cancelled":  # by another process
                raise Cancelled("The task was cancelled.")
            if not last or (last[-1].progress, last[-1].status) != (state.progress, state.status):
                await self.store.update(id, progress=state.progress, expires=state.expires)
                await self._tell(id)
            last[:] = [state]

        if state is None or state.status == "running":
            if state is not None and state.poll_after_s:
                await self._clock.wait(asyncio.Event(), min(state.poll_after_s, 5.0))
            # `since` is when the task was created: a restart must not give a job that hangs a new lease of life.
            state = await follow(host, job, since or self._clock.now(), self._clock, on_state)
        wants = "video" if job.road == "videos" else "image"
        task = await self.store.get(id)
        working = task.facts.get("working")
        before = [result for result in task.results if working and result.facts.get("of") != working]
        for number, address in enumerate(state.addresses, len(before) + 1):
            result = await fetch(host, address, wants, self.store.folder, number, self._clock)
            if working:
                result = replace(result, facts={**result.facts, "of": working})
            await self.store.save_result(id, result)
        if working:
            await self._mark_chosen(id, len(before) + 1)
        choosing, facts = state.status == "choosing" and not working, dict(task.facts)
        if choosing:
            facts |= {"choices": list(state.choices), "grid": asdict(job)}
        await self.store.update(
            id, state="choosing" if choosing else "complete", progress=1.0, expires=None, facts=facts
        )
        await self._tell(id)

    def _host(self, ref: ModelRef, line: Line, origin: str | None = None) -> JobHost:
        """Raises InvalidInput where the provider speaks a wire without jobs, or is another than it was."""
        binding = self._registry.binding(ref.provider, line.settings)
        # Its ID is another job, or nothing, at another host; and that host would get a key with it.
        if origin is not None and binding.endpoint.origin != origin:
            raise InvalidInput(
                f"The job is at {origin}, but {ref.provider} is {binding.endpoint.origin} now.",
                f"Set `{binding.endpoint.setting('base_url')}` back to fetch it, or start it again.",
                provider=ref.provider,
                setting=binding.endpoint.setting("base_url"),
            )
        provider = self._registry.provider(binding, line.caller.ask_key)
        if not hasattr(provider, "poll"):
            raise InvalidInput(f"{ref.provider} has no jobs to fetch.", "Choose another model.")
        return cast(JobHost, provider)

    async def _know_prices(self, ref: ModelRef, line: Line) -> None:
        """What it will cost is shown, so the host's list is waited for where nothing is known yet."""
        with contextlib.suppress(HalleyError):
            await self._registry.list_models(line.settings, line.caller, provider=ref.provider)

    async def _fail(self, id: str, problem: Problem) -> None:
        if problem.code in ("invalid_input", "bad_request", "model_not_found"):
            role = ROLE_OF[(await self.store.get(id)).kind]
            problem = replace(
                problem, help=f"{problem.help} `halley models --role {role}` lists models for this.".strip()
            )
        await self.store.update(id, state="failed", problem=problem)
        await self._tell(id)

    async def _tell(self, id: str) -> Task:
        task = await self.store.get(id)
        for listener in tuple(self.listeners):
            listener(task)
        return task


def _unknown(task: Task) -> Problem:
    """A task without a job's name: whether its host has taken it cannot be known, so it is not sent again."""
    return Interrupted(
        "Halley was killed while this was being made.",
        "It is not sent again automatically, because its host may have charged for it: start it again.",
        model=task.model,
    ).problem


def _nothing_made(prompt: MediaPrompt, said: str, ref: ModelRef | None) -> BadReply:
    role = ROLE_OF[prompt.kind]
    told = f" It said: {' '.join(said.split())[:200]}" if said.strip() else ""
    return BadReply(
        f"The model made no {'picture' if role == 'image' else 'recording'}.",
        f"Choose one that does: `halley use {role} PROVIDER/MODEL`.{told}",
        model=str(ref) if ref else None,
        setting=f"roles.{role}",
    )
