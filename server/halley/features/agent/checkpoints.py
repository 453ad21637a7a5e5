"""Taking back what an agent did: the files of its turns as they were, unsaved text included.

`Keeper` notes each step of a turn before it is made: a file's text before and after. `restore` takes the steps of a
turn and of all later ones back. It never touches a file that something else changed since without being asked to, and
then keeps those changes where they do not overlap. A restore is a checkpoint too: it can be undone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halley.core.editing import Refused
from halley.core.ports import Workbench
from halley.core.snapshot import Document
from halley.core.text import Change, CreateFile, DeleteFile, DocumentEdit, WorkspaceChange, split_lines
from halley.engine.edits.build import build_edits
from halley.engine.edits.hunks import hunks_of
from halley.engine.edits.undoing import Step, TakenBack, take_back
from halley.features.agent.paths import find_place
from halley.stores.checkpoints import Checkpoint, CheckpointStore, Touched

Json = dict[str, Any]
RESTORED = "Restored"


@dataclass(slots=True)
class Keeper:
    """The checkpoint of one turn, made with the first file that is touched."""

    store: CheckpointStore
    chat: str
    turn: str
    label: str
    id: str = field(default_factory=CheckpointStore.new_id)
    steps: dict[str, list[Step]] = field(default_factory=dict[str, list[Step]])
    """By path, in order."""

    async def before(self, path: str, now: str | None, will: str | None) -> bool:
        """A step is about to be made: on disk once this returns, so that it can be taken back after a kill too.

        Whether it is the turn's first.
        """
        first = not self.steps
        steps = self.steps.setdefault(path, [])
        steps.append((now, will))
        await self._keep(path, steps)
        return first

    async def after(self, path: str, *, made: bool, now: str | None) -> None:
        """Whether the step was made; `now` is what the file says. What the user typed meanwhile is not the step's."""
        steps = self.steps[path]
        was, will = steps.pop()
        # An editor may write other line ends than asked for, and the file as it is has to be recognised later.
        # Anything else that differs was typed by the user meanwhile and must survive taking the step back.
        after = (now if will == was or _same_lines(now, will) else will) if made else was
        # Steps that follow on one another are one: what is between them is of no use to the user.
        if steps and steps[-1][1] == was:
            was = steps.pop()[0]
        steps.append((was, after))
        await self._keep(path, steps)

    async def _keep(self, path: str, steps: Sequence[Step]) -> None:
        file = Touched(path, *steps[-1])
        await self.store.keep(self.id, self.chat, self.turn, self.label, file, len(steps) - 1, last=True)


def _same_lines(one: str | None, other: str | None) -> bool:
    """Editors write the line ends that the document has."""
    if one is None or other is None:
        return one is other
    return [line.rstrip("\r\n") for line in split_lines(one)] == [
        line.rstrip("\r\n") for line in split_lines(other)
    ]


@dataclass(frozen=True, slots=True)
class Restored:
    """`changed`: left alone, because the user changed them since; `failed`: what could not be written, and why."""

    files: tuple[str, ...]
    changed: tuple[str, ...]
    failed: tuple[str, ...]
    undo: str | None
    """The checkpoint that takes the restore back."""


async def restore(
    store: CheckpointStore,
    bench: Workbench,
    root: Path,
    id: str,
    files: Sequence[str] | None = None,
    *,
    force: bool = False,
    own: Iterable[Path] = (),
) -> Restored:
    """The files as they were before the checkpoint `id`; of all that it and later ones touched only `files`, if given.

    `force`: also those that were changed since, by taking back only what the agent did. Raises InvalidInput for a
    checkpoint there is none of.
    """
    chat = await store.chat_of(id)
    keeper = Keeper(store, chat, "", RESTORED)
    done, changed, failed = list[str](), list[str](), list[str]()
    async for path, uri, now, back in _ways_back(store, bench, root, id, files, own):
        text = now.text if now else None
        if back.changed and not force:
            changed.append(path)
        # Writing it anyway would lose what the user typed there.
        elif not back.fits:
            failed.append(f"{path}: it was changed in the same place")
        elif back.text != text:
            change = _change(uri, now, back.text)
            # The restore is kept before it is made, so a kill half-way can be undone like any other step.
            await keeper.before(path, text, back.text)
            base = {now.uri: now} if now else {}
            answer = await bench.apply(WorkspaceChange((change,), f"Restore {path}"), base)
            after = await bench.read(root / path)
            made = not isinstance(answer, Refused)
            await keeper.after(path, made=made, now=after.text if after else None)
            if isinstance(answer, Refused):
                failed.append(f"{path}: {answer.problem.message}")
            else:
                done.append(path)
    return Restored(tuple(done), tuple(changed), tuple(failed), keeper.id if done else None)


async def files_changed(
    store: CheckpointStore, bench: Workbench, root: Path, id: str, own: Iterable[Path] = ()
) -> tuple[str, ...]:
    """The files that `restore` would leave alone, because they were changed since."""
    ways = _ways_back(store, bench, root, id, None, own)
    return tuple([path async for path, _uri, _now, back in ways if back.changed or not back.fits])


async def going_back(
    store: CheckpointStore,
    bench: Workbench,
    root: Path,
    id: str,
    files: Sequence[str] | None = None,
    own: Iterable[Path] = (),
) -> tuple[WorkspaceChange, dict[str, Document]]:
    """What `restore` with `force` would do, not done, and the documents that it is made for."""
    changes, base = list[Change](), dict[str, Document]()
    async for _path, uri, now, back in _ways_back(store, bench, root, id, files, own):
        if back.fits and back.text != (now.text if now else None):
            changes.append(_change(uri, now, back.text))
            base |= {now.uri: now} if now else {}
    return WorkspaceChange(tuple(changes), "Restore"), base


async def _ways_back(
    store: CheckpointStore,
    bench: Workbench,
    root: Path,
    id: str,
    files: Sequence[str] | None,
    own: Iterable[Path],
) -> AsyncIterator[tuple[str, str, Document | None, TakenBack]]:
    """(path, URI, document as it is now, what it would be) of each file that a restore is about."""
    since = await _since(store, await store.chat_of(id), id)
    for path, steps in _steps([await store.files(one.id) for one in since]).items():
        if files is None or path in files:
            place = find_place(root, path, (), tuple(own))
            now = await bench.read(place.path)
            yield path, place.uri, now, take_back(now.text if now else None, steps)


async def _since(store: CheckpointStore, chat: str, id: str) -> list[Checkpoint]:
    found = await store.of_chat(chat)
    at = next((n for n, one in enumerate(found) if one.id == id), len(found))
    return list(found[at:])


def _steps(checkpoints: Sequence[Sequence[Touched]]) -> dict[str, list[Step]]:
    """By path, in order, of all that changed something."""
    found: dict[str, list[Step]] = {}
    for file in (file for files in checkpoints for file in files):
        if file.before != file.after:
            found.setdefault(file.path, []).append((file.before, file.after))
    return found


def _change(uri: str, now: Document | None, text: str | None) -> Change:
    """What makes a file say `text`, which it does not."""
    if now is None:
        return CreateFile(uri, text or "")
    if text is None:
        return DeleteFile(now.uri)
    return DocumentEdit(now.uri, now.version, build_edits(now.text, text))


# As the protocol shows it


async def list_json(store: CheckpointStore, chat: str) -> Json:
    return {
        "checkpoints": [
            {
                "id": one.id, "chatId": one.chat, "turnId": one.turn, "label": one.label,
                "created": one.created, "files": list(one.paths),
            }
            for one in await store.of_chat(chat)
        ]
    }  # fmt: skip


async def diff_json(store: CheckpointStore, id: str) -> Json:
    """What a checkpoint's turn changed, in hunks; lines count from 0, in the text before."""
    await store.chat_of(id)
    files = _steps([await store.files(id)])
    return {"files": [_file_json(path, steps) for path, steps in files.items()]}


def _file_json(path: str, steps: Sequence[Step]) -> Json:
    """Steps with something else between them show their hunks one after the other."""
    kind = "create" if steps[0][0] is None else "delete" if steps[-1][1] is None else "edit"
    joined = list[Step]()
    for before, after in steps:
        if joined and joined[-1][1] == before:
            joined[-1] = joined[-1][0], after
        else:
            joined.append((before, after))
    hunks = [
        {"line": hunk.line, "oldText": hunk.old_text, "newText": hunk.new_text}
        for before, after in joined
        for hunk in hunks_of(before or "", build_edits(before or "", after or ""))
    ]
    return {"path": path, "kind": kind, "hunks": hunks}
