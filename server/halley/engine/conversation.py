"""A conversation as messages: what was said, newest last, as much as the model can take.

Older turns are left out first, whole; the newest turn always goes. What a turn brought in (excerpts of files) is put in
front of its own prompt, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from halley.core.calls import ImagePart, Message, assistant, system, user
from halley.core.tokens import estimate_tokens
from halley.engine.prompts import fence


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something a turn brought in: `title` names it for people, `text` goes to the model."""

    title: str
    text: str
    language_id: str = ""
    path: str = ""
    first_line: int = 1
    tokens: int = 0

    def as_markdown(self) -> str:
        return f"{self.title}:\n\n{fence(self.text, self.language_id)}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange. `reply` is empty for the turn that is being asked."""

    prompt: str
    reply: str = ""
    attachments: tuple[Attachment, ...] = ()
    images: tuple[ImagePart, ...] = ()

    def as_prompt(self) -> str:
        return "\n\n".join([*(attachment.as_markdown() for attachment in self.attachments), self.prompt])

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.as_prompt()) + estimate_tokens(self.reply)


def build_conversation(
    instructions: str, turns: Sequence[Turn], budget: int
) -> tuple[tuple[Message, ...], int]:
    """Messages for the turns within `budget` tokens, and how many of the oldest turns were left out.

    The last turn is the one being asked.
    """
    left = budget - estimate_tokens(instructions) - turns[-1].tokens
    kept = 1
    for turn in reversed(turns[:-1]):
        left -= turn.tokens
        if left < 0:
            break
        kept += 1
    messages = [system(instructions)]
    for turn in turns[-kept:]:
        messages.append(user(turn.as_prompt(), *turn.images))
        if turn.reply:
            messages.append(assistant(turn.reply))
    return tuple(messages), len(turns) - kept
