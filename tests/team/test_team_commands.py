"""`halley team` as a user runs it, against a real PostgreSQL; calls go through the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from team_help import Team

from cli.conftest import Shell
from cli.conftest import simulator_url as simulator_url
from halley.stores.team.vectors import find_vectors, share_vectors

User = Callable[[str], Shell]


@pytest.fixture
def user(team: Team, tmp_path: Path, simulator_url: str) -> User:
    """A user's terminal: a home of their own, the simulator, a workspace named `shop`."""

    def make(name: str) -> Shell:
        home, folder = tmp_path / name, tmp_path / name / "src" / "shop"
        folder.mkdir(parents=True)
        (folder / ".git").mkdir()
        shell = Shell(home, folder, {"HALLEY_HOME": str(home), "SIM_KEY": "sk-sim-1234567890"})
        shell.configure(
            f'[providers.sim]\npreset = "simulator"\nbase_url = "{simulator_url}"\nkey = {{ env = "SIM_KEY" }}\n'
        )
        return shell

    return make


def test_a_team_from_nothing_to_its_first_bill(team: Team, user: User) -> None:
    boss, ann = user("boss"), user("ann")
    done = boss("team", "init", team.url("boss"))
    assert done.code == 0, done.err
    assert boss("team", "members", "add", team.role("ann"), "--group", "web").code == 0
    done = ann("team", "join", team.url("ann"))
    assert done.out == f"You joined the team as {team.role('ann')}, in web.\n", done.err
    asked = ann("ask", "hello")
    assert asked.code == 0, asked.err
    shown = json.loads(boss("usage", "--team", "--by", "member,workspace", "--json").out)
    assert [(row["member"], row["workspace"], row["requests"]) for row in shown["rows"]] == [
        (team.role("ann"), "shop", 1)
    ]
    assert ann("team", "status", "--json").json["waiting"] == 0
    assert ann("team", "leave").code == 0
    assert ann("team", "status").err.startswith("You are in no team.")


def test_a_budget_that_is_spent_is_said_in_the_terminal(team: Team, user: User) -> None:
    boss, ann = user("boss"), user("ann")
    boss("team", "init", team.url("boss"))
    boss("team", "members", "add", team.role("ann"))
    ann("team", "join", team.url("ann"))
    assert boss("team", "budget", "set", "member", "*", "--per", "day", "--usd", "0").code == 0
    asked = ann("ask", "hello")
    assert asked.code == 1
    assert f"The daily budget of member {team.role('ann')} is spent: $0.00 of $0.00" in asked.err
    assert "LIMIT" in ann("team", "budget").out
    assert boss("team", "budget", "remove", "member", "*", "--per", "day").code == 0
    assert ann("ask", "hello").code == 0


def test_a_member_cannot_set_budgets(team: Team, user: User) -> None:
    boss, ann = user("boss"), user("ann")
    boss("team", "init", team.url("boss"))
    boss("team", "members", "add", team.role("ann"))
    ann("team", "join", team.url("ann"))
    refused = ann("team", "budget", "set", "team", "--usd", "5")
    assert refused.code == 1
    assert "only an admin of the team may do this" in refused.err


def test_one_who_is_no_member_cannot_join(team: Team, user: User) -> None:
    refused = user("bob")("team", "join", team.url("bob"))
    assert refused.code == 1
    assert "not a member" in refused.err
    assert "Traceback" not in refused.err


def test_a_team_that_cannot_be_reached_keeps_the_rows(team: Team, user: User) -> None:
    ann = user("ann")
    ann.configure(
        (ann.home / "config.toml").read_text() + '[team]\nurl = "postgresql://ann@127.0.0.1:1/halley"\n'
    )
    asked = ann("ask", "hello")
    assert asked.code == 0, asked.err
    status = ann("team", "status")
    assert status.code == 1
    assert "1 row to send" in status.out
    assert "cannot be reached" in status.err


def test_a_repository_cannot_name_a_team(team: Team, user: User) -> None:
    ann = user("ann")
    (ann.folder / ".halley.toml").write_text(f'[team]\nurl = "{team.url("ann")}"\n')
    assert ann("team", "status").err.splitlines()[-2] == "You are in no team."


def test_a_database_that_is_not_set_up(team: Team, user: User) -> None:
    elsewhere = team.url("ann").replace(team.name, "postgres")
    refused = user("ann")("team", "join", elsewhere)
    assert refused.code == 1
    assert "halley team init" in refused.err


def test_the_shared_index_is_shown_and_cleared(team: Team, user: User) -> None:
    boss, ann = user("boss"), user("ann")
    boss("team", "init", team.url("boss"))
    boss("team", "members", "add", team.role("ann"))
    ann("team", "join", team.url("ann"))
    shown = ann("team", "index")
    assert "shares no vectors yet" in shown.err and "share_index = true" in shown.err
    with team.connect("ann") as db:
        share_vectors(db, "comet/embed", {b"1" * 32: [0.6, 0.8], b"2" * 32: [1.0, 0.0]})
        find_vectors(db, [b"1" * 32, b"3" * 32])
    shown = ann("team", "index")
    assert "comet/embed" in shown.out and "members found 1 vectors" in shown.out
    facts = ann("team", "index", "--json").json
    assert facts["models"] == [{"model": "comet/embed", "dimensions": 2, "pieces": 2}]
    assert (facts["asked"], facts["found"], facts["shares"]) == (2, 1, False)
    refused = ann("team", "index", "clear", "--yes")
    assert refused.code == 1 and "only an admin" in refused.err
    assert boss("team", "index", "clear", "--member", team.role("bob"), "--yes").out == "0 vectors deleted.\n"
    assert boss("team", "index", "clear", "--model", "comet/embed", "--yes").out == "2 vectors deleted.\n"
    assert ann("team", "index", "--json").json["models"] == []
