"""Saying a function, written in a plain subset of Python, in another language.

The subset is that of `recipes.py`: numbers, texts and flat lists; if, for, while, return, raise, assignment; `len`,
`range`, `append`. `render_function` raises Unsayable for anything else, and never guesses.

    Speaker            statements and expressions of the brace languages
    ├─ TypeScript, Go, Rust, Java, CSharp, Cpp, C, Php
    └─ EndSpeaker      blocks that close with `end`: Ruby, Lua
"""

from __future__ import annotations

import ast
from typing import ClassVar


class Unsayable(Exception):
    """A construct the target cannot be given."""


def render_function(node: ast.FunctionDef, language: str, unit: str = "") -> str:
    """The function in `language` (an id of `languages.py`). Raises Unsayable."""
    speaker = SPEAKERS.get(language)
    if speaker is None:
        raise Unsayable(language)
    return "\n".join(speaker(node, unit).function())


def render_body(node: ast.FunctionDef, language: str, unit: str = "") -> list[str]:
    """Only the body's lines, one level deep."""
    speaker = SPEAKERS.get(language)
    if speaker is None:
        raise Unsayable(language)
    return speaker(node, unit).body(node.body, 1)


_OPS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.FloorDiv: "/", ast.Eq: "==",
    ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.And: "&&", ast.Or: "||",
}  # fmt: skip
_RANK: dict[type[ast.AST], int] = {
    ast.Or: 1, ast.And: 2, ast.Eq: 3, ast.NotEq: 3, ast.Lt: 4, ast.LtE: 4, ast.Gt: 4, ast.GtE: 4, ast.Add: 5, ast.Sub: 5,
    ast.Mult: 6, ast.Div: 6, ast.Mod: 6, ast.FloorDiv: 6,
}  # fmt: skip


class Speaker:
    """JavaScript, and what the brace languages have in common with it."""

    unit: ClassVar[str] = "    "
    types: ClassVar[dict[str, str]] = {}
    camel: ClassVar[bool] = True
    end: ClassVar[str] = ";"
    ops: ClassVar[dict[type[ast.AST], str]] = {ast.Eq: "===", ast.NotEq: "!=="}
    words: ClassVar[dict[str, str]] = {"True": "true", "False": "false", "None": "null"}
    parens: ClassVar[bool] = True

    def __init__(self, node: ast.FunctionDef, unit: str = "") -> None:
        self.node = node
        self.step = unit or self.unit
        self.kinds = {a.arg: _kind(a.annotation) for a in node.args.args}
        self.parameters = [a.arg for a in node.args.args]
        self.known: set[str] = set(self.parameters)
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.changed = {name for name in stored if stored.count(name) > 1 or name in self.parameters}
        self.grown = {_name(n.func.value) for n in ast.walk(node) if _is_append(n)}  # type: ignore[attr-defined]
        self.set_items = {
            _name(t.value)
            for n in ast.walk(node)
            if isinstance(n, ast.Assign)
            for t in n.targets
            if isinstance(t, ast.Subscript)
        }

    # -- functions

    def function(self) -> list[str]:
        return [f"{self.head()} {{", *self.body(self.node.body, 1), "}"]

    def head(self) -> str:
        return f"function {self.call_name(self.node.name)}({', '.join(map(self.name, self.parameters))})"

    @property
    def result(self) -> str:
        return _kind(self.node.returns)

    def body(self, statements: list[ast.stmt], depth: int) -> list[str]:
        return [self.step * depth + line for statement in statements for line in self.statement(statement)]

    def type(self, kind: str) -> str:
        if kind not in self.types:
            raise Unsayable(kind)
        return self.types[kind]

    # -- names

    def name(self, name: str) -> str:
        return camel(name) if self.camel else name

    def call_name(self, name: str) -> str:
        return self.name(name)

    # -- statements

    def statement(self, node: ast.stmt) -> list[str]:
        method = getattr(self, f"say_{type(node).__name__}", None)
        if method is None:
            raise Unsayable(type(node).__name__)
        return method(node)

    def block(self, head: str, statements: list[ast.stmt]) -> list[str]:
        return [f"{head} {{", *self.body(statements, 1), "}"]

    def test(self, node: ast.expr) -> str:
        said = self.expr(node)
        return f"({said})" if self.parens else said

    def say_If(self, node: ast.If) -> list[str]:
        lines = self.block(f"if {self.test(node.test)}", node.body)
        if node.orelse:
            lines[-1:] = ["} else {", *self.body(node.orelse, 1), "}"]
        return lines

    def say_While(self, node: ast.While) -> list[str]:
        return self.block(f"while {self.test(node.test)}", node.body)

    def say_For(self, node: ast.For) -> list[str]:
        if not isinstance(node.target, ast.Name):
            raise Unsayable("for target")
        name = node.target.id
        if isinstance(node.iter, ast.Call) and _name(node.iter.func) == "range":
            bounds = node.iter.args
            if len(bounds) > 2:
                raise Unsayable("range step")
            self.kinds[name] = "int"
            low = self.expr(bounds[0]) if len(bounds) == 2 else "0"
            return self.block(self.for_range(self.name(name), low, self.expr(bounds[-1], 5)), node.body)
        self.kinds[name] = _element(self.kind(node.iter))
        return self.block(
            self.for_each(self.name(name), self.expr(node.iter), self.kinds[name], node.iter), node.body
        )

    def for_range(self, name: str, low: str, high: str) -> str:
        return f"for (let {name} = {low}; {name} < {high}; {name}++)"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"for (const {name} of {values})"

    def say_Return(self, node: ast.Return) -> list[str]:
        return [
            f"return {self.want(node.value, self.result)}{self.end}" if node.value else f"return{self.end}"
        ]

    def say_Assign(self, node: ast.Assign) -> list[str]:
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            return [self.set_item(target, self.expr(node.value))]
        if not isinstance(target, ast.Name):
            raise Unsayable("assignment target")
        return [self.assign(target.id, node.value, self.kind(node.value))]

    def say_AnnAssign(self, node: ast.AnnAssign) -> list[str]:
        if not isinstance(node.target, ast.Name) or node.value is None:
            raise Unsayable("annotation")
        return [self.assign(node.target.id, node.value, _kind(node.annotation))]

    def assign(self, name: str, value: ast.expr, kind: str) -> str:
        if name in self.known:
            return f"{self.name(name)} = {self.want(value, self.kinds.get(name, kind))}{self.end}"
        self.known.add(name)
        self.kinds[name] = kind
        return f"{self.declare(name, kind)} = {self.want(value, kind)}{self.end}"

    def declare(self, name: str, kind: str) -> str:
        return f"{'let' if name in self.changed else 'const'} {self.name(name)}"

    def set_item(self, target: ast.Subscript, value: str) -> str:
        return f"{self.expr(target)} = {value}{self.end}"

    def say_AugAssign(self, node: ast.AugAssign) -> list[str]:
        name = _name(node.target)
        return [
            f"{self.name(name)} {_OPS[type(node.op)]}= {self.want(node.value, self.kinds.get(name, 'int'))}{self.end}"
        ]

    def say_Raise(self, node: ast.Raise) -> list[str]:
        if not isinstance(node.exc, ast.Call) or not node.exc.args:
            raise Unsayable("raise")
        return [self.throw(self.expr(node.exc.args[0])) + self.end]

    def throw(self, message: str) -> str:
        return f"throw new Error({message})"

    def say_Expr(self, node: ast.Expr) -> list[str]:
        if _is_append(node.value):
            call: ast.Call = node.value  # type: ignore[assignment]
            values = call.func.value  # type: ignore[attr-defined]
            kind = _element(self.kind(values))
            return [self.append(self.expr(values), self.want(call.args[0], kind)) + self.end]
        raise Unsayable("expression statement")

    def append(self, values: str, item: str) -> str:
        return f"{values}.push({item})"

    # -- expressions

    def want(self, node: ast.expr, kind: str) -> str:
        """The expression where a value of `kind` is wanted; languages that convert nothing do it here."""
        return self.expr(node)

    def expr(self, node: ast.expr, rank: int = 0) -> str:
        match node:
            case ast.Name(id=name):
                return self.name(name)
            case ast.Constant(value=bool() | None as value):
                return self.words[str(value)]
            case ast.Constant(value=str() as value):
                return self.text(value)
            case ast.Constant(value=int() | float() as value):
                return self.number(value)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(left, op, right, rank)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.binary(left, op, right, rank)
            case ast.BoolOp(op=op, values=values):
                said = f" {self.op(op)} ".join(self.expr(value, _RANK[type(op)]) for value in values)
                return f"({said})" if rank >= _RANK[type(op)] else said
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-{self.expr(operand, 7)}"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"{self.negation}{self.expr(operand, 7)}"
            case ast.List(elts=[]):
                return self.empty_list()
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                return self.item(self.expr(value), index)
            case ast.Call(func=ast.Name(id="len"), args=[values]):
                return self.length(self.expr(values), self.kind(values))
            case _:
                raise Unsayable(type(node).__name__)

    negation: ClassVar[str] = "!"

    def op(self, op: ast.AST) -> str:
        said = self.ops.get(type(op)) or _OPS.get(type(op))
        if said is None:
            raise Unsayable(type(op).__name__)
        return said

    def binary(self, left: ast.expr, op: ast.AST, right: ast.expr, rank: int) -> str:
        mine = _RANK.get(type(op))
        if mine is None:
            raise Unsayable(type(op).__name__)
        if isinstance(op, ast.FloorDiv):
            return self.floor(self.expr(left, mine - 1), self.expr(right, mine))
        if isinstance(op, ast.Add) and self.kind(left) == "str":
            return self.concat(self.expr(left, mine - 1), self.expr(right, mine), rank >= mine)
        said = f"{self.operand(left, right, mine - 1)} {self.op(op)} {self.operand(right, left, mine)}"
        return f"({said})" if rank >= mine else said

    def operand(self, node: ast.expr, other: ast.expr, rank: int) -> str:
        return self.expr(node, rank)

    def floor(self, left: str, right: str) -> str:
        return f"Math.floor({left} / {right})"

    def concat(self, left: str, right: str, nested: bool) -> str:
        return f"{left} + {right}"

    def number(self, value: float) -> str:
        return str(int(value)) if value == int(value) else repr(value)

    def text(self, value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def empty_list(self) -> str:
        return "[]"

    def item(self, values: str, index: ast.expr) -> str:
        return f"{values}[{self.expr(index)}]"

    def length(self, values: str, kind: str) -> str:
        return f"{values}.length"

    def kind(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return self.kinds.get(name, "int")
            case ast.Constant(value=value):
                return type(value).__name__
            case ast.BinOp(left=left, op=op, right=right):
                kinds = {self.kind(left), self.kind(right)}
                if "str" in kinds:
                    return "str"
                return "float" if "float" in kinds or isinstance(op, ast.Div) else "int"
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return "bool"
            case ast.UnaryOp(operand=operand):
                return self.kind(operand)
            case ast.Subscript(value=value):
                return _element(self.kind(value))
            case ast.List(elts=[]):
                return "list[int]"
            case _:
                return "int"


class JavaScript(Speaker):
    unit = "  "


class TypeScript(Speaker):
    unit = "  "
    types: ClassVar[dict[str, str]] = {
        "int": "number", "float": "number", "bool": "boolean", "str": "string", "list[int]": "number[]",
        "list[float]": "number[]", "list[str]": "string[]",
    }  # fmt: skip

    def head(self) -> str:
        takes = ", ".join(f"{self.name(p)}: {self.type(self.kinds[p])}" for p in self.parameters)
        return f"function {self.call_name(self.node.name)}({takes}): {self.type(self.result)}"

    def declare(self, name: str, kind: str) -> str:
        plain = super().declare(name, kind)
        return f"{plain}: {self.type(kind)}" if kind.startswith("list") else plain


class Go(Speaker):
    unit = "\t"
    end = ""
    parens = False
    ops: ClassVar[dict[type[ast.AST], str]] = {}
    types: ClassVar[dict[str, str]] = {
        "int": "int", "float": "float64", "bool": "bool", "str": "string", "list[int]": "[]int",
        "list[float]": "[]float64", "list[str]": "[]string",
    }  # fmt: skip

    def head(self) -> str:
        takes = ", ".join(f"{self.name(p)} {self.type(self.kinds[p])}" for p in self.parameters)
        return f"func {self.call_name(self.node.name)}({takes}) {self.type(self.result)}"

    def for_range(self, name: str, low: str, high: str) -> str:
        return f"for {name} := {low}; {name} < {high}; {name}++"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"for _, {name} := range {values}"

    def say_While(self, node: ast.While) -> list[str]:
        return self.block(f"for {self.test(node.test)}", node.body)

    def assign(self, name: str, value: ast.expr, kind: str) -> str:
        if name in self.known:
            return super().assign(name, value, kind)
        self.known.add(name)
        self.kinds[name] = kind
        if isinstance(value, ast.List):
            return f"var {self.name(name)} {self.type(kind)}"
        return f"{self.name(name)} := {self.number_of(value, kind)}"

    def number_of(self, value: ast.expr, kind: str) -> str:
        said = self.expr(value)
        return (
            f"{said}.0" if kind == "float" and isinstance(value, ast.Constant) and "." not in said else said
        )

    def throw(self, message: str) -> str:
        return f"panic({message})"

    def append(self, values: str, item: str) -> str:
        return f"{values} = append({values}, {item})"

    def floor(self, left: str, right: str) -> str:
        return f"{left} / {right}"

    def length(self, values: str, kind: str) -> str:
        return f"len({values})"

    def operand(self, node: ast.expr, other: ast.expr, rank: int) -> str:
        said = self.expr(node, rank)
        return f"float64({said})" if self.kind(other) == "float" and _is_len(node) else said


class Rust(Speaker):
    camel = False
    parens = False
    ops: ClassVar[dict[type[ast.AST], str]] = {}
    types: ClassVar[dict[str, str]] = {
        "int": "i64", "float": "f64", "bool": "bool", "str": "String", "list[int]": "Vec<i64>", "list[float]": "Vec<f64>",
    }  # fmt: skip

    def head(self) -> str:
        takes = ", ".join(self.parameter(p) for p in self.parameters)
        return f"fn {self.node.name}({takes}) -> {self.type(self.result)}"

    def parameter(self, name: str) -> str:
        kind = self.kinds[name]
        if kind.startswith("list") and name not in self.set_items:
            return f"{name}: &[{self.type(_element(kind))}]"
        if kind == "str":
            return f"{name}: &str"
        return f"{'mut ' if name in self.changed | self.set_items else ''}{name}: {self.type(kind)}"

    def for_range(self, name: str, low: str, high: str) -> str:
        used = any(
            isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
            for n in ast.walk(self.node)
        )
        return f"for {name if used else '_'} in {low}..{high}"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"for &{name} in {values}" if _name(node) in self.parameters else f"for &{name} in &{values}"

    def declare(self, name: str, kind: str) -> str:
        mut = "mut " if name in self.changed or name in self.grown else ""
        return f"let {mut}{name}: {self.type(kind)}" if kind.startswith("list") else f"let {mut}{name}"

    def want(self, node: ast.expr, kind: str) -> str:
        said = self.expr(node)
        if kind == "float" and self.kind(node) == "int":
            return f"{said}.0" if _is_constant(node) else f"({said}) as f64"
        owned = isinstance(node, ast.Constant) or _name(node) in self.parameters
        return f"{said}.to_string()" if kind == "str" and owned else said

    def operand(self, node: ast.expr, other: ast.expr, rank: int) -> str:
        said = self.expr(node, rank)
        if self.kind(other) == "float" and self.kind(node) == "int":
            return f"{said}.0" if _is_constant(node) else f"({said} as f64)"
        return said

    def throw(self, message: str) -> str:
        return f"panic!({message})"

    def floor(self, left: str, right: str) -> str:
        return f"{left} / {right}"

    def concat(self, left: str, right: str, nested: bool) -> str:
        return f'format!("{{}}{{}}", {left}, {right})'

    def number(self, value: float) -> str:
        return f"{value:.1f}" if isinstance(value, float) and value == int(value) else repr(value)

    def empty_list(self) -> str:
        return "Vec::new()"

    def item(self, values: str, index: ast.expr) -> str:
        said = self.expr(index)
        if _is_constant(index):
            return f"{values}[{said}]"
        return f"{values}[{said} as usize]" if isinstance(index, ast.Name) else f"{values}[({said}) as usize]"

    def length(self, values: str, kind: str) -> str:
        return f"({values}.len() as i64)"


class Java(Speaker):
    ops: ClassVar[dict[type[ast.AST], str]] = {}
    types: ClassVar[dict[str, str]] = {
        "int": "int", "float": "double", "bool": "boolean", "str": "String", "list[int]": "List<Integer>",
        "list[float]": "List<Double>", "list[str]": "List<String>",
    }  # fmt: skip
    modifiers: ClassVar[str] = "public static "

    def head(self) -> str:
        takes = ", ".join(f"{self.type(self.kinds[p])} {self.name(p)}" for p in self.parameters)
        return f"{self.modifiers}{self.type(self.result)} {self.call_name(self.node.name)}({takes})"

    def for_range(self, name: str, low: str, high: str) -> str:
        return f"for (int {name} = {low}; {name} < {high}; {name}++)"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"for ({self.type(kind)} {name} : {values})"

    def declare(self, name: str, kind: str) -> str:
        return f"{self.type(kind)} {self.name(name)}"

    def throw(self, message: str) -> str:
        return f"throw new IllegalArgumentException({message})"

    def append(self, values: str, item: str) -> str:
        return f"{values}.add({item})"

    def floor(self, left: str, right: str) -> str:
        return f"{left} / {right}"

    def empty_list(self) -> str:
        return "new ArrayList<>()"

    def set_item(self, target: ast.Subscript, value: str) -> str:
        return f"{self.expr(target.value)}.set({self.expr(target.slice)}, {value});"

    def item(self, values: str, index: ast.expr) -> str:
        return f"{values}.get({self.expr(index)})"

    def length(self, values: str, kind: str) -> str:
        return f"{values}.length()" if kind == "str" else f"{values}.size()"


class CSharp(Java):
    types: ClassVar[dict[str, str]] = {
        "int": "int", "float": "double", "bool": "bool", "str": "string", "list[int]": "List<int>",
        "list[float]": "List<double>", "list[str]": "List<string>",
    }  # fmt: skip

    def call_name(self, name: str) -> str:
        said = camel(name)
        return said[:1].upper() + said[1:]

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"foreach ({self.type(kind)} {name} in {values})"

    def throw(self, message: str) -> str:
        return f"throw new ArgumentException({message})"

    def append(self, values: str, item: str) -> str:
        return f"{values}.Add({item})"

    def empty_list(self) -> str:
        return "new()"

    def set_item(self, target: ast.Subscript, value: str) -> str:
        return f"{self.expr(target)} = {value};"

    def item(self, values: str, index: ast.expr) -> str:
        return f"{values}[{self.expr(index)}]"

    def length(self, values: str, kind: str) -> str:
        return f"{values}.Length" if kind == "str" else f"{values}.Count"


class Cpp(Java):
    camel = False
    modifiers = ""
    types: ClassVar[dict[str, str]] = {
        "int": "int", "float": "double", "bool": "bool", "str": "std::string", "list[int]": "std::vector<int>",
        "list[float]": "std::vector<double>", "list[str]": "std::vector<std::string>",
    }  # fmt: skip

    def head(self) -> str:
        takes = ", ".join(self.parameter(p) for p in self.parameters)
        return f"{self.type(self.result)} {self.node.name}({takes})"

    def parameter(self, name: str) -> str:
        kind = self.kinds[name]
        heavy = kind.startswith("list") or kind == "str"
        return (
            f"const {self.type(kind)}& {name}"
            if heavy and name not in self.set_items
            else f"{self.type(kind)} {name}"
        )

    def throw(self, message: str) -> str:
        return f"throw std::invalid_argument({message})"

    def append(self, values: str, item: str) -> str:
        return f"{values}.push_back({item})"

    def empty_list(self) -> str:
        return "{}"

    def set_item(self, target: ast.Subscript, value: str) -> str:
        return f"{self.expr(target)} = {value};"

    def item(self, values: str, index: ast.expr) -> str:
        return f"{values}[{self.expr(index)}]"

    def length(self, values: str, kind: str) -> str:
        return f"static_cast<int>({values}.size())"


class C(Cpp):
    types: ClassVar[dict[str, str]] = {"int": "int", "float": "double", "bool": "bool"}

    def parameter(self, name: str) -> str:
        kind = self.kinds[name]
        if not kind.startswith("list"):
            return f"{self.type(kind)} {name}"
        constant = "" if name in self.set_items else "const "
        return f"{constant}{self.type(_element(kind))} {name}[], int {name}_count"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        raise Unsayable("for each")

    def say_For(self, node: ast.For) -> list[str]:
        if not (
            isinstance(node.iter, ast.Name)
            and node.iter.id in self.parameters
            and isinstance(node.target, ast.Name)
        ):
            return super().say_For(node)
        values, name = node.iter.id, node.target.id
        self.kinds[name] = _element(self.kinds[values])
        first = f"{self.step}{self.type(self.kinds[name])} {name} = {values}[at];"
        lines = self.block(f"for (int at = 0; at < {values}_count; at++)", node.body)
        return [lines[0], first, *lines[1:]]

    def throw(self, message: str) -> str:
        return "abort()"

    def length(self, values: str, kind: str) -> str:
        return f"{values}_count"


class Php(Speaker):
    types: ClassVar[dict[str, str]] = {
        "int": "int", "float": "float", "bool": "bool", "str": "string", "list[int]": "array", "list[float]": "array",
        "list[str]": "array",
    }  # fmt: skip

    def name(self, name: str) -> str:
        return f"${camel(name)}"

    def call_name(self, name: str) -> str:
        return camel(name)

    def head(self) -> str:
        takes = ", ".join(f"{self.type(self.kinds[p])} {self.name(p)}" for p in self.parameters)
        return f"function {self.call_name(self.node.name)}({takes}): {self.type(self.result)}"

    def for_range(self, name: str, low: str, high: str) -> str:
        return f"for ({name} = {low}; {name} < {high}; {name}++)"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"foreach ({values} as {name})"

    def declare(self, name: str, kind: str) -> str:
        return self.name(name)

    def throw(self, message: str) -> str:
        return f"throw new InvalidArgumentException({message})"

    def append(self, values: str, item: str) -> str:
        return f"{values}[] = {item}"

    def floor(self, left: str, right: str) -> str:
        return f"intdiv({left}, {right})"

    def concat(self, left: str, right: str, nested: bool) -> str:
        return f"{left} . {right}"

    def length(self, values: str, kind: str) -> str:
        return f"strlen({values})" if kind == "str" else f"count({values})"


class EndSpeaker(Speaker):
    """Blocks that close with `end`."""

    unit = "  "
    end = ""
    camel = False
    parens = False
    then: ClassVar[str] = ""
    do: ClassVar[str] = ""

    def function(self) -> list[str]:
        return [self.head(), *self.body(self.node.body, 1), "end"]

    def block(self, head: str, statements: list[ast.stmt]) -> list[str]:
        return [head + (self.then if head.startswith("if") else self.do), *self.body(statements, 1), "end"]

    def say_If(self, node: ast.If) -> list[str]:
        lines = self.block(f"if {self.test(node.test)}", node.body)
        if node.orelse:
            lines[-1:] = ["else", *self.body(node.orelse, 1), "end"]
        return lines

    def declare(self, name: str, kind: str) -> str:
        return name


class Ruby(EndSpeaker):
    ops: ClassVar[dict[type[ast.AST], str]] = {}
    words: ClassVar[dict[str, str]] = {"True": "true", "False": "false", "None": "nil"}

    def head(self) -> str:
        return f"def {self.node.name}({', '.join(self.parameters)})"

    def for_range(self, name: str, low: str, high: str) -> str:
        return f"({low}...{high}).each do |{name}|"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"{values}.each do |{name}|"

    def throw(self, message: str) -> str:
        return f"raise ArgumentError, {message}"

    def append(self, values: str, item: str) -> str:
        return f"{values} << {item}"

    def floor(self, left: str, right: str) -> str:
        return f"{left} / {right}"

    def number(self, value: float) -> str:
        return repr(value)


class Lua(EndSpeaker):
    then = " then"
    do = " do"
    negation = "not "
    ops: ClassVar[dict[type[ast.AST], str]] = {ast.NotEq: "~=", ast.And: "and", ast.Or: "or"}
    words: ClassVar[dict[str, str]] = {"True": "true", "False": "false", "None": "nil"}

    def head(self) -> str:
        return f"local function {self.node.name}({', '.join(self.parameters)})"

    def for_range(self, name: str, low: str, high: str) -> str:
        return f"for {name} = {low}, {high} - 1"

    def for_each(self, name: str, values: str, kind: str, node: ast.expr) -> str:
        return f"for _, {name} in ipairs({values})"

    def declare(self, name: str, kind: str) -> str:
        return f"local {name}"

    def say_AugAssign(self, node: ast.AugAssign) -> list[str]:
        name = _name(node.target)
        return [f"{name} = {name} {_OPS[type(node.op)]} {self.expr(node.value, 5)}"]

    def throw(self, message: str) -> str:
        return f"error({message})"

    def append(self, values: str, item: str) -> str:
        return f"table.insert({values}, {item})"

    def floor(self, left: str, right: str) -> str:
        return f"{left} // {right}"

    def concat(self, left: str, right: str, nested: bool) -> str:
        return f"{left} .. {right}"

    def empty_list(self) -> str:
        return "{}"

    def item(self, values: str, index: ast.expr) -> str:
        if isinstance(index, ast.Constant) and isinstance(index.value, int):
            return f"{values}[{index.value + 1}]"
        return f"{values}[{self.expr(index)} + 1]"

    def length(self, values: str, kind: str) -> str:
        return f"#{values}"


SPEAKERS: dict[str, type[Speaker]] = {
    "javascript": JavaScript, "typescript": TypeScript, "typescriptreact": TypeScript, "go": Go, "rust": Rust,
    "java": Java, "csharp": CSharp, "cpp": Cpp, "c": C, "php": Php, "ruby": Ruby, "lua": Lua,
}  # fmt: skip


def camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    kept = "_" if name.endswith("_") else ""
    return first + "".join(part[:1].upper() + part[1:] for part in rest) + kept


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _kind(annotation: ast.expr | None) -> str:
    return ast.unparse(annotation) if annotation is not None else "float"


def _element(kind: str) -> str:
    return kind[5:-1] if kind.startswith("list[") else "int"


def _is_append(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "append"
        and len(node.args) == 1
    )


def _is_len(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "len"


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )
