"""One truth, many copies: writes every file that is generated from the Python sources, or checks that none is stale.

    python tools/generate.py            writes what has changed
    python tools/generate.py --check    writes nothing; exit code 1 and a list when a copy is stale

A generator is a module beside this one with `build(root) -> {path: text}`; it reads definitions and returns whole
files. To add one, add a file: this module finds it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> int:
    stale = [path for path, text in built(ROOT).items() if _read(ROOT / path) != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is stale: run `make generate`.")
        return 1 if stale else 0
    copies = built(ROOT)
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(copies[path], "utf-8")
        print(f"wrote {path}")
    return 0


def built(root: Path) -> dict[Path, str]:
    """Every generated file as it should be, by its path below `root`."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        return {
            path: text for name in _generators() for path, text in import_module(name).build(root).items()
        }
    finally:
        sys.path.pop(0)


def _generators() -> Iterator[str]:
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem != Path(__file__).stem and "\ndef build(root: Path)" in file.read_text("utf-8"):
            yield file.stem


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
