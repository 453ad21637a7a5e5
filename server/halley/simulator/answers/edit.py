"""Editing by instruction, improving, translating: modest, and honest where the words are beyond them.

`edit` understands renames, replacements, sorted lines, removed comments, added type hints, wrapped blocks; for everything
else the code comes back as it is with a note that says so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from halley.simulator.answers.languages import known
from halley.simulator.answers.layout import add_indent, common_indent, format_code, remove_indent
from halley.simulator.answers.reading import Task
from halley.simulator.answers.render import SPEAKERS, Unsayable, render_function

Said = tuple[str, str, str]


def edit(task: Task) -> Said:
    """The task's code, changed as its instruction says."""
    words = task.instruction or task.prose
    for pattern, change in EDITS:
        if match := re.search(pattern, words, re.I):
            done = change(task.code, match, task.language)
            if done is not None and done != task.code:
                return done, task.language, ""
    return (
        task.code,
        task.language,
        f"The simulator does not know how to do this: “{' '.join(words.split())[:120]}”.",
    )


def _rename(code: str, match: re.Match[str], language: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(match[1])}\b|(?<=\.){re.escape(match[1])}\b", match[2], code)


def _replace(code: str, match: re.Match[str], language: str) -> str:
    return code.replace(match[1], match[2])


def _sort(code: str, match: re.Match[str], language: str) -> str:
    lines = code.split("\n")
    tail = [""] if lines[-1] == "" else []
    return "\n".join(sorted(lines[: len(lines) - len(tail)], key=str.casefold) + tail)


def _without_comments(code: str, match: re.Match[str], language: str) -> str:
    mark = known(language).comment or "#"
    kept = [line for line in code.split("\n") if not line.lstrip().startswith(mark)]
    return "\n".join(kept)


def _upper(code: str, match: re.Match[str], language: str) -> str:
    return code.upper()


def _lower(code: str, match: re.Match[str], language: str) -> str:
    return code.lower()


def _comment_out(code: str, match: re.Match[str], language: str) -> str:
    mark, tail = known(language).comment or "#", known(language).tail
    indent = common_indent(code)
    return add_indent(
        "\n".join(
            f"{mark} {line}{tail}" if line.strip() else line
            for line in remove_indent(code, indent).split("\n")
        ),
        indent,
    )


def _try(code: str, match: re.Match[str], language: str) -> str | None:
    indent = common_indent(code)
    flat = remove_indent(code, indent).rstrip("\n")
    end = "\n" if code.endswith("\n") else ""
    if language == "python":
        wrapped = f"try:\n{add_indent(flat, '    ')}\nexcept Exception as error:\n    print(error)\n    raise"
    elif known(language).braces:
        wrapped = f"try {{\n{add_indent(flat, '  ')}\n}} catch (error) {{\n  throw error;\n}}"
    else:
        return None
    return add_indent(wrapped, indent) + end


def _add_comment(code: str, match: re.Match[str], language: str) -> str:
    mark, tail = known(language).comment or "#", known(language).tail
    indent = re.match(r"[ \t]*", code)[0]  # type: ignore[index]
    return f"{indent}{mark} {match[1].strip()}{tail}\n{code}"


_WORD = r"[`'\"]?([A-Za-z_$][\w$]*)[`'\"]?"
_ANY = r"[`'\"“]([^`'\"”\n]+)[`'\"”]"

EDITS: tuple[tuple[str, Callable[[str, re.Match[str], str], str | None]], ...] = (
    (rf"\brename\s+(?:the\s+)?(?:\w+\s+)?{_WORD}\s+(?:to|into|as)\s+{_WORD}", _rename),
    (rf"\b(?:replace|change|swap)\s+{_ANY}\s+(?:with|by|to|into|for)\s+{_ANY}", _replace),
    (rf"\b(?:replace|change|use)\s+{_WORD}\s+(?:with|by|to|into)\s+{_WORD}", _rename),
    (
        rf"\buse\s+{_WORD}\s+instead of\s+{_WORD}",
        lambda code, m, _: re.sub(rf"\b{re.escape(m[2])}\b", m[1], code),
    ),
    (r"\bsort\b", _sort),
    (r"\b(?:remove|delete|strip|drop)\b.{0,20}\bcomments?\b", _without_comments),
    (r"\bcomment\b.{0,20}\bout\b", _comment_out),
    (rf"\badd (?:a |the )?comment\b\D{{0,20}}?{_ANY}", _add_comment),
    (r"\b(?:upper ?case|capitals)\b", _upper),
    (r"\blower ?case\b", _lower),
    (r"\btry\b|\b(?:handle|catch)\b.{0,20}\b(?:error|exception)s?", _try),
)


class _Simpler(ast.NodeTransformer):
    """A few rewrites that keep the meaning."""

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if (
            len(node.body) == 1
            and len(node.orelse) == 1
            and isinstance(node.body[0], ast.Return)
            and isinstance(node.orelse[0], ast.Return)
        ):
            yes, no = node.body[0].value, node.orelse[0].value
            if _is(yes, True) and _is(no, False) and isinstance(node.test, ast.Compare):
                return ast.copy_location(ast.Return(node.test), node)
            if _is(yes, False) and _is(no, True):
                return ast.copy_location(ast.Return(ast.UnaryOp(ast.Not(), node.test)), node)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1 and _is(node.comparators[0], None):
            swap = {ast.Eq: ast.Is, ast.NotEq: ast.IsNot}.get(type(node.ops[0]))
            if swap:
                return ast.copy_location(ast.Compare(node.left, [swap()], node.comparators), node)
        return node


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def improve(task: Task) -> str:
    """Python: a few simplifications where they apply and no comment would be lost; then the layout."""
    if task.language != "python":
        return format_code(task.code, task.language)
    indent = common_indent(task.code)
    flat = remove_indent(task.code, indent)
    try:
        tree = ast.parse(flat)
    except (SyntaxError, ValueError):
        return task.code
    before = ast.dump(tree)
    simpler = ast.fix_missing_locations(_Simpler().visit(tree))
    if ast.dump(simpler) == before or re.search(r"(?m)#", flat):
        return format_code(task.code, "python")
    return add_indent(ast.unparse(simpler), indent) + ("\n" if task.code.endswith("\n") else "")


def translate(task: Task) -> Said:
    """Python's plain functions into the languages of `render.py`; what is beyond that is named, not guessed."""
    target = task.target or "javascript"
    if task.language == target or {task.language, target} <= {"javascript", "typescript"}:
        return task.code, target, ""
    if task.language != "python" or target not in SPEAKERS:
        note = f"The simulator translates plain Python functions only, not {known(task.language).name} to {known(target).name}."
        return task.code, task.language, note
    try:
        body = ast.parse(remove_indent(task.code, common_indent(task.code))).body
    except SyntaxError as error:
        return task.code, "python", f"This does not parse: {error.msg}."
    said: list[str] = []
    left: list[str] = []
    for node in body:
        name = getattr(node, "name", type(node).__name__)
        try:
            if not isinstance(node, ast.FunctionDef):
                raise Unsayable(name)
            said.append(render_function(_without_docstring(node), target))
        except Unsayable as error:
            left.append(f"`{name}` ({error})")
    note = f"Left out, as beyond the simulator: {', '.join(left)}." if left else ""
    return "\n\n".join(said) or f"{known(target).comment} nothing here could be translated", target, note


def _without_docstring(node: ast.FunctionDef) -> ast.FunctionDef:
    if ast.get_docstring(node):
        node.body = node.body[1:] or [ast.Pass()]
    return node
