"""The environment that the running code works for.

A process has one, and most of Halley is handed it. A daemon that several editors have joined works for each with the
environment of that editor: what starts a program deep below (git, for one) asks here, so that no program is ever
started with another editor's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar

_brought: ContextVar[Mapping[str, str] | None] = ContextVar("environment", default=None)


def current_environ() -> Mapping[str, str]:
    """The editor's environment in what is done for it; the process's own everywhere else."""
    brought = _brought.get()
    return os.environ if brought is None else brought


def work_with(environ: Mapping[str, str]) -> None:
    """From now on, what runs in this context and what it starts works with `environ`."""
    _brought.set(environ)
