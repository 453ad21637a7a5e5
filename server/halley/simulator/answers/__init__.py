"""What is said: computed from the request, never canned.

`answer_conversation` is the way in.
"""

from __future__ import annotations

from halley.simulator.conversation import SIGNATURE, Answer, Conversation


def answer_conversation(asked: Conversation, model: str, variant: int = 0) -> Answer:
    return Answer(f"{asked.last}\n\n{SIGNATURE}")
