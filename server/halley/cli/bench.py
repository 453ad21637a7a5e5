"""`halley bench`: models measured side by side, through the same road that every feature takes.

Each run is one streamed call. Runs are spread over the models in turn, so that a slow minute of the network hits all of
them alike. What lies more than two standard deviations from the mean is left out, and counted. Each provider's list is
asked for first, so that what a process does once (imports, the first connection, a key's program) is no model's time.
"""

from __future__ import annotations

import asyncio
import math
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from halley.cli.output import is_watched, print_table, problem_text, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.core.calls import AnyPrompt, Call, EmbedPrompt, Priority, Prompt, user
from halley.core.errors import HalleyError, ModelNotFound
from halley.core.events import Event, Finish
from halley.core.figures import count, money
from halley.core.media import MediaPrompt
from halley.core.models import ModelRef
from halley.features.doctor import PROXY_VARIABLES
from halley.version import __version__

Json = dict[str, Any]

QUESTION = "Write a Python function that merges two sorted lists, with a docstring and a short explanation."
PICTURE = "A comet over a village at night, in the manner of a woodcut."
KINDS = {"text": "chat", "embedding": "embed", "image": "image"}
"""What can be measured → the role of a model for it."""
MEASURES = ("firstByteMs", "firstTokenMs", "totalMs", "tokensPerS")
FARTHEST = 2.0
"""In standard deviations."""


@click.command()
@click.argument("models", metavar="MODEL…", nargs=-1, required=True)
@click.option(
    "--runs", type=click.IntRange(1, 10_000), default=30, show_default=True, help="Calls to each model."
)
@click.option(
    "--prompt-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The prompt. Defaults to a small programming task.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1000), default=1, show_default=True, help="Concurrent calls."
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    help="What to ask for. Defaults to what each model is for.",
)
@click.option("--max-tokens", type=click.IntRange(1), default=256, show_default=True, help="Longest reply.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def bench(
    desk: Desk,
    models: tuple[str, ...],
    runs: int,
    prompt_file: Path | None,
    concurrency: int,
    kind: str | None,
    max_tokens: int,
    as_json: bool,
) -> int:
    """Measure each MODEL: time to the first byte and token, total time, tokens a second. It costs what it costs.

    Pictures and embeddings are measured too; they have no first token.
    """
    refs = [ModelRef.parse(name) for name in dict.fromkeys(models)]
    await _warm(desk, refs)
    kinds = {ref: kind or _kind_of(desk, ref) for ref in refs}
    text = prompt_file.read_text("utf-8") if prompt_file else None
    prompts = {ref: _prompt(kinds[ref], text, max_tokens) for ref in refs}
    samples = {ref: Samples() for ref in refs}
    turns = asyncio.Semaphore(concurrency)

    async def one(ref: ModelRef) -> None:
        async with turns:
            await _measure(desk, prompts[ref], ref, samples[ref])
        _show_progress(samples, runs)

    await asyncio.gather(*(one(ref) for _ in range(runs) for ref in refs))
    found = [{"kind": kinds[ref], **summarise(str(ref), taken)} for ref, taken in samples.items()]
    where = _where(desk, refs)
    if as_json:
        write_json({"runs": runs, "concurrency": concurrency, "where": where, "models": found})
    else:
        click.echo("median / p95, in ms; DROPPED: values more than 2σ from the mean")
        for one_kind in dict.fromkeys(kinds.values()):  # a vector's time says nothing beside a picture's
            _print_report([row for row in found if row["kind"] == one_kind], one_kind)
        tell(_said(kinds.values(), where))
    return 0 if all(row["failed"] < runs for row in found) else 1


def _kind_of(desk: Desk, ref: ModelRef) -> str:
    roles = desk.room.registry.find_model(ref, desk.settings).roles
    return next((kind for kind, role in KINDS.items() if role in roles), "text")


def _prompt(kind: str, text: str | None, max_tokens: int) -> AnyPrompt:
    match kind:
        case "embedding":
            lines = [line for line in (text or QUESTION).splitlines() if line.strip()]
            return EmbedPrompt(tuple(lines))
        case "image":
            return MediaPrompt("image", text or PICTURE)
        case _:
            return Prompt((user(text or QUESTION),), max_tokens=max_tokens)


def _where(desk: Desk, refs: Sequence[ModelRef]) -> Json:
    """What a measurement means nothing without: when, from which machine and network, to which hosts."""
    bindings = {ref.provider: desk.room.registry.binding(ref.provider, desk.settings) for ref in refs}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "proxy": any(
            desk.room.environ.get(name) or desk.room.environ.get(name.lower()) for name in PROXY_VARIABLES[:3]
        )
        or any(binding.endpoint.proxy for binding in bindings.values()),
        "hosts": {name: binding.endpoint.base_url for name, binding in bindings.items()},
        "version": __version__,
    }


def _said(kinds: Iterable[str], where: Json) -> str:
    hosts = ", ".join(f"{name} at {address}" for name, address in where["hosts"].items())
    proxy = ", through a proxy" if where["proxy"] else ""
    return f"{', '.join(dict.fromkeys(kinds))}; {where['date']}, {where['machine']}{proxy}; {hosts}"


async def _warm(desk: Desk, refs: Sequence[ModelRef]) -> None:
    """A model that its provider does not list is reported and tried anyway: lists are not always complete.

    Raises NotConfigured for a provider there is none of.
    """
    for ref in refs:
        desk.room.registry.binding(ref.provider, desk.settings)
    for provider in dict.fromkeys(ref.provider for ref in refs):
        await desk.room.registry.refresh(desk.room.registry.binding(provider, desk.settings), desk.caller())
    for ref in refs:
        try:
            await desk.room.registry.check_listed(ref, desk.settings, desk.caller())
        except ModelNotFound as error:
            tell(problem_text(error.problem))


@dataclass(slots=True)
class Samples:
    """What one model did."""

    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MEASURES})
    problems: list[str] = field(default_factory=list)
    tokens: int = 0
    cost_usd: float = 0.0
    done: int = 0


async def _measure(desk: Desk, prompt: AnyPrompt, ref: ModelRef, samples: Samples) -> None:
    call = Call(prompt, (ref,), "bench", desk.settings, desk.caller(), priority=Priority.BATCH, retry=False)

    def take(event: Event) -> None:
        if isinstance(event, Finish):
            _note(samples, event)

    try:
        await desk.room.router.feed(call, take)
    except HalleyError as error:
        samples.problems.append(error.problem.message)
    samples.done += 1


def _note(samples: Samples, finish: Finish) -> None:
    times, usage = finish.times, finish.usage
    assert times is not None and usage is not None, "the router fills these in"
    taken = (times.first_byte_ms, times.first_token_ms, times.total_ms, times.tokens_per_s)
    for name, value in zip(MEASURES, taken, strict=True):
        if value is not None:
            samples.values[name].append(value)
    samples.tokens += usage.output_tokens
    samples.cost_usd += usage.cost_usd or 0.0


def summarise(model: str, samples: Samples) -> Json:
    """One model's row: median and p95 of each measure, without outliers, which are counted."""
    found: Json = {
        "model": model,
        "ok": samples.done - len(samples.problems),
        "failed": len(samples.problems),
    }
    for name, values in samples.values.items():
        kept, dropped = without_outliers(values)
        found[name] = {
            "median": _rounded(statistics.median(kept)) if kept else None,
            "p95": _rounded(percentile(kept, 0.95)) if kept else None,
            "outliers": dropped,
            "samples": [_rounded(value) for value in values],
        }
    found |= {"outputTokens": samples.tokens, "costUsd": round(samples.cost_usd, 6) or None}
    found["problems"] = {
        message: samples.problems.count(message) for message in dict.fromkeys(samples.problems)
    }
    return found


def without_outliers(values: Sequence[float], farthest: float = FARTHEST) -> tuple[list[float], int]:
    """(the values within `farthest` standard deviations of their mean, how many were not)."""
    if len(values) < 3:
        return list(values), 0
    mean, deviation = statistics.fmean(values), statistics.pstdev(values)
    kept = [value for value in values if abs(value - mean) <= farthest * deviation]
    return (kept, len(values) - len(kept)) if kept else (list(values), 0)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _rounded(value: float) -> float:
    return round(value, 2)


def _show_progress(samples: dict[ModelRef, Samples], runs: int) -> None:
    if is_watched():
        done = sum(taken.done for taken in samples.values())
        click.echo(f"\r{done} of {runs * len(samples)} calls", err=True, nl=done == runs * len(samples))


def _print_report(found: list[Json], kind: str) -> None:
    columns = ("MODEL", "OK", "FIRST BYTE", "FIRST TOKEN", "TOTAL", "TOKENS/S", "COST", "DROPPED")
    columns = tuple(name for name in columns if kind == "text" or name not in _OF_TEXT)
    click.echo()
    rows = (_row(row) for row in found)
    print_table(columns, ([row[name] for name in columns] for row in rows), right=columns[1:])
    click.echo()
    name, measure = ("first token", "firstTokenMs") if kind == "text" else ("total", "totalMs")
    bars = [(row["model"], row[measure]["median"], row[measure]["p95"]) for row in found]
    for line in plot(f"{name}, ms (█ median, ░ to p95)", bars):
        click.echo(line)
    for row in found:
        for message, times in row["problems"].items():
            tell(f"{row['model']}: {message} ({times}×)")


_OF_TEXT = ("FIRST TOKEN", "TOKENS/S")
"""Columns that mean nothing for a picture or a vector."""


def _row(row: Json) -> Json:
    cost = [{"amount": row["costUsd"], "currency": "USD"}] if row["costUsd"] is not None else []
    return {
        "MODEL": row["model"],
        "OK": f"{row['ok']}/{row['ok'] + row['failed']}",
        "FIRST BYTE": _both(row["firstByteMs"]),
        "FIRST TOKEN": _both(row["firstTokenMs"]),
        "TOTAL": _both(row["totalMs"]),
        "TOKENS/S": count(row["tokensPerS"]["median"]),
        "COST": money(cost),
        "DROPPED": sum(row[name]["outliers"] for name in MEASURES),
    }


def _both(measure: Json) -> str:
    return "" if measure["median"] is None else f"{count(measure['median'])} / {count(measure['p95'])}"


def plot(title: str, rows: Sequence[tuple[str, float | None, float | None]], width: int = 50) -> list[str]:
    """Bars on one scale: solid up to the median, shaded up to p95."""
    known = [p95 for _, _, p95 in rows if p95]
    if not known:
        return []
    scale = width / max(known)
    label = max(len(name) for name, _, _ in rows)
    lines = [title]
    for name, median, p95 in rows:
        solid = round((median or 0) * scale)
        shaded = max(0, round((p95 or 0) * scale) - solid)
        said = "no answer" if median is None else f"{'█' * max(solid, 1)}{'░' * shaded} {median:,.0f}"
        lines.append(f"{name:{label}}  {said}")
    return lines
