"""The least that raw handlers may rely on: required fields of LSP's parameters, checked before they run.

lsprotocol checks everything and takes 0.3 ms and half a second of start-up for it; this checks what the handlers
read, in microseconds. A wrong field is named in a -32602. Parameters of `halley/*` are checked by
`lsp/protocol/`, and typed handlers by lsprotocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from halley.lsp.base.rpc_errors import InvalidParams

Check = Callable[[Any, str], None]


def check_params(method: str, params: dict[str, Any]) -> None:
    """Raises InvalidParams naming the first field that is missing or wrong."""
    for name, check in SHAPES.get(method, {}).items():
        check(params.get(name), name)


def _text(value: Any, at: str) -> None:
    if not isinstance(value, str):
        raise InvalidParams(at, "a string is expected")


def _number(value: Any, at: str) -> None:
    if type(value) is not int or value < 0:
        raise InvalidParams(at, "a whole number from 0 is expected")


def _integer(value: Any, at: str) -> None:
    if type(value) is not int:
        raise InvalidParams(at, "an integer is expected")


def _object(**fields: Check) -> Check:
    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise InvalidParams(at, "an object is expected")
        for name, check_field in fields.items():
            check_field(value.get(name), f"{at}.{name}")

    return check


def _list_of(check_item: Check) -> Check:
    def check(value: Any, at: str) -> None:
        if not isinstance(value, list):
            raise InvalidParams(at, "an array is expected")
        for index, item in enumerate(value):
            check_item(item, f"{at}[{index}]")

    return check


def _optional(check_value: Check) -> Check:
    def check(value: Any, at: str) -> None:
        if value is not None:
            check_value(value, at)

    return check


_POSITION = _object(line=_number, character=_number)
_RANGE = _object(start=_POSITION, end=_POSITION)
_DOCUMENT = _object(uri=_text)
_AT = {"textDocument": _DOCUMENT, "position": _POSITION}
_FORMAT = {"textDocument": _DOCUMENT, "options": _object()}

SHAPES: dict[str, dict[str, Check]] = {
    "textDocument/didOpen": {
        "textDocument": _object(
            uri=_text, languageId=_optional(_text), version=_optional(_integer), text=_text
        )
    },
    "textDocument/didChange": {
        "textDocument": _object(uri=_text, version=_optional(_integer)),  # null before LSP 3.17
        "contentChanges": _list_of(_object(text=_text, range=_optional(_RANGE))),
    },
    "textDocument/didSave": {"textDocument": _DOCUMENT},
    "textDocument/didClose": {"textDocument": _DOCUMENT},
    "textDocument/codeAction": {
        "textDocument": _DOCUMENT,
        "range": _RANGE,
        "context": _object(diagnostics=_list_of(_object(range=_RANGE, message=_text))),
    },
    "textDocument/codeLens": {"textDocument": _DOCUMENT},
    "textDocument/completion": _AT,
    "textDocument/inlineCompletion": {**_AT, "context": _object(triggerKind=_number)},
    "textDocument/hover": _AT,
    "textDocument/formatting": _FORMAT,
    "textDocument/rangeFormatting": {**_FORMAT, "range": _RANGE},
    "workspace/executeCommand": {"command": _text, "arguments": _optional(_list_of(lambda *_: None))},
    "workspace/textDocumentContent": {"uri": _text},
    "workspace/didChangeWorkspaceFolders": {
        "event": _object(added=_list_of(_object(uri=_text)), removed=_list_of(_object(uri=_text)))
    },
}
