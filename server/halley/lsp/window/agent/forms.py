"""A tool server's form, as message boxes: one for each field with a choice. LSP has no box to write in, so a form that
needs text or a number is declined, with a word on why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.engine.markdown.inert import visible
from halley.features.tools.helping import Filled
from halley.lsp.window.showing import choose_button, show_message
from halley.mcp.values import Form, FormField

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

ACCEPT, SKIP, DECLINE = "Accept", "Skip", "Decline"
_OWN = ("", *(word.casefold() for word in (ACCEPT, SKIP, DECLINE)))
MOST_SHOWN = 2000


async def fill_form(session: Session, server: str, form: Form) -> Filled:
    """Anything but an answer that was offered cancels the whole form."""
    asks = f"Halley: the tool server {server} asks: {visible(form.message)[:MOST_SHOWN]}"
    boxes = [field for field in form.fields if field.kind in ("boolean", "choice")]
    if any(field.required and field not in boxes for field in form.fields):
        await show_message(
            session,
            f"{asks} It was declined: it wants text, which can be answered in `halley chat`.",
            warning=True,
        )
        return "decline"
    filled: dict[str, Any] = {}
    if not boxes:
        chosen = await choose_button(session, asks, [ACCEPT, DECLINE])
        return {} if chosen == ACCEPT else "decline" if chosen == DECLINE else "cancel"
    if any(len(set(_titles(field))) < len(_titles(field)) for field in boxes):
        await show_message(
            session, f"{asks} It was declined: its choices cannot be told apart.", warning=True
        )
        return "decline"
    for field in boxes:
        chosen = await choose_button(session, f"{asks}\n\n{_told(field)}", _titles(field))
        if chosen in ("", DECLINE):
            return "decline" if chosen else "cancel"
        if chosen != SKIP:
            # By its place: what is shown may differ from a value with characters that cannot be seen.
            index = _titles(field).index(chosen)
            filled[field.name] = field.choices[index] if field.choices else chosen == "Yes"
    return filled


def _titles(field: FormField) -> list[str]:
    """No choice of a server's can pass for a button of Halley's."""
    shown = [visible(one)[:100] for one in field.choices] or ["Yes", "No"]
    shown = [f"“{one}”" if one.strip().casefold() in _OWN else one for one in shown]
    return [*shown, *([] if field.required else [SKIP]), DECLINE]


def _told(field: FormField) -> str:
    return ": ".join(filter(None, (visible(field.title), visible(field.description)[:MOST_SHOWN])))
