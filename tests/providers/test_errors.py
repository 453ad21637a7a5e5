"""What hosts say when they refuse, in all their forms, and what it comes to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.errors import (
    AuthFailed,
    BadReply,
    ContextTooLong,
    HalleyError,
    ModelNotFound,
    ProviderUnavailable,
    ProxyFailed,
    QuotaExhausted,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    UpstreamTimeout,
)
from halley.providers.endpoint import Endpoint
from halley.providers.refusals.errors import Asked, error_of_answer, quote
from halley.providers.refusals.retry_after import retry_after_ms
from halley.providers.refusals.said import is_error, read_said, said_of

NOW = datetime(2025, 10, 31, 10, 0, 0, tzinfo=UTC)
HOST = Endpoint("host", "Host", "openai", "https://api.example.com/v1")
ASKED = Asked(
    HOST,
    "gpt-x",
    "https://api.example.com/v1/chat/completions",
    ("model", "messages", "temperature", "max_tokens", "stop", "stream", "stream_options"),
    ("sk-very-secret-key-0001", "def launch_codes(): return 'swordfish-12345-omega'"),
)


def error(status: int, body: Any = b"", asked: Asked = ASKED, **headers: str) -> HalleyError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of_answer(status, named, data, asked, NOW)


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


ROWS: list[tuple[int, Any, type[HalleyError]]] = [
    (401, said("Incorrect API key provided", code="invalid_api_key"), AuthFailed),
    (401, b"<html><title>401</title></html>", AuthFailed),
    (403, said("This token has no access to the model gpt-x"), AuthFailed),
    (403, said("Your IP is not allowed"), AuthFailed),
    (403, b"<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", BadReply),
    (400, said("API key not valid. Please pass a valid API key.", status="INVALID_ARGUMENT"), AuthFailed),
    (402, said("Insufficient credits"), QuotaExhausted),
    (402, b"", QuotaExhausted),
    (429, said("You exceeded your current quota, please check your plan and billing details.", type="insufficient_quota", code="insufficient_quota"), QuotaExhausted),
    (403, said("token quota is not enough", type="comet_api_error", code="insufficient_user_quota"), QuotaExhausted),
    (400, said("Your credit balance is too low to access the Anthropic API.", type="invalid_request_error"), QuotaExhausted),
    (429, said("Rate limit reached for gpt-x in organization org-1 on tokens per min", type="tokens", code="rate_limit_exceeded"), RateLimited),
    (429, [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota, please check your plan and billing details."}}], RateLimited),
    (429, b"", RateLimited),
    (404, said("The model `gpt-x` does not exist or you do not have access to it.", code="model_not_found"), ModelNotFound),
    (404, {"error": "model 'gpt-x' not found"}, ModelNotFound),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}}, ModelNotFound),
    (503, said("当前分组下对于模型 gpt-x 无可用渠道", type="new_api_error", code="model_not_found"), ModelNotFound),
    (400, said("gpt-x is not a valid model ID", code=400), ModelNotFound),
    (404, {"detail": "Not Found"}, RequestRefused),
    (404, b"<html><head><title>404 Not Found</title></head></html>", BadReply),
    (405, b"", RequestRefused),
    (400, said("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens", code="context_length_exceeded"), ContextTooLong),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 201000 tokens > 200000 maximum"}}, ContextTooLong),
    (400, said("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."), ContextTooLong),
    (400, {"object": "error", "message": "the request exceeds the available context size, try increasing it", "type": "exceed_context_size_error"}, ContextTooLong),
    (413, said("Request too large"), ContextTooLong),
    (400, said("Unsupported parameter: 'max_tokens' is not supported with this model.", param="max_tokens", code="unsupported_parameter"), RequestRefused),
    (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, RequestRefused),
    (500, said("invalid request", code="invalid_request"), RequestRefused),
    (500, said("boom", type="server_error"), ProviderUnavailable),
    (500, {"msg": "服务器内部错误", "code": 500}, ProviderUnavailable),
    (502, b"<html><title>502 Bad Gateway</title></html>", ProviderUnavailable),
    (503, said("No available channel", type="comet_api_error", code=""), ProviderUnavailable),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, ProviderUnavailable),
    (520, b"<!DOCTYPE html><title>example.com | 520: Web server is returning an unknown error</title>", ProviderUnavailable),
    (504, b"upstream request timeout", UpstreamTimeout),
    (524, b"<!DOCTYPE html><title>example.com | 524: A timeout occurred</title>", UpstreamTimeout),
    (408, b"", UpstreamTimeout),
    (407, b"", ProxyFailed),
    (301, b"", RedirectRefused),
    (308, b"", RedirectRefused),
    (200, b"<html><title>Sign in</title></html>", BadReply),
    (200, said("upstream busy", code=503), ProviderUnavailable),
    (200, {"error": "rate limit exceeded"}, RateLimited),
    (200, {"code": 401, "msg": "unauthorized"}, AuthFailed),
    (403, said("Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", code=403), QuotaExhausted),
    (402, said("This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 4000.", code=402), QuotaExhausted),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}}, QuotaExhausted),
    (403, {"code": "permission-denied", "error": "Your newly created teams doesn't have any credits yet. You can purchase credits on https://console.x.ai"}, QuotaExhausted),
    (403, {"code": "The caller does not have permission", "error": "Your team 1 has either used all available credits or reached its monthly spending limit."}, QuotaExhausted),
    (403, said("You have used up your free quota.", type="AllocationQuota.FreeTierOnly", code="AllocationQuota.FreeTierOnly"), QuotaExhausted),
    (400, said("Access denied, please make sure your account is in good standing.", type="Arrearage", code="Arrearage"), QuotaExhausted),
    (401, said("该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = 0", type="new_api_error"), QuotaExhausted),
    (403, said("用户额度不足, 剩余额度: ¥-0.1", type="new_api_error", code="insufficient_user_quota"), QuotaExhausted),
    (429, said("余额不足或无可用资源包,请充值。", code="1113"), QuotaExhausted),
    (403, said("Your account is suspended due to insufficient balance, please recharge", type="exceeded_current_quota_error"), QuotaExhausted),
    (412, said("Account suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices."), QuotaExhausted),
    (402, {"detail": "You have exceeded your monthly included credits for Inference Providers."}, QuotaExhausted),
    (400, said("This organization has been disabled.", type="invalid_request_error"), AuthFailed),
    (403, [{"error": {"code": 403, "message": "Your API key was reported as leaked. Please use another API key.", "status": "PERMISSION_DENIED"}}], AuthFailed),
    (400, {"error": "Incorrect API key provided: xa***34.", "code": "Client specified an invalid argument"}, AuthFailed),
    (401, said("You have no billing set up; see https://example.com/billing"), AuthFailed),
    (401, b"Unauthorized", AuthFailed),
    (404, said("The API deployment for this resource does not exist.", code="DeploymentNotFound"), ModelNotFound),
    (429, said("Request too large for gpt-x in organization org-1 on tokens per min (TPM): Limit 30000, Requested 57000.", type="tokens", code="rate_limit_exceeded"), ContextTooLong),
    (413, said("Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9000", type="tokens"), ContextTooLong),
    (429, {"code": "Some resource has been exhausted", "error": "Too many requests for team 123 and model grok-4."}, RateLimited),
    (429, said("您的账户已达到速率限制，请您控制请求频率", code="1302"), RateLimited),
    (429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier_capacity_exceeded", "code": "3505"}, RateLimited),
    (429, said("The engine is currently overloaded, please try again later", type="engine_overloaded_error"), RateLimited),
    (429, b"Too Many Requests", RateLimited),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), ROWS, ids=[f"{r[0]}-{i}" for i, r in enumerate(ROWS)])
def test_meaning(status: int, body: Any, kind: type[HalleyError]) -> None:
    found = error(status, body)
    assert type(found) is kind, found.problem
    problem = found.problem
    assert problem.provider == "host" and problem.model == "host/gpt-x"
    assert problem.message.endswith(".") and "\n" not in problem.message
    assert problem.help.endswith(".")


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (said("Unsupported value: 'temperature' does not support 0.2 with this model.", param="temperature", code="unsupported_value"), "temperature"),
        (said("Unrecognized request argument supplied: stream_options", param=None, code=None), "stream_options"),
        (said("`temperature` is deprecated for this model.", type="invalid_request_error"), "temperature"),
        (said("Argument not supported on this model: stop"), "stop"),
        (said('Invalid JSON payload received. Unknown name "stream_options": Cannot find field.'), "stream_options"),
        (said("openai does not support parameters: ['max_tokens'], for model=gpt-x"), "max_tokens"),
        ({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, "stream_options"),
        ({"message": "property 'stop' is unsupported"}, "stop"),
        (said("max_tokens must be at most 4096", param="max_tokens"), None),
        (said("messages must not be empty"), None),
    ],
)  # fmt: skip
def test_refused_parameter(body: Any, parameter: str | None) -> None:
    found = error(400, body)
    assert isinstance(found, RequestRefused)
    assert found.parameter == parameter


@pytest.mark.parametrize(
    ("status", "body", "subject"),
    [
        (400, said("`tools` is not supported", param="tools"), "tools"),
        (400, said("This parameter is not supported.", param="tool_choice"), "tools"),
        (400, said("gpt-x does not support tools."), "tools"),
        (404, said("No endpoints found that support tool use."), "tools"),
        (400, {"error": "registry.ollama.ai/library/gemma3:4b does not support tools"}, "tools"),
        (
            400,
            said('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
            "tools",
        ),
        (500, said("tools param requires --jinja flag", code=500, type="invalid_request_error"), "tools"),
        (400, said("`tool calling` is not supported with this model"), "tools"),
        (400, said("Function calling is not enabled for this model"), "tools"),
        (400, said("This model doesn't support tool use in streaming mode."), "tools"),
        (
            400,
            said("Messages with role 'tool' must be a response to a preceding message with 'tool_calls'."),
            None,
        ),
        (400, said("Failed to call a function. Please adjust your prompt.", code="tool_use_failed"), None),
        (400, said("tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"), None),
        (400, said("Invalid 'tools': array too long. Expected at most 128 items.", param="tools"), None),
        (400, said("Tool call arguments must be valid JSON", param="messages[3].tool_calls"), None),
        (400, said("tool_use ids must be unique"), None),
        (400, said("The tool read_file was called with a path that is not allowed"), None),
        (
            400,
            said(
                "Invalid JSON payload received. Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters': Cannot find field."
            ),
            "schema",
        ),
        (
            400,
            said(
                "Invalid schema for function 'read': In context=(), 'oneOf' is not permitted.",
                param="tools[0].function.parameters",
            ),
            "schema",
        ),
        (400, said("Unsupported JSON schema fields: {'minimum', 'maxLength'}", param="tools"), "schema"),
        (
            500,
            said(
                "Conversation roles must alternate user/assistant/user/assistant/... at row 1, column 1",
                code=500,
                type="server_error",
            ),
            "turns",
        ),
        (
            400,
            said(
                "After the optional system message, user and assistant roles should be alternating between user and assistant."
            ),
            "turns",
        ),
        (400, said("deepseek-reasoner does not support successive user or assistant messages"), "turns"),
        (400, said("System message must be at the beginning."), "turns"),
        (500, said("System role not supported", code=500, type="server_error"), "system"),
        (400, said("Developer instruction is not enabled for models/gemma-3-27b-it"), "system"),
        (400, said("Only user and assistant roles are supported!"), "system"),
        (
            404,
            said(
                "This model is only supported in v1/responses and not in v1/chat/completions.", param="model"
            ),
            "responses",
        ),
        (
            400,
            said(
                "Function tools with reasoning_effort are not supported for gpt-x in /v1/chat/completions. Please use /v1/responses instead."
            ),
            "responses",
        ),
        (
            400,
            said(
                'model "gpt-x" is not accessible via the /chat/completions endpoint',
                code="unsupported_api_for_model",
            ),
            "responses",
        ),
        (400, said("The requested model 'gpt-x' cannot be used with the Responses API."), "chat"),
        (400, said("messages[0]: role 'system' is not supported", param="messages[0].role"), "system"),
        (400, said("temperature must be at most 2", param="temperature"), None),
        (400, said("Bad value in launch_codes(): return 'swordfish-12345-omega' with tool"), None),
    ],
)
def test_what_a_refusal_is_about(status: int, body: Any, subject: str | None) -> None:
    found = error(status, body)
    assert isinstance(found, RequestRefused | ModelNotFound)
    assert found.subject == subject


@pytest.mark.parametrize("status", [400, 404])
def test_the_name_of_a_model_is_not_what_a_refusal_is_about(status: int) -> None:
    """A model may be called anything; no other word of the refusal speaks of tools or the system message."""
    asked = Asked(HOST, "toolbench-system-7b", ASKED.url, ASKED.parameters, ())
    for message in (
        "The model toolbench-system-7b does not exist",
        "toolbench-system-7b: temperature is too high",
    ):
        found = error(status, said(message), asked)
        assert isinstance(found, RequestRefused | ModelNotFound)
        assert found.subject is None


def test_redirect_names_the_base_url_that_would_work() -> None:
    moved = error(301, location="https://api.example.org/v1/chat/completions")
    assert "https://api.example.org/v1 would work" in moved.problem.help
    assert moved.problem.setting == "providers.host.base_url"
    wrong = Endpoint("host", "Host", "openai", "https://api.example.com/api/v9")
    asked = Asked(wrong, "m", "https://api.example.com/api/v9/chat/completions")
    assert "https://api.example.com/v1 would work" in error(404, b"<html></html>", asked).problem.help
    assert "would work" not in error(404, b"<html></html>").problem.help


def test_request_id() -> None:
    assert (
        error(
            500,
            said("boom (request id: 2025110510300012)"),
        ).problem.request_id
        == "2025110510300012"
    )
    assert "2025110510300012" not in error(500, said("boom (request id: 2025110510300012)")).problem.help
    assert error(500, said("boom"), x_request_id="req_1").problem.request_id == "req_1"
    assert (
        error(
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "x"}, "request_id": "req_011"},
        ).problem.request_id
        == "req_011"
    )


@pytest.mark.parametrize(
    "told",
    [
        "Incorrect API key provided: sk-very-secret-key-0001",
        "Incorrect API key provided: sk-abcde*****wxyz",
        "bad value: def launch_codes(): return 'swordfish-12345-omega'",
        "x" * 30 + " swordfish-12345-omega'" + " and AIzaSyA1234567890abcdefghijklmnopqrstu",
        "see https://host/path?key=abcdefghijk",
    ],
)
def test_never_a_key_or_a_prompt(told: str) -> None:
    for status in (400, 401, 403, 404, 429, 500):
        shown = json.dumps(error(status, said(told)).problem.to_json())
        for secret in ("sk-very-secret", "swordfish", "AIzaSyA", "abcdefghijk", "sk-abcde"):
            assert secret not in shown


@given(st.text(min_size=30, max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_a_quote_never_repeats_a_run_of_the_prompt(prompt: str, before: str, after: str) -> None:
    shown = quote(f"{before}{prompt}{after}", [prompt], limit=500)
    assert not any(shown[at : at + 16] in prompt for at in range(len(shown) - 15))


@given(st.binary(max_size=300))
def test_any_body_is_read(body: bytes) -> None:
    read_said(body)
    error_of_answer(500, {}, body, ASKED, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "detail", "loc", "header", "status", "msg", "param"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_read(value: Any) -> None:
    assert isinstance(said_of(value).message, str)
    is_error(value)


@pytest.mark.parametrize(
    ("headers", "ms"),
    [
        ({"retry-after": "2"}, 2000),
        ({"retry-after": "0.5"}, 500),
        ({"retry-after": "1.5s"}, 1500),
        ({"retry-after-ms": "1234"}, 1234),
        ({"retry-after-ms": "10", "retry-after": "2"}, 10),
        ({"retry-after": "Fri, 31 Oct 2025 10:00:30 GMT"}, 30_000),
        ({"retry-after": "Fri, 31 Oct 2025 09:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "1e400"}, None),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360_000),
        ({"x-ratelimit-reset-tokens": "500ms"}, 500),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "12", "x-ratelimit-reset-tokens": "2s", "x-ratelimit-remaining-tokens": "0"}, 2000),
        ({"x-ratelimit-reset": "12"}, 12_000),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 5)}, 5000),
        ({"x-ratelimit-reset": str(int(NOW.timestamp() * 1000) + 750)}, 750),
        ({"anthropic-ratelimit-requests-reset": "2025-10-31T10:00:07Z"}, 7000),
        ({"anthropic-ratelimit-requests-reset": "2025-10-31T10:01:00Z", "anthropic-ratelimit-requests-remaining": "0",
          "anthropic-ratelimit-tokens-reset": "2025-10-31T11:00:00Z", "anthropic-ratelimit-tokens-remaining": "9000"}, 60_000),
        ({}, None),
    ],
)  # fmt: skip
def test_retry_after(headers: dict[str, str], ms: int | None) -> None:
    assert retry_after_ms(headers, NOW) == ms


def test_retry_after_in_words() -> None:
    assert error(429, said("Please try again in 1.2s.")).problem.retry_after_ms == 1200
    assert (
        error(429, said("Limit reached. Please try again in 6m0s. Visit …")).problem.retry_after_ms == 360_000
    )
    gemini = [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "12s"}]}}]
    assert error(429, gemini).problem.retry_after_ms == 12_000


@given(st.text(max_size=20))
def test_any_retry_after(value: str) -> None:
    for name in ("retry-after", "retry-after-ms", "x-ratelimit-reset"):
        ms = retry_after_ms({name: value}, NOW)
        assert ms is None or 0 <= ms <= timedelta(days=7) / timedelta(milliseconds=1)
