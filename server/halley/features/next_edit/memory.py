"""What one window remembers for its next edits: the journal, offers and what became of them, rejected edits.

Files that may not leave this machine never enter the journal. Nothing here asks a model or touches the disk.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from halley.core.snapshot import Diagnostic, Document
from halley.core.text import Edit, apply_edits
from halley.core.usage import NextEditOutcome
from halley.engine.typing.next_edit.gates import Rejected, as_rejected
from halley.engine.typing.next_edit.journal import EditedFile, Journal, add_burst, forget

KEPT_OFFERS = 50
KEPT_REJECTIONS = 40
"""For each document."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What was typed in one document since it was last looked at: its lines before and after."""

    uri: str
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True, slots=True)
class NextEditOffer:
    """An edit of `document`. `jump`: it is on other lines than the cursor, or in another document."""

    id: str
    document: Document
    edit: Edit
    model: str
    jump: bool
    others: tuple[Edit, ...] = ()
    """More edits of the same answer, for the same text."""

    @property
    def applied(self) -> str:
        return apply_edits(self.document.text, [self.edit])

    def remaining(self) -> tuple[Edit, ...]:
        """`others` for the text with this edit made."""
        by = len(self.edit.new_text) - (self.edit.end - self.edit.start)
        return tuple(
            replace(other, start=other.start + by, end=other.end + by)
            if other.start >= self.edit.end
            else other
            for other in self.others
        )


def new_id() -> str:
    return uuid4().hex[:16]


@dataclass(slots=True)
class Memory:
    """`count` gets what becomes of offers: (model, language, outcome)."""

    count: Callable[[str, str, NextEditOutcome], None]
    journal: Journal = ()
    burst: int = 0
    """How many bursts there were; each makes other places worth asking about."""
    asked: set[tuple[str, int, int]] = field(default_factory=set[tuple[str, int, int]])
    """Regions a model was asked about since the last burst: (URI, start, end)."""
    offers: OrderedDict[str, NextEditOffer] = field(default_factory=OrderedDict)
    open: dict[str, bool] = field(default_factory=dict[str, bool])
    """Offers whose outcome is not known yet; whether they were shown."""
    rejected: dict[str, deque[Rejected]] = field(default_factory=dict[str, deque[Rejected]])
    known_diagnostics: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    # -- what was typed

    def note(self, bursts: Iterable[Burst], place_of: Callable[[str], EditedFile | None]) -> None:
        """Takes the bursts into the journal. `place_of` gives None for documents whose text must stay here."""
        for burst in bursts:
            place = place_of(burst.uri)
            if place is None:
                self.journal = forget(self.journal, burst.uri)
                continue
            self.burst += 1
            self.journal = add_burst(self.journal, place, burst.before, burst.after, self.burst)
            self.asked.clear()

    def fresh_diagnostics(self, uri: str, found: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Those that were not there before: they came with an edit. A file that had none yet is not judged."""
        before = self.known_diagnostics.get(uri)
        self.known_diagnostics[uri] = frozenset(one.message for one in found)
        return [] if before is None else [one for one in found if one.message not in before]

    # -- offers

    def keep(self, offer: NextEditOffer) -> NextEditOffer:
        self.offers[offer.id] = offer
        self.open[offer.id] = False
        while len(self.offers) > KEPT_OFFERS:
            old, _ = self.offers.popitem(last=False)
            self.open.pop(old, None)
        return offer

    def settle(self, id: str, outcome: NextEditOutcome) -> NextEditOffer | None:
        """What became of an offer. Each outcome counts once, and nothing after the last one; None for an unknown id."""
        offer = self.offers.get(id)
        if offer is None or id not in self.open:
            return offer
        if outcome == "shown":
            if not self.open[id]:
                self.open[id] = True
                self._count(offer, "shown")
            return offer
        if not self.open.pop(id):
            self._count(offer, "shown")  # an editor that does not report what it shows
        self._count(offer, outcome)
        if outcome == "rejected":
            kept = self.rejected.setdefault(offer.document.uri, deque(maxlen=KEPT_REJECTIONS))
            kept.append(as_rejected(offer.document, offer.edit))
        return offer

    def settle_passed(self, uri: str, text: str) -> None:
        """Offers for the document that its text has passed: accepted where it is just what they make of it."""
        for id in list(self.open):
            offer = self.offers[id]
            if offer.document.uri != uri or offer.document.text == text:
                continue
            if offer.applied == text:
                self.settle(id, "accepted")
            elif self.open.pop(id):
                self._count(offer, "ignored")

    def pass_by(self, id: str, bursts: Sequence[Burst]) -> None:
        """An offer in a document that none of the bursts was in: typing elsewhere ignores it."""
        offer = self.offers.get(id)
        if offer is None or any(burst.uri == offer.document.uri for burst in bursts):
            return  # its own document's text says what became of it
        if self.open.pop(id, False):
            self._count(offer, "ignored")

    def latest(self, uri: str, text: str) -> NextEditOffer | None:
        """The newest offer that is open for just this text."""
        for offer in reversed(self.offers.values()):
            if offer.id in self.open and offer.document.uri == uri and offer.document.text == text:
                return offer
        return None

    def renew(self, offer: NextEditOffer, document: Document) -> NextEditOffer:
        """The offer for the document as it is now: what was typed and taken back leaves the text, not the version."""
        renewed = replace(offer, document=document)
        self.offers[offer.id] = renewed
        return renewed

    def close_document(self, uri: str) -> None:
        """Rejected edits are remembered as long as the file is open."""
        self.rejected.pop(uri, None)
        self.known_diagnostics.pop(uri, None)

    def _count(self, offer: NextEditOffer, outcome: NextEditOutcome) -> None:
        if offer.model:
            self.count(offer.model, offer.document.language_id, outcome)
