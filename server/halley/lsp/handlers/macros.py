"""halley/macros/*: saved prompts and pipelines, listed, run, saved, removed, given away and taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from halley.core.macro_runs import to_json
from halley.core.snapshot import Document, Selection, Snapshot
from halley.features.actions import Job
from halley.features.chat.events import event_json
from halley.features.macros.run import StepNews, outcome_of, run_macro
from halley.features.macros.values import NOWHERE
from halley.lsp.protocol.macros import (
    MacroExportParams,
    MacroImportParams,
    MacroNameParams,
    MacroRecordParams,
    MacroRunParams,
    MacroSaveParams,
)
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.delivery import deliver
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import working
from halley.stores.config.layers import Layer, in_order

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


def macros_list(session: Session, uri: str) -> Json:
    """The macros in force for a document, with where each comes from."""
    settings, layers = session.settings_of(uri), session.layers(uri)
    return {
        "macros": [
            {
                "name": name,
                "description": macro.description,
                "inputs": {key: value.model_dump(mode="json") for key, value in macro.inputs.items()},
                "steps": len(macro.steps),
                "output": macro.output,
                "prompt": macro.prompt,
                "source": _source(layers, name),
                "definition": macro.model_dump(mode="json", exclude_defaults=True, by_alias=True),
            }
            for name, macro in settings.macros.items()
        ]
    }


def _source(layers: Iterable[Layer], name: str) -> str | None:
    """The level that defines a macro. A name may hold dots, so it is one key of the path."""
    found = [layer for layer in in_order(layers) if name in layer.data.get("macros", {})]
    return found[-1].name if found else None


async def macros_run(
    session: Session, params: Json, report: Callable[[str], None], emit: Callable[[Json], None]
) -> Json:
    """Runs a macro, on a document where one is named; the outcome of `halley.run`, and what became of each step."""
    asked = read_params(MacroRunParams, params)
    snapshot = _snapshot(session, params, asked.uri or "")
    inputs = asked.inputs or {}
    job = Job(
        session.surroundings(snapshot.document.uri, snapshot.settings),
        snapshot,
        instruction=str(inputs.get("instruction", "")),
        report=report,
        inputs=inputs,
    )

    def listen(step: str, event: Any) -> None:
        if isinstance(event, StepNews):
            emit(step_json(event))
            if event.of > 1 and event.step.state == "running":
                report(f"step {event.number} of {event.of}: {step}")
        else:
            emit(event_json(step, event))

    run = await run_macro(asked.name, job, resume=asked.resume, listen=listen)
    outcome = await deliver(session, snapshot, await outcome_of(asked.name, job, run))
    return outcome | {"run": to_json(run)}


def step_json(news: StepNews) -> Json:
    """A step of a macro, as an event."""
    step = news.step
    return {
        "type": "step", "replyId": step.name, "name": step.name, "state": step.state,
        "number": news.number, "of": news.of,
        **({"problem": step.problem.to_json()} if step.problem else {}),
    }  # fmt: skip


def _snapshot(session: Session, params: Json, uri: str) -> Snapshot:
    if params.get("textDocument"):
        return session.required_snapshot(params["textDocument"], params.get("range"))
    nothing = Document(NOWHERE, "")
    return Snapshot(
        nothing, Selection(0, 0), settings=session.settings_of(uri), workspace=session.workspace(uri)
    )


async def macros_save(session: Session, params: Json) -> Json:
    asked = read_params(MacroSaveParams, params)
    await asyncio.to_thread(session.room.macros.save, asked.name, asked.macro)
    _notify_changed(session)
    return {}


async def macros_record(session: Session, params: Json) -> Json:
    from halley.features.macros.record import record_macro

    asked, room = read_params(MacroRecordParams, params), session.room
    chat = await room.chats.get(asked.chat_id)
    wanted = asked.turns or [turn.id for turn in chat.current_turns]
    macro = record_macro([turn for turn in chat.turns if turn.id in wanted])
    await asyncio.to_thread(room.macros.save, asked.name, macro)
    _notify_changed(session)
    return {"macro": macro}


async def macros_remove(session: Session, params: Json) -> Json:
    asked = read_params(MacroNameParams, params)
    await asyncio.to_thread(session.room.macros.remove, asked.name)
    _notify_changed(session)
    return {}


async def macros_export(session: Session, params: Json) -> Json:
    from halley.features.macros.bundle import export_macros

    asked = read_params(MacroExportParams, params)
    return {"content": export_macros(session.settings_of(asked.uri or ""), asked.names or ())}


async def macros_import(session: Session, params: Json) -> Json:
    from halley.features.macros.bundle import new_macros, read_macros

    asked = read_params(MacroImportParams, params)
    known = session.settings_of().macros
    tables = new_macros(read_macros(asked.content), known, replace=asked.replace)
    for name, table in tables.items():
        await asyncio.to_thread(session.room.macros.save, name, table)
    _notify_changed(session)
    return {"names": list(tables)}


def _notify_changed(session: Session) -> None:
    session.notify("halley/changed", {"what": "macros"})


def register(server: HalleyServer) -> None:
    _register_run(server)

    @server.feature("halley/macros/list")
    async def _list(params: Json) -> Json:
        return macros_list(server.session, str(params.get("uri") or ""))

    @server.feature("halley/macros/save")
    async def _save(params: Json) -> Json:
        return await macros_save(server.session, params)

    @server.feature("halley/macros/record")
    async def _record(params: Json) -> Json:
        return await macros_record(server.session, params)

    @server.feature("halley/macros/remove")
    async def _remove(params: Json) -> Json:
        return await macros_remove(server.session, params)

    @server.feature("halley/macros/export")
    async def _export(params: Json) -> Json:
        return await macros_export(server.session, params)

    @server.feature("halley/macros/import")
    async def _import(params: Json) -> Json:
        return await macros_import(server.session, params)


def _register_run(server: HalleyServer) -> None:
    async def run(params: Json) -> Json:
        session = server.session
        title = f"Halley: {read_params(MacroRunParams, params).name}"
        async with WorkDone(server, title) as work:
            with working(session, title), PartialResults(server) as results:
                return await macros_run(session, params, work.report, results.send)

    server.feature("halley/macros/run")(run)

    @server.command("halley.macros.run")
    async def _run_command(arguments: list[Any]) -> Json:
        return await run(arguments[0] if arguments else {})
