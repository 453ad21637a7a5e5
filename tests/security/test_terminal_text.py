"""JSON printed to a terminal holds nothing that the terminal obeys, and keeps its value."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from setting import CONFIG, guarded

from halley.cli.ask import ask
from halley.cli.output import json_text
from halley.simulator import Simulator

Tried = Callable[..., None]

OBEYED = "\x1b\x9b\x85\u202e\u2066\u200b\u200d\ufeff\U000e0041\u2028\x7f\ud800"


@given(st.text(st.one_of(st.sampled_from(OBEYED), st.characters()), max_size=40), st.sampled_from([None, 2]))
@example(OBEYED, None)
def test_json_is_text_and_the_same_value(tried: Tried, said: str, indent: int | None) -> None:
    tried()
    text = json_text({"text": said, said: 1}, indent)
    assert json.loads(text) == {"text": said, said: 1}
    text.encode()
    assert not [
        letter
        for letter in text
        if (unicodedata.category(letter) == "Cc" and letter != "\n") or letter in OBEYED
    ]


async def test_a_reply_reaches_the_terminal_escaped(halley_home: object, simulator: Simulator) -> None:
    import asyncio
    from pathlib import Path

    assert isinstance(halley_home, Path)
    (halley_home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
    simulator.script("red \x9b31m and \u202e reversed \x85 end")
    done = await asyncio.to_thread(CliRunner().invoke, ask, ["--json", "Hello"], env=guarded())
    assert done.exit_code == 0, done.output
    assert not set(OBEYED) & set(done.stdout)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    said = "".join(str(event["delta"]) for event in events if event["type"] == "text")
    assert "red \x9b31m and \u202e reversed \x85 end" in said
