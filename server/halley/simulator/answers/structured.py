"""Answers with a shape: tool calls, and JSON that follows a schema. Values come from the words of the request."""

from __future__ import annotations

import json
import re
from typing import Any

from halley.simulator.answers.recipes import words_of
from halley.simulator.conversation import Answer, Conversation, OfferedTool, SaidToolCall

_DEEPEST = 8
_MOST_SHOWN = 400
"""Characters of a tool's result that are passed on."""


def call_tools(asked: Conversation, call_id: str) -> Answer | None:
    """A call of the tool that fits best, when one is wanted; None when the answer should be words."""
    if not asked.tools or asked.tool_choice == "none" or asked.messages[-1].role == "tool":
        return None
    tool = _wanted_tool(asked)
    if tool is None:
        return None
    arguments = json.dumps(fill_schema(json.loads(tool.schema), asked.last), ensure_ascii=False)
    return Answer("", tool_calls=(SaidToolCall(call_id, tool.name, arguments),), finish="tool_calls")


def _wanted_tool(asked: Conversation) -> OfferedTool | None:
    by_name = {tool.name: tool for tool in asked.tools}
    if asked.tool_choice in by_name:
        return by_name[asked.tool_choice]
    named = [tool for tool in asked.tools if tool.name in asked.last]
    if named:
        return named[0]
    words = set(words_of(asked.last))
    fitting = [tool for tool in asked.tools if _subject(tool) <= words]
    if fitting and not _FENCE.search(asked.last):  # what is asked about may be there already
        return max(fitting, key=lambda tool: len(_subject(tool)))
    if asked.tool_choice in ("required", "any"):
        return max(
            asked.tools, key=lambda tool: len(words & set(words_of(f"{tool.name} {tool.description}")))
        )
    return None


_VERBS = frozenset(
    "get read list find search set run fetch do make call show look lookup query check".split()
)


def _subject(tool: OfferedTool) -> set[str]:
    """The words of a tool's name that say what it is about."""
    words = set(words_of(tool.name))
    return words - _VERBS or words


def read_tool_results(asked: Conversation) -> str:
    """What the tools said, passed on."""
    results = []
    for message in reversed(asked.messages):
        if message.role != "tool":
            break
        results.insert(0, message.text.strip())
    shown = "\n\n".join(f"> {_beginning(result)}".replace("\n", "\n> ") for result in results)
    return f"The tool answered:\n\n{shown}"


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def _beginning(text: str) -> str:
    """Its first lines; a fence that is open where they end is closed."""
    if len(text) <= _MOST_SHOWN:
        return text
    kept = text[:_MOST_SHOWN].rpartition("\n")[0] or text[:_MOST_SHOWN]
    fences = _FENCE.findall(kept)
    return f"{kept}\n…" + (f"\n{fences[0]}" if len(fences) % 2 else "")


def fill_schema(schema: Any, text: str, name: str = "", depth: int = 0) -> Any:
    """A value that follows the schema (a plain subset of JSON Schema), made of the words of `text`."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return text.strip()[:80]
    node: dict[str, Any] = schema
    if "const" in node:
        return node["const"]
    if node.get("enum"):
        return next((value for value in node["enum"] if str(value).lower() in text.lower()), node["enum"][0])
    for key in ("anyOf", "oneOf", "allOf"):
        if node.get(key):
            return fill_schema(node[key][0], text, name, depth + 1)
    if "$ref" in node:
        return {}
    kind = node.get("type")
    kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in node:
        required = node.get("required")
        properties: dict[str, Any] = node.get("properties") or {}
        wanted = properties if required is None else {k: v for k, v in properties.items() if k in required}
        return {key: fill_schema(value, text, key, depth + 1) for key, value in wanted.items()}
    if kind == "array":
        return [
            fill_schema(node.get("items", {}), text, name, depth + 1)
            for _ in range(max(1, int(node.get("minItems", 1))))
        ]
    return _scalar(kind, node, text, name)


def _scalar(kind: Any, node: dict[str, Any], text: str, name: str) -> Any:
    numbers = re.findall(r"-?\d+(?:\.\d+)?", text)
    if kind == "integer":
        low = int(node.get("minimum", 0))
        return max(low, int(float(numbers[0]))) if numbers else low
    if kind == "number":
        return float(numbers[0]) if numbers else float(node.get("minimum", 0))
    if kind == "boolean":
        return not re.search(r"\b(?:no|not|never|without|false|off)\b", text, re.I)
    if kind == "null":
        return None
    return _word(text, name)


def _word(text: str, name: str) -> str:
    """The part of the text a field of this name means."""
    words = words_of(name)
    if {"path", "file", "filename"} & set(words) and (found := re.search(r"[\w./-]+\.\w{1,5}\b", text)):
        return found[0]
    if quoted := re.search(r"[\"“'`]([^\"”'`]+)[\"”'`]", text):
        return quoted[1]
    if {"city", "location", "place", "name"} & set(words) and (
        proper := re.findall(r"(?<=\s)[A-Z]\w+(?:\s[A-Z]\w+)*", text)
    ):
        return proper[-1]
    if after := re.search(r"\b(?:for|in|about|of|to)\s+(.+?)[?.!]*$", text.strip()):
        return after[1][:200]
    return text.strip()[:200]


def answer_json(asked: Conversation) -> str:
    """JSON that follows the conversation's schema; for "any object", an answer and what it was computed from."""
    schema = json.loads(asked.response_schema or "{}")
    if not schema:
        return json.dumps(
            {"simulated": True, "asked": asked.last.strip()[:200], "words": len(asked.last.split())}
        )
    return json.dumps(fill_schema(schema, asked.last), ensure_ascii=False)
