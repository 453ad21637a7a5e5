"""Real files of many languages, found where packages are installed: the interpreter's library, its packages, this
project's node packages and test cases, and the system's own folders.

Which files there are differs from machine to machine; the same machine and seed give the same files.
"""

from __future__ import annotations

import random
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from halley.engine.code.languages import language_id_of

ROOT = Path(__file__).parents[2]
LANGUAGES = {
    "python": (".py",), "javascript": (".js", ".mjs"), "typescript": (".ts",), "go": (".go",), "rust": (".rs",),
    "java": (".java",), "c": (".c", ".h"), "cpp": (".cpp", ".hpp", ".cc"), "ruby": (".rb",), "csharp": (".cs",),
    "php": (".php",), "shellscript": (".sh",), "lua": (".lua",), "html": (".html",), "css": (".css",),
    "json": (".json",), "yaml": (".yaml", ".yml"), "sql": (".sql",), "markdown": (".md",), "toml": (".toml",),
    "makefile": ("Makefile", ".mk"), "restructuredtext": (".rst",),
}  # fmt: skip
_SMALLEST, _LARGEST = 200, 60_000
_MOST_LOOKED_AT = 60_000
"""Paths of one root that are looked at; some systems have millions."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file: where it is from, its language, its text with its own line ends."""

    path: str
    language_id: str
    text: str


def sources(languages: Sequence[str], each: int, seed: int) -> list[Source]:
    """Up to `each` files of each language, in a random but repeatable order."""
    found: list[Source] = []
    for language in languages:
        paths = list(_paths()[language])
        random.Random(f"{seed} {language}").shuffle(paths)
        texts = (_read(path, language) for path in paths)
        found += [source for source, _ in zip((one for one in texts if one), range(each), strict=False)]
    return found


@cache
def _paths() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {language: [] for language in LANGUAGES}
    ends = {end: language for language, all_ends in LANGUAGES.items() for end in all_ends}
    for root in _roots():
        for number, path in enumerate(_walk(root)):
            if number > _MOST_LOOKED_AT:
                break
            language = ends.get(path.suffix) or ends.get(path.name)
            if language and len(found[language]) < 4000:
                found[language].append(path)
    return {language: sorted(set(paths)) for language, paths in found.items()}


def _roots() -> list[Path]:
    paths = sysconfig.get_paths()
    roots = [
        Path(paths["stdlib"]), Path(paths["purelib"]), ROOT / "clients/vscode/node_modules", ROOT / ".editors",
        ROOT / "clients", ROOT / "docs", Path("/usr/include"), Path("/usr/share"), Path("/usr/lib"),
    ]  # fmt: skip
    return [root for root in dict.fromkeys(roots) if root.is_dir()]


def _walk(root: Path) -> Iterator[Path]:
    if sys.version_info >= (3, 12):
        walk = root.walk()
    else:
        import os

        walk = ((Path(at), folders, names) for at, folders, names in os.walk(root))
    for at, folders, names in walk:
        folders.sort()
        yield from (at / name for name in sorted(names))


def _read(path: Path, language: str) -> Source | None:
    try:
        if not path.is_file() or not _SMALLEST <= path.stat().st_size <= _LARGEST:
            return None
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.split("\n")
    if "\0" in text or len(lines) < 12 or max(map(len, lines)) > 400:
        return None
    return Source(f"src/{path.name}", language_id_of(path.name) or language, text)
