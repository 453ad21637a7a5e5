"""halley/macros/*: saved prompts and pipelines, listed, run, saved and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from halley.features.actions import Job
from halley.features.macro_actions import run_macro_action
from halley.lsp.base.progress import PartialResults, WorkDone
from halley.lsp.handlers.run import deliver
from halley.lsp.handlers.status import working
from halley.lsp.protocol import MacroNameParams, MacroRunParams, MacroSaveParams, read_params
from halley.lsp.session import Session
from halley.stores.config_writer import remove_macro, save_macro
from halley.stores.layers import Layer, in_order

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

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


async def macros_run(session: Session, params: Json, report: Any, emit: Any) -> Json:
    """Runs a macro on a document; the outcome of `halley.run`."""
    asked = read_params(MacroRunParams, params)
    snapshot = session.required_snapshot(params["textDocument"], params.get("range"))
    job = Job(
        session.line(snapshot.document.uri, snapshot.settings),
        snapshot,
        session.template_of,
        instruction=str((asked.inputs or {}).get("instruction", "")),
        report=report,
        on_event=emit,
        project=session.project(snapshot.document.uri),
        inputs={key: str(value) for key, value in (asked.inputs or {}).items()},
    )
    return await deliver(session, snapshot, await run_macro_action(asked.name, job))


def register(server: Server) -> None:
    async def _run(params: Json) -> Json:
        session = server.session
        title = f"Halley: {params.get('name', 'macro')}"
        async with WorkDone(server, title) as work:
            with working(session, title), PartialResults(server) as results:
                return await macros_run(session, params, work.report, _emitter(results))

    server.feature("halley/macros/run")(_run)

    @server.command("halley.macros.run")
    async def _run_command(arguments: list[Any]) -> Json:
        return await _run(arguments[0] if arguments else {})

    @server.feature("halley/macros/list")
    async def _list(params: Json) -> Json:
        return macros_list(server.session, str(params.get("uri") or ""))

    @server.feature("halley/macros/save")
    async def _save(params: Json) -> Json:
        asked = read_params(MacroSaveParams, params)
        await asyncio.to_thread(save_macro, server.session.room.paths, asked.name, asked.macro)
        server.session.notify("halley/changed", {"what": "macros"})
        return {}

    @server.feature("halley/macros/remove")
    async def _remove(params: Json) -> Json:
        asked = read_params(MacroNameParams, params)
        await asyncio.to_thread(remove_macro, server.session.room.paths, asked.name)
        server.session.notify("halley/changed", {"what": "macros"})
        return {}


def _emitter(results: PartialResults) -> Any:
    from halley.features.chat.answering import event_json

    return lambda event: results.send(event_json("", event))
