"""Where the strings of a line end, by quotes and backslashes: no language is known here."""

from __future__ import annotations


class Strings:
    """The strings of one text. Each stretch is looked through once, however many quotes stay open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: dict[str, int] = {}

    def end(self, at: int) -> int | None:
        """Where the string that begins with the quote at `at` ends, in the same line; None where it does not."""
        text, quote = self._text, self._text[at]
        if at < self._open.get(quote, 0):
            return None  # an earlier one found every later quote escaped, and so would this
        end = at + 1
        while end < len(text) and text[end] != "\n":
            if text[end] == "\\":
                end += 1
            elif text[end] == quote:
                return end
            end += 1
        self._open[quote] = end
        return None
