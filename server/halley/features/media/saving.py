"""A result into a file: in a workspace where a user agreed to, or wherever a command line says."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from halley.core.errors import InvalidInput
from halley.core.media_types import OTHER_SUFFIXES, suffix_of
from halley.features.media.names import name_of, proposed_path
from halley.stores.disk.making import BY_UMASK, fresh_beside, make_private_folder, store_failed
from halley.stores.media import MediaStore, Result, Task
from halley.stores.sqlite.blobs import blob_path


def proposed_name(task: Task, result: Result, root: Path | None, beside: str = "") -> str:
    """The name a result would be saved under, one that is free."""

    def is_taken(path: str) -> bool:
        return root is not None and os.path.lexists(root / path)

    named = str(task.asked.get("beside") or beside)
    return proposed_path(
        name_of(task.asked), result.mime, suffix_of(result.mime), named, result.variant, is_taken
    )


def chosen_result(task: Task, variant: int | None) -> Result:
    """The one named, else the chosen, else the first. Raises InvalidInput."""
    if not task.results:
        raise InvalidInput("The task has no result yet.", "Check its state with `halley media list`.")
    if variant is None:
        chosen = [result for result in task.results if result.facts.get("chosen")]
        return (chosen or list(task.results))[0]
    for result in task.results:
        if result.variant == variant:
            return result
    raise InvalidInput(f"There is no variant {variant}.", f"There are {len(task.results)}.")


def shown_path(store: MediaStore, folder: Path, task: Task, result: Result) -> Path:
    """A private copy with the right suffix, for players; made where it is missing."""
    path = folder / f"{task.id}-{result.variant}.{suffix_of(result.mime)}"
    if not path.exists():
        source = blob_path(store.folder, result.blob)
        make_private_folder(folder)
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            try:
                os.link(source, path)
            except OSError:
                with fresh_beside(path) as (file, fresh):
                    _copy(source, file)
                    fresh.replace(path)
    return path


def target_in(root: Path, path: str, suffix: str) -> Path:
    """Where `path` (relative, `/` between its parts) lies in a workspace; the right suffix is added where it has none.

    Raises InvalidInput for what is no name of a file.
    """
    parts = PurePosixPath(path.replace("\\", "/"))
    if not path.strip() or "\0" in path or path.endswith("/") or not parts.name.strip("."):
        raise InvalidInput("That is not a valid file name.", "Give a path such as images/name.png.")
    return named_with(suffix, root / parts)


def named_with(suffix: str, path: Path) -> Path:
    """The path with the suffix of the actual content: another kind's is replaced, since players go by it. One that
    names no kind of picture, sound or video is the user's own and stays."""
    own = path.suffix[1:].lower()
    if not own:
        return path.with_name(f"{path.name}.{suffix}")
    return path.with_suffix(f".{suffix}") if own in OTHER_SUFFIXES and OTHER_SUFFIXES[own] != suffix else path


def write_result(store: MediaStore, result: Result, target: Path, *, overwrite: bool = False) -> None:
    """Copies a result to `target`, whose folders are made. A link is never followed, a file only replaced if wanted.

    Raises InvalidInput where something is in the way, StoreFailed when the disk refuses.
    """
    source = blob_path(store.folder, result.blob)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.is_dir() or (target.exists() and not overwrite):
            raise InvalidInput(f"{target.name} already exists.", "Choose another name, or set `overwrite`.")
        with fresh_beside(target, BY_UMASK) as (file, fresh):
            _copy(source, file)
            if overwrite:
                fresh.replace(target)
            else:
                os.link(fresh, target)  # fails where another program was quicker
    except FileNotFoundError as error:
        if not source.exists():
            raise InvalidInput("The file of this result is gone.", "Start the task again.") from None
        raise store_failed(target, error) from None
    except FileExistsError:
        raise InvalidInput(
            f"{target.name} already exists.", "Choose another name, or set `overwrite`."
        ) from None
    except OSError as error:
        raise store_failed(target, error) from None


def _copy(source: Path, file: BinaryIO) -> None:
    """All of `source`; `file` is closed, so that it can be moved on Windows too."""
    with source.open("rb") as blob:
        shutil.copyfileobj(blob, file)
    file.close()
