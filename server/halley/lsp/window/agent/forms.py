"""A tool server's form: a message box for each field with a choice, a box to write in for each other one. LSP has no
box to write in, so that is a request of ours; for clients without it a form that needs text or a number is declined,
with a word on why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from halley.engine.markdown.inert import visible
from halley.features.tools.helping import Filled
from halley.lsp.window.showing import choose_button, show_message
from halley.mcp.values import Form, FormField

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

ACCEPT, SKIP, DECLINE = "Accept", "Skip", "Decline"
_OWN = ("", *(word.casefold() for word in (ACCEPT, SKIP, DECLINE)))
MOST_SHOWN = 2000
MOST_TRIES = 5
"""Answers that do not fit, after which the form is cancelled."""
_CHOSEN = ("boolean", "choice")


class _Refused(Exception):
    """The user does not fill in the form."""

    def __init__(self, how: Literal["decline", "cancel"]) -> None:
        super().__init__(how)
        self.how: Literal["decline", "cancel"] = how


async def fill_form(session: Session, server: str, form: Form) -> Filled:
    """Anything but an answer that was offered cancels the whole form."""
    asks = f"Halley: the tool server {server} asks: {visible(form.message)[:MOST_SHOWN]}"
    fields = [field for field in form.fields if session.client.inputs or field.kind in _CHOSEN]
    why = ""
    if any(field.required and field not in fields for field in form.fields):
        why = "it wants text, which can be answered in `halley chat`"
    elif any(len(set(_titles(field))) < len(_titles(field)) for field in fields if field.kind in _CHOSEN):
        why = "two of its choices look the same"
    if why:
        await show_message(session, f"{asks} It was declined: {why}.", warning=True)
        return "decline"
    if not fields:
        chosen = await choose_button(session, asks, [ACCEPT, DECLINE])
        return {} if chosen == ACCEPT else "decline" if chosen == DECLINE else "cancel"
    filled: dict[str, Any] = {}
    try:
        for field in fields:
            answer = await (_choose if field.kind in _CHOSEN else _write)(session, asks, field)
            if answer is not None:
                filled[field.name] = answer
    except _Refused as refused:
        return refused.how
    return filled


async def _choose(session: Session, asks: str, field: FormField) -> Any:
    """None where it is skipped."""
    titles = _titles(field)
    chosen = await choose_button(session, f"{asks}\n\n{_told(field)}", titles)
    if chosen in ("", DECLINE):
        raise _Refused("decline" if chosen else "cancel")
    if chosen == SKIP:
        return None
    # By its place: what is shown may differ from a value with characters that cannot be seen.
    return field.choices[titles.index(chosen)] if field.choices else chosen == "Yes"


async def _write(session: Session, asks: str, field: FormField) -> Any:
    """None where it is skipped."""
    hint = "" if field.required else " (leave it empty to skip it)"
    problem = ""
    for _ in range(MOST_TRIES):
        params = {"title": asks, "prompt": f"{_told(field)}{hint}{problem}"}
        answer = await session.request("halley/tools/ask", params)
        text = answer.get("text") if isinstance(answer, dict) else None
        if not isinstance(text, str):
            raise _Refused("cancel")
        if not text and not field.required:
            return None
        try:
            return field.read(text)
        except ValueError as error:
            problem = f" · It has to be {visible(str(error))}."
    raise _Refused("cancel")


def _titles(field: FormField) -> list[str]:
    """No choice of a server's can pass for a button of Halley's."""
    shown = [visible(one)[:100] for one in field.choices] or ["Yes", "No"]
    shown = [f"“{one}”" if one.strip().casefold() in _OWN else one for one in shown]
    return [*shown, *([] if field.required else [SKIP]), DECLINE]


def _told(field: FormField) -> str:
    return ": ".join(filter(None, (visible(field.title), visible(field.description)[:MOST_SHOWN])))
