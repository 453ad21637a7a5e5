"""Comments: what they say, where they stand, and those that tools obey.

A comment for a tool counts for a line (`# noqa`, `// eslint-disable-next-line`): so its own line and the next have to
hold the same as before.
"""

from __future__ import annotations

import re

_OBEYED = re.compile(
    r"""\b(?:noqa|type:\s*\w|pylint|pyright|mypy|ruff|nosec|pragma|isort|yapf|fmt|autopep8|flake8|coverage|nolint|lint|eslint
    |jshint|jslint|tslint|stylelint|prettier|biome|oxlint|istanbul|c8|v8\s+ignore|flow|shellcheck|shfmt|rubocop|standard
    |phpcs|phpstan|psalm|clang-format|clang-tidy|cppcheck|NOSONAR|checkstyle|resharper|rustfmt|clippy|luacheck|stylua
    |deno-\w+|sourceMappingURL|go:\w+|export\s+\w+$|line\s+\d)
    |@(?:ts-|formatter|flow|jsx|generated|vite|swift-|noinspection)|\+build\b|\#(?:region|endregion)\b
    |webpack\w+:""",
    re.IGNORECASE | re.VERBOSE,
)


def is_obeyed(comment: str) -> bool:
    """Whether a tool may do something else because of it."""
    return _OBEYED.search(comment) is not None


def surroundings(text: str, at: int) -> str:
    """The line of an offset and the next one, without blanks."""
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    return "\n".join("".join(line.split()) for line in text[start : start + 4000].split("\n", 2)[:2])


def said(comment: bytes) -> bytes:
    """Its lines without the indentation, which follows the code's."""
    return b"\n".join(line.strip() for line in comment.split(b"\n")).strip()
