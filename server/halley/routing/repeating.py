"""Stops a reply that goes round in circles: in its text, in its thinking, in the arguments of a call.

Each repetition is paid for, and none helps. How a circle is known is `core/repetition.py`; that it was one is in the
ledger, as the problem of an interrupted call.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from halley.core.calls import Call, FimPrompt, Prompt
from halley.core.errors import Interrupted
from halley.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from halley.core.repetition import Repetition

_HELP = (
    "What it said before is saved. Ask again, or pick another model. "
    "If the repetition is wanted, set `budget.stop_repetition = false`."
)


@dataclass(slots=True)
class Watch:
    """One attempt's streams."""

    prompt: Prompt | FimPrompt
    streams: dict[str, Repetition] = field(init=False)
    text: Repetition = field(init=False)
    """The stream of the reply itself, for callers that know that an event is of it."""

    def __post_init__(self) -> None:
        self.text = Repetition(self._is_in_prompt)
        self.streams = {"text": self.text}

    @classmethod
    def of(cls, call: Call) -> Watch | None:
        """None where nothing is to be stopped: by the setting, or because the reply is no text."""
        wanted = call.settings.budget.stop_repetition and isinstance(call.prompt, Prompt | FimPrompt)
        return cls(call.prompt) if wanted else None  # pyright: ignore[reportArgumentType]

    def see(self, event: Event) -> None:
        """Raises Interrupted once a stream goes round in circles."""
        match event:
            case TextDelta(text):
                name, what = "text", "reply"
            case ReasoningDelta(text):
                name, what = "thinking", "thinking"
            case ToolCallDelta(index=index, arguments=text) if text:
                name, what = f"call {index}", "tool call"
            case _:
                return
        if name not in self.streams:
            self.streams[name] = Repetition(self._is_in_prompt)
        found = self.streams[name].add(text)
        if found is not None:
            raise in_circles(found if name == "text" else None, what)

    def _is_in_prompt(self, passage: str) -> bool:
        prompt = self.prompt
        if isinstance(prompt, FimPrompt):
            return passage in prompt.prefix or passage in prompt.suffix
        return any(passage in message.text for message in prompt.messages)


def in_circles(repeats_from: int | None, what: str = "reply") -> Interrupted:
    """`repeats_from` is where the text begins to repeat itself; None where it is not the text that does."""
    error = Interrupted(
        f"The model's {what} went round in circles, the same passage over and over, so it was stopped.",
        _HELP,
    )
    error.repeats_from = repeats_from
    return error
