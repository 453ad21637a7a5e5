"""What is known of a workspace's code: its files, and where names are defined. No context is made here (`gather.py`).

A `Project` is filled in a thread and kept fresh by looking at the files' times, at most every two seconds; a question
is answered from what is there. Open documents speak for themselves: the editor's text wins over the disk's.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path

from halley.engine.code.languages import language_id_of
from halley.engine.code.regions import line_span
from halley.engine.code.symbols import definitions
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.prompting.related import (
    Defined,
)
from halley.stores.workspace.project_files import FileFact, list_files, read_text_file

FRESH_S = 2.0
_FIRST_WAIT_S = 0.4
"""How long the first question waits for the files to be listed."""
_LONGEST_WAIT_S = 10.0
"""How long one waits that has nothing else to say."""

_DEFINES = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|protected|internal|static|async|abstract|final|pub|unsafe|inline|"
    r"virtual|override|const)\s+)*(?:def|class|fn|func|function|struct|enum|trait|interface|type|module)\s+"
    r"(?:\([^)]*\)\s*)?([^\W\d]\w{2,})",
    re.MULTILINE,
)


@dataclass(slots=True)
class _File:
    fact: FileFact
    names: tuple[tuple[str, int], ...]
    """(name, offset) of each definition."""


@dataclass(slots=True)
class Project:
    """One workspace folder."""

    root: Path
    files: dict[str, _File] = field(default_factory=dict)
    by_name: dict[str, set[str]] = field(default_factory=dict)
    checked_at: float = 0.0
    looked_up: dict[Hashable, tuple[float, bool]] = field(default_factory=dict)
    """What was asked about single files: when, and the answer."""
    _refreshing: asyncio.Task[None] | None = None
    _exclude: tuple[str, ...] = ()

    async def refresh(self, exclude: tuple[str, ...] = ()) -> None:
        """Bring the index up to date in the background; only the very first question waits, and not for long."""
        stale = time.monotonic() - self.checked_at > FRESH_S or exclude != self._exclude
        if stale and (self._refreshing is None or self._refreshing.done()):
            self._exclude = exclude
            self._refreshing = asyncio.create_task(self._reindex(exclude))
        if not self.checked_at and self._refreshing is not None:
            await asyncio.wait([self._refreshing], timeout=_FIRST_WAIT_S)

    async def list_fully(self, exclude: tuple[str, ...], until: asyncio.Future[None]) -> bool:
        """Waits until the files are listed as they are now, for callers that have time; False where `until` is done
        first."""
        await self.refresh(exclude)
        if self._refreshing is not None and not self._refreshing.done():
            waiting = (self._refreshing, until)
            await asyncio.wait(waiting, timeout=_LONGEST_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        return self.checked_at > 0 and not until.done()

    async def _reindex(self, exclude: tuple[str, ...]) -> None:
        facts = await asyncio.to_thread(list_files, self.root, exclude, is_secret_path)
        changed = [f for f in facts if (known := self.files.get(f.path)) is None or known.fact != f]
        gone = self.files.keys() - {fact.path for fact in facts}
        for path in gone:
            self._forget(path)
        for start in range(0, len(changed), 50):
            read = await asyncio.to_thread(_read_names, self.root, changed[start : start + 50])
            for file in read:
                self._learn(file)
        self.checked_at = time.monotonic()

    def _learn(self, file: _File) -> None:
        self._forget(file.fact.path)
        self.files[file.fact.path] = file
        for name, _ in file.names:
            self.by_name.setdefault(name, set()).add(file.fact.path)

    def _forget(self, path: str) -> None:
        known = self.files.pop(path, None)
        for name, _ in known.names if known else ():
            self.by_name.get(name, set()).discard(path)

    def defined(self, names: tuple[str, ...], open_texts: dict[str, str]) -> dict[str, list[Defined]]:
        """Where each name is defined, with the text of the definition."""
        found: dict[str, list[Defined]] = {}
        for name in names:
            paths = self.by_name.get(name, ())
            if not 0 < len(paths) <= 8:
                continue
            for path in paths:
                text = open_texts.get(path)
                text = read_text_file(self.root, path) if text is None else text
                if text is not None:
                    found.setdefault(name, []).extend(_definitions_of(name, path, text))
        return found

    def paths_like(self, typed: str, limit: int = 50) -> list[str]:
        """Paths that hold `typed`, shortest first: for completion."""
        wanted = typed.casefold()
        return sorted((p for p in self.files if wanted in p.casefold()), key=lambda p: (len(p), p))[:limit]


def _read_names(root: Path, facts: list[FileFact]) -> list[_File]:
    read: list[_File] = []
    for fact in facts:
        text = read_text_file(root, fact.path)
        if text is not None:
            names = tuple((match[1], match.start(1)) for match in _DEFINES.finditer(text))
            read.append(_File(fact, names))
    return read


def _definitions_of(name: str, path: str, text: str) -> list[Defined]:
    language_id = language_id_of(path)
    return [
        Defined(
            name,
            path,
            text.count("\n", 0, found.start) + 1,
            _whole_lines(text, found.start, found.end),
            language_id,
        )
        for found in definitions(text, language_id)
        if found.name == name
    ][:2]


def _whole_lines(text: str, start: int, end: int) -> str:
    first, last = line_span(text, start, end)
    return text[first:last]
