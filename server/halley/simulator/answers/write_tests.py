"""Writing tests: the functions of the code called with values that are known to be right, or at least to be fit."""

from __future__ import annotations

import ast
import json
import re

from halley.simulator.answers.outline import Definition, outline
from halley.simulator.answers.reading import Task
from halley.simulator.answers.recipes import find_recipe
from halley.simulator.answers.render import camel


def write_tests(task: Task) -> str:
    """A file of tests, or, where one exists already, the new tests only."""
    found = outline(task.code, task.language)
    functions = [d for d in found.functions if not d.owner and not d.name.startswith("_")] or found.functions[
        :1
    ]
    existing = bool(re.search(r"holds already|only the new tests", task.prose))
    module = _module(task)
    if task.language in ("javascript", "typescript", "typescriptreact"):
        return _javascript(functions, module, existing)
    if task.language == "go":
        return _go(functions, existing)
    if task.language == "rust":
        return _rust(functions, existing)
    return _python(functions, [d for d in found.definitions if d.kind == "class"], module, existing)


def _module(task: Task) -> str:
    base = (task.block.path or "module.py").rsplit("/", 1)[-1]
    return re.sub(r"\W", "_", base.rsplit(".", 1)[0]) or "module"


def _python(functions: list[Definition], classes: list[Definition], module: str, existing: bool) -> str:
    names = [d.name for d in functions if d.kind == "function"] + [c.name for c in classes]
    tests = [test for definition in functions for test in _python_tests(definition)]
    tests += [
        f'def test_{c.name.lower()}_can_be_named():\n    assert {c.name}.__name__ == "{c.name}"'
        for c in classes
    ]
    raising = any("pytest.raises" in test for test in tests)
    head = ("import pytest\n\n" if raising else "") + (
        f"from {module} import {', '.join(names)}\n\n\n" if names else ""
    )
    body = "\n\n\n".join(tests) or f'def test_{module}_can_be_imported():\n    __import__("{module}")'
    return body + "\n" if existing else head + body + "\n"


def _python_tests(definition: Definition) -> list[str]:
    name = definition.name
    parameters = [p for p in definition.parameters if p not in ("self", "cls") and not p.startswith("*")]
    recipe = find_recipe(name, len(parameters))
    tests: list[str] = []
    if recipe is not None and recipe.examples:
        lines = [f"    assert {name}({arguments}) == {result}" for arguments, result in recipe.examples]
        tests.append(f"def test_{name}():\n" + "\n".join(lines))
    else:
        values = ", ".join(_fit(p) for p in parameters)
        call = f"{name}({values})"
        check = f"assert {call} == {call}" if definition.returns else call
        title = "gives_the_same_result_twice" if definition.returns else "accepts_ordinary_values"
        tests.append(f"def test_{name}_{title}():\n    {check}")
    for raised, bad in _raising(definition, parameters):
        tests.append(
            f"def test_{name}_raises_{_snake(raised)}():\n    with pytest.raises({raised}):\n        {name}({bad})"
        )
    return tests


_HARMLESS = (
    ast.Name, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.cmpop, ast.boolop, ast.unaryop, ast.Add,
    ast.Sub, ast.Mod, ast.Load, ast.Call,
)  # fmt: skip
_TRIED = ("0", "-1", '""', "[]", "None", "1000000")


def _raising(definition: Definition, parameters: list[str]) -> list[tuple[str, str]]:
    """(error, arguments) for each `if …: raise …` whose condition some plain value fulfils."""
    found: dict[str, str] = {}
    for node in ast.walk(definition.node) if definition.node is not None else ():
        if isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise):
            error = re.match(r"[A-Z]\w*", ast.unparse(node.body[0].exc)) if node.body[0].exc else None
            arguments = _fulfilling(node.test, parameters)
            if error and arguments:
                found.setdefault(error[0], arguments)
    return list(found.items())


def _fulfilling(test: ast.expr, parameters: list[str]) -> str:
    """Arguments, all fit but one, for which the condition holds; empty when none of those tried does."""
    for child in ast.walk(test):
        is_len = isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "len"
        if not isinstance(child, _HARMLESS) or (isinstance(child, ast.Call) and not is_len):
            return ""
    code = compile(ast.Expression(test), "<condition>", "eval")
    for changed in parameters:
        for value in _TRIED:
            values = {p: value if p == changed else _fit(p) for p in parameters}
            try:
                holds = eval(
                    code,
                    {"__builtins__": {}, "len": len},
                    {p: ast.literal_eval(v) for p, v in values.items()},
                )
            except Exception:  # a value that does not suit the condition: the next one
                continue
            if holds:
                return ", ".join(values.values())
    return ""


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _fit(name: str) -> str:
    """A value that a parameter of this name would take."""
    if re.search(r"s$|list|items|values|numbers", name) and not name.endswith("ss"):
        return "[]"
    if re.search(r"name|text|path|title|message|word|string|label|url|key", name):
        return '"text"'
    return "1"


def _literal(value: str) -> str:
    """A Python literal in the words of JSON-like languages."""
    return json.dumps(ast.literal_eval(value))


def _javascript(functions: list[Definition], module: str, existing: bool) -> str:
    tests: list[str] = []
    for definition in functions:
        recipe = find_recipe(definition.name, len(definition.parameters))
        if recipe is not None and recipe.examples and recipe.portable:
            lines = []
            for arguments, result in recipe.examples:
                values = ", ".join(_literal(a) for a in _split(arguments))
                lines.append(f"  expect({definition.name}({values})).toEqual({_literal(result)});")
            tests.append(f'test("{definition.name}", () => {{\n' + "\n".join(lines) + "\n});")
        else:
            tests.append(
                f'test("{definition.name} is a function", () => {{\n  expect(typeof {definition.name}).toBe("function");\n}});'
            )
    names = ", ".join(d.name for d in functions)
    head = "" if existing or not names else f'import {{ {names} }} from "./{module}";\n\n'
    return head + "\n\n".join(tests) + "\n"


def _split(arguments: str) -> list[str]:
    """The arguments of an example, apart."""
    node = ast.parse(f"f({arguments})", mode="eval").body
    return [ast.unparse(argument) for argument in node.args]  # type: ignore[attr-defined]


def _go(functions: list[Definition], existing: bool) -> str:
    tests: list[str] = []
    for definition in functions:
        recipe = find_recipe(definition.name, len(definition.parameters))
        title = definition.name[:1].upper() + definition.name[1:]
        simple = (
            recipe is not None
            and recipe.portable
            and all("[" not in a + r and '"' not in a + r for a, r in recipe.examples)
        )
        if recipe is not None and simple and recipe.examples:
            lines = [
                f'\tif got := {definition.name}({a}); got != {r.lower()} {{\n\t\tt.Errorf("got %v, want {r.lower()}", got)\n\t}}'
                for a, r in recipe.examples
            ]
            tests.append(f"func Test{title}(t *testing.T) {{\n" + "\n".join(lines) + "\n}")
        else:
            tests.append(f"func Test{title}(t *testing.T) {{\n\t_ = {definition.name}\n}}")
    return ("" if existing else 'package main\n\nimport "testing"\n\n') + "\n\n".join(tests) + "\n"


def _rust(functions: list[Definition], existing: bool) -> str:
    tests: list[str] = []
    for definition in functions:
        recipe = find_recipe(definition.name, len(definition.parameters))
        lines = [f"        let _ = {definition.name};"]
        if (
            recipe is not None
            and recipe.portable
            and all("[" not in a + r and '"' not in a for a, r in recipe.examples)
        ):
            lines = [
                f"        assert_eq!({definition.name}({a}), {r.lower()});" for a, r in recipe.examples
            ] or lines
        tests.append(
            f"    #[test]\n    fn {camel(definition.name).lower()}_holds() {{\n"
            + "\n".join(lines)
            + "\n    }"
        )
    return "#[cfg(test)]\nmod tests {\n    use super::*;\n\n" + "\n\n".join(tests) + "\n}\n"
