"""The many names of an end, made into the four of `core.events`."""

from __future__ import annotations

from typing import Any

from halley.core.events import FinishReason

NAMES: dict[str, FinishReason] = {
    "stop": "stop", "eos_token": "stop", "eos": "stop", "end_turn": "stop", "stop_sequence": "stop", "end": "stop",
    "complete": "stop", "completed": "stop", "finished": "stop", "done": "stop", "pause_turn": "stop",
    "length": "length", "max_tokens": "length", "model_length": "length", "max_output_tokens": "length",
    "model_context_window_exceeded": "length", "limit": "length", "too_long": "length",
    "tool_calls": "tool_calls", "tool_call": "tool_calls", "tool_use": "tool_calls", "function_call": "tool_calls",
    "content_filter": "content_filter", "content_filtered": "content_filter", "safety": "content_filter",
    "sensitive": "content_filter", "recitation": "content_filter", "refusal": "content_filter",
    "blocklist": "content_filter", "prohibited_content": "content_filter", "spii": "content_filter",
}  # fmt: skip
BROKEN = frozenset(
    {"error", "network_error", "insufficient_system_resource", "cancelled", "failed", "abort", "aborted"}
)
"""Ends that say the answer is not whole."""

MALFORMED = frozenset(
    {"malformed_function_call", "malformed_tool_call", "unexpected_tool_call", "too_many_tool_calls"}
)
"""Ends that say the model wrote a call that its host could not read."""


def is_malformed(reason: str) -> bool:
    return reason.strip().lower() in MALFORMED


def is_finish(reason: Any) -> bool:
    """Does this value of `finish_reason` mean an end at all; `""` and `"null"` on every chunk do not."""
    return isinstance(reason, str) and reason.strip().lower() not in ("", "null", "none")


def is_broken(reason: str) -> bool:
    return reason.strip().lower() in BROKEN


def finish_reason(reason: str, has_tool_calls: bool) -> FinishReason:
    """An unknown name still is an end: `stop`."""
    found = NAMES.get(reason.strip().lower(), "stop")
    if found == "tool_calls" and not has_tool_calls:
        return "stop"
    return "tool_calls" if found == "stop" and has_tool_calls else found
