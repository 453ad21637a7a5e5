"""Every key and value is found where it stands, in any TOML."""

from __future__ import annotations

import tomllib
from typing import Any

import tomlkit
from hypothesis import example, given
from hypothesis import strategies as st

from halley.stores.config.toml_files import Reporter, parse_toml
from halley.stores.config.toml_positions import find_spans

keys = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=6),
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
scalars = st.one_of(
    texts, st.integers(-(2**60), 2**60), st.booleans(), st.floats(allow_nan=False), st.dates(), st.datetimes()
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)


def flatten(data: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = {path: data} if path else {}
    for key, value in pairs:
        found |= flatten(value, (*path, key))
    return found


@given(st.dictionaries(keys, values, max_size=5))
def test_every_value_of_any_document(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    read = tomllib.loads(text)
    spans, lines = find_spans(text), text.split("\n")
    for path, value in flatten(read).items():
        if isinstance(value, dict | list) and (not value or path not in spans):
            continue  # a table that is only a prefix of others has no place of its own
        place = spans[path].value
        piece = lines[place.line][place.start : place.end]
        if not isinstance(value, dict | list) and "\n" not in str(value):
            assert tomllib.loads(f"x = {piece}")["x"] == value


def test_every_form_the_language_has() -> None:
    text = (
        'plain = 1 # note\n"quo\\u0074ed" = """one\ntwo ""\\""""\n\'lit.eral\' = \'\'\'it\'s\'\'\'\n'
        "dot . ted.'k' = [1, {a = 'x', b.c = [2]}, # no\n  3,\n]\n[t]\nx = 1979-05-27 07:32:00\n"
        "[[list]]\nn = 1\n[list.sub]\nm = 2\n[[list]]\n[[list.deep]]\nz = 3\n"
    )
    read, spans = tomllib.loads(text), find_spans(text)
    prefixes = {("dot",), ("dot", "ted"), ("dot", "ted", "k", 1, "b")}
    assert set(flatten(read)) - set(spans) == prefixes, "only what is written nowhere has no place"
    lines = text.split("\n")

    def at(path: tuple[Any, ...], which: str) -> str:
        span = getattr(spans[path], which)
        return lines[span.line][span.start : span.end]

    assert at(("plain",), "key") == "plain"
    assert at(("quoted",), "value") == '"""one'
    assert at(("lit.eral",), "value") == "'''it's'''"
    assert at(("dot", "ted", "k", 1, "b", "c", 0), "value") == "2"
    assert at(("dot", "ted", "k", 2), "value") == "3"
    assert at(("t", "x"), "value") == "1979-05-27 07:32:00"
    assert at(("list", 0, "sub"), "key") == "[list.sub]"
    assert at(("list", 1, "deep", 0, "z"), "value") == "3"


@given(st.binary(max_size=200))
def test_no_bytes_are_an_exception(raw: bytes) -> None:
    data, _, problems = parse_toml(raw, Reporter().path)  # type: ignore[arg-type]
    assert (data is None) == bool(problems)


@given(st.text(max_size=200))
@example("a=[}")
@example("b'[}='")
def test_the_scanner_survives_what_is_no_toml(text: str) -> None:
    find_spans(text)


@given(st.text(st.sampled_from("[]{}=.,\"'\\#\n ab1"), max_size=40))
def test_a_problem_always_points_into_the_text(text: str) -> None:
    _, report, problems = parse_toml(text.encode(), Reporter().path)  # type: ignore[arg-type]
    for problem in [*problems, report(("a", "b"), "x")]:
        assert 0 <= problem.line <= text.count("\n")
        assert 0 <= problem.start <= problem.end
