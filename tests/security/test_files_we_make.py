"""Files that Halley creates: private under any umask, never through a planted link, never in a stranger's folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from lspclient import Client
from setting import CONFIG, guarded
from window import CAPABILITIES, Window

from halley.cli.commands import halley
from halley.core.errors import HalleyError, StoreFailed
from halley.features.media.saving import write_result
from halley.features.room import EngineRoom
from halley.lsp.logs import set_up_logging
from halley.simulator import Simulator
from halley.stores.disk import making
from halley.stores.disk.files import clean_up, save_private
from halley.stores.disk.making import (
    create_file,
    fresh_name,
    left_over,
    make_private_folder,
    open_kept,
)
from halley.stores.disk.state import update_state
from halley.stores.media import MediaStore, Result
from halley.stores.sqlite.blobs import save_blob
from halley.stores.sqlite.database import Database

Tried = Callable[..., None]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")

MEDIA = 'image = ["simulator/sim-image"]\nspeech = ["simulator/sim-speech"]\n'
MACRO = '\n[log]\nlevel = "debug"\n\n[macros.note]\nprompt = "A note on {{file}}"\n'


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0)
    yield lambda mask: os.umask(mask) and None
    os.umask(before)


def opened_wide(root: Path) -> list[str]:
    """Files that are not 0600 and folders that are not 0700."""
    found: list[str] = []
    for path in (root, *root.rglob("*")):
        state = path.lstat()
        mode, wanted = stat.S_IMODE(state.st_mode), 0o700 if stat.S_ISDIR(state.st_mode) else 0o600
        if mode != wanted and not stat.S_ISSOCK(state.st_mode):
            found.append(f"{path.relative_to(root)} is {mode:04o}")
    return found


# -- the one place


@pytest.mark.parametrize(
    ("how", "elsewhere"),
    [
        (
            r"O_CREAT|mkstemp|\.touch\(|copyfile\(|FileHandler\(",
            {"joining/starting.py"},
        ),  # a lock, by the standard library alone
        (r"\.write_(text|bytes)\(", {"cli/try_.py"}),  # the tour's sample, and a picture of it
        (
            r"\.mkdir\(",
            {
                "cli/try_.py",
                "cli/macros.py",
                "cli/media.py",
                "features/media/saving.py",
                "stores/workspace/writing.py",
            },
        ),  # the user's own
    ],
)
def test_nothing_else_creates_files(how: str, elsewhere: set[str]) -> None:
    root = Path(making.__file__).parents[2]
    found = {
        str(file.relative_to(root)) for file in root.rglob("*.py") if re.search(how, file.read_text("utf-8"))
    }
    assert found - elsewhere <= {"stores/disk/making.py"}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o177, 0o377, 0o777])
def test_modes_are_the_same_under_any_umask(
    tmp_path: Path, umask: Callable[[int], None], mask: int, tried: Tried
) -> None:
    root = tmp_path / "root"
    umask(mask)
    make_private_folder(root / "a" / "b")
    os.close(create_file(root / "new"))
    os.close(open_kept(root / "kept"))
    save_private(root / "c" / "saved", "text")
    update_state(root / "d" / "index.json", lambda value: value.update(a=1))
    save_blob(root / "blobs", b"picture")
    database = Database(root / "data" / "halley.db")
    database.submit(lambda db: None).result()
    during = opened_wide(root)
    database.close()
    umask(0o022)
    assert during == [] == opened_wide(root)
    tried(7)


@given(
    st.binary(max_size=200),
    st.sampled_from(["file", "link", "dangling link", "pipe", "second name", "folder"]),
)
def test_what_lies_in_the_way_is_never_written_to(
    tried: Tried, tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    root = tmp_path_factory.mktemp("made")
    victim, path = root / "victim", root / "name"
    victim.write_bytes(b"mine")
    match kind:
        case "file":
            path.write_bytes(b"old")
        case "link":
            path.symlink_to(victim)
        case "dangling link":
            path.symlink_to(root / "nowhere")
        case "pipe":
            os.mkfifo(path)
        case "second name":
            os.link(victim, path)
        case _:
            path.mkdir()
    with pytest.raises(FileExistsError):
        create_file(path)
    if kind != "file":
        with pytest.raises(OSError):
            os.write(open_kept(path), content)
    assert victim.read_bytes() == b"mine"
    assert not (root / "nowhere").exists()
    tried(2)


def test_temporary_names_cannot_be_guessed() -> None:
    names = {fresh_name("secrets.json") for _ in range(1000)}
    assert len(names) == 1000
    assert not any(str(os.getpid()) == part for name in names for part in name.split("."))


def test_a_result_is_saved_beside_planted_links(tmp_path: Path, tried: Tried) -> None:
    store = MediaStore(Database(tmp_path / "halley.db"), tmp_path / "blobs")
    result = Result(1, save_blob(store.folder, b"picture"), "image/png", 7)
    victim, folder = tmp_path / "victim", tmp_path / "out"
    folder.mkdir()
    victim.write_text("mine")
    for name in (f".fox.png.{os.getpid()}.new", ".fox.png.new", ".fox.png", "fox.png.new"):
        (folder / name).symlink_to(victim)
    write_result(store, result, folder / "fox.png")
    assert (folder / "fox.png").read_bytes() == b"picture"
    for number, overwrite in enumerate((False, True)):
        target = folder / f"link{number}.png"
        target.symlink_to(victim)
        with pytest.raises(HalleyError, match="already exists"):
            write_result(store, result, target, overwrite=overwrite)
    assert victim.read_text() == "mine"
    assert len(list(folder.iterdir())) == 7
    tried(6)


def test_a_saved_result_is_readable_as_the_users_umask_says(
    tmp_path: Path, umask: Callable[[int], None]
) -> None:
    store = MediaStore(Database(tmp_path / "halley.db"), tmp_path / "blobs")
    result = Result(1, save_blob(store.folder, b"picture"), "image/png", 7)
    umask(0o027)
    write_result(store, result, tmp_path / "fox.png")
    assert stat.S_IMODE((tmp_path / "fox.png").stat().st_mode) == 0o640


# -- the log


@pytest.fixture
def quiet_root() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize("kind", ["link", "dangling link", "second name", "pipe", "folder"])
@pytest.mark.usefixtures("quiet_root")
def test_a_log_file_that_is_something_else_is_refused(tmp_path: Path, kind: str) -> None:
    victim, log = tmp_path / "victim", tmp_path / "halley.log"
    victim.write_text("mine")
    {
        "link": lambda: log.symlink_to(victim),
        "dangling link": lambda: log.symlink_to(tmp_path / "nowhere"),
        "second name": lambda: os.link(victim, log),
        "pipe": lambda: os.mkfifo(log),
        "folder": log.mkdir,
    }[kind]()
    with pytest.raises(StoreFailed, match=r"halley\.log"):
        set_up_logging(log)
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("quiet_root")
def test_the_log_stays_private_when_it_rotates(tmp_path: Path, umask: Callable[[int], None]) -> None:
    umask(0)
    log = tmp_path / "logs" / "halley.log"
    set_up_logging(log)
    log.write_bytes(b"x" * 4_999_999 + b"\n")
    for _ in range(3):
        logging.getLogger("halley").warning("one line more")
    assert {path.name for path in log.parent.iterdir()} == {"halley.log", "halley.log.1"}
    assert opened_wide(log.parent) == []


@pytest.mark.usefixtures("quiet_root")
def test_a_rotation_does_not_write_through_a_link_that_appeared(tmp_path: Path) -> None:
    log, victim = tmp_path / "halley.log", tmp_path / "victim"
    victim.write_text("mine")
    set_up_logging(log)
    log.write_bytes(b"x" * 4_999_999 + b"\n")
    (tmp_path / "halley.log.1").symlink_to(victim)
    logging.getLogger("halley").warning("one line more")
    assert victim.read_text() == "mine"
    assert "one line more" in log.read_text()


# -- what a killed process leaves


def test_unfinished_copies_of_keys_are_removed_at_the_next_start(tmp_path: Path) -> None:
    """A process killed in the middle of writing `secrets.json`."""
    path = make_private_folder(tmp_path / "data") / "secrets.json"
    update_state(path, lambda value: value.update(old=1))
    program = (
        "import os, signal, pathlib, sys\n"
        "from halley.stores.disk import state\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "state.update_state(pathlib.Path(sys.argv[1]), lambda value: value.update(new='sk-left-behind'))\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert len(left_over(path)) >= 1
    clean_up(path)
    assert left_over(path) == []
    assert [file.name for file in sorted(path.parent.iterdir())] == ["secrets.json", "secrets.json.lock"]


async def test_the_room_cleans_up_as_it_opens_the_keys(halley_home: Path) -> None:
    data = make_private_folder(halley_home / "data")
    planted = data / fresh_name("secrets.json")
    planted.write_text('{"comet": {"key": "sk-left-behind"}}')
    mine = data / ".secrets.json.my-own-notes"
    mine.write_text("kept")
    room = EngineRoom.open()
    room.secrets.providers()
    assert not planted.exists()
    assert mine.exists()
    await room.aclose()


# -- strangers


def test_a_home_of_another_user_is_refused(halley_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: halley_home.stat().st_uid + 1)
    with pytest.raises(StoreFailed, match="belongs to another user") as refused:
        EngineRoom.open()
    assert str(halley_home) in refused.value.problem.message
    assert "HALLEY_HOME" in refused.value.problem.help
    with pytest.raises(StoreFailed, match="another user"):
        make_private_folder(halley_home)


@pytest.mark.parametrize("folder", ["config", "data", "state", "cache", "logs"])
def test_each_of_the_folders_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    from halley.stores.disk.paths import Paths

    places = {name: tmp_path / name for name in ("config", "data", "state", "cache", "logs")}
    for place in places.values():
        place.mkdir()
    real = Path.stat

    def stat_of(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)  # type: ignore[arg-type]
        values = list(found)
        values[4] = os.geteuid() + (path == places[folder])
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", stat_of)
    with pytest.raises(StoreFailed, match=folder):
        EngineRoom.open(Paths(places["config"] / "config.toml", **places))


async def test_a_daemon_says_so_and_ends(tmp_path: Path) -> None:
    home = tmp_path / "theirs"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, 12345, 12345)
    else:
        home = Path("/")
    client = Client()
    await client.start_daemon(guarded({"HALLEY_HOME": str(home)}))
    window = Window(client, tmp_path)
    await window.initialize()
    await window.until(lambda: any("belongs to another user" in text for text in window.messages))
    await client.kill()


# -- a day


async def test_a_home_after_a_whole_day_is_private(
    halley_home: Path, tmp_path: Path, simulator: Simulator, umask: Callable[[int], None], tried: Tried
) -> None:
    """Chat, pictures, sound, macros, keys, search, export and a rotating log; all with umask 0."""
    umask(0)
    config = CONFIG.format(url=simulator.base_url).replace("enabled = false", "enabled = true")
    config = config.replace("[completion]", f"{MEDIA}\n[completion]").replace(
        "[providers.simulator]", '[providers.simulator]\npreset = "simulator"'
    )
    halley_home.rmdir()
    save_private(halley_home / "config.toml", config + MACRO)
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "shop.py").write_text("def total(items):\n    return sum(items)\n")
    (folder / "AGENTS.md").write_text("Be brief.\n")
    log = halley_home / "logs" / "halley.log"
    make_private_folder(log.parent)
    log.write_bytes(b"x" * 4_999_999 + b"\n")
    log.chmod(0o644)

    await a_window_on(folder, log)
    for arguments in DAY:
        code, output = await asyncio.to_thread(run, folder, *arguments)
        assert code == 0, (arguments, output)
        tried()
    files = [path for path in halley_home.rglob("*") if path.is_file()]
    for part in ("halley.db", "secrets.json", "trust.json", "halley.log.1", "watched", "answers"):
        assert any(part in str(path) for path in files), f"nothing made {part}"
    assert opened_wide(halley_home) == []


DAY = (
    ("ask", "--json", "Hello"),
    ("models", "--refresh"),
    ("key", "set", "groq", "--store", "file"),
    ("use", "chat", "simulator/sim-fast"),
    ("trust", "--yes"),
    ("macros", "run", "note", "-f", "shop.py"),
    ("macros", "export", "note"),
    ("image", "a fox", "-o", "fox.png"),
    ("speak", "a fox", "-o", "fox.mp3"),
    ("search", "total"),
    ("usage",),
    ("doctor",),
)


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    with contextlib.chdir(folder):
        done = CliRunner().invoke(halley, arguments, input="gsk-a-key-that-is-long-enough\n", env=guarded())
    return done.exit_code, done.output


async def a_window_on(folder: Path, log: Path) -> None:
    """Opens it, chats, asks for an explanation (a document in the cache), exports, and searches."""
    client = Client()
    await client.start_daemon(guarded(), "serve", "--log-file", str(log), "--log-level", "debug")
    window = Window(client, folder)
    try:
        await window.initialize(CAPABILITIES)
        buffer = await window.open("shop.py")
        chat, _ = await window.chat("Hello")
        await window.request("halley/chat/export", {"chatId": chat["chatId"], "format": "json"})
        whole = {"start": buffer.position(0), "end": buffer.position(len(buffer.text))}
        await window.run(await window.action(buffer, whole, "halley.explain"))
        await window.until(lambda: window.shown)
        assert (await window.request("halley/search", {"query": "total"}))["hits"]
        async with asyncio.timeout(60):
            while not list(log.parents[1].rglob("watched")):  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.01)
        await window.close()
    finally:
        await client.kill()
