"""Where something is to be completed: the text around the cursor. What is made of it is `completions.py`'s."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The text on both sides of the cursor."""

    prefix: str
    suffix: str
    language_id: str = ""
    mark: str = ""
    """What a line begins with that begins another cell of a notebook: the text ends before it."""

    @property
    def line_before(self) -> str:
        return self.prefix[self.prefix.rfind("\n") + 1 :]

    @property
    def line_after(self) -> str:
        end = self.suffix.find("\n")
        return self.suffix if end < 0 else self.suffix[:end]
