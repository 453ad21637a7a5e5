"""The forms in which a model may write a true change. Each gives the reply, or None where it does not apply.

Every reply is right: a reader who knows the form and the file can tell what the file must become.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher, unified_diff

from bench.rightness.changes import TrueChange
from halley.core.text import split_lines
from halley.engine.code.layout import content, width

Form = Callable[[TrueChange, random.Random], str | None]

_PROSE = (
    "Here is the updated code:",
    "Sure! I've made the change you asked for.\n\nThe main difference is below.",
    "I changed this as requested.",
)
_AFTER = ("", "", "\n\nLet me know if you want anything else.", "\n\nThis keeps the behaviour of the rest.")
_HASH = frozenset(("python", "shellscript", "yaml", "ruby", "toml", "makefile"))
_DASH = frozenset(("sql", "lua"))
_MARKUP = frozenset(("html", "markdown"))
_PROSE_LANGUAGES = frozenset(("markdown", "restructuredtext", "plaintext"))
_SLASH = frozenset(("javascript", "typescript", "go", "rust", "java", "c", "cpp", "csharp", "php"))


def _lines(text: str) -> list[str]:
    """The text as a model writes it: line feeds only, no byte-order mark."""
    return [content(line) for line in split_lines(text.removeprefix("\ufeff"))]


def _rows(text: str) -> list[str]:
    """The lines as `diff` counts them: a final line end begins no other."""
    lines = _lines(text)
    return lines[:-1] if lines and not lines[-1] else lines


def _plain(text: str) -> str:
    return "\n".join(_lines(text))


def _fenced(text: str, info: str) -> str:
    mark = "```"
    while mark in text:
        mark += "`"
    return f"{mark}{info}\n{text.removesuffix(chr(10))}\n{mark}"


def _whole(change: TrueChange, choice: random.Random) -> str:
    return _fenced(_plain(change.new), change.source.language_id)


def _whole_named(change: TrueChange, choice: random.Random) -> str:
    info = choice.choice(["{l} {p}", "{l}:{p}", '{l} title="{p}"'])
    info = info.format(l=change.source.language_id, p=change.source.path)
    return _fenced(_plain(change.new), info)


def _part(change: TrueChange, choice: random.Random) -> str | None:
    return _fenced(_plain(change.part), change.source.language_id) if change.part.strip() else None


def _part_unnamed(change: TrueChange, choice: random.Random) -> str | None:
    return _fenced(_plain(change.part), "") if change.part.strip() else None


def _part_bare(change: TrueChange, choice: random.Random) -> str | None:
    if "```" in change.part or not change.part.strip() or change.source.language_id in _PROSE_LANGUAGES:
        return None
    if _blank_edges(change.part) != _blank_edges(change.old[change.start : change.end]):
        return None  # nothing says where such a reply begins and ends
    return _plain(change.part)


def _blank_edges(text: str) -> tuple[int, int]:
    """How many blank lines a text begins and ends with."""
    rows = _rows(text)
    said = [n for n, row in enumerate(rows) if row.strip()]
    return (said[0], len(rows) - said[-1]) if said else (0, 0)


def _part_prose(change: TrueChange, choice: random.Random) -> str | None:
    block = _part(change, choice)
    return f"{choice.choice(_PROSE)}\n\n{block}{choice.choice(_AFTER)}" if block else None


def _part_thought(change: TrueChange, choice: random.Random) -> str | None:
    block = _part(change, choice)
    if not block:
        return None
    draft = _fenced(_plain(change.part).replace("e", "E", 1), change.source.language_id)
    shapes = (
        "<think>\nLet me see.\n\n{draft}\n\nNo, wait.\n</think>\n\n{block}",
        "Let me see.\n\n{draft}\n\nNo, wait.\n</think>\n\n{block}",
        "[THINK]Let me see.\n\n{draft}\n[/THINK]{block}",
        "<|channel|>analysis<|message|>Let me see.\n\n{draft}\n<|end|><|start|>assistant<|channel|>final"
        "<|message|>{block}<|return|>",
    )
    return choice.choice(shapes).format(draft=draft, block=block)


def _part_crlf(change: TrueChange, choice: random.Random) -> str | None:
    block = _part(change, choice)
    return block.replace("\n", "\r\n") if block else None


def _part_dedented(change: TrueChange, choice: random.Random) -> str | None:
    lines = _lines(change.part)
    widths = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    if not widths or not min(widths) or change.source.language_id in _PROSE_LANGUAGES:
        return None
    least = min(widths)
    if len({line[:least] for line in lines if line.strip()}) != 1:
        return None
    return _fenced("\n".join(line[least:] for line in lines), change.source.language_id)


def _part_deeper(change: TrueChange, choice: random.Random) -> str | None:
    """As if the part stood in something else: every line further to the right."""
    lines = _lines(change.part)
    if not change.part.strip() or change.source.language_id in _PROSE_LANGUAGES | {"makefile"}:
        return None
    by = "\t" if any(line.startswith("\t") for line in lines) else " " * choice.choice((2, 4))
    return _fenced(
        "\n".join(by + line if line.strip() else line for line in lines), change.source.language_id
    )


def _part_first_lost(change: TrueChange, choice: random.Random) -> str | None:
    """The indentation of the first line is lost, as where a model continues from the fence."""
    lines = _lines(change.part)
    said = [line for line in lines if line.strip()]
    if len(said) < 3 or not lines[0].strip() or change.source.language_id in _PROSE_LANGUAGES:
        return None
    first = width(lines[0])
    if not first or any(width(line) < first for line in said):
        return None
    if said[0].rstrip().endswith(("{", "(", "[", ":")) and width(said[1]) <= first:
        return None  # nothing is inside, so its indentation is unknown
    return _fenced("\n".join([lines[0].lstrip(" \t"), *lines[1:]]), change.source.language_id)


def _part_tildes(change: TrueChange, choice: random.Random) -> str | None:
    if "~~~" in change.part or not change.part.strip():
        return None
    return f"~~~{change.source.language_id}\n{_plain(change.part).removesuffix(chr(10))}\n~~~"


def _whole_under_its_name(change: TrueChange, choice: random.Random) -> str:
    shape = choice.choice(("### `{p}`\n\n{b}", "**{p}**\n\n{b}", "File: {p}\n{b}", "`{p}`:\n\n{b}"))
    return shape.format(p=change.source.path, b=_whole(change, choice))


def _diff(change: TrueChange, numbers: str, choice: random.Random, context: int = 3) -> list[str]:
    old, new, path = _rows(change.old), _rows(change.new), change.source.path
    rows = list(unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="", n=context))
    if numbers == "wrong":
        by = choice.randrange(2, 30)
        rows = [re.sub(r"^@@ -(\d+)", lambda found: f"@@ -{int(found[1]) + by}", row) for row in rows]
    elif numbers == "none":
        rows = ["@@ ... @@" if row.startswith("@@ ") else row for row in rows]
    return rows


def _diff_right(change: TrueChange, choice: random.Random) -> str:
    return _fenced("\n".join(_diff(change, "right", choice)), "diff")


def _diff_bare(change: TrueChange, choice: random.Random) -> str:
    return "\n".join(_diff(change, "right", choice))


def _diff_git(change: TrueChange, choice: random.Random) -> str:
    path = change.source.path
    head = f"diff --git a/{path} b/{path}\nindex 3f2a1b0..9c8d7e6 100644"
    return _fenced("\n".join([head, *_diff(change, "right", choice)]), "diff")


def _diff_wrong_numbers(change: TrueChange, choice: random.Random) -> str | None:
    rows = _diff(change, "wrong", choice)
    return _fenced("\n".join(rows), "diff") if _is_telling(change, rows) else None


def _diff_no_numbers(change: TrueChange, choice: random.Random) -> str | None:
    rows = _diff(change, "none", choice)
    return _fenced("\n".join(rows), "diff") if _is_telling(change, rows) else None


def _diff_headless(change: TrueChange, choice: random.Random) -> str:
    return _fenced("\n".join(_diff(change, "right", choice)[2:]), "diff")


def _diff_crlf(change: TrueChange, choice: random.Random) -> str:
    return _diff_right(change, choice).replace("\n", "\r\n")


def _diff_thought(change: TrueChange, choice: random.Random) -> str:
    """A draft of the diff is in the thoughts, sentences are around the right one."""
    diff = _diff_right(change, choice)
    thought = "<think>\n" + diff.replace("\n+", "\n+draft ") + "\nNo, that is not it.\n</think>\n"
    return f"{thought}{choice.choice(_PROSE)}\n\n{diff}{choice.choice(_AFTER)}"


def _patch(change: TrueChange, choice: random.Random) -> str | None:
    rows = _diff(change, "none", choice)
    if not _is_telling(change, rows):
        return None
    body = ["@@" if row.startswith("@@ ") else row for row in rows[2:]]
    return "\n".join(["*** Begin Patch", f"*** Update File: {change.source.path}", *body, "*** End Patch"])


def _patch_anchored(change: TrueChange, choice: random.Random) -> str | None:
    """Hunks under `@@ def f():`, the line of an enclosing definition further up."""
    rows, old = _diff(change, "right", choice)[2:], _lines(change.old)
    out: list[str] = []
    for row in rows:
        found = re.match(r"^@@ -(\d+)", row)
        if found is None:
            out.append(row)
            continue
        first = int(found[1]) - 1
        anchor = _anchor(old, first)
        if anchor is None:
            return None
        out.append(f"@@ {anchor}")
    if not _is_telling(change, rows):
        return None
    return "\n".join(["*** Begin Patch", f"*** Update File: {change.source.path}", *out, "*** End Patch"])


def _anchor(old: Sequence[str], first: int) -> str | None:
    if not old[first:] or not old[first].strip():
        return None
    for row in range(first - 1, -1, -1):
        if old[row].strip() and width(old[row]) < width(old[first]) and old.count(old[row]) == 1:
            return old[row].strip()
    return None


def _is_telling(change: TrueChange, rows: Sequence[str]) -> bool:
    """Whether every hunk's old lines are in the file once: without numbers, it could not be placed otherwise."""
    old = "\n".join(["", *_lines(change.old), ""])
    for hunk in _hunks(rows):
        text = "\n".join(["", *(row[1:] for row in hunk if row[:1] in " -"), ""])
        if old.count(text) != 1 or not text.strip():
            return False
    return True


def _hunks(rows: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = []
    for row in rows:
        if row.startswith("@@"):
            found.append([])
        elif found:
            found[-1].append(row)
    return found


def _search_replace(change: TrueChange, choice: random.Random) -> str | None:
    rows = _diff(change, "right", choice)
    if not _is_telling(change, rows) or re.search(r"(?m)^[<=>]{5,9}", change.old + change.new):
        return None
    blocks = [
        "\n".join(
            [
                "<<<<<<< SEARCH",
                *(row[1:] for row in hunk if row[:1] in " -"),
                "=======",
                *(row[1:] for row in hunk if row[:1] in " +"),
                ">>>>>>> REPLACE",
            ]
        )
        for hunk in _hunks(rows)
    ]
    style = choice.randrange(3)
    if style == 0:
        return "\n\n".join(blocks)
    if style == 1:
        return "\n\n".join(f"{change.source.path}\n{_fenced(block, '')}" for block in blocks)
    return f"{choice.choice(_PROSE)}\n\n" + _fenced("\n".join(blocks), change.source.language_id)


def _search_replace_crlf(change: TrueChange, choice: random.Random) -> str | None:
    blocks = _search_replace(change, choice)
    return blocks.replace("\n", "\r\n") if blocks else None


def _elided(change: TrueChange, choice: random.Random) -> str | None:
    """The part with its unchanged stretches left out, a placeholder for each, three lines kept around a change."""
    mark = _placeholder(change.source.language_id, choice)
    old, new = _rows(change.old[change.start : change.end]), _rows(change.part)
    if mark is None or len(old) < 12:
        return None
    if change.kind == "delete" and _ends(old) != _ends(new):
        return None  # a reply that ends early does not say that the rest goes
    out: list[str] = []
    kept = 3
    for tag, _, _, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        rows = new[j1:j2]
        if tag == "equal" and len(rows) > 2 * kept + 2:
            head, tail = rows[:kept], rows[-kept:]
            if not (_unique(head, old) and _unique(tail, old)):
                return None
            space = re.match(r"[ \t]*", next((row for row in rows[kept:] if row.strip()), ""))
            out += [*head, (space[0] if space else "") + mark, *tail]
        else:
            out += rows
    return _fenced("\n".join(out), change.source.language_id) if any(mark in row for row in out) else None


def _ends(rows: Sequence[str]) -> tuple[str, str]:
    said = [row for row in rows if row.strip()] or [""]
    return said[0], said[-1]


def _unique(rows: Sequence[str], old: Sequence[str]) -> bool:
    return all(old.count(row) == 1 for row in rows if row.strip()) and any(row.strip() for row in rows)


def _placeholder(language: str, choice: random.Random) -> str | None:
    words = choice.choice(
        ["... existing code ...", "... rest of the code unchanged ...", "(rest unchanged)", "--- snip ---"]
    )
    if language in _HASH:
        return f"# {words}"
    if language in _SLASH:
        return f"// {words}"
    if language in _DASH:
        return f"-- {words}"
    return f"<!-- {words} -->" if language == "html" and "--" not in words else None


FORMS: dict[str, Form] = {
    "whole file": _whole,
    "whole file, named": _whole_named,
    "whole file, under its name": _whole_under_its_name,
    "part": _part,
    "part, no language": _part_unnamed,
    "part, no fence": _part_bare,
    "part, prose around": _part_prose,
    "part, thoughts": _part_thought,
    "part, CRLF": _part_crlf,
    "part, tildes": _part_tildes,
    "part, indentation lost": _part_dedented,
    "part, indentation deeper": _part_deeper,
    "part, first indentation lost": _part_first_lost,
    "diff": _diff_right,
    "diff, no fence": _diff_bare,
    "diff --git": _diff_git,
    "diff, wrong numbers": _diff_wrong_numbers,
    "diff, no numbers": _diff_no_numbers,
    "diff, no header": _diff_headless,
    "diff, CRLF": _diff_crlf,
    "diff, thoughts and prose": _diff_thought,
    "*** Begin Patch": _patch,
    "*** Begin Patch, @@ anchors": _patch_anchored,
    "SEARCH/REPLACE": _search_replace,
    "SEARCH/REPLACE, CRLF": _search_replace_crlf,
    "elided": _elided,
}
