"""The daemon that editors share: its sessions' keys stay apart, and only its user's processes meet at its socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import fault_server as f
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strict_host import openai_chunks

from halley.joining import join, place, words
from halley.joining.place import KEPT, DaemonPlace, Odd, find_place, make_folder
from joined import Editors, leave

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="unix sockets, and /proc to look into")

Tried = Callable[..., None]
OTHER_USER = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")

# -- keys from the environment stay with the session that brought them


def configure(editors: Editors, url: str, key: str) -> None:
    (editors.home / "config.toml").write_text(
        f'[providers.host]\nkind = "openai"\nbase_url = "{url}"\nkey = {key}\n'
        '[roles]\nchat = ["host/m"]\nfast = ["host/m"]\n[search]\nenabled = false\n'
    )


async def test_each_session_is_answered_with_its_own_key_and_one_without_with_none(
    editors: Editors, tried: Tried
) -> None:
    def answer(request: f.Received) -> f.Script:
        return f.stream(*openai_chunks("Yes.")) if request.method == "POST" else [f.reply(404, {})]

    async with f.FaultServer(choose=answer) as host:
        configure(editors, host.url, '{ env = "HOST_SECRET" }')
        keys = {f"sk-of-session-{n}-{n * 7919:08x}": None for n in range(4)}
        clients = [await editors.opened(HOST_SECRET=key) for key in keys]
        without = await editors.opened()
        for turn in range(2):
            asked = [
                client.result("halley/chat/send", {"prompt": f"{n}?"}) for n, client in enumerate(clients)
            ]
            await asyncio.gather(*asked)
            problem = await without.error("halley/chat/send", {"prompt": "no key?"})
            assert problem["data"]["code"] == "not_configured", problem
            if turn == 0:
                assert await leave(clients.pop()) == 0, "with a session its key goes"
        sent = {
            (r.headers["authorization"], n) for r in host.requests for n in range(4) if f"{n}?" in str(r.body)
        }
        assert {(key.removeprefix("Bearer "), n) for key, n in sent} == {
            (key, n) for n, key in enumerate(keys)
        }
        assert not any("no key?" in str(request.body) for request in host.requests)
        report = str(await without.result("halley/doctor", {}))
        environ = Path(f"/proc/{editors.daemon}/environ").read_bytes().decode()
        for key in keys:
            tried()
            assert key not in report and key not in environ
            for file in editors.home.rglob("*"):
                assert not file.is_file() or key.encode() not in file.read_bytes(), file


async def test_a_program_that_prints_a_key_gets_its_sessions_environment(
    editors: Editors, tmp_path: Path
) -> None:
    def answer(request: f.Received) -> f.Script:
        return f.stream(*openai_chunks("Yes.")) if request.method == "POST" else [f.reply(404, {})]

    async with f.FaultServer(choose=answer) as host:
        configure(editors, host.url, '{ command = ["say-my-key"] }')
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            program = tmp_path / name / "say-my-key"
            program.write_text(f"#!/bin/sh\necho sk-{name}-$WHO\n")
            program.chmod(0o755)
        path = os.environ["PATH"]
        one = await editors.opened(PATH=f"{tmp_path / 'one'}:{path}", WHO="first")
        two = await editors.opened(PATH=f"{tmp_path / 'two'}:{path}", WHO="second")
        for client in (one, two):
            await client.result("halley/chat/send", {"prompt": "Hello"})
        sent = [request.headers["authorization"] for request in host.requests if request.method == "POST"]
        assert "Bearer sk-one-first" in sent and "Bearer sk-two-second" in sent
        assert len({*sent}) == 2


async def test_the_daemons_own_process_has_no_key_and_no_way_to_more_code(
    editors: Editors, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('planted')")
    (tmp_path / "halley").mkdir()
    client = await editors.opened(
        cwd=tmp_path,
        OPENAI_API_KEY="sk-secret",
        LD_LIBRARY_PATH=".",
        PYTHONSTARTUP="x.py",
        PYTHONUSERBASE=".",
    )
    told = Path(f"/proc/{editors.daemon}/environ").read_bytes().split(b"\0")
    names = {item.partition(b"=")[0].decode() for item in told if item}
    assert names <= {*KEPT, "PATH"}
    assert Path(f"/proc/{editors.daemon}/cwd").readlink() == Path("/")
    assert await leave(client) == 0


# -- who listens is checked before anything is said


@pytest.fixture
def there(editors: Editors) -> DaemonPlace:
    """Where the daemon would listen; the folder is made."""
    make_folder(editors.place.folder)
    return editors.place


class Listener:
    """Something else at the socket's path, that keeps whatever is said to it."""

    def __init__(self, path: str, says: bytes = b"", *, stays: bool = True) -> None:
        self.heard = b""
        self._says, self._stays = says, stays
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    connection.sendall(self._says)
                    if not self._stays:
                        continue
                    while data := connection.recv(1 << 16):
                        self.heard += data

    def close(self) -> None:
        self._socket.close()


def is_refused(there: DaemonPlace, monkeypatch: pytest.MonkeyPatch) -> str:
    """Why the place is not joined."""
    monkeypatch.setattr(join, "ANSWERS_WITHIN_S", 0.2)
    with pytest.raises(Odd) as told:
        join.find_daemon(there)
    return str(told.value)


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o710, 0o777, 0o1777])
def test_a_folder_that_others_may_enter_is_not_used(
    there: DaemonPlace, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener(there.socket)
    Path(there.folder).chmod(mode)
    assert "0700" in is_refused(there, monkeypatch)
    assert listener.heard == b""


@as_root
@pytest.mark.parametrize("what", ["folder", "socket"])
def test_what_belongs_to_another_user_is_not_used(
    there: DaemonPlace, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener(there.socket)
    os.chown(there.folder if what == "folder" else there.socket, OTHER_USER, OTHER_USER)
    assert "another user" in is_refused(there, monkeypatch)
    assert listener.heard == b""


@pytest.mark.parametrize("what", ["link to a folder", "link to a socket", "file", "pipe", "folder"])
def test_what_is_no_folder_or_socket_is_not_used(
    there: DaemonPlace, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = f"{there.folder}/other"
    listener = Listener(elsewhere)
    planted = Path(there.socket)
    if what == "link to a folder":
        Path(there.folder).rename(f"{there.folder}-moved")
        Path(there.folder).symlink_to(f"{there.folder}-moved")
    elif what == "link to a socket":
        planted.symlink_to(elsewhere)
    elif what == "file":
        planted.write_text("")
    elif what == "pipe":
        os.mkfifo(planted)
    else:
        planted.mkdir()
    assert "is not a" in is_refused(there, monkeypatch)
    assert listener.heard == b"" and (planted.is_symlink() or planted.exists() or what == "link to a folder")


@as_root
def test_another_users_process_gets_nothing_even_in_the_right_place(
    there: DaemonPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(there.socket)
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:  # what the kernel says of a listener is who called `listen`
        os.setuid(OTHER_USER)
        listener.listen()
        os.write(told, b"!")
        connection, _ = listener.accept()
        os._exit(len(connection.recv(100)))
    os.read(ready, 1)
    listener.close()
    assert "another user" in is_refused(there, monkeypatch)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "it heard something"
    os.close(ready)
    os.close(told)


def greetings(there: DaemonPlace) -> Iterator[tuple[str, bytes, bool]]:
    ours, stamp = there.identity, words.stamp()
    yield "silence", b"", True
    yield "an end", b"", False
    yield "no length", b"\0\0", False
    yield "endless", struct.pack("!I", 0xFFFFFFFF) + b"x" * 5000, True
    yield "nothing in it", words.pack([]), True
    yield "another protocol", words.pack([b"halley 2", ours, stamp]), True
    yield "another home", words.pack([words.WELCOME, ours + b"x", stamp]), True
    yield "another version", words.pack([words.WELCOME, ours, b"0.0.0 1"]), True
    yield "too much", words.pack([words.WELCOME, ours, stamp, b"more"]), True
    yield "HTTP", b"HTTP/1.1 200 OK\r\n\r\n", True


def test_a_process_that_is_no_daemon_of_ours_hears_nothing_of_the_environment(
    there: DaemonPlace, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    monkeypatch.setattr(join, "ANSWERS_WITHIN_S", 0.2)
    environ = {**os.environ, "HALLEY_HOME": str(Path(there.folder).parent), "OPENAI_API_KEY": "sk-secret"}
    environ.pop("XDG_RUNTIME_DIR", None)
    for name, says, stays in greetings(there):
        listener = Listener(there.socket, says, stays=stays)
        assert join.join([], environ) is None, name
        assert listener.heard.replace(words.pack([words.RETIRE]), b"") == b"", name
        listener.close()
        Path(there.socket).unlink()
        tried()


async def test_where_the_place_is_not_safe_the_editor_still_gets_a_server(
    editors: Editors, there: DaemonPlace
) -> None:
    listener = Listener(there.socket)
    Path(there.folder).chmod(0o755)
    client = await editors.opened(OPENAI_API_KEY="sk-secret")
    assert (await client.result("halley/doctor", {}))["version"]
    assert await leave(client) == 0
    assert "the shared daemon is not used" in await client.log()
    assert listener.heard == b""


def test_nothing_of_a_workspace_chooses_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/1", "PYTHONPATH": ".", "HALLEY_SOCKET": "x"}
    before = find_place(environ)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".halley.toml").write_text('[daemon]\nsocket = "x"\n')
    after = find_place(environ | {"PWD": str(tmp_path), "TERM": "xterm"})
    assert (after.socket, after.identity) == (before.socket, before.identity)
    assert find_place({"XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"}).folder == f"/tmp/halley-{os.geteuid()}"


# -- who comes in is checked as well


async def test_whatever_comes_to_the_socket_the_sessions_stay(editors: Editors, tried: Tried) -> None:
    client = await editors.opened()
    said = [
        b"",
        b"\0",
        os.urandom(5000),
        struct.pack("!I", 0xFFFFFFFF),
        struct.pack("!I", 10) + b"x" * 10,
        words.pack([]),
        words.pack([b""]),
        words.pack([b"nonsense"]),
        words.pack([words.SESSION]),
        words.pack([words.SESSION, b"/", b"", b"info"]),  # without pipes
        words.pack([words.SESSION, b"\xff", b"\0", b"loud", b"=", b"no equals sign"]),
    ]
    for bytes in said:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(editors.place.socket)
            assert words.receive(connection)
            connection.sendall(bytes)
        tried()
    null = os.open(os.devnull, os.O_RDWR)
    for count in (1, 2, 4, 9):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(editors.place.socket)
            assert words.receive(connection)
            words.send(connection, [words.SESSION, b"/", b"", b"info"], (null,) * count)
        tried()
    os.close(null)
    assert await client.result("halley/doctor", {})
    assert await leave(client) == 0


@as_root
async def test_another_user_cannot_join_even_where_the_folder_was_opened(editors: Editors) -> None:
    client = await editors.opened()
    look = (
        "import os, socket; os.setuid(65534); s = socket.socket(socket.AF_UNIX)\n"
        f"try: s.connect({editors.place.socket!r}); print(s.recv(100))\n"
        "except OSError as error: print(type(error).__name__)\n"
    )

    def tries() -> str:
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", look], capture_output=True, text=True
        ).stdout.strip()

    editors.home.chmod(0o755)
    assert tries() == "PermissionError"
    assert stat.S_IMODE(Path(editors.place.socket).stat().st_mode) == 0o600
    Path(editors.place.folder).chmod(0o755)
    Path(editors.place.socket).chmod(0o666)
    assert tries() in ("b''", "ConnectionResetError"), "it was welcomed"
    Path(editors.place.folder).chmod(0o700)
    assert await leave(client) == 0


@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(0, 400))
def test_a_message_comes_through_whole_or_not_at_all(fields: list[bytes], cut: int) -> None:
    body = words.pack(fields)[4:]
    assert words.unpack(body) == fields
    if cut < len(body):
        with contextlib.suppress(ValueError):
            assert words.unpack(body[:cut]) == fields[: len(words.unpack(body[:cut]))]


async def test_a_held_up_daemon_gets_no_new_session(editors: Editors) -> None:
    one = await editors.opened()
    pid = editors.daemon
    os.kill(pid, 19)  # SIGSTOP
    two = await editors.opened()
    assert (await two.result("halley/doctor", {}))["version"]
    assert await leave(two) == 0
    assert "does not answer" in await two.log()
    os.kill(pid, 18)  # SIGCONT
    assert await leave(one) == 0


def test_a_peer_is_known_by_the_kernel() -> None:
    one, two = socket.socketpair()
    with one, two:
        assert place.peer_uid(one) == os.geteuid()
