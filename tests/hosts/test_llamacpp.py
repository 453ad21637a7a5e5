"""llama.cpp's own server: what its strict template refuses is never sent twice, and each of its protocols works.

The model is random, so only the road is judged, never the words.
"""

from __future__ import annotations

from typing import Any

import pytest

from halley.core.calls import EmbedPrompt, FimPrompt, Message, Prompt, Tool, ToolCall, assistant, system, user
from halley.core.errors import BadReply, ProviderUnavailable
from halley.core.events import Finish, TextDelta, Vectors
from halley.providers.facts import describe_model

TOOL = Tool("read", "Reads a file.", {"$schema": "https://json-schema.org/draft-07/schema", "type": "object"})
CONVERSATIONS: dict[str, tuple[Message, ...]] = {
    "a question": (user("Hello"),),
    "with a system message": (system("Be brief."), user("Hello")),
    "a second turn": (system("Be brief."), user("Hello"), assistant("Hi."), user("And now?")),
    "after a reply that failed": (system("Be brief."), user("Hello"), user("Hello?")),
    "a reply that was empty": (user("Hello"), assistant(""), user("Hello?")),
    "a reply first": (assistant("Hi."), user("Hello")),
}
KINDS = ("openai", "openai-responses", "anthropic")


async def run(provider: Any, prompt: Any, name: str = "tiny") -> list[Any]:
    """All events. Asked again as routing does: the server closes its connection a tenth of a millisecond after each
    stream, and a request that has gone out by then may have been taken."""
    model = describe_model(provider.endpoint, name)
    try:
        return [event async for event in provider.stream(model, prompt)]
    except ProviderUnavailable:
        return [event async for event in provider.stream(model, prompt)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", CONVERSATIONS)
@pytest.mark.parametrize("preset", ["llamacpp", "openai"])
async def test_every_conversation_is_taken(
    llamacpp: str, host_of: Any, kind: str, said: str, preset: str
) -> None:
    """Known by fact with the preset `llamacpp`, learned from the refusal without."""
    provider = host_of(llamacpp, preset, kind=kind)
    for _ in range(2):
        events = await run(provider, Prompt(CONVERSATIONS[said], max_tokens=8, temperature=0.0))
        assert isinstance(events[-1], Finish)
        assert events[-1].usage is not None and events[-1].usage.output_tokens > 0


@pytest.mark.parametrize("kind", KINDS)
async def test_tools_are_taken_and_their_results(llamacpp: str, host_of: Any, kind: str) -> None:
    provider = host_of(llamacpp, "llamacpp", kind=kind)
    call = Message("assistant", ("",), (ToolCall("call_1", "read", "{}"),))
    loop = (user("Read it."), call, Message("tool", ("text",), tool_call_id="call_1"))
    for messages in ((user("Read it."),), loop):
        try:
            events = await run(provider, Prompt(messages, max_tokens=64, temperature=0.0, tools=(TOOL,)))
            assert isinstance(events[-1], Finish)
        except BadReply as error:  # the JSON that the server makes the random model write is never whole
            assert "empty answer" in error.problem.message


async def test_it_fills_in_the_middle(llamacpp: str, host_of: Any) -> None:
    provider = host_of(llamacpp, "llamacpp")
    events = await run(provider, FimPrompt("def f(", "):\n", max_tokens=8), "codegemma-2b")
    assert isinstance(events[-1], Finish) and any(isinstance(event, TextDelta) for event in events)


async def test_it_says_which_window_it_works_with(llamacpp: str, host_of: Any) -> None:
    (model,) = await host_of(llamacpp, "llamacpp").list_models()
    assert (model.ref.name, model.context) == ("tiny", 512), "not the 8,192 it was trained for"


async def test_embeddings(llamacpp_embeddings: str, host_of: Any) -> None:
    events = await run(host_of(llamacpp_embeddings, "llamacpp"), EmbedPrompt(("one", "two")))
    (vectors,) = [event.vectors for event in events if isinstance(event, Vectors)]
    assert len(vectors) == 2 and len(vectors[0]) == 64
