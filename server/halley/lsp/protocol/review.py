"""Reviews of a change."""

from __future__ import annotations

from typing import Literal

from halley.lsp.protocol.common import Problem
from halley.lsp.protocol.shape import RequestShape, Shape


class ReviewParams(Shape):
    """`range`: commits as in `main..HEAD`, or one; absent: the working tree against HEAD, or what is `staged`.

    `cwd` is a folder or its URI. It defaults to the workspace's.
    """

    range: str = ""
    staged: bool = False
    instruction: str = ""
    model: str | None = None
    cwd: str | None = None
    uri: str | None = None


class ReviewFinding(Shape):
    """Lines are of the new text, from 1; 0 where the finding is not placed. `replacement` is for exactly those lines.

    `id` and `uri` name a finding that is placed; `shown` says whether its lines still stand in the editor's text.
    """

    id: str = ""
    uri: str = ""
    shown: bool = False
    file: str
    first_line: int
    last_line: int
    severity: Literal["error", "warning", "info"]
    title: str
    text: str
    quote: str
    replacement: str | None = None


class Review(Shape):
    """`text` is the whole report as Markdown, `summary` its first line."""

    text: str
    summary: str
    findings: list[ReviewFinding]
    unplaced: list[ReviewFinding]
    files: int
    skipped: list[str]
    problems: list[Problem]
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None


class ReviewFixParams(Shape):
    """The argument of the `halley.review.fix` command: a finding's."""

    id: str


class ReviewClearParams(Shape):
    """Without `ids`: all findings."""

    ids: list[str] | None = None


class ReviewCleared(Shape):
    cleared: int


REQUESTS: dict[str, RequestShape] = {
    "halley/review": RequestShape(
        ReviewParams, Review, "Findings about a change, which are then shown as diagnostics."
    ),
    "halley/review/clear": RequestShape(ReviewClearParams, ReviewCleared, "Clears findings of a review."),
}
