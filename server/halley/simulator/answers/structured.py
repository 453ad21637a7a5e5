"""Answers with a shape: tool calls, and JSON that follows a schema. Values come from the words of the request."""

from __future__ import annotations

import json
import re
from typing import Any

from halley.simulator.answers.languages import words_of
from halley.simulator.conversation import Answer, Conversation, OfferedTool, SaidToolCall

_DEEPEST = 8
_MOST_SHOWN = 400
"""Characters of a tool's result that are passed on."""
_VERBS = set("get read list find search set run fetch do make call show look lookup query check".split())
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def call_tools(asked: Conversation, call_id: str) -> Answer | None:
    """A call of the tool that fits best, when one is wanted; None when the answer should be words."""
    if not asked.tools or asked.tool_choice == "none" or asked.messages[-1].role == "tool":
        return None
    if (tool := _wanted_tool(asked)) is None:
        return None
    arguments = json.dumps(fill_schema(json.loads(tool.schema), asked.last), ensure_ascii=False)
    return Answer("", tool_calls=(SaidToolCall(call_id, tool.name, arguments),), finish="tool_calls")


def _wanted_tool(asked: Conversation) -> OfferedTool | None:
    """The tool that is chosen, is named, or whose name's words are all in the request."""
    words = set(words_of(asked.last))
    chosen = [tool for tool in asked.tools if tool.name == asked.tool_choice]
    named = [tool for tool in asked.tools if tool.name in asked.last]
    fitting = [tool for tool in asked.tools if _subject(tool) <= words and not _FENCE.search(asked.last)]
    fitting.sort(key=lambda tool: -len(_subject(tool)))
    must = list(asked.tools) if asked.tool_choice in ("required", "any") else []
    must.sort(key=lambda tool: -len(words & set(words_of(f"{tool.name} {tool.description}"))))
    return next(iter((*chosen, *named, *fitting, *must)), None)


def _subject(tool: OfferedTool) -> set[str]:
    """The words of a tool's name that say what it is about."""
    words = set(words_of(tool.name))
    return words - _VERBS or words


def read_tool_results(asked: Conversation) -> str:
    """What the tools said, passed on."""
    results: list[str] = []
    for message in reversed(asked.messages):
        if message.role != "tool":
            break
        results.insert(0, f"> {_beginning(message.text.strip())}".replace("\n", "\n> "))
    return "The tool answered:\n\n" + "\n\n".join(results)


def _beginning(text: str) -> str:
    """Its first lines; a fence that is open where they end is closed."""
    if len(text) <= _MOST_SHOWN:
        return text
    kept = text[:_MOST_SHOWN].rpartition("\n")[0] or text[:_MOST_SHOWN]
    fences = _FENCE.findall(kept)
    return f"{kept}\n…" + (f"\n{fences[0]}" if len(fences) % 2 else "")


def answer_json(asked: Conversation) -> str:
    """JSON that follows the conversation's schema; for "any object", what was asked."""
    anything = {"const": {"simulated": True, "asked": asked.last[:200]}}
    schema = json.loads(asked.response_schema or "{}") or anything
    return json.dumps(fill_schema(schema, asked.last), ensure_ascii=False)


def fill_schema(schema: Any, text: str, name: str = "", depth: int = 0) -> Any:
    """A value that follows the schema (a plain subset of JSON Schema), made of the words of `text`."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return text.strip()[:80]
    node: dict[str, Any] = schema
    if "const" in node:
        return node["const"]
    if node.get("enum"):
        return next((value for value in node["enum"] if str(value).lower() in text.lower()), node["enum"][0])
    if wide := node.get("anyOf") or node.get("oneOf") or node.get("allOf"):
        return fill_schema(wide[0], text, name, depth + 1)
    kind = node.get("type")
    kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in node or "$ref" in node:
        properties: dict[str, Any] = node.get("properties") or {}
        wanted = {key: of for key, of in properties.items() if key in node.get("required", properties)}
        return {key: fill_schema(of, text, key, depth + 1) for key, of in wanted.items()}
    if kind == "array":
        item = fill_schema(node.get("items", {}), text, name, depth + 1)
        return [item] * max(1, int(node.get("minItems", 1)))
    return _scalar(kind, node, text, name)


def _scalar(kind: Any, node: dict[str, Any], text: str, name: str) -> Any:
    number = float(next(iter(re.findall(r"-?\d+(?:\.\d+)?", text)), node.get("minimum", 0)))
    if kind == "integer":
        return max(int(node.get("minimum", 0)), int(number))
    if kind in ("number", "null"):
        return number if kind == "number" else None
    if kind == "boolean":
        return not re.search(r"\b(?:no|not|never|without|false|off)\b", text, re.I)
    return _word(text, set(words_of(name)))


def _word(text: str, name: set[str]) -> str:
    """The part of the text that a field of this name means."""
    if {"path", "file", "filename"} & name and (found := re.search(r"[\w./-]+\.\w{1,5}\b", text)):
        return found[0]
    if quoted := re.search(r"[\"“'`]([^\"”'`]+)[\"”'`]", text):
        return quoted[1]
    proper = re.findall(r"(?<=\s)[A-Z]\w+(?:\s[A-Z]\w+)*", text)
    if {"city", "location", "place", "name"} & name and proper:
        return proper[-1]
    after = re.search(r"\b(?:for|in|about|of|to)\s+(.+?)[?.!]*$", text.strip())
    return (after[1] if after else text.strip())[:200]
