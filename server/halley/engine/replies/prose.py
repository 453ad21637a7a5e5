"""Code without a fence: telling it from the sentences around it.

`bare_code` is the way in. A line that the document has is code; a sentence is not; what is neither is judged by its
marks, or is code because it touches some. Where most of a reply is sentences there is no code in it. `loses_an_end`
says where a sentence may have been code after all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from halley.engine.edits.matching import Known, Likeness, find_by, squeeze

PROSE_LANGUAGES = frozenset(
    ("markdown", "plaintext", "restructuredtext", "latex", "tex", "asciidoc", "text", "")
)

_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m (?:sorry|unable|afraid|not able)|i (?:am )?(?:sorry|unable|cannot|can['’]?t|won['’]?t)\b|sorry\b|"
    r"unfortunately\b|as an ai\b|as a language model\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"^[(\"'“‘`*]*[A-Za-zÀ-ÿ][\w'’`*-]*[)\"'”’`*,;:.!?]*$")
_MARKS = re.compile(r"[{}=;<>\[\]]|\w\(|^\s*[@#/]|\w\.\w+\(|::|->|=>|^\s{4,}|\t")
_REMARK = re.compile(r"^\s*(?:#(?!#)|//+|--+|;+|%|\*)\s")
_KEYWORD = re.compile(
    r"^\s*(?:(?:def|class|fn|func|function|return|if|elif|else|for|while|try|except|finally|with|import|from|const|let|var|"
    r"public|private|static|struct|enum|impl|trait|use|package|module|end|begin|do|done|fi|esac|pass|break|continue|"
    r"local|then|switch|case|select|insert|update|delete|create|yield|raise|throw|async|await|match|where)\b)"
)


def bare_code(lines: Sequence[str], rows: Sequence[str], language_id: str) -> list[str] | None:
    """The lines of a reply that are code, from the first to the last; None where there is none."""
    if language_id in PROSE_LANGUAGES:
        # Prose and talk about it look alike, so all of the reply is taken, unless it declines.
        return None if is_refusal(lines) else _trimmed(list(lines))
    as_is, known = frozenset(rows), Known(rows)
    kinds = [bool(line.strip()) and (line in as_is or _is_code(line, known)) for line in lines]
    code = [n for n, kind in enumerate(kinds) if kind]
    if not code:
        return None
    like = Likeness(rows)
    first, last = _reach(lines, code[0], -1, like), _reach(lines, code[-1], 1, like)
    first, last = _remarks(lines, first, -1), _remarks(lines, last, 1)
    first, last = _touching(lines, first, -1), _touching(lines, last, 1)
    inside = [n for n in range(first, last + 1) if lines[n].strip()]
    # Code that is quoted here and there between sentences is an explanation, and must not replace anything.
    if len(code) + (code[0] - first) + (last - code[-1]) < 0.6 * len(inside):
        return None
    return _trimmed(list(lines[first : last + 1]))


def _reach(lines: Sequence[str], row: int, step: int, like: Likeness) -> int:
    """The farthest line outside of what is code for certain that is much like a line of the document.

    A comment reads like a sentence. One that the reply changed is still told by the words it kept.
    """
    end = len(lines) if step > 0 else -1
    return next((n for n in range(end - step, row, -step) if like.row_like(lines[n]) is not None), row)


def _remarks(lines: Sequence[str], row: int, step: int) -> int:
    """The end of the comment lines that `row` belongs to, without a blank line between."""
    mark = _REMARK.match(lines[row])
    while mark and 0 <= row + step < len(lines) and lines[row + step].startswith(mark[0]):
        row += step
    return row


def _touching(lines: Sequence[str], row: int, step: int) -> int:
    """The end of the lines that touch `row` and are no sentences: `CREATE OPERATOR | (` has none of the marks."""
    while 0 <= row + step < len(lines) and lines[row + step].strip() and not _is_sentence(lines[row + step]):
        row += step
    return row


def loses_an_end(lines: Sequence[str], code: Sequence[str], own: Sequence[str]) -> bool:
    """Whether a sentence that touches the code may be a part of it: a comment, or the words of a string or a page.

    So it is where the code begins, or ends, otherwise than `own`, the rows it is for; or where what touches it does not
    begin and end as a sentence does.
    """
    code = _trimmed(list(code)) or [""]
    first, last = _run_of(code, lines)
    above, below = lines[:first], lines[last:]
    was = _trimmed(list(own)) or [""]
    return _is_unclear(above[-1:], code[0], was[0]) or _is_unclear(below[:1], code[-1], was[-1])


def _is_unclear(beside: Sequence[str], code: str, was: str) -> bool:
    return _touches(beside) and (squeeze(code) != squeeze(was) or not _SAYING.match(beside[0].strip()))


_SAYING = re.compile(r"^[\"'“‘`*(#>\-\d. ]*[A-ZÀ-Þ`].*[.!?:)*_…]$")


def says_the_same(code: Sequence[str], own: Sequence[str]) -> bool:
    """Whether code changes nothing but blank lines and white space."""
    return [squeeze(line) for line in code if line.strip()] == [squeeze(row) for row in own if row.strip()]


def _run_of(code: Sequence[str], lines: Sequence[str]) -> tuple[int, int]:
    """Where the code first is in the reply; all of the reply where it is nowhere."""
    # Nearly always it begins with the first line that is its own first one. Comparing is quick, searching is not.
    first = next((n for n, line in enumerate(lines) if line == code[0]), 0)
    last = first + len(code)
    if list(lines[first:last]) == list(code):
        return first, last
    found = find_by(0, code, lines)
    return found[0] if found else (0, len(lines))


def _touches(beside: Sequence[str]) -> bool:
    """A line that is neither blank nor a fence, and does not announce code as `Here it is:` does."""
    return any(line.strip() and not line.rstrip().endswith(":") and "```" not in line for line in beside)


def is_refusal(lines: Sequence[str]) -> bool:
    """Whether it begins by saying that it will not."""
    said = next((line for line in lines if line.strip()), "")
    return bool(_REFUSAL.match(said))


def _is_code(line: str, known: Known) -> bool:
    if not line.strip():
        return False
    # Three words and fewer (`end if`, `fi`, a lone name) are too short for a sentence.
    has_marks = bool(_MARKS.search(line) or _KEYWORD.match(line) or len(line.split()) <= 3)
    return (has_marks and not _is_sentence(line)) or line in known


def _is_sentence(line: str) -> bool:
    """Words and stops. Code in backticks does not make it code."""
    bare = re.sub(r"`[^`]*`", "code", line.strip())
    bare = re.sub(r"^(?:[-*•]|\d+[.)]|#{1,6}|>)\s+", "", bare) if not line.startswith((" ", "\t")) else bare
    words = bare.split()
    if len(words) < 3 or line.startswith(("\t", "    ")):
        return len(words) <= 3 and bool(re.match(r"^[A-Z][a-z]+(?: [a-z]+)*[!.:]$", bare))
    plain = sum(bool(_WORD.match(word)) for word in words)
    return (
        plain >= 0.8 * len(words)
        and not bare.endswith(("{", "}", ";", ")"))
        and not _KEYWORD_LINE.match(bare)
    )


_KEYWORD_LINE = re.compile(
    r"^(?:(?:def|class|fn|func|function|import|from|use|package|module|struct|enum|impl|trait|const|let|var)\s+[\w.:]+|"
    r"(?:return|if|for|while|else|elif|with|match|switch|select|raise|throw)\b.*:?$)"
)


def _trimmed(lines: list[str]) -> list[str] | None:
    said = [number for number, line in enumerate(lines) if line.strip()]
    return lines[said[0] : said[-1] + 1] if said else None
