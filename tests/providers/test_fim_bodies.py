"""Other files in a request to fill in the middle: apart where a model knows of files, else as comments above."""

from __future__ import annotations

import pytest

from halley.core.calls import FimPrompt
from halley.providers.wires.fim import find_form

PROMPT = FimPrompt(
    "a = ", "\n", path="a.py", context=(("b.py", "B = 1"),), preamble="# b.py:\n# B = 1\n", max_tokens=8
)


@pytest.mark.parametrize("name", ["suffix", "mistral", "deepseek", "ollama"])
def test_comments_above_where_only_prefix_and_suffix_are_known(name: str) -> None:
    found = find_form(name)
    assert found
    form, family = found
    body = form.body("m", PROMPT, family)
    assert (body["prompt"], body["suffix"]) == ("# b.py:\n# B = 1\na = ", "\n")


def test_files_of_their_own_for_llamacpp() -> None:
    found = find_form("llamacpp")
    assert found
    body = found[0].body("m", PROMPT, "")
    assert body["input_extra"] == [{"filename": "b.py", "text": "B = 1"}] and body["input_prefix"] == "a = "


def test_tokens_for_files_where_a_family_has_them_else_comments() -> None:
    found = find_form("tokens:qwen")
    assert found
    assert "# b.py" not in found[0].body("m", PROMPT, "qwen")["prompt"]
    assert found[0].body("m", PROMPT, "codellama")["prompt"] == "<PRE> # b.py:\n# B = 1\na =  <SUF>\n <MID>"
