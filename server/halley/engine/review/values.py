"""Findings, and the report they make up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from halley.core.errors import Problem

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a change. `first` and `last` are lines of the new text, from 1; 0 while it is not placed."""

    path: str
    """As the change names the file; of a finding that is not placed, as the model wrote it."""
    severity: Severity
    title: str
    text: str
    quote: str
    """The lines it is about, as the model quoted them; once it is placed, as they are in the file."""
    replacement: str | None = None
    """New text for exactly those lines, without the last line's end; empty removes them."""
    first: int = 0
    last: int = 0
    claimed: int = 0
    """The first line as the model gave it."""

    @property
    def is_placed(self) -> bool:
        return self.first > 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a review has found. `findings` stand in the order of files and lines; `unplaced` name no certain place."""

    findings: tuple[Finding, ...]
    unplaced: tuple[Finding, ...] = ()
    files: int = 0
    """Files that were reviewed."""
    skipped: tuple[str, ...] = ()
    """Why something was not reviewed, a sentence each."""
    problems: tuple[Problem, ...] = ()
    """Of parts that could not be reviewed."""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all that was to be reviewed was."""
        return not self.problems

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def reaches(self, least: Severity) -> bool:
        """Whether a placed finding is at least so severe."""
        return any(map(self.count, SEVERITIES[: SEVERITIES.index(least) + 1]))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By file, line and severity, each once."""
    return tuple(
        dict.fromkeys(
            sorted(findings, key=lambda one: (one.path, one.first, SEVERITIES.index(one.severity), one.title))
        )
    )
