"""The parameters each endpoint knows: facts, held against the SDKs' request types by a test.

Strict hosts answer 400 and name what they do not know; so does the simulator, unless it is told to be lenient. A
client that only ever met a lenient host meets the strict ones in production.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.simulator.envelope import bad_request

KNOWN: dict[str, frozenset[str]] = {
    "/v1/chat/completions": frozenset(
        """audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
        metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
        prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier
        stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
        web_search_options""".split()
    ),
    "/v1/completions": frozenset(
        """best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt seed stop stream
        stream_options suffix temperature top_p user""".split()
    ),
    "/infill": frozenset(
        "cache_prompt input_extra input_prefix input_suffix model n_predict prompt stop stream temperature top_k top_p".split()
    ),
    "/api/generate": frozenset(
        "context format images keep_alive model options prompt raw stream suffix system template think".split()
    ),
    "/v1/fim/completions": frozenset(
        "max_tokens metadata min_tokens model prompt random_seed stop stream suffix temperature top_p".split()
    ),
    "/v1/embeddings": frozenset("dimensions encoding_format input model user".split()),
    "/v1/images/generations": frozenset(
        """background complexity frame_count frame_duration_ms model moderation n output_compression output_format
        partial_images prompt quality response_format safety_identifier size stream style svg user""".split()
    ),
    "/v1/images/edits": frozenset(
        """background complexity frame_count frame_duration_ms image input_fidelity markup mask model n
        output_compression output_format partial_images prompt quality response_format safety_identifier size stream
        svg user""".split()
    ),
    "/v1/audio/speech": frozenset(
        "input instructions model response_format speed stream_format voice".split()
    ),
    "/v1/audio/transcriptions": frozenset(
        """chunking_strategy file include known_speaker_names known_speaker_references language model prompt
        response_format stream temperature timestamp_granularities""".split()
    ),
    "/v1/audio/translations": frozenset("file model prompt response_format temperature".split()),
    "/v1/videos": frozenset("input_reference model prompt seconds size".split()),
    "/v1/responses": frozenset(
        """access_programs background background_options context_management conversation image include input
        instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls
        previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning
        safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs
        top_p truncation user""".split()
    ),
    "/v1/messages": frozenset(
        """cache_control container diagnostics inference_geo max_tokens messages metadata model output_config
        service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p
        user_profile_id workspace_id""".split()
    ),
}

NUMBERS: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "n": (1, 128),
    "max_tokens": (1, 10_000_000),
    "max_completion_tokens": (1, 10_000_000),
    "max_output_tokens": (16, 10_000_000),
    "top_logprobs": (0, 20),
}
"""Range of each number, both ends included."""

_WHOLE = ("n", "max_tokens", "max_completion_tokens", "max_output_tokens", "top_logprobs", "seed")


KNOWN["/beta/completions"] = KNOWN["/v1/completions"]

_MOST_STOPS = 16
"""OpenAI takes 4; hosts of models with fill-in-the-middle tokens take as many as such a model has."""


def check_params(path: str, body: Mapping[str, Any], strict: bool) -> None:
    """Raises ApiError (400) that names the first parameter which is unknown or out of its range."""
    unknown = sorted(set(body) - KNOWN[path])
    if strict and unknown:
        names = ", ".join(unknown)
        raise bad_request(f"Unrecognized request argument supplied: {names}", unknown[0], "unknown_parameter")
    for name, (low, high) in NUMBERS.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int if name in _WHOLE else (int, float)):
            raise bad_request(f"Invalid type for '{name}': expected a number.", name, "invalid_type")
        if not low <= value <= high:
            raise bad_request(
                f"Invalid '{name}': expected {low} to {high}, got {value}.", name, "invalid_value"
            )
    stop = body.get("stop")
    most = 4 if path == "/v1/chat/completions" else _MOST_STOPS
    if isinstance(stop, list) and (len(stop) > most or not all(isinstance(s, str) for s in stop)):
        raise bad_request(f"Invalid 'stop': expected up to {most} strings.", "stop", "invalid_value")
    if body.get("stream_options") and not body.get("stream"):
        raise bad_request(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
        )
