"""The files with which a repository speaks to Halley: `.halley.toml` and `AGENTS.md` at its root.

Without an `AGENTS.md`, the first of the files that other tools read takes its place (`STAND_INS`).

Read once, as bytes, so that what is hashed for trust is what is used. A repository is hostile: only an ordinary file
inside the root counts (no link that leads out, no pipe, no device), and only up to a size.
"""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from halley.core.settings import ConfigProblem
from halley.stores.config.toml_files import HIDDEN, Reporter
from halley.stores.config.toml_positions import Span
from halley.stores.disk.files import read_regular
from halley.stores.disk.looking import Signature, once_a_turn, signature_of

SETTINGS_FILE = ".halley.toml"
GUIDANCE_FILE = "AGENTS.md"
STAND_INS = ("CLAUDE.md", ".github/copilot-instructions.md")
"""Guidance files of other tools; after them the files in `RULES_FOLDER`, all together."""
RULES_FOLDER = ".cursor/rules"
MOST_BYTES = 256 * 1024
MOST_RULES = 50
"""Files of the folder."""


@dataclass(frozen=True, slots=True)
class WorkspaceFiles:
    """What a repository says, not yet believed."""

    root: Path
    """The real path: links resolved."""
    settings: bytes | None
    guidance: str
    content_hash: str
    """Stands for the exact content of both files."""
    problems: tuple[ConfigProblem, ...] = ()
    guidance_names: tuple[str, ...] = (GUIDANCE_FILE,)
    """The files that `guidance` is from."""

    @property
    def settings_path(self) -> Path:
        return self.root / SETTINGS_FILE

    @property
    def is_empty(self) -> bool:
        """Nothing there to be trusted."""
        return self.settings is None and not self.guidance


def read_workspace_files(root: Path) -> WorkspaceFiles:
    """What lies at `root`; missing files count as empty, refused ones also leave a problem."""
    real = Path(os.path.realpath(root))
    problems: list[ConfigProblem] = []
    settings = _read(real, SETTINGS_FILE, problems)
    names = guidance_names(real)
    read = {name: _read(real, name, problems) for name in names}
    texts = [_guidance_text(raw, real / name, problems) for name, raw in read.items()]
    return WorkspaceFiles(
        real, settings, "\n\n".join(filter(None, texts)), _hash(settings, *read.values()), tuple(problems), names
    )  # fmt: skip


def guidance_names(root: Path) -> tuple[str, ...]:
    """Which files are the guidance: `AGENTS.md`, else what stands in for it."""
    for name in (GUIDANCE_FILE, *STAND_INS):
        if os.path.lexists(f"{root}/{name}"):
            return (name,)
    try:
        with os.scandir(f"{root}/{RULES_FOLDER}") as entries:
            found = sorted(entry.name for entry in entries if entry.name.endswith((".md", ".mdc")))
    except OSError:
        return (GUIDANCE_FILE,)
    return tuple(f"{RULES_FOLDER}/{name}" for name in found[:MOST_RULES]) or (GUIDANCE_FILE,)


@once_a_turn
def signatures(root: Path) -> tuple[Signature, ...]:
    """Cheap; differ once one of the files did."""
    folder = str(root)  # `/` of paths takes longer than the look at the file
    return (
        signature_of(f"{folder}/{SETTINGS_FILE}"),
        *(signature_of(f"{folder}/{name}") for name in guidance_names(root)),
    )


def _read(root: Path, name: str, problems: list[ConfigProblem]) -> bytes | None:
    path = root / name
    try:
        if not os.path.lexists(path):
            return None
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(root):
            problems.append(Reporter(path).whole(f"{name} is a link that leaves the workspace: not read."))
            return None
        return read_regular(target, MOST_BYTES, within=root)
    except (OSError, ValueError) as error:
        problems.append(Reporter(path).whole(f"{name} is not read: {_why(error)}."))
        return None


def _why(error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EFBIG:
        return f"it is larger than {MOST_BYTES // 1024} KiB"
    if code in (errno.ENOTSUP, errno.EISDIR, errno.ENXIO):
        return "it is not an ordinary file"
    return (getattr(error, "strerror", None) or type(error).__name__).lower()


def _guidance_text(raw: bytes | None, path: Path, problems: list[ConfigProblem]) -> str:
    """Text that a user who reads the file also sees; else nothing, and a problem."""
    if raw is None:
        return ""
    text = raw.decode(errors="replace").removeprefix("\ufeff")
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
        if match := HIDDEN.search(line):
            message = f"An invisible character (U+{ord(match.group()):04X}) is here: the file is not used."
            problems.append(Reporter(path).at(Span(number, match.start(), match.end()), message))
            return ""
    return text


def _hash(*contents: bytes | None) -> str:
    whole = hashlib.sha256()
    for content in contents:
        whole.update(b"absent;" if content is None else b"%d:" % len(content) + content)
    return whole.hexdigest()
