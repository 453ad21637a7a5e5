"""lsprotocol's classes, completed on first use, are what they are when imported the ordinary way."""

from __future__ import annotations

import copy
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from lsprotocol import types

from halley.lsp.types_on_use import is_complete

METHODS = ("__eq__", "__ne__", "__lt__", "__gt__", "__repr__", "__hash__", "__setattr__")


def describe_all() -> dict[str, Any]:
    """What can be seen of every class: its fields, how it is made, which methods it has."""
    return {
        name: _read_back(_describe(value))
        for name, value in vars(types).items()
        if isinstance(value, type) and attrs.has(value)
    }


def _describe(cls: type) -> dict[str, Any]:
    fields = {
        field.name: [repr(field.type), repr(field.default), repr(field.validator), field.kw_only, field.alias]
        for field in attrs.fields(cls)
    }
    made = [
        (one.name, str(one.kind), repr(one.default)) for one in inspect.signature(cls).parameters.values()
    ]
    return {
        "fields": fields,
        "made": made,
        "positional": cls.__match_args__,
        "own": [name for name in METHODS if getattr(cls, name) is not getattr(object, name)],
        "unhashable": cls.__hash__ is None,
    }


def _read_back(value: Any) -> Any:
    """As JSON, without the addresses of functions."""
    return json.loads(re.sub(r" at 0x[0-9a-f]+", "", json.dumps(value)))


def try_out() -> list[str]:
    """What instances do: comparing, showing, refusing, copying, to JSON and from it."""
    from halley.lsp.base.converter import from_json, to_json

    at = types.Position(1, 2)
    range = types.Range(at, types.Position(3, 4))
    edit = types.TextEdit(range, "x")
    action = from_json(
        {
            "title": "t",
            "kind": "refactor",
            "edit": {
                "documentChanges": [{"textDocument": {"uri": "a:b", "version": 1}, "edits": [to_json(edit)]}]
            },
            "command": {"title": "t", "command": "c", "arguments": [{"a": 1}]},
            "tags": [1],
        },
        types.CodeAction,
    )
    tried = [at, range, edit, action, at < range.end, at == types.Position(1, 2), edit == copy.deepcopy(edit)]
    tried.append(to_json(types.Diagnostic(range, "m", severity=types.DiagnosticSeverity.Hint)))
    tried += [
        edit != types.TextEdit(range, "y"),
        to_json(action),
        attrs.evolve(at, line=9),
        attrs.asdict(range),
    ]
    for refused in (
        lambda: types.Position(-1, 0),
        lambda: setattr(at, "line", "one"),
        lambda: types.Position(1),
        lambda: types.TextEdit(range, 3),
        lambda: hash(edit),
        lambda: from_json({"range": {"start": 3}}, types.TextEdit),
    ):
        with pytest.raises(Exception) as error:
            refused()
        tried.append(f"{type(error.value).__name__}: {error.value}")
    return _read_back([repr(one) for one in tried])


def _completed_on_use(*calls: str) -> Any:
    """What these functions of this file return where the classes are completed on use."""
    code = (
        "from halley.lsp.types_on_use import import_types; import_types();"
        f"import json, {__name__} as us; print(json.dumps([{', '.join(f'us.{call}()' for call in calls)}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def waiting() -> list[str]:
    """The classes that are not complete yet."""
    return [name for name, value in vars(types).items() if isinstance(value, type) and not is_complete(value)]


def test_they_are_the_same_classes():
    assert waiting() == []
    before, tried, after, classes, left = _completed_on_use(
        "waiting", "try_out", "waiting", "describe_all", "waiting"
    )
    assert len(before) > 500
    assert len(after) > 400, "a use completes more than it uses"
    assert left == []
    assert tried == try_out()
    assert classes == describe_all()
