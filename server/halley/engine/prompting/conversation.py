"""A conversation as messages: what was said, newest last, as much as the model can take.

Older turns are left out first, whole; the newest turn always goes. What a turn brought in (excerpts of files) is put in
front of its own prompt, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from halley.core.calls import ImagePart, Message, assistant, system, user
from halley.core.models import HostNotes
from halley.core.tokens import estimate_tokens
from halley.engine.prompting.prompts import fence


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
    notes: HostNotes | None = None
    """What the reply's host attached to it."""

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
            messages.append(replace(assistant(turn.reply), notes=turn.notes))
    return tuple(messages), len(turns) - kept


def turns_to_sum_up(turns: Sequence[Turn], instructions: str, budget: int, share: float = 0.4) -> int:
    """How many of the oldest turns a summary should stand for, so that the conversation fits `budget` again.

    None while it fits. Otherwise all but the newest that fill `share` of the budget; the turn being asked stays.
    """
    if estimate_tokens(instructions) + sum(turn.tokens for turn in turns) <= budget:
        return 0
    left, kept = budget * share - turns[-1].tokens, 1
    for turn in reversed(turns[:-1]):
        left -= turn.tokens
        if left < 0:
            break
        kept += 1
    return len(turns) - kept


def render_transcript(turns: Sequence[Turn], budget: int, before: str = "") -> str:
    """Turns as text for a model that sums them up; each within its share of `budget` tokens."""
    share = max(50, budget // max(1, len(turns)))
    parts = [f"Before all this, in short:\n\n{before}"] if before else []
    for turn in turns:
        parts.append(f"The user:\n\n{_cut(turn.as_prompt(), share // 2)}")
        if turn.reply:
            parts.append(f"The assistant:\n\n{_cut(turn.reply, share // 2)}")
    return "\n\n---\n\n".join(parts)


def _cut(text: str, tokens: int) -> str:
    """The beginning and the end of a text that is too long."""
    if estimate_tokens(text) <= tokens:
        return text
    keep = max(40, len(text) * tokens // max(1, estimate_tokens(text)) // 2)
    return f"{text[:keep]}\n…\n{text[-keep:]}"
