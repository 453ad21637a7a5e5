"""What a user typed into a chat: `/commands`, `#variables` and `@models`, told apart from plain text.

`read_input` takes the text to pieces; `words_at` finds the piece being typed, for completion. Nothing inside a fenced
block or backticks is a command, and an address or an e-mail is no mention.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VARIABLES: dict[str, str] = {
    "selection": "The selected text",
    "buffer": "The current file",
    "file": "A file: #file:path",
    "folder": "The files of a folder: #folder:path",
    "symbol": "A definition: #symbol:name",
    "diagnostics": "What the editor reports here",
    "diff": "Uncommitted changes",
    "open": "All open files",
    "recent": "What was edited lately",
    "workspace": 'What the workspace says about the question, or about #workspace:"words"',
    "resource": "What a tool server offers to read: #resource:server:address",
}
"""The variables there are, and what each brings in."""

_ARGUMENT = r"\"[^\"\n]+\"|'[^'\n]+'|[^\s,;)\]}]*[^\s,;.)\]}:?!]"
_VARIABLE = re.compile(rf"(?<![\w#/&])#({'|'.join(VARIABLES)})(?::({_ARGUMENT}))?(?!\w)")
_MENTION = re.compile(r"(?<![\w@./])@([A-Za-z0-9_.-]+/[^\s,;)\]}]*[^\s,;.)\]}:?!])")
_COMMAND = re.compile(r"\A\s*/([A-Za-z][\w.-]*)(?=\s|\Z)")
_CODE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)|`[^`\n]+`")


@dataclass(frozen=True, slots=True)
class Variable:
    """`#name:argument` at `start:end` of the text."""

    name: str
    argument: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"#{self.name}:{self.argument}" if self.argument else f"#{self.name}"


@dataclass(frozen=True, slots=True)
class ChatInput:
    """`text` is what is left to say: without the command and the mentions, with the variables where they stood."""

    text: str
    command: str = ""
    models: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()


def read_input(text: str) -> ChatInput:
    """The pieces of what was typed. Unknown commands are returned as typed; the caller knows which there are."""
    command = _COMMAND.match(text)
    rest = text[command.end() :].lstrip() if command else text
    models = tuple(dict.fromkeys(match[1] for match in _outside_code(_MENTION, rest)))
    for match in reversed(_outside_code(_MENTION, rest)):
        end = match.end() + (rest[match.end() : match.end() + 1] == " ")
        rest = rest[: match.start()] + rest[end:]
    variables = tuple(
        Variable(match[1], (match[2] or "").strip("\"'"), match.start(), match.end())
        for match in _outside_code(_VARIABLE, rest)
    )
    return ChatInput(rest.strip("\n"), command[1] if command else "", models, variables)


def without_variables(text: str) -> str:
    """What was said, for a search: the `#variables` are no part of the question."""
    for match in reversed(_outside_code(_VARIABLE, text)):
        text = text[: match.start()] + text[match.end() :]
    return " ".join(text.split())


def _outside_code(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    code = [match.span() for match in _CODE.finditer(text)]
    return [m for m in pattern.finditer(text) if not any(start <= m.start() < end for start, end in code)]


@dataclass(frozen=True, slots=True)
class Word:
    """The piece at the cursor: `kind` is `/`, `#` or `@`; `typed` is what follows it, up to the cursor."""

    kind: str
    typed: str
    start: int
    end: int


_WORD = re.compile(r"(?:(?<=\s)|\A)([/#@])([^\s]*)\Z")


def word_at(text: str, offset: int) -> Word | None:
    """The command, variable or mention being typed at `offset`; None in plain text. Commands only come first."""
    found = _WORD.search(text[:offset])
    if not found or (found[1] == "/" and text[: found.start()].strip()):
        return None
    if any(match.start() <= found.start() < match.end() for match in _CODE.finditer(text)):
        return None
    return Word(found[1], found[2], found.start(), offset)
