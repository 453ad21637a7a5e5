"""One warm daemon for all editors: joined, started, replaced, lost and left."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import halley
from halley.joining import words
from joined import SHARED, Editors, gone, leave

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="unix sockets, and pidfd to wait with")

TEN = range(10)
JOINING = str(Path(halley.__file__).parent / "joining")


async def test_ten_starts_at_the_same_time_give_one_daemon(editors: Editors, tmp_path: Path):
    clients = await asyncio.gather(*(editors.start() for _ in TEN))
    answers = await asyncio.gather(*(client.initialize() for client in clients))
    assert all(answer["serverInfo"]["name"] == "halley" for answer in answers)
    about = editors.about()
    assert about is not None and about.sessions == 10 and about.is_ours
    said = (await clients[0].result("halley/doctor", {}))["sharedDaemon"]
    assert said == f"running: version {about.version}, process {about.pid}, sessions: 10"
    texts = {n: f"value_{n} = {n}\n" for n in TEN}
    for n, client in enumerate(clients):  # the same file, with other texts, as unsaved editors have it
        item = {
            "uri": (tmp_path / "a.py").as_uri(),
            "languageId": "python",
            "version": n,
            "text": texts[n] * (n + 1),
        }
        await client.notify("textDocument/didOpen", {"textDocument": item})
    for n, client in enumerate(clients):
        end = {"line": n + 1, "character": 0}
        listed = await client.result(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": (tmp_path / "a.py").as_uri()},
                "range": {"start": end, "end": end},
                "context": {"diagnostics": []},
            },
        )
        assert listed, n
    assert [await leave(client) for client in clients] == [0] * 10
    about = editors.about()
    assert about is not None and about.sessions == 0


async def test_the_way_without_installed_packages_joins_the_same_daemon(editors: Editors):
    one = await editors.opened()
    two = await editors.opened(sys.executable, "-I", "-S", JOINING, "--log-level", "warning")
    about = editors.about()
    assert about is not None and about.sessions == 2
    assert await leave(two) == 0 and await leave(one) == 0


async def test_a_killed_daemon_ends_its_editors_processes_and_the_next_start_has_another(editors: Editors):
    clients = await asyncio.gather(*(editors.opened() for _ in range(3)))
    await clients[0].result("halley/models/selection", {})  # it is up
    before = editors.daemon
    os.kill(before, signal.SIGKILL)
    assert [await client.exit_code() for client in clients] == [1] * 3  # an editor starts such a server again
    again = await editors.opened()
    assert editors.daemon != before
    assert await leave(again) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
async def test_an_editors_process_that_is_ended_takes_its_session_along_and_no_other(
    editors: Editors, how: signal.Signals
):
    one, two = await editors.opened(), await editors.opened()
    assert one.process
    one.process.send_signal(how)
    assert await one.exit_code() == (-how if how == signal.SIGKILL else 0)
    async with asyncio.timeout(90):
        while (about := editors.about()) and about.sessions > 1:
            await two.result("halley/models/selection", {})
    assert await leave(two) == 0


async def test_an_editor_that_closes_its_pipes_ends_its_session(editors: Editors):
    one = await editors.opened()
    one.writer.close()
    assert await one.exit_code() == 1, "without shutdown"


async def test_an_idle_daemon_ends_and_takes_its_socket_along(editors: Editors):
    (editors.home / "config.toml").write_text("[daemon]\nidle_minutes = 0\n")
    one = await editors.opened()
    two = await editors.opened()
    pid = editors.daemon
    assert await leave(one) == 0
    await two.result("halley/models/selection", {})
    assert editors.daemon == pid, "it is not idle while one is here"
    assert await leave(two) == 0
    await gone(pid)
    assert editors.about() is None and not Path(editors.place.socket).exists()


async def test_a_signal_ends_the_daemon_and_all_sessions_in_order(editors: Editors):
    clients = [await editors.opened() for _ in range(3)]
    for client in clients:
        await client.result("halley/models/selection", {})
    pid = editors.daemon
    os.kill(pid, signal.SIGTERM)
    assert [await client.exit_code() for client in clients] == [0] * 3
    await gone(pid)
    assert not Path(editors.place.socket).exists()


async def test_what_is_left_of_a_daemon_does_not_hinder_the_next(editors: Editors):
    one = await editors.opened()
    await one.result("halley/models/selection", {})
    pid = editors.daemon
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    assert Path(editors.place.socket).exists(), "the socket is stale"
    clients = await asyncio.gather(*(editors.opened() for _ in range(4)))
    about = editors.about()
    assert about is not None and about.sessions == 4
    assert await one.exit_code() == 1
    assert [await leave(client) for client in clients] == [0] * 4


@pytest.fixture
def git(tmp_path: Path) -> str:
    """The folder of git's program; `tmp_path` is a repository."""
    program = shutil.which("git")
    assert program
    subprocess.run([program, "init", "-q", str(tmp_path)], check=True)
    return str(Path(program).parent)


async def test_programs_are_found_on_the_path_of_the_editor_that_needs_them(
    editors: Editors, tmp_path: Path, git: str
):
    (tmp_path / "empty").mkdir()
    with_git = await editors.opened(PATH=git)
    without = await editors.opened(PATH=str(tmp_path / "empty"))
    said = [
        (await one.error("halley/commit", {"cwd": str(tmp_path)}))["message"] for one in (with_git, without)
    ]
    assert "git was not found" not in said[0] and "git was not found" in said[1]


# -- versions


@pytest.fixture
def copy(editors: Editors) -> Path:
    """An installation whose version a test can change; the daemon is of the code that its starter is of."""
    (editors.home / "config.toml").write_text("[daemon]\nidle_minutes = 0\n")
    source = Path(halley.__file__).parent
    package = editors.home / "src" / "halley"
    package.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in ("version.py", "__pycache__"):
            (package / entry.name).symlink_to(entry)
    shutil.copy(source / "version.py", package / "version.py")
    return package


def shared_from(package: Path) -> tuple[str, ...]:
    main = "from halley.cli import main; main()"
    return (
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(package.parent)!r}); {main}",
        *SHARED[3:],
    )


async def test_an_old_daemon_keeps_its_sessions_and_a_new_one_is_started_beside_it(
    editors: Editors, copy: Path
):
    old = await editors.start(*shared_from(copy))
    assert (await old.initialize())["serverInfo"]["version"] == halley.version.__version__
    (copy / "version.py").write_text('"""The next."""\n\n__version__ = "99.0.0"\n')
    new = await editors.start(*shared_from(copy))
    assert (await new.initialize())["serverInfo"]["version"] == "99.0.0"
    third = await editors.start(*shared_from(copy))
    assert (await third.initialize())["serverInfo"]["version"] == "99.0.0"
    assert (await old.result("halley/doctor", {}))["version"] == halley.version.__version__
    assert await leave(old) == 0
    assert (await new.result("halley/doctor", {}))["version"] == "99.0.0"
    assert [await leave(new), await leave(third)] == [0, 0]


async def test_after_a_daemon_that_could_not_start_an_editor_gets_a_process_of_its_own(
    editors: Editors, copy: Path
):
    for folder in ("lsp", "lsp/joined"):  # of links again, so that one file can be broken
        (copy / folder).unlink()
        (copy / folder).mkdir()
        for entry in (Path(halley.__file__).parent / folder).iterdir():
            (copy / folder / entry.name).symlink_to(entry)
    (copy / "lsp/joined/logs.py").unlink()
    (copy / "lsp/joined/logs.py").write_text("raise RuntimeError('broken')")
    first = await editors.start(*shared_from(copy))
    assert await first.exit_code() == 1
    again = await editors.start(*shared_from(copy))  # as editors do
    assert (await again.initialize())["serverInfo"]["name"] == "halley"
    assert await leave(again) == 0
    assert "did not start" in await again.log()


def test_nothing_follows_a_message_that_went_out_whole():
    """The other side may have read it, and left, before the sender's next step."""
    ours, theirs = socket.socketpair()

    class Leaving:
        def sendmsg(self, *args: Any) -> int:
            sent = ours.sendmsg(*args)
            theirs.recv(1 << 16)
            theirs.close()
            return sent

        sendall = ours.sendall

    with ours:
        sender: Any = Leaving()
        words.send(sender, [words.SESSION, b"/", b"", b"info"], (0,))
