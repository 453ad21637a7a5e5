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
LEADING: dict[str, str] = {
    f"<{name}>": f"</{name}>"
    for name in "reflection antthinking inner_monologue chain_of_thought thought_process seed:think".split()
} | {
    "<|begin_of_thought|>": "<|end_of_thought|>", "\u25c1think\u25b7": "\u25c1/think\u25b7",
    "<|thinking|>": "<|/thinking|>", "<mm:think>": "</mm:think>", "<think >": "</think >",
    "&lt;think&gt;": "&lt;/think&gt;", "<unused94>thought": "<unused95>", '<details type="reasoning"': "</details>",
}  # fmt: skip
"""Those that open an answer and are never left over: Seed's, Kimi's, OpenThinker's, MedGemma's, Open WebUI's, escaped
ones, and what prompts ask for."""
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
