"""`halley mcp`: Halley as a server of tools, on stdin and stdout, for any program that takes such."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from halley.cli.running import Desk, find_root, with_desk


@click.command()
@click.option(
    "--workspace",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The workspace to serve. Defaults to the current folder's.",
)
@click.option(
    "--run-macros", is_flag=True, help="Also allow running macros, which calls models and costs money."
)
@with_desk
async def mcp(desk: Desk, workspace: Path | None, run_macros: bool) -> None:
    """Serve this workspace to another program by the Model Context Protocol: search, files, diagnostics, chats, macros.

    It only reads, unless --run-macros is given.
    """
    from halley.cli.search import attended_index
    from halley.features.tools.builtin import ToolPlace
    from halley.features.tools.offering import INSTRUCTIONS, offered_tools, run_offered
    from halley.mcp.serving import serve_tools
    from halley.version import __version__

    root = find_root(workspace.resolve()) if workspace else desk.root
    at = Desk(desk.shared, root)

    index = attended_index(at)

    async def run_macro(name: str, inputs: Mapping[str, str]) -> str:
        return await _run_macro(at, name, inputs)

    async def run(name: str, arguments: Mapping[str, Any]) -> Any:
        # another program's questions cost nothing, so no model is asked for embeddings
        place = ToolPlace(root, at.surroundings(index), by_meaning=False)
        return await run_offered(at.room, place, run_macro if run_macros else None, name, arguments)

    await serve_tools("halley", __version__, INSTRUCTIONS, offered_tools(run_macros=run_macros), run)


async def _run_macro(desk: Desk, name: str, inputs: Mapping[str, str]) -> str:
    from halley.cli.macros import job_nowhere
    from halley.features.macros.run import find_macro, how_to_resume, run_macro, run_markdown

    macro = find_macro(desk.settings, name)
    done = await run_macro(name, job_nowhere(desk, inputs))
    said = run_markdown(done, macro)
    return f"{said}\n\n{how_to_resume(name, done.id)}" if done.failed else said
