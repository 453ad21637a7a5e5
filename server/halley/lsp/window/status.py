"""halley/status: what a status bar shows. Sent when it changes, not before the client is ready."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from halley.core.errors import HalleyError, NotConfigured, Problem

if TYPE_CHECKING:
    from halley.core.settings import Settings
    from halley.lsp.window.session import Session
    from halley.stores.config.layers import Layer

_STANDING = (
    "auth_failed",
    "quota_exhausted",
    "not_configured",
    "budget_exceeded",
    "tls_failed",
    "proxy_failed",
)
"""Problems that stay until the user does something about them."""
_MILD = ("not_configured", "budget_exceeded", "tool_server_failed")
"""Those with which nothing is broken."""


@contextlib.contextmanager
def working(session: Session, what: str) -> Iterator[None]:
    """Shows `busy` for as long as the block runs, and what went wrong after it."""
    session.busy.append(what)
    _show_busy(session)
    try:
        yield
        session.problem = None
    except HalleyError as error:
        session.problem = error.problem if error.problem.code in _STANDING else session.problem
        raise
    finally:
        session.busy.remove(what)
        if session.busy:
            _show_busy(session)
        else:
            send_status(session)


def send_status(session: Session) -> None:
    """Sends the status if it is another than the last one sent."""
    status = build_status(session)
    if status != session.last_status:
        session.last_status = status
        session.notify("halley/status", status)


def _show_busy(session: Session) -> None:
    """As `send_status`, with the roles last shown: to look them up takes longer than to send a request."""
    last = session.last_status
    if last is None:
        send_status(session)
        return
    status = {"kind": "busy", "message": session.busy[-1], "roles": last["roles"]}
    if status != last:
        session.last_status = status
        session.notify("halley/status", status)


def build_status(session: Session) -> dict[str, Any]:
    """`StatusParams` as things stand."""
    layers = session.layers()  # one look for all: it asks for the state of several files
    settings = session.room.config.merge(layers)
    roles, problem = session.room.selection(settings, layers), session.problem
    if "chat" not in roles and problem is None:
        try:
            session.room.route("chat", settings, layers)
        except NotConfigured as error:
            problem = error.problem
    problem = problem or _unreadable(layers) or _broken_tools(session, settings)
    if session.busy:
        return {"kind": "busy", "message": session.busy[-1], "roles": roles}
    if problem:
        return _of_problem(problem) | {"roles": roles}
    if not settings.completion.enabled:
        return {"kind": "inactive", "message": "Inline completion is off", "roles": roles}
    chat = roles.get("chat")
    return {"kind": "normal", "message": chat["route"][0] if chat else "Halley", "roles": roles}


def _unreadable(layers: Iterable[Layer]) -> Problem | None:
    """A configuration file that could not be understood at all: none of it holds, its limits neither."""
    for layer in layers:
        if not layer.usable and layer.path is not None:
            where = str(layer.problems[0]) if layer.problems else str(layer.path)
            return Problem(
                "not_configured",
                f"{layer.path.name} cannot be read, so none of its settings apply.",
                f"See {where}",
            )
    return None


def _broken_tools(session: Session, settings: Settings) -> Problem | None:
    """The first server of tools that is on here and does not work; nothing is started to find out."""
    if "tools" not in vars(session.shared):
        return None
    from halley.features.tools.listing import server_problems
    from halley.features.tools.switches import Switches

    root, picks = session.folders.root_of(""), session.room.tool_picks
    switches = Switches.of(settings, picks, root)
    return next(iter(server_problems(session.shared.tools, switches)), None)


def _of_problem(problem: Problem) -> dict[str, Any]:
    kind = "warning" if problem.code in _MILD else "error"
    return {
        "kind": kind,
        "message": f"{problem.message} {problem.help}".strip(),
        "action": {"title": "Run the doctor", "command": "halley.doctor", "arguments": []},
    }
