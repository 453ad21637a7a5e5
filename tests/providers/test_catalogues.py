"""Catalogues with prices, quota, servers on this machine, and the endpoints that do not stream."""

from __future__ import annotations

import base64
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer, Peer
from wire_facts import KEY

from halley.core.errors import AuthFailed, BadReply
from halley.core.events import Image
from halley.core.media import MediaFile
from halley.core.models import Price
from halley.providers.hosts import quota
from halley.providers.hosts.discovery import find_local_servers, find_server, named_ports
from halley.providers.hosts.host import Host
from halley.providers.wires.openai_media import send_embeddings, send_images, send_speech, send_transcription


def by_path(**replies: Any) -> list[f.Action]:
    """Answers by the end of the path; 404 for the rest. `a__b` stands for `/a/b`."""

    async def act(peer: Peer) -> None:
        assert peer.request
        path = peer.request.path.partition("?")[0]
        for name, value in replies.items():
            if path == "/" + name.replace("__", "/"):
                await (value if callable(value) else f.reply(200, value))(peer)
                return
        await f.reply(404, {"detail": "Not Found"})(peer)

    return [act]


ROWS = [
    {"id": "gpt-5-mini", "code": "gpt-5-mini", "name": "GPT-5 mini", "model_type": "text", "features": ["vision", "tools"],
     "pricing": {"currency": "USD / M Tokens", "input": 0.2, "output": 1.6, "per_request": None, "per_second": None},
     "context_length": 400000, "max_completion_tokens": 128000},
    {"id": "Flux Pro", "code": "flux-pro", "model_type": "image", "features": None,
     "pricing": {"currency": "USD", "input": None, "output": None, "per_request": 0.04}},
    {"id": "veo", "code": "veo", "model_type": "video", "pricing": {"currency": "USD", "input": 0, "output": 0, "per_second": 0.1}},
    {"id": "yuan-model", "code": "yuan-model", "model_type": "text", "pricing": {"currency": "CNY / M Tokens", "input": 1, "output": 2}},
]  # fmt: skip
LISTED = {"data": [{"id": name} for name in ("gpt-5-mini", "flux-pro", "veo", "yuan-model", "unknown-one")]}


async def test_comet_prices(provider_of: Any) -> None:
    public = {"success": True, "page": 1, "total": 4, "data": ROWS}
    async with FaultServer(by_path(v1__models=LISTED, api__models=public)) as host:
        models = {model.ref.name: model for model in await provider_of(host.url, "comet").list_models()}
        sent = {request.path: request.headers for request in host.requests}
    assert "authorization" not in sent["/api/models"], "the published catalogue needs no key, so it gets none"
    assert models["gpt-5-mini"].price == Price(0.2, 1.6, source="provider")
    assert models["gpt-5-mini"].label == "GPT-5 mini" and models["gpt-5-mini"].context == 400_000
    assert models["gpt-5-mini"].capabilities["vision"] is True
    assert models["flux-pro"].price == Price(per_request=0.04, source="provider")
    assert models["flux-pro"].roles == {"image"} and models["veo"].roles == {"video"}
    assert models["veo"].price == Price(per_second=0.1, source="provider")
    assert models["yuan-model"].price is models["unknown-one"].price is None


async def test_all_pages_of_the_catalogue(provider_of: Any) -> None:
    async def page(peer: Peer) -> None:
        assert peer.request
        number = int(peer.request.path.partition("page=")[2] or 1)
        await f.reply(200, {"success": True, "total": 4, "data": ROWS[number * 2 - 2 : number * 2]})(peer)

    async with FaultServer(by_path(v1__models=LISTED, api__models=page)) as host:
        models = {model.ref.name: model for model in await provider_of(host.url, "comet").list_models()}
        assert models["gpt-5-mini"].price and models["veo"].roles == {"video"}


@pytest.mark.parametrize(
    "broken", [f.reply(500), f.reply(200, b"<html>", "text/html"), f.reply(200, {"data": [1, None]})]
)
async def test_a_catalogue_that_fails_costs_only_the_prices(provider_of: Any, broken: Any) -> None:
    async with FaultServer(by_path(v1__models=LISTED, api__models=broken)) as host:
        models = await provider_of(host.url, "comet").list_models()
        assert len(models) == 5 and not any(model.price for model in models)


async def test_a_list_that_fails_is_an_error(provider_of: Any) -> None:
    refused = f.reply(401, {"error": {"message": "no"}})
    async with FaultServer(by_path(v1__models=refused, api__models={"data": ROWS})) as host:
        with pytest.raises(AuthFailed):
            await provider_of(host.url, "comet").list_models()


async def test_openrouter_prices(provider_of: Any) -> None:
    entry = {
        "id": "openai/gpt-5-mini", "name": "OpenAI: GPT-5 Mini", "context_length": 400000,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.00000025", "completion": "0.000002", "input_cache_read": "0.000000025", "request": "0"},
        "top_provider": {"max_completion_tokens": 128000}, "supported_parameters": ["tools", "reasoning"],
    }  # fmt: skip
    auto = {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}}
    async with FaultServer([f.reply(200, {"data": [entry, auto]})]) as host:
        model, other = await provider_of(host.url, "openrouter").list_models()
    assert model.price == Price(0.25, 2.0, 0.025, source="provider")
    assert (model.context, model.max_output, model.label) == (400_000, 128_000, "OpenAI: GPT-5 Mini")
    assert model.capabilities["tools"] and model.capabilities["vision"] and model.capabilities["reasoning"]
    assert other.price is None


async def test_quota(http: Any, endpoint_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def get_key() -> str:
        return KEY

    said = {"total_quota": 7.5, "total_used_quota": 2.5, "request_count": 12, "keys": []}
    async with FaultServer(
        by_path(user__quota=said, api__v1__credits={"data": {"total_credits": 10, "total_usage": 4}})
    ) as host:
        comet = Host(endpoint_of(host.url, "comet"), http, get_key)
        assert await quota.find_quota(comet) is None, "a key goes to the query host of its own host only"
        assert host.requests == []
        monkeypatch.setitem(quota.QUOTA_HOSTS, host.origin, host.origin)
        found = await quota.find_quota(comet)
        assert found == {"total": 10.0, "used": 2.5, "left": 7.5, "currency": "USD", "requests": 12}
        assert "authorization" not in host.requests[0].headers
        router = Host(endpoint_of(host.origin, "openrouter"), http, get_key)
        assert await quota.find_quota(router) == {
            "total": 10.0,
            "used": 4.0,
            "left": 6.0,
            "currency": "USD",
        }


def a_key(**facts: Any) -> dict[str, Any]:
    """What LiteLLM says of a virtual key."""
    facts = {"key_alias": "ann", "spend": 2.5, "max_budget": None, "budget_reset_at": None, **facts}
    return {"key": "sk-...abcd", "info": facts}


LATER = "2026-12-01T00:00:00Z"
KEYS_OF_LITELLM: list[tuple[Any, dict[str, Any] | None]] = [
    (
        a_key(max_budget=10.0, budget_reset_at=LATER),
        {"total": 10.0, "used": 2.5, "left": 7.5, "currency": "USD", "resets": "2026-12-01"},
    ),
    (
        a_key(litellm_budget_table={"max_budget": 4, "budget_reset_at": "2026-11-30T12:30:00+02:00"}),
        {"total": 4.0, "used": 2.5, "left": 1.5, "currency": "USD", "resets": "2026-11-30 10:30 UTC"},
    ),
    (a_key(max_budget=0.0), {"total": 0.0, "used": 2.5, "left": -2.5, "currency": "USD"}),
    (a_key(budget_reset_at=12, litellm_budget_table="none"), {"used": 2.5, "currency": "USD"}),
    (a_key(spend=None), None),
    (["nothing", "of", "the", "kind"], None),
]


@pytest.mark.parametrize("path", ["", "/behind/a/path"])
@pytest.mark.parametrize(("said", "found"), KEYS_OF_LITELLM)
async def test_the_budget_of_a_virtual_key(
    http: Any, endpoint_of: Any, said: Any, found: Any, path: str
) -> None:
    async def get_key() -> str | None:
        return KEY

    answers = {f"{path.strip('/').replace('/', '__')}{'__' if path else ''}key__info": said}
    async with FaultServer(by_path(**answers)) as host:
        proxy = Host(endpoint_of(f"{host.origin}{path}/v1", "litellm"), http, get_key)
        assert await quota.find_quota(proxy) == found
        assert host.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", quota.NO_VIRTUAL_KEYS)
async def test_a_proxy_without_virtual_keys_reports_no_budget(
    http: Any, endpoint_of: Any, status: int
) -> None:
    async def get_key() -> str | None:
        return KEY

    said = {
        "error": {"message": "Database not connected. Connect a database", "type": "internal_server_error"}
    }
    async with FaultServer([f.reply(status, said)]) as host:
        assert (
            await quota.find_quota(Host(endpoint_of(f"{host.origin}/v1", "litellm"), http, get_key)) is None
        )


async def test_a_wrong_key_of_a_proxy_is_said(http: Any, endpoint_of: Any) -> None:
    async def get_key() -> str | None:
        return KEY

    said = {"error": {"message": "Authentication Error, Invalid proxy server token passed", "code": "401"}}
    async with FaultServer([f.reply(401, said)]) as host:
        with pytest.raises(AuthFailed):
            await quota.find_quota(Host(endpoint_of(f"{host.origin}/v1", "litellm"), http, get_key))


# --- servers on this machine

IDENTITIES: dict[str, dict[str, Any]] = {
    "ollama": {"api__version": {"version": "0.12.0"}, "api__tags": {"models": []}},
    "lmstudio": {"api__v0__models": {"data": [{"id": "m", "state": "not-loaded"}]}},
    "llamacpp": {"props": {"default_generation_settings": {}, "total_slots": 1}},
    "vllm": {"v1__models": {"data": [{"id": "m", "owned_by": "vllm"}]}, "version": {"version": "0.11.0"}},
    "litellm": {"health__liveliness": "I'm alive!"},
}


@pytest.mark.parametrize("name", IDENTITIES)
async def test_local_servers_are_known_by_their_answers(http: Any, name: str) -> None:
    async with FaultServer(by_path(**IDENTITIES[name])) as server:
        found = [await find_server(http, other, server.port) for other in IDENTITIES]
        assert [endpoint.id for endpoint in found if endpoint] == [name]
        assert all("authorization" not in request.headers for request in server.requests)


@pytest.mark.parametrize(
    "script",
    [
        [f.reply(200, b"<html>hello</html>", "text/html")],
        [f.reply(200, {"data": []})],
        [f.reply(401)],
        [f.close()],
        [f.send(b"SSH-2.0\r\n")],
    ],
)
async def test_others_are_not_taken_for_one(http: Any, script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halley.providers.hosts.discovery.ANSWER_S", 0.2)
    async with FaultServer(script) as server:
        ports = dict.fromkeys(IDENTITIES, server.port)
        assert await find_local_servers(http, ports) == ()


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("127.0.0.1:11500", 11500),
        ("0.0.0.0:11500", 11500),
        (":11500", 11500),
        ("http://localhost:11500/", 11500),
        ("[::1]:11500", 11500),
        ("127.0.0.1", None),
        ("", None),
        ("gpu.example.com:11500", None),
        ("127.0.0.1:port", None),
        ("[::1", None),
        ("127.0.0.1:99999999", None),
    ],
)
def test_ollama_is_looked_for_where_its_variable_says(address: str, port: int | None) -> None:
    assert named_ports({"OLLAMA_HOST": address}) == ({"ollama": port} if port else {})


async def test_no_server_listens(http: Any) -> None:
    async with FaultServer() as gone:
        port = gone.port
    assert await find_local_servers(http, dict.fromkeys(IDENTITIES, port)) == ()


# --- endpoints that do not stream


async def send_to(http: Any, endpoint_of: Any, host: FaultServer) -> Host:
    async def get_key() -> str:
        return KEY

    return Host(endpoint_of(host.url), http, get_key)


async def test_embeddings(http: Any, endpoint_of: Any) -> None:
    packed = base64.b64encode(b"\x00\x00\x80\x3f\x00\x00\x00\x40").decode()
    said = {
        "data": [{"index": 1, "embedding": packed}, {"index": 0, "embedding": [0.5, 1]}],
        "usage": {"prompt_tokens": 4},
    }
    async with FaultServer([f.reply(200, said)]) as server:
        found = await send_embeddings(await send_to(http, endpoint_of, server), "embed-1", ["a", "b"])
        assert found.vectors == ((0.5, 1.0), (1.0, 2.0))
        assert found.usage and found.usage.input_tokens == 4
        assert server.requests[0].json == {
            "model": "embed-1",
            "input": ["a", "b"],
            "encoding_format": "float",
        }
        with pytest.raises(BadReply):
            await send_embeddings(await send_to(http, endpoint_of, server), "embed-1", ["a", "b", "c"])


async def test_images(http: Any, endpoint_of: Any) -> None:
    said = {
        "data": [{"b64_json": "AAEC"}, {"url": "https://a.example/x.png"}, {"url": "file:///etc/passwd"}],
        "output_format": "webp",
    }
    async with FaultServer([f.reply(200, said)], [f.reply(200, {"data": []})]) as server:
        host = await send_to(http, endpoint_of, server)
        found = await send_images(host, "gpt-image-1", "A fox", size="1024x1024")
        assert found.images == (
            Image("image/webp", b"\x00\x01\x02"),
            Image("image/webp", url="https://a.example/x.png"),
        )
        assert server.requests[0].json == {
            "model": "gpt-image-1",
            "prompt": "A fox",
            "n": 1,
            "size": "1024x1024",
        }
        with pytest.raises(BadReply):
            await send_images(host, "dall-e-3", "A fox")
        assert server.requests[1].json["response_format"] == "b64_json"


async def test_speech_and_transcription(http: Any, endpoint_of: Any) -> None:
    async with FaultServer(
        [f.reply(200, b"ID3...", "audio/mpeg")],
        [f.reply(200, {"error": {"message": "no", "code": 401}})],
        [f.reply(200, {"text": "hello"})],
    ) as server:
        host = await send_to(http, endpoint_of, server)
        assert (await send_speech(host, "tts-1", "hello")).data == b"ID3..."
        with pytest.raises(AuthFailed):
            await send_speech(host, "tts-1", "hello")
        sound = MediaFile("audio/wav", b"RIFF\r\n--", 'a"b.wav')
        assert (await send_transcription(host, "whisper-1", sound))[0] == "hello"
        sent = server.requests[2]
        boundary = sent.headers["content-type"].partition("boundary=")[2].encode()
        assert sent.body.count(b"--" + boundary) == 4
        assert b'filename="ab.wav"' in sent.body and b"RIFF\r\n--" in sent.body
