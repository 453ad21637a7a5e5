"""The official openai SDK believes the simulator, and its types accept every answer."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from openai.types import Completion, CreateEmbeddingResponse, ImagesResponse, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from halley.simulator import KEY, Simulator

HELLO: list[Any] = [
    {"role": "user", "content": "Explain this:\n\n```python\ndef twice(x):\n    return x * 2\n```"}
]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a place",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["city", "days"],
        },
    },
}


async def post(sim: Simulator, path: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
        return await client.post(sim.origin + path, json=body, headers=headers)


def events_of(text: str) -> list[str]:
    return [line[6:] for line in text.split("\n") if line.startswith("data: ")]


def strictly(kind: type[BaseModel], value: Any) -> Any:
    """Validated by the SDK's own model, which by itself is built without validation; no unknown fields."""
    made = kind.model_validate(value)
    assert not made.model_extra, made.model_extra
    return made


async def test_chat_completion(openai_client: AsyncOpenAI):
    reply = await openai_client.chat.completions.create(model="sim-chat", messages=HELLO)
    text = reply.choices[0].message.content or ""
    assert "twice(x)" in text and "Simulated" in text
    assert reply.choices[0].finish_reason == "stop"
    assert (
        reply.usage and reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    )


async def test_chat_completion_streams_the_same(openai_client: AsyncOpenAI):
    whole = await openai_client.chat.completions.create(model="sim-chat", messages=HELLO)
    chunks = [
        chunk
        async for chunk in await openai_client.chat.completions.create(
            model="sim-chat", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    ]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 20
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == [
        "stop"
    ]


def test_sync_sdk_against_a_simulator_in_its_own_process(simulator_process: str):
    with openai.OpenAI(base_url=simulator_process, api_key=KEY, max_retries=0) as client:
        assert [m.id for m in client.models.list()][:1] == ["sim-chat"]
        stream = client.chat.completions.create(model="sim-chat", messages=HELLO, stream=True)
        assert "twice" in "".join(c.choices[0].delta.content or "" for c in stream)


async def test_types_accept_chat(sim: Simulator):
    for extra in ({}, {"n": 2}, {"tools": [WEATHER], "tool_choice": "required"}, {"max_tokens": 5}):
        body = {"model": "sim-chat", "messages": HELLO, **extra}
        strictly(ChatCompletion, (await post(sim, "/v1/chat/completions", body)).json())
        streamed = (await post(sim, "/v1/chat/completions", body | {"stream": True})).text
        *chunks, done = events_of(streamed)
        assert done == "[DONE]"
        for chunk in chunks:
            strictly(ChatCompletionChunk, json.loads(chunk))


async def test_types_accept_the_rest(sim: Simulator):
    body = {"model": "sim-fim", "prompt": "def add(a, b):\n    ", "suffix": "\n", "max_tokens": 64}
    strictly(Completion, (await post(sim, "/v1/completions", body)).json())
    *chunks, last = map(
        json.loads, events_of((await post(sim, "/v1/completions", body | {"stream": True})).text)[:-1]
    )
    strictly(Completion, last)
    for chunk in chunks:  # the API sends null until the end, which the SDK's type forgets
        assert chunk["choices"][0].pop("finish_reason") is None
        strictly(Completion, chunk | {"choices": [chunk["choices"][0] | {"finish_reason": "stop"}]})
    embedded = await post(sim, "/v1/embeddings", {"model": "sim-embed", "input": "hello"})
    strictly(CreateEmbeddingResponse, embedded.json())
    strictly(
        ImagesResponse,
        (await post(sim, "/v1/images/generations", {"model": "sim-image", "prompt": "a cat"})).json(),
    )
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
        for row in (await client.get(f"{sim.base_url}/models")).json()["data"]:
            strictly(Model, row)


async def test_types_accept_responses(sim: Simulator):
    tool = {
        "type": "function",
        "name": "get_weather",
        "parameters": WEATHER["function"]["parameters"],
        "strict": False,
    }
    reader = TypeAdapter[Any](ResponseStreamEvent)
    for model, extra in (
        ("sim-chat", {}),
        ("sim-reason", {}),
        ("sim-chat", {"tools": [tool], "tool_choice": "required"}),
    ):
        body = {"model": model, "input": HELLO, "instructions": "Be kind.", **extra}
        made = (await post(sim, "/v1/responses", body)).json()
        Response.model_validate(made)
        streamed = events_of((await post(sim, "/v1/responses", body | {"stream": True})).text)
        events = [reader.validate_python(json.loads(event)) for event in streamed]
        assert [e.sequence_number for e in events] == list(range(len(events)))
        assert events[-1].type == "response.completed"


async def test_responses_through_the_sdk(openai_client: AsyncOpenAI):
    made = await openai_client.responses.create(model="sim-chat", input=HELLO)
    assert "twice(x)" in made.output_text
    async with openai_client.responses.stream(model="sim-reason", input=HELLO) as stream:
        deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert "".join(deltas) == final.output_text
    assert final.output[0].type == "reasoning"
    short = await openai_client.responses.create(model="sim-chat", input=HELLO, max_output_tokens=16)
    assert (
        short.status == "incomplete"
        and short.incomplete_details
        and short.incomplete_details.reason == "max_output_tokens"
    )


async def test_tools_are_called_and_their_results_passed_on(openai_client: AsyncOpenAI):
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Oslo for 3 days?"}]
    reply = await openai_client.chat.completions.create(model="sim-chat", messages=messages, tools=[WEATHER])
    call: Any = (reply.choices[0].message.tool_calls or [])[0]
    assert reply.choices[0].finish_reason == "tool_calls" and call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Oslo", "days": 3}
    messages += [reply.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "rain, 4 degrees"}]
    again = await openai_client.chat.completions.create(model="sim-chat", messages=messages, tools=[WEATHER])
    assert "rain, 4 degrees" in (again.choices[0].message.content or "")


async def test_streamed_tool_call_adds_up(openai_client: AsyncOpenAI):
    arguments, name = "", ""
    stream = await openai_client.chat.completions.create(
        model="sim-chat",
        messages=[{"role": "user", "content": "weather in Rome for 2 days"}],
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        stream=True,
    )
    async for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or []:
            name += (call.function and call.function.name) or ""
            arguments += (call.function and call.function.arguments) or ""
    assert name == "get_weather" and json.loads(arguments)["days"] == 2


async def test_no_tool_is_called_when_none_may_be(openai_client: AsyncOpenAI):
    reply = await openai_client.chat.completions.create(
        model="sim-chat",
        messages=[{"role": "user", "content": "get weather"}],
        tools=[WEATHER],
        tool_choice="none",
    )
    assert not reply.choices[0].message.tool_calls


async def test_no_tool_is_called_for_what_is_there_and_long_results_end_with_a_line(
    openai_client: AsyncOpenAI,
):
    shown = "Is the weather right in this?\n\n```python\ndef weather(): return 'rain'\n```"
    reply = await openai_client.chat.completions.create(
        model="sim-chat", messages=[{"role": "user", "content": shown}], tools=[WEATHER]
    )
    assert not reply.choices[0].message.tool_calls
    report = "```text\n" + "\n".join(f"hour {hour}: rain" for hour in range(100)) + "\n```"
    call: Any = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "user", "content": "weather in Oslo"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": report},
    ]
    passed = await openai_client.chat.completions.create(model="sim-chat", messages=messages, tools=[WEATHER])
    lines = (passed.choices[0].message.content or "").split("\n")
    end = lines.index("> …")
    assert lines[end - 1].endswith(": rain") and lines[end + 1] == "> ```"


async def test_structured_output_follows_its_schema(openai_client: AsyncOpenAI):
    class Person(BaseModel):
        name: str
        age: int
        tags: list[str]

    made = await openai_client.chat.completions.parse(
        model="sim-chat",
        messages=[{"role": "user", "content": "A person called Ada, 36"}],
        response_format=Person,
    )
    assert made.choices[0].message.parsed and made.choices[0].message.parsed.age == 36
    plain = await openai_client.chat.completions.create(
        model="sim-chat", messages=HELLO, response_format={"type": "json_object"}
    )
    assert json.loads(plain.choices[0].message.content or "")["simulated"] is True


async def test_limits(openai_client: AsyncOpenAI):
    short = await openai_client.chat.completions.create(model="sim-chat", messages=HELLO, max_tokens=4)
    assert short.choices[0].finish_reason == "length" and short.usage and short.usage.completion_tokens == 4
    stopped = await openai_client.chat.completions.create(model="sim-chat", messages=HELLO, stop=["twice"])
    assert stopped.choices[0].finish_reason == "stop" and "twice" not in (
        stopped.choices[0].message.content or ""
    )
    several = await openai_client.chat.completions.create(model="sim-chat", messages=HELLO, n=3)
    assert [choice.index for choice in several.choices] == [0, 1, 2]


async def test_completion_fills_the_middle(openai_client: AsyncOpenAI):
    made = await openai_client.completions.create(
        model="sim-fim", prompt="def add(a, b):\n    ", suffix="\n", max_tokens=64
    )
    assert made.choices[0].text == "return a, b"
    assert made.system_fingerprint == "halley-simulator"
    tokens = "<|fim_prefix|>def add(a, b):\n    <|fim_suffix|>\n<|fim_middle|>"
    by_tokens = await openai_client.completions.create(model="sim-fim", prompt=tokens, max_tokens=64)
    assert by_tokens.choices[0].text == "return a, b"


async def test_embeddings_are_near_for_near_texts(openai_client: AsyncOpenAI):
    texts = ["parse the configuration file", "parsing a configuration file", "a picture of a cat"]
    found = await openai_client.embeddings.create(model="sim-embed", input=texts)  # the SDK asks for base64
    one, two, other = (row.embedding for row in found.data)

    def product(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert product(one, two) > 0.5 > 0.2 > product(one, other)
    assert product(one, one) == pytest.approx(1, abs=1e-5)
    floats = await openai_client.embeddings.create(
        model="sim-embed", input=texts, encoding_format="float", dimensions=64
    )
    assert len(floats.data[0].embedding) == 64


async def test_an_image_is_a_png_of_its_size(openai_client: AsyncOpenAI):
    made = await openai_client.images.generate(model="sim-image", prompt="a red fox", size="1024x1024", n=2)
    first, second = (base64.b64decode(image.b64_json or "") for image in made.data or [])
    assert first != second
    width, height, rows = read_png(first)
    assert (width, height, len(rows)) == (1024, 1024, 1024 * (1024 * 3 + 1))


def read_png(data: bytes) -> tuple[int, int, bytes]:
    """Size and pixel rows; every checksum is checked."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    stream, packed, size = io.BytesIO(data[8:]), b"", (0, 0)
    while head := stream.read(8):
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        body = stream.read(length)
        assert int.from_bytes(stream.read(4), "big") == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
        packed += body if kind == b"IDAT" else b""
    return *size, zlib.decompress(packed)


async def test_pictures_in_a_message_are_taken_and_counted(openai_client: AsyncOpenAI):
    picture: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    reply = await openai_client.chat.completions.create(
        model="sim-chat",
        messages=[{"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}],
    )
    assert "1 picture" in (reply.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "sim-chat"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, openai.BadRequestError, "messages[0].role"),
        ({"temperature": 5}, openai.BadRequestError, "temperature"),
        ({"max_tokens": 0}, openai.BadRequestError, "max_tokens"),
        ({"extra_body": {"top_k": 3}}, openai.BadRequestError, "top_k"),
        ({"stream_options": {"include_usage": True}}, openai.BadRequestError, "stream_options"),
    ],
)
async def test_wrong_requests_are_answered_with_what_is_wrong(
    openai_client: AsyncOpenAI, change: Any, kind: Any, says: str
):
    with pytest.raises(kind) as caught:
        await openai_client.chat.completions.create(**({"model": "sim-chat", "messages": HELLO} | change))
    assert says in caught.value.body["message"]
    assert {"message", "type", "param", "code"} == set(caught.value.body)
    assert "request id: " in caught.value.body["message"]


async def test_a_key_is_needed(sim: Simulator):
    for key in ("nonsense", "sk-other"):
        async with AsyncOpenAI(base_url=sim.base_url, api_key=key, max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()
    async with Simulator(any_key=True) as other, httpx2.AsyncClient() as client:
        assert (await client.get(f"{other.base_url}/models")).status_code == 200
    async with Simulator(keys=["my-own"]) as other:
        assert (
            await AsyncOpenAI(base_url=other.base_url, api_key="my-own", max_retries=0).models.list()
        ).data


async def test_catalogue_and_quota(sim: Simulator):
    async with httpx2.AsyncClient() as client:
        catalogue = (await client.get(f"{sim.origin}/api/models")).json()
        assert catalogue["success"] and catalogue["total"] == len(catalogue["data"])
        assert all(row["pricing"]["currency"] for row in catalogue["data"])
        quota = (await client.get(f"{sim.origin}/user/quota", params={"key": KEY})).json()
        assert quota["total_quota"] > 0
        assert (await client.get(f"{sim.origin}/user/quota")).status_code == 401


async def test_wrong_paths_answer_as_gateways_do(sim: Simulator):
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
        missing_version = await client.post(f"{sim.origin}/chat/completions", json={})
        assert missing_version.headers["content-type"].startswith("text/html")
        assert (await client.post(f"{sim.base_url}/chat/completions/", json={})).status_code == 301
        unknown = await client.post(f"{sim.base_url}/chat/completion", json={})
        assert unknown.status_code == 404 and "Invalid URL" in unknown.json()["error"]["message"]


PREFIX, SUFFIX = "def add(a, b):\n    ", "\n"
BY_TOKENS = [
    "<|fim_prefix|>{p}<|fim_suffix|>{s}<|fim_middle|>",
    "<fim_prefix><file_sep>a.py\n{p}<fim_suffix>{s}<fim_middle>",
    "<｜fim▁begin｜>{p}<｜fim▁hole｜>{s}<｜fim▁end｜>",
    "<PRE> {p} <SUF>{s} <MID>",
    "[SUFFIX]{s}[PREFIX]{p}",
    "<[fim-suffix]>{s}<[fim-prefix]>{p}<[fim-middle]>",
]


@pytest.mark.parametrize("shape", BY_TOKENS)
async def test_a_models_own_tokens_are_read(sim: Simulator, shape: str):
    body = {
        "model": "sim-fim",
        "prompt": shape.format(p=PREFIX, s=SUFFIX),
        "max_tokens": 32,
        "stop": [str(n) for n in range(16)],
    }
    assert (await post(sim, "/v1/completions", body)).json()["choices"][0]["text"] == "return a, b"


async def test_other_forms_of_filling_in_the_middle(sim: Simulator):
    plain = {"model": "sim-fim", "prompt": PREFIX, "suffix": SUFFIX, "max_tokens": 32}
    assert (await post(sim, "/beta/completions", plain)).json()["choices"][0]["text"] == "return a, b"
    assert (await post(sim, "/v1/fim/completions", plain)).json()["choices"][0]["message"][
        "content"
    ] == "return a, b"
    infill = {
        "model": "sim-fim",
        "input_prefix": PREFIX,
        "input_suffix": SUFFIX,
        "n_predict": 2,
        "stream": True,
    }
    *pieces, last = map(json.loads, events_of((await post(sim, "/infill", infill)).text))
    assert "".join(piece["content"] for piece in pieces) == "return a" and not any(
        piece["stop"] for piece in pieces
    )
    assert last["stop"] and last["stop_type"] == "limit" and last["tokens_predicted"] == 2
    ollama = {
        "model": "sim-fim",
        "prompt": PREFIX,
        "suffix": SUFFIX,
        "stream": True,
        "options": {"num_predict": 50},
    }
    answer = await post(sim, "/api/generate", ollama)
    *parts, end = map(json.loads, answer.text.splitlines())
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert "".join(part["response"] for part in parts) == "return a, b" and end["done_reason"] == "stop"
