"""What must hold for editors that join a daemon without having been asked: no one notices, and a restart is one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from unittest.mock import Mock

import fault_server as f
import pytest
from strict_host import openai_chunks

import halley
from halley.joining import join, place
from halley.joining.place import Silent, find_place, make_folder
from halley.joining.retire import retire
from halley.lsp.joined import porter
from joined import Editors, gone, leave

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="unix sockets, and /proc to look into")

RETIRE = (sys.executable, "-m", "halley", "serve", "--retire")


def run(editors: Editors, *command: str, umask: int = -1) -> str:
    done = subprocess.run(
        command, env=editors.environ, capture_output=True, text=True, check=True, umask=umask
    )
    return done.stdout


# -- a restart


async def test_who_restarts_gets_a_new_daemon_and_the_others_keep_theirs(editors: Editors) -> None:
    one, other = await editors.opened(), await editors.opened()
    before = editors.daemon
    assert await leave(one) == 0
    assert "takes no more editors" in await asyncio.to_thread(run, editors, *RETIRE)
    assert editors.about() is None
    one = await editors.opened()
    assert editors.daemon != before
    assert (await other.result("halley/doctor", {}))["version"]
    assert await leave(other) == 0
    await gone(before)
    assert await leave(one) == 0


async def test_the_last_editors_restart_ends_its_old_daemon(editors: Editors) -> None:
    one = await editors.opened()
    before = editors.daemon
    assert await leave(one) == 0
    await asyncio.to_thread(run, editors, *RETIRE)
    await gone(before)
    assert "No shared daemon runs" in await asyncio.to_thread(run, editors, *RETIRE)


async def test_a_restart_leaves_a_daemon_that_hangs(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await editors.opened()
    hung = editors.daemon
    os.kill(hung, signal.SIGSTOP)
    try:
        monkeypatch.setattr(join, "ANSWERS_WITHIN_S", 0.2)
        assert retire(editors.environ)
        two = await editors.opened()
        assert editors.daemon != hung, "a new daemon, not a process of its own"
        assert await leave(two) == 0
    finally:
        os.kill(hung, signal.SIGCONT)
    assert await leave(one) == 0
    os.kill(hung, signal.SIGTERM)  # it is idle, and no one finds it
    await gone(hung)


def test_a_daemon_whose_loop_does_not_turn_keeps_no_one_waiting(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try ends it, not the third: an editor waits for as long as one takes."""
    where = editors.place
    make_folder(where.folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(where.socket)
        listener.listen()
        monkeypatch.setattr(porter, "TURNS_WITHIN_S", 0.01)
        monkeypatch.setattr(join, "ANSWERS_WITHIN_S", 60)
        at_the_door = porter.Porter(listener, where)
        at_the_door._loop = Mock()
        at_the_door.open()
        with pytest.raises(Silent):
            join.find_daemon(where)


# -- no one notices


async def test_each_editors_requests_go_by_its_own_proxy(editors: Editors) -> None:
    def answer(request: f.Received) -> f.Script:
        return f.stream(*openai_chunks("Yes.")) if request.method == "POST" else [f.reply(404, {})]

    async with f.FaultServer(choose=answer) as one, f.FaultServer(choose=answer) as two:
        (editors.home / "config.toml").write_text(
            '[providers.host]\nkind = "openai"\nbase_url = "http://models.invalid/v1"\nkey = { env = "K" }\n'
            '[roles]\nchat = ["host/m"]\nfast = ["host/m"]\n[search]\nenabled = false\n'
        )
        for words, proxy in (("first", one), ("second", two)):
            client = await editors.opened(K="sk-test", HTTP_PROXY=proxy.url)
            answered = await client.result("halley/chat/send", {"prompt": words})
            assert answered["replies"][0]["status"] == "complete", answered
        assert editors.about().sessions == 2  # pyright: ignore[reportOptionalMemberAccess]
        said = [[str(r.body) for r in proxy.requests if r.method == "POST"] for proxy in (one, two)]
        assert any("first" in body for body in said[0]) and not any("second" in body for body in said[0])
        assert any("second" in body for body in said[1]) and not any("first" in body for body in said[1])


async def test_a_daemon_that_keeps_crashing_is_left_for_a_while(editors: Editors) -> None:
    """What one editor does may be what kills it; the others are not to die with that one for ever."""
    make_folder(editors.place.folder)
    crashes = Path(editors.place.crashes)
    crashes.write_text(f"{time.time():.3f}\n" * 2)
    client = await editors.opened()
    await client.result("halley/models/selection", {})
    os.kill(editors.daemon, signal.SIGKILL)
    assert await client.exit_code() == 1
    for _ in range(2):
        client = await editors.opened()
        assert (await client.result("halley/doctor", {}))["sharedDaemon"] == "not running"
        assert await leave(client) == 0
        assert "crashed 3 times" in await client.log()
    crashes.write_text("".join(f"{float(at) - 200}\n" for at in crashes.read_text().split()))
    client = await editors.opened()
    assert editors.daemon
    assert await leave(client) == 0


async def test_files_are_made_by_the_umask_of_who_joins(editors: Editors, tmp_path: Path) -> None:
    """So editors with other umasks have another daemon."""
    environ = editors.environ
    code = "from halley.joining.place import find_place; print(find_place({}).identity)"
    said = {
        await asyncio.to_thread(run, editors, sys.executable, "-c", code, umask=umask)
        for umask in (0o022, 0o077)
    }
    assert len(said) == 2
    client = await editors.opened()
    status = Path(f"/proc/{editors.daemon}/status").read_text()
    assert f"Umask:\t{place._umask():04o}" in status
    assert find_place(environ).identity == editors.place.identity
    assert await leave(client) == 0


@pytest.mark.parametrize("name", place.NAMESPACES)
def test_an_editor_in_a_container_or_a_sandbox_has_a_daemon_in_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, really = find_place({}), os.readlink
    monkeypatch.setattr(
        os, "readlink", lambda path: f"{name}:[1]" if path.endswith(f"/{name}") else really(path)
    )
    assert find_place({}).identity != outside.identity
    assert find_place({}).socket != outside.socket


async def test_where_the_packages_come_by_pythonpath_each_editor_has_a_process_of_its_own(
    editors: Editors, tmp_path: Path
) -> None:
    """The daemon takes no PYTHONPATH. No editor is failed for that, however often it starts."""
    bare = tmp_path / "bare/bin/python3"
    bare.parent.mkdir(parents=True)
    base = Path(getattr(sys, "_base_executable", sys.executable))
    (tmp_path / "bare/pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    bare.symlink_to(base)
    paths = os.pathsep.join([str(Path(halley.__file__).parents[1]), sysconfig.get_path("purelib")])
    for _ in range(2):
        client = await editors.opened(str(bare), "-m", "halley", "serve", "--shared", PYTHONPATH=paths)
        assert (await client.result("halley/doctor", {}))["sharedDaemon"] == "not running"
        assert await leave(client) == 0
        assert "the shared daemon is not used" in await client.log()
