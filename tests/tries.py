"""Counts what `tests/security` tries, family by family (a family is a module), and prints it at the end of a run.

Every test is one try. One that tries many variants takes the fixture `tried` and calls it with each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

import pytest

_now: Counter[str] = Counter()
_all: Counter[str] = Counter()


@pytest.fixture(scope="session")
def tried() -> Callable[..., None]:
    """Notes that one more variant was tried."""

    def note(count: int = 1) -> None:
        _now["variants"] += count

    return note


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    report = yield
    if report.when == "call" and item.path.parent.name == "security":
        report.user_properties.append(("tries", max(1, _now.pop("variants", 0))))  # which xdist carries over
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    family = report.nodeid.partition("::")[0].rpartition("/")[2].removeprefix("test_").removesuffix(".py")
    for name, count in report.user_properties:
        if name == "tries" and isinstance(count, int):
            _all[family.replace("_", " ")] += count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _all:
        terminalreporter.write_sep("-", f"{_all.total():,} attacks tried")
        for family, count in sorted(_all.items()):
            terminalreporter.write_line(f"{count:>8,}  {family}")
