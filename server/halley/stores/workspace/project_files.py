"""The files of a workspace that a model may ever see: listed by its own ignore rules, read with limits.

`list_files` walks the folders in a thread, prunes what `.gitignore` files (nested ones too), the settings and the
caller's `denied` rule out, and never follows a link. Binary, generated and very large files are left out. What is
secret is the caller's to say (`denied`), since that rule belongs to no workspace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from halley.stores.disk.files import read_regular
from halley.stores.workspace.ignoring import Exclusions, Rules, exclusions, read_rules

MOST_BYTES = 1_000_000
MOST_FILES = 50_000

SKIPPED_FOLDERS = frozenset(
    """.git .hg .svn node_modules .venv venv __pycache__ .mypy_cache .pytest_cache .ruff_cache .tox .nox dist build
    target .next .nuxt .cache .gradle .idea .vs bower_components vendor .terraform .eggs site-packages""".split()
)
"""Never entered, ignored or not: what tools make."""

_BINARY = tuple(
    """.png .jpg .jpeg .gif .webp .ico .bmp .tiff .pdf .zip .gz .bz2 .xz .zst .7z .rar .tar .jar .war .class .pyc .pyo
    .so .dll .dylib .exe .o .a .lib .bin .dat .db .sqlite .sqlite3 .mp3 .mp4 .wav .ogg .webm .avi .mov .woff .woff2 .ttf
    .otf .eot .wasm .node .parquet .npy .npz .pkl .pt .onnx .gguf .safetensors .psd .ai .sketch .vsix .whl""".split()
)
_GENERATED = (".min.js", ".min.css", ".map", ".lock", ".pb.go", "_pb2.py", ".g.dart", ".designer.cs", ".snap")
_LOCKS = frozenset("package-lock.json npm-shrinkwrap.json pnpm-lock.yaml composer.lock go.sum".split())


@dataclass(frozen=True, slots=True)
class FileFact:
    """One file: its path relative to the root with `/`, when it was last written (ns), and its size in bytes."""

    path: str
    mtime_ns: int
    size: int


def list_files(
    root: Path,
    exclude: Iterable[str] = (),
    denied: Callable[[str], bool] = lambda _: False,
    folders: list[str] | None = None,
) -> list[FileFact]:
    """Every file that may be shown, in no promised order; at most 50,000. `folders` takes the folders looked into."""
    excluded = exclusions(tuple(exclude))
    found: list[FileFact] = []
    for fact in _walk(root, "", [], excluded, folders):
        if not denied(fact.path):
            found.append(fact)
            if len(found) >= MOST_FILES:
                break
    return found


def _walk(
    root: Path,
    below: str,
    rules: list[tuple[str, Rules]],
    excluded: Exclusions,
    folders: list[str] | None,
) -> Iterator[FileFact]:
    folder = root / below if below else root
    if folders is not None:
        folders.append(below)
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    rules = _with_rules_of(folder, below, entries, rules)
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_symlink():
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in SKIPPED_FOLDERS and not _is_out(f"{path}/", rules, excluded):
                yield from _walk(root, path, rules, excluded, folders)
        elif is_text_name(entry.name) and not _is_out(path, rules, excluded):
            try:
                stat = entry.stat(follow_symlinks=False)
            except OSError:  # gone since it was listed
                continue
            if 0 < stat.st_size <= MOST_BYTES:
                yield FileFact(path, stat.st_mtime_ns, stat.st_size)


def _with_rules_of(
    folder: Path, below: str, entries: list[os.DirEntry[str]], rules: list[tuple[str, Rules]]
) -> list[tuple[str, Rules]]:
    if not any(entry.name == ".gitignore" for entry in entries):
        return rules
    return [*rules, (below, read_rules(folder))]


def _is_out(path: str, rules: list[tuple[str, Rules]], excluded: Exclusions) -> bool:
    """The innermost rule that says anything about a path decides, as git does."""
    if excluded.verdict(path):
        return True
    for below, spec in reversed(rules):
        inner = path[len(below) + 1 :] if below else path
        verdict = spec.verdict(inner)
        if verdict is not None:
            return verdict
    return False


def is_text_name(name: str) -> bool:
    """Whether a name promises text that is not generated."""
    lower = name.casefold()
    return not lower.endswith(_BINARY) and not lower.endswith(_GENERATED) and lower not in _LOCKS


def is_excluded(root: Path, path: Path, exclude: Iterable[str]) -> bool:
    """Whether the ignore rules of the workspace or `context.exclude` leave this one file out."""
    try:
        relative = path.relative_to(root).as_posix()
    except ValueError:
        return False
    excluded = exclusions(tuple(exclude))
    rules: list[tuple[str, Rules]] = []
    parts = relative.split("/")
    for depth in range(len(parts)):
        below = "/".join(parts[:depth])
        rules.append((below, read_rules(root / below if below else root)))
        is_last = depth == len(parts) - 1
        if _is_out("/".join(parts[: depth + 1]) + ("" if is_last else "/"), rules, excluded):
            return True
    return False


def is_named(root: Path, path: Path, exclude: Iterable[str]) -> bool:
    """Whether the patterns themselves name the file."""
    return path.is_relative_to(root) and exclusions(tuple(exclude)).leaves_out(
        path.relative_to(root).as_posix()
    )


def read_text_file(root: Path, path: str, most_bytes: int = MOST_BYTES) -> str | None:
    """A listed file's text; None when it is gone, grew too large, turned into a link, or is no text after all."""
    file = root / path
    try:
        if file.is_symlink():
            return None
        raw = read_regular(file, most_bytes, within=root)
    except OSError:
        return None
    if b"\0" in raw[:8192]:
        return None
    text = raw.decode("utf-8", "replace")
    return None if is_generated(text) else text


def is_generated(text: str) -> bool:
    """Whether a text says of itself that a tool made it."""
    head = text[:2000]
    return "@generated" in head or "DO NOT EDIT" in head
