"""The system's keyring, which may be missing, locked, or never answer.

`keyring` blocks, and can wait for ever on D-Bus; each call runs in a daemon thread of its own with a time limit, so
that neither the event loop nor the end of the process waits for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from halley.core.errors import NotConfigured

T = TypeVar("T")

TIME_LIMIT_S = 15.0
"""Enough for a user to unlock it; not for ever."""


class KeyringUnusable(NotConfigured):
    """There is no keyring, or it does not do what it is asked."""


async def load_password(service: str, name: str) -> str | None:
    """Raises KeyringUnusable."""
    return await _ask(lambda keyring: keyring.get_password(service, name))


async def save_password(service: str, name: str, password: str) -> None:
    """Raises KeyringUnusable, also for a keyring that stores nothing (keyring's `null` backend)."""

    def save(keyring: _Keyring) -> bool:
        keyring.set_password(service, name, password)
        return keyring.get_password(service, name) == password

    if not await _ask(save):
        raise KeyringUnusable("The keyring does not save keys.", _HELP)


async def delete_password(service: str, name: str) -> None:
    """It may already be gone. Raises KeyringUnusable."""

    def delete(keyring: _Keyring) -> None:
        if keyring.get_password(service, name) is not None:
            keyring.delete_password(service, name)

    await _ask(delete)


class _Keyring:
    """The module `keyring`, as far as it is used here; imported in the thread, where it may take its time."""

    def __init__(self) -> None:
        import keyring

        self.get_password = keyring.get_password
        self.set_password = keyring.set_password
        self.delete_password = keyring.delete_password


_HELP = (
    "Unlock or install one, or store the key in Halley's own file: `halley key set PROVIDER --store file`."
)


async def _ask(fn: Callable[[_Keyring], T]) -> T:
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # it can no longer be cancelled; callers can only stop waiting

    def work() -> None:
        try:
            future.set_result(fn(_Keyring()))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="halley-keyring", daemon=True).start()
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), TIME_LIMIT_S)
    except TimeoutError:
        raise KeyringUnusable(f"The keyring did not answer within {TIME_LIMIT_S:g} seconds.", _HELP) from None
    except (
        Exception
    ) as error:  # backends raise what they like; nothing of it is shown, it might hold a secret
        what = (
            "There is no keyring here" if type(error).__name__ == "NoKeyringError" else "The keyring refused"
        )
        raise KeyringUnusable(f"{what}.", _HELP) from None
