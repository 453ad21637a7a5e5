"""Functions over lists of records, where the surrounding code says what fields the records have (Python).

"the most expensive item of a list"   →  max(items, key=lambda item: item.price)
"the items sorted by name"            →  sorted(items, key=lambda item: item.name)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from halley.simulator.answers.outline import outline
from halley.simulator.answers.recipes import words_of

_SUPERLATIVES: dict[str, tuple[str, tuple[str, ...]]] = {
    "expensive": ("max", ("price", "cost", "amount", "total")), "dearest": ("max", ("price", "cost", "amount")),
    "cheapest": ("min", ("price", "cost", "amount")), "cheap": ("min", ("price", "cost", "amount")),
    "oldest": ("max", ("age",)), "youngest": ("min", ("age",)), "newest": ("max", ("date", "created", "year")),
    "latest": ("max", ("date", "created", "time", "year")), "earliest": ("min", ("date", "created", "time", "year")),
    "longest": ("max", ("length", "duration")), "shortest": ("min", ("length", "duration")),
    "largest": ("max", ("size", "amount", "quantity", "count")), "biggest": ("max", ("size", "amount", "quantity")),
    "smallest": ("min", ("size", "amount", "quantity")), "heaviest": ("max", ("weight", "mass")),
    "lightest": ("min", ("weight", "mass")), "best": ("max", ("score", "rating", "rank")),
    "worst": ("min", ("score", "rating", "rank")), "fastest": ("max", ("speed",)), "slowest": ("min", ("speed",)),
    "popular": ("max", ("popularity", "views", "votes", "count")), "fullest": ("max", ("quantity", "count")),
}  # fmt: skip
_MOST = {"highest": "max", "greatest": "max", "largest": "max", "most": "max", "maximum": "max", "biggest": "max",
         "lowest": "min", "least": "min", "smallest": "min", "minimum": "min", "fewest": "min"}  # fmt: skip
_COMPARE = (
    (r"(?:above|over|more than|greater than|at least|exceeds?|higher than)", ">"),
    (r"(?:below|under|less than|lower than|cheaper than|at most)", "<"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """A class with fields, as the code around shows it."""

    name: str
    fields: tuple[str, ...]

    @property
    def one(self) -> str:
        return "_".join(words_of(self.name)) or "item"

    @property
    def many(self) -> str:
        one = self.one
        if one.endswith("y") and one[-2:-1] not in "aeiou":
            return one[:-1] + "ies"
        return one + ("es" if one.endswith(("s", "x", "ch", "sh")) else "s")


def find_records(code: str) -> list[Record]:
    """The classes of Python code that have fields of their own: annotated, or set in `__init__`."""
    found = outline(code, "python")
    records: list[Record] = []
    for definition in found.definitions:
        if definition.kind != "class":
            continue
        inits = [d for d in found.definitions if d.owner == definition.name and d.name == "__init__"]
        fields = [
            *definition.parameters,
            *(p for d in inits for p in d.parameters[1:] if not p.startswith("*")),
        ]
        if fields:
            records.append(Record(definition.name, tuple(dict.fromkeys(fields))))
    return records


def record_function(instruction: str, records: list[Record]) -> tuple[str, str, str] | None:
    """(suggested name, parameters, body's one statement), when the instruction speaks of a record's fields."""
    words = words_of(instruction)
    for record in sorted(records, key=lambda r: not ({r.one, r.many} & set(words))):
        if found := _for_record(instruction, words, record):
            return found
    return None


def _for_record(instruction: str, words: list[str], record: Record) -> tuple[str, str, str] | None:
    one, many = record.one, record.many
    mentioned = bool({one, many} & set(words))
    named = [f for f in record.fields if f in words or f + "s" in words]
    if not (mentioned or named):
        return None
    for word in words:
        if word in _SUPERLATIVES:
            how, fields = _SUPERLATIVES[word]
            if field := next((f for f in fields if f in record.fields), None):
                most = "most_" if word in ("expensive", "popular") else ""
                return f"{most}{word}_{one}", many, _extreme(instruction, how, one, many, field)
    if not named:
        return None
    field = named[0]
    for word in words:
        if word in _MOST:
            return f"{word}_{field}_{one}", many, _extreme(instruction, _MOST[word], one, many, field)
    return _aggregate(instruction, words, one, many, field)


def _extreme(instruction: str, how: str, one: str, many: str, field: str) -> str:
    empty = ", default=None" if re.search(r"\bnone\b|\bempty\b|\bnothing\b", instruction, re.I) else ""
    return f"return {how}({many}, key=lambda {one}: {one}.{field}{empty})"


def _aggregate(
    instruction: str, words: list[str], one: str, many: str, field: str
) -> tuple[str, str, str] | None:
    if {"sort", "sorted", "order", "ordered", "sorts"} & set(words):
        down = (
            ", reverse=True"
            if re.search(r"descending|falling|highest first|reverse", instruction, re.I)
            else ""
        )
        return f"sort_by_{field}", many, f"return sorted({many}, key=lambda {one}: {one}.{field}{down})"
    if {"average", "mean"} & set(words):
        return (
            f"average_{field}",
            many,
            f"return sum({one}.{field} for {one} in {many}) / len({many}) if {many} else 0",
        )
    for pattern, sign in _COMPARE:
        if re.search(pattern, instruction, re.I):
            side = "above" if sign == ">" else "below"
            return (
                f"{many}_{side}_{field}",
                f"{many}, limit",
                f"return [{one} for {one} in {many} if {one}.{field} {sign} limit]",
            )
    if {"sum", "total", "sums", "totals"} & set(words):
        return f"total_{field}", many, f"return sum({one}.{field} for {one} in {many})"
    if {"find", "search", "lookup", "by"} & set(words):
        return (
            f"find_by_{field}",
            f"{many}, {field}",
            f"return next(({one} for {one} in {many} if {one}.{field} == {field}), None)",
        )
    if {"all", "list", "collect", "every", "each"} & set(words):
        return f"{field}s_of_{many}", many, f"return [{one}.{field} for {one} in {many}]"
    return None
