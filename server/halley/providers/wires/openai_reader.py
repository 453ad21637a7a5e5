"""Chunks of chat completions and completions → events, in every variant hosts send.

A whole reply that did not stream is one chunk with `message` instead of `delta`. What the stream as a whole
means (cut, error before or after the first word) is `stream/streaming.py`'s.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from halley.core.events import Citation, Event, Finish, Image, ReasoningDelta, Recalled, TextDelta
from halley.providers.refusals.said import Said, is_error, said_of
from halley.providers.stream.citations import citations_of, has_citations
from halley.providers.stream.finish import finish_reason, is_broken, is_finish, is_malformed
from halley.providers.stream.streaming import BadCallError, ChunkError
from halley.providers.stream.think import Habits, splitter_for
from halley.providers.stream.tool_calls import ToolCalls
from halley.providers.stream.usage import later_usage, usage_of
from halley.providers.wires.attached import ChatNotes

REASONING = ("reasoning_content", "reasoning", "thinking")
TEXT_PARTS = frozenset({"text", "output_text", "refusal", ""})
_CHUNK = frozenset(
    {
        "choices",
        "created",
        "id",
        "model",
        "object",
        "obfuscation",
        "provider",
        "service_tier",
        "system_fingerprint",
        "usage",
    }
)
_CHOICE = frozenset({"delta", "finish_reason", "index", "logprobs", "native_finish_reason"})
"""Fields that say nothing of a reply besides its text."""
THINKING_PARTS = frozenset({"thinking", "reasoning", "reasoning_text", "summary_text"})


class OpenAIReader:
    """For one reply. Only the first choice counts."""

    __slots__ = (
        "_cited",
        "_failed",
        "_notes",
        "_raw",
        "_reason",
        "_said",
        "_think",
        "_tools",
        "_usage",
        "finished",
        "started",
    )

    def __init__(self, *, think: bool = True, habits: Habits | None = None) -> None:
        self.started = False
        self.finished = False
        self._reason = ""
        self._failed: Exception | None = None
        self._usage: Any = None
        self._think = splitter_for(habits) if think else None
        self._tools = ToolCalls()
        self._notes = ChatNotes()
        self._raw: list[str] = []  # content as it came, to compare with a whole message that follows
        self._said: list[str] = []  # visible text, for offsets that count bytes
        self._cited: set[tuple[str, int | None]] = set()

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """Raises ChunkError for an error instead of a chunk, BadCallError for an end that says so of a call."""
        events: list[Event] = []
        if self._failed is not None:
            raise self._failed
        if (text := _only_text(chunk)) is not None:
            self._read_text(text, events)
            if events:
                self.started = True
            return events
        if is_error(chunk):
            raise ChunkError(said_of(chunk))
        for choice in chunk.get("choices") or ():
            if isinstance(choice, dict) and not choice.get("index"):
                self._read_choice(choice, events)
        if has_citations(chunk):
            self._cite(chunk, events)
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        if usage:
            self._usage = later_usage(self._usage, usage)
        if events:
            self.started = True
        else:
            self._raise_failure()
        return events

    def _raise_failure(self) -> None:
        """What the last chunk said went wrong: text that came with it is handed on before."""
        if self._failed is not None:
            raise self._failed

    def close(self) -> tuple[list[Event], Finish]:
        self._raise_failure()
        whole = finish_reason(self._reason, False) != "length"
        events: list[Event] = list(self._think.close(whole)) if self._think else []
        events += self._tools.close()
        if notes := self._notes.close():
            events.append(notes)
        return events, Finish(finish_reason(self._reason, bool(self._tools)), usage_of(self._usage))

    def _read_choice(self, choice: Mapping[str, Any], events: list[Event]) -> None:
        delta = choice.get("delta")
        if delta:
            self._read_message(delta, events)
        if message := choice.get("message"):
            self._read_whole(message, events)
        if text := choice.get("text"):
            self._read_content(text, events)
        if has_citations(choice):
            self._cite(choice, events)
        reason = choice.get("finish_reason")
        if reason is None or not is_finish(reason):
            return
        if is_malformed(reason):
            self._failed = BadCallError()
        elif is_broken(reason):
            self._failed = ChunkError(Said(f"finish_reason {reason}"))
        else:
            self._reason, self.finished = reason, True

    def _read_message(self, delta: Mapping[str, Any], events: list[Event]) -> None:
        if content := delta.get("content"):
            self._read_content(content, events)
            if len(delta) == 1:  # nearly all of them
                return
        self._notes.see(delta)
        for name in REASONING:
            thought = delta.get(name)
            if isinstance(thought, str) and thought:
                self._reason_apart(thought, events)
                break
        else:
            for detail in delta.get("reasoning_details") or ():
                if isinstance(detail, dict) and (thought := detail.get("text") or detail.get("summary")):
                    self._reason_apart(str(thought), events)
        if refusal := delta.get("refusal"):
            self._read_content(refusal, events)
        calls = delta.get("tool_calls") or ()
        if function := delta.get("function_call"):
            calls = ({"index": 0, "function": function},)
        for call in calls:
            events += self._tools.feed(call)
            if isinstance(call, Mapping):
                self._notes.see_call(self._tools.last, call)
        for image in delta.get("images") or ():
            events += _images(image)
        if has_citations(delta):
            self._cite(delta, events)

    def _reason_apart(self, thought: str, events: list[Event]) -> None:
        if self._think:
            self._think.thinks_elsewhere()
        events.append(ReasoningDelta(thought))

    def _read_whole(self, message: Mapping[str, Any], events: list[Event]) -> None:
        """A whole message: instead of deltas, or after them, when only what they lacked is new."""
        if not (self._raw or self._tools or self.started):
            self._read_message(message, events)
            return
        content, before = message.get("content"), "".join(self._raw)
        if isinstance(content, str) and content.startswith(before):
            self._read_content(content[len(before) :], events)
        if not self._tools:
            for call in message.get("tool_calls") or ():
                events += self._tools.feed(call)
                self._notes.see_call(self._tools.last, call)
        self._cite(message, events)

    def _read_content(self, content: Any, events: list[Event]) -> None:
        if isinstance(content, str):
            self._read_text(content, events)
            return
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                self._read_text(part, events)
            elif isinstance(part, dict):
                self._read_part(part, events)

    def _read_part(self, part: Mapping[str, Any], events: list[Event]) -> None:
        kind = part.get("type", "")
        if kind in TEXT_PARTS and isinstance(text := part.get("text") or part.get("refusal"), str):
            self._read_text(text, events)
        elif kind in THINKING_PARTS:
            thought = part.get("thinking") or part.get("text") or part.get("summary")
            for piece in thought if isinstance(thought, list) else [thought]:
                text = piece.get("text") if isinstance(piece, dict) else piece
                if isinstance(text, str) and text:
                    events.append(ReasoningDelta(text))
        elif kind in ("image_url", "image", "output_image"):
            events += _images(part)

    def _read_text(self, text: str, events: list[Event]) -> None:
        if not text:
            return
        self._raw.append(text)
        for piece in self._think.feed(text) if self._think else [TextDelta(text)]:
            if isinstance(piece, TextDelta):
                self._said.append(piece.text)
            elif isinstance(piece, Recalled):
                self._said = []
            events.append(piece)

    def _cite(self, said: Mapping[str, Any], events: list[Event]) -> None:
        for citation in citations_of(said, "".join(self._said)):
            if self._is_new(citation):
                events.append(citation)

    def _is_new(self, citation: Citation) -> bool:
        """Hosts repeat their sources with every chunk, and once with a place in the text and once without."""
        key = (citation.url, citation.start)
        known = key in self._cited or (
            citation.start is None and any(url == citation.url for url, _ in self._cited)
        )
        self._cited.add(key)
        return not known


def _only_text(chunk: Mapping[str, Any]) -> str | None:
    """The text of a chunk that holds nothing else, as nearly all do: one look instead of one for each thing it might
    hold."""
    if not (chunk.keys() <= _CHUNK) or chunk.get("usage") is not None or chunk.get("object") == "error":
        return None
    choices = chunk.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return None
    choice = choices[0]
    if not isinstance(choice, dict) or not (choice.keys() <= _CHOICE) or choice.get("index"):
        return None
    delta = choice.get("delta")
    if choice.get("finish_reason") is not None or not isinstance(delta, dict) or len(delta) != 1:
        return None
    text = delta.get("content")
    return text if isinstance(text, str) and text else None


def _images(part: Any) -> list[Event]:
    """A picture as a data URL, as bare base64, or by address; nothing for what is none of these."""
    if isinstance(part, str):
        part = {"url": part}
    inner = part.get("image_url") or part
    url = inner if isinstance(inner, str) else inner.get("url") or ""
    encoded = part.get("b64_json") or part.get("data") or ""
    mime = str(part.get("mime_type") or part.get("media_type") or "image/png")
    if url.startswith("data:"):
        head, _, encoded = url.partition(",")
        mime = head.removeprefix("data:").partition(";")[0] or mime
    elif url.startswith(("http://", "https://")):
        return [Image(mime, url=url)]
    try:
        data = base64.b64decode(encoded, validate=False)
    except (ValueError, binascii.Error, TypeError):
        return []
    return [Image(mime, data)] if data else []
