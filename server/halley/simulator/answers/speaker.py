"""One function's syntax tree, said in a brace language: statements and expressions that most languages share.

`Speaker` is JavaScript without its indentation; the languages are its subclasses in `dialects.py`. What it has no
words for raises Unsayable.
"""

from __future__ import annotations

import ast
from typing import ClassVar


class Unsayable(Exception):
    """A construct the target cannot be given."""


OPS: dict[type[ast.AST], str] = {
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
        self.kinds = {a.arg: kind_of(a.annotation) for a in node.args.args}
        self.parameters = [a.arg for a in node.args.args]
        self.known: set[str] = set(self.parameters)
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.changed = {name for name in stored if stored.count(name) > 1 or name in self.parameters}
        self.grown = {name_of(n.func.value) for n in ast.walk(node) if is_append(n)}  # type: ignore[attr-defined]
        self.set_items = {
            name_of(t.value)
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
        return kind_of(self.node.returns)

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
        if isinstance(node.iter, ast.Call) and name_of(node.iter.func) == "range":
            bounds = node.iter.args
            if len(bounds) > 2:
                raise Unsayable("range step")
            self.kinds[name] = "int"
            low = self.expr(bounds[0]) if len(bounds) == 2 else "0"
            return self.block(self.for_range(self.name(name), low, self.expr(bounds[-1], 5)), node.body)
        self.kinds[name] = element_of(self.kind(node.iter))
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
        return [self.assign(node.target.id, node.value, kind_of(node.annotation))]

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
        name = name_of(node.target)
        return [
            f"{self.name(name)} {OPS[type(node.op)]}= {self.want(node.value, self.kinds.get(name, 'int'))}{self.end}"
        ]

    def say_Raise(self, node: ast.Raise) -> list[str]:
        if not isinstance(node.exc, ast.Call) or not node.exc.args:
            raise Unsayable("raise")
        return [self.throw(self.expr(node.exc.args[0])) + self.end]

    def throw(self, message: str) -> str:
        return f"throw new Error({message})"

    def say_Expr(self, node: ast.Expr) -> list[str]:
        if is_append(node.value):
            call: ast.Call = node.value  # type: ignore[assignment]
            values = call.func.value  # type: ignore[attr-defined]
            kind = element_of(self.kind(values))
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
        said = self.ops.get(type(op)) or OPS.get(type(op))
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
                return element_of(self.kind(value))
            case ast.List(elts=[]):
                return "list[int]"
            case _:
                return "int"


def camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    kept = "_" if name.endswith("_") else ""
    return first + "".join(part[:1].upper() + part[1:] for part in rest) + kept


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def kind_of(annotation: ast.expr | None) -> str:
    return ast.unparse(annotation) if annotation is not None else "float"


def element_of(kind: str) -> str:
    return kind[5:-1] if kind.startswith("list[") else "int"


def is_append(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "append"
        and len(node.args) == 1
    )


def is_len(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func) == "len"


def is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )
