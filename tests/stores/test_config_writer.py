"""Writing config.toml for the user: their text stays theirs, and nothing wrong or half gets in."""

from __future__ import annotations

import stat
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores_help import finished

from halley.core.errors import InvalidInput, StoreFailed
from halley.stores.config.store import load_user_config
from halley.stores.config.writer import remove_macro, remove_provider, save_macro, save_provider
from halley.stores.disk.paths import Paths

MINE = """\
# my settings
[roles]   # who does what
chat = "comet/a" # the good one
fast = ["comet/b",
        "comet/c"] # cheap

[completion]
debounce_ms = "wrong, but mine"

[providers.comet] # where
# a proxy of ours
base_url = "https://api.cometapi.com/v1"
concurrency = 5 # enough
"""


def text(paths: Paths) -> str:
    return paths.config_file.read_text()


def test_a_first_file(paths: Paths) -> None:
    save_provider(paths, "comet", {"key": {"env": "COMETAPI_KEY"}, "headers": {"X-Team": "editor"}})
    save_macro(paths, "review", {"prompt": "Look."})
    assert tomllib.loads(text(paths)) == {
        "providers": {"comet": {"key": {"env": "COMETAPI_KEY"}, "headers": {"X-Team": "editor"}}},
        "macros": {"review": {"prompt": "Look."}},
    }
    assert load_user_config(paths).problems == ()
    assert stat.S_IMODE(paths.config_file.stat().st_mode) == 0o600


def test_only_what_was_asked_changes(paths: Paths) -> None:
    paths.config_file.write_text(MINE)
    save_provider(paths, "comet", {"concurrency": 6})
    assert text(paths) == MINE.replace("concurrency = 5", "concurrency = 6")
    save_provider(paths, "comet", {"concurrency": None})
    assert text(paths) == MINE.replace("concurrency = 5 # enough\n", "")


def test_removing(paths: Paths) -> None:
    paths.config_file.write_text(MINE)
    save_macro(paths, "review", {"prompt": "line\nline", "description": "d"})
    save_macro(paths, "review", {"prompt": "other"})
    assert tomllib.loads(text(paths))["macros"] == {"review": {"prompt": "other"}}
    assert remove_macro(paths, "review") and not remove_macro(paths, "review")
    assert remove_provider(paths, "comet") and not remove_provider(paths, "comet")
    assert "comet" not in tomllib.loads(text(paths)).get("providers", {})
    assert "# my settings" in text(paths) and "# cheap" in text(paths)


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        (lambda p: save_provider(p, "x", {"concurrency": "many"}), "providers.x.concurrency"),
        (lambda p: save_provider(p, "x", {"key": "sk-CANARY"}), "providers.x.key"),
        (lambda p: save_provider(p, "x", {"base_url": "file:///etc"}), "providers.x.base_url"),
        (lambda p: save_provider(p, "x", {"nonsense": 1}), "providers.x.nonsense"),
        (lambda p: save_provider(p, "x y", {"label": "a"}), "providers.x y"),
        (lambda p: save_macro(p, "m", {"description": "neither"}), "macros.m"),
    ],
)
def test_what_is_wrong_is_not_written(paths: Paths, change, setting) -> None:
    paths.config_file.write_text(MINE)
    with pytest.raises(InvalidInput) as caught:
        change(paths)
    assert caught.value.problem.setting == setting
    assert "CANARY" not in str(caught.value.problem)
    assert text(paths) == MINE


def test_a_file_with_a_mistake_is_left_alone(paths: Paths) -> None:
    paths.config_file.write_text("[roles\n")
    with pytest.raises(StoreFailed, match="line 1"):
        save_macro(paths, "review", {"prompt": "Look."})
    assert text(paths) == "[roles\n"


def test_windows_line_ends_stay(paths: Paths) -> None:
    paths.config_file.write_bytes(MINE.replace("\n", "\r\n").encode())
    save_provider(paths, "comet", {"concurrency": 6})
    raw = paths.config_file.read_bytes()
    assert raw == MINE.replace("\n", "\r\n").replace("concurrency = 5", "concurrency = 6").encode()


STYLES = [
    "",
    "providers.comet.concurrency = 1\n",
    "providers = { comet = { concurrency = 1 } }\n",
    "[providers]\ncomet = { concurrency = 1 }\n[roles]\nchat = 'a/b'\n",
    "[providers.other]\n[roles]\n[providers.comet]\nconcurrency = 1\n",
    "[macros.m]\nprompt = 'x'\n[macros.m.inputs.a]\ntype = 'string'\n",
]


@given(
    st.sampled_from(STYLES),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20),
    st.sampled_from(["comet", "new", "with.dot"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_text_in_any_style_reads_back_or_is_refused(
    paths: Paths, style: str, value: str, provider: str
) -> None:
    paths.config_file.write_text(style)
    before = tomllib.loads(style)
    try:
        save_provider(paths, provider, {"label": value})
        save_macro(paths, "m", {"prompt": value or "x", "steps": None})
    except StoreFailed:
        return
    after = tomllib.loads(paths.config_file.read_bytes().decode())
    assert after["providers"][provider]["label"] == value
    assert after["macros"]["m"] == {"prompt": value or "x"}
    assert after.get("roles") == before.get("roles")


async def test_processes_do_not_lose_each_others_changes(paths: Paths, start) -> None:
    code = """
        from halley.stores.config.writer import save_provider
        from halley.stores.disk.paths import find_paths
        for n in range(10):
            save_provider(find_paths(), f"{args[0]}{n}", {"concurrency": n + 1})
    """
    await finished(*(start(code, name) for name in "abc"))
    assert len(tomllib.loads(text(paths))["providers"]) == 30
