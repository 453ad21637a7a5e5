"""lsprotocol's classes, completed when they are first used: a quarter of the start.

Importing `lsprotocol.types` has attrs write and compile the methods of 554 classes; a window uses some dozens of them.
Here attrs completes a class when it is first instantiated or its fields are looked at. It is attrs' own work on the
same class, only later, and without slots, because a class that has them is another object than the one it was.

Imported the ordinary way (as tests do), the module is as it always is.
"""

from __future__ import annotations

import sys
from threading import RLock
from typing import Any

import attrs

_MODULE = "lsprotocol.types"
_define = attrs.define
_one_at_a_time = RLock()


def import_types() -> None:
    """Imports `lsprotocol.types`, if nothing has, with classes that are completed later."""
    if _MODULE in sys.modules:
        return
    attrs.define = _put_off
    try:
        import lsprotocol.types  # noqa: F401
    finally:
        attrs.define = _define
    from lsprotocol import _hooks

    # Each class resolves its own references when it is completed; making a converter would complete all.
    _hooks._resolved_forward_references = True


def is_complete(cls: type) -> bool:
    return not isinstance(cls.__dict__.get("__attrs_attrs__"), _Fields)


def _put_off(maybe_cls: Any = None, **options: Any) -> Any:
    """In place of `attrs.define`."""
    if options or getattr(maybe_cls, "__module__", None) != _MODULE:
        return _define(maybe_cls, **options)
    maybe_cls.__attrs_attrs__ = _Fields(maybe_cls)
    maybe_cls.__init__ = _init_of(maybe_cls)
    return maybe_cls


class _Fields:
    """Stands for a class's `__attrs_attrs__` until it is looked at."""

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __get__(self, _: object, __: type) -> Any:
        _complete(self._cls)
        return self._cls.__attrs_attrs__  # type: ignore[attr-defined]


def _init_of(cls: type) -> Any:
    """Stands for a class's `__init__` until it is called."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        _complete(cls)
        cls.__init__(self, *args, **kwargs)

    return __init__


def _complete(cls: type) -> None:
    """Other threads see the class as it was or complete: attrs replaces the stand-ins as its last step."""
    with _one_at_a_time:
        if not is_complete(cls):
            _define(cls, slots=False, init=True, field_transformer=_with_types)


def _with_types(cls: type, fields: list[Any]) -> list[Any]:
    """As `lsprotocol` does when it makes its first converter."""
    attrs.resolve_types(cls, sys.modules[_MODULE].ALL_TYPES_MAP, {}, attribs=fields)
    return fields
