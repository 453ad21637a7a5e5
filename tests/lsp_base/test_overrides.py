"""Where pygls is overridden: each place says why, with the section of the specification or the report upstream."""

from __future__ import annotations

import inspect
import re

import pytest

from halley.lsp.base.documents import DocumentStore
from halley.lsp.base.features import Features
from halley.lsp.base.intake import Intake
from halley.lsp.base.protocol import HalleyProtocol
from halley.lsp.base.server import HalleyServer

OURS = (DocumentStore, Features, Intake, HalleyProtocol, HalleyServer)
SOURCE = re.compile(r"\(`#\w+`|github\.com/openlawlibrary/pygls/issues/\d+|RFC \d+")


def overrides() -> list[object]:
    return [
        pytest.param(member, id=f"{ours.__name__}.{name}")
        for ours in OURS
        for name, member in vars(ours).items()
        if not name.startswith("__") and (inspect.isfunction(member) or isinstance(member, property))
        if any(name in vars(base) for base in ours.__mro__[1:] if base.__module__.startswith("pygls"))
    ]


def test_the_overrides_are_found() -> None:
    assert len(overrides()) > 15


@pytest.mark.parametrize("member", overrides())
def test_an_override_names_its_reason(member: object) -> None:
    said = inspect.getdoc(member) or ""
    assert SOURCE.search(said), f"no section (`#name`), report or RFC in {said!r}"
