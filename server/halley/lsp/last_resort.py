"""The end of a process whose interpreter is held: in a regular expression, a database, any call that never returns.

A signal's handler in Python runs when the interpreter is free, so such a process would live on. What is arranged here
runs without it: the signal makes `faulthandler` write to a pipe (in C), the kernel answers with a signal for input on
that pipe, whose handler is the C library's own `alarm`, called with the signal's number. So many seconds later, if the
process has not ended in order, SIGALRM ends it. The orderly end goes its way meanwhile, and programs that we started
end when their input does.

Only on POSIX: Windows ends a process without asking it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable


def arm(signals: Iterable[int]) -> Callable[[], None]:
    """From now on each of `signals` ends this process within seconds; returns what undoes that.

    Call it once their own handlers are there: these run first, and are what ends the process in order.
    """
    if sys.platform == "win32":
        return lambda: None
    import faulthandler

    pipe = _pipe_with_alarm()
    if pipe is None:
        return lambda: None
    reading, writing = pipe
    numbers = tuple(signals)
    for number in numbers:
        faulthandler.register(number, file=writing, all_threads=False, chain=True)

    def disarm() -> None:
        for number in numbers:
            faulthandler.unregister(number)
        os.close(reading)
        os.close(writing)

    return disarm


def _pipe_with_alarm() -> tuple[int, int] | None:
    """A pipe; whatever is written to it sets the alarm. None where the system has no such thing."""
    import ctypes
    import fcntl

    number = signal.SIGUSR1 if hasattr(fcntl, "F_SETSIG") else signal.SIGIO  # 10 seconds; 23 on macOS
    try:
        libc = ctypes.CDLL(None)
        libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
        libc.signal.restype = ctypes.c_void_p
        libc.signal(number, ctypes.cast(libc.alarm, ctypes.c_void_p))
    except (OSError, AttributeError):
        return None
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(reading, fcntl.F_SETOWN, os.getpid())
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(reading, fcntl.F_SETSIG, number)
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_ASYNC)
    return reading, writing
