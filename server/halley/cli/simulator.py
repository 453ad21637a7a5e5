"""`halley simulator`: the simulated unified API on this machine, in the foreground."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import click


@click.command("simulator")
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
def simulator(list_faults: bool, lenient: bool, faults: tuple[str, ...], **options: Any) -> None:
    """Run a unified API on this machine that answers without any model.

    It reads what it is sent, says in every answer that it is a simulator, and misbehaves on request. The first line it
    prints is its base URL. Ctrl-C ends it.
    """
    if list_faults:
        return _print_faults()
    names = tuple(name for group in faults for name in group.replace(",", " ").split())
    try:
        asyncio.run(_serve(names, strict=not lenient, **options))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on 127.0.0.1:{options['port']}: {error}; pick another --port"
        ) from error
    return None


_HOW_TO_USE_IT = """
To use it, put this into config.toml (`halley doctor` prints its path):

  [providers.simulator]
  base_url = "{url}"

Any key that begins with {key} is taken, if it is asked for. Models: `halley models`. Ctrl-C ends it."""


async def _serve(faults: tuple[str, ...], **options: Any) -> None:
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
            print(_HOW_TO_USE_IT.format(url=sim.base_url, key=KEY), flush=True)
        await stopped.wait()


def _print_faults() -> None:
    from halley.simulator.faults import FAULTS

    width = max(map(len, FAULTS))
    for name, fault in FAULTS.items():
        click.echo(f"{name:{width}}  {fault.says}")
