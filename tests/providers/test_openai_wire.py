"""`kind = "openai"` over a real socket: what is sent, what is learned, how a stream may end."""

from __future__ import annotations

import asyncio
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer
from wire_facts import KEY, text_of

from halley.core.calls import FimPrompt, ImagePart, Message, Prompt, Tool, ToolCall, assistant, system, user
from halley.core.errors import (
    AuthFailed,
    BadReply,
    ContextTooLong,
    Interrupted,
    InvalidInput,
    NotConfigured,
    ProviderUnavailable,
    RequestRefused,
    UpstreamTimeout,
)
from halley.core.events import Finish, TextDelta
from halley.core.models import Usage
from halley.providers.facts import describe_model
from halley.providers.wires.table import build_provider

HELLO = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
]
FIM = FimPrompt("def add(a, b):\n    return ", "\n", path="a.py", max_tokens=20, stop=("\n\n",))
FALLBACK = Prompt((user("Complete <cursor>"),), max_tokens=20)


def refused(message: str, **more: Any) -> Any:
    return f.reply(400, {"error": {"message": message, "type": "invalid_request_error", **more}})


async def test_a_whole_request(provider_of: Any, ask: Any) -> None:
    prompt = Prompt(
        (
            system("Be brief."),
            user("What is this?", ImagePart("image/png", b"\x00\x01")),
            Message("assistant", ("",), tool_calls=(ToolCall("call_1", "read", '{"path":"a"}'),)),
            Message("tool", ("content",), tool_call_id="call_1"),
            assistant("Hm."),
        ),
        max_tokens=50,
        temperature=0.2,
        stop=("a", "b", "c", "d", "e"),
        tools=(Tool("read", "Reads a file.", {"type": "object", "properties": {}}),),
    )
    async with FaultServer(f.stream(*HELLO)) as host:
        events, error = await ask(provider_of(host.url), "gpt-4o", prompt)
        request = host.requests[0]
    assert error is None and text_of(events) == "Hello"
    assert events[-1] == Finish("stop", Usage(3, 2))
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAE="}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "read", "arguments": '{"path":"a"}'},
                    }
                ],
            },
            {"role": "tool", "content": "content", "tool_call_id": "call_1"},
            {"role": "assistant", "content": "Hm."},
        ],
        "max_tokens": 50,
        "temperature": 0.2,
        "stop": ["a", "b", "c", "d"],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "read",
                    "description": "Reads a file.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_what_the_catalogue_says_is_left_out(provider_of: Any, ask: Any) -> None:
    prompt = Prompt((user("x"),), max_tokens=50, temperature=0.2, stop=("a",))
    async with FaultServer(f.stream(*HELLO)) as host:
        await ask(provider_of(host.url), "gpt-5-mini", prompt)
        await ask(provider_of(host.url, "mistral"), "mistral-large", prompt)
        reasoning, mistral = (request.json for request in host.requests)
    assert reasoning.keys() == {"model", "messages", "max_completion_tokens", "stream", "stream_options"}
    assert reasoning["max_completion_tokens"] > 1000, "thinking counts too"
    assert mistral.keys() == {"model", "messages", "max_tokens", "temperature", "stop", "stream"}


async def test_a_refused_parameter_is_learned_once(provider_of: Any, ask: Any) -> None:
    prompt = Prompt((user("x"),), max_tokens=50, temperature=0.2)
    no_limit = refused(
        "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", param="max_tokens"
    )
    no_temperature = refused("Unsupported value: 'temperature' does not support 0.2", param="temperature")
    async with FaultServer([no_limit], [no_temperature], f.stream(*HELLO)) as host:
        provider = provider_of(host.url)
        assert (await ask(provider, "new-model", prompt))[1] is None
        assert (await ask(provider, "new-model", prompt))[1] is None
        assert (await ask(provider, "other-model", prompt))[1] is None
        bodies = [request.json for request in host.requests]
    assert len(bodies) == 5
    assert (
        bodies[2].keys()
        == bodies[3].keys()
        == {"model", "messages", "max_completion_tokens", "stream", "stream_options"}
    )
    assert {"max_tokens", "temperature"} <= bodies[4].keys()


async def test_a_host_that_does_not_stream(provider_of: Any, ask: Any) -> None:
    whole = {"choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
    no_stream = refused("`stream` is not supported for this model", param="stream")
    async with FaultServer([no_stream], [f.reply(200, whole)]) as host:
        events, error = await ask(provider_of(host.url))
        assert error is None and text_of(events) == "Hello"
        assert "stream" not in host.requests[1].json and "stream_options" not in host.requests[1].json


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refused("tools is not supported for this model", param="tools"), RequestRefused),
        (refused("maximum context length is 10 tokens", code="context_length_exceeded"), ContextTooLong),
        (f.reply(401, {"error": "no"}), AuthFailed),
        (f.reply(500), ProviderUnavailable),
    ],
)
async def test_what_is_not_sent_again(provider_of: Any, ask: Any, reply: Any, kind: type[Exception]) -> None:
    tool = Tool("read", "", {"type": "object"})
    async with FaultServer([reply]) as host:
        events, error = await ask(provider_of(host.url), "m", Prompt((user("x"),), tools=(tool,)))
        assert type(error) is kind and events == []
        assert len(host.requests) == 1


async def test_a_host_that_refuses_everything_is_not_asked_forever(provider_of: Any, ask: Any) -> None:
    def always() -> Any:
        return refused(
            "temperature, max_tokens, stop, stream, stream_options, max_completion_tokens: not permitted"
        )

    async with FaultServer([always()]) as host:
        _, error = await ask(
            provider_of(host.url), "m", Prompt((user("x"),), max_tokens=9, temperature=0.1, stop=("a",))
        )
        assert isinstance(error, RequestRefused)
        assert len(host.requests) <= 5


async def test_no_key(http: Any, endpoint_of: Any, ask: Any) -> None:
    async def get_key() -> None:
        return None

    async with FaultServer(f.stream(*HELLO)) as host:
        _, error = await ask(build_provider(endpoint_of(host.url), http, get_key))
        assert isinstance(error, NotConfigured)
        assert "halley key set host" in error.problem.help and "OPENAI_API_KEY" in error.problem.help
        assert host.requests == []
        events, _ = await ask(build_provider(endpoint_of(host.url, "vllm"), http, get_key))
        assert text_of(events) == "Hello"
        assert "authorization" not in host.requests[0].headers


@pytest.mark.parametrize("key", ["sk-a\r\nX-Evil: 1", "sk-ä", "two words"])
async def test_a_key_that_cannot_be_one(http: Any, endpoint_of: Any, ask: Any, key: str) -> None:
    async def get_key() -> str:
        return key

    async with FaultServer(f.stream(*HELLO)) as host:
        _, error = await ask(build_provider(endpoint_of(host.url), http, get_key))
        assert isinstance(error, NotConfigured)
        assert key not in str(error.problem)
        assert host.requests == []


async def test_azure_sends_its_own_header(provider_of: Any, ask: Any) -> None:
    async with FaultServer(f.stream(*HELLO)) as host:
        await ask(provider_of(host.origin, "azure"), "my-deployment")
        assert host.requests[0].path == "/openai/v1/chat/completions"
        assert host.requests[0].headers["api-key"] == KEY
        assert "authorization" not in host.requests[0].headers


async def test_leaving_a_stream_closes_its_connection(provider_of: Any) -> None:
    async with FaultServer([*f.chunked_head(), f.chunk(f.event(HELLO[0])), f.stall()]) as host:
        provider = provider_of(host.url)
        stream = provider.stream(describe_model(provider.endpoint, "m"), Prompt((user("x"),)))
        assert await anext(stream) == TextDelta("Hel")
        await stream.aclose()
        async with asyncio.timeout(0.5):
            await host.peers[0].gone.wait()


async def test_cancelling_before_the_first_byte_closes_the_connection(provider_of: Any, ask: Any) -> None:
    async with FaultServer([f.stall()]) as host:
        task = asyncio.create_task(ask(provider_of(host.url)))
        await host.arrived.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(0.5):
            await host.peers[0].gone.wait()


ENDS: list[tuple[str, list[Any], type[Exception] | None, str]] = [
    ("reset before a word", [*f.chunked_head(), f.reset()], ProviderUnavailable, ""),
    ("reset after a word", [*f.chunked_head(), f.chunk(f.event(HELLO[0])), f.reset()], Interrupted, "Hel"),
    ("reset, no length", [*f.head(), f.send(f.event(HELLO[0])), f.reset()], Interrupted, "Hel"),
    ("stall before a word", [*f.chunked_head(), f.chunk(b": PING\n\n"), f.stall()], UpstreamTimeout, ""),
    ("stall after a word", [*f.chunked_head(), f.chunk(f.event(HELLO[0])), f.stall()], Interrupted, "Hel"),
    ("end after a word", [*f.chunked_head(), f.chunk(f.event(HELLO[0])), f.chunk(b"")], Interrupted, "Hel"),
    ("done after a word", f.stream(HELLO[0]), Interrupted, "Hel"),
    ("nothing", [*f.chunked_head(), f.chunk(b"")], BadReply, ""),
    (
        "reset after the finish",
        [*f.chunked_head(), *(f.chunk(f.event(e)) for e in HELLO[:2]), f.reset()],
        None,
        "Hello",
    ),
    (
        "stall after the finish",
        [*f.chunked_head(), *(f.chunk(f.event(e)) for e in HELLO[:2]), f.stall()],
        None,
        "Hello",
    ),
    (
        "an error, then silence",
        [*f.chunked_head(), f.chunk(f.event({"error": {"message": "overloaded"}})), f.stall()],
        ProviderUnavailable,
        "",
    ),
    (
        "a JSON error, then silence",
        [*f.chunked_head(), f.chunk(b'{"error": {"message": "Invalid token", "code": 401}}'), f.stall()],
        AuthFailed,
        "",
    ),
    ("endless line", [*f.head(), f.send(b"data: "), f.endless()], BadReply, ""),
    ("endless comments", [*f.head(), f.endless(b": PING" + b"." * 60_000 + b"\n\n")], BadReply, ""),
]


@pytest.mark.parametrize(("script", "kind", "text"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
async def test_ends(
    provider_of: Any,
    ask: Any,
    monkeypatch: pytest.MonkeyPatch,
    script: list[Any],
    kind: type[Exception] | None,
    text: str,
) -> None:
    monkeypatch.setattr("halley.providers.stream.streaming.GRACE_S", 0.1)
    async with FaultServer(script) as host:
        quick = 0.3 if "stall" in str(kind) or kind in (UpstreamTimeout, Interrupted) else 5.0
        events, error = await ask(provider_of(host.url, stall_timeout_s=quick))
        assert text_of(events) == text
        if kind is None:
            assert error is None and isinstance(events[-1], Finish)
        else:
            assert type(error) is kind
            assert error.problem.model == "host/m"
            assert not any(isinstance(event, Finish) for event in events)


async def test_list_models(provider_of: Any) -> None:
    listed = {
        "success": True,
        "data": [{"id": "gpt-5-mini"}, {"id": "text-embedding-3-small"}, {"id": "gpt-5-mini"}, {}],
    }
    async with FaultServer([f.reply(200, listed)]) as host:
        models = await provider_of(host.url).list_models()
        assert host.requests[0].headers["accept-encoding"] == "gzip, deflate"
    assert [str(model.ref) for model in models] == ["host/gpt-5-mini", "host/text-embedding-3-small"]
    assert models[1].roles == {"embed"}


async def test_list_models_that_is_none(provider_of: Any) -> None:
    for reply in (f.reply(200, b"<html></html>", "text/html"), f.reply(200, {"ok": True}), f.reply(200, b"")):
        async with FaultServer([reply]) as host:
            with pytest.raises(BadReply):
                await provider_of(host.url).list_models()


# --- filling in the middle


async def test_fim_suffix(provider_of: Any, ask: Any) -> None:
    said = {"choices": [{"index": 0, "text": "a + b", "finish_reason": "stop"}]}
    async with FaultServer(f.stream(said)) as host:
        events, error = await ask(provider_of(host.url, "comet"), "codestral-latest", FIM)
        assert error is None and text_of(events) == "a + b"
        assert host.requests[0].path == "/v1/completions"
        assert host.requests[0].json == {
            "model": "codestral-latest", "prompt": FIM.prefix, "suffix": "\n", "max_tokens": 20, "stop": ["\n\n"],
            "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip


async def test_fim_mistral(provider_of: Any, ask: Any) -> None:
    said = {"choices": [{"index": 0, "delta": {"content": "a + b"}, "finish_reason": "stop"}]}
    async with FaultServer(f.stream(said)) as host:
        events, _ = await ask(provider_of(host.url, "mistral"), "codestral-latest", FIM)
        assert text_of(events) == "a + b"
        assert host.requests[0].path == "/v1/fim/completions"
        assert "stream_options" not in host.requests[0].json


async def test_fim_deepseek(provider_of: Any, ask: Any) -> None:
    said = {"choices": [{"index": 0, "text": "a + b", "finish_reason": "stop"}]}
    async with FaultServer(f.stream(said)) as host:
        events, _ = await ask(provider_of(host.url, "deepseek"), "deepseek-chat", FIM)
        assert text_of(events) == "a + b"
        assert host.requests[0].path == "/beta/completions"


async def test_fim_llamacpp(provider_of: Any, ask: Any) -> None:
    async with FaultServer(
        f.stream({"content": "a + b", "stop": False}, {"content": "", "stop": True}, done=False)
    ) as host:
        prompt = FimPrompt("pre", "suf", context=(("b.py", "x = 1"),))
        events, error = await ask(provider_of(host.url, "llamacpp"), "qwen2.5-coder-7b", prompt)
        assert error is None and text_of(events) == "a + b"
        assert host.requests[0].path == "/infill"
        sent = host.requests[0].json
        assert (sent["input_prefix"], sent["input_suffix"]) == ("pre", "suf")
        assert sent["input_extra"] == [{"filename": "b.py", "text": "x = 1"}]


async def test_fim_ollama(provider_of: Any, ask: Any) -> None:
    lines = b'{"response":"a +","done":false}\n{"response":" b","done":false}\n{"response":"","done":true,"done_reason":"stop"}\n'
    async with FaultServer(
        [*f.head(200, "application/x-ndjson"), f.send_slices(lines, 5), f.close()]
    ) as host:
        events, error = await ask(provider_of(host.url, "ollama"), "qwen2.5-coder:7b", FIM)
        assert error is None and text_of(events) == "a + b"
        assert host.requests[0].path == "/api/generate"
        assert host.requests[0].json["options"] == {"num_predict": 20, "stop": ["\n\n"]}


async def test_fim_tokens(provider_of: Any, ask: Any) -> None:
    said = {"choices": [{"index": 0, "text": "a + b", "finish_reason": "stop"}]}
    prompt = FimPrompt("x = {prefix}", "{suffix}", path="a.py", context=(("b.py", "y = {path}"),))
    async with FaultServer(f.stream(said)) as host:
        await ask(provider_of(host.url, "vllm"), "Qwen/Qwen2.5-Coder-7B", prompt)
        sent = host.requests[0].json
    assert sent["prompt"] == (
        "<|file_sep|>b.py\ny = {path}\n<|fim_prefix|><|file_sep|>a.py\nx = {prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
    )
    assert "suffix" not in sent and "<|endoftext|>" in sent["stop"]


async def test_fim_falls_back_and_remembers(provider_of: Any, ask: Any) -> None:
    """A host without the form its preset promises is asked by chat from then on."""
    prompt = FimPrompt("a", "b", fallback=FALLBACK)
    async with FaultServer([f.reply(404, {"detail": "Not Found"})], f.stream(*HELLO)) as host:
        provider = provider_of(host.url, "comet")
        for _ in range(2):
            events, error = await ask(provider, "codestral-latest", prompt)
            assert error is None and text_of(events) == "Hello"
        assert [request.path for request in host.requests] == [
            "/v1/completions",
            *["/v1/chat/completions"] * 2,
        ]


async def test_fim_for_a_model_without_it(provider_of: Any, ask: Any) -> None:
    async with FaultServer(f.stream(*HELLO)) as host:
        events, _ = await ask(provider_of(host.url), "gpt-4o", FimPrompt("a", "b", fallback=FALLBACK))
        assert text_of(events) == "Hello"
        _, error = await ask(provider_of(host.url), "gpt-4o", FimPrompt("a", "b"))
        assert isinstance(error, InvalidInput) and error.problem.setting == "roles.complete"
