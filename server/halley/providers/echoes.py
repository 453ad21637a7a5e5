"""Keys that a host says back: taken out of everything it says, before any of it is shown, kept or counted.

    mask_of(keys)            what takes these keys out, in plain, URL-encoded, base64 and hexadecimal form
    Mask.text, Mask.value    of a text, of a JSON value
    Mask.events              of a stream, also where a key comes in several pieces
    is_request_id            whether a text may be a request id at all

Headers, bodies and errors pass by `hosts/host.py` and `refusals/errors.py`, streams by `stream/streaming.py`.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote, quote_plus

from halley.core.events import (
    Event,
    Image,
    ReasoningDelta,
    Recalled,
    Sound,
    TextDelta,
    ToolCallDelta,
    Vectors,
)

MASKED = "[key removed]"
SHORTEST, LONGEST = 8, 512
"""Characters of what is masked."""
HINT = 4
"""So many characters of a key at the end of a piece are held back: the next may complete it."""
TELLING = 12
"""So many characters of a key are masked where the stream ends within it."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")


def is_request_id(text: str) -> bool:
    """A key may look like one too: mask first."""
    return bool(_REQUEST_ID.match(text))


def mask_of(keys: Iterable[str]) -> Mask:
    """One for each set of keys; made once."""
    return _mask_of(frozenset(filter(_is_telling, keys)))


def _is_telling(key: str) -> bool:
    """Whether it is a key that would not occur by itself: `lm-studio` does."""
    if len(key) > LONGEST or " " in key:
        return False
    return len(key) >= 16 or (len(key) >= SHORTEST and any(map(str.isdigit, key)))


@lru_cache(maxsize=64)
def _mask_of(keys: frozenset[str]) -> Mask:
    return Mask({form for key in keys for form in _forms(key)})


def _forms(key: str) -> Iterator[str]:
    data = key.encode(errors="replace")
    yield from (key, key.lower(), quote(key, safe=""), quote_plus(key), data.hex(), data.hex().upper())
    for before in range(3):  # at any offset of what was encoded
        for encoded in (b64encode(b"x" * before + data), urlsafe_b64encode(b"x" * before + data)):
            yield encoded.decode()[4 if before else 0 : -4]


class Mask:
    """Takes known forms of keys out of what a host says."""

    __slots__ = ("_forms", "_pattern", "_starts", "longest")

    def __init__(self, forms: Iterable[str]) -> None:
        longest_first = sorted({form for form in forms if len(form) >= SHORTEST}, key=len, reverse=True)
        self._forms = tuple(longest_first)
        self.longest = len(longest_first[0]) if longest_first else 0
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        starts = sorted({form[:HINT] for form in longest_first})
        self._starts = re.compile("|".join(map(re.escape, starts)) or r"(?!)")

    def __bool__(self) -> bool:
        return bool(self._forms)

    def text(self, text: str) -> str:
        return self._pattern.sub(MASKED, text)

    def value(self, value: Any) -> Any:
        """A JSON value with all its texts masked, names too."""
        if not self:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {self.value(k): self.value(v) for k, v in cast("dict[str, Any]", value).items()}
        return value

    def finds(self, text: str) -> Iterator[tuple[int, int]]:
        return (match.span() for match in self._pattern.finditer(text))

    def begins_at(self, text: str) -> int:
        """Where at the end of `text` a key may have begun; its length where none has."""
        first = max(0, len(text) - self.longest + 1)
        for match in self._starts.finditer(text, first):
            rest = text[match.start() :]
            if any(form.startswith(rest) for form in self._forms):
                return match.start()
        return len(text)

    @property
    def find_start(self) -> Callable[[str], object | None]:
        """Given a text, None unless the first characters of a key are in it: a quick look at each piece of a stream."""
        return self._starts.search

    def event(self, event: Event) -> Event:
        """Any event that is complete by itself."""
        if isinstance(event, Sound | Vectors) or not self:
            return event
        said = {
            field.name: self.text(value)
            for field in fields(event)
            if isinstance(value := getattr(event, field.name), str)
            and not (isinstance(event, Image) and value.startswith("data:"))
        }
        changed = {name: text for name, text in said.items() if text != getattr(event, name)}
        return replace(event, **changed) if changed else event


class Stream:
    """Masks the events of one reply; each of its texts is followed from piece to piece."""

    __slots__ = ("_channels", "_has_keys", "_mask")

    def __init__(self, mask: Mask) -> None:
        self._mask, self._has_keys = mask, bool(mask)
        self._channels: dict[tuple[type, int], _Channel] = {}

    def feed(self, event: Event) -> Iterable[Event]:
        """What of it, and of what was held back, may pass."""
        if not self._has_keys:
            return (event,)
        if isinstance(event, Recalled):
            return self._recall(event)
        if isinstance(event, TextDelta | ReasoningDelta):
            channel = self._channels.get((type(event), 0)) or self._channel(type(event), 0)
            text = channel.feed(event.text)
            if text is event.text:
                return (event,)
            return (type(event)(text),) if text else ()
        if isinstance(event, ToolCallDelta):
            arguments = self._channel(ToolCallDelta, event.index).feed(event.arguments)
            if arguments or event.id or event.name:
                return (replace(self._mask.event(event), arguments=arguments),)  # type: ignore[arg-type]
            return ()
        return (self._mask.event(event),)

    def _recall(self, event: Recalled) -> Iterator[Event]:
        """Of text that was all recalled, its length as it was shown."""
        channel = self._channel(TextDelta, 0)
        if rest := channel.close():
            yield TextDelta(rest)
        yield Recalled(channel.shown if event.length == channel.heard else min(event.length, channel.shown))

    def close(self) -> Iterator[Event]:
        """What was held back."""
        for (kind, index), channel in self._channels.items():
            if rest := channel.close():
                yield ToolCallDelta(index, arguments=rest) if kind is ToolCallDelta else kind(rest)

    def _channel(self, kind: type, index: int) -> _Channel:
        channel = self._channels.get((kind, index))
        if channel is None:
            channel = self._channels[kind, index] = _Channel(self._mask)
        return channel


class _Channel:
    __slots__ = ("_find_start", "_held", "_mask", "_said", "heard", "shown")

    def __init__(self, mask: Mask) -> None:
        self._mask, self._find_start = mask, mask.find_start
        self._held = ""
        self.heard = self.shown = 0
        self._said = ""
        """The last characters that passed, too few to be held back: a key may have begun there."""

    def feed(self, text: str) -> str:
        self.heard += len(text)
        if not self._held and self._find_start(said := self._said + text) is None:
            self._said = said[1 - HINT :]
            self.shown += len(text)
            return text
        whole = self._said + self._held + text
        pieces: list[str] = []
        at = len(self._said)
        begin = 0
        for start, end in self._mask.finds(whole):
            pieces += whole[at:start], MASKED
            at = begin = end
        hold = max(at, begin + self._mask.begins_at(whole[begin:]))
        pieces.append(whole[at:hold])
        self._held = whole[hold:]
        self._said = whole[max(begin, hold - HINT + 1) : hold]
        return self._out("".join(pieces))

    def close(self) -> str:
        rest, self._held, self._said = self._held, "", ""
        return self._out(MASKED if len(rest) >= TELLING else rest)

    def _out(self, text: str) -> str:
        self.shown += len(text)
        return text
