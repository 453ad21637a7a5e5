"""Filling in the middle, in each form hosts have for it: a row of `FORMS` says where, with which body, how it
is read.

    suffix          /completions with `suffix` (OpenAI and its kind)      mistral   /fim/completions
    deepseek        the same at the host's /beta                          llamacpp  /infill at the root
    ollama          /api/generate with `suffix`, one JSON a line          tokens:x  /completions with its own tokens

Which form a model has is a fact of the catalogue (`facts.fim_form`); the tokens are in `catalog/fim.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from halley.core.calls import FimPrompt
from halley.core.events import Event, Finish, TextDelta
from halley.core.models import Usage
from halley.providers.endpoint import Endpoint
from halley.providers.presets import load_catalog_file
from halley.providers.refusals.said import is_error, said_of
from halley.providers.stream.finish import finish_reason
from halley.providers.stream.sse import LineDecoder, StreamDecoder
from halley.providers.stream.streaming import ChunkError, Decoder, Reader
from halley.providers.wires.openai_reader import OpenAIReader


@dataclass(frozen=True, slots=True)
class FimForm:
    url: Callable[[Endpoint], str]
    body: Callable[[str, FimPrompt, str], dict[str, Any]]
    """(model, prompt, what follows the colon in the form's name) → the body."""
    reader: Callable[[], Reader] = lambda: OpenAIReader(think=False)
    decoder: Callable[[], Decoder] = StreamDecoder


def find_form(name: str) -> tuple[FimForm, str] | None:
    """The form of that name, and what follows its colon; None for an unknown name."""
    form, _, family = name.partition(":")
    found = FORMS.get(form)
    if found is None or (form == "tokens" and family not in load_catalog_file("fim")):
        return None
    return found, family


def fill_tokens(family: str, prompt: FimPrompt) -> str:
    """A bare prompt with the family's own tokens; other files go before it where the model was trained for
    that.
    """
    tokens = load_catalog_file("fim")[family]
    files = (
        "".join(_fill(tokens["file"], path=path, text=text) for path, text in prompt.context)
        if "file" in tokens
        else ""
    )
    this = _fill(tokens.get("this", ""), path=prompt.path) if files else ""
    before = this if "file" in tokens else prompt.preamble
    body = _fill(tokens["prompt"], prefix=before + prompt.prefix, suffix=prompt.suffix)
    return files + body


def _fill(template: str, **values: str) -> str:
    """Every `{name}` in one pass, so that braces in code are left alone."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def _completion(model: str, prompt: FimPrompt, _: str) -> dict[str, Any]:
    return {
        "model": model,
        "prompt": prompt.preamble + prompt.prefix,
        "suffix": prompt.suffix,
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
        "stop": list(prompt.stop[:4]) or None,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _mistral(model: str, prompt: FimPrompt, family: str) -> dict[str, Any]:
    return _completion(model, prompt, family) | {"stream_options": None}


def _tokens(model: str, prompt: FimPrompt, family: str) -> dict[str, Any]:
    stop = [*prompt.stop, *load_catalog_file("fim")[family]["stop"]]
    return _completion(model, prompt, family) | {
        "prompt": fill_tokens(family, prompt),
        "suffix": None,
        "stop": stop[:16],
    }


def _infill(model: str, prompt: FimPrompt, _: str) -> dict[str, Any]:
    return {
        "model": model,
        "input_prefix": prompt.prefix,
        "input_suffix": prompt.suffix,
        "input_extra": [{"filename": path, "text": text} for path, text in prompt.context] or None,
        "n_predict": prompt.max_tokens,
        "temperature": prompt.temperature,
        "stop": list(prompt.stop) or None,
        "stream": True,
        "cache_prompt": True,
    }


def _generate(model: str, prompt: FimPrompt, _: str) -> dict[str, Any]:
    options = {
        "num_predict": prompt.max_tokens,
        "temperature": prompt.temperature,
        "stop": list(prompt.stop) or None,
    }
    return {
        "model": model,
        "prompt": prompt.preamble + prompt.prefix,
        "suffix": prompt.suffix,
        "stream": True,
        "options": {key: value for key, value in options.items() if value is not None},
    }


class PlainReader:
    """llama.cpp's `{"content", "stop"}` and Ollama's `{"response", "done"}`."""

    __slots__ = ("_last", "_text", "finished", "started")

    def __init__(self, text: str) -> None:
        self.started = self.finished = False
        self._text = text
        self._last: Mapping[str, Any] = {}

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        if is_error(chunk):
            raise ChunkError(said_of(chunk))
        if chunk.get("stop") is True or chunk.get("done"):
            self.finished, self._last = True, chunk
        text = chunk.get(self._text)
        if not isinstance(text, str) or not text:
            return []
        self.started = True
        return [TextDelta(text)]

    def close(self) -> tuple[list[Event], Finish]:
        last = self._last
        reason = str(last.get("done_reason") or last.get("stop_type") or "stop")
        inputs = last.get("prompt_eval_count", last.get("tokens_evaluated"))
        outputs = last.get("eval_count", last.get("tokens_predicted"))
        counted = isinstance(inputs, int) or isinstance(outputs, int)
        return [], Finish(finish_reason(reason, False), Usage(inputs or 0, outputs or 0) if counted else None)


FORMS: dict[str, FimForm] = {
    "suffix": FimForm(lambda e: e.url("/completions"), _completion),
    "mistral": FimForm(lambda e: e.url("/fim/completions"), _mistral),
    "deepseek": FimForm(lambda e: e.root_url("/beta/completions"), _completion),
    "llamacpp": FimForm(lambda e: e.root_url("/infill"), _infill, lambda: PlainReader("content")),
    "ollama": FimForm(
        lambda e: e.root_url("/api/generate"), _generate, lambda: PlainReader("response"), LineDecoder
    ),
    "tokens": FimForm(lambda e: e.url("/completions"), _tokens),
}
