"""`halley search` and `halley index`: the workspace found in a terminal, with and without an index, and what fails."""

from __future__ import annotations

import pytest


@pytest.fixture
def indexed(halley):
    """Search switched on in a workspace of two files."""
    config = halley.home / "config.toml"
    halley.configure(config.read_text() + "[search]\nenabled = true\n")
    (halley.folder / "shop").mkdir()
    (halley.folder / "shop/orders.py").write_text(
        "import math\n\n\ndef grand_total(items):\n    return math.fsum(items)\n"
    )
    (halley.folder / "notes.txt").write_text("The warehouse closes on Fridays.\n")
    return halley


def test_without_an_index_it_is_made_first_and_hits_are_places(indexed):
    ran = indexed("search", "grand total")
    assert ran.code == 0
    assert ran.out.startswith("shop/orders.py:")
    place, symbol = ran.out.splitlines()[0].split("  ")
    path, _, lines = place.partition(":")
    first, _, last = lines.partition("-")
    assert path == "shop/orders.py" and int(first) <= 4 <= int(last)
    assert symbol == "grand_total"
    assert "    def grand_total(items):" in ran.out


def test_json_says_where_and_how(indexed):
    ran = indexed("search", "warehouse", "--json", "--limit", "1")
    (hit,) = ran.json["hits"]
    assert (hit["path"], hit["how"]) == ("notes.txt", "lexical")
    assert hit["uri"] == (indexed.folder / "notes.txt").as_uri()
    assert hit["range"]["start"] == {"line": 0, "character": 0}
    assert ran.json["notices"] == []


def test_nothing_found_is_reported_with_exit_code_1(indexed):
    ran = indexed("search", "xylophone")
    assert (ran.code, ran.out) == (1, "")
    assert "Nothing was found" in ran.err


def test_a_folder_within_the_workspace_searches_all_of_it(indexed):
    ran = indexed("search", "warehouse", folder=indexed.folder / "shop")
    assert ran.out.startswith("notes.txt:1")


@pytest.mark.parametrize(
    "arguments", [("search",), ("search", "x", "--limit", "0"), ("search", "x", "y"), ("index", "sideways")]
)
def test_wrong_arguments_are_exit_code_2(indexed, arguments):
    ran = indexed(*arguments)
    assert ran.code == 2 and "Usage:" in ran.err


@pytest.mark.parametrize("query", ["", "  ", "..."])
def test_an_empty_query_says_so(indexed, query):
    ran = indexed("search", query)
    assert ran.code == 1 and ran.out == "" and "The search is empty." in ran.err


def test_a_whole_home_folder_is_not_indexed(indexed):
    indexed.environ["HOME"] = indexed.environ["USERPROFILE"] = str(indexed.folder)
    ran = indexed("search", "warehouse")
    assert ran.code == 1 and "not a project" in ran.err
    assert "off" in indexed("index").out
    assert not list(indexed.home.rglob("index.db"))


def test_switched_off_it_names_the_setting(halley):
    config = halley.home / "config.toml"
    halley.configure(config.read_text() + "[search]\nenabled = false\n")
    ran = halley("search", "warehouse")
    assert ran.code == 1 and "search.enabled" in ran.err
    ran = halley("index")
    assert "off" in ran.out


def test_the_index_is_shown_rebuilt_paused_and_resumed(indexed):
    assert indexed("index", "--json").json["state"] == "idle"
    rebuilt = indexed("index", "rebuild", "--json").json
    assert (rebuilt["files"], rebuilt["indexed"]) == (2, 2)
    assert indexed("index", "pause", "--json").json["state"] == "paused"
    assert indexed("index", "resume", "--json").json["paused"] is False
    table = indexed("index").out
    assert "2 of 2" in table and "halley use embed" in table


def test_embedding_needs_a_model_and_approval(indexed):
    ran = indexed("index", "embed")
    assert ran.code == 1 and "halley use embed" in ran.err
    assert indexed("use", "embed", "sim/sim-embed").code == 0
    ran = indexed("index", "embed")  # no user to approve it
    assert ran.code == 1 and "Nothing was sent" in ran.err
    done = indexed("index", "embed", "--yes", "--json")
    assert done.code == 0 and "sim/sim-embed" in done.err
    assert done.json["embedded"] == done.json["chunks"] > 0
    assert done.json["state"] == "ready"
    assert done.json["answering"] == "sim/sim-embed"


def test_a_damaged_index_is_rebuilt(indexed):
    assert indexed("search", "warehouse").code == 0
    (file,) = indexed.home.rglob("index.db")
    for beside in ("index.db-wal", "index.db-shm"):
        file.with_name(beside).unlink(missing_ok=True)
    file.write_bytes(b"this is no database" * 400)
    ran = indexed("search", "warehouse")
    assert ran.out.startswith("notes.txt:1")


def test_an_index_that_cannot_be_written_is_reported_and_not_waited_for(indexed, monkeypatch):
    from halley.core.errors import StoreFailed
    from halley.features.search import keeping

    async def fails(*_: object) -> None:
        raise StoreFailed("The disk is full.", "Make room.")

    monkeypatch.setattr(keeping, "run_scan", fails)
    for command in (("search", "warehouse"), ("index", "rebuild")):
        ran = indexed(*command)
        assert ran.code == 1 and "The disk is full." in ran.err and "Make room." in ran.err
