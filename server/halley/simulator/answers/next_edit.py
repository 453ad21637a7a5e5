"""The next edit: where a recent edit changed a name, the region's other uses of that word get the new one.

Nothing else is offered, and no syntax tree is asked: what Halley lets pass of such answers is Halley's to judge.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from halley.simulator.answers.languages import RESERVED
from halley.simulator.conversation import Conversation

_OPEN, _CLOSE = "<editable_region>\n", "</editable_region>"
_DIFF = re.compile(r"^(`{3,})diff\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w$]*")
_TOKEN = re.compile(rf"{_NAME.pattern}|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]")


def is_next_edit(asked: Conversation) -> bool:
    return "predict the next edit" in asked.system.lower() and _OPEN in asked.last


def next_edit(asked: Conversation) -> str:
    """The region with the new names, in the marks it came in; or that there is nothing to do."""
    # The last marks are the prompt's own: the diffs before them may hold such text.
    shown, _, rest = asked.last.rpartition(_OPEN)
    region = rest.partition(_CLOSE)[0].replace("<cursor_position/>", "")
    for _, diff in reversed(_DIFF.findall(shown)):
        for old, new in _renames(diff):
            changed = re.sub(rf"(?<![\w$]){re.escape(old)}(?![\w$])", new, region)
            if changed != region:
                return f"{_OPEN}{changed}{_CLOSE}"
    return "NO_EDITS"


def _renames(diff: str) -> list[tuple[str, str]]:
    """Names that gave way to others, token by token."""
    was, now = (_TOKEN.findall("\n".join(re.findall(rf"^{mark}(.*)$", diff, re.M))) for mark in (r"-", r"\+"))
    found: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag == "replace" and i2 - i1 == j2 - j1:
            found += zip(was[i1:i2], now[j1:j2], strict=True)
    names = dict.fromkeys(pair for pair in found if all(map(_NAME.fullmatch, pair)))
    return [pair for pair in names if not RESERVED & set(pair)]
