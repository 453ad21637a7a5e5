"""Chats that members share: only when both the setting and the user say so, readable by members, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from team_help import Member, Team
from test_team_commands import User
from test_team_commands import user as user

from cli.conftest import Shell
from cli.conftest import simulator_url as simulator_url
from halley.core.errors import StoreFailed
from halley.stores.team import chats, migrations, server

SECRET = "sk-proj-" + "Zq3vT7Lm9Kx2Rb5Nw8Jd1Hf4"
READ = "SELECT body FROM halley.chats"


@pytest.fixture
def sql(team: Team) -> Iterator[psycopg.Connection[Any]]:
    with team.connect("boss") as boss:
        server.set_member(boss, team.role("mallory"), None, None)
    with team.connect("mallory") as db:
        yield db


def joined(team: Team, user: User, name: str, *, shares: bool = True) -> Shell:
    shell = user(name)
    if name == "boss":
        assert shell("team", "init", team.url("boss")).code == 0
    else:
        with team.connect("boss") as boss:
            server.set_member(boss, team.role(name), None, None)
        assert shell("team", "join", team.url(name)).code == 0
    if shares:
        config = shell.home / "config.toml"
        config.write_text(config.read_text().replace("[team]", "[team]\nshare_chats = true"))
    return shell


def test_a_chat_is_shared_read_and_taken_back(team: Team, user: User) -> None:
    ann, bob = joined(team, user, "ann"), joined(team, user, "bob", shares=False)
    assert ann("chat", f"Where does CANARY live? The key is {SECRET}").code == 0
    assert team.one("SELECT count(*) FROM halley.chats") == 0, "nothing is shared by itself"
    asked = ann("team", "chats", "share")
    assert asked.code == 1 and "CANARY" in asked.out and "Nothing was shared" in asked.err
    assert team.one("SELECT count(*) FROM halley.chats") == 0
    done = ann("team", "chats", "share", "--yes")
    assert done.code == 0, done.err
    (listed,) = bob("team", "chats", "--json").json
    assert (listed["member"], listed["workspace"]) == (team.role("ann"), "shop")
    shown = bob("team", "chats", "show", listed["id"][:8]).out
    assert "CANARY" in shown and SECRET not in shown
    assert SECRET not in team.one(READ)
    assert bob("team", "chats", "revoke", listed["id"][:8]).code == 1, "it is ann's"
    assert ann("team", "chats", "revoke", listed["id"][:8]).code == 0
    assert bob("team", "chats", "--json").json == []
    assert "has no chat" in bob("team", "chats", "show", listed["id"][:8]).err


def test_the_command_in_a_chat_shares_it_again_and_takes_it_back(team: Team, user: User) -> None:
    ann = joined(team, user, "ann")
    ann("chat", "The FIRST question")
    assert "is shared with your team" in ann("chat", "--continue", "/share").err
    ann("chat", "--continue", "The SECOND question")
    assert "SECOND" not in team.one(READ), "later turns wait for another /share"
    ann("chat", "--continue", "/share")
    assert team.one("SELECT count(*) FROM halley.chats") == 1 and "SECOND" in team.one(READ)
    assert "is deleted" in ann("chat", "--continue", "/share stop").err
    assert team.one("SELECT count(*) FROM halley.chats") == 0
    assert "is not shared" in ann("chat", "--continue", "/share stop").err


def test_without_the_setting_nothing_is_shared(team: Team, user: User) -> None:
    ann = joined(team, user, "ann", shares=False)
    ann("chat", "CANARY")
    for words in (("team", "chats", "share", "--yes"), ("chat", "--continue", "/share")):
        refused = ann(*words)
        assert refused.code != 0 and "switched off" in refused.err and "share_chats = true" in refused.err
    assert team.one("SELECT count(*) FROM halley.chats") == 0


def test_a_policy_against_storing_prompts_deletes_and_refuses_them(
    team: Team, user: User, tmp_path: Path, sql: psycopg.Connection[Any]
) -> None:
    boss, ann = joined(team, user, "boss"), joined(team, user, "ann")
    ann("chat", "CANARY")
    assert ann("team", "chats", "share", "--yes").code == 0
    policy = tmp_path / "policy.toml"
    policy.write_text("no_prompt_storage = true\n")
    assert boss("team", "policy", "set", str(policy)).code == 0
    assert "no_prompt_storage" in ann("team", "policy").out
    assert team.one("SELECT count(*) FROM halley.chats") == 0
    assert ann("team", "status").code == 0  # and has seen the policy
    refused = ann("team", "chats", "share", "--yes")
    assert refused.code != 0 and "forbids storing prompts" in refused.err
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="forbids storing prompts"):
        chats.share_chat(sql, chats.id_of("c1"), "mine", "", "text")
    policy.write_text("no_prompt_storage = 1\n")
    assert "true or false" in boss("team", "policy", "set", str(policy)).err
    policy.write_text("")
    boss("team", "policy", "set", str(policy))
    chats.share_chat(sql, chats.id_of("c1"), "mine", "", "text")


@pytest.mark.parametrize(
    "attempt",
    [
        "INSERT INTO halley.chats VALUES (gen_random_uuid(), '{ann}', 't', '', 'b')",
        "UPDATE halley.chats SET body = 'theirs'",
        "DELETE FROM halley.chats",
        "SELECT halley.prune_chats(now())",
        "SELECT halley.drop_prompts()",
        "SELECT halley.share_chat('{id}', 'mine now', '', 'b')",
        "ALTER TABLE halley.policies DISABLE TRIGGER drop_prompts",
    ],
)
def test_what_a_member_cannot_do_to_others_chats(
    team: Team, sql: psycopg.Connection[Any], attempt: str
) -> None:
    id = chats.id_of("c1")
    with team.connect("boss") as boss:
        server.set_member(boss, team.role("ann"), None, None)
    with team.connect("ann") as ann:
        chats.share_chat(ann, id, "ann's", "", "text")
    with pytest.raises(psycopg.Error):
        sql.execute(attempt.format(ann=team.role("ann"), id=id).encode())
    assert chats.revoke_chat(sql, id) is False
    assert team.one("SELECT member || body FROM halley.chats") == f"{team.role('ann')}text"


def test_who_is_no_longer_a_member_reads_nothing(team: Team, sql: psycopg.Connection[Any]) -> None:
    with team.connect("boss") as boss:
        chats.share_chat(boss, chats.id_of("c1"), "boss's", "", "text")
        assert len(chats.list_chats(sql)) == 1
        server.remove_member(boss, team.role("mallory"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sql.execute(READ.encode())


def test_shared_chats_are_bounded_and_pruned(team: Team, sql: psycopg.Connection[Any]) -> None:
    for number in range(200):
        chats.share_chat(sql, chats.id_of(f"c{number}"), "t" * 400, "w" * 400, "text\0")
    chats.share_chat(sql, chats.id_of("c0"), "again", "", "text")
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        chats.share_chat(sql, chats.id_of("c200"), "one more", "", "text")
    with pytest.raises(psycopg.errors.CheckViolation):
        chats.share_chat(sql, chats.id_of("c0"), "long", "", "x" * (chats.MOST_TEXT + 1))
    with team.connect("boss") as boss:
        assert chats.prune_chats(boss, 1e9) == 0
        assert chats.prune_chats(boss, 1e10) == 200


async def test_a_database_of_before_works_and_says_what_it_lacks(
    team: Team, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member's Halley is newer than what the admin has taken."""
    with team.connect("boss") as db:
        db.execute("DROP SCHEMA halley CASCADE")
        with monkeypatch.context() as before:
            older = migrations.steps()[: migrations.NEEDED]
            before.setattr(migrations, "steps", lambda: older)
            migrations.migrate(db)
        server.set_member(db, ann.name, None, None)
        server.set_budget(db, "team", "", "month", 5)
        assert chats.prune_chats(db, 1e9) == 0
    await ann.spend(0.1)
    assert await ann.link.send() == 1
    with pytest.raises(StoreFailed) as refused:
        await ann.link.ask(chats.list_chats)
    assert "needs step 4" in refused.value.problem.message
    assert "halley team init" in refused.value.problem.help
