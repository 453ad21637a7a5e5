"""Base URLs as people paste them, presets, and what is known of models by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.errors import NotConfigured, ProxyFailed
from halley.core.settings import KeySource, ProviderSettings
from halley.providers.facts import describe_model, fim_form
from halley.providers.http.proxies import find_proxy
from halley.providers.presets import CATALOG, PRESETS, load_catalog_file, load_preset, resolve_endpoint
from halley.providers.urls import is_loopback, join_url, normalize_base_url, origin_of
from halley.providers.wires.fim import find_form


@pytest.mark.parametrize(
    ("pasted", "works"),
    [
        ("https://api.cometapi.com", "https://api.cometapi.com/v1"),
        ("https://api.cometapi.com/", "https://api.cometapi.com/v1"),
        (" https://api.cometapi.com/v1/ ", "https://api.cometapi.com/v1"),
        ("https://API.CometAPI.com/v1", "https://api.cometapi.com/v1"),
        ("https://api.cometapi.com/v1/chat/completions", "https://api.cometapi.com/v1"),
        ("https://api.cometapi.com/chat/completions", "https://api.cometapi.com/v1"),
        ("https://api.cometapi.com/v1/models/", "https://api.cometapi.com/v1"),
        ("https://api.cometapi.com//v1//", "https://api.cometapi.com/v1"),
        ("https://host/api", "https://host/api/v1"),
        ("https://host/api/v3", "https://host/api/v3"),
        ("https://host/v1beta/openai", "https://host/v1beta/openai"),
        ("https://host/odd/place#", "https://host/odd/place"),
        ("https://host/odd/chat/completions#", "https://host/odd"),
        ("https://host#", "https://host"),
        ("https://host/deployments/x?api-version=1", "https://host/deployments/x/v1?api-version=1"),
        ("localhost:8080", "http://localhost:8080/v1"),
        ("127.0.0.1:1234/v1", "http://127.0.0.1:1234/v1"),
        ("192.168.1.5:8000", "http://192.168.1.5:8000/v1"),
        ("api.example.com", "https://api.example.com/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("[fd12::7]:8080", "http://[fd12::7]:8080/v1"),
        ("https://models.github.ai/inference/chat/completions", "https://models.github.ai/inference"),
        ("https://host/beta/completions", "https://host/beta"),
        (
            "https://gate.example/openai/deployments/d/chat/completions?api-version=2024-10-21",
            "https://gate.example/openai/deployments/d?api-version=2024-10-21",
        ),
        ("https://host/v1/responses", "https://host/v1"),
        ("https://host/v1/messages/", "https://host/v1"),
        ("http://localhost:11434/api/chat", "http://localhost:11434/v1"),
    ],
)
def test_pasted_base_urls(pasted: str, works: str) -> None:
    assert normalize_base_url(pasted) == works
    assert normalize_base_url(works + "#") == works, "what came out is taken as it is"


@pytest.mark.parametrize(
    "pasted", ["", "ftp://host/v1", "https://", "http://host:99999/", "https://me:pw@host/v1", "http://a b/"]
)
def test_unusable_base_urls(pasted: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        normalize_base_url(pasted, setting="providers.x.base_url")
    assert caught.value.problem.setting == "providers.x.base_url"
    assert "pw" not in str(caught.value.problem)


@given(st.text(max_size=30))
def test_any_text_as_base_url(text: str) -> None:
    try:
        url = normalize_base_url(text)
    except NotConfigured:
        return
    assert origin_of(url).startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("preset", "pasted", "works"),
    [
        ("openrouter", "https://openrouter.ai", "https://openrouter.ai/api/v1"),
        ("openrouter", "https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
        ("groq", "https://api.groq.com", "https://api.groq.com/openai/v1"),
        ("azure", "https://x.openai.azure.com/", "https://x.openai.azure.com/openai/v1"),
        (
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        ("anthropic", "https://api.anthropic.com", "https://api.anthropic.com/v1"),
        ("anthropic", "https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"),
        (
            "azure",
            "https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
            "https://x.openai.azure.com/openai/v1",
        ),
        ("openrouter", "https://openrouter.ai/api/chat/completions", "https://openrouter.ai/api/v1"),
        (
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
    ],
)
def test_pasted_for_a_preset(preset: str, pasted: str, works: str) -> None:
    assert resolve_endpoint(preset, ProviderSettings(base_url=pasted), {}).base_url == works


@pytest.mark.parametrize(
    ("pasted", "kind", "auth"),
    [
        ("https://host/v1/chat/completions", "openai", "bearer"),
        ("https://host/v1/responses", "openai-responses", "bearer"),
        ("https://host/v1/messages", "anthropic", "x-api-key"),
        ("https://host/v1", "openai", "bearer"),
        ("https://x.openai.azure.com/openai/v1/responses?api-version=preview", "openai-responses", "api-key"),
        ("https://x.openai.azure.com/openai/deployments/d/chat/completions", "openai", "api-key"),
        ("https://x.openai.azure.com.evil.example/openai/v1", "openai", "bearer"),
    ],
)
def test_an_endpoint_pasted_whole_says_its_protocol(pasted: str, kind: str, auth: str) -> None:
    endpoint = resolve_endpoint("work", ProviderSettings(base_url=pasted), {"AZURE_OPENAI_API_KEY": "x"})
    assert (endpoint.kind, endpoint.quirks.auth, endpoint.keys) == (kind, auth, ())
    assert resolve_endpoint("work", ProviderSettings(base_url=pasted, kind="openai"), {}).kind == "openai"


@pytest.mark.parametrize("address", ["[::1]:8080", "localhost:8080", "api.example.com", "10.0.0.1:1/v1"])
def test_an_address_without_a_scheme_may_be_configured(address: str) -> None:
    assert resolve_endpoint("work", ProviderSettings(base_url=address), {}).base_url.endswith("/v1")


def test_origins() -> None:
    assert origin_of("https://API.example.com:443/v1") == "https://api.example.com"
    assert origin_of("http://[::1]:8080/v1") == "http://[::1]:8080"
    assert join_url("https://h/v1?a=b", "/models") == "https://h/v1/models?a=b"
    assert (
        is_loopback("http://127.9.9.9:1/")
        and is_loopback("http://localhost./")
        and is_loopback("http://[::1]/")
    )
    assert not is_loopback("http://127.0.0.1.example.com/") and not is_loopback(
        "http://localhost.example.com/"
    )


def test_every_preset_is_whole() -> None:
    files = {path.stem for path in CATALOG.glob("*.toml")} - {"models", "fim", "next"}
    assert files == set(PRESETS)
    for name in PRESETS:
        preset = load_preset(name)
        assert preset and preset.label and preset.about
        address = preset.base_url or "https://x.example.com"
        endpoint = resolve_endpoint(name, ProviderSettings(base_url=address), {})
        assert endpoint.base_url == normalize_base_url(endpoint.base_url, endpoint.quirks.version_path)
        assert endpoint.base_url == (preset.base_url or endpoint.base_url)
        form = fim_form(endpoint, {"fim_trained": True, "fim_tokens": "qwen"})
        assert not form or find_form(form)
    for row in load_catalog_file("models")["models"]:
        assert not row.get("fim_tokens") or row["fim_tokens"] in load_catalog_file("fim")


def test_settings_over_preset() -> None:
    own = ProviderSettings(
        label="Mine",
        key=KeySource(env="MY_KEY"),  # type: ignore[call-arg]
        headers={"X": "1"},
        concurrency=3,
    )
    endpoint = resolve_endpoint("comet", own, {"COMETAPI_BASE_URL": "https://mirror.example"})
    assert (endpoint.label, endpoint.base_url) == ("Mine", "https://mirror.example/v1")
    assert [key.env for key in endpoint.keys] == ["MY_KEY"]
    assert endpoint == resolve_endpoint("comet", own, {"COMETAPI_BASE_URL": "https://mirror.example"})
    assert hash(endpoint) is not None


def test_comet_by_the_anthropic_protocol() -> None:
    endpoint = resolve_endpoint("claude", ProviderSettings(preset="comet", kind="anthropic"), {})
    assert endpoint.url("/messages") == "https://api.cometapi.com/v1/messages"
    assert endpoint.quirks.auth == "x-api-key"


@pytest.mark.parametrize(
    ("id", "settings", "setting"),
    [
        ("mine", ProviderSettings(), "providers.mine.base_url"),
        ("azure", None, "providers.azure.base_url"),
        ("mine", ProviderSettings(preset="nope"), "providers.mine.preset"),
    ],
)
def test_what_is_missing_is_named(id: str, settings: ProviderSettings | None, setting: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        resolve_endpoint(id, settings, {})
    assert caught.value.problem.setting == setting


def test_an_unusable_address_in_the_environment() -> None:
    with pytest.raises(NotConfigured) as caught:
        resolve_endpoint("comet", None, {"COMETAPI_BASE_URL": "ftp://x"})
    assert caught.value.problem.setting == "COMETAPI_BASE_URL"


@pytest.mark.parametrize(
    ("name", "roles", "group"),
    [
        ("gpt-5-mini", {"chat", "edit", "fast"}, "OpenAI"),
        ("openai/gpt-5-mini", {"chat", "edit", "fast"}, "OpenAI"),
        ("claude-sonnet-4-5-20250929", {"chat", "edit", "fast"}, "Anthropic"),
        ("text-embedding-3-small", {"embed"}, "OpenAI"),
        ("bge-m3", {"embed"}, "Other"),
        ("gpt-image-1", {"image"}, "OpenAI"),
        ("gpt-4o-image-vip", {"image"}, "OpenAI"),
        ("flux-kontext-pro", {"image"}, "Black Forest Labs"),
        ("gpt-4o-mini-tts", {"speech"}, "OpenAI"),
        ("whisper-1", {"transcribe"}, "OpenAI"),
        ("omni-moderation-latest", set(), "OpenAI"),
        ("veo3-pro", {"video"}, "Google"),
        ("mj_fast_imagine", {"image"}, "Midjourney"),
        ("codestral-latest", {"chat", "edit", "fast", "complete"}, "Mistral"),
        ("deepseek-chat", {"chat", "edit", "fast"}, "DeepSeek"),
        ("some-lab/some-model", {"chat", "edit", "fast"}, "some-lab"),
    ],
)
def test_known_by_name(name: str, roles: set[str], group: str) -> None:
    model = describe_model(resolve_endpoint("comet", None, {}), name)
    assert (model.roles, model.group) == (roles, group)


@pytest.mark.parametrize(
    ("preset", "name", "form"),
    [
        ("mistral", "codestral-latest", "mistral"),
        ("comet", "codestral-latest", "suffix"),
        ("deepseek", "deepseek-chat", "deepseek"),
        ("ollama", "qwen2.5-coder:7b-base", "ollama"),
        ("ollama", "llama3.1:8b", None),
        ("vllm", "Qwen/Qwen2.5-Coder-7B", "tokens:qwen"),
        ("vllm", "bigcode/starcoder2-3b", "tokens:starcoder"),
        ("lmstudio", "deepseek-coder-6.7b-base", "tokens:deepseek-coder"),
        ("lmstudio", "codellama-7b-instruct", None),
        ("llamacpp", "codegemma-2b", "llamacpp"),
        ("openai", "gpt-3.5-turbo-instruct", "suffix"),
        ("openai", "gpt-4o", None),
    ],
)
def test_fim_forms(preset: str, name: str, form: str | None) -> None:
    model = describe_model(resolve_endpoint(preset, None, {}), name)
    assert model.capabilities.get("fim") == form
    assert ("complete" in model.roles) == (form is not None)


def test_reasoning_models_lose_what_they_reject() -> None:
    endpoint = resolve_endpoint("comet", None, {})
    thinking, chatting = (
        describe_model(endpoint, name).capabilities for name in ("gpt-5-mini", "gpt-5-chat-latest")
    )
    assert {"temperature", "stop"} <= set(thinking["drop"]) and thinking[
        "token_limit"
    ] == "max_completion_tokens"
    assert "drop" not in chatting and "token_limit" not in chatting


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({"https_proxy": "http://p:1"}, "https://a.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https://a.example/v1", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://a.example/v1", None),
        ({"all_proxy": "http://p:1"}, "https://a.example/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://a.example/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example"}, "https://a.example/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": ".example"}, "https://a.example/v1", None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "*"}, "https://a.example/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "ample"}, "https://a.example/v1", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example:8443"}, "https://a.example/v1", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example:8443"}, "https://a.example:8443/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example:443"}, "https://a.example/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example:8443"}, "https://a.example:9/v1", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, "https://10.1.2.3/v1", None),
        ({"https_proxy": "http://p:1"}, "https://127.0.0.1:5/v1", None),
        ({"https_proxy": "http://p:1"}, "https://[0:0:0:0:0:0:0:1]:5/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "[fd00::1]:5"}, "https://[fd00::1]:5/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "fd00::1"}, "https://[fd00::1]:5/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "[fd00::1]:6"}, "https://[fd00::1]:5/v1", "http://p:1"),
        ({"all_proxy": "socks5h://p:1"}, "https://a.example/v1", "socks5h://p:1"),
    ],
)
def test_proxies_of_the_environment(environ: dict[str, str], url: str, proxy: str | None) -> None:
    endpoint = resolve_endpoint("x", ProviderSettings(base_url=url), {})
    found = find_proxy(endpoint, environ)
    assert (found and found.url) == proxy


@pytest.mark.parametrize("address", ["socks6://p:1", "socks5://", "http://", "http://[::1", "ftp://p"])
def test_an_unusable_proxy(address: str) -> None:
    endpoint = resolve_endpoint("x", ProviderSettings(base_url="https://a.example/v1"), {})
    with pytest.raises(ProxyFailed) as caught:
        find_proxy(endpoint, {"https_proxy": address})
    assert caught.value.problem.setting == "https_proxy"


def test_an_empty_proxy_is_none_whatever_the_environment_says() -> None:
    environ = {"https_proxy": "http://p:1", "all_proxy": "http://p:2"}
    endpoint = resolve_endpoint("x", ProviderSettings(base_url="https://a.example/v1", proxy=""), {})
    assert find_proxy(endpoint, environ) is None
    with pytest.raises(ValueError, match="address"):
        ProviderSettings(base_url="")
