"""A wrong value is reported with file, line, columns and what would be right, and everything else applies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from halley.core.settings import ConfigProblem
from halley.stores.config.store import ConfigStore, load_user_config
from halley.stores.disk.paths import Paths

PRESETS = ("comet", "openai")


def load(paths: Paths, text: str, last=None):
    paths.config_file.write_text(text)
    return load_user_config(paths, last, PRESETS)


def marked(paths: Paths, problem: ConfigProblem) -> str:
    """The text a problem points at."""
    lines = paths.config_file.read_text().split("\n")
    return lines[problem.line][problem.start : problem.end]


CASES = [
    ("[completion]\ndebounce_ms = 9000", "9000", "a whole number from 0 to 5000", ()),
    ("[completion]\ndebounce_ms = 'x'", "'x'", "a whole number", ()),
    ("[completion]\nenabled = 'maybe'", "'maybe'", "true or false", ("true", "false")),
    ("[completion]\nenabledd = true", "enabledd", "Did you mean enabled?", ("enabled",)),
    ("[completion]\ndisabled_languages = 'md'", "'md'", "a list", ()),
    ("[edits]\napply = 'later'", "'later'", "one of: direct, preview", ("direct", "preview")),
    ("[complition]\nenabled = true", "[complition]", "Did you mean completion?", ("completion",)),
    ("completion = 3", "3", "must be a table", ()),
    ("[roles]\nchat = ['comet/a', 'gpt']", "'gpt'", "provider/name", ()),
    ("[roles]\nchat = 'commet/a'", "'commet/a'", "Did you mean comet?", ("comet",)),
    ("[providers.comet]\nkey = 'sk-CANARY'", "'sk-CANARY'", "where the key comes from", None),
    ("[providers.comet]\nkey = { env = 'A', file = 'CANARY' }", None, "exactly one of", None),
    ("[providers.comet]\nbase_url = 'https://a b/CANARY'", None, "no spaces", ()),
    ("[providers.comet]\nbase_url = 'https://u:CANARY@h'", None, "no user name or password", ()),
    ("[providers.comet]\nbase_url = 'ftp://h'", "'ftp://h'", "begins with https://", ()),
    ("[providers.comet]\nheaders = { 'X-A' = \"CANARY\\nEvil: 1\" }", None, "on one line", ()),
    ("[providers.comet]\nconcurrency = 0", "0", "from 1 to 10000", ()),
    ("[providers.comet]\nstall_timeout_s = -1", "-1", "a number above 0", ()),
    ("[macros.a]\ndescription = 'x'", "[macros.a]", "either a prompt or steps", ()),
    ("[macros.a]\nprompt = 3", "3", "text in quotes", ()),
    ("[macros.a]\nsteps = [{prompt = 'x'}, {prompt = 'y', role = 'boss'}]", "'boss'", "one of: chat", None),
    ("[macros.'a b']\nprompt = 'x'", "[macros.'a b']", "is not a valid name", ()),
    ("[budget]\ndaily_usd = -3", "-3", "a number, at least 0", ()),
    ("[log]\nlevel = 'loud'", "'loud'", "one of: debug", None),
]


@pytest.mark.parametrize(("text", "pointed", "said", "allowed"), CASES, ids=[case[0][:40] for case in CASES])
def test_each_mistake(paths: Paths, text, pointed, said, allowed) -> None:
    rest = "\n[context]\nmax_tokens = 777\n"
    layer = load(paths, f"# a comment\n{text}{rest}")
    (problem,) = layer.problems
    assert said in problem.message
    assert "CANARY" not in str(problem)
    assert problem.path == paths.config_file
    assert 1 <= problem.line <= 2
    if pointed is not None:
        assert marked(paths, problem) == pointed
    if allowed is not None:
        assert problem.allowed == allowed
    assert layer.data["context"] == {"max_tokens": 777}


def test_all_mistakes_are_reported_together_in_order(paths: Paths) -> None:
    layer = load(paths, "[completion]\nenabled = 'x'\ndebounce_ms = -1\nnope = 1\n[edits]\napply = 'y'\n")
    assert [problem.line for problem in layer.problems] == [1, 2, 3, 5]


def test_a_provider_that_is_not_as_meant_is_off(paths: Paths) -> None:
    """Falling back to the preset's address, or to no proxy, would send things elsewhere than the user wrote."""
    for wrong in ("base_url = 3", "key = 'x'", "proxy = 'nonsense'", "kind = 'soap'", "headers = 3"):
        layer = load(paths, f"[providers.comet]\n{wrong}\nconcurrency = 3\n")
        assert layer.data["providers"]["comet"] == {"concurrency": 3, "enabled": False}
        assert "is disabled until" in layer.problems[0].message
    assert load(paths, "[providers.comet]\nconcurrency = 0\n").data["providers"]["comet"] == {}


def test_the_last_good_value_stays_in_force(paths: Paths) -> None:
    text = (
        "[providers.comet]\nbase_url = 'https://a.example'\n[completion]\ndebounce_ms = 5\nmax_tokens = 9\n"
    )
    good = load(paths, text)
    text = "[providers.comet]\nbase_url = 'nonsense'\n[completion]\ndebounce_ms = 'x'\nmax_tokens = 10\n"
    layer = load(paths, text, good)
    assert layer.data["providers"]["comet"] == {"base_url": "https://a.example"}
    assert layer.data["completion"] == {"debounce_ms": 5, "max_tokens": 10}
    assert load(paths, "[completion]\nmax_tokens = 10\n", good).data == {"completion": {"max_tokens": 10}}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[a\n", 0),
        ("a = 1\nb = = 2\n", 1),
        ("a = 1\na = 2\n", 1),
        ('a = """\nnever closed', 1),
        ("a = [1,\n", 1),
    ],
)
def test_a_file_that_is_not_toml_keeps_everything(paths: Paths, text, line) -> None:
    good = load(paths, "[completion]\nmax_tokens = 10\n")
    layer = load(paths, text, good)
    assert layer.data == good.data
    assert layer.usable
    (problem,) = layer.problems
    assert problem.line == line
    assert "not TOML" in problem.message
    assert not load(paths, text).usable


@pytest.mark.parametrize(
    "raw",
    [
        b"a = '\xff'",
        b"a = " + b"[" * 20_000 + b"]" * 20_000,
        b"a = " + b"9" * 10_000,
        b".".join([b"a"] * 50_000) + b" = 1",
        b"[" + b".".join([b"a"] * 40_000) + b"]",
        b"x = 1\n" + b" . ".join([b"'a'", b'"a"'] * 51) + b" = 1",
        b"a = " + b"{a = " * 3000 + b"1" + b"}" * 3000,
        b"\n".join(b"[" + b".".join([b"a"] * n) + b"]" for n in range(1, 40)),
        b"\x00\x01\x02",
        b"x" * (5 << 20),
    ],
    ids=[
        "latin",
        "deep list",
        "long number",
        "dots",
        "dotted header",
        "quoted parts",
        "inline",
        "tables",
        "zeros",
        "huge",
    ],
)
def test_files_meant_to_choke_a_parser(paths: Paths, raw: bytes) -> None:
    paths.config_file.write_bytes(raw)
    layer = load_user_config(paths)
    assert len(layer.problems) == 1
    assert layer.data == {}


def test_windows_habits_are_fine(paths: Paths) -> None:
    paths.config_file.write_bytes("\ufeff[completion]\r\nmax_tokens = 9\r\nenabled = 'x'\r\n".encode())
    layer = load_user_config(paths)
    assert layer.data == {"completion": {"max_tokens": 9}}
    assert [(p.line, p.start, p.end) for p in layer.problems] == [(2, 10, 13)]


def test_a_missing_file_is_no_problem_an_unreadable_one_is(paths: Paths) -> None:
    assert load_user_config(paths).problems == ()
    os.mkfifo(paths.config_file)
    assert "cannot be read" in load_user_config(paths).problems[0].message
    paths.config_file.unlink()
    paths.config_file.mkdir()
    assert "cannot be read" in load_user_config(paths).problems[0].message


def test_changes_are_seen_without_a_restart(paths: Paths, tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    store = ConfigStore(paths, presets=PRESETS)
    assert store.changed(root)
    assert store.settings(root).completion.max_tokens == 128
    assert not store.changed(root)
    assert store.settings(root) is store.settings(root), "nothing is merged twice"

    paths.config_file.write_text("[completion]\nmax_tokens = 9\n")
    assert store.changed(root)
    assert store.settings(root).completion.max_tokens == 9
    (root / ".halley.toml").write_text("[completion]\nmax_tokens = 10\n")
    assert store.changed(root)
    assert store.settings(root).completion.max_tokens == 10
    assert store.settings().completion.max_tokens == 9

    (root / ".halley.toml").write_text("[completion]\nmax_tokens = 'ten'\n")
    assert store.settings(root).completion.max_tokens == 10
    assert [p.setting for p in store.problems(root)] == ["completion.max_tokens"]
