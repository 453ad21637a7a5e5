"""`halley chat` and what `halley ask` draws: on a real terminal, and as a script."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyte")

from tests.editors.terminal import Terminal

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0000003010100c9fe92"
    "ef0000000049454e44ae426082"
)


@pytest.fixture
def terminal(halley):
    opened = []

    def open_(*arguments: str) -> Terminal:
        env = {**halley.environ, "HALLEY_HOME": str(halley.home)}
        opened.append(Terminal([Path(sys.executable), "-m", "halley", *arguments], env, halley.folder))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def test_a_conversation_on_a_terminal(halley, terminal):
    (halley.folder / "area.py").write_text("def area(w, h):\n    return w * h\n")
    screen = terminal("chat", "-m", "sim/sim-chat")
    screen.shows("Ctrl-D ends", ">")
    screen.type("explain #file:area.py\r")
    screen.shows("define the function", "tokens in")
    assert "**" not in screen.text()  # the Markdown is drawn
    ready(screen)
    screen.type("/exp")
    screen.shows("/explain", "Explain the code")  # what can be typed next
    screen.type("\x15/\r")  # as /help
    screen.shows("/compact", "#symbol")
    end(screen)


def test_a_reply_is_stopped_by_ctrl_c_and_continued(halley, terminal, simulator_url):
    script(simulator_url, text="one " * 400, hold=20)
    screen = terminal("chat", "--plain", "-m", "sim/sim-chat")
    screen.shows("Ctrl-D ends")
    screen.type("count\r")
    screen.shows("one one one")
    screen.type("\x03")
    screen.shows("Stopped. /continue resumes the reply.")
    script(simulator_url, text="and that is all")
    ready(screen)
    screen.type("/continue\r")
    screen.shows("and that is all")
    end(screen)
    (chat,) = halley("chat", "--list", "--json").json
    assert chat["title"] == "count" and chat["turns"] == 1


def test_an_edit_is_approved_hunk_by_hunk(halley, terminal, simulator_url):
    file = halley.folder / "a.py"
    file.write_text("one = 1\n\ntwo = 1\n\nthree = 1\n")
    arguments = {"path": "a.py", "old_text": "= 1", "new_text": "= 2", "all": True}
    script(simulator_url, tool_calls=[{"name": "edit_file", "arguments": arguments}])
    script(simulator_url, text="That is it.")
    screen = terminal("chat", "--plain", "--mode", "edit", "-m", "sim/sim-chat")
    screen.shows("Ctrl-D ends")
    screen.type("raise them\r")
    screen.shows("[h]unk by hunk")
    screen.type("h\r")
    for shown, key in (("+one = 2", "y"), ("+two = 2", "n"), ("+three = 2", "y")):
        screen.shows("Line", shown, "[y]es, [n]o:")
        screen.type(f"{key}\r")
    screen.shows("That is it.")
    assert file.read_text() == "one = 2\n\ntwo = 1\n\nthree = 2\n"
    end(screen)


def test_a_script_talks_in_one_chat(halley):
    ran = halley("chat", stdin="hello\n\n/retry\nand now?\n/new\nanother\n/exit\nnever read\n")
    assert ran.code == 0
    assert ran.out.count("Simulated") == 4 and "Before this you asked" in ran.out
    first, second = sorted(halley("chat", "--list", "--json").json, key=lambda chat: -chat["turns"])
    assert (first["turns"], second["turns"]) == (2, 1)
    assert halley("chat", "--chat", first["chatId"], stdin="more\n").code == 0
    listed = {chat["chatId"]: chat["turns"] for chat in halley("chat", "--list", "--json").json}
    assert listed[first["chatId"]] == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/nope", "There is no command /nope"),
        ("/retry", "no reply yet"),
        ("/model\n/retry", "no reply yet"),
        ("/continue", "no reply yet"),
        ("#file:no.py", "no.py"),
    ],
)
def test_what_cannot_be_sent_is_reported_and_the_conversation_continues(halley, typed, said):
    ran = halley("chat", stdin=f"{typed}\nhello\n")
    assert said in ran.err and "Simulated" in ran.out and ran.code == 0
    assert halley("chat", stdin=f"{typed}\n").code == 1


def test_a_command_between_says_its_words_once_and_the_reply_can_still_be_asked_for_again(halley):
    ran = halley("chat", stdin="hello\n/model @sim/sim-fast\n/retry\n")
    assert ran.code == 0 and ran.out.count("Simulated") == 2
    assert (ran.out + ran.err).count("Chat asks sim/sim-fast (picked for this workspace).") == 1


def test_ask_is_saved_and_continued(halley):
    assert "no chat to continue" in halley("ask", "-c", "and?").err
    halley("ask", "my first question")
    ran = halley("ask", "-c", "and what did I ask?")
    assert ran.code == 0 and "my first question" in ran.out
    (chat,) = halley("chat", "--list", "--json").json
    assert chat["turns"] == 2
    halley("ask", "--no-save", "a secret question")
    assert len(halley("chat", "--list", "--json").json) == 1


def test_a_reply_that_broke_off_is_saved_and_resumed(halley, simulator_url):
    script(simulator_url, text="the first half and", fault="reset_mid_stream")
    ran = halley("ask", "tell me")
    assert ran.code == 1 and "in the middle" in ran.err and "halley chat -c" in ran.err
    script(simulator_url, text=" the second half")
    ran = halley("chat", "-c", stdin="/continue\n")
    assert ran.code == 0 and "second half" in ran.out
    (chat,) = halley("chat", "--list", "--json").json
    assert chat["turns"] == 1


def test_a_reply_cut_at_its_limit_says_how_to_get_the_rest(halley, simulator_url):
    script(simulator_url, text="half", finish="length")
    assert "ask -c" in halley("ask", "tell me").err


def test_a_picture_is_shown_to_the_model(halley):
    (halley.folder / "dot.png").write_bytes(PNG)
    events = [
        json.loads(line) for line in halley("ask", "What is it?", "-f", "dot.png", "--json").out.splitlines()
    ]
    said = "".join(event.get("delta", "") for event in events)
    assert "picture" in said.lower() or "image" in said.lower()
    (halley.folder / "not.png").write_text("text, whatever its name\n")
    assert halley("ask", "What is it?", "-f", "not.png").code == 0


def test_a_long_reply_is_drawn_once_and_wrapped_by_words(halley, terminal, simulator_url):
    words = " ".join(f"word{n}" for n in range(200))
    script(
        simulator_url,
        text=f"# Title\n\n{words}\n\n- one\n- two\n\n```python\nx = 1\n```\n\n[good](http://evil.test/)\n",
    )
    screen = terminal("ask", "go", "-m", "sim/sim-chat")
    assert screen.ended() == 0
    text = screen.shows("• two", "x = 1", "http://evil.test/", "tokens in")
    assert "word199\n\n • one" in text, "one blank line above a list"
    assert text.count("word199") == 1
    assert all(line.split()[-1] in words.split() for line in text.split("\n") if line.startswith("word"))


def test_a_message_breaks_between_words(halley, terminal):
    halley.configure("")
    screen = terminal("verify")
    assert screen.ended() == 1
    said = halley("verify").err
    assert max(map(len, said.splitlines())) > 100, "wider than the terminal"
    assert " ".join(said.split()) in " ".join(screen.text().split())


def ready(screen: Terminal) -> None:
    """Until it waits for a message: keys typed before that may be lost to the change of the terminal's mode."""
    screen.wait(lambda text: text.rstrip().endswith(">"), "it waits for a message")


def end(screen: Terminal) -> None:
    ready(screen)
    screen.type("\x04")
    assert screen.ended() == 0


def script(url: str, **reply) -> None:
    import httpx

    address = f"{url.removesuffix('/v1')}/_simulator/script"
    httpx.post(address, json={"path": "/v1/chat/completions", **reply}, trust_env=False).raise_for_status()
