"""A team's policy: it only takes away, holds while the database is away, and cannot be half understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team_help import Member, Team
from test_team_commands import User
from test_team_commands import user as user

from cli.conftest import simulator_url as simulator_url
from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.models import ModelRef
from halley.core.team import NO_POLICY, Policy, allows, read_policy
from halley.stores.team import server
from halley.stores.team.policy import PolicyStore


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (None, "comet/x", True),
        ((), "comet/x", False),
        (("comet/*",), "comet/x", True),
        (("comet/*",), "openai/x", False),
        (("comet/*", "!comet/o3*"), "comet/o3-pro", False),
        (("!comet/o3*", "comet/*"), "comet/o3-pro", False),
        (("!comet/o3*",), "openai/x", True),
        (("comet/X",), "comet/x", False),
    ],
)
def test_patterns(patterns: tuple[str, ...] | None, name: str, expected: bool) -> None:
    assert allows(patterns, name) is expected


names = st.sampled_from(["comet/a", "comet/b", "openai/a", "x/y"])
patterns = st.lists(st.sampled_from(["comet/*", "*/a", "x/y", "*", "!comet/b", "!*/a", "!*"]), max_size=4)


@given(patterns, st.sampled_from(["!comet/b", "!*/a", "!*"]), names)
def test_forbidding_more_never_allows_more(some: list[str], more: str, name: str) -> None:
    if some and allows((*some, more), name):
        assert allows(tuple(some), name)


@pytest.mark.parametrize("body", [{"models": "comet/*"}, {"models": [1]}, {"model": ["x"]}, {"tools": [""]}])
def test_a_policy_that_cannot_be_understood_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        read_policy(body)


async def test_the_policy_is_known_after_the_first_contact(team: Team, ann: Member) -> None:
    with team.connect("boss") as db:
        server.set_policy(db, {"models": ["comet/*"]})
    await ann.link.standing()
    kept = PolicyStore(ann.paths).load(str(ann.link.address))
    assert kept == Policy(1, models=("comet/*",))
    with pytest.raises(BlockedByPolicy) as refused:
        kept.require_model(ModelRef("openai", "gpt-5"))
    assert "version 1" in refused.value.problem.message
    assert PolicyStore(ann.paths).load("someone@elsewhere:5432/halley") == NO_POLICY


async def test_a_kept_policy_of_another_halley_allows_nothing(ann: Member) -> None:
    ann.paths.state.mkdir(parents=True, exist_ok=True)
    (ann.paths.state / "team.json").write_text(
        json.dumps({str(ann.link.address): {"version": 3, "policy": {"continents": ["EU"]}}})
    )
    assert not PolicyStore(ann.paths).load(str(ann.link.address)).allows_model(ModelRef("comet", "x"))


async def test_only_admins_set_the_policy(team: Team, ann: Member) -> None:
    from halley.core.errors import StoreFailed

    with pytest.raises(StoreFailed):
        await ann.link.ask(lambda db: server.set_policy(db, {}))


def test_a_policy_as_members_meet_it(team: Team, user: User, tmp_path: Path) -> None:
    boss, ann = user("boss"), user("ann")
    boss("team", "init", team.url("boss"))
    boss("team", "members", "add", team.role("ann"))
    rules = tmp_path / "policy.toml"
    rules.write_text(
        'models = ["!sim/*"]\nmcp_servers = []\ntools = ["halley/*", "!halley/search_workspace"]\n'
    )
    assert boss("team", "policy", "set", str(rules)).code == 0
    ann("team", "join", team.url("ann"))
    ann.configure((ann.home / "config.toml").read_text() + '[tools.servers.notes]\ncommand = ["notes"]\n')
    asked = ann("ask", "hello")
    assert asked.code == 1
    assert "policy (version 1) does not allow sim/" in asked.err
    listed = ann("tools", "list").out
    assert "notes" not in listed
    assert "models" in ann("team", "policy").out
    (tmp_path / "empty.toml").write_text("")
    assert boss("team", "policy", "set", str(tmp_path / "empty.toml")).code == 0
    ann("team", "status")
    assert ann("ask", "hello").code == 0
    rules.write_text('continents = ["EU"]\n')
    assert "A policy has no `continents`" in boss("team", "policy", "set", str(rules)).err


def test_a_macro_goes_from_its_author_by_an_admin_to_a_member(team: Team, user: User) -> None:
    boss, ann, bob = user("boss"), user("ann"), user("bob")
    boss("team", "init", team.url("boss"))
    for member in ("ann", "bob"):
        boss("team", "members", "add", team.role(member))
    ann("team", "join", team.url("ann"))
    bob("team", "join", team.url("bob"))
    ann.configure((ann.home / "config.toml").read_text() + '[macros.tidy]\nprompt = "Tidy {{selection}}"\n')
    assert ann("team", "shared", "propose", "macro", "tidy").code == 0
    assert bob("team", "shared", "--json").json == []  # not before it is approved
    assert "no approved macro" in bob("team", "shared", "take", "macro", "tidy", "--yes").err
    shown = boss("team", "shared", "approve", "macro", "tidy", "--yes")
    assert '+prompt = "Tidy {{selection}}"' in shown.out
    refused = bob("team", "shared", "take", "macro", "tidy")
    assert refused.code == 1 and "Nothing was changed" in refused.err
    assert "tidy" not in (bob.home / "config.toml").read_text()
    taken = bob("team", "shared", "take", "macro", "tidy", "--yes")
    assert taken.code == 0 and '+prompt = "Tidy {{selection}}"' in taken.out
    assert 'prompt = "Tidy {{selection}}"' in (bob.home / "config.toml").read_text()
    assert [text["state"] for text in bob("team", "shared", "--json").json] == ["taken"]
    assert bob("team", "shared", "retract", "macro", "tidy").code == 1
    assert ann("team", "shared", "retract", "macro", "tidy").code == 0
    assert bob("team", "shared", "--json").json == []


async def test_an_admin_approves_what_they_have_read(team: Team, ann: Member) -> None:
    """The author replaces the text between reading and approving: the old digest approves the old text."""
    await ann.link.ask(lambda db: server.publish(db, "macro", "tidy", "good"))
    with team.connect("boss") as db:
        (read,) = server.list_shared(db)
    await ann.link.ask(lambda db: server.publish(db, "macro", "tidy", "evil"))
    with team.connect("boss") as db:
        assert server.approve(db, "macro", "tidy", read.digest) == 1
    bob = [(text.version, text.body) for text in await ann.link.ask(server.list_shared) if text.approved_by]
    assert bob == [(1, "good")]


async def test_a_member_cannot_approve(team: Team, ann: Member) -> None:
    from halley.core.errors import StoreFailed

    await ann.link.ask(lambda db: server.publish(db, "macro", "tidy", "text"))
    (text,) = await ann.link.ask(server.list_shared)
    with pytest.raises(StoreFailed):
        await ann.link.ask(lambda db: server.approve(db, "macro", "tidy", text.digest))
    for attempt in ("UPDATE halley.shared SET approved_by = 'x'", "UPDATE halley.policies SET body = '{}'"):
        with team.connect("ann") as db, pytest.raises(Exception, match="permission denied"):
            db.execute(attempt.encode())
