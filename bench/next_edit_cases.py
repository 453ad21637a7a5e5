"""What the replay of next edits begins: changes of one definition in real code, with what the files should become.

    python      a function renamed, or given a parameter, in modules of Python's own library
    typescript  a function renamed in the sources of Halley's extension for VS Code: in one file, or in one and the
                files that import it, which are open
    lua         a function renamed in the Neovim plugin

Where syntax trees find the names, only those files count in which each word of that name is the function: no member,
no text, no comment. So what is wanted is known for certain.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from halley.engine.code import syntax

MODULES = (
    "argparse", "calendar", "cmd", "configparser", "copy", "csv", "fnmatch", "glob", "gzip", "heapq", "netrc",
    "optparse", "pprint", "random", "shlex", "shutil", "statistics", "tabnanny", "textwrap", "timeit", "tokenize",
    "trace", "uuid",
)  # fmt: skip
ROOT = Path(__file__).parents[1]
TREES = {"typescript": ("clients/vscode/src", "*.ts"), "lua": ("clients/neovim/lua", "*.lua")}
DECLARED = {"typescript": r"^(?:export )?(?:async )?function ({})\b", "lua": r"^local function ({})\b"}
EXPORTED = r"^export (?:async )?function (\w+)"
IMPORTED = r"^import [^;]*\b{}\b[^;]*from"
NAMES = frozenset(("identifier",))
LEAST_NAME = 4
"""Characters: shorter names are often words of something else too."""


@dataclass(frozen=True, slots=True)
class Case:
    """`before` becomes `begun` by the user's keys; `wanted` is what it should be in the end."""

    name: str
    before: str
    begun: str
    wanted: str
    language: str = "python"
    others: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Other open files by name: as they are, and as they should be in the end."""


def cases(most: int) -> Iterator[Case]:
    """One rename of a function in each module, where it is used again; then one new parameter in each."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = (
        next(filter(None, (begin(path.stem, text, node) for node in _functions(text))), None)
        for begin in (_renamed, _widened)
        for path in (library / f"{module}.py" for module in MODULES)
        if path.is_file() and (text := path.read_text("utf-8"))
    )
    yield from islice(filter(None, found), most)


def _functions(text: str) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))


def _widened(module: str, text: str, node: ast.FunctionDef) -> Case | None:
    """A parameter more, for a function that is only called, and by position; each call lacks a value for it."""
    names = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Name) and one.id == node.name]
    calls = [
        one
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == node.name
    ]
    plain = ast.arguments([], node.args.args, None, [], [], None, [])
    count = len(node.args.args)
    # A generator alone in the brackets cannot have another argument beside it.
    bare = any(isinstance(call.args[0], ast.GeneratorExp) for call in calls if call.args)
    fits = not bare and all(len(call.args) == count and not call.keywords for call in calls)
    if (
        ast.dump(node.args) != ast.dump(plain)
        or not count
        or not fits
        or not 1 <= len(calls) == len(names) <= 8
    ):
        return None
    begun = _with_more(text, [node.args.args[-1]], ", depth: int")
    lines = _with_more(text, [call.args[-1] for call in calls], ", 0").split("\n")
    row = node.args.args[-1].lineno - 1
    wanted = "\n".join([*lines[:row], begun.split("\n")[row], *lines[row + 1 :]])
    return Case(f"{module}.{node.name} and a parameter", text, begun, wanted)


def _with_more(text: str, after: Sequence[ast.expr | ast.arg], more: str) -> str:
    lines = [line.encode() for line in text.split("\n")]
    ends = ((one.end_lineno or 1, one.end_col_offset or 0) for one in after)
    for row, column in sorted(ends, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + more.encode() + line[column:]
    return b"\n".join(lines).decode()


def _renamed(module: str, text: str, node: ast.FunctionDef) -> Case | None:
    old, new = node.name, f"{node.name}_renamed"
    uses = [
        m.start()
        for m in re.finditer(rf"(?<![\w.$]){re.escape(old)}(?!\w)", text)
        if _is_name(text, m.start())
    ]
    if not 2 <= len(uses) <= 8 or new in text or f".{old}" in text:
        return None
    definition = text.index(f"def {old}(") + len("def ")
    begun = text[:definition] + new + text[definition + len(old) :]
    wanted = text
    for at in reversed(uses):
        wanted = wanted[:at] + new + wanted[at + len(old) :]
    return Case(f"{module}.{old}", text, begun, wanted)


def _is_name(text: str, at: int) -> bool:
    """Whether Python reads a name there: no string, no comment, no keyword argument."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return (
        "#" not in line
        and line.count('"') % 2 == 0
        and line.count("'") % 2 == 0
        and _is_read_as_name(text, at)
    )


def _is_read_as_name(text: str, at: int) -> bool:
    row, start = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at) - 1
    names = {
        (node.lineno, node.col_offset + (4 if isinstance(node, ast.FunctionDef) else 0))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name | ast.FunctionDef)
    }
    return (row, start) in names


def tree_cases(language: str, most: int) -> Iterator[Case]:
    """One rename in each file in which a function is used again."""
    texts = _texts(language)
    found = (_renamed_once(path, text, language) for path, text in texts.items())
    yield from islice(filter(None, found), most)


def import_cases(most: int) -> Iterator[Case]:
    """One rename in each file of what other files import: these are open too, two at most."""
    texts = _texts("typescript")
    exported = {path: re.findall(EXPORTED, text, re.MULTILINE) for path, text in texts.items()}
    often = Counter(name for names in exported.values() for name in names)
    found = (
        next(filter(None, (_exported(path, name, texts) for name in names if often[name] == 1)), None)
        for path, names in exported.items()
    )
    yield from islice(filter(None, found), most)


def _texts(language: str) -> dict[Path, str]:
    folder, pattern = TREES[language]
    return {path: path.read_text("utf-8") for path in sorted((ROOT / folder).rglob(pattern))}


def _renamed_once(path: Path, text: str, language: str) -> Case | None:
    for name in re.findall(DECLARED[language].format(r"\w+"), text, re.MULTILINE):
        if 2 <= _uses(text, name, language) <= 8:
            return _rename_case(_named(path), text, name, language)
    return None


def _exported(path: Path, name: str, texts: Mapping[Path, str]) -> Case | None:
    """None where the importing files are not one or two, or the name is something else too in one of them."""
    text = texts[path]
    imported = [
        other
        for other, there in texts.items()
        if other != path and re.search(IMPORTED.format(name), there, re.MULTILINE)
    ]
    if not 1 <= len(imported) <= 2 or not 1 <= _uses(text, name, "typescript") <= 8:
        return None
    if not all(2 <= _uses(texts[other], name, "typescript") <= 8 for other in imported):
        return None
    others = {_named(other): (texts[other], _with_name(texts[other], name)) for other in imported}
    return _rename_case(_named(path), text, name, "typescript", others)


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _rename_case(
    file: str, text: str, name: str, language: str, others: Mapping[str, tuple[str, str]] | None = None
) -> Case:
    declared = re.search(DECLARED[language].format(name), text, re.MULTILINE)
    assert declared is not None
    begun = f"{text[: declared.start(1)]}{name}Renamed{text[declared.end(1) :]}"
    return Case(f"{file}: {name}", text, begun, _with_name(text, name), language, others or {})


def _with_name(text: str, name: str) -> str:
    return re.sub(rf"\b{name}\b", f"{name}Renamed", text)


def _uses(text: str, name: str, language: str) -> int:
    """How often the file names the function; 0 where a word of that name may be something else."""
    words = len(re.findall(rf"\b{name}\b", text))
    if len(name) < LEAST_NAME or f"{name}Renamed" in text or not words:
        return 0
    tree = syntax.parse(text, language)
    pending, found = ([tree.root] if tree else []), 0
    while pending:
        node = pending.pop()
        found += node.type in NAMES and not node.children and node.text.decode() == name
        is_bound = node.type in ("required_parameter", "variable_declarator", "parameters")
        if is_bound and any(one.type in NAMES and one.text.decode() == name for one in node.children):
            return 0  # another thing of that name
        pending += node.children
    return found if found == words else 0
