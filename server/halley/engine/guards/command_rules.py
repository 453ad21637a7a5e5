"""Which commands run without asking, which ask and which never run: the user's rules, compared word by word.

    decide(rules, argv)      deny wins over ask, ask over allow; "" where no rule speaks of it

Allowing is strict and denying is broad. A rule that allows means this program called by this name with exactly these
arguments, or, with a last word `*`, any further ones. A rule that denies also matches with other words in between, by
the program's path, and inside a wrapper (`env git push`, `sh -c "git push"`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal

Verdict = Literal["allow", "ask", "deny", ""]
_MARKS = re.compile(r"[;&|()<>`\n]+|\$\(")


def decide(
    allow: Iterable[str], ask: Iterable[str], deny: Iterable[str], argv: Sequence[str], *, shell: bool = False
) -> Verdict:
    """What the rules say of a command. A line for a shell is never allowed by a rule: it can hold any other."""
    words = _all_words(argv)
    # Each rule once: a list that repeats one rule a thousand times costs no more than the rule.
    if any(_is_in(_split(rule), words) for rule in dict.fromkeys(deny)):
        return "deny"
    if any(_is_in(_split(rule), words) for rule in dict.fromkeys(ask)):
        return "ask"
    if not shell and any(_is_exactly(_split(rule), argv) for rule in dict.fromkeys(allow)):
        return "allow"
    return ""


def _split(rule: str) -> list[str]:
    try:
        return shlex.split(rule)
    except ValueError:  # an open quote
        return rule.split()


def _is_exactly(rule: Sequence[str], argv: Sequence[str]) -> bool:
    if not rule or rule[0] == "*":  # no rule allows everything
        return False
    if rule[-1] == "*":
        rule = rule[:-1]
        argv = argv[: len(rule)]
    return len(rule) == len(argv) and all(
        fnmatchcase(word, part) for word, part in zip(argv, rule, strict=True)
    )


def _is_in(rule: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the rule's words occur in this order, whatever lies between."""
    wanted = [part for n, part in enumerate(rule) if not (part == "*" and n == len(rule) - 1 and n > 0)]
    if not wanted:
        return False
    at = 0
    for word in words:
        named = word.replace("\\", "/").rpartition("/")[2] if at == 0 else word
        if fnmatchcase(named.casefold(), wanted[at].casefold()) or fnmatchcase(word, wanted[at]):
            at += 1
            if at == len(wanted):
                return True
    return False


def _all_words(argv: Sequence[str]) -> list[str]:
    """The arguments, and the words within those that hold several."""
    found: list[str] = []
    for word in argv:
        found.append(word)
        inner = _MARKS.sub(" ", word)
        if inner.split() != [word]:
            try:
                found += shlex.split(inner)
            except ValueError:
                found += inner.split()
    return found
