"""Generating: code that parses, from an instruction, a comment or a signature.

A known small function (`recipes.py`), a function over the records the code around defines (`records_code.py`), a class
with the fields named, or, where none of these fits, a frame made of the instruction's own words, and a line that says so.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass

from halley.simulator.answers.languages import known
from halley.simulator.answers.layout import add_indent
from halley.simulator.answers.markup import MARKUP
from halley.simulator.answers.reading import Task, strip_blocks
from halley.simulator.answers.recipes import Recipe, adapt, find_recipe
from halley.simulator.answers.records_code import find_records, record_function
from halley.simulator.answers.render import SPEAKERS, Unsayable, camel, render_body, render_function
from halley.simulator.answers.wish import Wish, first_sentence, read_wish, safe_name

_COMMENT = re.compile(r"^\s*(?:#+|//+|--+|/\*+|\*+|<!--|%|;+|\"\"\"|''')\s?(.*?)(?:\*/|-->|\"\"\"|''')?\s*$")
_PY_HEADER = re.compile(r"^([ \t]*)(?:async\s+)?def\s+(\w+)\s*\(([^)]*)\)\s*(?:->\s*[^:]+)?:\s*$")
_HEADER = re.compile(
    r"^([ \t]*)(?:[\w<>\[\]*&:]+\s+)*?(?:function\s+|func\s+|fn\s+|fun\s+|def\s+)?(\w+)\s*\(([^)]*)\)[^;{}=]*\{?\s*$"
)


@dataclass(frozen=True, slots=True)
class Generated:
    code: str
    note: str = ""
    """Something the person should know, for outside the code."""


def generate(task: Task) -> Generated:
    """New code for the task, indented as its place is."""
    around = (task.prefix + task.suffix, *(block.code for block in task.others), task.code)
    asked = _instruction(task)
    indent = ""
    if task.prefix or task.suffix:
        asked, header = _before_cursor(task, asked)
        if header is not None and (body := body_for(header, task.language, asked)):
            return Generated(body)
        indent = re.match(r"[ \t]*", task.prefix.rsplit("\n", 1)[-1])[0]  # type: ignore[index]
    language = task.language
    made = write_code(asked, language, around)
    return Generated(add_indent(made.code, indent), made.note)


def _instruction(task: Task) -> str:
    """The person's own words: the frame around them ("Write this:", the place) taken off."""
    text = task.instruction or task.prose
    wanted = re.search(r"^Write this:\s*(.+)", text, re.S | re.M)
    if wanted:
        return wanted[1].strip()
    if re.search(r"the comment or signature just before", text):
        return ""
    return strip_blocks(text)


def write_code(asked: str, language: str, around: tuple[str, ...] = ()) -> Generated:
    """Top-level code in `language` that does what `asked` says, as far as the simulator can.

    `around` holds the texts whose records it may speak of.
    """
    wish = read_wish(asked)
    if language in MARKUP:
        return Generated(MARKUP[language](wish))
    if wish.class_name and wish.fields:
        return Generated(_class(wish, language))
    if language == "python" and (made := _from_records(wish, around)):
        return Generated(made)
    recipe = find_recipe(asked, len(wish.parameters) or None) or find_recipe(asked)
    if recipe is not None:
        code = _from_recipe(recipe, wish, language)
        if code:
            return Generated(code)
    if wish.class_name:
        return Generated(_class(wish, language))
    return _frame(wish, language)


def _from_records(wish: Wish, around: tuple[str, ...]) -> str:
    records = [record for text in around for record in find_records(text)]
    found = record_function(wish.instruction, records)
    if found is None:
        return ""
    name, parameters, statement = found
    code = f'def {wish.name or name}({parameters}):\n    """{_doc(wish.instruction)}"""\n    {statement}'
    return code if _parses(code) else ""


def _from_recipe(recipe: Recipe, wish: Wish, language: str) -> str:
    names = list(wish.parameters) if len(wish.parameters) == len(recipe.parameters) else recipe.parameters
    node = adapt(recipe, wish.name or recipe.name, names)
    if language in ("python", "plaintext"):
        node.body.insert(0, ast.Expr(ast.Constant(recipe.says)))
        return ast.unparse(ast.fix_missing_locations(node))
    try:
        said = render_function(node, language)
    except Unsayable:
        return ""
    return documented(said, recipe.says, language)


def documented(code: str, text: str, language: str) -> str:
    """`code` under a comment that says `text`, in the language's way."""
    opening, prefix, closing = known(language).doc
    lines = [opening] if opening else []
    lines += [f"{prefix}{line}".rstrip() + known(language).tail for line in textwrap.wrap(text, 90)]
    lines += [closing] if closing else []
    return "\n".join([*lines, code])


def _class(wish: Wish, language: str) -> str:
    name, fields = wish.class_name, wish.fields or ("value",)
    if language in ("python", "plaintext"):
        body = "\n".join(f"    {field}: {_python_type(field)}" for field in fields)
        return f'from dataclasses import dataclass\n\n\n@dataclass\nclass {name}:\n    """{_doc(wish.instruction)}"""\n\n{body}'
    return documented(_CLASSES.get(language, _js_class)(name, fields), _doc(wish.instruction), language)


def _js_class(name: str, fields: tuple[str, ...]) -> str:
    sets = "\n".join(f"    this.{camel(f)} = {camel(f)};" for f in fields)
    return f"class {name} {{\n  constructor({', '.join(map(camel, fields))}) {{\n{sets}\n  }}\n}}"


def _typed(before: str, line: str, after: str, types: dict[str, str]):
    def make(name: str, fields: tuple[str, ...]) -> str:
        lines = "\n".join(
            line.format(
                name=f, camel=camel(f), title=camel(f)[:1].upper() + camel(f)[1:], type=types[_guess_type(f)]
            )
            for f in fields
        )
        return f"{before.format(name=name)}\n{lines}\n{after}"

    return make


_C_TYPES = {"str": "const char *", "int": "int ", "float": "double ", "bool": "bool "}
_CLASSES = {
    "typescript": _typed("class {name} {{", "  {camel}!: {type};", "}", {"str": "string", "int": "number", "float": "number", "bool": "boolean"}),
    "go": _typed("type {name} struct {{", "\t{title} {type}", "}", {"str": "string", "int": "int", "float": "float64", "bool": "bool"}),
    "rust": _typed("struct {name} {{", "    {name}: {type},", "}", {"str": "String", "int": "i64", "float": "f64", "bool": "bool"}),
    "java": _typed("public class {name} {{", "    private {type} {camel};", "}", {"str": "String", "int": "int", "float": "double", "bool": "boolean"}),
    "csharp": _typed("public class {name}\n{{", "    public {type} {title} {{ get; set; }}", "}", {"str": "string", "int": "int", "float": "double", "bool": "bool"}),
    "cpp": _typed("struct {name} {{", "    {type} {name};", "};", {"str": "std::string", "int": "int", "float": "double", "bool": "bool"}),
    "c": _typed("struct {name} {{", "    {type}{name};", "};", _C_TYPES),
    "php": _typed("class {name}\n{{", "    public {type} ${camel};", "}", {"str": "string", "int": "int", "float": "float", "bool": "bool"}),
    "ruby": lambda name, fields: f"class {name}\n  attr_accessor {', '.join(':' + f for f in fields)}\nend",
    "lua": lambda name, fields: f"local {name} = {{{', '.join(f + ' = nil' for f in fields)}}}",
}  # fmt: skip


def _python_type(field: str) -> str:
    plural = field.endswith("s") and not field.endswith(("ss", "us", "is"))
    return "list" if plural and _guess_type(field) == "str" else _guess_type(field)


def _guess_type(field: str) -> str:
    words = field.lower()
    if re.search(
        r"price|amount|rate|ratio|score|weight|height|width|radius|x$|y$|z$|percent|balance|total", words
    ):
        return "float"
    if re.search(r"count|age|year|id$|size|number|quantity|index|port|length|month|day", words):
        return "int"
    return "bool" if re.match(r"(is|has|can)_|enabled|active|done|visible", words) else "str"


def _frame(wish: Wish, language: str) -> Generated:
    """A function made of the instruction's words: named, documented, and as simple as its verb allows."""
    name, parameters = wish.name or wish.suggested, list(wish.parameters) or [_subject(wish)]
    note = f"The simulator has no recipe for “{first_sentence(wish.instruction)}”; this is a frame made of its words."
    node = _frame_node(name, parameters, wish.instruction)
    if language in ("python", "plaintext"):
        node.body.insert(0, ast.Expr(ast.Constant(_doc(wish.instruction))))
        return Generated(ast.unparse(ast.fix_missing_locations(node)), note)
    if language in SPEAKERS:
        try:
            return Generated(
                documented(render_function(node, language), _doc(wish.instruction), language), note
            )
        except Unsayable:
            pass
    comment, tail = known(language).comment, known(language).tail
    return Generated(f"{comment} {_doc(wish.instruction)}{tail}".strip(), note)


def _frame_node(name: str, parameters: list[str], instruction: str) -> ast.FunctionDef:
    first = parameters[0]
    many = first.endswith("s") and not first.endswith("ss")
    takes = ", ".join(
        f"{p}: {'list[float]' if p.endswith('s') and not p.endswith('ss') else 'str'}" for p in parameters
    )
    verb = name.split("_")[0].lower()
    if verb in ("is", "has", "can", "check", "validate", "valid", "verify"):
        body, result = f"return len({first}) > 0", "bool"
    elif verb in ("count", "size", "length", "measure"):
        body, result = f"return len({first})", "int"
    elif many:
        body = f"result: list[float] = []\n    for value in {first}:\n        result.append(value)\n    return result"
        result = "list[float]"
    else:
        body, result = f"return {first}", "str"
    source = f"def {name}({takes}) -> {result}:\n    {body}"
    return ast.parse(source).body[0]  # type: ignore[return-value]


def _subject(wish: Wish) -> str:
    words = wish.suggested.split("_")
    fits = len(words) > 1 and words[-1].isidentifier() and words[-1] != wish.name
    return safe_name(words[-1]) if fits else "value"


def _whole_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0][:100]


def _doc(instruction: str) -> str:
    """The instruction as a line of documentation: no quotes that would close it, no backslashes."""
    text = " ".join(
        _whole_sentence(instruction).replace("\\", "/").replace('"', "'").replace("*/", "").split()
    ).rstrip(".:")
    text = re.sub(
        r"^(?:please\s+)?(?:write|create|make|generate|implement|add)\s+(?:me\s+)?(?:an?\s+|the\s+)?(?:\w+\s+)?(?:(?:function|method)\s+(?:that|to|which|for)|(?:data)?class|struct)\s+",
        "",
        text,
        flags=re.I,
    )
    return (text[:1].upper() + text[1:] + ".") if text else "Written from the words of the request."


# -- what stands before the cursor


@dataclass(frozen=True, slots=True)
class Header:
    indent: str
    name: str
    parameters: tuple[str, ...]


def _before_cursor(task: Task, asked: str) -> tuple[str, Header | None]:
    """The instruction (a comment just above, when none was given) and the signature that awaits a body."""
    lines = task.prefix.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    header = read_header(lines[-1], task.language) if lines else None
    comments: list[str] = []
    while lines and (match := _COMMENT.match(lines[-1])) and (header is None or comments):
        comments.insert(0, match[1])
        lines.pop()
    return asked or " ".join(" ".join(comments).split()), header


def read_header(line: str, language: str) -> Header | None:
    """The signature a line opens, when it opens a function's body."""
    match = (_PY_HEADER if language == "python" else _HEADER).match(line)
    if not match or match[2] in ("if", "for", "while", "switch", "catch", "elif", "else", "return", "with"):
        return None
    if language != "python" and not (line.rstrip().endswith("{") or known(language).id in ("ruby", "lua")):
        return None
    names = [
        re.split(r"[:=]", part)[0].strip().lstrip("*&$ ") for part in match[3].split(",") if part.strip()
    ]
    typed = language in ("java", "c", "cpp", "csharp", "php")
    names = [(name.split()[-1] if typed else name.split()[0]).strip("*&$[] ") for name in names if name]
    return Header(
        match[1], match[2], tuple(n for n in names if n not in ("self", "cls", "this", "/", "*", ""))
    )


def body_for(header: Header, language: str, hint: str = "") -> str:
    """The body's lines for a signature, indented below it; empty when no recipe fits."""
    recipe = find_recipe(header.name, len(header.parameters)) or find_recipe(hint, len(header.parameters))
    if recipe is None:
        return ""
    node = adapt(recipe, header.name, list(header.parameters))
    if language == "python":
        body = "\n".join(ast.unparse(statement) for statement in node.body)
        return add_indent(body, header.indent + "    ")
    try:
        unit = "\t" if language == "go" or header.indent.startswith("\t") else ""
        return "\n".join(header.indent + line for line in render_body(node, language, unit))
    except Unsayable:
        return ""


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True
