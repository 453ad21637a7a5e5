"""A team's macros and templates beside the user's own: what one proposes, and what taking one over writes.

A text of the team is like any text from elsewhere until the user has read it and agreed: it is checked, and only the
macro or template it is named for is taken from it.
"""

from __future__ import annotations

from typing import Literal

from halley.core.errors import InvalidInput
from halley.core.settings import Settings
from halley.core.team import SharedText
from halley.features.room import EngineRoom

State = Literal["not taken", "taken", "yours differs", "proposal"]


def own_text(room: EngineRoom, settings: Settings, kind: str, name: str) -> str | None:
    """The user's own macro as TOML, or template as Markdown; None where there is none."""
    if kind == "macro":
        from halley.features.macros.bundle import export_macros

        return export_macros(settings, [name]) if name in settings.macros else None
    from halley.features.own_templates import load_own_template

    _require_template(name)
    return load_own_template(room.template_folder / f"{name}.md", name)


def state_of(room: EngineRoom, settings: Settings, text: SharedText) -> State:
    if text.approved_by is None:
        return "proposal"
    try:
        mine = own_text(room, settings, text.kind, text.name)
    except InvalidInput:
        mine = None
    if mine is None:
        return "not taken"
    return "taken" if mine == text.body else "yours differs"


def take_text(room: EngineRoom, text: SharedText) -> None:
    """Writes it among the user's own. Raises InvalidInput for one that does not hold what it is named for."""
    if text.kind == "macro":
        from halley.features.macros.bundle import definition, read_macros

        found = read_macros(text.body)
        if set(found) != {text.name}:
            raise InvalidInput(
                f"This text of the team does not define exactly the macro {text.name}.",
                "Ask its author to propose it again.",
            )
        room.macros.save(text.name, definition(found[text.name]))
        return
    from halley.engine.prompting.templates import problems_in
    from halley.features.own_templates import names_for
    from halley.stores.disk.files import save_private
    from halley.stores.disk.making import make_private_folder

    _require_template(text.name)
    if problems := problems_in(text.body, names_for(text.name)):
        raise InvalidInput(
            f"The template {text.name} cannot be used: {problems[0]}", "Ask its author to mend it."
        )
    make_private_folder(room.template_folder)
    save_private(room.template_folder / f"{text.name}.md", text.body)


def _require_template(name: str) -> None:
    from halley.engine.prompting.templates import builtin_names

    if name not in builtin_names():
        raise InvalidInput(
            f"There is no template {name}.", f"Templates are {', '.join(sorted(builtin_names()))}."
        )
