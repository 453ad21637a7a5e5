"""What the user reads when something is wrong: what happened, and what to do; never a traceback."""

from __future__ import annotations

import socket

import pytest


def test_nothing_configured(shell):
    ran = shell.spawn("ask", "hello")
    assert ran.code == 1 and ran.out == ""
    for word in ("halley key set", "COMETAPI_KEY", "halley simulator"):
        assert word in ran.err
    for command in ("verify", "use", "models"):
        failed = shell(command)
        assert failed.code == 1 and "halley key set" in failed.err
    assert shell("doctor").code == 1


def test_a_key_that_is_missing(halley, simulator_url):
    halley.configure(f'[providers.sim]\nbase_url = "{simulator_url}"\nkey = {{ env = "SIM_KEY" }}\n')
    halley("models")
    del halley.environ["SIM_KEY"]
    ran = halley("verify")
    assert ran.code == 1
    assert "SIM_KEY" in ran.out
    ran = halley("ask", "hello")
    assert ran.code == 1 and "SIM_KEY" in ran.err


def test_a_key_that_is_refused(halley):
    halley.environ["SIM_KEY"] = "sk-wrong-0123456789abcdef"
    ran = halley("verify")
    assert ran.code == 1 and "key" in ran.out
    ran = halley("ask", "hello")
    assert ran.code == 1
    assert "halley key set sim" in ran.err or "SIM_KEY" in ran.err
    assert "0123456789abcdef" not in ran.out + ran.err
    found = halley("usage", "--by", "problem", "--json").json
    assert {row["problem"]: row["calls"] for row in found["rows"]} == {"auth_failed": 1}


def test_a_wrong_address(halley, simulator_url):
    halley.configure(
        f'[providers.sim]\npreset = "simulator"\nbase_url = "{simulator_url}/nowhere#"\nkey = {{ env = "SIM_KEY" }}\n'
    )
    ran = halley("verify", "--model", "sim-chat")
    assert ran.code == 1
    assert "base_url" in ran.out


def test_a_host_that_does_not_answer(halley):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    halley.configure(f'[providers.sim]\npreset = "simulator"\nbase_url = "http://127.0.0.1:{port}/v1"\n')
    ran = halley("verify", "--model", "sim-chat")
    assert ran.code == 1
    assert "FAILED" in ran.out and "127.0.0.1" in ran.out


def test_a_model_that_vanished_is_reported_with_its_near_matches(halley):
    ran = halley("ask", "-m", "sim/sim-caht", "hello")
    assert ran.code == 1
    assert "sim-caht" in ran.err and "sim/sim-chat" in ran.err


@pytest.mark.parametrize("name", ["nosuch/model", "nosuch"])
def test_a_provider_there_is_none_of(halley, name):
    ran = halley("ask", "-m", name, "hello")
    assert ran.code == 1
    assert "nosuch" in ran.err


def test_a_home_that_cannot_be_written(halley):
    (halley.home / "data").write_text("a file where a folder should be")
    ran = halley("ask", "hello")
    assert ran.code == 1
    assert str(halley.home / "data") in ran.err


def test_a_wrong_setting_stops_no_command(halley):
    with (halley.home / "config.toml").open("a") as file:
        file.write("\n[completion]\nunknown_key = 1\n")
    assert halley("ask", "hello").code == 0
