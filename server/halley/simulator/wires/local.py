"""Filling in the middle as local servers have it: llama.cpp's `/infill`, Ollama's `/api/generate`.

https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md and
https://github.com/ollama/ollama/blob/main/docs/api.md. Ollama streams a JSON object a line, not events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from halley.simulator.conversation import Answer, Conversation, Said
from halley.simulator.frames import Frame
from halley.simulator.wires import completions as wire_completions
from halley.simulator.wires.wire import Limits, Meta, Wire, dumps

_ENDS = {"stop": "eos", "length": "limit"}


def _read_infill(body: Mapping[str, Any]) -> Conversation:
    return Conversation(
        (Said("user", str(body.get("input_prefix") or "")), Said("user", str(body.get("input_suffix") or "")))
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


INFILL = Wire(
    "infill", _read_infill, _infill_limits, *_speaks("content", {"index": 0, "stop": False}, _infill_end),
    _error_frame, wire_completions.answer,
)  # fmt: skip
GENERATE = Wire(
    "generate", wire_completions.read, _generate_limits, *_speaks("response", {"done": False}, _generate_end),
    _error_frame, wire_completions.answer, lines=True,
)  # fmt: skip
