"""The protocol's table of upstream faults, on the real wire: attempts made, what the user gets, the ledger rows."""

from __future__ import annotations

import asyncio

import pytest

from halley.core.calls import Call, Caller, Priority, Prompt, user
from halley.core.errors import HalleyError
from halley.core.events import Finish, TextDelta
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.routing.clock import Clock
from halley.simulator import Simulator

BEFORE = "before"
"""R: three attempts, then the next model."""
AGAIN = "again"
REFUSED = "refused"
"""X: one attempt, and the error is reported."""
ELSEWHERE = "elsewhere"
"""X, but a model of another provider may answer."""
KEPT = "kept"
"""K: the partial text is kept as interrupted."""

TABLE = [
    ("refuse", BEFORE, "provider_unavailable"),
    ("reset", BEFORE, "provider_unavailable"),
    ("close", BEFORE, "provider_unavailable"),
    ("stall", BEFORE, "timeout"),
    ("headers_then_stall", BEFORE, "timeout"),
    ("500", BEFORE, "provider_unavailable"),
    ("502", BEFORE, "provider_unavailable"),
    ("503", BEFORE, "provider_unavailable"),
    ("504", BEFORE, "timeout"),
    ("524", BEFORE, "timeout"),
    ("529", BEFORE, "provider_unavailable"),
    ("html_52x", BEFORE, "provider_unavailable"),
    ("429", BEFORE, "rate_limited"),
    ("error_before_token", BEFORE, None),
    ("empty_200", AGAIN, "bad_reply"),
    ("401", REFUSED, "auth_failed"),
    ("403", REFUSED, "auth_failed"),
    ("404_model", REFUSED, "model_not_found"),
    ("400_too_long", REFUSED, "context_too_long"),
    ("500_bad_request", REFUSED, "bad_request"),
    ("301", REFUSED, "redirect_refused"),
    ("html_200", REFUSED, "bad_reply"),
    ("gzip_bomb", REFUSED, "bad_reply"),
    ("oversize", REFUSED, "bad_reply"),
    ("402", ELSEWHERE, "quota_exhausted"),
    ("429_quota", ELSEWHERE, "quota_exhausted"),
    ("403_quota", ELSEWHERE, "quota_exhausted"),
    ("reset_mid_stream", KEPT, "interrupted"),
    ("stall_mid_stream", KEPT, "interrupted"),
    ("cut_mid_stream", KEPT, "interrupted"),
    ("eof_without_finish", KEPT, "interrupted"),
    ("done_but_cut", KEPT, "interrupted"),
    ("error_in_stream", KEPT, "interrupted"),
    ("error_text_in_stream", KEPT, "interrupted"),
    ("plain_text_in_stream", KEPT, "interrupted"),
    ("malformed_chunk", KEPT, "interrupted"),
    ("invalid_utf8", KEPT, "interrupted"),
]


async def immediately(event: asyncio.Event, seconds: float) -> bool:
    await asyncio.sleep(0)
    return event.is_set()


@pytest.fixture
async def room():
    room = EngineRoom.open()
    room.stores.clock = Clock(wait=immediately)
    yield room
    await room.aclose()


@pytest.fixture
async def hosts():
    async with Simulator() as one, Simulator() as two:
        yield one, two


def settings_for(hosts, fault: str = "") -> Settings:
    """Time limits are short only where they are what is tested."""
    limit = 0.3 if "stall" in fault else 30
    quick = {"preset": "simulator", "first_byte_timeout_s": limit, "stall_timeout_s": limit}
    named = {
        name: {"base_url": host.base_url, **quick} for name, host in zip(("one", "two"), hosts, strict=True)
    }
    return Settings.model_validate({"providers": named})


async def run(
    room: EngineRoom, settings: Settings, *route: str
) -> tuple[str, HalleyError | None, Finish | None]:
    call = Call(
        Prompt((user("Explain lists, please."),)),
        tuple(ModelRef.parse(name) for name in route),
        "test",
        settings,
        Caller(),
        priority=Priority.CHAT,
    )
    text, finish = "", None
    try:
        async for event in room.router.stream(call):
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, Finish):
                finish = event
    except HalleyError as error:
        return text, error, None
    return text, None, finish


async def ledger_rows(room: EngineRoom) -> list[tuple[str, str, str | None]]:
    def read(db):
        found = db.execute("SELECT provider, status, problem FROM calls ORDER BY id").fetchall()
        return [tuple(row) for row in found]

    return await room.database.read(read)


ATTEMPTS = {BEFORE: 3, AGAIN: 2, REFUSED: 1, ELSEWHERE: 1, KEPT: 1}


@pytest.mark.parametrize(("fault", "kind", "code"), TABLE, ids=[row[0] for row in TABLE])
async def test_one_model(room, hosts, fault, kind, code):
    hosts[0].set_faults(fault)
    text, error, _ = await run(room, settings_for(hosts, fault), "one/sim-chat")
    assert error is not None
    assert code is None or error.code == code
    assert bool(text) == (kind == KEPT)
    assert error.problem.help and error.problem.provider == "one"
    rows = await ledger_rows(room)
    assert len(rows) == ATTEMPTS[kind]
    assert {status for _, status, _ in rows} == {"interrupted" if kind == KEPT else "failed"}


@pytest.mark.parametrize(("fault", "kind", "code"), TABLE, ids=[row[0] for row in TABLE])
async def test_with_a_fallback(room, hosts, fault, kind, code):
    hosts[0].set_faults(fault)
    _, error, finish = await run(room, settings_for(hosts, fault), "one/sim-chat", "two/sim-chat")
    rows = await ledger_rows(room)
    if kind in (BEFORE, AGAIN, ELSEWHERE):
        assert error is None and finish is not None
        assert str(finish.model) == "two/sim-chat"
        assert rows[-1][:2] == ("two", "complete")
        assert len(rows) == ATTEMPTS[kind] + 1
    else:
        assert error is not None and {provider for provider, _, _ in rows} == {"one"}
        assert not hosts[1].requests


async def test_a_prompt_that_is_too_long_is_shortened_once(room, hosts):
    hosts[0].set_faults("400_too_long:first=1")
    call = Call(
        Prompt((user("long " * 50),)),
        (ModelRef("one", "sim-chat"),),
        "test",
        settings_for(hosts),
        shorten=lambda prompt: Prompt((user("short"),)),
    )
    events = [event async for event in room.router.stream(call)]
    assert isinstance(events[-1], Finish)
    assert [status for _, status, _ in await ledger_rows(room)] == ["failed", "complete"]


async def test_cancelling_closes_the_upstream_and_settles_the_row(room, hosts):
    hosts[0].set_faults("stall_mid_stream")
    settings = settings_for(hosts)
    task = asyncio.ensure_future(run(room, settings, "one/sim-chat"))
    await hosts[0].wait_for(lambda host: host.open_streams == 1)
    task.cancel()
    await asyncio.wait([task])
    await hosts[0].wait_for(lambda host: host.open_streams == 0)
    assert [status for _, status, _ in await ledger_rows(room)] == ["cancelled"]


async def test_a_retry_that_works_is_one_request_of_two_attempts(room, hosts):
    hosts[0].set_faults("503:first=1")
    _, error, _ = await run(room, settings_for(hosts), "one/sim-chat")
    assert error is None
    summary = await room.ledger.summary(by=("model",))
    assert (summary.totals.requests, summary.totals.calls, summary.totals.errors) == (1, 2, 1)
