"""Inline completion: every question answered, one model call at a time for each document.

    complete ──▶ ready?  ──yes──▶ what is already there, with what was typed taken off
                   │no
                   └──▶ a live call whose answer still fits? wait for it : pause, then ask again

A newer question answers the older one immediately with nothing. It ends the older one's model call only when what
was typed meanwhile no longer fits the answer: people mostly type what the model is about to say. Automatic questions
are never retried, never fail over and have a deadline; invoked ones ask right away, for up to three candidates.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from halley.core.errors import HalleyError
from halley.core.snapshot import Snapshot
from halley.engine.code.notebooks import around
from halley.engine.prompting.templates import builtin_template
from halley.engine.typing.completions import read_completion
from halley.engine.typing.place import Place
from halley.engine.typing.scope import is_completable
from halley.features.ask import Line
from halley.features.completion.call import CompletionCall, Offered, prepare_prompt, start_call
from halley.features.completion.pace import DocumentState, debounce_s, pause
from halley.features.context.project import Project
from halley.features.context.shown import Permitted, permit_typing

KEPT_DOCUMENTS = 100
LINGER_S = 0.15
"""How long an abandoned call is kept, in case the next keystroke still fits it."""

CANDIDATES = (None, 0.5, 0.9)
"""Temperatures of the candidates of an invoked completion; None is the model's default."""


@dataclass(slots=True)
class Completer:
    """The completions of one window, by document. `template_of` gives a prompt template, the user's own first."""

    template_of: Callable[[str], str] = builtin_template
    documents: OrderedDict[str, DocumentState] = field(default_factory=OrderedDict)

    async def complete(
        self, line: Line, snapshot: Snapshot, *, automatic: bool, project: Project | None = None
    ) -> list[Offered]:
        """Texts to offer at the cursor, best first; empty when superseded or when there is nothing to say.

        Raises the errors of `core.errors` only when invoked: typing is never interrupted by one.
        """
        state = self._state(snapshot.document.uri)
        newer = _supersede(state)
        state.asked = snapshot.document.text, snapshot.selection.start
        if automatic and (ready := self._ready(state, snapshot)):
            return ready
        permitted = permit_typing(project, snapshot)
        if permitted is None or not is_wanted(snapshot, automatic):
            _end_call(state)
            return []
        try:
            if automatic:
                return await self._automatic(state, newer, line, permitted)
            return await self._invoked(state, newer, line, permitted)
        except (HalleyError, TimeoutError):
            if automatic:
                return []
            raise
        finally:
            if state.asking is newer:
                state.asked = None

    def ready(self, snapshot: Snapshot) -> list[Offered]:
        """What is there already, without asking a model."""
        return self._ready(self._state(snapshot.document.uri), snapshot)

    def shows(self, snapshot: Snapshot) -> bool:
        """Whether there is ghost text for just this place: it may be on the screen."""
        state = self.documents.get(snapshot.document.uri)
        return state is not None and any(call.is_done and rest_of(call, snapshot) for call in state.answers)

    def prepare(
        self, line: Line, snapshot: Snapshot, project: Project | None = None
    ) -> asyncio.Task[list[Offered]] | None:
        """Ask in the background, so that it is ready next time; None where just this is being asked already."""
        state = self._state(snapshot.document.uri)
        here = snapshot.document.text, snapshot.selection.start
        if state.asking is not None and not state.asking.done() and state.asked == here:
            return None
        return asyncio.ensure_future(self.complete(line, snapshot, automatic=True, project=project))

    def close(self) -> None:
        for state in self.documents.values():
            _supersede(state)
            _end_call(state)

    # -- how

    def _state(self, uri: str) -> DocumentState:
        state = self.documents.setdefault(uri, DocumentState())
        self.documents.move_to_end(uri)
        while len(self.documents) > KEPT_DOCUMENTS:
            _, oldest = self.documents.popitem(last=False)
            _end_call(oldest)
        return state

    def _ready(self, state: DocumentState, snapshot: Snapshot) -> list[Offered]:
        # The newest answer first: after going back and typing something else, older ones may fit again by accident.
        for call in reversed(state.answers):
            if (rest := rest_of(call, snapshot)) is not None and call.is_done:
                return [call.offer(rest)] if rest else []
        return []

    async def _automatic(
        self,
        state: DocumentState,
        newer: asyncio.Future[None],
        line: Line,
        permitted: Permitted,
    ) -> list[Offered]:
        snapshot = permitted.snapshot
        # Most keystrokes repeat what the model is about to say. Keeping such a call saves a request, and the answer
        # comes sooner.
        if state.call is not None and not _still_fits(state.call, snapshot):
            _end_call(state)
        if state.call is None:
            # A pause before the prompt is put together: for a fast typist neither the context nor a request is paid
            # for.
            if not await pause(newer, debounce_s(state, snapshot)):
                return []
            prompt = await prepare_prompt(permitted, self.template_of("complete"))
            if newer.done():  # the next question came while this one was being put together
                return []
            _end_call(state)
            state.call = start_call(line, snapshot, prompt, automatic=True)
        return await self._wait(state, state.call, newer, line, permitted)

    async def _wait(
        self,
        state: DocumentState,
        call: CompletionCall,
        newer: asyncio.Future[None],
        line: Line,
        permitted: Permitted,
    ) -> list[Offered]:
        """The call's answer for this snapshot; nothing once a newer question is there."""
        snapshot = permitted.snapshot
        try:
            # Waiting for the call itself would tie it to this question; the next one may still want its answer.
            await asyncio.wait([newer, call.ready], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            _let_linger(state, call)
            raise
        if newer.done():
            return []
        if state.call is call:
            state.call = None
        _learn(state, call)
        rest = rest_of(call, snapshot)
        if (
            rest is None and not call.failed
        ):  # the user typed something else before any text arrived: ask about the new text
            return await self._automatic(state, newer, line, permitted)
        return [call.offer(rest)] if rest else []

    async def _invoked(
        self,
        state: DocumentState,
        newer: asyncio.Future[None],
        line: Line,
        permitted: Permitted,
    ) -> list[Offered]:
        snapshot = permitted.snapshot
        _end_call(state)
        prompt = await prepare_prompt(permitted, self.template_of("complete"))
        if newer.done():
            return []
        calls = [
            start_call(line, snapshot, replace(prompt, temperature=temperature), automatic=False)
            for temperature in CANDIDATES
        ]
        try:
            gathered = asyncio.gather(*(call.ready for call in calls))
            await asyncio.wait([newer, gathered], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for call in calls:
                # The ledger separates what newer typing made pointless from what the user gave up.
                _supersede_call(call) if newer.done() else call.close()
        if newer.done():
            return []
        for call in calls:
            _learn(state, call)
        found = [call.offer(rest) for call in calls if (rest := rest_of(call, snapshot))]
        if not found and (error := next((call.error for call in calls if call.error), None)):
            raise error
        return list({offered.text: offered for offered in found}.values())


def rest_of(call: CompletionCall, snapshot: Snapshot) -> str | None:
    """What of the call's answer is still to be typed at the snapshot's cursor.

    Empty when the answer is used up or worth nothing there; None when it does not belong there at all.
    """
    typed = call.typed_since(snapshot)
    text = _folded(call.text)
    if typed is None or not text.startswith(_folded(typed)):
        return None
    place = Place(call.prefix + typed, call.suffix, call.language_id, call.mark)
    return read_completion(text[len(_folded(typed)) :], place) if text else ""


def _still_fits(call: CompletionCall, snapshot: Snapshot) -> bool:
    """Whether a running call may still answer this question: what was typed agrees with what has come so far."""
    typed = call.typed_since(snapshot)
    if typed is None:
        return False
    typed, streamed = _folded(typed), _folded(call.streamed)
    return streamed.startswith(typed) or typed.startswith(streamed)


def _folded(text: str) -> str:
    """With one kind of line ends: a document's may not be the model's."""
    return text.replace("\r\n", "\n")


def _supersede(state: DocumentState) -> asyncio.Future[None]:
    """Answer the question before this one; the future that the next one will end."""
    now = time.monotonic()
    # Longer gaps are thinking, not typing, and would make the pause creep up.
    if state.last_asked and now - state.last_asked < 2:
        state.pace_s += 0.3 * (now - state.last_asked - state.pace_s)
    state.last_asked = now
    if state.asking is not None and not state.asking.done():
        state.asking.set_result(None)
    state.asking = asyncio.get_running_loop().create_future()
    return state.asking


def _end_call(state: DocumentState) -> None:
    if state.call is not None:
        _supersede_call(state.call)
        state.call = None


def _supersede_call(call: CompletionCall) -> None:
    from halley.routing.metering import SUPERSEDED

    call.close(SUPERSEDED)


def _let_linger(state: DocumentState, call: CompletionCall) -> None:
    """Clients cancel a question before they ask the next: the call waits a moment for it, then it is closed."""
    asked = state.last_asked

    def close() -> None:
        if state.call is call and state.last_asked == asked:
            call.close()
            state.call = None

    asyncio.get_running_loop().call_later(LINGER_S, close)


def _learn(state: DocumentState, call: CompletionCall) -> None:
    if call.is_done and not call.failed:
        state.answers.append(call)
        state.latency_s += 0.3 * (call.took_s - state.latency_s)


def is_wanted(snapshot: Snapshot, automatic: bool) -> bool:
    """Whether a question here should reach a model: always when invoked, for typing where it is on and has a point."""
    settings, document = snapshot.settings.completion, snapshot.document
    if not automatic:
        return True
    if not settings.enabled or document.language_id in settings.disabled_languages:
        return False
    above, _ = around(snapshot, 1)  # below other cells an empty one says enough
    prefix = above + document.text[: snapshot.selection.start]
    return is_completable(Place(prefix, document.text[snapshot.selection.end :]))


def with_selected(snapshot: Snapshot, start: int, end: int, text: str) -> Snapshot:
    """The snapshot as if the entry chosen in the editor's list (`selectedCompletionInfo`) had been accepted."""
    whole = snapshot.document.text
    document = replace(snapshot.document, text=whole[:start] + text + whole[end:])
    at = start + len(text)
    return replace(snapshot, document=document, selection=type(snapshot.selection)(at, at))
