"""Asking for a next edit in the form of the model: a row of `catalog/next.toml`, filled and sent.

Models without a row are asked by chat, with the prompt's fallback. Replies that are bare text get the marks around them
that the engine looks for (`engine/typing/next_edit/reply.py`), so that it need not know the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from halley.core.calls import NextEditPrompt
from halley.core.events import Event, Finish, TextDelta
from halley.core.next_edit import CLOSE, NOTHING, OPEN, blocks_of
from halley.providers.presets import load_catalog_file
from halley.providers.stream.streaming import Reader
from halley.providers.wires.openai_reader import OpenAIReader

Row = Mapping[str, Any]


def find_row(facts: Mapping[str, Any]) -> Row | None:
    """The form of a model with these facts; None where it has none of its own."""
    return load_catalog_file("next").get(str(facts.get("next", "")))


def path_of(row: Row) -> str:
    return str(row.get("path", "/completions"))


def build_body(name: str, row: Row, prompt: NextEditPrompt) -> dict[str, Any]:
    text = fill(row, prompt)
    streams = not row.get("message")
    return {
        "model": name,
        **({"messages": [{"role": "user", "content": text}]} if row.get("message") else {"prompt": text}),
        "max_tokens": prompt.max_tokens,
        "temperature": 0.0,
        "stop": list(row["stop"])[:16] or None,
        "stream": streams or None,
        "stream_options": {"include_usage": True} if streams else None,
    }


def fill(row: Row, prompt: NextEditPrompt) -> str:
    """The prompt's text. Every `{name}` is put in once: what a value holds is never expanded again."""
    edits = prompt.edits[-int(row.get("most_edits", 6)) :]
    written = (
        _put(row["edit"], path=e.path, diff=e.diff, old=_ended(e.old), new=_ended(e.new)) for e in edits
    )
    files = (
        (_put(row["file"], path=path, text=text) for path, text in prompt.context) if "file" in row else ()
    )
    return _put(
        row["prompt"],
        path=prompt.path,
        language=prompt.language_id,
        before=prompt.before,
        region=_marked(row, prompt).rstrip("\n"),
        after=prompt.after,
        was=prompt.was.rstrip("\n"),
        now=prompt.region.rstrip("\n"),
        edits="".join(written),
        files="".join(files),
    )


def reader_of(row: Row) -> Reader:
    inner = OpenAIReader(think=False)
    return _RegionReader(inner, str(row.get("nothing", ""))) if row.get("reply") == "region" else inner


def _marked(row: Row, prompt: NextEditPrompt) -> str:
    """The region with the row's marks: at the cursor, and at the ends of blocks."""
    marks = [(prompt.cursor, 1, str(row.get("cursor", "")))]
    if block := row.get("block"):
        marks += [
            (at, 0, f"{_put(block, n=str(number))}\n")
            for number, at in enumerate(blocks_of(prompt.region), 1)
        ]
    text = prompt.region
    for at, _, mark in sorted(marks, reverse=True):
        needs_line = mark.endswith("\n") and at and not text[:at].endswith("\n")
        text = f"{text[:at]}{chr(10) if needs_line else ''}{mark}{text[at:]}"
    return text


def _put(template: str, **values: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


class _RegionReader:
    """Puts the region's marks around bare text."""

    __slots__ = ("_inner", "_nothing", "_said", "finished", "started")

    def __init__(self, inner: OpenAIReader, nothing: str) -> None:
        self._inner, self._nothing = inner, nothing
        self._said: list[str] = []
        self.started = self.finished = False

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        events = self._mark(self._inner.feed(chunk))
        self.started, self.finished = self._inner.started, self._inner.finished
        return events

    def close(self) -> tuple[list[Event], Finish]:
        events, finish = self._inner.close()
        events = self._mark(events)
        if "".join(self._said).strip() in ("", self._nothing):
            return [*events, TextDelta(f"\n{NOTHING}")], finish  # without the closing mark there is no region
        return [*events, TextDelta(f"\n{CLOSE}")], finish

    def _mark(self, events: list[Event]) -> list[Event]:
        """Begins with the mark before the first text."""
        marked: list[Event] = []
        for event in events:
            if isinstance(event, TextDelta):
                if not self._said:
                    marked.append(TextDelta(f"{OPEN}\n"))
                self._said.append(event.text)
            marked.append(event)
        return marked
