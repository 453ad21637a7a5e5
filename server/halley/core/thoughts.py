"""How models write their thinking into the text of an answer: the marks, for whole texts and for streams.

    <think>…</think>                            also thinking, thought, reasoning …; hosts may strip the opening tag
    [THINK]…[/THINK]                            Mistral's Magistral
    <|channel|>analysis<|message|>…<|end|>      OpenAI's harmony format; the answer is in the channel `final`

`providers/stream/think.py` takes it out of streams, `engine/markdown/thoughts.py` out of whole texts.

https://github.com/openai/harmony/blob/main/docs/format.md
"""

from __future__ import annotations

THINKING_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "scratchpad")
OPENINGS: dict[str, str] = {f"<{name}>": f"</{name}>" for name in THINKING_NAMES} | {"[think]": "[/think]"}
"""Opening tag → closing tag, in lower case."""
CLOSINGS = tuple(OPENINGS.values())
HARMONY_STARTS = ("<|channel|>", "<|start|>assistant")
"""How an answer in harmony begins."""
HARMONY_MARKS = (
    "<|start|>",
    "<|channel|>",
    "<|constrain|>",
    "<|message|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
)
ANSWER_CHANNEL = "final"
