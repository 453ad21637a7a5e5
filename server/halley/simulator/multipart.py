"""`multipart/form-data` as it is sent: fields as text, files as `Upload` (RFC 7578)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from halley.simulator.envelope import bad_request
from halley.simulator.http import Request


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime: str
    data: bytes


def read_form(request: Request) -> dict[str, Any]:
    """Fields by name; `image[]` and a field that comes twice are lists. Raises ApiError (400)."""
    match = re.search(r'boundary="?([^";]+)"?', request.headers.get("content-type", ""))
    if not match:
        raise bad_request("The request is multipart/form-data without a boundary.")
    fields: dict[str, Any] = {}
    for part in request.body.split(b"--" + match[1].encode())[1:-1]:
        head, blank, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if not blank or not name:
            raise bad_request("A part of the form has no name.")
        _add(fields, name[1].decode(), _value(head, data.removesuffix(b"\r\n")))
    return fields


def _value(head: bytes, data: bytes) -> Any:
    file = re.search(rb'filename="([^"]*)"', head)
    if not file:
        return data.decode("utf-8", "replace")
    mime = re.search(rb"(?i)content-type: *([^\r\n;]+)", head)
    return Upload(file[1].decode("utf-8", "replace"), mime[1].decode() if mime else "", data)


def _add(fields: dict[str, Any], name: str, value: Any) -> None:
    plain = name.removesuffix("[]")
    if plain in fields or name.endswith("[]"):
        before = fields.get(plain, [])
        fields[plain] = [*(before if isinstance(before, list) else [before]), value]
    else:
        fields[plain] = value
