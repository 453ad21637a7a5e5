"""The whole workspace looked at: files that changed are cut and put, files that went are dropped.

`scan` is the work; `run_scan` has a child process do it, with low priority, so that neither its memory nor its time is
taken from the daemon. The child gets the rules on stdin, reports progress on stdout, a line of JSON at a time, and
ends with its parent. If it is killed at any moment, finished files are complete; the next one does the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halley.core.errors import StoreFailed
from halley.core.index import KnownFile
from halley.engine.guards.secrecy import is_secret_path
from halley.features.search.cutters import cut_files
from halley.features.search.cutting import CUT
from halley.stores.index.filling import Entry, open_index
from halley.stores.workspace.project_files import FileFact, list_files

BATCH_FILES = 40
BATCH_CHARACTERS = 1_000_000
"""What is put in one transaction, at most: it bounds memory, and how long other writers wait."""
NICE = 10


@dataclass(frozen=True, slots=True)
class Rules:
    """What belongs into the index. `skip` are paths that `live.py` covers: documents open in an editor."""

    root: str
    database: str
    exclude: tuple[str, ...] = ()
    max_files: int = 20_000
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """`left_out`: files beyond `max_files`. `folders`, at the end: those looked into, for watching."""

    files: int
    indexed: int
    left_out: int = 0
    folders: tuple[str, ...] = ()
    done: bool = False


Tell = Callable[[Progress], None]


def scan(rules: Rules, tell: Tell) -> Progress:
    """Brings the index in line with the disk. Raises StoreFailed where that cannot be written."""
    root = Path(rules.root)
    with open_index(Path(rules.database)) as filling:
        filling.cut_as(CUT)
        folders: list[str] = []
        listed = list_files(root, rules.exclude, is_secret_path, folders)
        listed.sort(key=lambda found: (found.path.count("/"), found.path))
        facts = listed[: rules.max_files]
        known, skip = filling.known(), set(rules.skip)
        changed = [f for f in facts if f.path not in skip and _differs(f, known.get(f.path))]
        gone = known.keys() - {f.path for f in facts}
        filling.begin(len(facts), gone - skip)
        tell(Progress(len(facts), len(facts) - len(changed), len(listed) - len(facts)))
        left = len(changed)
        for batch in _batches(root, changed, known):
            filling.put(batch)
            left -= len(batch)
            tell(Progress(len(facts), len(facts) - left, len(listed) - len(facts)))
        return Progress(len(facts), len(facts), len(listed) - len(facts), tuple(folders), done=True)


def _differs(found: FileFact, known: KnownFile | None) -> bool:
    return known is None or (known.mtime_ns, known.size) != (found.mtime_ns, found.size)


def _batches(root: Path, changed: Sequence[FileFact], known: dict[str, KnownFile]) -> Iterable[list[Entry]]:
    facts = {found.path: found for found in changed}
    digests = {path: known[path].digest if path in known else None for path in facts}
    batch, size = list[Entry](), 0
    with closing(cut_files(root, list(digests.items()))) as cuts:
        for path, digest, rows in cuts:
            found = facts[path]
            batch.append(Entry(path, found.mtime_ns, found.size, digest, rows))
            size += found.size
            if len(batch) >= BATCH_FILES or size >= BATCH_CHARACTERS:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


# -- as a child process


async def run_scan(rules: Rules, tell: Tell) -> Progress:
    """As `scan`, by a child process. Cancelling ends the child. Raises StoreFailed when it failed.

    `-P` keeps the working folder, which may be a stranger's repository, off its path.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "halley.features.search.scan",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=16 << 20,
    )  # fmt: skip
    assert child.stdin and child.stdout
    last: Progress | None = None
    problem = ""
    try:
        child.stdin.write(json.dumps(asdict(rules)).encode() + b"\n")
        async for line in child.stdout:
            said = json.loads(line)
            if "problem" in said:
                problem = str(said["problem"])
                continue
            last = Progress(**said | {"folders": tuple(said["folders"])})
            tell(last)
        await child.wait()
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        child.stdin.close()  # kept open until here: its end tells the child that we are gone
        await child.wait()
    if last is None or not last.done:
        raise StoreFailed(
            f"The workspace could not be indexed{f': {problem}' if problem else '.'}",
            "`halley index rebuild` starts from scratch; `halley doctor` shows the index's folder.",
        )
    return last


def main() -> int:
    rules = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    try:
        done = scan(
            Rules(**rules | {"exclude": tuple(rules["exclude"]), "skip": tuple(rules["skip"])}), _say_progress
        )
    except (StoreFailed, OSError) as error:
        _say({"problem": error.problem.message if isinstance(error, StoreFailed) else str(error)})
        return 1
    _say_progress(done)
    return 0


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _say_progress(progress: Progress) -> None:
    _say(asdict(progress))


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
