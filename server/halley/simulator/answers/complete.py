"""Completing: the text that belongs at the cursor, from the text around it.

Every idea is a function of the `Place` that gives candidates, best first (`IDEAS`); the first candidate that fits
is the answer. A candidate fits when it does not repeat what follows, and when the file parses with it: exactly for
Python, with no more errors than before for languages with a grammar. Nothing fits: nothing is said.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property

from halley.simulator.answers.complete_ideas import IDEAS
from halley.simulator.answers.languages import count_errors
from halley.simulator.answers.place import Place, open_brackets


def complete(prefix: str, suffix: str, language: str, others: tuple[str, ...] = ()) -> str:
    """What belongs between prefix and suffix; empty when nothing does. `others` are texts of other files."""
    place = Place(prefix, suffix, language, others)
    if place.in_comment:
        return ""  # there is prose there, which nobody asked for
    check = Check(place)
    for idea in IDEAS:
        for candidate in idea(place):
            trimmed = without_suffix(candidate, suffix)
            if trimmed.strip() and check.fits(trimmed):
                return trimmed
    return ""


def without_suffix(candidate: str, suffix: str) -> str:
    """The candidate without an end that the suffix already has."""
    rest = suffix.split("\n", 1)[0].rstrip()
    if rest and candidate.rstrip().endswith(rest):
        return candidate.rstrip()[: -len(rest)]
    following = suffix.strip().split("\n")[0].strip() if suffix.strip() else ""
    lines = candidate.split("\n")
    if (
        following
        and len(following) > 2
        and lines[-1].strip() == following
        and suffix.lstrip(" \t").startswith("\n")
    ):
        return "\n".join(lines[:-1])
    return candidate


@dataclass(frozen=True)
class Check:
    """Whether a candidate may stand at the place."""

    place: Place

    def fits(self, candidate: str) -> bool:
        if self._repeats(candidate):
            return False
        if self.place.language == "python":
            return self._python(candidate)
        if self._errors_before is None:
            return True
        after = count_errors(self.place.prefix + candidate + self.place.suffix, self.place.language)
        return after is None or after <= self._errors_before

    def _repeats(self, candidate: str) -> bool:
        """True when the candidate only says again what stands right after the cursor."""
        said, after = candidate.strip(), self.place.suffix.lstrip()
        return bool(said) and (after.startswith(said) and len(said) > 1)

    @cached_property
    def _errors_before(self) -> int | None:
        return count_errors(self.place.prefix + self.place.suffix, self.place.language)

    def _python(self, candidate: str) -> bool:
        place = self.place
        if parses(place.prefix + candidate + place.suffix):
            return True
        if candidate.endswith(":") and not place.rest_of_line.strip():
            body = f"\n{place.indent}{place.unit}pass"
            if parses(place.prefix + candidate + body + place.suffix):
                return True
        if parses(place.prefix.rsplit("\n", 1)[0] + "\n" + place.suffix.partition("\n")[2]):
            return False  # without the cursor's line the file parses: the candidate is what spoils it
        return self._block_parses(candidate)

    def _block_parses(self, candidate: str) -> bool:
        """The file is broken elsewhere: judge the statement at the cursor alone."""
        line = self.place.line + candidate + self.place.rest_of_line
        if open_brackets(self.place.prefix[-2000:]):
            return True
        text = re.sub(r"^[ \t]*(?:el(?=if\b))?", "", line)
        body = text + ("\n    pass" if text.rstrip().endswith(":") else "")
        indented = "\n".join(
            row if at == 0 else row.removeprefix(self.place.indent) for at, row in enumerate(body.split("\n"))
        )
        return parses(f"async def _():\n  for _ in _:\n{_shift(indented)}")


def _shift(text: str) -> str:
    return "\n".join("    " + row for row in text.split("\n"))


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
