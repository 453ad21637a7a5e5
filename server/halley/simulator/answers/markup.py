"""Generated text in languages that have no functions: small documents made of the request's words."""

from __future__ import annotations

import json
from collections.abc import Callable

from halley.simulator.answers.recipes import content_words
from halley.simulator.answers.wish import Wish, first_sentence


def _words(wish: Wish) -> list[str]:
    return [*wish.fields, *wish.parameters] or content_words(wish.instruction)[:4] or ["item"]


def _title(wish: Wish) -> str:
    return " ".join(first_sentence(wish.instruction).split())[:60].replace("<", "").replace(">", "") or "Page"


def _html(wish: Wish) -> str:
    items = "\n".join(f"    <li>{word}</li>" for word in _words(wish))
    return f"<section>\n  <h2>{_title(wish)}</h2>\n  <ul>\n{items}\n  </ul>\n</section>"


def _css(wish: Wish) -> str:
    return f".{_words(wish)[-1]} {{\n  display: block;\n  margin: 0 auto;\n  max-width: 60rem;\n}}"


def _json(wish: Wish) -> str:
    return json.dumps(dict.fromkeys(_words(wish), ""), indent=2)


def _sql(wish: Wish) -> str:
    words = _words(wish)
    table = next((word for word in words if word.endswith("s")), words[-1])
    columns = [
        word for word in words if word != table and word not in ("select", "query", "table", "sql")
    ] or ["*"]
    return f"SELECT {', '.join(columns)}\nFROM {table};"


def _lines(shape: str) -> Callable[[Wish], str]:
    return lambda wish: "\n".join(shape.format(word=word) for word in _words(wish))


def _shell(wish: Wish) -> str:
    name = wish.name or wish.suggested
    return f'{name}() {{\n  local argument\n  for argument in "$@"; do\n    printf \'%s\\n\' "$argument"\n  done\n}}'


MARKUP: dict[str, Callable[[Wish], str]] = {
    "html": _html,
    "css": _css,
    "json": _json,
    "sql": _sql,
    "yaml": _lines("{word}: null"),
    "toml": _lines('{word} = ""'),
    "markdown": lambda wish: f"## {_title(wish)}\n\n" + _lines("- {word}")(wish),
    "shellscript": _shell,
    "makefile": lambda wish: f"{(_words(wish))[0]}:\n\t@echo {(_words(wish))[0]}",
    "dockerfile": lambda wish: "FROM python:3-slim\nWORKDIR /app\nCOPY . .",
}
