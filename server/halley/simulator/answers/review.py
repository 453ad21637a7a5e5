"""The review of a change: a few rules, looked for in its new lines. Nothing else is found, and no syntax tree is asked.

A line of the change is as the prompt shows it: its number, `+` where it is new, and its text below `=== path`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_FILE = re.compile(r"^=== (.+)$")
_NEW = re.compile(r"^ *(\d+) \+ (.*)$")
_SIMULATED = "Simulated: found by a rule of Halley's simulator, not by a model."


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    severity: str
    title: str
    instead: str = ""
    """What takes the place of what the pattern matches; empty: no remedy in this line."""


_RULES = (
    _Rule(re.compile(r"\bexcept\s*:"), "error", "A bare except hides every error", "except Exception:"),
    _Rule(
        re.compile(r"\bdef \w+\(.*=\s*(?:\[\]|\{\})"), "warning", "The default value is shared between calls"
    ),
    _Rule(re.compile(r"== None\b"), "warning", "None is compared by value", "is None"),
    _Rule(re.compile(r"\b(?:TODO|FIXME)\b"), "info", "Something is left to do"),
)


def review(prompt: str) -> str:
    """A JSON array of findings about the new lines of a change; `[]` where no rule finds any."""
    findings: list[dict[str, Any]] = []
    path = ""
    for row in prompt.split("\n"):
        if named := _FILE.match(row):
            path = named[1]
        elif (new := _NEW.match(row)) and path:
            findings += (
                _finding(path, int(new[1]), new[2], rule) for rule in _RULES if rule.pattern.search(new[2])
            )
    return json.dumps(findings, ensure_ascii=False, indent=1)


def _finding(path: str, line: int, text: str, rule: _Rule) -> dict[str, Any]:
    found = {
        "file": path,
        "line": line,
        "severity": rule.severity,
        "title": rule.title,
        "text": _SIMULATED,
        "quote": text,
    }
    return found | ({"replacement": rule.pattern.sub(rule.instead, text, count=1)} if rule.instead else {})
