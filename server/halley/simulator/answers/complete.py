"""Completing: what belongs at the cursor, taken from the text at hand.

The rest of a word or of a line that stands elsewhere in the text, the nearest name where one is due, and brackets that
are still open. A candidate fits when the file has no more errors with it. Where nothing fits, the answer is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from halley.simulator.answers.languages import RESERVED, count_errors, is_python, known

_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\w*\()")
_ASSIGNED = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*=(?!=)")
_LITERALS = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*|//[^\n]*")
_HEADER = re.compile(r"(?:def|function|func|fn)\s+\w*\s*\(([^()]*)\)[^\n]*\s*\Z")
_NAME_DUE = re.compile(r"(?:\breturn|\bin|[=(,+*/-]|\bif|\bwhile) ?\Z")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def complete(prefix: str, suffix: str, language: str, others: tuple[str, ...] = ()) -> str:
    """What belongs between prefix and suffix; empty when nothing does. `others` are texts of other files."""
    line = prefix.rsplit("\n", 1)[-1]
    comment = known(language).comment
    bare = _LITERALS.sub("", line)
    if (comment and comment in line) or "'" in bare or '"' in bare:
        return ""  # prose, or a string that is not closed yet
    rest = suffix.split("\n", 1)[0].strip()
    for candidate in _candidates(prefix, suffix, line, language, others):
        said = candidate.rstrip().removesuffix(rest) if rest else candidate.rstrip()
        repeated = suffix.lstrip().startswith(said.strip())  # so is what has no text
        if not repeated and _fits(prefix, said, suffix, language):
            return said
    return ""


def _candidates(prefix: str, suffix: str, line: str, language: str, others: tuple[str, ...]) -> Iterator[str]:
    typed = line.lstrip()
    partial = match[0] if (match := re.search(r"[^\W\d]\w*\Z", line)) else ""
    names = _names(prefix, suffix, partial)
    if _NAME_DUE.search(line):
        space = "" if re.search(r"[\s(]\Z", line) else " "
        colon = ":" if re.match(r"(?:for|while|if)\b", typed) and language == "python" else ""
        yield from (space + name + colon for name in names[:6])
    if len(typed) >= 3:
        lines = "\n".join((prefix[: -len(line)], suffix, *others)).split("\n")
        found = (line.strip() for line in reversed(lines))
        yield from (line[len(typed) :] for line in found if line.startswith(typed))
    if len(partial) >= 2:
        yield from (name[len(partial) :] for name in names if name.startswith(partial) and name != partial)
    if not typed and (header := _HEADER.search(prefix)):
        yield _first_line(prefix, header[1], language)
    if typed and (closers := _open_brackets(prefix)):
        yield closers


def _first_line(prefix: str, parameters: str, language: str) -> str:
    """A body's first line, which gives back what the function is given."""
    words = (word for part in parameters.split(",") for word in _WORD.findall(part)[:1])
    names = [word for word in words if word not in ("self", "mut")]
    indent = "" if prefix.rsplit("\n", 1)[-1] else known(language).unit
    given = ", ".join(names)
    if language == "python":
        return f"{indent}return {given or None}"
    return f"{indent}return {given};" if len(names) == 1 else f"{indent}return [{given}];"


def _names(prefix: str, suffix: str, partial: str) -> list[str]:
    """Identifiers of the text, the nearest to the cursor first, and what was assigned before everything else."""
    before = _LITERALS.sub("", prefix[-20_000:].removesuffix(partial))
    found = [*_WORD.findall(before), *_ASSIGNED.findall(before)]
    after = _WORD.findall(_LITERALS.sub("", suffix[:8_000]))
    return [name for name in dict.fromkeys([*reversed(found), *after]) if name not in RESERVED]


def _open_brackets(text: str) -> str:
    """The closers of the brackets still open at the end of the last statement, innermost first."""
    waiting: list[str] = []
    for mark in re.findall(r"[()\[\]{}]", _LITERALS.sub("", text.rsplit("\n\n", 1)[-1])):
        if mark in _CLOSERS:
            waiting.append(_CLOSERS[mark])
        elif waiting and waiting[-1] == mark:
            waiting.pop()
    return "".join(reversed(waiting))


def _fits(prefix: str, said: str, suffix: str, language: str) -> bool:
    whole = prefix + said + suffix
    if language == "python" and is_python(prefix.rpartition("\n")[0] + "\n" + suffix.partition("\n")[2]):
        # Without the cursor's line the file parses: only the candidate can spoil it.
        line = prefix.rsplit("\n", 1)[-1]
        body = f"\n{line[: len(line) - len(line.lstrip())]}    pass"
        return is_python(whole) or (said.endswith(":") and is_python(prefix + said + body + suffix))
    return count_errors(whole, language) <= count_errors(prefix + suffix, language)
