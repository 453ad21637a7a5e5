"""Prompt templates: Markdown with `{{names}}`, in parts marked `=== system ===` and `=== user ===`.

    {{name}}                    the value, put in once: what it holds is never expanded again
    {{#name}} … {{/name}}       kept only where the value is not empty
    {{^name}} … {{/name}}       kept only where it is

A small subset of Mustache, on purpose: a prompt is read far more often than it is changed, and values are
code, which full template languages would try to understand. Substitution is one pass over the template, so a
file that holds `{{secrets}}` stays a file that holds `{{secrets}}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from halley.core.calls import Message

_PART = re.compile(r"^=== (system|user|assistant) ===[ \t]*\n", re.MULTILINE)
_SECTION = re.compile(r"\{\{([#^])(\w+)\}\}(?:[ \t]*\n)?(.*?)\{\{/\2\}\}(?:[ \t]*\n)?", re.DOTALL)
_NAME = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_BLANKS = re.compile(r"\n{3,}")


def render_messages(template: str, values: Mapping[str, str]) -> tuple[Message, ...]:
    """The template's parts as messages; a part that comes out empty is left out.

    A template without part marks is one user message.
    """
    pieces = _PART.split(template)
    parts = list(zip(pieces[1::2], pieces[2::2], strict=True)) or [("user", template)]
    rendered = ((role, render(text, values)) for role, text in parts)
    return tuple(Message(role, (text,)) for role, text in rendered if text)  # type: ignore[arg-type]


def render(template: str, values: Mapping[str, str]) -> str:
    """`template` with sections chosen and names replaced; unknown names stay as they are written."""

    def section(match: re.Match[str]) -> str:
        wanted = bool(values.get(match[2], "").strip()) == (match[1] == "#")
        return _SECTION.sub(section, match[3]) if wanted else ""

    shape = _BLANKS.sub("\n\n", _SECTION.sub(section, template))
    return _NAME.sub(lambda match: values.get(match[1], match[0]), shape).strip()


def names_in(template: str) -> frozenset[str]:
    """Every name a template asks for."""
    return frozenset(_NAME.findall(template)) | {match[2] for match in _SECTION.finditer(template)}


_MARK = re.compile(r"\{\{\s*([#^/]?)\s*(\w*)\s*\}\}")
_PART_LIKE = re.compile(r"^===\s*(\w+)\s*===\s*$", re.MULTILINE)


def problems_in(template: str, known: Iterable[str] = ()) -> list[str]:
    """What is wrong with a template, a sentence each with its line; empty when nothing is.

    `known` are the names it may ask for (all of them, where it is empty).
    """
    names = frozenset(known)
    found: list[str] = [] if template.strip() else ["It is empty."]
    opened: list[tuple[str, int]] = []
    line, counted = 1, 0
    for match in _MARK.finditer(template):
        line, counted = line + template.count("\n", counted, match.start()), match.start()
        kind, name = match[1], match[2]
        if kind == "/":
            if not opened or opened[-1][0] != name:
                found.append(f"Line {line}: {{{{/{name}}}}} closes what is not open.")
                continue
            opened.pop()
            continue
        if names and name not in names:
            found.append(f"Line {line}: there is no value named '{name}'.{_meant(name, names)}")
        if kind:
            opened.append((name, line))
    found += (f"Line {at}: {{{{#{name}}}}} is never closed." for name, at in opened)
    line, counted = 1, 0
    for match in _PART_LIKE.finditer(template):
        if match[1] not in ("system", "user", "assistant"):
            line, counted = line + template.count("\n", counted, match.start()), match.start()
            found.append(f"Line {line}: a part is 'system', 'user' or 'assistant', not '{match[1]}'.")
    return found


def _meant(name: str, names: frozenset[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(names), 1)
    return f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(sorted(names))}."


@cache
def builtin_names() -> frozenset[str]:
    """The templates there are."""
    files = (resources.files("halley.engine.prompting") / "templates").iterdir()
    return frozenset(file.name.removesuffix(".md") for file in files if file.name.endswith(".md"))


@cache
def builtin_template(name: str) -> str:
    """The template shipped with Halley. Raises FileNotFoundError for a name there is none of."""
    return (resources.files("halley.engine.prompting") / "templates" / f"{name}.md").read_text(
        encoding="utf-8"
    )
