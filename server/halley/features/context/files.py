"""Reading a file of the workspace for a model: one set of rules for every caller (`#file`, a tool, another program)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.engine.guards.secrecy import is_secret_path
from halley.stores.workspace.project_files import is_excluded, read_text_file


def read_shown_file(
    root: Path, path: str, exclude: Iterable[str], open_text: Callable[[str], str | None] = lambda _uri: None
) -> tuple[str, str]:
    """(its path within the workspace, its text; the editor's where `open_text(uri)` has it).

    Raises BlockedByPolicy for what lies outside, holds secrets or is left out, InvalidInput for what is no text.
    """
    plain = PurePosixPath(path.replace("\\", "/"))
    target = root / plain
    if plain.is_absolute() or ".." in plain.parts or not target.resolve().is_relative_to(root.resolve()):
        raise BlockedByPolicy(f"{path} is outside the workspace.", "Name a file of the workspace.")
    if is_secret_path(plain) or is_secret_path(target.resolve().relative_to(root.resolve())):
        raise BlockedByPolicy(f"{path} is a kind of file that holds secrets.", "It is never sent to a model.")
    if is_excluded(root, target, exclude):
        raise BlockedByPolicy(
            f"{path} is ignored or excluded.", "See .gitignore and the setting `context.exclude`."
        )
    text = open_text(target.as_uri()) or read_text_file(root, str(plain))
    if text is None:
        raise InvalidInput(
            f"{path} could not be read as text.", "Name a text file of the workspace, up to 1 MB."
        )
    return str(plain), text
