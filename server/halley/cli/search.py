"""`halley search` and `halley index`: the workspace searched, and its index looked after.

Where a daemon keeps the index these only read it; where none does, they bring it up to date first.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import click

from halley.cli.output import is_watched, print_table, tell, write, write_json
from halley.cli.running import Desk, confirm, with_desk
from halley.core.figures import count

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

Json = dict[str, Any]


@click.command()
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True, help="How many hits.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def search(desk: Desk, query: str, limit: int, as_json: bool) -> int:
    """Find QUERY in this workspace: by its words, and by meaning where an embed model was agreed to."""
    from halley.features.search.searching import hit_json, place, search

    index, _ = _index(desk)
    answer = await search(index, desk.line(), query, limit, patient=True)
    for notice in answer.notices:
        tell(notice)
    if as_json:
        hits = [hit_json(index.root, hit) for hit in answer.hits]
        write_json({"hits": hits, "state": answer.state, "notices": list(answer.notices)})
    else:
        for hit in answer.hits:
            write(f"{place(hit)}  {hit.chunk.symbol}".rstrip() + f"\n{_shown(hit.chunk.text, query)}\n")
        if not answer.hits:
            tell("Nothing was found.")
    return 0 if answer.hits else 1


ACTIONS = ("status", "pause", "resume", "rebuild", "embed", "decline")


@click.command()
@click.argument("action", type=click.Choice(ACTIONS), default="status")
@click.option("--yes", is_flag=True, help="Approve the estimate without asking (embed).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def index(desk: Desk, action: str, yes: bool, as_json: bool) -> int:
    """How the index of this workspace stands; or pause, resume, rebuild it, or agree to embeddings (or decline)."""
    found, news = _index(desk)
    if action in ("pause", "decline"):
        await found.control(action)
    elif action != "status":
        if action == "embed" and not await _agreed(found, yes):
            tell("Nothing was sent.")
            return 1
        await found.control(action)
        await _until_done(found, news)
    status = await found.status()
    if as_json:
        write_json(status)
    else:
        print_table(("INDEX", ""), _rows(status))
    if problem := status.get("problem"):
        tell(f"{problem['message']}\n{problem['help']}".strip())
    return 1 if status.get("problem") else 0


def _index(desk: Desk) -> tuple[WorkspaceIndex, asyncio.Event]:
    """The index of the folder's workspace, and an event that is set with everything new about it."""
    from halley.features.search.ground import Attendant

    news = asyncio.Event()
    found = desk.shared.index(desk.root)

    told = ""

    def changed() -> None:
        nonlocal told
        news.set()
        progress = found.keeper.progress
        if is_watched() and progress is not None and progress.indexed < progress.files:
            now = f"… {progress.indexed:,} of {progress.files:,} files indexed"
            if now != told:
                tell(now)
            told = now

    found.attach(Attendant(desk.line, lambda: desk.layers, changed))
    return found, news


def attended_index(desk: Desk) -> WorkspaceIndex:
    """The workspace's index, kept for this command while it runs."""
    from halley.features.search.ground import Attendant

    found = desk.shared.index(desk.root)
    found.attach(Attendant(desk.line, lambda: desk.layers))
    return found


async def _agreed(found: WorkspaceIndex, yes: bool) -> bool:
    """Whether what embedding takes was shown and agreed to; nothing to do counts as agreed."""
    from halley.features.search.embedding import estimate_text

    found.start()
    await found.wait_ready()
    model = found.embed_model()
    estimate = await found.embedder.find_estimate(model) if model else None
    if estimate is None:
        return True
    question = estimate_text(estimate)
    if yes:
        tell(question)
        return True
    return await confirm(question)


async def _until_done(found: WorkspaceIndex, news: asyncio.Event) -> None:
    """Until everything is indexed, and embedded where the user approved it; or until it cannot continue."""
    await found.wait_ready()
    while found.keeper.keeps:
        status = await found.status()
        if status.get("problem") or not _is_embedding(found, status):
            return
        if is_watched():
            tell(f"… {status['embedded']:,} of {status['chunks']:,} pieces embedded")
        news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await news.wait()


def _is_embedding(found: WorkspaceIndex, status: Json) -> bool:
    from halley.features.search.control import load_control

    agreed = load_control(found.folder).agreed(status.get("embedModel", ""))
    return agreed and (status["state"] == "embedding" or status.get("embedded", 0) < status.get("chunks", 0))


def _rows(status: Json) -> list[tuple[str, str]]:
    rows = [("state", status["state"])]
    if status["state"] == "off":
        return rows
    rows += [
        ("files", f"{count(status.get('indexed', 0))} of {count(status.get('files', 0))}"),
        ("pieces", count(status.get("chunks", 0))),
        ("on disk", f"{status.get('bytes', 0) / 1e6:.1f} MB"),
        ("embed model", status.get("embedModel") or "none (halley use embed PROVIDER/MODEL)"),
    ]
    if status.get("embedModel"):
        rows.append(("embedded", f"{count(status.get('embedded', 0))} of {count(status.get('chunks', 0))}"))
    if estimate := status.get("estimate"):
        from halley.features.search.embedding import price_text

        price = price_text(estimate["cost"])
        rows.append(("to embed", f"{count(estimate['tokens'])} tokens, {price}: halley index embed"))
    return rows


def _shown(text: str, query: str) -> str:
    """A few lines of a hit, those with the query's words first of all."""
    words = [word.casefold() for word in query[:1000].split() if len(word) > 2]
    lines = [line for line in text.rstrip("\n").split("\n") if line.strip()]
    best = sorted(
        range(len(lines)), key=lambda row: (-sum(word in lines[row].casefold() for word in words), row)
    )
    return "".join(f"    {lines[row][:160]}\n" for row in sorted(best[:3]))
