"""A commit message from a diff: what the changed lines define, in the imperative."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(slots=True)
class FileChange:
    path: str
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    created: bool = False
    deleted: bool = False
    renamed_from: str = ""


_NAME = re.compile(
    r"^\s*(?:export\s+|async\s+|pub\s+|public\s+|private\s+|static\s+)*(?:def|class|function|func|fn|struct|interface|type|enum|const)\s+(\w+)"
)


def read_diff(diff: str) -> list[FileChange]:
    changes: list[FileChange] = []
    for line in diff.split("\n"):
        if match := re.match(r"diff --git a/(.+?) b/(.+)$", line):
            changes.append(FileChange(match[2]))
        elif line.startswith("+++ ") and not changes:
            changes.append(FileChange(line[4:].removeprefix("b/").strip()))
        elif not changes:
            continue
        elif line.startswith("new file"):
            changes[-1].created = True
        elif line.startswith("deleted file"):
            changes[-1].deleted = True
        elif line.startswith("rename from "):
            changes[-1].renamed_from = line[12:]
        elif line.startswith("+") and not line.startswith("+++"):
            changes[-1].added.append(line[1:])
        elif line.startswith("-") and not line.startswith("---"):
            changes[-1].removed.append(line[1:])
    return changes


def commit_message(diff: str) -> str:
    """A first line of at most 72 characters and, for several files, what happened in each."""
    changes = read_diff(diff)
    if not changes:
        return "Change nothing: the diff is empty"
    subjects = [_subject(change) for change in changes]
    if len(changes) == 1:
        return _fit(subjects[0])
    head = _fit(f"{subjects[0]}, and change {len(changes) - 1} more file{'s' if len(changes) > 2 else ''}")
    lines = [
        f"- {change.path}: {subject[:1].lower()}{subject[1:]}"
        for change, subject in zip(changes, subjects, strict=True)
    ]
    return "\n".join([head, "", *lines[:12]])


def _subject(change: FileChange) -> str:
    base = change.path.rsplit("/", 1)[-1]
    if change.renamed_from:
        return f"Rename {change.renamed_from.rsplit('/', 1)[-1]} to {base}"
    if change.deleted:
        return f"Remove {base}"
    added, removed = _names(change.added), _names(change.removed)
    new, gone = [n for n in added if n not in removed], [n for n in removed if n not in added]
    if change.created:
        return f"Add {base}" + (f" with {_list(new)}" if new else "")
    if new and gone:
        return f"Replace {_list(gone)} by {_list(new)} in {base}"
    if new:
        return f"Add {_list(new)} to {base}"
    if gone:
        return f"Remove {_list(gone)} from {base}"
    if added:
        return f"Change {_list(added)} in {base}"
    if any(re.match(r"\s*(?:import|from|use|#include|require)", line) for line in change.added):
        return f"Change the imports of {base}"
    verb = (
        "Extend"
        if len(change.added) > 2 * len(change.removed)
        else "Trim"
        if len(change.removed) > 2 * len(change.added)
        else "Change"
    )
    return f"{verb} {base}"


def _names(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(match[1] for line in lines if (match := _NAME.match(line))))


def _list(names: list[str]) -> str:
    return " and ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _fit(line: str) -> str:
    return line if len(line) <= 72 else line[:69].rsplit(" ", 1)[0] + "..."
