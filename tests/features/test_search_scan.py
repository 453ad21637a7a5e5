"""A scan that is killed leaves whole files behind; the next one resumes, and nothing is duplicated or lost."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from halley.core.index import ChunkRow
from halley.features.search.cutters import cut_files, cut_here
from halley.features.search.scan import Rules, scan
from halley.stores.index import chunks as search_index
from halley.stores.index.chunks import INDEX_STEPS, find_words, put_file
from halley.stores.sqlite.opening import open_connection

FILES = 120


def write_files(root: Path, files: int = FILES) -> None:
    for number in range(files):
        folder = root / f"part{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        body = "".join(f"def work_{number}_{n}(value):\n    return value + {n}\n\n" for n in range(12))
        (folder / f"module{number}.py").write_text(body)


def content(database: Path) -> list[tuple[object, ...]]:
    """All that is in an index, its words too."""
    with closing(sqlite3.connect(database)) as db:
        db.execute(
            "INSERT INTO found (found, rank) VALUES ('integrity-check', 1)"
        )  # raises where they disagree
        chunks = db.execute(
            "SELECT files.path, first_line, last_line, symbol, text, chunks.digest FROM chunks "
            "JOIN files ON files.id = file ORDER BY 1, 2, 3"
        ).fetchall()
        files = db.execute("SELECT path, mtime_ns, size, digest FROM files ORDER BY 1").fetchall()
        words = db.execute("SELECT count(*) FROM found WHERE found MATCH 'value'").fetchall()
        return [*chunks, *files, *words]


def test_killed_at_any_moment_it_resumes_where_it_was(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    write_files(root)
    whole = Rules(str(root), str(tmp_path / "whole" / "index.db"))
    scan(whole, lambda _: None)
    expected = content(Path(whole.database))
    rules = Rules(str(root), str(tmp_path / "killed" / "index.db"))
    choice = random.Random(5)
    killed = 0
    for _ in range(6):
        command = [sys.executable, "-P", "-m", "halley.features.search.scan"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin and child.stdout
        child.stdin.write(json.dumps(asdict(rules)).encode() + b"\n")
        child.stdin.flush()
        for _ in range(choice.randint(1, 3)):  # it says each batch that it has put
            child.stdout.readline()
        killed += child.poll() is None
        child.kill()
        child.wait()
    assert killed, "none was killed in mid-scan"
    scan(rules, lambda _: None)
    assert content(Path(rules.database)) == expected


def test_a_scan_puts_only_what_changed(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    write_files(root)
    rules = Rules(str(root), str(tmp_path / "index" / "index.db"))
    scan(rules, lambda _: None)
    (root / "part0/module0.py").write_text("def changed():\n    return 1\n")
    (root / "part1/module1.py").unlink()
    with closing(sqlite3.connect(rules.database)) as db:
        before = dict(db.execute("SELECT path, id FROM chunks WHERE first_line = 1").fetchall())
    done = scan(rules, lambda _: None)
    assert (done.files, done.done) == (FILES - 1, True)
    with closing(sqlite3.connect(rules.database)) as db:
        after = dict(db.execute("SELECT path, id FROM chunks WHERE first_line = 1").fetchall())
    assert after.keys() == before.keys() - {"part1/module1.py"}
    assert {path for path in after if after[path] != before[path]} == {"part0/module0.py"}


def test_files_beyond_the_limit_are_left_out_and_counted(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    write_files(root)
    done = scan(Rules(str(root), str(tmp_path / "index.db"), max_files=100), lambda _: None)
    assert (done.files, done.left_out) == (100, FILES - 100)


def helpers(of: int | None = None) -> list[psutil.Process]:
    """The processes that cut for this one, or for another."""
    return [
        child
        for child in psutil.Process(of).children()
        if "halley.features.search.cutters" in child.cmdline()
    ]


def test_helpers_cut_as_one_process_does_and_what_one_leaves_is_cut_here(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    write_files(root)
    (root / "nothing.py").write_text("")
    paths = [path.relative_to(root).as_posix() for path in root.rglob("*.py")]
    known = {paths[0]: cut_here(root, (paths[0], None))[1]}
    jobs = [(path, known.get(path)) for path in paths]
    alone = sorted(cut_files(root, jobs, 0))
    assert [path for path, _, rows in alone if rows is None] == [paths[0]]
    assert sorted(cut_files(root, jobs, 2)) == alone
    with closing(cut_files(root, jobs, 2)) as cuts:
        some = [next(cuts)]
        for helper in helpers():
            helper.kill()
        assert sorted([*some, *cuts]) == alone
    assert helpers() == []


MANY_HELPED = (
    "import sys; from halley.features.search import cutters, scan; "
    "cutters.ENOUGH_FILES, cutters.MOST_HELPERS = 1, 1; sys.exit(scan.main())"
)


def test_no_helper_outlives_the_scan(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    write_files(root, 1000)
    command = [sys.executable, "-P", "-c", MANY_HELPED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as scanning:
        assert scanning.stdin and scanning.stdout
        rules = Rules(str(root), str(tmp_path / "index.db"))
        scanning.stdin.write(json.dumps(asdict(rules)).encode() + b"\n")
        scanning.stdin.flush()
        for _ in range(2):  # the second tells of the first files put
            scanning.stdout.readline()
        cutting = helpers(scanning.pid)
        scanning.kill()
    assert cutting, "it cut alone"
    _, alive = psutil.wait_procs(cutting, timeout=60)
    assert not alive


def test_of_many_common_words_the_rarest_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "MOST_MATCHES", 30)
    with closing(open_connection(tmp_path / "index.db", INDEX_STEPS)) as db:
        for number in range(40):
            text = "common " + ("some " if number < 20 else "") + ("rare" if number == 39 else "")
            put_file(db, f"{number}.txt", 1, 1, b"", [ChunkRow(1, 1, "", "", text, "", b"")])
        assert len(find_words(db, ['"common"', '"some"', '"rare"', '"nowhere"'], 100)) == 21
        assert len(find_words(db, ['"common"'], 100)) == 40
        assert find_words(db, ['"nowhere"'], 100) == []
