"""The API: a request goes in, a response comes out; nothing here waits.

`App.handle` is the journey: record → route → key → options → script → fault → answer → wire. The endpoints that
are not conversations are in `routes.py`'s table; the manner of leaving is `connection.py`'s.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import orjson

from halley.simulator.catalogue import MODELS
from halley.simulator.control import CONTROL
from halley.simulator.envelope import ApiError, bad_request, read_json
from halley.simulator.faults import FaultRule
from halley.simulator.frames import Frame, encode
from halley.simulator.http import Request, Response
from halley.simulator.media.routes import check_type, find_route
from halley.simulator.misbehave import Bend
from halley.simulator.multipart import read_form
from halley.simulator.options import Options, merge_options, request_wishes
from halley.simulator.params import KNOWN, check_params
from halley.simulator.records import Seen
from halley.simulator.routes import GETS, POSTS, HttpReply, no_such_path, plain_error
from halley.simulator.script import ScriptedReply
from halley.simulator.state import Call, Route, State


class App(State):
    def handle(self, request: Request) -> Response:
        if request.path.startswith("/_simulator/"):
            return self._control(request)
        self.records.count += 1
        seen = Seen(self.records.count, request.method, request.target, request.headers, request.body)
        self.records.add(seen)
        request_id = f"req_sim_{seen.number:06d}"
        anthropic = request.path == "/v1/messages"
        try:
            response = self._answer(request, seen, request_id)
        except ApiError as error:
            response = error.response(request_id, anthropic)
        except Exception as error:  # a defect of ours: say so, also on stderr, and continue
            traceback.print_exc()
            message = f"the simulator failed: {type(error).__name__}: {error}"
            response = ApiError(500, message, "simulator_error").response(request_id, anthropic)
        seen.status = response.status
        response.headers = {"x-request-id": request_id, "server": "halley-simulator"} | response.headers
        response.on_end = lambda how, pieces: self.records.end(seen, how, pieces)
        return response

    def _control(self, request: Request) -> Response:
        try:
            return CONTROL[(request.method, request.path)](self, request)
        except KeyError:
            paths = ", ".join(f"{method} {path}" for method, path in CONTROL)
            return ApiError(404, f"the simulator's own paths are {paths}").response("-")
        except ApiError as error:
            return error.response("-")

    # -- the journey

    def _answer(self, request: Request, seen: Seen, request_id: str) -> Response:
        path = request.path
        route = find_route(request.method, path)
        if route is None and path not in POSTS and (found := no_such_path(request, path)):
            return found
        if route is None or not route[0].open:
            self._check_key(request, path)
        body = _read_body(request, path in KNOWN or route is not None)
        model, wishes = request_wishes(str(body.get("model") or ""), request.headers, body)
        options = merge_options(self.options, wishes)
        scripted = self.script.take(model, path, request.body)
        if scripted:
            options = _scripted_options(options, scripted)
        random = Random(f"{options.seed}:{seen.number}")
        call = Call(path, model, body, options, request_id, random, scripted, request.query, route)
        rule = self._striking_rule(call, request.method)
        seen.model, seen.stream, seen.scripted = model, call.wants_stream, scripted is not None
        seen.fault = rule.name if rule else ""
        return self._respond(call, request, rule, seen)

    def _check_key(self, request: Request, path: str) -> None:
        if self.options.any_key or path in OPEN:
            return
        key = Seen(0, "", "", request.headers, b"").key or request.query.get("key", "")
        if not key:
            raise ApiError(401, "No key was sent; send `Authorization: Bearer sk-sim`", code=None)
        if not (key.startswith("sk-sim") or key in self.options.keys):
            message = "Invalid token; the simulator takes any key that begins with sk-sim"
            raise ApiError(401, message, code=None)

    def _striking_rule(self, call: Call, method: str) -> FaultRule | None:
        rules = (rule for rule in call.options.faults if rule.applies_to(call.path, method))
        return next((rule for rule in rules if self.strikes(rule, call.random)), None)

    def _respond(self, call: Call, request: Request, rule: FaultRule | None, seen: Seen) -> Response:
        scripted = call.scripted
        if scripted is not None and (scripted.status is not None or scripted.body is not None):
            return _scripted_response(scripted)
        if rule is not None and rule.fault.instead is not None:
            normal = partial(self._normal, call, request, None, seen)
            return _delayed(rule.fault.instead(self._bend(call, rule, normal=normal)), call)
        return self._normal(call, request, rule, seen, call.wants_stream)

    def _normal(
        self, call: Call, request: Request, rule: FaultRule | None, seen: Seen, stream: bool
    ) -> Response:
        if call.route is not None:
            return self._media(call, request, *call.route)
        if request.method == "GET":
            return GETS[call.path](self, call)
        if call.scripted is not None and call.scripted.raw is not None:
            raw = call.scripted.raw.encode("utf-8", "surrogateescape")
            return self._stream(call, [Frame("raw", raw)], rule, None)
        check_params(call.path, call.body, call.options.strict)
        self._check_model(call)
        bend_answer = rule.fault.answer if rule else None
        bend = self._bend(call, rule)
        reply = POSTS[call.path](call, (lambda a: bend_answer(a, bend)) if bend_answer else (lambda a: a))
        seen.tokens = reply.tokens
        if stream and reply.frames is not None:
            return self._stream(call, reply.frames(), rule, reply)
        return self._whole(call, reply, rule)

    def _media(self, call: Call, request: Request, route: Route, found: tuple[str, ...]) -> Response:
        if call.path in KNOWN and request.method == "POST":
            numbers = {key: _number(value) for key, value in call.body.items()}
            check_params(call.path, numbers, call.options.strict)
        if route.type:
            self._check_model(call)
            check_type(route, call.model)
        return _delayed(route.handle(self, call, *found), call)

    def _check_model(self, call: Call) -> None:
        if not call.model:
            raise bad_request("you must provide a model parameter", "model")
        if call.model not in MODELS:
            why = f"The model `{call.model}` does not exist or you do not have access to it."
            known = f"{why} There are: {', '.join(MODELS)}"
            raise ApiError(404, known, "invalid_request_error", param="model", code="model_not_found")

    # -- the manner of leaving

    def _stream(
        self, call: Call, frames: list[Frame], rule: FaultRule | None, reply: HttpReply | None
    ) -> Response:
        fault = rule.fault if rule else None
        bend = self._bend(call, rule, reply)
        options, lines = call.options, reply is not None and reply.lines
        if fault and fault.frames:
            frames = fault.frames(frames, bend)
        pieces: Iterator[bytes] = encode(frames, lines)
        if fault and fault.wire:
            pieces = fault.wire(pieces, bend)
        kind = "application/x-ndjson" if lines else "text/event-stream; charset=utf-8"
        return Response(
            200, {"content-type": kind, "cache-control": "no-cache"}, pieces,
            delay_s=options.delay_ms / 1000, waits=call.scripted.waits if call.scripted else None,
            every_s=options.chunk_tokens / options.tokens_per_s if options.tokens_per_s > 0 else 0.0,
            ending=fault.ending if fault else "end",
        )  # fmt: skip

    def _whole(self, call: Call, reply: HttpReply, rule: FaultRule | None) -> Response:
        body = orjson.dumps(reply.whole())
        options, fault = call.options, rule.fault if rule else None
        spoken_s = reply.tokens / options.tokens_per_s if options.tokens_per_s > 0 else 0.0
        response = Response(200, {"content-type": "application/json"}, body)
        response.delay_s = options.delay_ms / 1000 + spoken_s
        if fault is not None and fault.body:
            response.body = fault.body(body, self._bend(call, rule, reply))
            if fault.ending != "end" and rule is not None and "error" not in rule.name:
                response.ending, response.declared_length = fault.ending, len(body)
        return response

    def _bend(
        self, call: Call, rule: FaultRule | None, reply: HttpReply | None = None,
        normal: Callable[[bool], Response] = lambda _: Response(),
    ) -> Bend:  # fmt: skip
        return Bend(
            request_id=call.request_id, anthropic=call.anthropic, model=call.model, body=call.body,
            settings=dict(rule.settings) if rule else {}, random=call.random, origin=self.origin(),
            normal=normal, error_frame=reply.error_frame if reply else plain_error,
        )  # fmt: skip


OPEN = ("/api/models", "/infill", "/api/generate")
"""Paths without a key: the public catalogue, and what local servers have, which know no keys."""


def _delayed(response: Response, call: Call) -> Response:
    response.delay_s = max(response.delay_s, call.options.delay_ms / 1000)
    return response


def _number(value: Any) -> Any:
    """In a form, a number is text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _read_body(request: Request, known: bool) -> dict[str, Any]:
    if request.method != "POST":
        return {}
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return read_form(request)
    value = read_json(request)
    if not isinstance(value, dict):
        raise bad_request("The JSON body of a request is an object.")
    if not known:
        raise ApiError(404, f"Invalid URL (POST {request.path})", "invalid_request_error")
    return value


def _scripted_options(options: Options, scripted: ScriptedReply) -> Options:
    wishes = {"delay_ms": scripted.delay_ms, "tokens_per_s": scripted.tokens_per_s, "fault": scripted.fault}
    return merge_options(options, {name: wish for name, wish in wishes.items() if wish not in (None, "")})


def _scripted_response(scripted: ScriptedReply) -> Response:
    kind, body = "application/json", b"" if scripted.body is None else orjson.dumps(scripted.body)
    if isinstance(scripted.body, str):
        kind, body = "text/plain", scripted.body.encode()
    headers = {"content-type": kind} | scripted.headers
    return Response(scripted.status or 200, headers, body, delay_s=(scripted.delay_ms or 0) / 1000)
