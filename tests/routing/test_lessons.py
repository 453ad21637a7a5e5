"""What one process learned from a refusal the next one does not pay for again: the real wire and the real disk."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer, Received
from hypothesis import given
from hypothesis import strategies as st

from halley.core.calls import Call, Message, Prompt, Tool, ToolCall, system, user
from halley.core.events import Finish, TextDelta
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.providers.hosts.learning import DROPPABLE, Learned
from halley.providers.hosts.lessons import FRESH_S, facts_of_learned, learned_of
from halley.providers.refusals.subjects import KEYWORDS
from halley.routing.clock import Clock
from halley.stores.lessons import LessonStore

HELLO = f.stream({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]})
ANSWER = f.stream(
    {"type": "response.output_text.delta", "delta": "Hello"},
    {"type": "response.completed", "response": {"status": "completed", "object": "response"}},
)
MESSAGE = f.stream(
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    {"type": "message_stop"},
)
THOUGHT = f.stream(
    {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}, "finish_reason": "length"}]}
)
TOOL = Tool("read", "Reads.", {"$schema": "x", "type": "object", "additionalProperties": False})
CALLED = Message("assistant", ("",), (ToolCall("c1", "read", "{}"),))
PROMPT = Prompt(
    (system("Be brief."), user("One?"), user("Two?")), max_tokens=900, temperature=0.5, tools=(TOOL,)
)


def refuse(message: str, status: int = 400, **more: Any) -> Any:
    return [f.reply(status, {"error": {"message": message, **more}})]


def roles(body: Mapping[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def parameters(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body["tools"][0]["function"]["parameters"]


# What is wrong with a request, the refusal, and a good reply.
HOSTS: dict[str, tuple[str, Callable[[Received], bool], Any, Any]] = {
    "a parameter": (
        "openai",
        lambda r: "temperature" in r.json,
        refuse("Unsupported parameter: 'temperature' is not supported with this model.", param="temperature"),
        HELLO,
    ),
    "the name of the limit": (
        "openai",
        lambda r: "max_tokens" in r.json,
        refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", param="max_tokens"),
        HELLO,
    ),
    "a keyword of a schema": (
        "openai",
        lambda r: "$schema" in parameters(r.json),
        refuse("Invalid JSON payload: Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters'"),
        HELLO,
    ),
    "two turns in a row": (
        "openai",
        lambda r: roles(r.json).count("user") > 1,
        refuse("Conversation roles must alternate user/assistant/user/assistant/...", 500),
        HELLO,
    ),
    "a system message": ("openai", lambda r: "system" in roles(r.json), refuse("System role not supported"), HELLO),
    "another operation": (
        "openai",
        lambda r: r.path != "/v1/responses",
        refuse("This model is only supported in v1/responses and not in v1/chat/completions.", 404),
        ANSWER,
    ),
    "no Responses API": (
        "openai-responses",
        lambda r: r.path == "/v1/responses",
        refuse("The requested model 'm' cannot be used with the Responses API."),
        HELLO,
    ),
    "a reply too long": (
        "anthropic",
        lambda r: r.json["max_tokens"] > 4096,
        refuse("max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens", type="invalid_request_error"),
        MESSAGE,
    ),
    "marks for caching": (
        "anthropic",
        lambda r: b"cache_control" in r.body,
        refuse("messages.0.content.0.cache_control: Extra inputs are not permitted"),
        MESSAGE,
    ),
}  # fmt: skip


@pytest.fixture
def process() -> Callable[..., Any]:
    """`async with process(now=…) as ask`: a process of its own on the same disk."""

    @asynccontextmanager
    async def start(now: float | None = None) -> AsyncIterator[Callable[..., Awaitable[list[Any]]]]:
        room = EngineRoom.open(environ={**os.environ, "WORK_KEY": "sk-work-0000001"})
        if now is not None:
            room.stores.__dict__["clock"] = Clock(now=lambda: now)

        async def ask(url: str, prompt: Prompt = PROMPT, kind: str = "openai") -> list[Any]:
            provider = {"base_url": url, "kind": kind, "key": {"env": "WORK_KEY"}}
            settings = Settings.model_validate({"providers": {"work": provider}})
            call = Call(prompt, (ModelRef("work", "m"),), "test", settings)
            events = [event async for event in room.router.stream(call)]
            assert isinstance(events[-1], Finish)
            return events

        yield ask
        await room.aclose()

    return start


def lesson_files() -> list[Path]:
    return sorted(Path(os.environ["HALLEY_HOME"]).rglob("lessons/*.json"))


@pytest.mark.parametrize("name", HOSTS)
async def test_the_next_process_does_not_pay_for_the_refusal_again(process: Any, name: str) -> None:
    kind, is_wrong, refusal, good = HOSTS[name]
    prompt = PROMPT
    if kind == "anthropic":
        prompt = Prompt((system("Be brief. " * 400), user("One?")), tools=(TOOL,))

    async with FaultServer(choose=lambda request: refusal if is_wrong(request) else good) as host:
        requests: list[int] = []
        for _ in range(3):
            before = len(host.requests)
            async with process() as ask:
                assert TextDelta("Hello") in await ask(host.url, prompt, kind)
            requests.append(len(host.requests) - before)
    assert requests[0] > 1 and requests[1:] == [1, 1]


async def test_room_for_thinking_is_remembered_too(process: Any) -> None:
    def choose(request: Received) -> Any:
        return THOUGHT if request.json["max_tokens"] < 4000 else HELLO

    async with FaultServer(choose=choose) as host:
        async with process() as ask:
            await ask(host.url)
        async with process() as ask:
            assert TextDelta("Hello") in await ask(host.url)


async def test_after_a_week_the_host_is_asked_as_any_other(process: Any) -> None:
    _, is_wrong, refusal, good = HOSTS["a parameter"]
    async with FaultServer(choose=lambda request: refusal if is_wrong(request) else good) as host:
        for now, requests in ((1e9, 2), (1e9 + FRESH_S - 60, 3), (1e9 + FRESH_S + 60, 5), (1.0, 7)):
            async with process(now) as ask:
                await ask(host.url)
            assert len(host.requests) == requests, now


async def test_a_lesson_is_for_one_model_at_one_address(process: Any) -> None:
    _, is_wrong, refusal, good = HOSTS["a parameter"]
    async with (
        FaultServer(choose=lambda request: refusal if is_wrong(request) else good) as strict,
        FaultServer(good) as other,
    ):
        for _ in range(2):
            async with process() as ask:
                await ask(strict.url)
                await ask(other.url)
    assert "temperature" in other.requests[0].json and "temperature" in other.requests[1].json
    (file,) = lesson_files()
    assert file.stat().st_mode & 0o077 == 0 and list(json.loads(file.read_text())) == ["m"]


@pytest.mark.parametrize(
    "gone",
    [
        refuse("The requested model 'm' cannot be used with the Responses API."),
        [f.reply(404, {"detail": "Not Found"})],
    ],
)
async def test_a_model_that_moved_back_is_found(process: Any, gone: Any) -> None:
    """Another server may listen at the address by now; a new start must not be worse than a first one."""
    _, _, refusal, good = HOSTS["another operation"]
    moved = False

    def choose(request: Received) -> Any:
        at_responses = request.path == "/v1/responses"
        if moved:
            return gone if at_responses else HELLO
        return good if at_responses else refusal

    async with FaultServer(choose=choose) as host:
        async with process() as ask:
            await ask(host.url)
        moved = True
        async with process() as ask:
            assert TextDelta("Hello") in await ask(host.url)
            await ask(host.url)
    assert [request.path.rpartition("/")[2] for request in host.requests] == [
        "completions", "responses", "responses", "completions", "completions",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"m": {"drop": [[["stop", []]], NOW]}}',
        "{",
        "[]",
        '{"m": 1}',
        '{"m": {"drop": [["temperature"], "x"]}}',
        '{"m": {"drop": 3}}',
    ],
)
async def test_a_damaged_file_is_an_empty_one(process: Any, content: str) -> None:
    _, is_wrong, refusal, good = HOSTS["a parameter"]
    async with FaultServer(choose=lambda request: refusal if is_wrong(request) else good) as host:
        async with process() as ask:
            await ask(host.url)
        (file,) = lesson_files()
        file.write_text(content.replace("NOW", str(time.time())))
        for requests in (4, 5):
            async with process() as ask:
                await ask(host.url)
            assert len(host.requests) == requests


words = st.lists(st.sampled_from([*DROPPABLE, *sorted(KEYWORDS), "messages", "model", "tools", "x"]))
numbers = st.integers(-5, 5_000_000)
anything = st.recursive(st.none() | st.booleans() | numbers | st.text(max_size=3), st.lists, max_leaves=5)
names = st.sampled_from([*Learned.__dataclass_fields__, "x"])


@given(st.dictionaries(names, st.one_of(words, anything)))
def test_a_file_of_others_teaches_nothing_that_a_refusal_could_not(facts: dict[str, Any]) -> None:
    learned = learned_of(facts)
    assert learned.on_lesson is None
    assert not {"messages", "model", "tools"} & learned.drop and learned.schema_drop <= KEYWORDS
    again = learned_of(json.loads(json.dumps(facts_of_learned(learned))))
    assert again == learned


def test_two_processes_add_to_each_others_lessons(tmp_path: Path) -> None:
    one, other = LessonStore(tmp_path), LessonStore(tmp_path)
    one.save("p", "m", {"drop": ["stop"], "thinks": 4096}, FRESH_S)
    other.save("p", "m", {"drop": ["temperature"], "alternate": True}, FRESH_S)
    other.save("p", "n", {"no_fim": True}, FRESH_S)
    assert one.load("p", FRESH_S) == {
        "m": {"drop": ["stop", "temperature"], "thinks": 4096, "alternate": True},
        "n": {"no_fim": True},
    }
    assert one.load("q", FRESH_S) == {}
