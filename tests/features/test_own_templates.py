"""The user's own prompts: used as they are, or refused with the file, the line and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from halley.core.errors import NotConfigured
from halley.engine.prompting.templates import builtin_names, builtin_template, problems_in
from halley.features.commit import tidy
from halley.features.own_templates import check_own_templates, load_own_template, names_for


@pytest.mark.parametrize("name", sorted(builtin_names()))
def test_every_shipped_template_is_right(name: str):
    assert problems_in(builtin_template(name), names_for(name)) == []


def test_every_template_is_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "templates.md").read_text("utf-8")
    assert [name for name in sorted(builtin_names()) if f"`{name}.md`" not in page] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "It is empty"),
        ("a\n{{selektion}}", "Line 2: there is no value named 'selektion'. Did you mean 'selection'?"),
        ("{{#selection}}\nx", "Line 1: {{#selection}} is never closed"),
        ("x{{/selection}}", "closes what is not open"),
        ("{{#path}}{{#rules}}{{/path}}{{/rules}}", "closes what is not open"),
        ("=== sytem ===\nx", "not 'sytem'"),
    ],
)
def test_what_is_wrong_is_reported(tmp_path: Path, text: str, said: str):
    (tmp_path / "fix.md").write_text(text)
    with pytest.raises(NotConfigured) as caught:
        load_own_template(tmp_path / "fix.md", "fix")
    assert said in caught.value.problem.message and str(tmp_path / "fix.md") in caught.value.problem.message
    assert caught.value.problem.setting == "templates/fix.md"


def test_bytes_that_are_no_text_and_files_without_end(tmp_path: Path):
    (tmp_path / "fix.md").write_bytes(b"ab\xff")
    with pytest.raises(NotConfigured, match="not UTF-8"):
        load_own_template(tmp_path / "fix.md", "fix")
    (tmp_path / "fix.md").write_text("x" * 300_000)
    with pytest.raises(NotConfigured, match="larger"):
        load_own_template(tmp_path / "fix.md", "fix")
    assert load_own_template(tmp_path / "none.md", "fix") is None


def test_a_folder_of_templates_is_checked(tmp_path: Path):
    (tmp_path / "fix.md").write_text("{{selektion}}")
    (tmp_path / "explian.md").write_text("Never read")
    (tmp_path / "title.md").write_text("{{prompt}}")
    (tmp_path / "notes.txt").write_text("Not a template")
    first, second = check_own_templates(tmp_path)
    assert "explian.md is never used" in first.problem.message and "explain.md" in first.problem.help
    assert "no value named 'selektion'" in second.problem.message
    assert check_own_templates(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    "reply",
    [
        "Add prices\n\nThey were missing.",
        "```text\nAdd prices\n\nThey were missing.\n```",
        'Here is the commit message:\n\n"Add prices\n\nThey were missing."',
        "<think>\nhm\n</think>\nAdd prices\nThey were missing.  \n",
        "Sure:\n```\nAdd prices\n\u200bThey were missing.\n```\nHope this helps!",
    ],
)
def test_a_commit_message_is_tidied(reply: str):
    assert tidy(reply) == "Add prices\n\nThey were missing.\n"


def test_quotes_that_belong_stay():
    assert tidy('Say "prices"') == 'Say "prices"\n'
