"""What an error body says, in whichever form: JSON of many shapes, a web page, plain text.

{"error": {"message", "type", "param", "code"}}     OpenAI and its kind; code is text, a number, null or empty
{"error": "text"}  {"object": "error", "message"}   Ollama, vLLM
{"type": "error", "error": {"type", "message"}}     Anthropic
{"message" | "msg" | "err" | "error_msg" | "errorMsg" | "detail": …}, {"header": {"message"}}   others
{"detail": [{"loc": ["body", "x"], "msg"}]}         FastAPI
[{"error": {…}}]                                    Gemini
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from halley.providers.echoes import Mask

MESSAGES = (
    "message",
    "msg",
    "err",
    "error_msg",
    "errorMsg",
    "error_message",
    "error_description",
    "detail",
    "reason",
)
_REQUEST_ID = re.compile(r"\(?\brequest[ _-]?id: ?([\w.-]{6,80})\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """An error body, read. Everything is lower-case-free, as the host wrote it."""

    message: str = ""
    code: str = ""
    """As text, whatever it was."""
    type: str = ""
    param: str = ""
    request_id: str = ""
    is_html: bool = False
    status: int | None = None
    """An HTTP status inside the body."""

    @property
    def names(self) -> str:
        """Code and type, lower case, for looking things up."""
        return f"{self.code} {self.type}".lower()

    @property
    def words(self) -> str:
        """All of it, lower case."""
        return f"{self.code} {self.type} {self.message}".lower()


def masked(said: Said, mask: Mask) -> Said:
    """Without keys that the host said back."""
    if not mask:
        return said
    texts = {
        name: mask.text(getattr(said, name)) for name in ("message", "code", "type", "param", "request_id")
    }
    return replace(said, **texts)


def read_said(body: bytes) -> Said:
    """What the body of an error says; never raises."""
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        return Said(_page_title(text), is_html=True)
    if text[:1] in (b"{", b"["):
        try:
            return said_of(orjson.loads(text))
        except ValueError:
            pass
    return _finish(Said(text.decode(errors="replace").strip()[:2000]))


def said_of(value: Any) -> Said:
    """The same, of a value that was parsed already."""
    if isinstance(value, list):
        value = value[0] if value else {}
    if isinstance(value, str):
        return _finish(Said(value))
    if not isinstance(value, Mapping):
        return Said()
    inner = value.get("error")
    if isinstance(inner, list):
        inner = inner[0] if inner else {}
    if isinstance(inner, str) and inner:
        return _finish(
            _fields(value, message=_text(value, *MESSAGES) if _is_code(inner) else inner, code=inner)
        )
    if isinstance(inner, Mapping):
        return _finish(_fields(inner, outer=value))
    if isinstance(value.get("header"), Mapping):
        return _finish(_fields(value["header"], outer=value))
    return _finish(_fields(value))


def is_error(value: Any) -> bool:
    """Is this object of a 200 answer an error instead of a piece of one."""
    if not isinstance(value, Mapping):
        return False
    if value.get("error"):
        return True
    if value.get("object") == "error" or value.get("type") == "error":
        return True
    if value.get("choices") or value.get("object") or value.get("usage") or value.get("data"):
        return False
    return (
        value.get("success") is False
        or (
            any(isinstance(value.get(name), str) and value[name] for name in MESSAGES[:7])
            and any(
                name in value
                for name in (
                    "code",
                    "status",
                    "error_code",
                    "errorCode",
                    "status_code",
                    "msg",
                    "err",
                    "error_msg",
                )
            )
        )
        or isinstance(value.get("header"), Mapping)
    )


def _fields(
    value: Mapping[str, Any], message: str = "", code: str = "", outer: Mapping[str, Any] | None = None
) -> Said:
    detail = value.get("detail")
    param = _text(value, "param")
    if isinstance(detail, list) and detail and isinstance(detail[0], Mapping):
        places = [str(place) for place in detail[0].get("loc") or () if place not in ("body", "query")]
        param, message = (
            param or (places[0] if places else ""),
            f"{'.'.join(places)}: {detail[0].get('msg', '')}",
        )
    code = _text(value, "code", "error_code", "errorCode", "status_code") or _text(value, "status") or code
    numbers = [_text(value, name) for name in ("code", "status", "status_code")]
    if outer is not None:
        message = message or _text(value, *MESSAGES) or _text(outer, *MESSAGES)
        numbers += [_text(outer, name) for name in ("code", "status", "status_code", "error_code")]
    kind = _text(value, "type")
    if kind == "error":
        kind = ""
    return Said(
        message=message or _text(value, *MESSAGES),
        code=code,
        type=kind or (_text(value, "status") if not _text(value, "status").isdigit() else ""),
        param=param,
        request_id=_text(value, "request_id", "requestId")
        or (_text(outer, "request_id", "requestId") if outer else ""),
        status=next((int(n) for n in numbers if n.isdigit() and 400 <= int(n) <= 599), None),
    )


def _finish(said: Said) -> Said:
    """Takes a request id out of the words, where the host put it there."""
    found = _REQUEST_ID.search(said.message)
    if not found:
        return said
    message = (said.message[: found.start()] + said.message[found.end() :]).strip()
    return Said(
        message, said.code, said.type, said.param, said.request_id or found[1], said.is_html, said.status
    )


def _text(value: Mapping[str, Any], *names: str) -> str:
    """The first of these that is text or a number, as text."""
    for name in names:
        found = value.get(name)
        if isinstance(found, Mapping):
            found = _text(found, *MESSAGES) if name in MESSAGES else None
        if isinstance(found, str) and found.strip() and found.strip().lower() != "null":
            return found.strip()
        if isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e15:
            return str(int(found))
    return ""


def _is_code(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9_.-]+", text)) and "_" in text


def _page_title(page: bytes) -> str:
    found = re.search(rb"<title[^>]*>(.{0,300}?)</title>", page[:20_000], re.IGNORECASE | re.DOTALL)
    return " ".join(html.unescape(found[1].decode(errors="replace")).split()) if found else ""
