"""Many files cut in parallel, by processes of their own: cutting is most of a first scan, and one process has one core.

`cut_files` yields the outcome of each file, in no particular order. A helper gets its files on stdin, one line of
JSON, and answers on stdout in frames, each a few files. A full pipe holds it up, so memory is bounded by what lies in
`WAITING` frames; without a reader it ends. What a helper that died leaves undone is cut here.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from halley.core.index import ChunkRow
from halley.engine.code.chunks import text_digest
from halley.features.search.cutting import cut_file
from halley.stores.workspace.project_files import read_text_file

ENOUGH_FILES = 400
"""Below it a helper takes longer to start than it spares."""
MOST_HELPERS = 3
FRAME_FILES, FRAME_CHUNKS = 20, 400
WAITING = 4
"""Frames that are read ahead."""

Job = tuple[str, bytes | None]
"""A path relative to the root, and the digest of the text that the index knows."""
Cut = tuple[str, bytes, list[ChunkRow] | None]
"""The path, the text's digest, and its rows: `None` for a text that is as it was; none for one that holds nothing."""


def cut_here(root: Path, job: Job) -> Cut:
    path, known = job
    text = read_text_file(root, path) or ""
    digest = text_digest(text)
    return path, digest, None if digest == known else cut_file(path, text)


def cut_files(root: Path, jobs: Sequence[Job], helpers: int | None = None) -> Generator[Cut]:
    """Each job's cut. `helpers`: how many processes; by default as many as the machine and the work are worth."""
    if helpers is None:
        helpers = min(MOST_HELPERS, os.cpu_count() or 1) if len(jobs) >= ENOUGH_FILES else 0
    left = dict(jobs)
    if helpers:
        for cut in _by_helpers(root, jobs, helpers):
            left.pop(cut[0], None)
            yield cut
    for job in left.items():
        yield cut_here(root, job)


Frames = queue.Queue[list[Cut] | None]


def _by_helpers(root: Path, jobs: Sequence[Job], helpers: int) -> Iterator[Cut]:
    frames: Frames = queue.Queue(WAITING)
    started = [_start(root, jobs[at::helpers], frames) for at in range(helpers)]
    try:
        running = helpers
        while running:
            frame = frames.get()
            if frame is None:
                running -= 1
            else:
                yield from frame
    finally:
        for child, _ in started:
            child.kill()
        while any(reader.is_alive() for _, reader in started):  # one may wait for room
            with contextlib.suppress(queue.Empty):
                frames.get(timeout=0.02)


def _start(
    root: Path, jobs: Sequence[Job], frames: Frames
) -> tuple[subprocess.Popen[bytes], threading.Thread]:
    """`-P` keeps the working folder, which may be a stranger's repository, off the helper's path."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "halley.features.search.cutters"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    order = {"root": str(root), "jobs": [(path, known.hex() if known else None) for path, known in jobs]}
    reader = threading.Thread(target=_talk, args=(child, order, frames), daemon=True)
    reader.start()
    return child, reader


def _talk(child: subprocess.Popen[bytes], order: Any, frames: Frames) -> None:
    """Gives a helper its files and passes on what it answers; `None` is the end of it."""
    try:
        with child:
            assert child.stdin and child.stdout
            child.stdin.write(json.dumps(order).encode() + b"\n")
            child.stdin.close()
            while True:
                frames.put(pickle.load(child.stdout))
    except (EOFError, OSError, pickle.UnpicklingError):
        pass  # it is done, or died
    finally:  # whatever happened, a caller waits for the end
        frames.put(None)


# -- as a child process


def main() -> int:
    order = json.loads(sys.stdin.buffer.readline())
    root, out = Path(order["root"]), sys.stdout.buffer
    frame: list[Cut] = []
    for path, known in order["jobs"]:
        frame.append(cut_here(root, (path, bytes.fromhex(known) if known else None)))
        if len(frame) >= FRAME_FILES or sum(len(rows or ()) for *_, rows in frame) >= FRAME_CHUNKS:
            _answer(out, frame)
            frame = []
    _answer(out, frame)
    return 0


def _answer(out: IO[bytes], frame: list[Cut]) -> None:
    try:
        pickle.dump(frame, out, pickle.HIGHEST_PROTOCOL)
        out.flush()
    except OSError:  # the reader is gone
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
