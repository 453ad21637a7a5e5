"""The simulator's own paths, for tests and for people who watch: `/_simulator/…`. No key is asked for."""

from __future__ import annotations

from collections.abc import Callable

from halley.simulator.envelope import bad_request, read_json
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
    added = app.script.add_json(read_json(request))
    return json_response({"added": added, "waiting": len(app.script.waiting)})


def _drop_script(app: State, request: Request) -> Response:
    app.script.waiting.clear()
    return json_response({"waiting": 0})


def _release(app: State, request: Request) -> Response:
    app.script.release()
    return json_response({})


def _options(app: State, request: Request) -> Response:
    """All of them, without the keys."""
    shown = {name: getattr(app.options, name) for name in Options.__slots__ if name != "keys"}
    return json_response(shown | {"faults": [rule.name for rule in app.options.faults]})


def _set_options(app: State, request: Request) -> Response:
    wishes = read_json(request)
    if not isinstance(wishes, dict):
        raise bad_request("options are an object, as GET /_simulator/options shows it")
    app.options = merge_options(app.options, wishes)
    app.asked.clear()
    return _options(app, request)


def _faults(app: State, request: Request) -> Response:
    return json_response({name: fault.says for name, fault in FAULTS.items()})


CONTROL: dict[tuple[str, str], Callable[[State, Request], Response]] = {
    ("GET", "/_simulator/requests"): _requests, ("DELETE", "/_simulator/requests"): _forget,
    ("POST", "/_simulator/script"): _add_script, ("DELETE", "/_simulator/script"): _drop_script,
    ("DELETE", "/_simulator/hold"): _release,
    ("GET", "/_simulator/options"): _options, ("POST", "/_simulator/options"): _set_options,
    ("GET", "/_simulator/faults"): _faults,
}  # fmt: skip
