"""Emacs for tests, with eglot and lsp-mode: `python tests/editors/install_emacs.py FOLDER`.

How it gets there is in `debian.py`. The launcher `FOLDER/emacs` tells Emacs where its parts lie.
"""

from __future__ import annotations

import sys
from pathlib import Path

from debian import CannotHave, from_newer_suites, use_own_libraries, version_of, write_launcher

MINIMUM = (29,)
"""From here on eglot is part of Emacs."""
PACKAGES = ("emacs-nox", "elpa-lsp-mode")


def install(folder: Path) -> Path:
    """The path of an Emacs ≥ 29 that has both clients: the one in `folder`, or one newly put there. Raises CannotHave."""
    if version_of(folder / "emacs", word=2) >= MINIMUM:
        return folder / "emacs"
    return from_newer_suites(folder, PACKAGES, lambda root: _launcher(folder, root))


def _launcher(folder: Path, root: Path) -> Path:
    binary = root / "usr/bin/emacs-nox"
    shared = next((root / "usr/share/emacs").glob("[0-9]*"), None)
    dump = next((root / "usr/libexec/emacs").glob("*/*/emacs-*.pdmp"), None)
    if not (shared and dump):
        raise CannotHave("the packages did not hold what was expected")
    use_own_libraries(root, binary)
    source = root / "usr/share/emacs/site-lisp/elpa-src"
    packages = [path for path in source.glob("*") if path.is_dir()]
    launcher = write_launcher(
        folder / "emacs",
        binary,
        f"--dump-file={dump}",
        EMACSLOADPATH=":".join(str(path) for path in (shared / "lisp", *packages)),
        EMACSDATA=shared / "etc",
        EMACSDOC=shared / "etc",
        EMACSPATH=dump.parent,
    )
    if version_of(launcher, word=2) < MINIMUM:
        raise CannotHave("Debian's Emacs does not run here")
    return launcher


if __name__ == "__main__":
    try:
        print(install(Path(sys.argv[1]).absolute()))
    except CannotHave as error:
        sys.exit(f"no Emacs ≥ 29: {error}")
