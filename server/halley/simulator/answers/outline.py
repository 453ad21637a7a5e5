"""`explain` says what code holds (definitions, calls, loops …), by tree-sitter and `nodes.toml`; nothing without a grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from halley.simulator.answers.languages import count_errors, known, parse, read_table, walk
from halley.simulator.answers.reading import Block

_NODES: dict[str, dict[str, str]] = read_table("nodes.toml")
_KINDS, _FACT_OF = (
    {node: name for name, nodes in _NODES[table].items() for node in nodes.split()}
    for table in ("kinds", "facts")
)

MOST = 12
"""Definitions explained one by one."""


@dataclass(slots=True)
class Definition:
    """`start` and `end` are lines counted from 0, `end` not included; facts are the source's own words."""

    kind: str
    name: str
    parameters: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0
    facts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in _NODES["facts"]})
    """What it calls, loops over, imports, raises and returns."""

    @property
    def is_function(self) -> bool:
        return self.kind in ("function", "method")

    @property
    def signature(self) -> str:
        return f"{self.name}({', '.join(self.parameters)})" if self.is_function else self.name


def explain(block: Block, language: str, diagnostics: tuple[str, ...] = ()) -> str:
    """Markdown: what the code defines, calls, loops over, raises and returns."""
    whole, found = outline(block.code, language)
    parts = [f"The editor says: *{text.split(': ', 1)[-1]}*." for text in diagnostics]
    where = f"`{block.path}`" if block.path else f"{known(language).name} code"
    names = {kind: join([one.name for one in found if one.kind == kind]) for kind in (d.kind for d in found)}
    kinds = "; ".join(f"the {kind} {named}" for kind, named in names.items()) or "nothing by name"
    if whole.end == 1:
        parts.append(f"This line of {where} defines {kinds}.")
    else:
        parts.append(f"These {whole.end} lines of {where} define {kinds}.")
    if imports := whole.facts["imports"]:
        parts.append(f"Imports: {join(imports)}.")
    if count_errors(block.code, language):
        parts.append("As it stands, parts of it do not parse.")
    parts += map(_defined, found[:MOST])
    parts.append(_facts(whole))
    return "\n\n".join(part for part in parts if part)


def join(names: list[str], most: int = 8) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names[:most]]
    quoted += [f"{len(names) - most} more"] if len(names) > most else []
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)


def outline(code: str, language: str) -> tuple[Definition, list[Definition]]:
    """The file itself, which has the facts outside every definition and all imports, and its definitions."""
    whole = Definition("file", "", end=code.count("\n") + 1)
    root = parse(code, language)
    if root is None:
        return whole, []
    found: dict[int, Definition] = {}
    for node in walk(root):
        if node.type in _KINDS and (name := _name(node)):
            found[node.id] = _definition(node, name)
        elif (fact := _FACT_OF.get(node.type)) and (said := _said_of(node, fact)):
            facts = (whole if fact == "imports" else _owner(node, found) or whole).facts[fact]
            if said not in facts:
                facts.append(said)
    return whole, list(found.values())


def text_of(node: Any) -> str:
    return " ".join((node.text or b"").decode("utf-8", "replace").split())


def _definition(node: Any, name: str) -> Definition:
    rows = node.start_point[0], node.end_point[0] + 1
    return Definition(_KINDS[node.type], name, _parameters(node), *rows)


def _owner(node: Any, found: dict[int, Definition]) -> Definition | None:
    while node is not None:
        if node.id in found:
            return found[node.id]
        node = node.parent
    return None


def _said_of(node: Any, fact: str) -> str:
    text = text_of(node)
    if fact == "calls":
        fields = ("function", "name", "method", "macro")
        head = next((child for name in fields if (child := node.child_by_field_name(name))), None)
        text = text_of(head or node.named_children[0]) if head or node.named_children else ""
    elif fact == "loops":
        body = node.child_by_field_name("body")
        said = node.text if body is None else node.text[: body.start_byte - node.start_byte]
        text = " ".join(said.decode("utf-8", "replace").split()).rstrip("{: ")
    elif fact in ("raises", "returns"):
        text = text_of(node.named_children[0]) if node.named_children else ""
    return text.rstrip(";") if len(text) <= 100 else ""


def _name(node: Any) -> str:
    if node.type == "arrow_function":
        holder = node.parent
        return text_of(holder.child_by_field_name("name")) if holder.type == "variable_declarator" else ""
    name = node.child_by_field_name("name")
    while name is None and (inner := node.child_by_field_name("declarator")) is not None:
        node, name = inner, None if inner.child_by_field_name("declarator") else inner
    return text_of(name) if name is not None else ""


def _parameters(node: Any) -> list[str]:
    holder = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    while holder is None and (node := node.child_by_field_name("declarator")) is not None:
        holder = node.child_by_field_name("parameters")
    fields = ("pattern", "name", "declarator", "left")
    given = [child for child in holder.named_children if "comment" not in child.type] if holder else []
    names = [next(filter(None, map(child.child_by_field_name, fields)), child) for child in given]
    return [re.split(r"[:=]", text_of(name))[0].strip() for name in names]


def _defined(found: Definition) -> str:
    text = f"**`{found.signature}`** is {'an' if found.kind[0] in 'aeiou' else 'a'} {found.kind}."
    return f"{text} {_facts(found)}".rstrip()


def _facts(found: Definition) -> str:
    """What is known of it, a sentence each."""
    verbs = {"loops": "loops", "calls": "calls", "raises": "can raise", "returns": "returns"}
    return " ".join(
        f"It {verb} {join(found.facts[fact], 5)}." for fact, verb in verbs.items() if found.facts[fact]
    )
