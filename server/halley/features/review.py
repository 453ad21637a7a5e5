"""A review of a change: git's diff in parts, a model's findings about each, placed in the new text.

    report = await review(around, cwd, ReviewRequest("main..HEAD"))

What a finding is and how it is placed is `engine/review`'s; where findings are shown is the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.calls import Prompt
from halley.core.errors import BadReply, ContextTooLong, HalleyError, Interrupted, InvalidInput, Problem
from halley.core.models import Usage
from halley.engine.markdown.inert import visible
from halley.engine.prompting.prompts import fence
from halley.engine.prompting.templates import render_messages
from halley.engine.review.parts import Part, ReviewedFile, build_parts
from halley.engine.review.placing import place_finding
from halley.engine.review.reading import read_findings
from halley.engine.review.values import Finding, Report, in_order
from halley.features.ask import ModelReply, ask
from halley.features.diff import is_hidden_name
from halley.stores.workspace.git.changes import Changes, load_changes

if TYPE_CHECKING:
    from halley.features.surroundings import Surroundings

Json = dict[str, Any]
FEATURE = "review"
MOST_PARTS = 40
_AT_ONCE = 2
PRICE_WAIT_S = 3.0
"""A first price takes about a second to look up; without it the cost of a short review is not shown."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """`range`: commits as in `main..HEAD`, or one; empty: the working tree against HEAD, or what is `staged`."""

    range: str = ""
    staged: bool = False
    instruction: str = ""
    """What else the user asks of the reviewer."""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The report, and what its findings were made for: the new text of each file by its path below `root`."""

    report: Report
    root: Path
    texts: dict[str, str]


@dataclass(slots=True)
class _Tally:
    """What the parts have brought so far."""

    findings: list[Finding] = field(default_factory=list[Finding])
    problems: list[Problem] = field(default_factory=list[Problem])
    error: HalleyError | None = None
    """The one that stops the review, else the last."""
    left: int = 0
    """Parts that were not begun after it."""
    replies: list[ModelReply] = field(default_factory=list[ModelReply])
    broken: list[Usage] = field(default_factory=list[Usage])
    """What replies used that broke off."""


async def review(
    around: Surroundings,
    cwd: Path,
    request: ReviewRequest,
    report: Callable[[str], None] = lambda _text: None,
) -> Reviewed:
    """The findings about a change below `cwd`. `report` takes a few words of progress.

    Raises InvalidInput when there is nothing to review or no repository, and what stopped the review where no part of
    it could be made. Parts that failed beside others are the report's `problems`.
    """
    if request.range and request.staged:
        raise InvalidInput("A range and staged changes are two reviews.", "Name one of them.")
    hidden = partial(is_hidden_name, exclude=tuple(around.settings.context.exclude))
    changes = await load_changes(cwd, request.range, staged=request.staged, is_hidden=hidden)
    files = [ReviewedFile(one.path, one.diff, one.text) for one in changes.files if one.text is not None]
    parts = build_parts(files, around.settings.context.max_tokens)
    if not parts:
        why = " ".join(_skipped(changes, [], []))
        raise InvalidInput(f"There is nothing to review. {why}".strip(), "Change something, or name a range.")
    tally = _Tally()
    await _review_parts(around, request, parts[:MOST_PARTS], tally, report)
    if tally.error and not tally.replies:
        raise tally.error
    if tally.left:
        what = f"{tally.left} more part{'s were' if tally.left > 1 else ' was'} not reviewed after that."
        tally.problems.append(Problem("cancelled", what, "Run the review again."))
    reviewed = {one.file.path for part in parts[:MOST_PARTS] for one in part.files}
    skipped = _skipped(changes, parts[MOST_PARTS:], files)
    return Reviewed(
        _report(tally, len(reviewed), skipped), changes.root, {one.path: one.text for one in files}
    )


def report_json(report: Report) -> Json:
    """The report in the protocol's terms; lines count from 1."""
    return {
        "findings": [_finding_json(finding) for finding in report.findings],
        "unplaced": [_finding_json(finding) for finding in report.unplaced],
        "files": report.files,
        "skipped": list(report.skipped),
        "problems": [problem.to_json() for problem in report.problems],
        "model": report.model,
        "inputTokens": report.input_tokens,
        "outputTokens": report.output_tokens,
        "costUsd": report.cost_usd,
    }


def _finding_json(finding: Finding) -> Json:
    return {
        "file": finding.path,
        "firstLine": finding.first,
        "lastLine": finding.last,
        "severity": finding.severity,
        "title": finding.title,
        "text": finding.text,
        "quote": finding.quote,
        "replacement": finding.replacement,
    }


async def _review_parts(
    around: Surroundings,
    request: ReviewRequest,
    parts: Sequence[Part],
    tally: _Tally,
    report: Callable[[str], None],
) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def work(part: Part) -> None:
        nonlocal done
        async with turn:
            if _may_go_on(tally):
                await _review_part(around, request, part, tally)
            else:
                tally.left += 1
        done += 1
        report(f"{done} of {len(parts)} parts")

    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(work(part))


def _may_go_on(tally: _Tally) -> bool:
    """Whether the other parts may fare better: a spent budget or a missing key is the same for all."""
    return tally.error is None or isinstance(tally.error, BadReply | ContextTooLong | Interrupted)


async def _review_part(around: Surroundings, request: ReviewRequest, part: Part, tally: _Tally) -> None:
    """One prompt; a part too long for the model is halved."""
    try:
        found = await _ask_about(around, request, part, tally)
    except ContextTooLong as error:
        halves = part.halved()
        if not halves:
            _note(tally, part, error)
        for half in halves:
            await _review_part(around, request, half, tally)
    except HalleyError as error:
        _note(tally, part, error)
    else:
        tally.findings += (place_finding(finding, part) for finding in found)


async def _ask_about(
    around: Surroundings, request: ReviewRequest, part: Part, tally: _Tally
) -> Sequence[Finding]:
    values = {
        "diff": part.text,
        "diff_block": fence(part.text),
        "guidance": around.workspace.guidance if around.workspace else "",
        "instruction": request.instruction,
    }
    prompt = Prompt(render_messages(around.template_of("review"), values))
    options: dict[str, Any] = {
        "feature": FEATURE, "model": request.model, "price_wait_s": PRICE_WAIT_S, "charge": tally.broken.append,
    }  # fmt: skip
    reply = await ask(around.line, prompt, keep_partial=True, **options)
    tally.replies.append(reply)
    found = read_findings(reply.text)
    if found is None:
        raise BadReply(
            "The model's reply holds no list of findings.", "Run the review again, or name another model."
        )
    if reply.was_cut:
        _note(tally, part, BadReply("The model's reply was cut off.", "Findings before that are kept."))
    return found


def _note(tally: _Tally, part: Part, error: HalleyError) -> None:
    names = _names([one.file.path for one in part.files])
    problem = replace(error.problem, message=f"{names} could not be reviewed: {error.problem.message}")
    if problem not in tally.problems:
        tally.problems.append(problem)
    if _may_go_on(tally):
        tally.error = error


def _report(tally: _Tally, files: int, skipped: Sequence[str]) -> Report:
    found = in_order(tally.findings)
    ends = [reply.finish for reply in tally.replies if reply.finish]
    usages = [*(end.usage for end in ends if end.usage), *tally.broken]
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    return Report(
        tuple(one for one in found if one.is_placed),
        tuple(one for one in found if not one.is_placed),
        files,
        tuple(skipped),
        tuple(tally.problems),
        ", ".join(dict.fromkeys(str(end.model) for end in ends if end.model)),
        sum(usage.input_tokens for usage in usages),
        sum(usage.output_tokens for usage in usages),
        sum(costs) if costs else None,
    )


def _skipped(changes: Changes, left: Sequence[Part], files: Sequence[ReviewedFile]) -> list[str]:
    """A sentence for each kind of file that was not shown to the model."""
    shown = {file.path for file in files}
    odd = [one.path for one in changes.files if one.path not in shown and not _is_gone(one.diff)]
    beyond = [*changes.beyond, *dict.fromkeys(one.file.path for part in left for one in part.files)]
    kinds = (
        (changes.hidden, "secret or excluded (`context.exclude`)"),
        (odd, "no text, or larger than 2 MB"),
        (beyond, "beyond what one review holds; name a smaller range"),
        (changes.unknown, "new and unknown to git; `git add -N FILE` includes them"),
    )
    return [f"{_names(paths)}: {why}." for paths, why in kinds if paths]


def _is_gone(diff: str) -> bool:
    return "\ndeleted file mode " in diff[:4000]


def _names(paths: Sequence[str]) -> str:
    named = [visible(path) for path in paths[:_NAMED]]
    more = len(paths) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
