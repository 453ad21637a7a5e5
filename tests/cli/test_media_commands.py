"""`halley image`, `speak`, `transcribe`, `video` and `media`: files where they were asked for, and errors when not."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from halley.core.media_types import mime_of

PATIENCE_S = 60


@pytest.fixture
def endless(simulator_url: str) -> Iterator[None]:
    """Jobs that end only when they are cancelled."""
    set_option(simulator_url, job_polls=1_000_000)
    yield
    set_option(simulator_url, job_polls=2)


def set_option(url: str, **options: int) -> None:
    address = f"{url.removesuffix('/v1')}/_simulator/options"
    with urllib.request.urlopen(urllib.request.Request(address, json.dumps(options).encode(), method="POST")):
        pass


def tasks(halley) -> list[dict]:
    return halley("media", "list", "--json").json["tasks"]


def kind_of(path) -> str:
    return mime_of(path.read_bytes()[:64])


def test_a_picture_gets_a_name_of_its_prompt_and_never_takes_another_s_place(halley):
    first, second = halley("image", "a red fox"), halley("image", "a", "red", "fox")
    assert (first.out, second.out) == ("a-red-fox.png\n", "a-red-fox-2.png\n")
    assert kind_of(halley.folder / "a-red-fox-2.png") == "image/png"
    (halley.folder / "pictures").mkdir()
    assert halley("image", "an owl", "-o", "pictures").out.strip() == str(Path("pictures/an-owl.png"))


@pytest.mark.parametrize(
    ("command", "name"), [("image", "an-owl.png"), ("speak", "an-owl.wav"), ("video", "an-owl.avi")]
)
def test_a_folder_is_made_where_a_slash_says_so(halley, command, name):
    ran = halley(command, "an owl", "-o", "new/pics/")
    assert (ran.code, ran.out.strip()) == (0, str(Path("new/pics") / name))
    assert [path.name for path in (halley.folder / "new/pics").iterdir()] == [name]
    (halley.folder / "file").write_text("mine")
    for wrong in ("file/", "file/pics/"):
        ran = halley(command, "a fox", "-o", wrong)
        assert ran.code == 1 and "is not a folder" in ran.err
    assert len(tasks(halley)) == 1, "nothing was asked for what cannot be written"
    task = tasks(halley)[0]["task"]
    assert halley("media", "save", task, "-o", "saved/").out.strip() == str(Path("saved") / name)


@pytest.mark.parametrize("command", ["image", "speak", "video"])
def test_an_existing_file_is_reported_before_anything_is_asked(halley, command):
    there = halley.folder / "there"
    there.write_text("mine")
    ran = halley(command, "a fox", "-o", "there")
    assert ran.code == 1 and "already exists" in ran.err and "--force" in ran.err
    assert there.read_text() == "mine"
    assert tasks(halley) == [] and halley("usage", "--json").json["rows"] == []


@pytest.mark.parametrize(("command", "suffix"), [("image", "png"), ("speak", "wav"), ("video", "avi")])
def test_a_name_without_a_suffix_gets_the_one_of_what_came(halley, command, suffix):
    (halley.folder / "fox.txt").write_text("mine")
    assert halley(command, "a fox", "-o", "fox").out == f"fox.{suffix}\n"
    made = kind_of(halley.folder / f"fox.{suffix}")
    again = halley(command, "a fox", "-o", "fox")
    assert again.code == 1 and f"fox.{suffix} already exists" in again.err
    assert len(tasks(halley)) == 1, "and that before anything is asked"
    (halley.folder / f"fox.{suffix}").write_text("old")
    assert halley(command, "a fox", "-o", "fox", "--force").out == f"fox.{suffix}\n"
    assert kind_of(halley.folder / f"fox.{suffix}") == made
    task = tasks(halley)[0]["task"]
    assert halley("media", "save", task, "-o", "pics/v1.fox").out.strip() == str(Path("pics/v1.fox"))


@pytest.mark.parametrize(
    ("named", "saved"), [("a.mp3", "a.wav"), ("a.MP4", "a.wav"), ("a.wave", "a.wave"), ("a.v2", "a.v2")]
)
def test_a_suffix_of_another_kind_follows_what_came(halley, named, saved):
    ran = halley("speak", "hello", "-o", named)
    assert (ran.code, ran.out) == (0, f"{saved}\n")
    assert ("audio/wav" in ran.err) == (named != saved)
    assert kind_of(halley.folder / saved) == "audio/wav"


def test_several_without_a_suffix(halley):
    assert halley("image", "a fox", "-n", "2", "-o", "fox").out == "fox.png\nfox-2.png\n"


def test_force_replaces_it(halley):
    there = halley.folder / "fox.png"
    there.write_text("old")
    assert halley("image", "a fox", "-o", "fox.png", "--force").code == 0
    assert kind_of(there) == "image/png"


def test_what_could_not_be_written_can_still_be_saved(halley):
    (halley.folder / "two-2.png").write_text("mine")
    ran = halley("image", "a fox", "-n", "2", "-o", "two.png")
    task = tasks(halley)[0]["task"]
    assert ran.code == 1 and "two-2.png already exists" in ran.err
    assert f"halley media save {task} -v 2 -o FILE" in ran.err
    assert (halley.folder / "two-2.png").read_text() == "mine"
    assert halley("media", "save", task, "-v", "2", "-o", "other.png").out == "other.png\n"
    assert kind_of(halley.folder / "other.png") == "image/png"


def test_what_is_spoken_is_written_down_again(halley):
    (halley.folder / "notes.md").write_text("# News\n\nThe **fox** sleeps.\n")
    assert halley("speak", "-f", "notes.md", "-o", "a.wav", "--format", "wav").code == 0
    assert kind_of(halley.folder / "a.wav") == "audio/wav"
    heard = halley("transcribe", "a.wav")
    assert "The fox sleeps." in heard.out and "#" not in heard.out and heard.err == ""
    assert halley("transcribe", "a.wav", "--json").json["text"] == heard.out.rstrip("\n")


def test_a_video_is_submitted_and_fetched_later(halley):
    task = halley.spawn("video", "waves", "--no-wait").out.strip()
    ran = halley("media", "wait", task, "-o", "waves.avi")
    assert (ran.code, ran.out) == (0, "waves.avi\n")
    assert kind_of(halley.folder / "waves.avi") == "video/x-msvideo"
    assert halley("usage", "--by", "feature", "--json").json["rows"][0]["calls"] == 1, "submitted twice"


def test_a_grid_says_how_to_choose_of_it(halley):
    ran = halley("image", "a fox", "-m", "sim/sim-midjourney", "-o", "grid.png")
    task = tasks(halley)[0]["task"]
    assert ran.code == 0 and f"halley media choose {task} 1" in ran.err
    wrong = halley("media", "choose", task, "7")
    assert wrong.code == 1 and "Choose 1 to 4" in wrong.err
    assert halley("media", "choose", task, "3", "-o", "third.png").out == "third.png\n"
    assert kind_of(halley.folder / "third.png") == "image/png"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("image",), 1, "Describe the result"),
        (("speak",), 1, "Give a text"),
        (("transcribe",), 2, "Missing argument 'FILE'"),
        (("transcribe", "nowhere.wav"), 2, "nowhere.wav"),
        (("transcribe", "notes.md"), 1, "notes.md is no recording"),
        (("image", "--edit", "notes.md", "at night"), 1, "notes.md is no picture"),
        (("image", "-n", "11", "a fox"), 2, "1<=x<=10"),
        (("image", "-m", "nobody/paints", "a fox"), 1, "[providers.nobody]"),
        (("image", "-m", "sim/nothing", "a fox"), 1, "halley models"),
        (("video", "--seconds", "2", "waves"), 1, "It supports 4, 8, 12"),
        (("media", "save", "v-0"), 1, "halley media list"),
        (("media", "cancel", "v-0"), 1, "halley media list"),
    ],
)
def test_errors_say_what_to_do(halley, arguments, code, said):
    (halley.folder / "notes.md").write_text("Nothing to hear.\n")
    ran = halley(*arguments)
    assert (ran.code, ran.out) == (code, "") and said in ran.err


def test_without_a_model_the_setting_is_named(shell):
    ran = shell.spawn("image", "a fox")
    assert ran.code == 1 and "halley use image" in ran.err


def listen() -> None:
    """In a child: Ctrl-C is heard, also where a shell that ignores it started these tests, which they would inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_lets_a_video_continue_and_says_how_to_fetch_it(halley, endless, simulator_url):
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "guard"), **halley.environ}
    command = [sys.executable, "-m", "halley", "video", "waves", "-o", "waves.avi"]
    running = subprocess.Popen(
        command, cwd=halley.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=listen,
    )  # fmt: skip
    try:
        wait_for_job(halley)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
        running.wait()
    task = tasks(halley)[0]
    assert (running.returncode, out, task["state"]) == (1, "", "running")
    assert f"halley media wait {task['task']}" in err and "Traceback" not in err
    set_option(simulator_url, job_polls=2)
    assert halley("media", "wait", "-o", "waves.avi").out == "waves.avi\n"


def test_a_video_that_another_process_makes_is_waited_for(halley, endless, simulator_url):
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "guard"), **halley.environ}
    command = [sys.executable, "-m", "halley", "video", "waves", "-o", "theirs.avi"]
    other = subprocess.Popen(command, cwd=halley.folder, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        wait_for_job(halley)
        set_option(simulator_url, job_polls=2)
        ran = halley("media", "wait", tasks(halley)[0]["task"], "-o", "mine.avi")
        assert other.communicate(timeout=PATIENCE_S)[0] == "theirs.avi\n"
    finally:
        other.kill()
        other.wait()
    assert (ran.code, ran.out) == (0, "mine.avi\n")
    assert kind_of(halley.folder / "mine.avi") == "video/x-msvideo"


def test_a_job_is_cancelled_by_its_name(halley, endless):
    task = halley("video", "waves", "--no-wait").out.strip()
    assert halley("media", "cancel", task).out == "cancelled\n"
    assert tasks(halley)[0]["state"] == "cancelled"
    ran = halley("media", "save", task)
    assert ran.code == 1 and "has no result yet" in ran.err
    assert halley("media", "remove", task).code == 0 and tasks(halley) == []


def wait_for_job(halley) -> None:
    """Until a host's name for a job is on disk."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for path in halley.home.rglob("halley.db"):
            try:
                with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as database:
                    if database.execute("SELECT 1 FROM media WHERE job IS NOT NULL").fetchone():
                        return
            except sqlite3.OperationalError:
                pass  # not made yet
        time.sleep(0.02)
    raise AssertionError("no job was submitted")
