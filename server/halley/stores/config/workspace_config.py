"""`.halley.toml`: which parts of what a repository asks for are granted.

May be set: what `core.settings` marks with the scope `workspace`. Of that,

    roles, macro models   only models of providers that the user has named
    budget                only lower limits, and a stricter `when_spent`
    prompts               macros and `format.rules`, only once the file's exact content is trusted

Everything else, `providers` above all, is refused with a problem at its place. The rest of the file still applies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from halley.core.settings import BudgetSettings, ConfigProblem
from halley.stores.config.check import check, field_at, near_matches
from halley.stores.config.layers import NOTHING, Data, Layer, get_at, without
from halley.stores.config.toml_files import HIDDEN, Reporter, in_file_order, parse_toml, strings_of
from halley.stores.config.workspace_files import WorkspaceFiles

_STRICTNESS = ("warn", "ask", "stop")


@dataclass(frozen=True, slots=True)
class Grant:
    """What the user has, against which a repository's wishes are held."""

    user: Data = field(default_factory=lambda: NOTHING)
    """The user's own level (config.toml)."""
    providers: Collection[str] = ()
    """More providers whose models may be named, beside those in `user`."""
    trusted: bool = False


def refuse_foreign_models(layer: Layer, known: Collection[str]) -> Layer:
    """The editor's level without the models of providers that are not among `known`, each a problem: a repository may
    write these settings too, and must not choose which hosts get prompts.
    """
    report, data = Reporter(), dict(layer.data)
    problems: list[ConfigProblem] = []
    for rule in (_models_refused, _macro_models_refused):
        data, found = rule(data, known, report, "editor settings")
        problems += found
    if not problems:
        return layer
    found = [replace(problem, path=None) for problem in problems]
    return replace(layer, data=data, problems=(*layer.problems, *found))


def load_workspace_config(files: WorkspaceFiles, grant: Grant, last: Layer | None = None) -> Layer:
    """The level `.halley.toml`; `last` is what was in force before, for values that are wrong now."""
    path = files.settings_path
    if files.settings is None:
        return Layer(".halley.toml", NOTHING, path, files.problems)
    data, report, problems = parse_toml(files.settings, path, hostile=True)
    problems = [*files.problems, *problems]
    if data is None:
        return Layer(".halley.toml", last.data if last else NOTHING, path, tuple(problems))
    # Before the values are checked: messages about a value may suggest what would be right, which is no help for a
    # setting that a repository may not set at all.
    for rule in (_refuse_hidden, _refuse_scope):
        data, found = rule(data, report)
        problems += found
    data, found = check(data, last.data if last else NOTHING, report)
    problems += found
    for rule in (_refuse_models, _refuse_macro_models, _refuse_spending, _hold_prompts):
        data, found = rule(data, grant, report)
        problems += found
    return Layer(".halley.toml", data, path, in_file_order(problems))


Ruled = tuple[dict[str, Any], list[ConfigProblem]]


def _refuse_hidden(data: dict[str, Any], report: Reporter) -> Ruled:
    """Escapes can bring in what the text itself does not show."""
    problems: list[ConfigProblem] = []
    for path, text in list(strings_of(data)):
        # The whole setting goes, since what remains of it could mean something else without the hidden part.
        unit = path[:2] if isinstance(data.get(path[0]), Mapping) else path[:1]
        if HIDDEN.search(text) and get_at(data, unit) is not None:
            problems.append(report(unit, "This contains escaped invisible characters: refused.", is_key=True))
            data = without(data, unit)
    return data, problems


def _refuse_scope(data: dict[str, Any], report: Reporter) -> Ruled:
    """Whatever only the user may set."""
    problems: list[ConfigProblem] = []
    for path in _settings_in(data):
        if _scope(path) not in (None, "workspace"):
            name = ".".join(path)
            problems.append(
                report(
                    path, f"{name} cannot be set by a repository: only your own config.toml can.", is_key=True
                )
            )
            data = without(data, path)
    return data, problems


def _settings_in(data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Sections that are refused whole, and the settings within the others."""
    paths: list[tuple[str, ...]] = []
    for section, value in data.items():
        if isinstance(value, Mapping) and _scope((section,)) == "workspace" and section != "macros":
            paths += [(section, key) for key in value]
        else:
            paths.append((section,))
    return paths


def _scope(path: tuple[str, ...]) -> str | None:
    """None for what is no setting at all, which `check` reports."""
    field = field_at(path)
    extra = field.json_schema_extra if field else None
    known = field is not None and (len(path) == 1 or field is not field_at(path[:-1]))
    return str(extra.get("scope")) if known and isinstance(extra, Mapping) else None


def named_providers(data: Data) -> set[str]:
    """The providers a level speaks of: configured, or in the models of its roles and macros."""
    roles = [model for route in get_at(data, ("roles",)) or () for model in _route(data["roles"][route])]
    macros = [model for macro in (get_at(data, ("macros",)) or {}).values() for _, model in _models_of(macro)]
    return set(get_at(data, ("providers",)) or ()) | {name.partition("/")[0] for name in (*roles, *macros)}


def _route(value: Any) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value


def _refuse_models(data: dict[str, Any], grant: Grant, report: Reporter) -> Ruled:
    """Models of unknown providers leave their route; the others of the route stay."""
    return _models_refused(data, named_providers(grant.user) | set(grant.providers), report)


def _models_refused(
    data: dict[str, Any], known: Collection[str], report: Reporter, who: str = "a repository"
) -> Ruled:
    problems: list[ConfigProblem] = []
    roles: dict[str, tuple[str, ...]] = {}
    for role, value in (get_at(data, ("roles",)) or {}).items():
        route = _route(value)
        # A provider in the environment is not enough: a repository could otherwise send prompts to a host the user
        # never chose.
        kept = tuple(model for model in route if model.partition("/")[0] in known)
        problems += [
            _unknown_provider(
                report, ("roles", role) if route is not value else ("roles", role, index), model, known, who
            )
            for index, model in enumerate(route)
            if model not in kept
        ]
        if kept:
            roles[role] = kept
    return _with_section(data, "roles", roles), problems


def _refuse_macro_models(data: dict[str, Any], grant: Grant, report: Reporter) -> Ruled:
    return _macro_models_refused(data, named_providers(grant.user) | set(grant.providers), report)


def _macro_models_refused(
    data: dict[str, Any], known: Collection[str], report: Reporter, who: str = "a repository"
) -> Ruled:
    problems: list[ConfigProblem] = []
    macros = dict(get_at(data, ("macros",)) or {})
    for name, macro in list(macros.items()):
        for path, model in _models_of(macro):
            if model.partition("/")[0] not in known:
                problems.append(_unknown_provider(report, ("macros", name, *path), model, known, who))
                # A macro with a missing step would do something else than it says, so all of it goes.
                macros.pop(name, None)
    return _with_section(data, "macros", macros), problems


def _models_of(macro: Any) -> list[tuple[tuple[Any, ...], str]]:
    """(path within the macro, model) of every model it names."""
    steps = get_at(macro, ("steps",)) or ()
    places = [((), macro), *((("steps", index), step) for index, step in enumerate(steps))]
    return [
        ((*path, "model"), model)
        for path, table in places
        if isinstance(model := get_at(table, ("model",)), str)
    ]


def _unknown_provider(
    report: Reporter, path: tuple[Any, ...], model: str, known: Collection[str], who: str
) -> ConfigProblem:
    provider = model.partition("/")[0]
    near = near_matches(provider, sorted(known))
    hint = f" Did you mean {near[0]}?" if near else ""
    message = (
        f"'{provider}' is not one of your providers, so {who} cannot choose its models.{hint} "
        f"Add [providers.{provider}] to your config.toml to allow it."
    )
    return report(path, message, tuple(sorted(known)))


def _refuse_spending(data: dict[str, Any], grant: Grant, report: Reporter) -> Ruled:
    """A repository may make you spend less, not more."""
    budget = dict(get_at(data, ("budget",)) or {})
    limits = get_at(grant.user, ("budget",)) or {}
    problems: list[ConfigProblem] = []
    for key in ("daily_usd", "monthly_usd"):
        if (
            budget.get(key) is not None
            and limits.get(key) is not None
            and float(budget[key]) > float(limits[key])
        ):
            problems.append(report(("budget", key), f"budget.{key} can only lower your own limit."))
            del budget[key]
    own = limits.get("when_spent", BudgetSettings().when_spent)
    asked = budget.get("when_spent")
    if asked is not None and _STRICTNESS.index(asked) < _STRICTNESS.index(own):
        allowed = _STRICTNESS[_STRICTNESS.index(own) :]
        problems.append(
            report(("budget", "when_spent"), f"budget.when_spent can only be stricter than '{own}'.", allowed)
        )
        del budget["when_spent"]
    return _with_section(data, "budget", budget), problems


def _hold_prompts(data: dict[str, Any], grant: Grant, report: Reporter) -> Ruled:
    if grant.trusted:
        return data, []
    problems: list[ConfigProblem] = []
    for path in (("macros",), ("format", "rules")):
        if get_at(data, path):
            name = ".".join(path)
            message = f"{name} will apply once you trust this content: run `halley trust` here."
            problems.append(replace(report(path, message, is_key=True), severity="information"))
        if get_at(data, path) is not None:
            data = without(data, path)
    return data, problems


def _with_section(data: dict[str, Any], section: str, value: dict[str, Any]) -> dict[str, Any]:
    if section not in data:
        return data
    return {**data, section: value} if value else without(data, (section,))
