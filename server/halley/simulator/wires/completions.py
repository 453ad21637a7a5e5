"""`/v1/completions` with `suffix` (https://platform.openai.com/docs/api-reference/completions), and Mistral's
`/v1/fim/completions`, which takes the same and answers as chat completions do.

Local servers fill in the middle their own way: llama.cpp's `/infill` and Ollama's `/api/generate`, which streams a JSON
object a line (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md and
https://github.com/ollama/ollama/blob/main/docs/api.md).

A prompt that carries a model's own fill-in-the-middle tokens is read by them. The answer is code alone; `system_fingerprint`
says that it was simulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orjson import dumps

from halley.simulator.answers.complete import complete
from halley.simulator.answers.languages import guess_language, language_of_path, read_table
from halley.simulator.conversation import Answer, Conversation, Message
from halley.simulator.envelope import bad_request
from halley.simulator.frames import Frame
from halley.simulator.wires import chat as wire_chat
from halley.simulator.wires.wire import Limits, Meta, Wire, side_by_side

_FIM = [re.compile(pattern, re.DOTALL) for pattern in read_table("languages.toml")["fim"].values()]
_FILE_TOKEN = re.compile(r"\A<\|?file_sep(?:arator)?\|?>([^\n]+)\n")
"""A file's name before its text, inside the prefix, where a model was trained for repositories."""


def read(body: Mapping[str, Any]) -> Conversation:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and prompt and all(isinstance(part, str) for part in prompt):
        prompt = "".join(prompt)
    if not isinstance(prompt, str):
        raise bad_request("Invalid type for 'prompt': the simulator takes text.", "prompt", "invalid_type")
    prefix, suffix = split_fim(prompt, str(body.get("suffix") or ""))
    return Conversation((Message("user", prefix), Message("user", suffix)))


def split_fim(prompt: str, suffix: str) -> tuple[str, str]:
    """Prefix and suffix, taken out of a model's own tokens where the prompt has them."""
    for pattern in _FIM:
        if found := pattern.search(prompt):
            return found["prefix"], found["suffix"]
    return prompt, suffix


def answer(asked: Conversation, model: str, variant: int) -> Answer:
    prefix, suffix = (message.text for message in asked.messages)
    if in_file := _FILE_TOKEN.match(prefix):
        prefix = prefix[in_file.end() :]
        return Answer(complete(prefix, suffix, language_of_path(in_file[1])))
    named = re.match(r"\W{0,4}\s*(?:path|file)?:?\s*([\w./-]+\.\w{1,4})\W*\n", prefix)
    language = language_of_path(named[1]) if named else "plaintext"
    if language == "plaintext":
        language = guess_language(prefix[-8000:] + suffix[:4000])
    return Answer(complete(prefix, suffix, language))


def whole(answers: Sequence[Answer], meta: Meta) -> dict[str, Any]:
    choices = [_choice(said.text, at, said.finish) for at, said in enumerate(answers)]
    return meta.heading("text_completion") | {"choices": choices, "usage": wire_chat.usage(answers, meta)}


def _choice(text: str, index: int, finish: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def frames(answers: Sequence[Answer], meta: Meta) -> list[Frame]:
    head, with_usage = dumps(meta.heading("text_completion"))[:-1] + b',"choices":[', meta.wants_usage
    tail = b'],"usage":null}' if with_usage else b"]}"
    streams: list[list[Frame]] = []
    for at, said in enumerate(answers):
        pieces = [dumps(_choice(piece, at, None)) for piece in said.cut(meta.chunk_tokens)]
        ended = Frame("finish", head + dumps(_choice("", at, said.finish)) + tail)
        streams.append([*(Frame("text", head + piece + tail) for piece in pieces), ended])
    usage = head + b'],"usage":' + dumps(wire_chat.usage(answers, meta)) + b"}"
    return side_by_side(streams, Frame("usage", usage) if with_usage else None)


COMPLETIONS = Wire(read, wire_chat.limits, whole, frames, wire_chat.error_frame, answer)
FIM = Wire(read, wire_chat.limits, wire_chat.whole, wire_chat.frames, wire_chat.error_frame, answer)


# -- local servers

_ENDS = {"stop": "eos", "length": "limit"}


def _read_infill(body: Mapping[str, Any]) -> Conversation:
    return Conversation(
        (
            Message("user", str(body.get("input_prefix") or "")),
            Message("user", str(body.get("input_suffix") or "")),
        )
    )


def _infill_limits(body: Mapping[str, Any]) -> Limits:
    most = body.get("n_predict")
    return Limits(most if isinstance(most, int) and most > 0 else None, tuple(body.get("stop") or ()))


def _infill_end(answer: Answer, meta: Meta) -> dict[str, Any]:
    return {
        "index": 0, "content": "", "stop": True, "stop_type": _ENDS.get(answer.finish, "eos"),
        "model": meta.model, "tokens_predicted": answer.tokens, "tokens_evaluated": meta.prompt_tokens,
    }  # fmt: skip


def _generate_limits(body: Mapping[str, Any]) -> Limits:
    options: dict[str, Any] = body.get("options") or {}
    stop = options.get("stop") or ()
    return Limits(options.get("num_predict"), (stop,) if isinstance(stop, str) else tuple(stop))


def _generate_end(answer: Answer, meta: Meta) -> dict[str, Any]:
    return {
        "model": meta.model, "response": "", "done": True, "done_reason": answer.finish,
        "prompt_eval_count": meta.prompt_tokens, "eval_count": answer.tokens,
    }  # fmt: skip


def _speaks(
    text: str, piece: dict[str, Any], end: Callable[[Answer, Meta], dict[str, Any]]
) -> tuple[Any, Any]:
    """`whole` and `frames` of a wire whose pieces are `piece` with the text under `text`."""

    def whole(answers: Sequence[Answer], meta: Meta) -> dict[str, Any]:
        return end(answers[0], meta) | {text: answers[0].text}

    def frames(answers: Sequence[Answer], meta: Meta) -> list[Frame]:
        pieces = answers[0].cut(meta.chunk_tokens)
        said = [Frame("text", dumps({"model": meta.model, **piece, text: part})) for part in pieces]
        return [*said, Frame("finish", dumps(end(answers[0], meta)))]

    return whole, frames


def _error_frame(message: str) -> Frame:
    return Frame("error", dumps({"error": message}))


INFILL = Wire(_read_infill, _infill_limits, *_speaks("content", {"index": 0, "stop": False}, _infill_end),
    _error_frame, answer,
)  # fmt: skip
GENERATE = Wire(read, _generate_limits, *_speaks("response", {"done": False}, _generate_end),
    _error_frame, answer, lines=True,
)  # fmt: skip
