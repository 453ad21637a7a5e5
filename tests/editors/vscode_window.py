"""VS Code served to a browser, and the scripts that drive it.

A `CodeServer` has fresh user data, so nothing of a run before comes back. `drive` runs a script of `vscode/` in Node
with a browser of its own; the script writes one line of JSON for each thing it has proven (`{name, ok, error, ms}`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemons import end_daemons
from install_vscode import VSCode

SCRIPTS = Path(__file__).parent / "vscode"
PATIENCE_S = 300
SETTINGS: dict[str, Any] = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "telemetry.telemetryLevel": "off",
    "extensions.ignoreRecommendations": True,
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "files.autoSave": "off",
    "files.hotExit": "off",
    "chat.commandCenter.enabled": False,
    "editor.accessibilitySupport": "off",
    "editor.minimap.enabled": False,
    "workbench.reduceMotion": "on",
    "git.openRepositoryInParentFolders": "never",
}


class CodeServer:
    """Started now, with the extension installed; ends with `close`."""

    def __init__(
        self,
        code: VSCode,
        folder: Path,
        vsix: Path | None,
        env: dict[str, str],
        *,
        trust: bool = False,
    ) -> None:
        self.code, self.folder, self.port = code, folder, free_port()
        (folder / "user/User").mkdir(parents=True)
        (folder / "user/User/settings.json").write_text(json.dumps(SETTINGS))
        (folder / "config.yaml").write_text("auth: none\n")
        self._log = (folder / "log").open("wb")
        self._env = clean_environment(code) | env
        if vsix:
            subprocess.run(
                self._command("--install-extension", str(vsix)),
                env=self._env,
                check=True,
                capture_output=True,
                timeout=PATIENCE_S,
            )
        options = [
            "--auth",
            "none",
            "--bind-addr",
            f"127.0.0.1:{self.port}",
            "--reconnection-grace-time",
            "5",
        ]
        options += ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"]
        if not trust:
            options.append("--disable-workspace-trust")
        self.process = subprocess.Popen(
            self._command(*options),
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._wait()

    def _command(self, *options: str) -> list[str]:
        entry = self.code.code_server / "out/node/entry.js"
        own = ["--config", str(self.folder / "config.yaml"), "--user-data-dir", str(self.folder / "user")]
        own += ["--extensions-dir", str(self.folder / "extensions")]
        return [str(self.code.node), str(entry), *own, *options]

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"code-server did not start:\n{(self.folder / 'log').read_text()[-3000:]}")

    def close(self) -> None:
        """Ends the server and whatever it started: they share a session of their own, but for the shared daemon."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                break
            try:
                self.process.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
        self._log.close()
        end_daemons(Path(self._env["HALLEY_HOME"]))


@dataclass(frozen=True)
class Step:
    """One thing a script has tried."""

    name: str
    ok: bool
    error: str = ""
    ms: float = 0


def drive(
    code: VSCode, script: str, plan: dict[str, Any], report: Path, *, limit_s: float = 1800
) -> list[Step]:
    """Runs `vscode/<script>` with the plan; what it reports, in order. Its end without a report is a failed step."""
    told = plan | {
        "modules": str(code.folder / "node_modules"),
        "chromium": str(code.chromium),
        "report": str(report),
    }
    report.unlink(missing_ok=True)
    try:
        done = subprocess.run(
            [str(code.node), str(SCRIPTS / script), json.dumps(told)],
            env=clean_environment(code),
            capture_output=True,
            text=True,
            timeout=limit_s,
        )
        said, ended_well = f"{done.stdout[-3000:]}{done.stderr[-3000:]}", done.returncode == 0
    except subprocess.TimeoutExpired as error:
        said, ended_well = f"not done after {limit_s:.0f} s: {error.stdout!r}"[-3000:], False
    lines = report.read_text("utf-8").splitlines() if report.exists() else []
    steps = [Step(**json.loads(line)) for line in lines]
    if not ended_well or not steps:
        steps.append(Step("the script ends well", False, said))
    return steps


def clean_environment(code: VSCode) -> dict[str, str]:
    """Ours on the PATH and Node 24 before any other; nothing of an editor these tests may themselves run in."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VSCODE_", "ELECTRON_"))
    }
    path = [str(Path(sys.executable).parent), str(code.node.parent), kept.get("PATH", "")]
    # VSCODE_CLI: take this environment as it is, instead of asking a login shell for another PATH.
    return kept | {"PATH": os.pathsep.join(path), "LC_ALL": "C.UTF-8", "VSCODE_CLI": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
