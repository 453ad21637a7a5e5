"""Talking: answers about the code in a conversation, what was said before, titles."""

from __future__ import annotations

import ast
import re

from halley.simulator.answers.explain import explain, join, surprises
from halley.simulator.answers.outline import outline
from halley.simulator.answers.reading import Block, Task, read_blocks, strip_blocks
from halley.simulator.answers.recipes import words_of
from halley.simulator.conversation import Conversation

_STOP = frozenset(
    """a an the of for in on to and or with that this which is it its me please can could would you i my we what how why
    do does did be are was were from by as at if then so just some any there here have has about your into also not no""".split()
)


def title(text: str) -> str:
    """Three to six words for what the person wants."""
    plain = strip_blocks(text) or text
    every = re.findall(r"[\w'+#./-]+", plain)
    words = [w for w in every if w.lower() not in _STOP][:5]
    if len(words) < 4:
        words = every[:6] or ["An", "empty", "question"]
    chosen = " ".join(words).strip(".-/'")
    return f"{chosen[:1].upper()}{chosen[1:]} (simulated)"


def talk(asked: Conversation, task: Task) -> str:
    """An answer to what was said last, from the conversation itself."""
    question = task.prose.lower()
    if memory := _memory(asked, task, question):
        return memory
    blocks = _all_blocks(asked)
    if (
        re.search(
            r"what could go wrong|\bbugs?\b|\bproblems?\b|\bissues?\b|\bwrong\b|\brisks?\b|review", question
        )
        and blocks
    ):
        return _problems(blocks)
    if counted := _counted(question, blocks):
        return counted
    if found := _about_name(task, blocks):
        return found
    if task.code or blocks:
        block = task.block if task.code else blocks[-1]
        about = Task("explain", "", block=block, language=block.language)
        return f"You asked: “{_quote(task.prose)}”. Here is what I can say from the code at hand.\n\n{explain(about)}"
    return _without_code(asked, task)


def _memory(asked: Conversation, task: Task, question: str) -> str:
    """Questions about the conversation itself."""
    before = [strip_blocks(text) for text in task.turns]
    if re.search(r"how many (?:questions|messages|turns|times)", question):
        return f"This is your message number {len(before) + 1} in this conversation."
    if not re.search(
        r"\b(?:i|we)\b.{0,20}\b(?:ask|say|said|asked|tell|told|mention|talk)|(?:my|the) (?:first|last|previous|earlier) (?:question|message|prompt)",
        question,
    ):
        return ""
    if not before:
        return "This is your first message here; there is nothing before it."
    if re.search(r"first|begin|start", question):
        return f"You began with: “{_quote(before[0])}”"
    if re.search(r"everything|all|so far|list", question):
        return "So far you asked:\n\n" + "\n".join(f"{n}. {_quote(text)}" for n, text in enumerate(before, 1))
    return f"Just before this you asked: “{_quote(before[-1])}”"


def _quote(text: str, most: int = 200) -> str:
    """The question itself: what stands last in a message, past any material before it."""
    parts = [part for part in text.strip().split("\n\n") if part.strip()]
    flat = " ".join((parts[-1] if parts else "").split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _all_blocks(asked: Conversation) -> list[Block]:
    return [
        block
        for message in asked.messages
        if message.role in ("user", "system")
        for block in read_blocks(message.text)
    ]


def _problems(blocks: list[Block]) -> str:
    """What a careful reader would point at in the code of the conversation."""
    notes: list[str] = []
    for block in blocks:
        where = f" in `{block.path}`" if block.path else ""
        found = outline(block.code, block.language)
        if found.problem:
            notes.append(f"The code{where} does not parse: {found.problem}.")
        notes += surprises(found, block.code)
        notes += [
            f"`{d.signature}`{where} raises {join(list(dict.fromkeys(d.raises)), 3)}; its callers must expect that."
            for d in found.functions
            if d.raises
        ]
        notes += [
            f"`{name}`{where} ends in a `return` without a value." for name in _bare_returns(found.tree)
        ]
    unique = list(dict.fromkeys(notes))[:8]
    if not unique:
        return "Going by its syntax alone I see nothing that must go wrong in this code."
    return "These things could go wrong:\n\n" + "\n".join(f"- {note}" for note in unique)


def _bare_returns(tree: ast.Module | None) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if tree else []
    lasts = [(f.name, f.body[-1]) for f in functions]
    return [name for name, last in lasts if isinstance(last, ast.Return) and last.value is None]


def _counted(question: str, blocks: list[Block]) -> str:
    """`How many functions are there?`"""
    asked = re.search(r"how many (\w+?)(?:e?s)?\b", question)
    if not asked or not blocks:
        return ""
    block = blocks[-1]
    found = outline(block.code, block.language)
    kinds = {
        "function": ("function", "method"),
        "method": ("method",),
        "class": ("class",),
        "clas": ("class",),
    }
    if asked[1] == "line":
        return f"{found.lines} lines."
    if asked[1] in ("import", "loop"):
        names = found.imports if asked[1] == "import" else found.loops
        return f"{len(names)}: {join(names)}." if names else "None."
    if asked[1] not in kinds:
        return ""
    names = [d.name for d in found.definitions if d.kind in kinds[asked[1]]]
    return f"{len(names)}: {join(names)}." if names else "None."


def _about_name(task: Task, blocks: list[Block]) -> str:
    """A question that names something the code defines."""
    words = set(re.findall(r"[^\W\d]\w*", task.prose))
    for block in reversed(blocks):
        for definition in outline(block.code, block.language).definitions:
            if definition.name in words and (
                len(definition.name) > 3 or f"`{definition.name}`" in task.prose
            ):
                lines = block.code.split("\n")[definition.start : definition.end]
                about = Block("\n".join(lines), block.tag, f"`{block.path}`" if block.path else "")
                return explain(Task("explain", "", block=about, language=block.language))
    return ""


def _without_code(asked: Conversation, task: Task) -> str:
    if re.match(r"\W*(?:hi|hello|hey|good (?:morning|evening|day))\b", task.prose, re.I):
        return "Hello! Send me some code, or ask me to write a small function."
    if not task.prose.strip():
        return "Your message has no text I could answer."
    topic = join([w for w in dict.fromkeys(words_of(task.prose)) if w not in _STOP and len(w) > 2][:4])
    about = f" It seems to be about {topic}." if topic else ""
    return (
        f"You asked: “{_quote(task.prose)}”.{about} I only compute answers from what I am sent: show me the code you mean, "
        "or ask me to explain, write, fix, format, document, test or translate something."
    )
