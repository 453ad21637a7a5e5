"""The answers: computed from the request, few and true. Every answer says that the simulator made it.

`answer_conversation` is the way in: it reads the task and looks it up.

    reading.py      what is asked for, from the request's own words
    languages.py    names, comments, grammars and skeletons of languages
    outline.py      definitions, calls, loops … of a piece of code from its syntax tree, and that in sentences
    code.py         answers that are code: `CODE` is the table
    complete.py     what belongs at the cursor
    next_edit.py    what recent edits began and a region has not
    talk.py         an outline of the conversation, titles, commit messages
    structured.py   tool calls, and JSON that follows a schema
"""

from __future__ import annotations

from functools import lru_cache

from halley.simulator.answers.code import CODE, cannot
from halley.simulator.answers.complete import complete
from halley.simulator.answers.next_edit import is_next_edit, next_edit
from halley.simulator.answers.outline import explain
from halley.simulator.answers.reading import Task, read_task
from halley.simulator.answers.structured import answer_json, call_tools, read_tool_results
from halley.simulator.answers.talk import commit_message, talk, title
from halley.simulator.conversation import SIGNATURE, Answer, Conversation
from halley.simulator.media.images import paint


def answer_conversation(asked: Conversation, model: str, variant: int = 0) -> Answer:
    """The simulator's answer. `variant` counts the choices of one request (`n`)."""
    if model == "sim-image-chat" or asked.wants_picture:
        return Answer("(simulated picture)", images=(paint(asked.last, 256, 256, variant),))
    answer = _answer(asked)
    if model == "sim-reason":
        task = read_task(asked)
        thought = f"The user wants me to {task.kind}. I have {len(task.code.splitlines())} lines to look at."
        return Answer(answer.text, thought, answer.tool_calls, answer.finish)
    return answer


@lru_cache(maxsize=512)
def _answer(asked: Conversation) -> Answer:
    if is_next_edit(asked):
        return Answer(next_edit(asked))
    if asked.response_schema is not None and not asked.tools:
        return Answer(answer_json(asked))
    if called := call_tools(asked, f"call_sim_{len(asked.messages)}"):
        return called
    if asked.messages[-1].role == "tool":
        return Answer(_signed(read_tool_results(asked)))
    return Answer(_say(asked, read_task(asked)))


def _say(asked: Conversation, task: Task) -> str:
    if task.kind == "complete":
        return complete(task.prefix, task.suffix, task.language, tuple(block.code for block in task.others))
    if task.kind == "title":
        return title(asked.last)
    if task.kind == "commit":
        return commit_message(task.code or task.prose)
    if task.kind == "explain" and task.code:
        return _signed(explain(task.block, task.language, task.diagnostics))
    if task.kind in ("tests", "translate"):
        return _signed(cannot(task))
    if task.kind in CODE and (task.code or task.kind == "generate"):
        return _with_code(task)
    return _signed(talk(asked, task))


def _with_code(task: Task) -> str:
    """A reply around one fenced block. What is no code stays outside it."""
    code, language, note = CODE[task.kind](task)
    longest = max((len(run) for run in code.split() if set(run) == {"`"}), default=2)
    bar = "`" * max(3, longest + 1)
    tag = "" if language == "plaintext" else language
    return _signed("\n\n".join(filter(None, (f"{bar}{tag}\n{code.rstrip(chr(10))}\n{bar}", note))))


def _signed(text: str) -> str:
    return f"{text}\n\n{SIGNATURE}"
