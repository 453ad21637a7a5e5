"""Thinking in the text of an answer is never shown as the answer, however it is marked and wherever it is cut."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from halley.core.events import TextDelta
from halley.engine.markdown.thoughts import without_thoughts
from halley.features.ask import ModelReply
from halley.providers.stream.think import ThinkSplitter, splitter_for

ANSWER = "It is **4**.\n\n```python\nx = 2 < 3 and a[0]\n```\n"
THOUGHT = "Two and two.\n```\n2 + 2\n```\nSo 4 < 5, `x[1]`"
FORMS = {
    "think": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
    "thinking": f"<thinking>{THOUGHT}</thinking>{ANSWER}",
    "upper case": f"<THINK>{THOUGHT}</THINK>\n{ANSWER}",
    "reasoning": f"\n<reasoning>{THOUGHT}</reasoning>\n\n{ANSWER}",
    "brackets": f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
    "reflection": f"<Reflection>\n{THOUGHT}\n</Reflection>\n{ANSWER}",
    "named by its maker": f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
    "between bars": f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>\n\n{ANSWER}",
    "triangles": f"\u25c1think\u25b7{THOUGHT}\u25c1/think\u25b7{ANSWER}",
    "only the closing tag": f"{THOUGHT}\n</think>\n\n{ANSWER}",
    "only the closing bracket": f"{THOUGHT}\n[/THINK]\n{ANSWER}",
    "closing tag in the line": f"{THOUGHT} </think>{ANSWER}",
    "harmony": (
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
    ),
    "harmony with a head": (
        f"<|start|>assistant<|channel|>analysis<|message|>{THOUGHT}<|end|>\n<|start|>assistant<|channel|>commentary"
        f"<|message|>I look.<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{ANSWER}"
    ),
}
TEXTS = {
    "plain": ANSWER,
    "tags talked about": "Use <think> and </think> around it.\n",
    "in code": "Close it:\n\n```html\n</think>\n```\nor `</think>` or '</think>'.",
    "later": "First.\n<think>\nno thinking\n</think>\nLast.",
    "html": "</div>\n[/b]\n<thin",
}


def read(pieces: list[str], splitter: ThinkSplitter | None = None) -> ModelReply:
    splitter, reply = splitter or ThinkSplitter(), ModelReply()
    for piece in pieces:
        for event in splitter.feed(piece):
            reply.add(event)
    for event in splitter.close():
        reply.add(event)
    return reply


def cuts_of(text: str) -> list[list[str]]:
    """In two at every place, letter by letter, and at random."""
    ways = [[text[:at], text[at:]] for at in range(len(text))] + [list(text)]
    for seed in range(30):
        places = sorted(Random(seed).choices(range(len(text)), k=12))
        ways.append([text[a:b] for a, b in pairwise([0, *places, len(text)])])
    return ways


@pytest.mark.parametrize("form", FORMS)
def test_thinking_is_kept_apart_wherever_it_is_cut(form: str) -> None:
    for pieces in cuts_of(FORMS[form]):
        reply = read(pieces)
        assert reply.text == ANSWER, pieces
        assert reply.reasoning.strip().startswith(THOUGHT[:40]), pieces
    assert without_thoughts(FORMS[form]).strip() == ANSWER.strip(), "the whole text is read alike"


@pytest.mark.parametrize("form", TEXTS)
def test_text_stays_text_wherever_it_is_cut(form: str) -> None:
    for pieces in cuts_of(TEXTS[form]):
        reply = read(pieces)
        assert (reply.text, reply.reasoning) == (TEXTS[form], ""), pieces


class Habits:
    opens_thinking = False


def test_a_model_that_begins_inside_its_thinking_is_learned() -> None:
    habits, text = Habits(), FORMS["only the closing tag"]
    read(list(text), splitter_for(habits))
    assert habits.opens_thinking
    for pieces in cuts_of(text):
        splitter, shown = splitter_for(habits), ""
        for piece in pieces:
            shown += "".join(event.text for event in splitter.feed(piece) if isinstance(event, TextDelta))
        assert shown == ANSWER, "nothing of it is shown and called back"
    assert read(list(FORMS["think"]), splitter_for(habits)).text == ANSWER


def test_a_model_that_did_not_think_this_time_has_answered_all_the_same() -> None:
    habits = Habits()
    habits.opens_thinking = True
    assert read(list("Just 4."), splitter_for(habits)).text == "Just 4."
    cut = splitter_for(habits)
    cut.feed("I was still thin")
    assert cut.close(whole=False) == []
