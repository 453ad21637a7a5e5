"""`multipart/form-data` as it is sent: fields as text, files as `Upload` (RFC 7578)."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
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
    head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n"
    form = message_from_bytes(head.encode("latin-1") + request.body, policy=policy.HTTP)
    if form.get_boundary() is None:
        raise bad_request("The request is multipart/form-data without a boundary.")
    fields: dict[str, Any] = {}
    for part in form.iter_parts():
        name, data = part.get_param("name", "", "content-disposition"), part.get_payload(decode=True)
        if not name or not isinstance(data, bytes):
            raise bad_request("A part of the form has no name.")
        file = part.get_filename()
        value = (
            data.decode("utf-8", "replace") if file is None else Upload(file, part.get_content_type(), data)
        )
        plain = str(name).removesuffix("[]")
        if plain in fields or name != plain:
            before = fields.get(plain, [])
            value = [*(before if isinstance(before, list) else [before]), value]
        fields[plain] = value
    return fields
