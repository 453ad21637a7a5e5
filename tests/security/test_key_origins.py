"""A key goes to the host it belongs to, whatever letters its name is made of; where anyone can read it, the user is warned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from halley.core.calls import Caller
from halley.features.doctor import check
from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.features.verify import verify
from halley.stores.keys.origins import normalise_origin, same_origin

Tried = Callable[..., None]

LOOKALIKES = [
    ("faß.de", "fass.de"),
    ("βόλος.com", "βόλοσ.com"),
    ("نامه\u200cای.com", "نامهای.com"),
    ("ශ්\u200dරී.com", "ශ්රී.com"),
    ("аpi.example.com", "api.example.com"),
    ("api.examp1e.com", "api.example.com"),
    ("xn--fa-hia.de", "fass.de"),
    ("münchen.de", "munchen.de"),
    ("api.example.com.evil.de", "api.example.com"),
]
LETTERS = "aßſſéςσ\u200c\u200dаıİk\u212a.-1ünß日本"


@pytest.mark.parametrize(("one", "other"), LOOKALIKES)
def test_hosts_that_look_alike_share_no_key(one: str, other: str) -> None:
    assert not same_origin(f"https://{one}/v1", f"https://{other}/v1")


def test_one_host_written_in_two_ways_is_one() -> None:
    assert same_origin("https://faß.de", "https://xn--fa-hia.de:443/v1")
    assert same_origin("https://MÜNCHEN.de", "https://xn--mnchen-3ya.de.")


@settings(max_examples=400)
@given(
    st.text(LETTERS, min_size=1, max_size=12), st.sampled_from(["", "user@", "a:b@", "@", "\\@", "#@", "%40"])
)
@example("faß.de", "")
def test_a_key_belongs_to_the_host_the_wire_connects_to(tried: Tried, host: str, before: str) -> None:
    tried()
    address = f"https://{before}{host}/v1"
    try:
        connected = httpx.URL(address).raw_host.decode()
        belongs = normalise_origin(address)
    except (ValueError, httpx.InvalidURL):
        return
    assert belongs == f"https://{connected.rstrip('.')}:443"


PLAIN = [
    ("http://models.example.test/v1", True),
    ("HTTP://models.example.test/v1", True),
    ("http://192.168.7.9:8080/v1", True),
    ("http://[2001:db8::1]/v1", True),
    ("https://models.example.test/v1", False),
    ("http://127.0.0.1:9/v1", False),
    ("http://localhost:9/v1", False),
    ("http://[::1]:9/v1", False),
]


@pytest.mark.parametrize(("address", "is_open"), PLAIN)
@pytest.mark.parametrize("key", ["sk-mine-1234567890", ""])
async def test_keys_sent_in_the_open_are_reported(
    halley_home: Path, monkeypatch: pytest.MonkeyPatch, address: str, is_open: bool, key: str
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    (halley_home / "config.toml").write_text(
        f'[providers.mine]\nkind = "openai"\nbase_url = "{address}"\nkey = {{ env = "MY_KEY" }}\n'
        'connect_timeout_s = 0.01\nfirst_byte_timeout_s = 0.01\nproxy = "http://127.0.0.1:9"\n'
    )
    room = EngineRoom.open()
    shared = Shared(room)
    found = room.settings(None)
    report = await check(shared, found, Caller())
    told = [problem for problem in report["problems"] if "without encryption" in problem["message"]]
    assert bool(told) == (is_open and bool(key))
    assert key not in str(report) or not key
    if key:
        steps = (await verify(room, found, Caller(), "mine", "some-model"))["steps"]
        (shown,) = [step for step in steps if step["name"] == "encryption"] or [None]
        assert bool(shown) == is_open
        if shown:
            assert shown["ok"] and shown["problem"]["setting"] == "providers.mine.base_url"
    await shared.aclose()
    await room.aclose()
