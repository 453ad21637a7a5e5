"""Marks for prompt caching in `/v1/messages`: what stands before a mark is read from the host's cache the next time.

Writing to the cache costs a quarter more than reading the tokens, so a prompt that nothing will follow gets no marks:
one without tools and without an earlier reply. The protocol takes four marks at most, and caches nothing below
1,024 tokens (2,048 and 4,096 for some models). Other protocols need no marks: their hosts cache by prefix.

https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from __future__ import annotations

from typing import Any

from halley.core.calls import Prompt

MARK = {"type": "ephemeral"}
LEAST_CHARACTERS = 3000
"""Fewer are fewer than 1,024 tokens in any language that is written with letters."""


def with_marks(body: dict[str, Any], prompt: Prompt) -> dict[str, Any]:
    """The body with marks on the last tool, the system text, and the ends of the two newest turns of the user.

    The newest turn is written to the cache for the next request, the one before was written by the last request.
    """
    turns: list[dict[str, Any]] = body["messages"]
    is_followed = bool(body["tools"]) or any(turn["role"] == "assistant" for turn in turns)
    if not is_followed or _characters(prompt) < LEAST_CHARACTERS:
        return body
    if body["tools"]:
        body["tools"][-1]["cache_control"] = MARK
    if body["system"]:
        body["system"] = [{"type": "text", "text": body["system"], "cache_control": MARK}]
    for turn in [turn for turn in turns if turn["role"] == "user"][-2:]:
        turn["content"][-1]["cache_control"] = MARK
    return body


def _characters(prompt: Prompt) -> int:
    said = sum(len(part) for message in prompt.messages for part in message.parts if isinstance(part, str))
    return said + sum(len(tool.description) + len(str(tool.parameters)) for tool in prompt.tools)
