"""What is asked for, read from the request's own words, as any model reads them: no hidden marks.

A task is named by a verb at the beginning of a sentence ("Explain this part of …"), by what the system message says the
model is, and by a cursor mark that the prompt introduces. `tasks.toml` lists them; `read_task` is the way in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from halley.simulator.answers.languages import known, language_of_path, read_table
from halley.simulator.conversation import Conversation

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)(?:^[ \t]*\2[`~]*[ \t]*$|\Z)", re.M | re.S)
_MARK = re.compile(r"(?:cursor|where|before|mark)[^`\n]{0,40}`([^`\s\w][^`\n]{0,30})`", re.I)
_POINTED = re.compile(r"\b(?:marked|selected|selection|this part|the place|the diff|following|below)\b", re.I)
_LEAD = r"^(?:(?:please|now|then|also|and|hi|hello)[,.!:]?\s+|(?:can|could|would) you (?:please )?)*"

_TASKS: dict[str, dict[str, str]] = read_table("tasks.toml")
_VERBS = [(kind, re.compile(f"{_LEAD}(?:{pattern})", re.I)) for kind, pattern in _TASKS["verbs"].items()]
_SYSTEM = [(kind, re.compile(pattern, re.I)) for kind, pattern in _TASKS["system"].items()]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its code, the tag of its fence, and the line of prose before it."""

    code: str
    tag: str = ""
    before: str = ""

    @property
    def path(self) -> str:
        named = re.findall(r"`([\w./\\ -]+\.\w+)`", self.before)
        return named[-1] if named else ""

    @property
    def language(self) -> str:
        tagged = known(self.tag.split()[0] if self.tag.split() else "").id
        return tagged if tagged != "plaintext" or not self.path else language_of_path(self.path)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. `kind` is a row of `_VERBS`, or `title`, `complete`, `chat`."""

    kind: str
    prose: str
    """The last message without its blocks."""
    words: str = ""
    """The user's own words, where they can be separated from the prompt around them."""
    block: Block = Block("")
    others: tuple[Block, ...] = ()
    language: str = "plaintext"
    prefix: str = ""
    suffix: str = ""
    diagnostics: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        return self.block.code


def read_task(asked: Conversation) -> Task:
    """The task of the conversation's last turn."""
    blocks, prose = read_blocks(asked.last), strip_blocks(asked.last)
    kind, words = _kind(prose, asked.system)
    reported = tuple(re.findall(r"^- (line \d+.*)$", prose, re.M))
    for mark in [*_MARK.findall(f"{asked.system}\n{prose}"), "<|cursor|>"]:
        if mark in asked.last:
            return _at_cursor(kind, prose, words, mark, asked, blocks)
    block = _asked_about(blocks) or _earlier_block(asked) or Block("")
    others = tuple(other for other in blocks if other is not block)
    language = block.language if block.code else _language(prose, asked.system)
    return Task(kind, prose, words, block, others, language, diagnostics=reported)


def read_blocks(text: str) -> list[Block]:
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()].rstrip().rsplit("\n", 1)[-1].strip()
        code = re.sub(rf"^{match[1]}", "", match[4], flags=re.M) if match[1] else match[4]
        found.append(Block(code.removesuffix("\n"), match[3].strip(), before))
    return found


def strip_blocks(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", _FENCE.sub("", text)).strip()


def _kind(prose: str, system: str) -> tuple[str, str]:
    """The kind of task, and the user's own words."""
    for kind, pattern in _SYSTEM:
        if pattern.search(system):
            return kind, prose
    for start in re.finditer(r"(?:\A|\n+|(?<=[.!?:;])\s+)[\s*>\"-]*(?=\S)", prose):
        sentence = re.split(r"(?<=[.!?])\s|\n", prose[start.end() :], maxsplit=1)[0]
        for kind, pattern in _VERBS:
            if pattern.search(sentence):
                return _without_frame(kind, prose, prose[start.end() :], sentence)
    return "chat", prose


def _without_frame(kind: str, prose: str, rest: str, sentence: str) -> tuple[str, str]:
    """A frame around the user's own words ("Change the marked part as follows.") gives way to them."""
    if wanted := re.match(r"write this:\s*(.*)", rest, re.I | re.S):
        return "generate", wanted[1].strip()
    if re.search(r"as follows\W*$", sentence, re.I):
        words = rest[len(sentence) :].strip()
        inner = _kind(words, "")[0]
        return inner if inner in ("document", "fix", "format", "improve") else "edit", words
    return kind, prose


def _at_cursor(
    kind: str, prose: str, words: str, mark: str, asked: Conversation, blocks: list[Block]
) -> Task:
    holder = next((block for block in reversed(blocks) if mark in block.code), None)
    opening = re.search(r"^`([^`\n]+)`:[ \t]*\n\n?", asked.last, re.M)
    text = holder.code if holder else asked.last[opening.end() :] if opening else asked.last
    language = holder.language if holder else language_of_path(opening[1]) if opening else "plaintext"
    prefix, _, suffix = text.partition(mark)
    return Task(
        "complete" if kind in ("complete", "chat") else "generate",
        prose, words, holder or Block(""), tuple(block for block in blocks if block is not holder),
        language if language != "plaintext" else _language(prose, asked.system), prefix, suffix,
    )  # fmt: skip


def _asked_about(blocks: list[Block]) -> Block | None:
    """The block the prompt points at; else the last one that is not said to be context."""
    pointed = [block for block in blocks if _POINTED.search(block.before)]
    plain = [block for block in blocks if not re.search(r"holds already|, lines? \d+", block.before)]
    return pointed[0] if pointed else (plain or blocks)[-1] if blocks else None


def _earlier_block(asked: Conversation) -> Block | None:
    said = (read_blocks(message.text) for message in reversed(asked.messages) if message.role != "tool")
    return next((blocks[-1] for blocks in said if blocks), None)


def _language(prose: str, system: str) -> str:
    for text, pattern in ((system, r"You \w+ ([\w+#]+) code"), (prose, r"\b(?:in|a|an) ([A-Z][\w+#]*)")):
        if (named := re.search(pattern, text)) and known(named[1]).id != "plaintext":
            return known(named[1]).id
    return "plaintext"
