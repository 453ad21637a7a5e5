"""The endpoints, in two tables: `POSTS` compute an `HttpReply`, `GETS` a response."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from halley.simulator.catalogue import MODELS, model_list, model_object, public_catalogue, quota
from halley.simulator.conversation import Answer, limit_answer
from halley.simulator.embeddings import embed
from halley.simulator.envelope import ApiError
from halley.simulator.frames import Frame
from halley.simulator.http import Request, Response, html_response, json_response
from halley.simulator.media.images import generate_images
from halley.simulator.state import Call, State
from halley.simulator.wires.chat import CHAT
from halley.simulator.wires.completions import COMPLETIONS, FIM, GENERATE, INFILL
from halley.simulator.wires.messages import MESSAGES
from halley.simulator.wires.responses import RESPONSES
from halley.simulator.wires.wire import Meta, Wire

BendAnswer = Callable[[Answer], Answer]


def plain_error(message: str) -> Frame:
    return Frame("error", orjson.dumps({"error": {"message": message}}))


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What an endpoint says, in both of its forms; `frames` is None where nothing streams."""

    whole: Callable[[], dict[str, Any]]
    tokens: int = 0
    frames: Callable[[], list[Frame]] | None = None
    error_frame: Callable[[str], Frame] = plain_error
    lines: bool = False


def converse(wire: Wire, prefix: str) -> Callable[[Call, BendAnswer], HttpReply]:
    """The endpoint of a wire."""

    def endpoint(call: Call, bend: BendAnswer) -> HttpReply:
        asked = wire.read(call.body)
        limits = wire.limits(call.body)
        if call.scripted is not None:
            answers = [bend(call.scripted.answer())] * limits.n
        else:
            found = (wire.answer(asked, call.model, at) for at in range(limits.n))
            answers = [limit_answer(bend(answer), limits.max_tokens, limits.stop) for answer in found]
        id, size = f"{prefix}{call.request_id[8:]}", call.options.chunk_tokens
        meta = Meta(id, call.model, int(time.time()), asked.tokens, call.body, size)
        return HttpReply(
            lambda: wire.whole(answers, meta), sum(answer.tokens for answer in answers),
            lambda: wire.frames(answers, meta), wire.error_frame, wire.lines,
        )  # fmt: skip

    return endpoint


def _counted(value: dict[str, Any], tokens: int) -> HttpReply:
    return HttpReply(lambda: value, tokens)


POSTS: dict[str, Callable[[Call, BendAnswer], HttpReply]] = {
    "/v1/chat/completions": converse(CHAT, "chatcmpl-sim-"),
    "/v1/completions": converse(COMPLETIONS, "cmpl-sim-"), "/v1/fim/completions": converse(FIM, "fim-sim-"),
    "/beta/completions": converse(COMPLETIONS, "cmpl-sim-"), "/infill": converse(INFILL, "infill-sim-"),
    "/api/generate": converse(GENERATE, "generate-sim-"), "/v1/responses": converse(RESPONSES, "resp_sim_"),
    "/v1/messages": converse(MESSAGES, "msg_sim_"), "/v1/embeddings": lambda call, _: _counted(*embed(call.body, call.model)),
    "/v1/images/generations": lambda call, _: _counted(*generate_images(call.body, int(time.time()))),
}  # fmt: skip


GETS: dict[str, Callable[[State, Call], Response]] = {
    "/v1/models": lambda app, call: json_response(model_list()),
    "/api/models": lambda app, call: json_response(public_catalogue()),
    "/user/quota": lambda app, call: json_response(quota(app.records.count, app.records.tokens)),
} | {
    f"/v1/models/{id}": lambda app, call, m=model: json_response(model_object(m))
    for id, model in MODELS.items()
}  # fmt: skip


def no_such_path(request: Request, path: str) -> Response | None:
    """What hosts of this family say to a path they do not have: JSON under `/v1`, else a redirect or a web page."""
    if request.method in ("GET", "HEAD") and path in GETS:
        return None
    if path.startswith("/v1/models/") and request.method == "GET":
        why = f"The model `{path[11:]}` does not exist"
        raise ApiError(404, why, "invalid_request_error", code="model_not_found")
    if path in GETS:
        raise ApiError(405, f"Not allowed to {request.method} on {path}", "invalid_request_error")
    if path.endswith("/") and path.rstrip("/") in (*POSTS, *GETS):
        return Response(301, {"location": path.rstrip("/")})
    if path.startswith("/v1/"):
        raise ApiError(404, f"Invalid URL ({request.method} {path})", "invalid_request_error")
    return html_response(
        "<!doctype html><html><head><title>Halley's simulator</title></head><body>The API is under /v1.</body></html>"
    )
