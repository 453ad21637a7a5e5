"""The seams: what a layer needs of the one below, as Protocols.

    Take                     what a reply's events are handed to
    Provider, JobHost        models and their hosts       made by `providers`
    Replier                  something that answers calls made by `routing`
    Ledger, Budgets          what was spent, what may be  made by `stores/ledger`, `routing/spending.py`
    TeamMoney                budgets shared by a team     made by `features/team.py`
    MacroLibrary, MacroRuns  macros and their runs        made by `stores/config/writer.py`, `stores/macro_runs.py`
    LessonBook               what hosts have refused      made by `stores/lessons.py`
    SearchIndex              a workspace's search index   made by `stores/index/store.py`
    SharedVectors            what a team has of it        made by `features/team_index.py`
    Editor                   the user's documents         made by `lsp/window/editor.py`
    Workbench                the texts an agent edits     made by `lsp/window/agent`, `features/agent/on_disk.py`
    Terminals                the commands it runs         made by `stores/disk/commands.py`
    LanguageTools            what language servers know   made by `lsp/window/agent`

The ledger, macros and the index are what a team could keep in one place for all its members. `features/room.py` makes
them; every other signature names the port.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # a protocol is only a type: who names one must not import what it speaks of
    from datetime import datetime
    from pathlib import Path

    from halley.core.agent import Command, CommandState, Finding, LanguageAnswer, LanguageQuestion
    from halley.core.calls import AnyPrompt, Call, Trace
    from halley.core.editing import Applied, Refused
    from halley.core.events import Event, Notice
    from halley.core.index import ChunkRow, Found, IndexFigures, KnownFile
    from halley.core.macro_runs import Run
    from halley.core.media import JobState, MediaJob
    from halley.core.models import Model, ModelRef
    from halley.core.snapshot import Document
    from halley.core.team import BudgetState
    from halley.core.text import DocumentEdit, WorkspaceChange
    from halley.core.usage import (
        Acceptance,
        Dimension,
        FailedCall,
        LoggedCall,
        NextEditCounts,
        NextEditOutcome,
        Summary,
    )

Take = Callable[["Event"], "Awaitable[object] | None"]
"""Takes the events of a reply, in order and as they come; returns what has to be awaited before more may come, or None.

It is called from the connection's own callback, so it does its work without waiting. It may raise: that ends the call.
`core.errors.Enough` ends it because no more of the reply is wanted.
"""


class Provider(Protocol):
    """One endpoint with its wire and key. Raises only `core.errors`. Cancelling a call closes its connection."""

    id: str

    async def feed(self, model: Model, prompt: AnyPrompt, take: Take, trace: Trace | None = None) -> None:
        """Hands all events to `take`, exactly one `Finish` last; or raises one error.

        Notes in `trace` what was sent and when it was answered.
        """
        ...

    async def list_models(self) -> tuple[Model, ...]:
        """The provider's own catalogue, as it answers now."""
        ...


class JobHost(Protocol):
    """A provider that works on jobs. Raises only `core.errors`."""

    async def poll(self, job: MediaJob) -> JobState:
        """How a job stands now. Costs nothing."""
        ...

    async def fetch(self, address: str, write: Callable[[bytes], object], limit: int) -> None:
        """Hands a result's bytes to `write`.

        Raises BlockedByPolicy for an address that must not be fetched, BadReply beyond `limit` bytes and for one
        that is gone.
        """
        ...

    async def cancel(self, job: MediaJob) -> bool:
        """Ends a job where the host lets one; whether it did."""
        ...


class Replier(Protocol):
    """Something that answers a call: a router, or a wrapper around one."""

    async def feed(self, call: Call, take: Take) -> None:
        """Hands all events to `take`, exactly one `Finish` last; or raises one error."""
        ...


class Ledger(Protocol):
    """Where every model call is written down: opened before it is sent, settled after it ended."""

    async def open(self, call: Call, model: ModelRef, *, attempt: int = 1, parent: int | None = None) -> int:
        """The row's id, once the row is on disk. `parent` is the row of the request's first attempt."""
        ...

    async def settle(self, entry: int, *, deferred: bool = False, **facts: Any) -> None: ...

    async def add_logged(
        self, feature: str, workspace: str | None, provider: str, calls: Iterable[LoggedCall]
    ) -> int:
        """Rows for calls that another agent made; how many were new, as each ID is taken once."""
        ...

    async def spent(self, since: float, *, feature: str = "") -> float:
        """US dollars of all calls begun since then (seconds since the epoch), or of one feature's, with estimates."""
        ...

    async def summary(
        self,
        since: float | datetime | None = None,
        until: float | datetime | None = None,
        by: Iterable[Dimension] = (),
        workspace: str | None = None,
    ) -> Summary:
        """What was used from `since` (included) to `until` (not included), grouped by the dimensions named."""
        ...

    async def failures(self, since: float | None = None, most: int = 20) -> tuple[FailedCall, ...]:
        """The newest calls that failed, broke off or were abandoned; newest first."""
        ...

    async def count_completion(
        self,
        model: ModelRef,
        language: str,
        *,
        shown: int = 0,
        accepted: int = 0,
        partly: int = 0,
        characters: int = 0,
    ) -> None:
        """Adds to how often a model's ghost text was shown and accepted."""
        ...

    async def count_next_edit(self, model: ModelRef, language: str, outcome: NextEditOutcome) -> None:
        """Adds one to how often a model's next edits were shown, accepted, rejected or ignored."""
        ...

    async def next_edits(
        self, since: float | datetime | None = None, until: float | datetime | None = None
    ) -> tuple[NextEditCounts, ...]:
        """What became of next edits by model and language; whole days."""
        ...

    async def acceptance(
        self, since: float | datetime | None = None, until: float | datetime | None = None
    ) -> tuple[Acceptance, ...]:
        """Shown and accepted completions by model and language; whole days."""
        ...


class Budgets(Protocol):
    """Money limits, asked before a call is made."""

    def applies(self, call: Call) -> bool:
        """Whether any limit is set. Where none is, neither `check` nor `settle` needs to be called."""
        ...

    async def check(self, call: Call) -> Notice | None:
        """A warning to show, or nothing. Raises BudgetExceeded when the call must not be made."""
        ...

    async def settle(self, call: Call) -> None:
        """The call has ended, however it did, and its ledger rows are settled."""
        ...


class TeamMoney(Protocol):
    """A team's budgets, shared by many machines. Raises StoreFailed; `TeamAway` where they cannot be asked now."""

    @property
    def counts(self) -> bool:
        """Whether the team has budgets, as far as this process knows."""
        ...

    async def join(self) -> None:
        """Before the first call: from then on its ledger rows are kept for the team."""
        ...

    def wake(self) -> None:
        """A call has ended: its rows may be sent. Waits for nothing."""
        ...

    async def reserve(self, reservation: str, workspace: str | None, amount: float) -> BudgetState | None:
        """Sets US dollars aside for a call; the budget that is spent, if one is, and then nothing is set aside."""
        ...

    async def release(self, reservation: str) -> None:
        """Frees what is left of it once the call's rows have been counted."""
        ...


class MacroLibrary(Protocol):
    """Where the user's macros are written. Those in force are in the settings. Raises StoreFailed."""

    def save(self, name: str, macro: Mapping[str, Any]) -> None:
        """Sets a macro as a whole. Raises InvalidInput for one that is none."""
        ...

    def remove(self, name: str) -> bool:
        """False when it was not there."""
        ...


class MacroRuns(Protocol):
    """Runs of macros that are not complete yet. Methods wait for the disk; call them in a thread."""

    def save(self, run: Run) -> None:
        """Raises StoreFailed."""
        ...

    def forget(self, run: Run) -> None: ...

    def load(self, id: str) -> Run:
        """Raises InvalidInput for a run that is not there."""
        ...

    def find_last(self, macro: str, workspace: str | None) -> Run:
        """The newest run of a macro in a workspace. Raises InvalidInput when there is none."""
        ...

    def forget_old(self) -> None:
        """Keeps the newest ones."""
        ...


class LessonBook(Protocol):
    """What hosts have refused, kept from one process to the next. `place` is an endpoint's protocol and address.

    Methods wait for the disk, and never raise: what cannot be read or written is learned again.
    """

    def load(self, place: str, fresh_s: float) -> Mapping[str, Mapping[str, Any]]:
        """Lessons by model, as `save` got them, no older than `fresh_s` seconds."""
        ...

    def save(self, place: str, model: str, lessons: Mapping[str, Any], fresh_s: float) -> None:
        """Adds the lessons of a model (JSON values by name); lists grow by what is new."""
        ...


class SearchIndex(Protocol):
    """A workspace's files in chunks, found by words and by vectors. A chunk's id is a number of this index.

    `model` is a `provider/name`, `path` is relative to the workspace's root with `/`. Raises StoreFailed.
    """

    folder: Path
    """Where it lies, with what belongs to it."""
    path: Path
    """Its database, for the process that scans."""

    @property
    def exists(self) -> bool: ...

    async def find_words(self, terms: Sequence[str], limit: int) -> list[int]:
        """Chunks that match any of these FTS5 terms, best first."""
        ...

    async def find_near(self, model: str, vector: Sequence[float], limit: int) -> list[int]:
        """Chunks whose vectors are most like this one, best first; none for a model without vectors."""
        ...

    async def find_like(self, model: str, digest: bytes, limit: int) -> list[int]:
        """The same for the vector of the text with this digest; none where it has no vector."""
        ...

    async def load_chunks(self, ids: Sequence[int]) -> dict[int, Found]:
        """The chunks that are still there, by id."""
        ...

    async def digest_at(self, path: str, line: int) -> bytes | None:
        """The digest of the chunk that a line (from 1) is in, as it was indexed."""
        ...

    async def figures(self, model: str | None) -> IndexFigures: ...

    async def embedded_by_model(self) -> dict[str, int]:
        """Chunks with a vector, by model."""
        ...

    async def missing(self, model: str, limit: int) -> list[tuple[bytes, int]]:
        """(digest, id of a chunk with it) of texts without a vector of this model, oldest first."""
        ...

    async def missing_extent(self, model: str, most_in_sample: int) -> tuple[int, int, list[Found]]:
        """Of those: how many texts, how many characters, and a sample of about so many."""
        ...

    async def known_file(self, path: str) -> KnownFile | None: ...

    async def put_file(
        self, path: str, mtime_ns: int, size: int, digest: bytes, rows: Sequence[ChunkRow]
    ) -> None:
        """The file as it is now."""
        ...

    async def note_seen(self, path: str, mtime_ns: int, size: int) -> None:
        """Written again with the same text."""
        ...

    async def drop_path(self, path: str) -> None:
        """A file, or a folder with all in it, is gone."""
        ...

    async def begin_generation(self, generation: int) -> bool:
        """Drops all files unless this generation has begun already; whether it did. Vectors are kept."""
        ...

    async def append_vectors(
        self, model: str, digests: Sequence[bytes], found: Sequence[Sequence[float]]
    ) -> None:
        """Keeps the vectors of these texts, one for each digest."""
        ...

    async def dimensions(self, model: str) -> int | None:
        """The length of this model's vectors; None where there are none."""
        ...

    async def embedded_digests(self, model: str) -> list[bytes]:
        """The digests of the chunks that have a vector of this model."""
        ...

    async def load_vectors(self, model: str, digests: Sequence[bytes]) -> dict[bytes, Sequence[float]]:
        """The vectors of these texts that are there, of length 1."""
        ...

    async def keep_only(self, model: str) -> None:
        """Removes the vectors of all other models, and those no chunk needs any more."""
        ...

    async def aclose(self) -> None: ...


class SharedVectors(Protocol):
    """Vectors of one model that a team has in common, by the digests of texts. Raises StoreFailed, NotConfigured."""

    async def find(self, digests: Sequence[bytes]) -> dict[bytes, Sequence[float]]:
        """Those that are there."""
        ...

    async def lacking(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those of the digests that have none."""
        ...

    async def share(self, found: Mapping[bytes, Sequence[float]]) -> None:
        """Adds those that are not there. All have length 1 and as many dimensions."""
        ...

    async def rest(self) -> None:
        """Nothing more is asked for some time: no connection is held until then."""
        ...


class Editor(Protocol):
    """The one way to edit the user's text, for actions, chats, proposals, tools and agents alike.

    Edits are made for a version of a text and never land on another: what a document has become meanwhile they are
    moved to, or they are refused. Implemented by `lsp/window/editor.py` for a connected client.
    """

    def read(self, uri: str) -> Document | None:
        """A document now, with its version: as the editor shows it, else from disk; None where there is neither."""
        ...

    def needs_approval(self, change: WorkspaceChange) -> str:
        """Why the user must approve a change first (a protected file, one outside the workspace); empty if not."""
        ...

    async def apply(
        self, change: WorkspaceChange, base: Mapping[str, Document], *, confirm: bool = False
    ) -> Applied | Refused:
        """Make the edits as one undo step. `base` holds the documents they were made for, by URI.

        `confirm` lets the user pick among the edits, where the editor can. Asks for no other approval.
        """
        ...

    async def propose(self, change: WorkspaceChange, base: Mapping[str, Document], reason: str = "") -> str:
        """Keep the change as a proposal that the user accepts or discards, and show it; its id."""
        ...

    async def show(self, title: str, text: str) -> str:
        """Open Markdown as a document to read; its URI."""
        ...


class Workbench(Protocol):
    """The files of a workspace as an agent works on them: open ones as the editor shows them, others as on disk.

    A path has been checked before (`features/agent/paths.py`). What a change was made for is compared with what is
    there now; it is moved along or refused, and never lands on another text.
    """

    async def read(self, path: Path) -> Document | None:
        """The text now, unsaved changes included; None where there is no such text file."""
        ...

    async def apply(self, change: WorkspaceChange, base: Mapping[str, Document]) -> Applied | Refused:
        """Make the change. `base` holds the documents it was made for, by URI. Asks for no approval."""
        ...

    def unsaved(self) -> Sequence[Path]:
        """Files whose text in the editor differs from the disk's: commands do not see these changes."""
        ...

    async def save(self, paths: Sequence[Path]) -> Sequence[Path]:
        """Has the editor save these files; those it saved."""
        ...


class Terminals(Protocol):
    """Commands that agents run, each belonging to a chat."""

    async def start(self, chat: str, command: Command, tell: Callable[[str], None]) -> str:
        """Starts it; its ID. `tell` gets the output as it comes. Raises InvalidInput where it cannot be started."""
        ...

    async def wait(self, id: str, seconds: float) -> CommandState:
        """Its state once it has ended, or after so many seconds. Raises InvalidInput for an unknown ID."""
        ...

    def state(self, chat: str, id: str) -> CommandState:
        """Raises InvalidInput where the chat has no such command."""
        ...

    async def stop(self, chat: str, id: str = "") -> None:
        """Ends one command of a chat with everything it started, or all of them."""
        ...


class LanguageTools(Protocol):
    """What the editor's language servers know, by its leave. Only `rename` and `act` raise: what is not answered is
    empty."""

    async def ask(self, what: LanguageQuestion, path: Path, text: str, offset: int) -> LanguageAnswer:
        """About the symbol at an offset of a file's text."""
        ...

    async def symbols(self, query: str) -> LanguageAnswer:
        """Symbols of the workspace by name."""
        ...

    async def rename(
        self, document: Document, offset: int, new_name: str, read: Callable[[Path], Awaitable[Document]]
    ) -> Sequence[DocumentEdit]:
        """The edits that rename the symbol at an offset; none where no server renames it.

        `read` gives the text of a file that is edited. Raises what it raises, InvalidInput for an answer that does
        not fit the texts, StaleDocument where one of them changed meanwhile.
        """
        ...

    async def act(
        self, document: Document, offset: int, title: str, read: Callable[[Path], Awaitable[Document]]
    ) -> Sequence[DocumentEdit]:
        """The edits of the code action with that title; otherwise as `rename`."""
        ...

    async def diagnostics(self, path: Path, *, settle: bool = False) -> Sequence[Finding]:
        """What is found in a file. `settle`: its text has just changed, so wait a moment for news."""
        ...
