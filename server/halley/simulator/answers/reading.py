"""What is being asked: read from the request's own words, as any model reads them.

No hidden marks: a task is told by verbs at the beginning of sentences ("Explain this part of …", "Fix what is
reported"), by what the system message says the model is, and by a cursor mark that the prompt itself introduces.
`read_task` is the way in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from halley.simulator.answers.languages import known, language_of_path, mentioned_languages
from halley.simulator.conversation import Conversation

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)(?:^[ \t]*\2[`~]*[ \t]*$|\Z)", re.M | re.S)
_CODE_ONLY = re.compile(
    r"(exactly|only|just|single) (one |a |the )?(single )?(fenced )?(code )?(block|code)|reply with only|no (words|prose|explanation)",
    re.I,
)
_MARK = re.compile(
    r"<\|?/?(?:cursor|caret|fim_middle|hole|here|insert)\|?>|\[\[?cursor\]?\]|\$0|█|<CURSOR>|\{\{cursor\}\}",
    re.I,
)
_NAMED_MARK = re.compile(r"(?:mark|marked|where|at|cursor)[^`\n]{0,40}`([^`\s\w][^`\n]{0,30})`", re.I)
_EXCERPT = re.compile(r"`([^`\n]+)`(?:,? lines? (\d+)(?:\s*(?:to|-|–)\s*(\d+))?)?[^\n]{0,120}\Z")

LEAD = r"^(?:(?:please|now|then|also|ok|okay|and|so|well|hi|hello|hey|thanks|thank you)[,.!:]?\s+|(?:can|could|would|will) you (?:please )?|i(?:'d| would) like you to |i want you to |help me (?:to )?|let's |go ahead and )*"

VERBS: tuple[tuple[str, str], ...] = (
    ("commit", r"(?:write|suggest|generate|give me|create|draft)[^.\n]{0,40}\bcommit message"),
    ("tests", r"(?:write|add|generate|create|make|produce|suggest)\b[^.\n]{0,50}?\b(?:unit )?tests?\b(?! file)|tests? (?:this|the|for)\b"),
    ("document", r"document\b|(?:write|add|generate|create|insert)\s+(?:an? |the |some |missing |proper |good )*(?:\w+ )?(?:docstrings?|jsdoc|javadoc|tsdoc|rustdoc|documentation|doc comments?|docs?\b|comments\b|comment\b(?! or ))"),
    ("translate", r"(?:translate|port|transpile)\b|(?:convert|rewrite|re-write|turn)\b[^.\n]{0,60}?\b(?:to|into|in)\s+(?:python|javascript|typescript|go|golang|rust|java|c\+\+|c#|c|ruby|php|lua|js|ts)\b"),
    ("explain", r"(?:explain|describe|what (?:does|do|is|are|happens)|how (?:does|do|is)|why\b|walk me through|summari[sz]e|tell me (?:what|how|why|about)|review\b)"),
    ("format", r"(?:format|reformat|re-format|lay out|pretty.?print|reindent|indent|beautify)\b"),
    ("fix", r"(?:fix|repair|correct|debug|resolve|solve|mend)\b"),
    ("improve", r"(?:improve|refactor|simplify|clean|optimi[sz]e|tidy|modernise|modernize|speed up)\b|make\b[^.\n]{0,40}\b(?:clearer|cleaner|faster|simpler|safer|better|readable)"),
    ("edit", r"(?:change|rename|replace|remove|delete|wrap|extract|inline|move|sort|reverse|swap|turn|use|add|insert|convert|make)\b"),
    ("generate", r"(?:write|create|generate|implement|build|give me|show me|code|define|complete|need)\b"),
)  # fmt: skip

_STARTS = tuple((kind, re.compile(LEAD + "(?:" + pattern + ")", re.I)) for kind, pattern in VERBS)
_SYSTEM = (
    (
        "title",
        re.compile(
            r"\byou (?:name|title)\b|title (?:for|of) (?:the|this|a) (?:chat|conversation)|short title", re.I
        ),
    ),
    ("commit", re.compile(r"\bcommit messages?\b", re.I)),
    (
        "complete",
        re.compile(
            r"\byou complete\b|code completion|fill in the (?:middle|blank)|complet\w+ .{0,40}(?:cursor|mark)",
            re.I,
        ),
    ),
    ("translate", re.compile(r"\byou translate\b", re.I)),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its code, the tag of its fence, and the line of prose before it."""

    code: str
    tag: str = ""
    before: str = ""
    at: int = 0

    @property
    def path(self) -> str:
        found = re.findall(r"`([^`\n]+)`", self.before)
        named = [name for name in found if re.fullmatch(r"[\w./\\ -]+\.\w+|Makefile|Dockerfile", name)]
        return named[-1] if named else ""

    @property
    def first_line(self) -> int:
        match = _EXCERPT.search(self.before)
        return int(match[2]) if match and match[2] else 1

    @property
    def language(self) -> str:
        tagged = known(self.tag.split()[0] if self.tag.split() else "").id
        return tagged if tagged != "plaintext" or not self.path else language_of_path(self.path)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. `kind` is a row of VERBS, or `title`, `complete`, `chat`."""

    kind: str
    prose: str
    """The last message without its blocks."""
    instruction: str = ""
    """The person's own words, where the prompt around them can be told apart."""
    block: Block = Block("")
    others: tuple[Block, ...] = ()
    code_only: bool = False
    language: str = "plaintext"
    prefix: str = ""
    suffix: str = ""
    diagnostics: tuple[str, ...] = ()
    target: str = ""
    turns: tuple[str, ...] = field(default=())
    """What the person said before, oldest first."""

    @property
    def code(self) -> str:
        return self.block.code


def read_task(asked: Conversation) -> Task:
    """The task of the conversation's last turn."""
    last, system = asked.last, asked.system
    blocks = read_blocks(last)
    prose = strip_blocks(last)
    kind, instruction = _kind(prose, system)
    code_only = bool(_CODE_ONLY.search(system) or _CODE_ONLY.search(prose))
    task = Task(kind, prose, instruction, code_only=code_only, turns=asked.users[:-1])
    task = replace(task, diagnostics=tuple(re.findall(r"^- (line \d+.*)$", prose, re.M)))
    if mark := _mark(last, system):
        return _at_cursor(task, last, system, mark, blocks)
    block = _asked_about(blocks) or _earlier_block(asked) or Block("")
    others = tuple(other for other in blocks if other is not block)
    language = block.language if block.code else _language(prose, system)
    return replace(
        task, block=block, others=others, language=language, target=_target(task, system, language)
    )


def read_blocks(text: str) -> list[Block]:
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        lead = text[: match.start()].rstrip().rsplit("\n", 1)[-1].strip()
        code = match[4]
        if match[1]:
            code = re.sub(rf"^{re.escape(match[1])}", "", code, flags=re.M)
        found.append(Block(code[:-1] if code.endswith("\n") else code, match[3].strip(), lead, match.start()))
    return found


def strip_blocks(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", _FENCE.sub("", text)).strip()


def sentences(prose: str) -> list[str]:
    """Lines and sentences, each beginning where a verb may stand."""
    parts = re.split(r"\n+|(?<=[.!?:;])\s+|,\s+(?:and|then)\s+", prose)
    return [clean for part in parts if (clean := part.strip(" \t-*>\"'“”"))]


def _kind(prose: str, system: str) -> tuple[str, str]:
    for kind, pattern in _SYSTEM:
        if pattern.search(system):
            return kind, prose
    found = sentences(prose)
    for at, sentence in enumerate(found):
        for kind, pattern in _STARTS:
            if pattern.search(sentence):
                return _refine(kind, found, at, prose, system)
    if re.search(r"\byou write\b|\byou generate\b", system, re.I):
        return "generate", prose
    if re.search(r"\byou (?:edit|change)\b", system, re.I):
        return "edit", prose
    return "chat", prose


def _refine(kind: str, found: list[str], at: int, prose: str, system: str) -> tuple[str, str]:
    """A frame around the person's own words ("Change the marked part as follows.") gives way to them."""
    sentence = found[at]
    rest = prose[prose.find(sentence) + len(sentence) :].strip()
    wanted = re.match(r"(?:write|generate) this:?\s*(.*)", sentence, re.I)
    if wanted:
        return "generate", (wanted[1] + "\n" + rest).strip()
    if re.search(r"as follows\W*$", sentence, re.I) and rest:
        inner, words = _kind(rest, "")
        return (
            inner if inner in ("document", "fix", "format", "improve") else "edit"
        ), words if inner == "edit" else rest
    if kind == "edit" and re.search(r"\byou write\b", system, re.I):
        kind = "generate"
    if kind == "edit" and re.match(
        LEAD + r"(?:add|make|use|insert)\b.{0,60}\b(?:function|class|method|script|program|endpoint)\b",
        sentence,
        re.I,
    ):
        kind = "generate"
    return kind, prose


def _mark(last: str, system: str) -> str:
    """The cursor mark, if the prompt has one: named by the prompt itself, or of a well-known shape."""
    named = _NAMED_MARK.search(system) or _NAMED_MARK.search(strip_blocks(last))
    if named and named[1] in last:
        return named[1]
    shaped = _MARK.search(last)
    return (
        shaped[0]
        if shaped and re.search(r"cursor|complet|insert|middle|mark", f"{system} {last}", re.I)
        else ""
    )


def _at_cursor(task: Task, last: str, system: str, mark: str, blocks: list[Block]) -> Task:
    holder = next((block for block in reversed(blocks) if mark in block.code), None)
    if holder:
        text, language = holder.code, holder.language
    else:
        opening = re.search(r"^`([^`\n]+)`:[ \t]*\n\n?", last, re.M)
        text = last[opening.end() :] if opening else last
        language = language_of_path(opening[1]) if opening else "plaintext"
    if language == "plaintext":
        language = _language(task.prose, system)
    prefix, _, suffix = text.partition(mark)
    writes = re.search(r"\byou (?:write|generate)\b", system, re.I)
    kind = "complete" if task.kind in ("complete", "chat") and not writes else task.kind
    kind = "generate" if kind == "edit" or writes else kind
    others = tuple(block for block in blocks if block is not holder)
    return replace(
        task,
        kind=kind,
        prefix=prefix,
        suffix=suffix,
        language=language,
        others=others,
        block=holder or Block(""),
    )


def _asked_about(blocks: list[Block]) -> Block | None:
    """The block the prompt points at; else the last one that is not said to be context."""
    for block in blocks:
        if re.search(
            r"\b(?:marked|selected|selection|this part|the place|the diff|following|this code|below)\b",
            block.before,
            re.I,
        ):
            return block
    plain = [block for block in blocks if not re.search(r"holds already|, lines? \d+", block.before)]
    return (plain or blocks)[-1] if blocks else None


def _earlier_block(asked: Conversation) -> Block | None:
    for message in reversed(asked.messages):
        if message.role in ("user", "assistant") and (found := read_blocks(message.text)):
            return found[-1]
    return None


def _language(prose: str, system: str) -> str:
    named = re.search(
        r"You (?:complete|write|edit|explain|document)(?: tests in)? ([\w+# ()]+?)(?: code| with|,|\.)",
        system,
    )
    if named and known(named[1]).id != "plaintext":
        return known(named[1]).id
    mentioned = mentioned_languages(prose)
    return mentioned[0] if mentioned else "plaintext"


def _target(task: Task, system: str, source: str) -> str:
    """The language to translate into."""
    for text in (task.prose, system):
        found = re.search(r"\b(?:to|into|in)\s+([A-Za-z+#]+)", text)
        while found:
            if known(found[1]).id not in ("plaintext", source):
                return known(found[1]).id
            found = re.compile(r"\b(?:to|into|in)\s+([A-Za-z+#]+)").search(text, found.end())
    return next((name for name in mentioned_languages(task.prose) if name != source), "")
