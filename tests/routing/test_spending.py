"""Money limits: what happens before a call when the budget is spent."""

from __future__ import annotations

import time

import pytest

from halley.core.calls import Caller, Priority
from halley.core.errors import BudgetExceeded
from halley.core.events import Finish, Notice
from halley.core.settings import BudgetSettings, Settings
from halley.routing.spending import limits_of


def settings(**budget) -> Settings:
    return Settings(budget=BudgetSettings(**budget))


def caller(answer: bool, asked: list[str]) -> Caller:
    async def confirm(question: str) -> bool:
        asked.append(question)
        return answer

    return Caller(confirm=confirm)


async def test_below_the_limit_there_is_no_warning(bench):
    bench.provider("one")
    bench.ledger.already_spent = 4.99
    events = await bench.run("one/a", settings=settings(daily_usd=5, when_spent="stop"))
    assert not any(isinstance(event, Notice) for event in events)


async def test_stop_refuses_before_anything_is_sent(bench):
    one = bench.provider("one")
    bench.ledger.already_spent = 5.0
    with pytest.raises(BudgetExceeded) as raised:
        await bench.run("one/a", settings=settings(daily_usd=5, when_spent="stop"))
    assert raised.value.problem.setting == "budget.daily_usd"
    assert "budget.daily_usd" in raised.value.problem.help
    assert (one.requests, bench.ledger.rows) == ([], [])


async def test_warn_says_so_once_a_day_and_continues(bench):
    bench.provider("one")
    bench.ledger.already_spent = 6.0
    chosen = settings(monthly_usd=5, when_spent="warn")
    said = [
        [event for event in await bench.run("one/a", settings=chosen) if isinstance(event, Notice)]
        for _ in range(3)
    ]
    assert [len(notices) for notices in said] == [1, 0, 0]
    assert "monthly" in said[0][0].text
    bench.time.at += 86_400
    assert isinstance((await bench.run("one/a", settings=chosen))[0], Notice)


async def test_ask_asks_once_a_day(bench):
    bench.provider("one")
    bench.ledger.already_spent = 6.0
    asked: list[str] = []
    for _ in range(3):
        events = await bench.run(
            "one/a", settings=settings(daily_usd=5, when_spent="ask"), caller=caller(True, asked)
        )
        assert isinstance(events[-1], Finish)
    assert len(asked) == 1


@pytest.mark.parametrize("who", ["says no", "no user", "typing"])
async def test_ask_refuses_without_approval(bench, who):
    one = bench.provider("one")
    bench.ledger.already_spent = 6.0
    asked: list[str] = []
    someone = Caller() if who == "no user" else caller(who == "typing", asked)
    priority = Priority.INLINE if who == "typing" else Priority.CHAT
    with pytest.raises(BudgetExceeded):
        await bench.run("one/a", settings=settings(daily_usd=5), caller=someone, priority=priority)
    assert one.requests == []
    assert asked == [] or who == "says no"


def test_days_and_months_begin_at_local_midnight():
    import time

    now = time.mktime((2026, 3, 14, 15, 9, 26, 0, 0, -1))
    day, month = limits_of(BudgetSettings(daily_usd=1, monthly_usd=2), now)
    assert time.localtime(day.since)[:6] == (2026, 3, 14, 0, 0, 0)
    assert time.localtime(month.since)[:6] == (2026, 3, 1, 0, 0, 0)


async def test_a_month_that_will_not_last_is_reported_once_a_day(bench):
    bench.provider("one")
    bench.ledger.week_usd, bench.ledger.already_spent = 7.0, 4.0
    chosen = settings(monthly_usd=10, when_spent="stop")

    async def said() -> list[str]:
        events = await bench.run("one/a", settings=chosen)
        return [event.text for event in events if isinstance(event, Notice)]

    bench.time.at = time.mktime((2026, 11, 10, 0, 0, 0, 0, 0, -1))
    (warned,) = await said()
    assert (
        "$25.00" in warned and "$10.00 of budget.monthly_usd" in warned
    )  # 4 so far, and 21 days of a dollar
    assert await said() == []
    bench.time.at += 86_400
    assert len(await said()) == 1
    bench.ledger.week_usd = 0.7
    bench.time.at += 86_400
    assert await said() == []
