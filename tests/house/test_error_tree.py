"""The tree drawn at the top of `core/errors.py` is the tree of its classes."""

from __future__ import annotations

import re

from halley.core import errors
from halley.core.errors import HalleyError, InvalidInput, UpstreamError


def _drawn() -> list[tuple[str, str, str]]:
    """(name, its parent, its code or nothing), line by line."""
    open_at: list[str] = []
    found: list[tuple[str, str, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│ ]*(?:[├└]─ )?)([A-Z]\w+)(?: +(\w+(?= |$)|\.code|\())?", line):
            depth = len(match[1]) // 3
            del open_at[depth:]
            code = match[3] or ""
            found.append((match[2], open_at[-1] if open_at else "", code if code.isidentifier() else ""))
            open_at.append(match[2])
    return found


def _defined(kind: type[HalleyError] = HalleyError, parent: str = "") -> list[tuple[str, str, str]]:
    code = kind.code if kind not in (HalleyError, UpstreamError) else ""
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [(kind.__name__, parent, code), *(row for one in children for row in _defined(one, kind.__name__))]


def test_the_drawing_shows_every_class_its_parent_and_its_code() -> None:
    assert _drawn() == _defined()


def test_each_code_belongs_to_one_class() -> None:
    codes = [code for _, _, code in _defined() if code]
    assert len(codes) == len(set(codes))


def test_wrong_input_says_nothing_against_a_host() -> None:
    assert not issubclass(InvalidInput, UpstreamError)
