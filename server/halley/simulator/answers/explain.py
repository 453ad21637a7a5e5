"""Explaining: what the code's syntax tree holds, in sentences. `join` is how a list of names reads."""

from __future__ import annotations

import re

from halley.simulator.answers.languages import count_errors, known
from halley.simulator.answers.outline import Definition, outline
from halley.simulator.answers.reading import Block

MOST = 12
"""Definitions explained one by one; the rest are named."""


def explain(block: Block, language: str, diagnostics: tuple[str, ...] = ()) -> str:
    """Markdown: what the code defines, calls, loops over, raises and returns."""
    whole, found = outline(block.code, language)
    parts = [f"The editor says: *{text.split(': ', 1)[-1]}*." for text in diagnostics]
    where = f"`{block.path}`" if block.path else f"{known(language).name} code"
    names = {kind: join([one.name for one in found if one.kind == kind]) for kind in (d.kind for d in found)}
    kinds = "; ".join(f"the {kind} {named}" for kind, named in names.items()) or "nothing by name"
    if whole.end == 1:
        parts.append(f"This line of {where} defines {kinds}.")
    else:
        parts.append(f"These {whole.end} lines of {where} define {kinds}.")
    if whole.imports:
        parts.append(f"Imports: {join(whole.imports)}.")
    if count_errors(block.code, language):
        parts.append("As it stands, parts of it do not parse.")
    parts += map(_definition, found[:MOST])
    if len(found) > MOST:
        parts.append(f"It also defines {join([d.name for d in found[MOST:]])}.")
    parts.append(_facts(whole))
    return "\n\n".join(part for part in parts if part)


def join(names: list[str], most: int = 8) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names[:most]]
    quoted += [f"{len(names) - most} more"] if len(names) > most else []
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)


def _definition(found: Definition) -> str:
    text = f"**`{found.signature}`** is {'an' if found.kind[0] in 'aeiou' else 'a'} {found.kind}."
    if found.doc:
        text += f" Its documentation says: {re.split(r'(?<=[.!?]) ', found.doc)[0].rstrip('.')}."
    return f"{text} {_facts(found)}".rstrip()


def _facts(found: Definition) -> str:
    """What is known of it, a sentence each."""
    said = {"loops": found.loops, "calls": found.calls, "can raise": found.raises, "returns": found.returns}
    return " ".join(f"It {verb} {join(facts, 5)}." for verb, facts in said.items() if facts)
