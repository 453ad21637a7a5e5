"""The report for people: plain text for a terminal, Markdown for a pull request or a chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from halley.core.figures import count, dollars
from halley.engine.markdown.inert import inert_markdown
from halley.engine.prompting.prompts import fence
from halley.engine.review.values import SEVERITIES, Finding, Report

_MARK = {"error": "🔴", "warning": "🟡", "info": "🔵"}


def report_text(report: Report) -> str:
    """`path:line: severity: title`, as compilers print it, with the rest indented below."""
    blocks = ["\n".join(_lines(finding)) for finding in report.findings]
    if report.unplaced:
        blocks.append("Not placed (the quoted lines were not found, or not at one certain place):")
        blocks += ["\n".join(_lines(finding)) for finding in report.unplaced]
    blocks += [f"Not reviewed: {why}" for why in _left_out(report)]
    return "\n\n".join([*blocks, summary_line(report)]) + "\n"


def report_markdown(report: Report) -> str:
    """Headings by file; nothing in it can take effect where it is shown."""
    blocks = [f"**{summary_line(report)}**"]
    path = ""
    for finding in report.findings:
        if finding.path != path:
            path = finding.path
            blocks.append(f"### {_code(path)}")
        blocks += _section(finding)
    if report.unplaced:
        blocks.append("### Not placed\n\nThe quoted lines were not found, or not at one certain place.")
        blocks += [block for finding in report.unplaced for block in _section(finding)]
    if left_out := list(_left_out(report)):
        blocks.append("### Not reviewed\n\n" + "\n".join(f"- {inert_markdown(why)}" for why in left_out))
    return "\n\n".join(blocks) + "\n"


def summary_line(report: Report) -> str:
    """`2 findings (1 error, 1 warning) in 3 files · 1,200 tokens in, 90 out · $0.0012 · provider/model`."""
    total = len(report.findings)
    counted = ", ".join(_some(report.count(one), one) for one in SEVERITIES if report.count(one))
    parts = [
        f"{_some(total, 'finding') if total else 'No findings'}{f' ({counted})' if counted else ''} "
        f"in {_some(report.files, 'file')}"
    ]
    if report.unplaced:
        parts.append(f"{len(report.unplaced)} not placed")
    if report.input_tokens or report.output_tokens:
        parts.append(f"{count(report.input_tokens)} tokens in, {count(report.output_tokens)} out")
    if report.cost_usd is not None:
        parts.append(dollars(report.cost_usd))
    return " · ".join([*parts, report.model] if report.model else parts)


def place_of(finding: Finding) -> str:
    """`path:12` or `path:12-14`; the path alone of one that is not placed."""
    if not finding.is_placed:
        return finding.path
    return f"{finding.path}:{finding.first}" + (f"-{finding.last}" if finding.last > finding.first else "")


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 or what == 'info' else 's'}"


def _left_out(report: Report) -> Iterator[str]:
    yield from report.skipped
    for problem in report.problems:
        yield f"{problem.message} {problem.help}".strip()


def _lines(finding: Finding) -> Iterator[str]:
    head = ": ".join(part for part in (place_of(finding), finding.severity, finding.title) if part)
    yield head
    yield from _indented(finding.text.split("\n") if finding.text else ())
    if finding.is_placed and finding.replacement is not None:
        yield from _indented(diff_rows(finding))


def diff_rows(finding: Finding) -> list[str]:
    """The suggested change as lines with `-` and `+`."""
    new = finding.replacement.split("\n") if finding.replacement else []
    return [*(f"- {row}" for row in finding.quote.split("\n")), *(f"+ {row}" for row in new)]


def _indented(rows: Iterable[str]) -> Iterator[str]:
    return (f"    {row}".rstrip() for row in rows)


def _section(finding: Finding) -> Iterator[str]:
    where = f" ({_code(place_of(finding))})" if place_of(finding) else ""
    yield f"{_MARK[finding.severity]} **{finding.severity}**: {inert_markdown(finding.title)}{where}"
    if finding.text:
        yield inert_markdown(finding.text)
    if finding.is_placed and finding.replacement is not None:
        yield fence("\n".join(diff_rows(finding)), "diff")


def _code(text: str) -> str:
    """As a span of code that nothing in it can leave."""
    plain = text.replace("`", "'").replace("\n", " ")
    return f"`{plain}`"
