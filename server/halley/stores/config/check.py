"""Validating one level of configuration: what is right stays, what is wrong is named and left out.

`check` runs pydantic's models over a level. For each value that is wrong, the key it belongs to falls back to the
last good value (or is left out), a `ConfigProblem` says where and what would be right, and everything else applies.
No message quotes a value: someone may have pasted a key.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin

from halley.core.settings import ConfigProblem, Section, Settings
from halley.stores.config.layers import Data, get_at, with_value

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Keys = tuple[Any, ...]
Report = Callable[[Keys, str, tuple[str, ...], bool], ConfigProblem]
"""(path, message, allowed values, whether the key rather than its value is wrong) → the problem with its place."""

MOST_WRONG = 500
"""Wrong values of one level. Past that, the file is an attempt to keep us busy."""

_GUARDED = ("preset", "kind", "base_url", "key", "headers", "proxy", "ca_bundle", "client_cert")
"""A provider without one of these as meant would send something somewhere the user did not mean."""


def check(
    data: Data, last: Data, report: Report, *, loading: bool = True
) -> tuple[dict[str, Any], list[ConfigProblem]]:
    """The valid part of `data`, wrong keys replaced by those of `last`, and the problems.

    While `loading`, a message also says what a mistake switches off.
    """
    from pydantic import ValidationError

    good, problems = dict(data), list[ConfigProblem]()
    for _ in range(1000):  # each round takes away at least one wrong key
        try:
            Settings.model_validate(good)
        except ValidationError as error:
            if error.error_count() > MOST_WRONG:
                return dict(last), [*problems, _far_too_many(error.error_count(), report)]
            details = error.errors(include_url=False, include_context=True)
            good, found = _fall_back(good, last, details, report, loading)
            problems += found
        else:
            return good, problems
    return dict(last), problems


def _far_too_many(count: int, report: Report) -> ConfigProblem:
    return report((), f"{count:,} of its values are wrong: nothing of it is used.", (), True)


def _fall_back(
    good: dict[str, Any], last: Data, details: list[ErrorDetails], report: Report, loading: bool
) -> tuple[dict[str, Any], list[ConfigProblem]]:
    problems: dict[Keys, ConfigProblem] = {}
    before = good
    for detail in details:
        unit = _unit(before, tuple(detail["loc"]))
        if unit in problems:
            continue
        message, allowed, is_key = explain(unit, detail)
        if loading and _switches_off(good, last, unit, is_key):
            message += f" The provider {unit[1]} is disabled until this is fixed."
        problems[unit] = report(_precise(before, tuple(detail["loc"]), unit), message, allowed, is_key)
        good = _without_wrong(good, last, unit, is_key)
    return good, list(problems.values())


def _without_wrong(good: dict[str, Any], last: Data, unit: Keys, is_key: bool) -> dict[str, Any]:
    kept = None if is_key else get_at(last, unit)
    changed = with_value(good, unit, kept)
    if _switches_off(good, last, unit, is_key):
        changed = with_value(changed, (*unit[:2], "enabled"), False)
    return changed


def _switches_off(good: Data, last: Data, unit: Keys, is_key: bool) -> bool:
    guarded = len(unit) == 3 and unit[0] == "providers" and unit[2] in _GUARDED
    return (
        guarded and not is_key and get_at(last, unit) is None and isinstance(get_at(good, unit[:2]), Mapping)
    )


def _unit(data: Data, loc: Keys) -> Keys:
    """The key that falls back as a whole: as far as tables go, and a macro never by halves."""
    path: list[Any] = []
    inside: Any = data
    for key in loc:
        if not isinstance(inside, Mapping) or key not in inside:
            break
        path.append(key)
        inside = inside[key]
    unit = tuple(path)
    if unit[:1] == ("macros",):
        return unit[:2]
    return unit[:3] if unit[:1] == ("providers",) else unit


def _precise(data: Data, loc: Keys, unit: Keys) -> Keys:
    """The path to point at: into lists too, without pydantic's names for alternatives."""
    path: list[Any] = []
    inside: Any = data
    for key in loc:
        in_table = isinstance(inside, Mapping) and key in inside
        in_list = isinstance(inside, list | tuple) and isinstance(key, int) and key < len(inside)
        if in_table or in_list:
            inside = inside[key]
            path.append(key)
    return tuple(path) if len(path) > len(unit) else unit


def explain(unit: Keys, detail: ErrorDetails) -> tuple[str, tuple[str, ...], bool]:
    """(one sentence, the values allowed, whether it is the key that is wrong)."""
    kind, loc = detail["type"], tuple(detail["loc"])
    if kind == "extra_forbidden":
        return *_unknown_key(loc), True
    if loc[-1:] == ("[key]",):
        return (
            f"'{unit[-1]}' is not a valid name: use letters, digits, dots, dashes and underscores.",
            (),
            True,
        )
    name = ".".join(str(key) for key in unit)
    if unit[:1] == ("providers",) and unit[-1] == "key":
        return (
            f'{name} says where the key comes from, e.g. {{ env = "COMETAPI_KEY" }}: exactly one of env, keyring, '
            "command, file, client. The key itself does not belong in this file.",
            ("env", "keyring", "command", "file", "client"),
            False,
        )
    wanted, allowed = _wanted(detail)
    return f"{name} {wanted}.", allowed, False


def _unknown_key(loc: Keys) -> tuple[str, tuple[str, ...]]:
    names = tuple(field_names(loc[:-1]))
    near = near_matches(str(loc[-1]), names)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no setting '{'.'.join(str(key) for key in loc)}'.{hint}", near or names


def near_matches(name: str, among: typing.Iterable[str]) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name.lower(), list(among), n=3, cutoff=0.6))


def _wanted(detail: ErrorDetails) -> tuple[str, tuple[str, ...]]:
    """What would be right, as the end of a sentence."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        allowed = tuple(part.strip(" '") for part in context["expected"].replace(" or ", ",").split(","))
        return f"must be one of: {', '.join(allowed)}", allowed
    if kind == "value_error":
        return f"is wrong: {context.get('error', detail['msg'])}", ()
    if kind == "string_pattern_mismatch":
        return "must name models as provider/name, for example comet/gpt-5-mini", ()
    field = field_at(tuple(detail["loc"]))
    if kind.startswith(("bool", "int", "float", "greater", "less", "finite")):
        return _number(kind, field)
    words = {"string": "must be text in quotes", "tuple": "must be a list", "list": "must be a list"}
    words |= {"dict": "must be a table", "model": "must be a table"}
    return words.get(kind.partition("_")[0], f"is wrong: {detail['msg'].lower()}"), ()


def _number(kind: str, field: FieldInfo | None) -> tuple[str, tuple[str, ...]]:
    if kind.startswith("bool"):
        return "must be true or false", ("true", "false")
    bounds = {type(m).__name__: next(iter(vars_of(m).values())) for m in (field.metadata if field else ())}
    low, high = bounds.get("Ge"), bounds.get("Le")
    noun = "a whole number" if field and int in _alternatives(field.annotation) else "a number"
    if low is not None and high is not None:
        return f"must be {noun} from {low} to {high}", ()
    if low is not None:
        return f"must be {noun}, at least {low}", ()
    return (f"must be {noun} above {bounds['Gt']}" if "Gt" in bounds else f"must be {noun}"), ()


def vars_of(bound: Any) -> dict[str, Any]:
    """The one value of an annotated-types bound, which has slots instead of a dict."""
    names = getattr(bound, "__dataclass_fields__", {})
    return {name: getattr(bound, name) for name in names} or {"": None}


def field_at(loc: Keys) -> FieldInfo | None:
    """The field a path leads to, through tables and lists."""
    field: FieldInfo | None = None
    annotation: Any = Settings
    for key in loc:
        model = _model_in(annotation)
        found = find_field(model, str(key)) if model else None
        if found is None:
            annotation = _inner(annotation)
            continue
        field, annotation = found, found.annotation
    return field


def field_names(loc: Keys) -> list[str]:
    """The settings of the table at a path, as they are written."""
    annotation: Any = Settings
    for key in loc:
        model = _model_in(annotation)
        field = find_field(model, str(key)) if model else None
        annotation = field.annotation if field else _inner(annotation)
    model = _model_in(annotation)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def find_field(model: type[Section], key: str) -> FieldInfo | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return field
    return None


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    is_union = isinstance(annotation, types.UnionType) or get_origin(annotation) is typing.Union
    return get_args(annotation) if is_union else (annotation,)


def _model_in(annotation: Any) -> type[Section] | None:
    for part in _alternatives(annotation):
        if isinstance(part, type) and issubclass(part, Section):
            return part
    return None


def _inner(annotation: Any) -> Any:
    """What the values of a table or the elements of a list are."""
    for part in _alternatives(annotation):
        arguments = get_args(part)
        if get_origin(part) is dict:
            return arguments[1]
        if get_origin(part) is tuple:
            return arguments[0]
    return annotation
