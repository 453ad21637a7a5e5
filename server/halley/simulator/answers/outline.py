"""What a piece of code contains: definitions, imports, calls, loops: from its syntax tree.

Python by `ast`, other languages by their tree-sitter grammar, and where neither can read it by the shape of its lines.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from halley.simulator.answers.languages import known, parser


@dataclass(slots=True)
class Definition:
    """`start` and `end` are lines counted from 0, `end` not included."""

    kind: str
    name: str
    parameters: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0
    owner: str = ""
    documented: bool = False
    calls: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    branches: int = 0
    raises: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    doc: str = ""
    is_async: bool = False
    bases: list[str] = field(default_factory=list)
    node: Any = None

    @property
    def signature(self) -> str:
        return (
            self.name
            if self.kind in ("class", "struct", "interface", "enum")
            else f"{self.name}({', '.join(self.parameters)})"
        )


@dataclass(slots=True)
class Outline:
    language: str
    definitions: list[Definition] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Variables assigned at the top level."""
    raises: list[str] = field(default_factory=list)
    lines: int = 0
    problem: str = ""
    tree: ast.Module | None = None

    @property
    def functions(self) -> list[Definition]:
        return [d for d in self.definitions if d.kind in ("function", "method")]


def outline(code: str, language: str) -> Outline:
    """What `code` contains. Never raises: what cannot be parsed is read by its lines, and `problem` says so."""
    text = textwrap.dedent(code)
    if language == "python":
        found = _python(text)
        if found:
            return found
    engine = parser(language)
    if engine is not None:
        return _by_grammar(text, language, engine)
    return _by_lines(text, language)


# -- Python


def _python(text: str) -> Outline | None:
    found = Outline("python", lines=text.count("\n") + 1)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        lined = _by_lines(text, "python")
        line = getattr(error, "lineno", None)
        lined.problem = f"{getattr(error, 'msg', error)}" + (f" (line {line})" if line else "")
        return lined
    found.tree = tree
    _collect(tree, found, found.definitions, "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.imports += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    found.calls, found.loops, _, found.raises, _ = _facts(tree)
    for node in tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        found.names += [t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)]
    return found


def _collect(node: ast.AST, found: Outline, into: list[Definition], owner: str) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            into.append(_function(child, owner))
            _collect(child, found, into, child.name)
        elif isinstance(child, ast.ClassDef):
            into.append(_class(child, owner))
            _collect(child, found, into, child.name)
        else:
            _collect(child, found, into, owner)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Definition:
    calls, loops, branches, raises, returns = _facts(node)
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    names += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    names += [a.arg for a in arguments.kwonlyargs]
    names += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    doc = ast.get_docstring(node) or ""
    kind = "method" if names[:1] in (["self"], ["cls"]) else "function"
    return Definition(
        kind, node.name, names, node.lineno - 1, node.end_lineno or node.lineno, owner, bool(doc), calls, loops,
        branches, raises, returns, doc, isinstance(node, ast.AsyncFunctionDef), [], node,
    )  # fmt: skip


def _class(node: ast.ClassDef, owner: str) -> Definition:
    doc = ast.get_docstring(node) or ""
    fields = [
        s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
    ]
    return Definition(
        "class", node.name, fields, node.lineno - 1, node.end_lineno or node.lineno, owner, bool(doc), doc=doc,
        bases=[ast.unparse(base) for base in node.bases], node=node,
    )  # fmt: skip


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `node`, without those of the functions and classes inside it; in source order."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from own_nodes(child)


def _facts(node: ast.AST) -> tuple[list[str], list[str], int, list[str], list[str]]:
    calls: list[str] = []
    loops: list[str] = []
    raises: list[str] = []
    returns: list[str] = []
    branches = 0
    for child in own_nodes(node):
        if isinstance(child, ast.Call) and (name := _short(child.func)) and name not in calls:
            calls.append(name)
        elif isinstance(child, (ast.For, ast.AsyncFor, ast.comprehension)):
            loops.append(f"for {ast.unparse(child.target)} in {said_of(child.iter)}")
        elif isinstance(child, ast.While):
            loops.append(f"while {ast.unparse(child.test)}")
        elif isinstance(child, (ast.If, ast.IfExp, ast.Match)):
            branches += 1
        elif isinstance(child, ast.Raise) and child.exc is not None:
            raises.append(said_of(child.exc))
        elif isinstance(child, ast.Return) and child.value is not None:
            returns.append(said_of(child.value))
    return calls, loops, branches, raises, returns


def said_of(node: ast.AST) -> str:
    """The node's source; a generator that is the only argument without its second pair of brackets."""
    return re.sub(r"\((\([^()]* for [^()]*\))\)", r"\1", ast.unparse(node))


def _short(node: ast.expr) -> str:
    """A call's name, where it is short enough to be read as one."""
    text = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
    return text if len(text) <= 60 and "\n" not in text else ""


# -- other languages

_KINDS = {
    "function_definition": "function", "function_declaration": "function", "generator_function_declaration": "function",
    "function_item": "function", "method_definition": "method", "method_declaration": "method",
    "constructor_declaration": "method", "singleton_method": "method", "method": "method", "class_declaration": "class",
    "class_definition": "class", "class_specifier": "class", "class": "class", "module": "module",
    "struct_item": "struct", "struct_specifier": "struct", "struct_declaration": "struct", "type_spec": "type",
    "interface_declaration": "interface", "trait_item": "trait", "enum_item": "enum", "enum_declaration": "enum",
    "enum_specifier": "enum", "type_alias_declaration": "type", "namespace_definition": "namespace",
    "impl_item": "implementation", "record_declaration": "record", "rule_set": "rule", "local_function": "function",
}  # fmt: skip
_CALLS = frozenset(
    """call_expression call method_invocation invocation_expression function_call function_call_expression macro_invocation
    member_call_expression command new_expression object_creation_expression""".split()
)
_LOOPS = frozenset(
    """for_statement while_statement for_in_statement for_of_statement do_statement for_expression while_expression
    loop_expression enhanced_for_statement foreach_statement for_range_loop for while until repeat_statement
    c_style_for_statement""".split()
)
_IMPORTS = frozenset(
    """import_statement import_declaration import_spec use_declaration using_directive preproc_include
    namespace_use_declaration package_clause import_from_statement""".split()
)
_BRANCHES = frozenset(
    "if_statement if_expression switch_statement match_expression if case switch_expression".split()
)
_RETURNS = frozenset("return_statement return_expression return".split())
_RAISES = frozenset("throw_statement throw_expression".split())


def _by_grammar(text: str, language: str, engine: Any) -> Outline:
    data = text.encode("utf-8", "surrogatepass")
    root = engine.parse(data).root_node
    found = Outline(language, lines=text.count("\n") + 1)
    if root.has_error:
        found.problem = "parts of it do not parse"

    def said(node: Any) -> str:
        return data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def visit(node: Any, owner: Definition | None) -> None:
        inner = owner
        if node.is_named:
            inner = _note(node, owner, found, said) or owner
        for child in node.children:
            visit(child, inner)

    try:
        visit(root, None)
    except RecursionError:
        found.problem = "it is nested too deeply to be read whole"
    return found


def _note(node: Any, owner: Definition | None, found: Outline, said: Any) -> Definition | None:
    """Files one node; the definition it opens, if it opens one."""
    kind = node.type
    if kind in _KINDS and (name := _name_of(node, said)):
        opened = Definition(
            _KINDS[kind], name, _parameters(node, said), node.start_point[0], node.end_point[0] + 1,
            owner.name if owner else "", _has_comment_above(node), node=node,
        )  # fmt: skip
        found.definitions.append(opened)
        return opened
    if (
        kind in ("arrow_function", "function_expression")
        and node.parent is not None
        and node.parent.type == "variable_declarator"
    ):
        holder = node.parent
        statement = holder.parent
        opened = Definition(
            "function", said(holder.child_by_field_name("name")), _parameters(node, said), statement.start_point[0],
            statement.end_point[0] + 1, owner.name if owner else "", _has_comment_above(statement), node=statement,
        )  # fmt: skip
        found.definitions.append(opened)
        return opened
    _note_facts(node, kind, owner, found, said)
    return None


def _note_facts(node: Any, kind: str, owner: Definition | None, found: Outline, said: Any) -> None:
    lists = owner or found
    if kind in _CALLS:
        head = (
            node.child_by_field_name("function")
            or node.child_by_field_name("name")
            or node.child_by_field_name("method")
        )
        head = (
            head
            or node.child_by_field_name("macro")
            or (node.named_children[0] if node.named_children else None)
        )
        name = said(head) if head is not None else ""
        if name and len(name) <= 60 and "\n" not in name:
            for place in (lists.calls, found.calls):
                if name not in place:
                    place.append(name)
    elif kind in _LOOPS:
        line = said(node).split("\n")[0].strip().rstrip("{").strip()
        for place in (lists.loops, found.loops) if owner else (found.loops,):
            place.append(line)
    elif kind in _IMPORTS:
        name = " ".join(said(node).split())
        if not any(name in known_import for known_import in found.imports):
            found.imports.append(name.rstrip(";"))
    elif owner is not None and kind in _BRANCHES:
        owner.branches += 1
    elif owner is not None and kind in _RETURNS and node.named_children:
        owner.returns.append(" ".join(said(node.named_children[0]).split()))
    elif kind in _RAISES and node.named_children:
        lists.raises.append(" ".join(said(node.named_children[0]).split()))


def _name_of(node: Any, said: Any) -> str:
    name = node.child_by_field_name("name") or node.child_by_field_name("type")
    if name is None:
        name = node.child_by_field_name("declarator")
        while name is not None and name.child_by_field_name("declarator") is not None:
            name = name.child_by_field_name("declarator")
    if name is None and node.type == "rule_set" and node.named_children:
        name = node.named_children[0]
    return " ".join(said(name).split()) if name is not None else ""


def _parameters(node: Any, said: Any) -> list[str]:
    holder = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    if holder is None:
        inner = node.child_by_field_name("declarator")
        while inner is not None and holder is None:
            holder = inner.child_by_field_name("parameters")
            inner = inner.child_by_field_name("declarator")
    if holder is None:
        return []
    if not holder.named_children:
        return [said(holder)] if holder.type == "identifier" else []
    names: list[str] = []
    for child in holder.named_children:
        if child.type in ("comment", "line_comment", "block_comment"):
            continue
        inner = (
            child.child_by_field_name("pattern")
            or child.child_by_field_name("name")
            or child.child_by_field_name("declarator")
        )
        names.append(" ".join(said(inner if inner is not None else child).split()))
    return names


def _has_comment_above(node: Any) -> bool:
    holder = node
    while holder.parent is not None and holder.parent.type in (
        "export_statement",
        "decorated_definition",
        "declaration_list",
    ):
        if holder.parent.type == "declaration_list":
            break
        holder = holder.parent
    before = holder.prev_sibling
    return (
        before is not None and "comment" in before.type and holder.start_point[0] - before.end_point[0] <= 1
    )


_HEADER = re.compile(
    r"^\s*(?:export\s+|public\s+|private\s+|static\s+|async\s+|pub\s+)*(def|class|function|func|fn|sub|module|struct|interface|"
    r"type|trait|impl|enum)\s+([A-Za-z_][\w:]*)\s*(?:\(([^)]*)\))?"
)
_KEYWORDS = frozenset(
    "if for foreach while switch return catch elif else with match and or not in print def class function func fn".split()
)


def _by_lines(text: str, language: str) -> Outline:
    found = Outline(known(language).id, lines=text.count("\n") + 1)
    for row, line in enumerate(text.split("\n")):
        if header := _HEADER.match(line):
            word = header[1]
            kind = "function" if word in ("def", "function", "func", "fn", "sub") else word
            names = [
                re.split(r"[:=\s]", part.strip())[0] for part in (header[3] or "").split(",") if part.strip()
            ]
            found.definitions.append(Definition(kind, header[2], names, row, row + 1))
        elif re.match(r"^\s*(import|from|use|using|require|include|#include)\b", line):
            found.imports.append(line.strip().rstrip(";"))
        elif loop := re.match(r"^\s*((?:for|while|foreach|loop|until)\b[^{:]*)", line):
            (found.definitions[-1].loops if found.definitions else found.loops).append(loop[1].strip())
        calls = found.definitions[-1].calls if found.definitions else found.calls
        for call in re.findall(r"([A-Za-z_][\w.]*)\s*\(", "" if header else line):
            if call not in _KEYWORDS and call not in calls:
                calls.append(call)
    return found
