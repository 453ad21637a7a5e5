"""The house keeps its shape: no import cycle, no crowded folder, and package docstrings that name what is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"
HALLEY = SERVER / "halley"
SAMPLE = HALLEY / "cli" / "sample"
"""A project for `halley try` to work on, not a part of ours."""

MOST_FILES = 24
SOURCES = {
    HALLEY: {".py"},
    ROOT / "clients" / "neovim" / "lua": {".lua"},
    **{folder: {".ts", ".tsx", ".js", ".css"} for folder in sorted((ROOT / "clients").glob("*/src"))},
}


@cache
def modules() -> Mapping[str, Path]:
    """Every module and package of ours by its dotted name."""
    found: dict[str, Path] = {}
    for path in sorted(HALLEY.rglob("*.py")):
        if SAMPLE not in path.parents:
            parts = path.relative_to(SERVER).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_in(source: str, module: str, is_package: bool, known: Iterable[str]) -> set[str]:
    """The modules a source imports anywhere: at the top, in functions, under TYPE_CHECKING."""
    known, found = set(known), set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")[: len(module.split(".")) - node.level + is_package]
                base = ".".join([*up, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in known else base)
    return (found & known) - {module}


def cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other (Tarjan 1972), each sorted."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in number:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in number:
            visit(node)
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        name: imports_in(path.read_text("utf-8"), name, path.name == "__init__.py", modules())
        for name, path in modules().items()
    }
    assert len(graph) > 300
    left = cycles(graph)
    assert left == [], "\n".join(
        f"{name} -> {sorted(graph[name] & set(group))}" for group in left for name in group
    )


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a.b import C\n"
        "def f():\n    import a.c\n    from a import d\n    from . import e\n    from .f import g\n"
    )
    known = {"a", "a.b", "a.c", "a.d", "a.e", "a.f", "a.x"}
    assert imports_in(source, "a.x", False, known) == {"a.b", "a.c", "a.d", "a.e", "a.f"}
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == [["a", "b", "c"]]


@pytest.mark.parametrize("root", SOURCES, ids=lambda root: root.relative_to(ROOT).as_posix())
def test_no_folder_is_crowded(root: Path) -> None:
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    counts = {folder: sum(path.suffix in SOURCES[root] for path in folder.iterdir()) for folder in folders}
    assert sum(counts.values()) > 0
    crowded = {folder.relative_to(ROOT).as_posix(): n for folder, n in counts.items() if n > MOST_FILES}
    assert crowded == {}


@pytest.mark.parametrize(
    ("folder", "most"),
    [
        ("lsp/base", 1_600),
        ("simulator", 4_500),
    ],  # beside pygls, and beside what it helps to test: small or wrong
)
def test_some_parts_stay_small(folder: str, most: int) -> None:
    lines = [len(path.read_text("utf-8").splitlines()) for path in (HALLEY / folder).rglob("*.py")]
    assert 0 < sum(lines) <= most


def test_every_module_says_what_it_is() -> None:
    silent = [
        name
        for name, path in modules().items()
        if not (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").strip()
    ]
    assert silent == []


def packages() -> list[Path]:
    return [path.parent for path in modules().values() if path.name == "__init__.py"]


@pytest.mark.parametrize("folder", packages(), ids=lambda folder: folder.relative_to(SERVER).as_posix())
def test_a_package_names_its_files_and_no_others(folder: Path) -> None:
    """The docstring names a file as `name.py`, a package inside as `name/`; others with the way to them."""
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    there = {path.name for path in folder.glob("*.py")} - {"__init__.py", "__main__.py", "version.py"}
    inside = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    assert (there | inside) - named_in(said) == set(), "not named"
    assert {name for name in named_in(said) if not _exists(folder, name)} == set(), "named, but not there"


def named_in(docstring: str) -> set[str]:
    """Files and packages a docstring names: `errors.py`, `chats/`, `features/chat/send.py`."""
    return set(re.findall(r"(?<![\w/.])(?:\w+/)*(?:\w+\.py|\w+/)(?![\w*…])", docstring))


def _exists(folder: Path, name: str) -> bool:
    if (folder / name).exists() or (name.endswith("/") and (folder.parent / name).exists()):
        return True
    return "/" in name.rstrip("/") and (HALLEY / name).exists()


def test_names_are_read_from_prose() -> None:
    said = "Start with `a.py`, b.py and `c/`; see `features/d.py`. Not d.pyc, nor and/or words: 1/2."
    assert named_in(said) >= {"a.py", "b.py", "c/", "features/d.py"}
    assert "d.py" not in named_in(said)


@pytest.mark.parametrize("folder", packages(), ids=lambda folder: folder.relative_to(SERVER).as_posix())
def test_files_that_a_docstring_points_to_are_there(folder: Path) -> None:
    """`name.py` is in the same folder; another folder's file is named with the way to it."""
    pointed = {
        (path.name, name)
        for path in folder.glob("*.py")
        for name in re.findall(r"`((?:\w+/)*\w+\.py)(?:'s)?`", path.read_text("utf-8"))
        if name not in EXAMPLES
    }
    assert {(path, name) for path, name in pointed if not _is_reachable(folder, name)} == set()


EXAMPLES = {"file.py", "analysis.py"}
"""Names of a user's files."""


def _is_reachable(folder: Path, name: str) -> bool:
    """From its own folder or one above, as far as the repository's; a bare name only in its own or the next."""
    above = [folder, *folder.parents[: len(folder.relative_to(SERVER).parts) + 1]]
    return any((place / name).is_file() for place in (above if "/" in name else above[:2]))
