"""What a piece of code contains (definitions, imports, calls, loops), read from its tree-sitter tree.

Where there is no grammar the shape of its lines has to do, and only names are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from halley.simulator.answers.languages import parse, walk

_KINDS = {
    "function_definition": "function", "function_declaration": "function", "function_item": "function",
    "method_definition": "method", "method_declaration": "method", "method": "method", "singleton_method": "method",
    "constructor_declaration": "method", "local_function_statement": "function", "arrow_function": "function",
    "class_definition": "class", "class_declaration": "class", "class_specifier": "class", "class": "class",
    "struct_item": "struct", "struct_specifier": "struct", "struct_declaration": "struct", "type_spec": "type",
    "interface_declaration": "interface", "trait_item": "trait", "enum_item": "enum", "enum_declaration": "enum",
    "type_alias_declaration": "type", "module": "module", "rule_set": "rule",
}  # fmt: skip
_FACTS = {
    "calls": """call_expression call method_invocation invocation_expression function_call
        function_call_expression macro_invocation member_call_expression command new_expression""",
    "loops": """for_statement while_statement for_in_statement do_statement for_expression while_expression
        loop_expression enhanced_for_statement foreach_statement for_range_loop for_in_clause""",
    "imports": """import_statement import_from_statement import_declaration use_declaration using_directive
        preproc_include namespace_use_declaration""",
    "raises": "raise_statement throw_statement throw_expression",
    "returns": "return_statement return_expression",
}
_FACT_OF = {node: name for name, nodes in _FACTS.items() for node in nodes.split()}
_HEADER = re.compile(r"^\s*(?:\w+\s+)*?(?:def|class|function|func|fn|sub|fun|struct)\s+([A-Za-z_]\w*)")
_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")


@dataclass(slots=True)
class Definition:
    """`start` and `end` are lines counted from 0, `end` not included. Facts are the source's own words."""

    kind: str
    name: str
    parameters: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0
    doc: str = ""
    calls: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    raises: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)

    @property
    def is_function(self) -> bool:
        return self.kind in ("function", "method")

    @property
    def signature(self) -> str:
        return f"{self.name}({', '.join(self.parameters)})" if self.is_function else self.name


def outline(code: str, language: str) -> tuple[Definition, list[Definition]]:
    """The file itself, which has the facts outside every definition and all imports, and its definitions."""
    whole = Definition("file", "", end=code.count("\n") + 1)
    root = parse(code, language)
    if root is None:
        return whole, _by_lines(code, whole)
    found: dict[int, Definition] = {}
    for node in walk(root):
        if node.type in _KINDS and (name := _name(node)):
            found[node.id] = _definition(node, name)
        elif (fact := _FACT_OF.get(node.type)) and (said := _said_of(node, fact)):
            facts = getattr(whole if fact == "imports" else _owner(node, found) or whole, fact)
            if said not in facts:
                facts.append(said)
    return whole, list(found.values())


def text_of(node: Any) -> str:
    return " ".join((node.text or b"").decode("utf-8", "replace").split())


def _definition(node: Any, name: str) -> Definition:
    body = node.child_by_field_name("body")
    first = next(iter(body.named_children), None) if body is not None else None
    before, doc = node.prev_sibling, ""
    if first is not None and [child.type for child in first.named_children[:1]] == ["string"]:
        doc = text_of(first).strip("\"' ")
    elif before is not None and "comment" in before.type:
        doc = text_of(before).strip("/#*- ")
    return Definition(
        _KINDS[node.type], name, _parameters(node), node.start_point[0], node.end_point[0] + 1, doc
    )


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


def _by_lines(code: str, whole: Definition) -> list[Definition]:
    found: list[Definition] = []
    for row, line in enumerate(code.split("\n")):
        if header := _HEADER.match(line):
            found.append(Definition("function", header[1], start=row, end=row + 1))
        else:
            (found[-1] if found else whole).calls += _CALL.findall(line)
    return found
