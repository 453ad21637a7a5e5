"""Prompt templates a user has put into their configuration folder, in place of those that are shipped.

A template that cannot be right is never used half: the request says which file, which line and what is wrong. What
may be asked for in a template is what the prompts fill in (`engine/prompting/prompts.py`);
`docs/templates.md` lists it.
"""

from __future__ import annotations

import errno
from pathlib import Path

from halley.core.errors import NotConfigured
from halley.engine.prompting.templates import builtin_names, builtin_template, names_in, problems_in
from halley.stores.disk.files import read_regular

MOST_BYTES = 200_000

_FACTS = frozenset(
    "language language_id docs path selection context diagnostics guidance rules cursor_mark instruction".split()
)
"""Values every action's template may ask for."""


def load_own_template(path: Path, name: str) -> str | None:
    """The user's own template; None where there is none. Raises NotConfigured for one that cannot be used."""
    try:
        text = read_regular(path, MOST_BYTES).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise _broken(path, name, f"It is not UTF-8 (byte {error.start}).") from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _broken(path, name, f"It is larger than {MOST_BYTES} bytes.") from None
        raise _broken(path, name, f"It cannot be read: {error.strerror}.") from None
    if problems := problems_in(text, names_for(name)):
        raise _broken(path, name, problems[0])
    return text


def check_own_templates(folder: Path) -> list[NotConfigured]:
    """What is wrong with the files in the folder of templates: those that cannot be used, and those never looked at."""
    found: list[NotConfigured] = []
    for path in sorted(folder.glob("*.md")) if folder.is_dir() else ():
        if path.stem not in builtin_names():
            found.append(_unknown(path))
            continue
        try:
            load_own_template(path, path.stem)
        except NotConfigured as error:
            found.append(error)
    return found


def _unknown(path: Path) -> NotConfigured:
    from difflib import get_close_matches

    near = get_close_matches(path.stem, sorted(builtin_names()), 1)
    return NotConfigured(
        f"The template {path} is never used: no template has that name.",
        f"Did you mean {near[0]}.md?" if near else f"There are: {', '.join(sorted(builtin_names()))}.",
        setting=f"templates/{path.name}",
    )


def names_for(name: str) -> frozenset[str]:
    """The values the template of that name may ask for, each also as `…_block`."""
    shipped = names_in(builtin_template(name))
    names = shipped | (_FACTS if "context" in shipped or "selection_block" in shipped else frozenset())
    plain = {one.removesuffix("_block") for one in names}
    return frozenset(plain | {f"{one}_block" for one in plain})


def _broken(path: Path, name: str, what: str) -> NotConfigured:
    return NotConfigured(
        f"The template {path} cannot be used. {what}",
        f"Correct it, or remove it to use the built-in template for '{name}'.",
        setting=f"templates/{name}.md",
    )
