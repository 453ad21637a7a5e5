"""What is said: computed from the request, never canned.

`answer_conversation` is the way in: it reads the task (`reading.py`) and hands it to the file of the same name. Adding a
kind of answer is a file, a row in `reading.VERBS` and a row in `CODE` or `TEXT` here.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from halley.simulator.answers.commit import commit_message
from halley.simulator.answers.complete import complete
from halley.simulator.answers.document import document
from halley.simulator.answers.edit import edit, improve, translate
from halley.simulator.answers.explain import explain
from halley.simulator.answers.generate import generate
from halley.simulator.answers.languages import known
from halley.simulator.answers.layout import format_code
from halley.simulator.answers.outline import outline
from halley.simulator.answers.reading import Task, read_task
from halley.simulator.answers.repair import repair
from halley.simulator.answers.structured import answer_json, call_tools, read_tool_results
from halley.simulator.answers.talk import talk, title
from halley.simulator.answers.write_tests import write_tests
from halley.simulator.conversation import SIGNATURE, Answer, Conversation
from halley.simulator.images import paint

Said = tuple[str, str, str]
"""Code, its language, a note beside it."""


def _generated(task: Task) -> Said:
    made = generate(task)
    return made.code, task.language if task.language != "plaintext" else "python", made.note


def _rules(task: Task) -> str:
    return task.prose.partition("The rules:")[2] or task.instruction


CODE: dict[str, Callable[[Task], Said]] = {
    "format": lambda task: (format_code(task.code, task.language, _rules(task)), task.language, ""),
    "fix": lambda task: (repair(task), task.language, ""),
    "document": lambda task: (document(task.code, task.language), task.language, ""),
    "tests": lambda task: (write_tests(task), task.language, ""),
    "improve": lambda task: (improve(task), task.language, ""),
    "edit": edit,
    "translate": translate,
    "generate": _generated,
}
"""Tasks answered with code; all but `generate` need some to work on."""


def answer_conversation(asked: Conversation, model: str, variant: int = 0) -> Answer:
    """The simulator's answer. `variant` counts the choices of one request (`n`)."""
    if model == "sim-image-chat" or asked.wants_picture:
        return Answer("(simulated picture)", images=(paint(asked.last, 256, 256, variant),))
    answer = _answer(asked)
    if model == "sim-reason":
        return Answer(answer.text, _reasoning(asked), answer.tool_calls, answer.finish)
    return answer


@lru_cache(maxsize=512)
def _answer(asked: Conversation) -> Answer:
    if asked.response_schema is not None and not asked.tools:
        return Answer(answer_json(asked))
    if called := call_tools(asked, f"call_sim_{len(asked.messages)}"):
        return called
    if asked.messages[-1].role == "tool":
        return Answer(signed(read_tool_results(asked)))
    return Answer(say(asked, read_task(asked)))


def say(asked: Conversation, task: Task) -> str:
    """The text of an answer to the task."""
    task = narrow(task)
    if task.kind == "complete":
        return complete(task.prefix, task.suffix, task.language, tuple(block.code for block in task.others))
    if task.kind == "title":
        return title(asked.last)
    if task.kind == "commit":
        diff = task.code or task.prose
        return f"{commit_message(diff)}\n\n(Written by Halley's simulator.)"
    if task.kind == "explain" and task.code:
        return signed(explain(task))
    if task.kind in CODE and (task.code or task.kind == "generate"):
        return _with_code(task)
    return signed(talk(asked, task) + _pictures(asked))


_POINTED = re.compile(r"marked part|this part|selection", re.I)
_WORDS = frozenset("this that main test run it code file function class name value data type get set".split())


def narrow(task: Task) -> Task:
    """The task about one definition of its code, when the person names one and the prompt points at nothing itself."""
    if (
        task.kind not in ("explain", *CODE)
        or task.kind in ("generate", "edit")
        or _POINTED.search(task.prose)
    ):
        return task
    words = set(re.findall(r"[^\W\d]\w*", task.prose))
    found = outline(task.code, task.language)
    named = [
        d
        for d in found.definitions
        if d.name in words and (d.name not in _WORDS or f"`{d.name}`" in task.prose)
    ]
    if len(named) != 1 or len(found.definitions) < 2:
        return task
    lines = textwrap.dedent(task.code).split("\n")[named[0].start : named[0].end]
    return replace(task, block=replace(task.block, code="\n".join(lines)), others=(*task.others, task.block))


def _with_code(task: Task) -> str:
    """A reply around one fenced block. The signature stays outside, so that the code is only code."""
    code, language, note = CODE[task.kind](task)
    parts = [] if task.code_only else [_introduction(task, language, code)]
    parts.append(fence(code, language))
    if note:
        parts.append(note)
    return signed("\n\n".join(parts))


def _introduction(task: Task, language: str, code: str) -> str:
    if code == task.code:
        return "I found nothing to change."
    said = {
        "format": "Laid out anew; it means the same.",
        "fix": "With what I could repair:",
        "document": "With documentation for what had none:",
        "tests": "Tests for it:",
        "improve": "Somewhat simpler:",
        "edit": "Changed as you asked:",
        "translate": f"In {known(language).name}:",
        "generate": f"In {known(language).name}:",
    }
    return said[task.kind]


def _pictures(asked: Conversation) -> str:
    """What can be said of pictures without looking at them."""
    count = sum(len(message.images) for message in asked.messages)
    return f"\n\nYou sent {count} picture{'s' if count != 1 else ''}, which I cannot see." if count else ""


def fence(code: str, language: str) -> str:
    longest = max((len(run) for run in code.split() if set(run) == {"`"}), default=2)
    bar = "`" * max(3, longest + 1)
    tag = "" if language == "plaintext" else language
    return f"{bar}{tag}\n{code.rstrip(chr(10))}\n{bar}"


def signed(text: str) -> str:
    """The text, and under it the line that says who speaks."""
    return f"{text}\n\n{SIGNATURE}"


def _reasoning(asked: Conversation) -> str:
    task = read_task(asked)
    what = f" of {known(task.language).name} code" if task.code else ""
    return f"The person wants me to {task.kind}. I have {len(task.code.splitlines())} lines{what} to look at."
