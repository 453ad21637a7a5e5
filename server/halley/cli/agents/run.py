"""`halley run` and `halley env`: another agent with Halley's provider, model and key. No proxy, no port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Callable, Iterator

import click

from halley.cli.agents.counting import counted
from halley.cli.agents.programs import PROGRAMS, Handed, Program
from halley.cli.output import write
from halley.cli.running import Desk, with_desk
from halley.core.errors import InvalidInput, NotConfigured
from halley.core.models import ModelRef
from halley.providers.endpoint import Endpoint
from halley.routing.keys import Binding, KeyRing
from halley.stores.disk.programs import find_program

_AGENT = click.argument("agent", type=click.Choice(list(PROGRAMS)))
_MODEL = click.option(
    "-m", "--model", metavar="PROVIDER/NAME", help="Use this model instead of the chosen one."
)


@click.command("env")
@_AGENT
@_MODEL
@with_desk
async def env(desk: Desk, agent: str, model: str | None) -> None:
    """Print the environment that points AGENT at the model chosen for chats. The key is never printed."""
    program = PROGRAMS[agent]
    _, _, handed = await _handed(desk, program, model)
    for name, value in handed.env.items():
        write(f"export {name}={shlex.quote(value)}\n")
    write(f"# {handed.key}: the key, which `halley run {agent}` hands over\n")
    if handed.args:
        write(f"# arguments: {shlex.join((program.command, *handed.args))}\n")


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_MODEL
@_AGENT
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_desk
async def run(desk: Desk, agent: str, arguments: tuple[str, ...], model: str | None) -> int:
    """Start AGENT with the model chosen for chats and its key. What follows AGENT are its own arguments.

    Its calls do not pass through Halley, so budgets do not stop them. When it ends, `halley usage` gets what the agent
    wrote down of them.
    """
    program = PROGRAMS[agent]
    ref, binding, handed = await _handed(desk, program, model)
    path = find_program(program.command, (desk.root,))
    if path is None:
        raise InvalidInput(
            f"{program.title} is not installed.", f"Install it so that `{program.command}` is found."
        )
    key = await _key(desk, binding)
    environ = {**os.environ, **handed.env, handed.key: key}
    async with counted(desk, agent, program.title, binding.endpoint, ref.name, arguments, environ) as given:
        argv = [path, *handed.args, *given.arguments, *arguments]
        return await _run(argv, {**environ, **given.variables})


async def _handed(desk: Desk, program: Program, model: str | None) -> tuple[ModelRef, Binding, Handed]:
    """Raises NotConfigured where there is no such model, or the program does not speak its provider's protocol."""
    ref = ModelRef.parse(model) if model else (await desk.line().route_of("chat"))[0]
    binding = desk.room.registry.binding(ref.provider, desk.settings)
    _require(program, binding.endpoint)
    return ref, binding, program.hand(binding.endpoint, ref.name)


def _require(program: Program, endpoint: Endpoint) -> None:
    if endpoint.kind not in program.speaks:
        kinds = " or ".join(sorted(program.speaks))
        raise NotConfigured(
            f"{program.title} speaks {kinds}, and the provider {endpoint.id} is set up as {endpoint.kind}.",
            f"Name another provider's model with --model, or set one up: `kind` {sorted(program.speaks)[0]}.",
            provider=endpoint.id,
            setting=endpoint.setting("kind"),
        )


async def _key(desk: Desk, binding: Binding) -> str:
    """Raises NotConfigured where one is needed and missing."""
    endpoint = binding.endpoint
    key = await KeyRing(desk.room.secrets, desk.room.clock, binding).take() or endpoint.public_key
    if not key and endpoint.key_needed:
        raise NotConfigured(
            f"There is no key for {endpoint.label}.",
            f"Enter one: `halley key set {endpoint.id}`.",
            provider=endpoint.id,
        )
    return key or "none"


async def _run(argv: list[str], environ: dict[str, str]) -> int:
    """Its exit code. Signals are the program's: Halley ends after it, when its calls are counted."""
    process: asyncio.subprocess.Process | None = None

    def pass_on(number: int) -> None:
        if process is not None and process.returncode is None:
            process.send_signal(number)

    with _passing_on(pass_on):
        process = await asyncio.create_subprocess_exec(*argv, env=environ)
        return await process.wait()


@contextlib.contextmanager
def _passing_on(pass_on: Callable[[int], None]) -> Iterator[None]:
    """Ctrl-C reaches the program by itself; the end of the terminal or of the session is passed on to it."""
    # Not SIG_IGN: the program would inherit that, and could not be interrupted (execve(2)).
    before = signal.signal(signal.SIGINT, lambda *_: None)
    numbers = [signal.SIGTERM, signal.SIGHUP] if os.name == "posix" else []
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, pass_on, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGINT, before)
