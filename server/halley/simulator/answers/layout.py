"""Formatting: white space, line breaks, and quotes where the rules ask for them; never the meaning.

`format_code` is the way in. Python goes through autopep8's white-space fixes, other languages through
`layout_tree.py`. What comes out is compared with what went in (Python by AST and comments, others by their
tokens), and given up when it says anything else.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize

from halley.simulator.answers.layout_tree import layout_by_tree, trim_lines

_WHITE_SPACE = ["E1", "E2", "E3", "E501", "E502", "E70", "W1", "W2", "W3"]
"""autopep8's fixes that leave the syntax tree alone; E4, E7 and W6 move or rewrite code."""


def format_code(code: str, language: str, rules: str = "") -> str:
    """`code` laid out. Keeps its common indentation, and the line end it closes with or has not."""
    if not code.strip():
        return code
    indent = common_indent(code)
    flat = remove_indent(code, indent)
    done = (
        _format_python(flat, rules)
        if language == "python"
        else layout_by_tree(flat, language, indent_width(rules, 0))
    )
    done = done.strip("\n")
    return add_indent(done, indent) + ("\n" if code.endswith("\n") else "")


def common_indent(code: str) -> str:
    """The white space every non-empty line begins with."""
    leads = [re.match(r"[ \t]*", line)[0] for line in code.split("\n") if line.strip()]  # type: ignore[index]
    if not leads:
        return ""
    first, last = min(leads), max(leads)
    same = 0
    while same < len(first) and same < len(last) and first[same] == last[same]:
        same += 1
    return first[:same]


def remove_indent(code: str, indent: str) -> str:
    return "\n".join(
        line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t") for line in code.split("\n")
    )


def add_indent(code: str, indent: str) -> str:
    return "\n".join(indent + line if line.strip() else line.strip(" \t") for line in code.split("\n"))


def line_width(rules: str, default: int = 88) -> int:
    found = re.search(
        r"(?:wrap|width|columns?|line length|lines?|at most|max\w*)\D{0,20}(\d{2,3})", rules, re.I
    )
    found = found or re.search(r"(\d{2,3})\s*(?:columns|characters|chars)", rules, re.I)
    return min(max(int(found[1]), 40), 400) if found else default


def indent_width(rules: str, default: int) -> int:
    found = re.search(r"(\d)[- ]spaces?|indent\w*\D{0,12}(\d)", rules, re.I)
    return int(found[1] or found[2]) if found else default


def _format_python(code: str, rules: str) -> str:
    import autopep8

    options = {
        "max_line_length": line_width(rules),
        "select": _WHITE_SPACE,
        "indent_size": indent_width(rules, 4) or 4,
    }
    try:
        before = _meaning(code)
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return trim_lines(code, "python")
    for attempt in (
        lambda: _quotes(autopep8.fix_code(code, options=options), rules),
        lambda: trim_lines(code, "python"),
    ):
        try:
            done = attempt()
            if _meaning(done) == before:
                return done
        except (SyntaxError, ValueError, RecursionError, tokenize.TokenError, IndexError):
            continue
    return code


def _meaning(code: str) -> tuple[str, list[str]]:
    """Equal for two texts that mean the same and carry the same comments."""
    comments = [
        t.string.rstrip()
        for t in tokenize.generate_tokens(io.StringIO(code + "\n").readline)
        if t.type == tokenize.COMMENT
    ]
    return ast.dump(ast.parse(code)), comments


def _quotes(code: str, rules: str) -> str:
    """Plain strings with the quotes the rules name, unless that would need escapes."""
    double, single = re.search(r"double[- ]quot", rules, re.I), re.search(r"single[- ]quot", rules, re.I)
    if not double and not single:
        return code
    wanted, other = ('"', "'") if double and (not single or double.start() < single.start()) else ("'", '"')
    lines = code.split("\n")
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(code).readline))):
        if token.type == tokenize.STRING and token.start[0] == token.end[0]:
            changed = _requoted(token.string, wanted, other)
            row, start, end = token.start[0] - 1, token.start[1], token.end[1]
            lines[row] = lines[row][:start] + changed + lines[row][end:]
    return "\n".join(lines)


def _requoted(literal: str, wanted: str, other: str) -> str:
    match = re.fullmatch(rf"([rbuRBU]*){other}(?!{other})(.*){other}", literal)
    if not match or wanted in match[2] or "\\" in match[2] or "f" in match[1].lower():
        return literal
    return f"{match[1]}{wanted}{match[2]}{wanted}"
