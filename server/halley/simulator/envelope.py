"""Errors in the unified API's envelope (CometAPI's; OpenAI's has the same four fields)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from halley.simulator.http import Request, Response, json_response


@dataclass(eq=False)
class ApiError(Exception):
    """An answer that is an error. `code` may be a string, an int, empty or None: hosts send all four."""

    status: int
    message: str
    type: str = "comet_api_error"
    param: str | None = field(default=None, kw_only=True)
    code: Any = field(default="", kw_only=True)

    def body(self, request_id: str) -> dict[str, Any]:
        message = f"{self.message} (request id: {request_id})"
        return {"error": {"message": message, "type": self.type, "param": self.param, "code": self.code}}

    def response(self, request_id: str, anthropic: bool = False) -> Response:
        """In the wire's own envelope."""
        body = anthropic_error(self.status, self.message, request_id) if anthropic else self.body(request_id)
        return json_response(body, self.status, {"x-request-id": request_id})


_ANTHROPIC_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip


def anthropic_error(status: int, message: str, request_id: str) -> dict[str, Any]:
    kind = _ANTHROPIC_TYPES.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def missing(name: str) -> ApiError:
    return bad_request(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def invalid(name: str, value: Any, wanted: str) -> ApiError:
    return bad_request(f"Invalid '{name}': {value!r}; {wanted}.", name, "invalid_value")


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, message, "invalid_request_error", param=param, code=code)


def read_json(request: Request) -> Any:
    """The body. Raises ApiError (400)."""
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise bad_request("We could not parse the JSON body of your request.") from error
