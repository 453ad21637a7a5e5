"""Keys that the user keeps elsewhere: in the environment, in a file, from a command.

Each returns the key or None when there is none, and raises NotConfigured, naming the setting, when a source is there
but does not give a key. The key itself is in no message, no log and no argument list.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from halley.core.errors import NotConfigured
from halley.core.settings import KeySource
from halley.stores.disk.files import read_regular
from halley.stores.disk.programs import absolute_path, find_program

COMMAND_TIME_LIMIT_S = 60.0
"""A password manager may ask the user first."""
MOST_BYTES = 64 * 1024


def describe_source(source: KeySource | None) -> str:
    """For people: `env COMETAPI_KEY`, `command op`, `keyring`. Never an argument, which could be a secret."""
    if source is None:
        return "stored"
    if source.env is not None:
        return f"env {source.env}"
    if source.command:
        return f"command {Path(source.command[0]).name}"
    if source.file is not None:
        return f"file {source.file}"
    return "keyring" if source.keyring else "client"


def clean_key(text: str | None, provider: str, where: str) -> str | None:
    """The key without what people copy along with it. Raises NotConfigured for what a header cannot hold."""
    key = _bare(text or "")
    if not key:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise NotConfigured(
            f"The value from {where} for {provider} cannot be a key: it contains spaces or unprintable characters.",
            "Paste only the key, on one line.",
            provider=provider,
            setting=f"providers.{provider}.key",
        )
    return key


_AROUND = " \t\r\n\"'`“”„‘’«»<>;,\ufeff\u200b\u00a0"
_BEFORE = re.compile(
    r"(export +)?[A-Z][A-Z0-9_]*(KEY|TOKEN|SECRET)\s*=\s*"  # a line of a shell profile or of .env
    r"|(authorization|proxy-authorization|x-api-key|api-key|x-goog-api-key)\s*:\s*|(bearer|basic)\s+(?=\S)",
    re.IGNORECASE,
)


def _bare(text: str) -> str:
    """Without quotes, spaces, `Bearer `, a header's or a variable's name around it, in any order."""
    key, before = text.strip(_AROUND), None
    while key != before:
        before = key
        key = _BEFORE.sub("", key, count=1).strip(_AROUND) if _BEFORE.match(key) else key
    return key


def read_env(name: str, provider: str, environ: Mapping[str, str]) -> str | None:
    return clean_key(environ.get(name), provider, f"the environment variable {name}")


def read_key_file(file: str, provider: str) -> str | None:
    """The file's content. Raises NotConfigured when it cannot be read."""
    path = Path(file).expanduser()
    try:
        text = read_regular(path, MOST_BYTES).decode()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise _unusable(provider, f"The key file {file} of {provider} cannot be read: {why}.") from None
    return clean_key(text, provider, f"the file {file}")


async def read_command(
    command: tuple[str, ...], provider: str, environ: Mapping[str, str] = os.environ
) -> str | None:
    """The first line that the program prints. No shell; it runs in the home folder, never in a workspace.

    Raises NotConfigured when it is missing, fails or takes longer than `COMMAND_TIME_LIMIT_S`.
    """
    name = Path(command[0]).name
    process = await _start(command, provider, environ)
    try:
        async with asyncio.timeout(COMMAND_TIME_LIMIT_S):
            assert process.stdout is not None
            output = await _read_to_end(process.stdout)
            status = await process.wait() if len(output) < MOST_BYTES else -1
    except TimeoutError:
        raise _unusable(
            provider, f"The command {name}, which prints the key of {provider}, took more than "
            f"{COMMAND_TIME_LIMIT_S:g} seconds."
        ) from None  # fmt: skip
    finally:
        await _end(process)
    if len(output) >= MOST_BYTES:
        raise _unusable(provider, f"The command {name} prints too much output for a key of {provider}.")
    if status != 0:
        raise _unusable(
            provider, f"The command {name}, which prints the key of {provider}, failed (exit {status})."
        )
    lines = output.decode(errors="replace").strip().splitlines()
    return clean_key(lines[0] if lines else None, provider, f"the output of {name}")


def program_of(command: tuple[str, ...]) -> str:
    """The program, with `~` for the home folder."""
    return str(Path(command[0]).expanduser()) if command[0].startswith("~") else command[0]


async def _start(
    command: tuple[str, ...], provider: str, environ: Mapping[str, str]
) -> asyncio.subprocess.Process:
    program = program_of(command)
    try:
        return await asyncio.create_subprocess_exec(
            _found(program, environ),
            *command[1:],
            env={**environ, "PATH": absolute_path(environ=environ)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=Path.home(),
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be started"
        raise _unusable(provider, f"The command {Path(program).name} cannot be run: {why}.") from None


def _found(program: str, environ: Mapping[str, str]) -> str:
    """Its absolute path: relative folders of PATH could lie in anyone's repository. Raises FileNotFoundError."""
    found = find_program(program, environ=environ)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return found


async def _read_to_end(stream: asyncio.StreamReader) -> bytes:
    output = b""
    while len(output) < MOST_BYTES and (piece := await stream.read(MOST_BYTES)):
        output += piece
    return output


async def _end(process: asyncio.subprocess.Process) -> None:
    """Also what it started itself: the whole group. Reads what is left, which is what lets the pipe be closed."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await process.communicate()


def _unusable(provider: str, message: str) -> NotConfigured:
    setting = f"providers.{provider}.key"
    return NotConfigured(
        message, f"Try it in a terminal, or change `{setting}`.", provider=provider, setting=setting
    )
