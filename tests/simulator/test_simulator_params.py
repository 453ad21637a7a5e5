"""The parameters the simulator knows are the SDKs'; a request it accepts is one the SDKs' types accept."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from anthropic.types import message_create_params as messages
from openai.types import completion_create_params as completions
from openai.types import embedding_create_params as embeddings
from openai.types import image_generate_params as images
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses

from halley.simulator.params import KNOWN

STREAMING: dict[str, Any] = {
    "/v1/chat/completions": chat.CompletionCreateParamsStreaming,
    "/v1/completions": completions.CompletionCreateParamsStreaming,
    "/v1/embeddings": embeddings.EmbeddingCreateParams,
    "/v1/images/generations": images.ImageGenerateParamsStreaming,
    "/v1/responses": responses.ResponseCreateParamsStreaming,
    "/v1/messages": messages.MessageCreateParamsStreaming,
}
BESIDE = {"/v1/messages": {"temperature", "top_p", "top_k"}, "/v1/completions": {"logit_bias"}}
"""Parameters the API takes and this release of its SDK leaves out."""


@pytest.mark.parametrize("path", STREAMING)
def test_known_parameters_are_the_sdks(path: str):
    theirs = set(get_type_hints(STREAMING[path])) - {"betas"}
    assert set(KNOWN[path]) - BESIDE.get(path, set()) == theirs - BESIDE.get(path, set())
