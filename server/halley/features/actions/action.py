"""The shape of an action: when it is offered, how it runs, what comes of it.

Action ── offers(snapshot) ──▶ Offer …        pure, for the light bulb
       └─ run(job) ──▶ Outcome                one model call or more
                        ├─ TextAnswer         text to read
                        ├─ Made               a picture that waits to be saved
                        └─ Edited             a change to make, with what could not be placed
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from halley.core.errors import Problem
from halley.core.snapshot import Diagnostic, Snapshot
from halley.core.text import WorkspaceChange
from halley.engine.code.symbols import definition_at

if TYPE_CHECKING:  # the menu lists actions; what runs them is imported when one runs
    from halley.core.calls import AnyPrompt, Prompt
    from halley.core.events import Event
    from halley.engine.prompting.context import Context
    from halley.features.ask import ModelReply
    from halley.features.media.orders import Order
    from halley.features.surroundings import Surroundings
    from halley.stores.media import Task


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of the editor's menu. `diagnostics` are indices into the snapshot's."""

    action: str
    kind: str
    title: str
    diagnostics: tuple[int, ...] = ()
    needs_instruction: bool = False
    span: tuple[int, int] | None = None
    """The part it is about, where that is not the selection."""


async def _kept_already() -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One run of an action.

    `report` shows a line of progress; `on_event` sees the reply as it streams.
    """

    around: Surroundings
    snapshot: Snapshot
    instruction: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    model: str | None = None
    report: Callable[[str], None] = lambda _text: None
    warn: Callable[[str], None] = lambda _text: None
    """Shows the user something besides the outcome."""
    on_event: Callable[[Event], None] | None = None
    inputs: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Values for a macro's inputs, by name."""
    make: Callable[[Order], Awaitable[Task]] | None = None
    """Makes a picture, sound or video, and waits for it (`features/media`)."""
    keep_run: Callable[[], Awaitable[None]] = _kept_already
    """Writes down what a run has made so far (`features/macros/pipeline.py` says how)."""

    async def context(self) -> Context:
        """What the model gets to see beside the part in question. Raises BlockedByPolicy for a secret file."""
        from halley.features.context.gather import gather_context
        from halley.features.context.shown import permit

        context = await gather_context(permit(self.around.project, self.snapshot), index=self.around.index)
        for notice in context.notices:
            self.warn(notice)
        return context

    async def ask_about(
        self, build: Callable[[Context], Prompt], *, feature: str, **options: Any
    ) -> ModelReply:
        """As `ask`, for a prompt made around this job's context.

        When a model says that it is too long it is made again, once, with a third of the context.
        """
        from halley.engine.prompting.context import build_context

        context = await self.context()

        def shorter(_prompt: AnyPrompt) -> Prompt:
            self.report("the context was too long and was cut")
            return build(build_context(self.snapshot, budget=max(200, context.tokens // 3)))

        return await self.ask(build(context), feature=feature, shorten=shorter, **options)

    async def ask(self, prompt: Prompt, *, feature: str, **options: Any) -> ModelReply:
        """`features.ask.ask` on this job's line, with its model and its listener."""
        from halley.features.ask import ask

        return await ask(
            self.around.line, prompt, feature=feature, model=self.model, on_event=self.on_event, **options
        )


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """Text to read: Markdown. `resume` names a macro and its run that failed and can be resumed."""

    title: str
    text: str
    problem: Problem | None = None
    resume: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A change to make. `kept` is the text of what could not be placed: never thrown away.

    `confirm` is a reason to ask the user first (a formatting that changes meaning, a protected file).
    """

    change: WorkspaceChange
    problems: tuple[Problem, ...] = ()
    kept: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished media task: nothing is written before confirmation."""

    task: Task


Outcome = TextAnswer | Edited | Made


@dataclass(frozen=True, slots=True)
class Action:
    id: str
    offers: Callable[[Snapshot], Iterable[Offer]]
    run: Callable[[Job], Awaitable[Outcome]]


def subject(snapshot: Snapshot) -> str:
    """What an action is about, for a menu, so without marks of Markdown: the selection, the definition at the cursor by
    its name, or the file."""
    if not snapshot.selection.is_empty:
        return "the selection"
    found = definition_at(snapshot.document.text, snapshot.selection.start, snapshot.document.language_id)
    return found.name if found else whole(snapshot)


def whole(snapshot: Snapshot) -> str:
    """What all of the document is, for a menu."""
    return "this cell" if snapshot.document.cell else "this file"


def short(message: str, limit: int = 60) -> str:
    """The first line of a message, cut for a menu."""
    line = message.strip().split("\n")[0].replace("`", "")
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
