"""Errors in the unified API's envelope (CometAPI's; OpenAI's has the same four fields)."""

from __future__ import annotations

from typing import Any

from halley.simulator.http import Response, json_response


class ApiError(Exception):
    """An answer that is an error. `code` may be a string, an int, empty or None: hosts send all four."""

    def __init__(
        self,
        status: int,
        message: str,
        type: str = "comet_api_error",
        *,
        param: str | None = None,
        code: Any = "",
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.type, self.param, self.code = status, message, type, param, code

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


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, message, "invalid_request_error", param=param, code=code)
