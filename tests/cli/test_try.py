"""`halley try`, the first thing a person sees of Halley; and its picture in the README."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

TITLES = (
    "1. Explain a function",
    "2. Generate code from a comment",
    "3. Fix a diagnostic",
    "4. Format, proven to mean the same",
    "5. Complete at the cursor",
    "6. Chat, with the file at hand",
    "7. Switch the model of this workspace",
    "Every call is in the ledger",
)
RESULTS = (
    "total(items) is a function",
    "+def most_expensive_item(items: object) -> object:",
    "for item in items)",
    "+def discount(amount, percent):",
    "return count",
    "31 lines of orders.py define the class Item",
    "Before this you asked:",
    "chat is simulator/sim-code",
)
WRONG = re.compile(r"went wrong inside|no such action|nothing changed|nothing to suggest", re.IGNORECASE)


def test_the_tour_shows_what_each_step_is_to_show_and_can_be_kept_as_a_picture(shell):
    ran = shell.spawn("try", "--svg", "tour.svg")
    assert ran.code == 0, ran.out + ran.err
    shows(ran.out)
    shows(text_of(shell.folder / "tour.svg"))


def test_the_picture_in_the_readme_is_of_a_tour_that_went_well():
    shows(text_of(Path(__file__).parents[2] / "docs/images/try.svg"))


def shows(said: str) -> None:
    at = 0
    for title in TITLES:
        at = said.find(title, at)
        assert at >= 0, f"{title} is not shown, or not in its place:\n{said}"
    flat = " ".join(said.split())
    assert [result for result in RESULTS if result not in flat] == []
    assert not WRONG.search(said), said


def text_of(picture: Path) -> str:
    """What is written in it; a line of the terminal is several pieces, each of a colour."""
    return unescape(re.sub(r"<[^>]*>", "", picture.read_text("utf-8"))).replace("\u00a0", " ")
