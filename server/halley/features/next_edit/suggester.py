"""Next edits of one window: every question answered, one model call at a time.

    suggest ──▶ still open?       the offer made before, for the same text
            ──▶ left over?        another edit of the answer whose first was accepted or rejected
            ──▶ pause, then ask   the best place that no model was asked about since the last edit: in the document, in
                                  other open ones, in files that are not open (`unopened.py`)

A newer question answers the older one immediately with nothing; it ends the older one's call unless that answers it
too. Questions that the user did not ask have a deadline and are never retried. What passes the gates is offered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from halley.core.calls import NextEditPrompt
from halley.core.errors import HalleyError
from halley.core.snapshot import Document, Selection, Snapshot
from halley.core.text import Edit
from halley.core.usage import NextEditOutcome
from halley.engine.edits.rebase import rebase_edits
from halley.engine.prompting.context import display_path
from halley.engine.prompting.templates import builtin_template
from halley.engine.typing.next_edit.changes import edits_of
from halley.engine.typing.next_edit.gates import Proposed, why_not
from halley.engine.typing.next_edit.journal import EditedFile, Journal
from halley.engine.typing.next_edit.region import Region, build_prompt, region_at
from halley.engine.typing.next_edit.where import (
    Candidate,
    find_candidates,
    find_elsewhere,
    latest_of,
    names_outside,
)
from halley.features.ask import Line
from halley.features.completion.pace import pause
from halley.features.context.gather import completion_context
from halley.features.context.project import Project
from halley.features.context.shown import Permitted, permit_typing
from halley.features.next_edit.call import NextEditCall, start_call
from halley.features.next_edit.memory import Burst, Memory, NextEditOffer, new_id
from halley.features.next_edit.unopened import find_unopened

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

Trigger = Literal["idle", "save", "invoked"]
CALLS = {"idle": 1, "save": 2, "invoked": 4}
"""The most calls for one question, while answers are that nothing is to be done."""
LINGER_S = 0.15
"""How long the call of a cancelled question is kept for the next one: clients cancel before they ask again."""
CONTEXT_BUDGET = 1_000
"""Tokens of other files."""
NEAR_CURSOR = 12
"""Lines between the cursor and the latest edit, within which the cursor's own place is worth a question."""
LONG = 30_000
"""Characters of a text that is searched and parsed in a thread."""


@dataclass(frozen=True, slots=True)
class Around:
    """Leave to look at files that are not open, with the workspace's index where there is one."""

    index: WorkspaceIndex | None = None


@dataclass(slots=True)
class NextEdits:
    """The next edits of one window."""

    memory: Memory
    current: Callable[[str], Document | None]
    """A document as it is now: the editor's text, else the disk's. None where it is gone."""
    around: Callable[[str], Around | None] = lambda _uri: None
    """Whether and how files that are not open are found for a document."""
    template_of: Callable[[str], str] = builtin_template
    start: Callable[..., NextEditCall] = start_call
    """Asks a model; `start_call` says with what."""
    wait: Callable[[asyncio.Future[None], float], Awaitable[bool]] = pause
    """The rest of a pause in typing: whether no newer question came in it."""
    asking: asyncio.Future[None] | None = None
    call: NextEditCall | None = None
    left: NextEditOffer | None = None
    """An offer that has more edits to offer once it is decided on."""
    away: NextEditOffer | None = None
    """The latest offer, where it is in another document than the one it was asked for in."""
    _questions: int = field(default=0)
    _found: tuple[int, list[Document]] = field(default=(-1, []))
    """Files that are not open, for the journal of a burst."""

    def note(self, bursts: Sequence[Burst], snapshot: Snapshot, project: Project | None) -> None:
        """What was typed since the last question, in any document."""
        if bursts and self.away is not None:
            self.memory.pass_by(self.away.id, bursts)
            self.away = None
        self.memory.note(bursts, lambda uri: _place(uri, snapshot, project))

    async def suggest(
        self,
        line: Line,
        snapshot: Snapshot,
        *,
        trigger: Trigger,
        project: Project | None = None,
        guarded_row: int | None = None,
    ) -> NextEditOffer | None:
        """The edit to offer; None where there is none, or where a newer question came.

        Raises the errors of `core.errors` only when invoked.
        """
        newer = self._supersede()
        document = snapshot.document
        self.memory.settle_passed(document.uri, document.text)
        if self.call is not None and self._is_out_of_date(self.call, snapshot):
            self._end_call()
        if ready := self.ready(snapshot, guarded_row):
            return ready
        permitted = permit_typing(project, snapshot)
        if permitted is None or not is_wanted(snapshot, trigger):
            self._end_call()
            return None
        try:
            if trigger == "idle" and not await self.wait(
                newer, snapshot.settings.next_edit.debounce_ms / 1000
            ):
                return None
            return await self._ask(line, permitted, newer, trigger, guarded_row)
        except HalleyError:
            if trigger == "invoked":
                raise
            return None

    def ready(self, snapshot: Snapshot, guarded_row: int | None = None) -> NextEditOffer | None:
        """What is there without asking a model: the open offer, or the next edit of the last answer."""
        document = snapshot.document
        offer = self.memory.latest(document.uri, document.text)
        if offer is not None:
            offer = self.memory.renew(offer, document)
            if self._refusal(document, offer.edit, guarded_row):
                return None
            return self._seen_from(offer, snapshot)
        return self._left_over(snapshot, guarded_row) or self._away()

    def settle(self, id: str, outcome: NextEditOutcome) -> NextEditOffer | None:
        return self.memory.settle(id, outcome)

    def close(self) -> None:
        self._supersede()
        self._end_call()

    # -- how

    def _supersede(self) -> asyncio.Future[None]:
        self._questions += 1
        if self.asking is not None and not self.asking.done():
            self.asking.set_result(None)
        self.asking = asyncio.get_running_loop().create_future()
        return self.asking

    def _end_call(self) -> None:
        if self.call is not None:
            self.call.close()
            self.call = None

    def _is_out_of_date(self, call: NextEditCall, snapshot: Snapshot) -> bool:
        if call.burst != self.memory.burst:
            return True
        asked = call.region.document
        opened = {snapshot.document.uri: snapshot.document, **snapshot.open_documents}
        now = opened.get(asked.uri) or self.current(asked.uri)
        return now is None or now.text != asked.text

    def _away(self) -> NextEditOffer | None:
        """The open offer in another document, as long as that is what it was."""
        offer = self.away
        if offer is None or offer.id not in self.memory.open:
            return None
        now = self.current(offer.document.uri)
        if now is None or now.text != offer.document.text:
            self.away = None
            return None
        return self.memory.renew(offer, now)

    def _left_over(self, snapshot: Snapshot, guarded_row: int | None) -> NextEditOffer | None:
        offer, document = self.left, snapshot.document
        if offer is None or offer.document.uri != document.uri or offer.id in self.memory.open:
            return None
        edits = {offer.applied: offer.remaining(), offer.document.text: offer.others}.get(document.text, ())
        self.left = None
        return self._offer(document, edits, offer.model, snapshot, guarded_row)

    async def _ask(
        self,
        line: Line,
        permitted: Permitted,
        newer: asyncio.Future[None],
        trigger: Trigger,
        guarded_row: int | None,
    ) -> NextEditOffer | None:
        await line.route_of("next")  # raises NotConfigured, before anything is worked out
        asked = 0
        async for candidate, document in self._candidates(permitted, trigger, newer):
            region = region_at(document, candidate)
            if newer.done() or asked >= CALLS[trigger]:
                return None
            if region is None or self._is_asked(region, candidate.at):
                continue
            asked += 1
            call = await self._answer(line, permitted, newer, region, trigger)
            if call is None:
                return None
            if call.error is not None:
                raise call.error
            if call.new is not None and (
                offer := self._read(call, candidate, permitted.snapshot, guarded_row)
            ):
                return offer
        return None

    async def _candidates(
        self, permitted: Permitted, trigger: Trigger, newer: asyncio.Future[None]
    ) -> AsyncIterator[tuple[Candidate, Document]]:
        """Places worth a question, each with its document, best first. The disk is asked last, and only when needed."""
        snapshot, journal = permitted.snapshot, self._journal(permitted)
        if not journal and trigger != "invoked":
            return
        document, at = snapshot.document, snapshot.selection.start
        others = {one.uri: one for _, one in permitted.others(8)}
        edited = {one.uri: one for one in permitted.documents}
        diagnostics = self.memory.fresh_diagnostics(document.uri, snapshot.diagnostics)

        def find() -> list[Candidate]:
            here = find_candidates(journal, document, at, diagnostics, edited)
            return [*here, *find_elsewhere(journal, edited, others.values())]

        found = await asyncio.to_thread(find) if len(document.text) > LONG else find()
        cursor = next(one for one in found if one.reason == "cursor")
        for one in found:
            if one is not cursor:
                yield one, document if one.uri == document.uri else others[one.uri]
        unopened = {one.uri: one for one in await self._unopened(permitted, journal, newer)}
        for one in find_elsewhere(journal, edited, unopened.values()):
            yield one, unopened[one.uri]
        if self._is_near(cursor) or trigger == "invoked":
            yield cursor, document

    async def _unopened(
        self, permitted: Permitted, journal: Journal, newer: asyncio.Future[None]
    ) -> list[Document]:
        """Files that are not open and use what was left behind, looked for once after each edit."""
        burst, project = self.memory.burst, permitted.project
        names = names_outside(journal, {one.uri: one for one in permitted.documents})
        around = self.around(permitted.snapshot.document.uri) if names else None
        if around is None or project is None:
            return []
        if self._found[0] != burst:
            if not await project.list_fully(permitted.snapshot.settings.context.exclude, newer):
                return []
            self._found = burst, await find_unopened(permitted, names, self.current, around.index)
        return self._found[1]

    def _journal(self, permitted: Permitted) -> Journal:
        """The edits that a question about this document may tell of: its own, and those of files that may be shown with
        it."""
        known = {document.uri for document in permitted.documents}
        return tuple(change for change in self.memory.journal if change.place.uri in known)

    def _is_near(self, cursor: Candidate) -> bool:
        """Whether the latest edit was made about where the cursor is."""
        latest = latest_of(self.memory.journal)
        burst = max((change.burst for change in latest), default=0)
        return any(
            change.place.uri == cursor.uri
            and change.row - NEAR_CURSOR <= cursor.row <= change.end + NEAR_CURSOR
            for change in latest
            if change.burst == burst
        )

    def _is_asked(self, region: Region, at: int) -> bool:
        """Whether a model was asked about this place since the last edit, and had nothing to say."""
        if self.call is not None and self.call.fits(region, self.memory.burst):
            return False
        uri = region.document.uri
        return any(other == uri and start <= at < end for other, start, end in self.memory.asked)

    async def _answer(
        self, line: Line, permitted: Permitted, newer: asyncio.Future[None], region: Region, trigger: Trigger
    ) -> NextEditCall | None:
        """The call, done; None once a newer question is there."""
        if self.call is None or not self.call.fits(region, self.memory.burst):
            self._end_call()
            prompt = await self._prompt(permitted, region)
            if newer.done():
                return None
            self.memory.asked.add((region.document.uri, region.start, region.end))
            self.call = self.start(line, prompt, region, self.memory.burst, automatic=trigger != "invoked")
        call = self.call
        try:
            await asyncio.wait([newer, call.task], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._let_linger(call)
            raise
        if newer.done():
            return None
        self.call = None
        return call

    def _let_linger(self, call: NextEditCall) -> None:
        question = self._questions

        def close() -> None:
            if self.call is call and self._questions == question:
                self._forget(call)

        asyncio.get_running_loop().call_later(LINGER_S, close)

    def _forget(self, call: NextEditCall) -> None:
        """Ends a call; its region may be asked about again."""
        region = call.region
        self.memory.asked.discard((region.document.uri, region.start, region.end))
        self._end_call()

    async def _prompt(self, permitted: Permitted, region: Region) -> NextEditPrompt:
        snapshot = permitted.snapshot
        there = moved_to(snapshot, region.document, region.cursor)
        around = permit_typing(permitted.project, there)
        context = await completion_context(around or permitted, CONTEXT_BUDGET)
        return build_prompt(
            region, display_path(there), self._journal(permitted), context, template=self.template_of("next")
        )

    def _read(
        self, call: NextEditCall, candidate: Candidate, snapshot: Snapshot, guarded_row: int | None
    ) -> NextEditOffer | None:
        """The first edit of the answer that may be offered, on the text as it is now."""
        region = call.region
        edits: Sequence[Edit] = edits_of(region, call.new or "", candidate.at)
        document = self.current(region.document.uri) or region.document
        if document.text != region.document.text:
            moved = rebase_edits(region.document.text, document.text, edits)
            edits = () if moved.conflicts else moved.edits
        return self._offer(document, edits, call.model, snapshot, guarded_row)

    def _offer(
        self,
        document: Document,
        edits: Sequence[Edit],
        model: str,
        snapshot: Snapshot,
        guarded_row: int | None,
    ) -> NextEditOffer | None:
        passed = [edit for edit in edits if not self._refusal(document, edit, guarded_row)]
        if not passed:
            return None
        offer = NextEditOffer(new_id(), document, passed[0], model, True, tuple(passed[1:]))
        self.left = offer if offer.others else None
        self.away = offer if document.uri != snapshot.document.uri else None
        return self._seen_from(self.memory.keep(offer), snapshot)

    def _refusal(self, document: Document, edit: Edit, guarded_row: int | None) -> str:
        own = [change for change in self.memory.journal if change.place.uri == document.uri]
        rejected = tuple(self.memory.rejected.get(document.uri, ()))
        return why_not(Proposed(document, edit, own, rejected, guarded_row))

    def _seen_from(self, offer: NextEditOffer, snapshot: Snapshot) -> NextEditOffer:
        """The offer with `jump` as it is from the cursor."""
        if offer.document.uri != snapshot.document.uri:
            return offer
        text, at = snapshot.document.text, snapshot.selection.start
        row = text.count("\n", 0, at)
        first, last = text.count("\n", 0, offer.edit.start), text.count("\n", 0, offer.edit.end)
        return replace(offer, jump=not first <= row <= last)


def is_wanted(snapshot: Snapshot, trigger: Trigger) -> bool:
    """Whether the settings let this question reach a model."""
    settings = snapshot.settings.next_edit
    if not snapshot.settings.roles.next and trigger != "invoked":
        return False
    if trigger == "invoked":
        return True
    if snapshot.document.language_id in settings.disabled_languages:
        return False
    return settings.when == "idle" or (settings.when == "save" and trigger == "save")


def moved_to(snapshot: Snapshot, document: Document, at: int) -> Snapshot:
    """The snapshot as if the cursor were at an offset of another of its documents."""
    if document.uri == snapshot.document.uri:
        return replace(snapshot, selection=Selection(at, at))
    opened = {snapshot.document.uri: snapshot.document, **snapshot.open_documents}
    opened.pop(document.uri, None)
    return replace(
        snapshot,
        document=document,
        selection=Selection(at, at),
        open_documents=opened,
        diagnostics=(),
        cells=(),
    )


def _place(uri: str, snapshot: Snapshot, project: Project | None) -> EditedFile | None:
    """A document as the journal knows it; None where its text must stay here."""
    document = snapshot.document if uri == snapshot.document.uri else snapshot.open_documents.get(uri)
    if document is None:
        document = next((cell for cell in snapshot.cells if cell.uri == uri), None)
    if document is None:
        return None
    there = moved_to(snapshot, document, 0)
    if permit_typing(project, there) is None:
        return None
    return EditedFile(uri, display_path(there), document.language_id)
