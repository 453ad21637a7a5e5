"""The simulator's own paths, for tests and for people who watch: `/_simulator/…`. No key is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from halley.simulator.envelope import bad_request
from halley.simulator.faults import FAULTS
from halley.simulator.http import Request, Response, json_response
from halley.simulator.options import Options, merge_options
from halley.simulator.state import State


def _requests(app: State, request: Request) -> Response:
    seen = [one.to_json() for one in app.records.all]
    return json_response({"requests": seen, "open": sorted(app.records.open)})


def _forget(app: State, request: Request) -> Response:
    app.records.all.clear()
    return json_response({"requests": []})


def _add_script(app: State, request: Request) -> Response:
    return json_response({"added": app.script.add_json(_json(request)), "waiting": len(app.script.waiting)})


def _drop_script(app: State, request: Request) -> Response:
    app.script.waiting.clear()
    return json_response({"waiting": 0})


def _options(app: State, request: Request) -> Response:
    """All of them, without the keys."""
    shown = {name: getattr(app.options, name) for name in Options.__slots__ if name != "keys"}
    return json_response(shown | {"faults": [rule.name for rule in app.options.faults]})


def _set_options(app: State, request: Request) -> Response:
    wishes = _json(request)
    if not isinstance(wishes, dict):
        raise bad_request("options are an object, as GET /_simulator/options shows it")
    app.options = merge_options(app.options, wishes)
    app.asked.clear()
    return _options(app, request)


def _faults(app: State, request: Request) -> Response:
    return json_response({name: fault.says for name, fault in FAULTS.items()})


def _json(request: Request) -> Any:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise bad_request("the body is not JSON") from error


CONTROL: dict[tuple[str, str], Callable[[State, Request], Response]] = {
    ("GET", "/_simulator/requests"): _requests, ("DELETE", "/_simulator/requests"): _forget,
    ("POST", "/_simulator/script"): _add_script, ("DELETE", "/_simulator/script"): _drop_script,
    ("GET", "/_simulator/options"): _options, ("POST", "/_simulator/options"): _set_options,
    ("GET", "/_simulator/faults"): _faults,
}  # fmt: skip
