"""`halley simulator`: the simulated unified API on this machine, in the foreground."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import click


@click.command("simulator")
@click.option(
    "--use",
    "found",
    is_flag=True,
    help="Listen where Halley looks for local servers, to be used while it runs.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="any free port",
    help="Port on 127.0.0.1.",
)
@click.option(
    "--fault",
    "faults",
    metavar="NAME…",
    multiple=True,
    help="Misbehave: NAME[:probability][:first=N][:after=N].",
)
@click.option("--list-faults", is_flag=True, help="List all faults and exit.")
@click.option("--seed", type=int, default=0, help="The same seed gives the same faults.")
@click.option("--delay-ms", type=click.FloatRange(0), default=0.0, help="Delay before the first token.")
@click.option(
    "--tokens-per-s",
    type=click.FloatRange(0),
    default=0.0,
    help="Pace of a reply; 0 means as fast as the client reads.",
)
@click.option("--chunk-tokens", type=click.IntRange(1), default=1, help="Tokens in one streamed chunk.")
@click.option("--lenient", is_flag=True, help="Accept unknown parameters; otherwise they get a 400.")
@click.option(
    "--any-key", is_flag=True, help="Accept any key or none; otherwise a key must begin with sk-sim."
)
def simulator(list_faults: bool, lenient: bool, found: bool, faults: tuple[str, ...], **options: Any) -> None:
    """Run a unified API on this machine that answers without any model.

    It reads what it is sent, says in every answer that it is a simulator, and misbehaves on request. The first line it
    prints is its base URL. Ctrl-C ends it.

    With --use, Halley finds it like any local server while it runs: nothing to configure, nothing to clean up.
    """
    if list_faults:
        return _print_faults()
    if found and options["port"]:
        raise click.UsageError("--use has a port of its own; leave --port out")
    if found:
        options["port"] = _own_port()
    names = tuple(name for group in faults for name in group.replace(",", " ").split())
    try:
        asyncio.run(_serve(names, found, strict=not lenient, **options))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        if found and asyncio.run(_answers()):
            print(f"http://127.0.0.1:{options['port']}/v1", flush=True)
            click.echo("A simulator runs there already, and Halley uses it.", err=True)
            return None
        raise click.ClickException(
            f"cannot listen on 127.0.0.1:{options['port']}: {error}; pick another --port"
        ) from error
    return None


def _own_port() -> int:
    from halley.providers.presets import load_preset

    preset = load_preset("simulator")
    assert preset is not None and preset.port is not None
    return preset.port


async def _answers() -> bool:
    """Whether a simulator listens on the port that Halley looks at."""
    from halley.features.room import EngineRoom
    from halley.providers.hosts.discovery import find_server

    room = EngineRoom.open()
    try:
        return await find_server(room.http, "simulator") is not None
    finally:
        await room.aclose()


_HOW_TO_USE_IT = """
To use it, put this into config.toml (`halley doctor` prints its path), or start it with --use instead:

  [providers.simulator]
  base_url = "{url}"

Any key that begins with {key} is taken, if it is asked for. Models: `halley models`. Ctrl-C ends it."""
_IN_USE = """
Halley uses it while it runs, in every editor and for `halley ask`, unless you chose another model or configured a \
provider. Ctrl-C ends it; nothing is left in your configuration."""


async def _serve(faults: tuple[str, ...], found: bool, **options: Any) -> None:
    from halley.simulator import KEY, Simulator

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stopped.set)
        except NotImplementedError:  # Windows: KeyboardInterrupt ends asyncio.run
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stopped.set))
    async with Simulator(faults=faults, **options) as sim:
        print(sim.base_url, flush=True)
        if sys.stdout.isatty():
            from halley.cli.output import wrapped

            print(wrapped(_IN_USE if found else _HOW_TO_USE_IT.format(url=sim.base_url, key=KEY)), flush=True)
        await stopped.wait()


def _print_faults() -> None:
    from halley.simulator.faults import FAULTS

    width = max(map(len, FAULTS))
    for name, fault in FAULTS.items():
        click.echo(f"{name:{width}}  {fault.says}")
