"""What a server asks of the user while one of its tools runs: a form to fill in, or an answer of a model.

Here such a request becomes plain values, for the maker of the call (`CallHelp` in `values.py`). A form that cannot be
shown honestly is declined, and what comes back is checked against what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import mcp_types as types

from halley.mcp.values import AskedReply, CallHelp, Form, FormField, ToolFailed

MOST_FIELDS, MOST_CHOICES, MOST_TEXT = 20, 12, 4000
MOST_ASKED = 200_000
"""Characters of a prompt; a user could not read more either."""
MOST_TOKENS = 16_384
"""Of an answer: the user approves a price that can be estimated."""
_SECRET = re.compile(
    r"pass(?:word|wd|phrase|code)|api.?key|secret|\btokens?\b|credential|private.?key|\bpin\b|\bcvv\b|card.?number",
    re.I,
)
"""What a form must not ask for, by the protocol: servers open a page of their own for that."""


async def fill_form(
    help: CallHelp, params: types.ElicitRequestParams
) -> types.ElicitResult | types.ErrorData:
    """Asks the user. Whatever is not a form that can be shown is declined."""
    if not isinstance(params, types.ElicitRequestFormParams):
        return types.ElicitResult(action="decline")  # pages to open are not part of it
    form = _form(params)
    if form is None:
        return types.ElicitResult(action="decline")
    filled = await help.fill(form)
    if isinstance(filled, str):
        return types.ElicitResult(action="cancel" if filled == "cancel" else "decline")
    return types.ElicitResult(action="accept", content=dict(filled))


async def sample(
    help: CallHelp, params: types.CreateMessageRequestParams
) -> types.CreateMessageResult | types.ErrorData:
    """Asks a model, after the user has approved the text. Answers with an error where they have not."""
    asked = _asked(params)
    if asked is None:
        return _error("Halley asks models with text alone, and without tools.")
    try:
        model, text, stopped = await help.sample(asked)
    except ToolFailed as error:
        return _error(str(error))
    content = types.TextContent(type="text", text=text)
    return types.CreateMessageResult(role="assistant", content=content, model=model, stop_reason=stopped)


def _error(message: str) -> types.ErrorData:
    return types.ErrorData(code=types.INVALID_REQUEST, message=message)


def _asked(params: types.CreateMessageRequestParams) -> AskedReply | None:
    """None for what holds pictures, sound or tools, or is too long to read."""
    messages: list[tuple[str, str]] = []
    for message in params.messages:
        blocks = message.content if isinstance(message.content, list) else [message.content]
        if not all(isinstance(block, types.TextContent) for block in blocks):
            return None
        messages.append((message.role, "\n\n".join(block.text for block in blocks)))  # pyright: ignore
    size = sum(len(text) for _, text in messages) + len(params.system_prompt or "")
    if params.tools or not messages or size > MOST_ASKED:
        return None
    tokens = min(max(1, params.max_tokens), MOST_TOKENS)
    warmth = params.temperature
    if warmth is not None and not 0 <= warmth <= 2:
        warmth = None
    return AskedReply(params.system_prompt or "", tuple(messages), tokens, warmth)


def _form(params: types.ElicitRequestFormParams) -> Form | None:
    """None for one that asks for a password or a key, or with fields that are required and of no kind we know."""
    schema: Mapping[str, Any] = params.requested_schema if isinstance(params.requested_schema, dict) else {}
    rows, required = schema.get("properties"), schema.get("required") or []
    if not isinstance(rows, dict) or not isinstance(required, list) or len(rows) > MOST_FIELDS:
        return None
    fields: list[FormField] = []
    for name, row in rows.items():
        field = _field(str(name), row, name in required) if isinstance(row, dict) else None
        if field is not None:
            fields.append(field)
        elif name in required:
            return None
    texts = [field for field in fields if field.kind == "text"]
    if any(
        _SECRET.search(f"{field.name} {field.title} {field.description} {params.message}") for field in texts
    ):
        return None
    return Form(params.message[:MOST_TEXT], tuple(fields))


def _field(name: str, row: Mapping[str, Any], required: bool) -> FormField | None:
    told = (str(row.get("title") or name)[:200], str(row.get("description") or "")[:MOST_TEXT], required)
    choices = _choices(row)
    match row.get("type"):
        case "string" if choices is not None:
            return FormField(name, *told, "choice", choices) if 0 < len(choices) <= MOST_CHOICES else None
        case "string":
            bounds = _bound(row, "minLength"), _bound(row, "maxLength")
            return FormField(name, *told, "text", (), *bounds)
        case "number" | "integer" as kind:
            return FormField(name, *told, kind, (), _bound(row, "minimum"), _bound(row, "maximum"))
        case "boolean":
            return FormField(name, *told, "boolean")
        case _:
            return None


def _choices(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The values to choose from; None where any text will do."""
    given, titled = row.get("enum"), row.get("oneOf")
    if isinstance(given, list):
        return tuple(one for one in given if isinstance(one, str))
    if isinstance(titled, list):
        return tuple(
            one["const"] for one in titled if isinstance(one, dict) and isinstance(one.get("const"), str)
        )
    return None


def _bound(row: Mapping[str, Any], name: str) -> float | None:
    found = row.get(name)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
