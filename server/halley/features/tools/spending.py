"""What a reply has cost so far: all its rounds, and those of its sub-tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from halley.core.events import Event, Finish
from halley.core.models import Usage


@dataclass(slots=True)
class Spending:
    """`tell` gets the total after each round. `before` is what a reply that is continued had used."""

    tell: Callable[[Usage], object]
    before: Usage | None = None
    parent: Spending | None = None
    """Of the reply that this is a part of: it pays too."""
    used: list[Usage] = field(default_factory=list[Usage])

    def add(self, usage: Usage) -> None:
        """Of one more round, or of one that broke off."""
        self._note(usage)
        if (total := self.total) is not None:
            self.tell(total)

    def end(self, finish: Finish) -> Finish:
        """The end of a reply of one round, with all that the reply has used."""
        if finish.usage is not None:
            self._note(finish.usage)
        total = self.total
        return finish if total is finish.usage else replace(finish, usage=total)

    def _note(self, usage: Usage) -> None:
        self.used.append(usage)
        if self.parent is not None:
            self.parent.add(usage)

    @property
    def total(self) -> Usage | None:
        used = [*([self.before] if self.before else []), *self.used]
        return total_usage(used) if used else None

    @property
    def known_usd(self) -> float:
        """US dollars of the rounds whose price is known, without those before."""
        return sum(one.cost_usd or 0.0 for one in self.used)


def ending_with_total(take: Callable[[Event], None], spending: Spending) -> Callable[[Event], None]:
    """`take` for a reply of one round: its `Finish` has all that the reply has used."""
    return lambda event: take(spending.end(event) if isinstance(event, Finish) else event)


def total_usage(used: Sequence[Usage]) -> Usage:
    """Of one or more. The cost is unknown where any of them is."""
    if len(used) == 1:
        return used[0]
    costs = [one.cost_usd for one in used]
    saved = [one.saved_usd for one in used if one.saved_usd is not None]
    return Usage(
        input_tokens=sum(one.input_tokens for one in used),
        output_tokens=sum(one.output_tokens for one in used),
        cached_tokens=sum(one.cached_tokens for one in used),
        reasoning_tokens=sum(one.reasoning_tokens for one in used),
        images=sum(one.images for one in used),
        seconds=sum(one.seconds for one in used),
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        estimated=any(one.estimated for one in used),
        cost_source=used[-1].cost_source,
        written_tokens=sum(one.written_tokens for one in used),
        saved_usd=sum(saved) if saved else None,
    )
