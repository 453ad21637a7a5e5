"""The languages of `render.py`, each as it differs from `Speaker`.

Speaker            statements and expressions of the brace languages
├─ JavaScript, TypeScript, Go, Rust, Php
├─ Java ── CSharp, Cpp ── C
└─ EndSpeaker      blocks that close with `end`: Ruby, Lua
"""

from __future__ import annotations

import ast
from typing import ClassVar

from halley.simulator.answers.speaker import (
    OPS,
    Speaker,
    Unsayable,
    camel,
    element_of,
    is_constant,
    is_len,
    name_of,
)


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
        return f"float64({said})" if self.kind(other) == "float" and is_len(node) else said


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
            return f"{name}: &[{self.type(element_of(kind))}]"
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
        return f"for &{name} in {values}" if name_of(node) in self.parameters else f"for &{name} in &{values}"

    def declare(self, name: str, kind: str) -> str:
        mut = "mut " if name in self.changed or name in self.grown else ""
        return f"let {mut}{name}: {self.type(kind)}" if kind.startswith("list") else f"let {mut}{name}"

    def want(self, node: ast.expr, kind: str) -> str:
        said = self.expr(node)
        if kind == "float" and self.kind(node) == "int":
            return f"{said}.0" if is_constant(node) else f"({said}) as f64"
        owned = isinstance(node, ast.Constant) or name_of(node) in self.parameters
        return f"{said}.to_string()" if kind == "str" and owned else said

    def operand(self, node: ast.expr, other: ast.expr, rank: int) -> str:
        said = self.expr(node, rank)
        if self.kind(other) == "float" and self.kind(node) == "int":
            return f"{said}.0" if is_constant(node) else f"({said} as f64)"
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
        if is_constant(index):
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
        return f"{constant}{self.type(element_of(kind))} {name}[], int {name}_count"

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
        self.kinds[name] = element_of(self.kinds[values])
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
        name = name_of(node.target)
        return [f"{name} = {name} {OPS[type(node.op)]} {self.expr(node.value, 5)}"]

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
