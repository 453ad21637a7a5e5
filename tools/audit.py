"""Licences and known vulnerabilities of what the lock files name: `make audit`.

    licences          by pip-licenses, of what is installed in .venv; of npm's packages, by their lock file. Offline
    vulnerabilities   by pip-audit, from PyPI's advisories, and by `npm audit`. These need the network: without it
                      they fail, since what was not asked about is not known to be safe

`make audit ARGS=licences` (or `vulnerabilities`) does one of the two. The tools are in an environment of their own,
`.audit`, from `requirements-audit.lock`. Accepted licences are listed in pyproject.toml, under `tool.pip-licenses`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".audit"
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock", "requirements-audit.lock")
NPM_LOCKS = ("clients/vscode/package-lock.json", "tools/lua/package-lock.json")
OWN_TERMS = ("node_modules/@vscode/vsce-sign",)
"""npm packages under terms of their own: a part of the packaging tool that is not passed on."""
FOR_TESTS = ("pyte",)
"""Python packages under the LGPL: tests run them, nothing that is passed on does."""


def main(arguments: list[str]) -> int:
    checks: dict[str, Callable[[], Iterator[str]]] = {
        "licences": find_licences, "vulnerabilities": find_vulnerabilities,
    }  # fmt: skip
    wanted = arguments or list(checks)
    if unknown := set(wanted) - set(checks):
        sys.stderr.write(f"There is no check {sorted(unknown)}; there are {', '.join(checks)}.\n")
        return 2
    make_tools()
    found = [finding for name in wanted for finding in checks[name]()]
    for finding in found:
        sys.stderr.write(f"audit: {finding}\n")
    sys.stdout.write("audit: failed\n" if found else f"audit: nothing found ({', '.join(wanted)})\n")
    return 1 if found else 0


def make_tools() -> None:
    """`.audit`, once for each state of its lock file."""
    lock, stamp = ROOT / "requirements-audit.lock", TOOLS / ".stamp"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--clear", str(TOOLS)], check=True, cwd=ROOT)
    subprocess.run(
        [*uv, "pip", "install", "-q", "--python", str(TOOLS), "--require-hashes", "-r", str(lock)],
        check=True,
        cwd=ROOT,
    )
    stamp.write_bytes(lock.read_bytes())


def _tool(name: str) -> str:
    return str(TOOLS / ("Scripts" if sys.platform == "win32" else "bin") / name)


def find_licences() -> Iterator[str]:
    """Packages under a licence that is not accepted, and those whose licence is unknown."""
    done = _run(
        _tool("pip-licenses"),
        "--python",
        sys.executable,
        "--ignore-packages",
        "halley",
        *FOR_TESTS,
        "--format=json",
    )
    if done.returncode:
        yield f"pip-licenses: {_last(done.stderr or done.stdout)}"
    for path in NPM_LOCKS:
        yield from _npm_licences(path)


def _npm_licences(path: str) -> Iterator[str]:
    packages = json.loads((ROOT / path).read_text("utf-8"))["packages"]
    for name, package in packages.items():
        licence = package.get("license", "")
        if name and not name.startswith(OWN_TERMS) and not package.get("link") and not is_accepted(licence):
            yield f"{path}: {name} {package.get('version', '')} has the licence {licence or 'unknown'}"


def is_accepted(expression: str) -> bool:
    """Whether an SPDX expression is covered: one side of each OR, both of each AND."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pip-licenses"]
    allowed = [name.lower() for name in settings["allow-only"].split(";")]
    either = re.split(r"\s+OR\s+", expression.strip("() "))
    return bool(expression) and any(
        all(any(name in part.lower() for name in allowed) for part in re.split(r"\s+AND\s+", side))
        for side in either
    )


def find_vulnerabilities() -> Iterator[str]:
    """Known ones in what is locked; and what could not be asked about."""
    for lock in LOCKS:
        done = _run(
            _tool("pip-audit"),
            "--progress-spinner=off",
            "--disable-pip",
            "--require-hashes",
            "-r",
            lock,
            "--format=json",
        )
        yield from _advisories(lock, done)
    for path in NPM_LOCKS:
        yield from _npm_advisories(path)


def _advisories(lock: str, done: subprocess.CompletedProcess[str]) -> Iterator[str]:
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        yield f"{lock} could not be checked: {_last(done.stderr)}"
        return
    for package in packages:
        if "skip_reason" in package:
            yield f"{lock}: {package['name']} could not be checked: {package['skip_reason']}"
        for found in package.get("vulns", ()):
            fixed = f"; fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else ""
            yield f"{lock}: {package['name']} {package['version']} has {found['id']}{fixed}"


def _npm_advisories(path: str) -> Iterator[str]:
    from build_vscode import find_node

    node, npm = find_node()
    done = subprocess.run(
        [str(node), str(npm), "audit", "--package-lock-only", "--json"],
        cwd=(ROOT / path).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(done.stdout)
        found = report["vulnerabilities"]
    except (ValueError, KeyError):
        yield f"{path} could not be checked: {_first(done.stderr or done.stdout)}"
        return
    for name, advisory in found.items():
        yield f"{path}: {name} has a vulnerability ({advisory.get('severity', 'of unknown severity')})"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _first(text: str) -> str:
    return _last(text.strip().partition("\n")[0])


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
