"""The seams: what a layer needs of the one below, as Protocols.

    Provider, JobHost        models and their hosts       made by `providers`
    Replier                  something that answers calls made by `routing`
    Ledger, Budgets          what was spent, what may be  made by `stores/ledger`, `routing/spending.py`
    MacroLibrary, MacroRuns  macros and their runs        made by `stores/config/writer.py`, `stores/macro_runs.py`
    SearchIndex              a workspace's search index   made by `stores/index/store.py`
    Editor                   the user's documents         made by `lsp/window/editor.py`

The ledger, macros and the index are what a team could keep in one place for all its members. `features/room.py` makes
them; every other signature names the port.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from halley.core.calls import AnyPrompt, Call, Trace
from halley.core.editing import Applied, Refused
from halley.core.events import Event, Notice
from halley.core.index import ChunkRow, Found, IndexFigures, KnownFile
from halley.core.macro_runs import Run
from halley.core.media import Job, JobState
from halley.core.models import Model, ModelRef
from halley.core.snapshot import Document
from halley.core.text import WorkspaceChange
from halley.core.usage import Acceptance, Dimension, FailedCall, Summary


class Provider(Protocol):
    """One endpoint with its wire and key. Raises only `core.errors`.

    A caller that stops early must close the stream (`aclose`), which closes the upstream socket.
    """

    id: str

    def stream(
        self, model: Model, prompt: AnyPrompt, trace: Trace | None = None
    ) -> AsyncGenerator[Event, None]:
        """Events, then exactly one `Finish`, or one error. Notes in `trace` what was sent and when it was answered."""
        ...

    async def list_models(self) -> tuple[Model, ...]:
        """The provider's own catalogue, as it answers now."""
        ...


class JobHost(Protocol):
    """A provider that works on jobs. Raises only `core.errors`."""

    async def poll(self, job: Job) -> JobState:
        """How a job stands now. Costs nothing."""
        ...

    async def fetch(self, address: str, write: Callable[[bytes], object], limit: int) -> None:
        """Hands a result's bytes to `write`.

        Raises BlockedByPolicy for an address that must not be fetched, BadReply beyond `limit` bytes and for one
        that is gone.
        """
        ...

    async def cancel(self, job: Job) -> bool:
        """Ends a job where the host lets one; whether it did."""
        ...


class Replier(Protocol):
    """Something that answers a call: a router, or a wrapper around one."""

    def stream(self, call: Call) -> AsyncGenerator[Event, None]: ...


class Ledger(Protocol):
    """Where every model call is written down: opened before it is sent, settled after it ended."""

    async def open(self, call: Call, model: ModelRef, *, attempt: int = 1, parent: int | None = None) -> int:
        """The row's id, once the row is on disk. `parent` is the row of the request's first attempt."""
        ...

    async def settle(self, entry: int, *, deferred: bool = False, **facts: Any) -> None: ...

    async def spent(self, since: float) -> float:
        """US dollars of all calls begun since then (seconds since the epoch), estimates included."""
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

    async def acceptance(
        self, since: float | datetime | None = None, until: float | datetime | None = None
    ) -> tuple[Acceptance, ...]:
        """Shown and accepted completions by model and language; whole days."""
        ...


class Budgets(Protocol):
    """Money limits, asked before a call is made."""

    async def check(self, call: Call) -> Notice | None:
        """A warning to show, or nothing. Raises BudgetExceeded when the call must not be made."""
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

    async def keep_only(self, model: str) -> None:
        """Removes the vectors of all other models, and those no chunk needs any more."""
        ...

    async def aclose(self) -> None: ...


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
