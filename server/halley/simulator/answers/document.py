"""Documenting: a docstring, or a comment in the language's way, for every definition that has none."""

from __future__ import annotations

import ast
import re

from halley.simulator.answers.languages import known
from halley.simulator.answers.layout import add_indent, common_indent, remove_indent
from halley.simulator.answers.outline import Definition, outline
from halley.simulator.answers.recipes import find_recipe, words_of


def document(code: str, language: str) -> str:
    """`code` with documentation added; nothing else changes."""
    indent = common_indent(code)
    rows = remove_indent(code, indent).split("\n")
    found = outline("\n".join(rows), language)
    if language == "python" and found.tree is None:
        return code
    wanted = [
        d
        for d in found.definitions
        if not d.documented and d.kind not in ("module", "namespace", "implementation")
    ]
    for definition in sorted(wanted, key=lambda d: -d.start):
        if language == "python":
            _docstring(rows, definition)
        else:
            _comment_above(rows, definition, language)
    return add_indent("\n".join(rows), indent)


def summary(definition: Definition) -> str:
    """One sentence about a definition, from its name and what its body does."""
    recipe = find_recipe(definition.name, len([p for p in definition.parameters if p not in ("self", "cls")]))
    if recipe is not None:
        return recipe.says
    words = words_of(definition.name) or [definition.name]
    if definition.kind in ("class", "struct", "record", "type", "interface", "enum", "trait"):
        one = " ".join(words)
        return f"{'An' if one[0] in 'aeiou' else 'A'} {one}."
    if definition.name == "__init__":
        return "Sets up the instance."
    if words[0] in ("is", "has", "can", "should"):
        return (
            f"Tell whether it {' '.join(words)}."
            if words[0] != "is"
            else f"Tell whether it is {' '.join(words[1:])}."
        )
    text = " ".join(words).capitalize()
    return f"{text}."


def _docstring(rows: list[str], definition: Definition) -> None:
    node = definition.node
    body = node.body[0]
    if body.lineno == node.lineno or rows[body.lineno - 1][: body.col_offset].strip():
        return  # a body on its signature's line has no room for one
    row = rows[body.lineno - 1]
    lead = row[: len(row) - len(row.lstrip())]
    first = body.lineno
    if isinstance(body, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and body.decorator_list:
        first = body.decorator_list[0].lineno
    lines = _docstring_lines(definition)
    at = first - 1
    while at > node.lineno and (not rows[at - 1].strip() or rows[at - 1].lstrip().startswith("#")):
        at -= 1
    rows[at:at] = [lead + line if line else "" for line in lines]


def _docstring_lines(definition: Definition) -> list[str]:
    details: list[str] = []
    names = [p for p in definition.parameters if p.lstrip("*") not in ("self", "cls")]
    if names and definition.kind != "class":
        details += ["Args:", *(f"    {name}: {describe(name)}." for name in names)]
    if definition.returns:
        details += (
            ["", "Returns:", f"    {_shown(definition.returns[-1])}"]
            if details
            else ["Returns:", f"    {_shown(definition.returns[-1])}"]
        )
    if definition.raises:
        raised = list(
            dict.fromkeys(re.split(r"\W", r)[0] for r in definition.raises if re.match(r"[A-Z]", r))
        )
        if raised:
            details += ["", "Raises:", *(f"    {name}: see the checks in the body." for name in raised)]
    if not details:
        return [f'"""{summary(definition)}"""']
    return [f'"""{summary(definition)}', "", *details, '"""']


def _shown(expression: str) -> str:
    """An expression as a docstring may hold it."""
    text = " ".join(expression.split()).replace("\\", "/").replace('"""', "'''")
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`."


def describe(name: str) -> str:
    words = words_of(name) or ["value"]
    return ("Whether to " if words[0] in ("use", "allow") else "The ") + " ".join(words)


def _comment_above(rows: list[str], definition: Definition, language: str) -> None:
    facts = known(language)
    row = rows[definition.start] if definition.start < len(rows) else ""
    lead = re.match(r"[ \t]*", row)[0]  # type: ignore[index]
    opening, prefix, closing = facts.doc
    text = summary(definition)
    if language == "go":
        text = f"{definition.name} {text[:1].lower()}{text[1:]}"
    lines = [opening] if opening else []
    if language == "csharp":
        lines += [f"{prefix}<summary>", f"{prefix}{text}", f"{prefix}</summary>"]
    else:
        lines.append(f"{prefix}{text}{facts.tail}")
    lines += _tags(definition, language, prefix)
    lines += [closing] if closing else []
    at = definition.start
    while at > 0 and rows[at - 1].lstrip().startswith(("@", "#[")):
        at -= 1
    rows[at:at] = [(lead + line).rstrip() for line in lines]


def _tags(definition: Definition, language: str, prefix: str) -> list[str]:
    if language not in ("javascript", "typescript", "typescriptreact", "java", "php", "cpp", "c"):
        return []
    names = [
        re.sub(r"[^\w$]", "", re.split(r"[:=]", p)[0].split()[-1]) for p in definition.parameters if p.split()
    ]
    tags = [f"{prefix}@param {name} {describe(name)}" for name in names if name]
    if definition.returns:
        tags.append(
            f"{prefix}@return{'s' if language.startswith(('java', 'type')) and language != 'java' else ''} The result"
        )
    return tags
