"""Explaining: what the code's syntax tree says it contains, in sentences."""

from __future__ import annotations

import ast
import re

from halley.simulator.answers.languages import known
from halley.simulator.answers.outline import Definition, Outline, outline, own_nodes
from halley.simulator.answers.reading import Task
from halley.simulator.answers.repair import undefined_names

MOST = 12
"""Definitions explained one by one; the rest are counted."""


def explain(task: Task) -> str:
    """Markdown about the task's code: what it defines, does, calls, raises, and what is surprising."""
    found = outline(task.code, task.language)
    parts = [_diagnostics(task), _overview(found, task), *map(_definition, found.definitions[:MOST])]
    if len(found.definitions) > MOST:
        rest = ", ".join(f"`{d.name}`" for d in found.definitions[MOST:])
        parts.append(f"It also defines {rest}.")
    if not found.functions:
        parts.append(_statements(found))
    parts.append(_worth_knowing(found, task))
    return "\n\n".join(part for part in parts if part)


def join(names: list[str], most: int = 8) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names[:most]]
    if len(names) > most:
        quoted.append(f"{len(names) - most} more")
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" and {quoted[-1]}" if quoted else ""


def _overview(found: Outline, task: Task) -> str:
    where = f"`{task.block.path}`" if task.block.path else f"{known(task.language).name} code"
    one = found.lines == 1
    opening = f"This line of {where} defines" if one else f"These {found.lines} lines of {where} define"
    kinds: dict[str, list[str]] = {}
    for definition in found.definitions:
        if not definition.owner or definition.kind != "method":
            kinds.setdefault(definition.kind, []).append(definition.name)
    defined = "; ".join(f"{plural(kind, len(names))} {join(names)}" for kind, names in kinds.items())
    text = f"{opening} {defined or 'nothing by name'}."
    if found.imports:
        text += f" The imports are {join(found.imports)}."
    if found.problem:
        text += f" As it stands it does not parse: {found.problem}."
    return text


def plural(kind: str, count: int) -> str:
    many = {"class": "classes", "property": "properties"}.get(kind, f"{kind}s")
    return f"the {kind}" if count == 1 else f"the {many}"


def _definition(found: Definition) -> str:
    kind = f"{'asynchronous ' if found.is_async else ''}{found.kind}"
    text = f"**`{found.signature}`** is {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    text += f" of `{found.owner}`" if found.owner and found.kind == "method" else ""
    text += f" built on {join(found.bases)}" if found.bases else ""
    said = [text + "."]
    if found.doc:
        said.append(f"Its documentation says: {found.doc.strip().splitlines()[0].rstrip('.')}.")
    if found.kind == "class" and found.parameters:
        said.append(f"Its fields are {join(found.parameters)}.")
    if found.loops:
        said.append("It loops: " + ", ".join(f"`{loop}`" for loop in found.loops[:4]) + ".")
    if found.branches:
        said.append(f"It decides in {found.branches} place{'s' if found.branches != 1 else ''}.")
    if found.calls:
        said.append(f"It calls {join(found.calls)}.")
    said += _outcomes(found)
    return " ".join(said)


def _outcomes(found: Definition) -> list[str]:
    said: list[str] = []
    if found.raises:
        said.append(f"It can raise {join(list(dict.fromkeys(found.raises)), 4)}.")
    if found.returns:
        said.append(f"It returns {join(list(dict.fromkeys(found.returns)), 4)}.")
    elif found.kind in ("function", "method") and found.node is not None:
        said.append("It returns nothing of its own; it works by its effects." if found.calls else "")
    if found.name in found.calls:
        said.append("It calls itself.")
    return [sentence for sentence in said if sentence]


def _statements(found: Outline) -> str:
    said: list[str] = []
    if found.names:
        said.append(f"It sets {join(found.names)}.")
    if found.loops:
        said.append("It loops: " + ", ".join(f"`{loop}`" for loop in found.loops[:4]) + ".")
    if found.calls:
        said.append(f"It calls {join(found.calls)}.")
    return " ".join(said)


def _diagnostics(task: Task) -> str:
    lines: list[str] = []
    for text in task.diagnostics:
        message = text.split(": ", 1)[-1]
        names = re.findall(r"[`\"'“]([\w.]+)[`\"'”]", text)
        about = f" It is about {join(list(dict.fromkeys(names)))}." if names else ""
        lines.append(f"The editor says: *{message}*.{about} {_cure(message)}")
    return "\n".join(lines)


_CURES = (
    (r"undefined|not defined|cannot find name|unresolved", "The name is used, but nothing in reach defines or imports it: define it, import it, or correct its spelling."),
    (r"unused|never used|not accessed", "It is made and then not used: remove it, or use it."),
    (r"expected ['\"`]?:|expected ':'", "A block's first line ends in a colon: add it."),
    (r"syntax|unexpected|expected|invalid", "The text breaks the grammar at or just before this place: look for a missing bracket, colon or quote."),
    (r"type|assignable|incompatible", "The value's type is not the one wanted here: convert it, or correct the declaration."),
    (r"return", "Some path through the function returns nothing: add the missing `return`."),
)  # fmt: skip


def _cure(message: str) -> str:
    return next(
        (cure for pattern, cure in _CURES if re.search(pattern, message, re.I)), "Start at the line it names."
    )


def surprises(found: Outline, code: str, around: str = "") -> list[str]:
    """Python only: what a careful reader would point at, with the source that shows it."""
    if found.tree is None:
        return []
    missing = undefined_names(code, around)[:3]
    notes = [
        f"`{name}` is defined nowhere that I was shown; if so, using it raises `NameError`."
        for name in missing
    ]
    for node in ast.walk(found.tree):
        notes += _notes(node)
    return list(dict.fromkeys(notes))[:6]


def _worth_knowing(found: Outline, task: Task) -> str:
    notes = surprises(found, task.code, "\n".join(block.code for block in task.others))
    return "Worth knowing:\n\n" + "\n".join(f"- {note}" for note in notes) if notes else ""


def _notes(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        mutable = [d for d in node.args.defaults if isinstance(d, (ast.List, ast.Dict, ast.Set))]
        notes = [
            f"`{node.name}` has the mutable default `{ast.unparse(d)}`, which all calls share."
            for d in mutable
        ]
        nested = [
            n
            for n in own_nodes(node)
            if isinstance(n, ast.For) and any(isinstance(i, ast.For) for i in own_nodes(n))
        ]
        return notes + [
            f"`{node.name}` has a loop in a loop: its cost grows with the product of both."
            for _ in nested[:1]
        ]
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod))
        and not isinstance(node.right, ast.Constant)
    ):
        if isinstance(node.op, ast.Mod) and isinstance(node.left, (ast.Constant, ast.JoinedStr)):
            return []
        return [
            f"`{ast.unparse(node)}` fails with `ZeroDivisionError` when `{ast.unparse(node.right)}` is 0."
        ]
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        return ["A bare `except:` also catches `KeyboardInterrupt` and `SystemExit`."]
    if isinstance(node, ast.Compare) and _equals_none(node):
        return [f"`{ast.unparse(node)}` compares with `None` by equality; `is` says it better."]
    if isinstance(node, ast.Global):
        return [f"It changes the global {join(node.names)}."]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
        return [f"`{node.func.id}` runs whatever text it is given."]
    return []


def _equals_none(node: ast.Compare) -> bool:
    none = any(isinstance(c, ast.Constant) and c.value is None for c in node.comparators)
    return none and any(isinstance(op, (ast.Eq, ast.NotEq)) for op in node.ops)
