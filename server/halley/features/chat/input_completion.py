"""Completion of `/commands`, `#variables` and `@models` while a user types into a chat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from halley.core.models import Model
from halley.core.settings import Settings
from halley.engine.chat_input import VARIABLES, Word, word_at
from halley.features.chat.commands import COMMANDS
from halley.features.context.project import Project

Json = dict[str, Any]
_KINDS = {"/": 3, "#": 6, "@": 9}
"""`CompletionItemKind`: Function, Variable, Module."""
_MOST = 50


async def complete_input(
    text: str,
    offset: int,
    settings: Settings,
    project: Project | None,
    models: Iterable[Model],
    offers: Iterable[tuple[str, str]] = (),
) -> list[Json]:
    """Completion items for the word at `offset`; each carries `replace`, the offsets it stands for.

    `offers` is what tool servers bring in: (`/server.prompt` or `#resource:…`, what it is).
    """
    word = word_at(text, offset)
    if word is None:
        return []
    offered = [
        _item(word, insert, detail)
        for insert, detail in offers
        if insert.startswith(f"{word.kind}{word.typed}") and (word.kind == "/" or ":" in word.typed)
    ][:_MOST]
    if word.kind == "/":
        return _commands(word, settings) + offered
    if word.kind == "@":
        return _models(word, models)
    return await _variables(word, project, settings) + offered


def _item(word: Word, insert: str, detail: str) -> Json:
    return {
        "label": insert,
        "insertText": insert,
        "filterText": insert,
        "detail": detail,
        "kind": _KINDS[word.kind],
        "replace": {"start": word.start, "end": word.end},
    }


def _commands(word: Word, settings: Settings) -> list[Json]:
    named = {name: command.help for name, command in COMMANDS.items()}
    named |= {name: macro.description or "A macro" for name, macro in settings.macros.items()}
    return [_item(word, f"/{name}", help) for name, help in named.items() if name.startswith(word.typed)]


def _models(word: Word, models: Iterable[Model]) -> list[Json]:
    typed = word.typed.casefold()
    found = [m for m in models if "chat" in m.roles and typed in f"{m.ref} {m.label}".casefold()]
    found.sort(key=lambda m: not str(m.ref).casefold().startswith(typed))
    return [_item(word, f"@{model.ref}", model.label or model.group) for model in found[:_MOST]]


async def _variables(word: Word, project: Project | None, settings: Settings) -> list[Json]:
    name, colon, argument = word.typed.partition(":")
    if not colon:
        return [_item(word, f"#{n}", help) for n, help in VARIABLES.items() if n.startswith(name)]
    if project is None:
        return []
    await project.refresh(settings.context.exclude)
    if name == "file":
        return [
            _item(word, f"#file:{_quoted(path)}", path)
            for path in project.paths_like(argument.strip("\"'"), _MOST)
        ]
    if name == "folder":
        folders = sorted({path.rsplit("/", 1)[0] for path in project.files if "/" in path})
        return [
            _item(word, f"#folder:{_quoted(f)}", f) for f in folders if argument.casefold() in f.casefold()
        ][:_MOST]
    if name == "symbol":
        wanted = argument.casefold()
        names = sorted((n for n in project.by_name if wanted in n.casefold()), key=lambda n: (len(n), n))
        return [_item(word, f"#symbol:{n}", next(iter(project.by_name[n]), "")) for n in names[:_MOST]]
    return []


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
