"""Files that hold what the user said, cut short at every byte or full of something else: set aside, never overwritten."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.core.errors import HalleyError, Problem
from halley.core.macro_runs import Run
from halley.core.models import ModelRef
from halley.features.search.control import change_control, control_file, load_control
from halley.stores.config.selections import SelectionStore
from halley.stores.config.tool_picks import Approval, ToolPicks
from halley.stores.config.trust import TrustStore
from halley.stores.disk.paths import Paths, find_paths
from halley.stores.disk.state import listen, set_aside_in, update_state
from halley.stores.keys.store import SecretStore
from halley.stores.macro_runs import MacroRunStore

ORIGIN = "https://api.example.com"
MODEL = ModelRef.parse("sim/sim-chat")
RUN = Run("m-1", "go", "d", None, {"a": "b"}, [])


@dataclass(frozen=True)
class Kept:
    """A file of ours: where it is, what fills it, reads it, and changes it again."""

    file: Callable[[Paths], Path]
    fill: Callable[[Paths], Any]
    read: Callable[[Paths], Any]


def _only(folder: str) -> Callable[[Paths], Path]:
    return lambda paths: next((paths.state / folder).glob("*.json"))


def _read_keys(paths: Paths) -> None:
    store = SecretStore(paths, {})
    store.list_keys(), store.providers()
    _finish(store.key_status("one", ORIGIN))
    _finish(store.resolve_keys("one", ORIGIN))


def _finish(work: Any) -> None:
    """Runs a coroutine that waits for nothing."""
    with pytest.raises((StopIteration, HalleyError)):
        work.send(None)


def _read_runs(paths: Paths) -> None:
    with contextlib.suppress(HalleyError):
        MacroRunStore(paths.state / "macros").find_last("go", None)


def _fill_keys(paths: Paths) -> None:
    for provider in ("one", "two"):
        _finish(SecretStore(paths, {}).set_key(provider, ORIGIN, f"sk-canary-of-{provider}", "file"))


def _read_tools(paths: Paths) -> None:
    picks = ToolPicks(paths)
    for workspace in (None, "/tmp/here"):
        picks.switches(workspace), picks.approvals(workspace)


def _read_picks(paths: Paths) -> None:
    picks = SelectionStore(paths)
    picks.load(None), picks.recent(), picks.favourites(), picks.load("/tmp/here")


FILES = {
    "keys": Kept(lambda paths: paths.data / "secrets.json", _fill_keys, _read_keys),
    "trust": Kept(
        lambda paths: paths.state / "trust.json",
        lambda paths: TrustStore(paths).trust(Path("/tmp/ä here"), "a" * 64),
        lambda paths: TrustStore(paths).is_trusted(Path("/tmp/ä here"), "b"),
    ),
    "picks": Kept(
        _only("selections"),
        lambda paths: SelectionStore(paths).save("/tmp/here", "chat", (MODEL,)),
        _read_picks,
    ),
    "models": Kept(
        lambda paths: paths.state / "models.json",
        lambda paths: SelectionStore(paths).mark_favourite(MODEL),
        _read_picks,
    ),
    "tools": Kept(
        _only("tools"),
        lambda paths: ToolPicks(paths).approve("/tmp/here", Approval("s", "t", "shape", "c", "d")),
        _read_tools,
    ),
    "search": Kept(
        lambda paths: control_file(paths.cache / "index" / "one"),
        lambda paths: change_control(paths.cache / "index" / "one", paused=True, answer=("sim/e", True)),
        lambda paths: load_control(paths.cache / "index" / "one"),
    ),
}
FILES["macros"] = Kept(
    lambda paths: paths.state / "macros" / "m-1.json",
    lambda paths: (_read_runs(paths), MacroRunStore(paths.state / "macros").save(RUN)),
    _read_runs,
)
HOMES = itertools.count()


@pytest.fixture
def reports() -> Iterator[list[Problem]]:
    found: list[Problem] = []
    stop = listen(found.append)
    found.clear()
    yield found
    stop()


def _paths(tmp_path: Path) -> Paths:
    return find_paths({"HALLEY_HOME": str(tmp_path / f"home{next(HOMES)}")})


def _aside(file: Path) -> list[Path]:
    return set_aside_in(file.parent)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_at_any_byte_is_set_aside(
    name: str, tmp_path: Path, reports: list[Problem], tried: Callable[..., None], monkeypatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    paths, kept = _paths(tmp_path), FILES[name]
    kept.fill(paths)
    file = kept.file(paths)
    whole = file.read_bytes()
    for length, reads_first in itertools.product(range(len(whole.rstrip())), (True, False)):
        tried()
        file.write_bytes(whole[:length])
        if reads_first:
            kept.read(paths)
            assert not file.exists()
        kept.fill(paths)
        kept.read(paths)
        (aside,) = _aside(file)
        assert aside.read_bytes() == whole[:length]
        assert json.loads(file.read_bytes()).keys() == json.loads(whole).keys()
        (told,) = reports
        assert str(aside) in told.message and told.help
        reports.clear()
        aside.unlink()
        kept.read(paths)
        assert not reports


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([2**70, 1e300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def altered(draw: st.DrawFn, value: Any) -> Any:
    """`value` with something else somewhere in it."""
    if not isinstance(value, dict) or not value or draw(st.booleans()):
        return draw(JSON)
    key = draw(st.sampled_from(sorted(value)))
    return value | {key: draw(altered(value[key]))}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_other_values_stops_nothing(
    name: str, data: st.DataObject, tmp_path: Path, tried: Callable[..., None]
) -> None:
    tried()
    paths, kept = _paths(tmp_path), FILES[name]
    kept.fill(paths)
    file = kept.file(paths)
    changed = data.draw(altered(json.loads(file.read_bytes())))
    written = json.dumps(changed).encode()
    file.write_bytes(written)
    kept.read(paths)
    kept.fill(paths)
    kept.read(paths)
    after = json.loads(file.read_bytes())
    asides = [aside.read_bytes() for aside in _aside(file)]
    if isinstance(changed, dict):
        assert asides == [written] or changed.keys() <= after.keys()
    else:
        assert asides == [written]


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000, b'{"a": NaN', b"\0" * 10])
def test_junk_is_set_aside(junk: bytes, tmp_path: Path, reports: list[Problem]) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(junk)
    update_state(path, lambda value: value.update(b=1))
    assert [aside.read_bytes() for aside in _aside(path)] == [junk]
    assert len(reports) == 1


def test_a_file_that_cannot_be_read_is_left_as_it_is(
    tmp_path: Path, reports: list[Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so a full table of files stands in for all that may pass."""
    paths = _paths(tmp_path)
    _fill_keys(paths)
    file = paths.data / "secrets.json"
    whole, opened = file.read_bytes(), os.open

    def refuse(path: Any, *arguments: Any, **named: Any) -> int:
        if str(path) == str(file):
            raise OSError(24, os.strerror(24))
        return opened(path, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    assert SecretStore(paths, {}).list_keys() == ()
    with pytest.raises(HalleyError, match="cannot use"):
        update_state(file, lambda value: value.update(b=1))
    monkeypatch.undo()
    assert file.read_bytes() == whole and not _aside(file)
    assert len(SecretStore(paths, {}).list_keys()) == 2
    assert len(reports) == 1 and str(file) in reports[0].message


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_set_aside(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    assert update_state(path, lambda value: value.update(b=1)) == {"b": 1}
    assert len(_aside(path)) == 1


def test_names_of_what_was_set_aside_are_secret_too() -> None:
    from halley.engine.guards.secrecy import is_secret_path

    assert is_secret_path("data/secrets.json.damaged-20260101-120000-77")
    assert is_secret_path("halley.db.damaged-20260101-120000-77") == is_secret_path("halley.db")
