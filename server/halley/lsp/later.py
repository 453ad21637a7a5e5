"""What the first messages do not need: features, registered when one is needed or when the editor has been quiet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

QUIET_S = 0.5
"""After `initialized`, until the rest of the features is imported, if no message needs it before."""
PAUSE_S = 0.01
"""Between two of these imports: each blocks the loop."""


class Later:
    """Steps in order: each of `features` registers one, which imports it; `imports` only make its first use quicker."""

    def __init__(
        self, features: Iterable[Callable[[], None]], imports: Iterable[Callable[[], object]] = ()
    ) -> None:
        self._features, self._imports = deque(features), deque(imports)

    def complete(self) -> None:
        """Registers all features that are left, now."""
        while self._features:
            self._features.popleft()()

    def complete_when_quiet(self, wait_s: float = QUIET_S) -> None:
        """Takes them one by one, so that a message never waits for more than one import."""
        asyncio.get_running_loop().call_later(wait_s, self._complete_next)

    def _complete_next(self) -> None:
        if steps := self._imports or self._features:
            steps.popleft()()
            self.complete_when_quiet(PAUSE_S)
