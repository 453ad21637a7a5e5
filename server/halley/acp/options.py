"""Models, reasoning effort and modes as configuration options; modes as session modes too, for older clients.

Picks hold for the session. A mode is kept with the chat, and for the workspace's next ones, as in every editor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from halley.acp.errors import INVALID_PARAMS, RpcError
from halley.acp.session import Session
from halley.core.agent import MODES
from halley.core.errors import NotConfigured
from halley.core.models import EFFORTS, Model, ModelRef, Role
from halley.features.agent.modes import WHAT, read_mode
from halley.features.models import in_order

Json = dict[str, Any]
LIST_S = 1.5
"""How long a session waits for a list of models that is not at hand; then it begins with those in use."""
UNSET = "default"
ROLE_OPTIONS: Mapping[Role, tuple[str, str]] = {
    "fast": ("Model for small tasks", "Titles and summaries."),
    "image": ("Model for pictures", "What `/image` asks."),
}


def mode_state(session: Session) -> Json:
    """`SessionModeState`."""
    modes = [{"id": mode, "name": mode.capitalize(), "description": WHAT[mode]} for mode in MODES]
    return {"currentModeId": session.current_mode, "availableModes": modes}


async def config_options(session: Session) -> list[Json]:
    """All of them with their current values. Raises NotConfigured where no model can answer."""
    models = await _models(session)
    chosen = (await session.route_of("chat"))[0]
    found = [
        _select("model", "Model", "model", str(chosen), _model_rows(models, "chat", chosen)),
        *_effort(session, chosen),
        _select(
            "mode",
            "Mode",
            "mode",
            session.current_mode,
            [_row(mode, mode.capitalize(), WHAT[mode]) for mode in MODES],
        ),
    ]
    for role, (name, description) in ROLE_OPTIONS.items():
        option = await _role(session, role, name, models)
        found += [option | {"description": description}] if option else []
    return found


async def changed_options(session: Session) -> list[Json]:
    """The updates that tell a client how it is now."""
    options = await config_options(session)
    return [
        {"sessionUpdate": "config_option_update", "configOptions": options},
        {"sessionUpdate": "current_mode_update", "currentModeId": session.current_mode},
    ]


async def set_option(session: Session, id: str, value: Any) -> None:
    """Raises RpcError for an unknown option or value, HalleyError for a model that there is none of."""
    if not isinstance(value, str):
        raise RpcError(INVALID_PARAMS, "`value` must be text.")
    if id in SETTERS:
        await SETTERS[id](session, value)
    elif id.startswith("role:") and (role := id.removeprefix("role:")) in ROLE_OPTIONS:
        await session.pick(role, () if value == UNSET else (value,))  # pyright: ignore[reportArgumentType]
    else:
        raise RpcError(INVALID_PARAMS, f"There is no option {id[:40]!r}.")


async def set_mode(session: Session, value: str) -> None:
    """Raises InvalidInput for a word that is no mode."""
    session.mode = read_mode(value)
    room = session.shared.room
    room.tool_picks.pick_mode(session.root, session.mode)
    if session.chat is not None:
        await room.chats.note_agent(session.id, {"mode": session.mode})
        await session.read_chat()
        session.mode = None


async def _set_model(session: Session, value: str) -> None:
    await session.pick("chat", (value,))


async def _set_effort(session: Session, value: str) -> None:
    if value not in (UNSET, *EFFORTS):
        raise RpcError(INVALID_PARAMS, f"Efforts are {UNSET}, {', '.join(EFFORTS)}.")
    session.effort = "" if value == UNSET else value


SETTERS: Mapping[str, Callable[[Session, str], Awaitable[None]]] = {
    "model": _set_model,
    "thought_level": _set_effort,
    "mode": set_mode,
}


async def _models(session: Session) -> tuple[Model, ...]:
    """As the catalogue has them; without those of hosts that take long, which the client gets later."""
    registry = session.shared.room.registry
    listing = asyncio.ensure_future(registry.list_models(session.settings, session.caller()))
    done, _ = await asyncio.wait((listing,), timeout=LIST_S)
    if done:
        found = listing.result().models
    else:
        found = ()
        session.peer.run_later(_tell_when(session, listing))
    selections = session.shared.room.selections
    return tuple(in_order(found, dict.fromkeys((*selections.favourites(), *selections.recent()))))


async def _tell_when(session: Session, listing: Awaitable[Any]) -> None:
    await listing
    for update in await changed_options(session):
        session.update(update)


def _effort(session: Session, chosen: ModelRef) -> list[Json]:
    """Only for a model that is known to reason."""
    model = session.shared.room.registry.find_model(chosen, session.settings)
    if not model.capabilities.get("reasoning"):
        return []
    rows = [_row(UNSET, "Default"), *(_row(effort, effort.capitalize()) for effort in EFFORTS)]
    now = session.effort or session.settings.reasoning.chat or UNSET
    return [_select("thought_level", "Reasoning effort", "thought_level", now, rows)]


async def _role(session: Session, role: Role, name: str, models: Iterable[Model]) -> Json | None:
    rows = _model_rows(models, role)
    if not rows:
        return None
    picked = session.picked.get(role)
    now = str(picked[0]) if picked else UNSET
    try:
        said = f"As configured: {(await session.route_of(role))[0]}" if not picked else "As configured"
    except NotConfigured:
        said = "As configured: none"
    return _select(f"role:{role}", name, "model_config", now, [_row(UNSET, said), *rows])


def _model_rows(models: Iterable[Model], role: Role, chosen: ModelRef | None = None) -> list[Json]:
    rows = [
        _row(str(model.ref), model.label or str(model.ref), str(model.ref) if model.label else "")
        for model in models
        if role in model.roles
    ]
    if chosen is not None and str(chosen) not in (row["value"] for row in rows):
        rows.insert(0, _row(str(chosen), str(chosen)))
    return rows


def _row(value: str, name: str, description: str = "") -> Json:
    return {"value": value, "name": name} | ({"description": description} if description else {})


def _select(id: str, name: str, category: str, now: str, rows: list[Json]) -> Json:
    return {
        "type": "select",
        "id": id,
        "name": name,
        "category": category,
        "currentValue": now,
        "options": rows,
    }
