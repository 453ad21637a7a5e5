"""`halley key`: entering, removing and listing keys. A key is read from a prompt or stdin, never from an argument."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

import click

from halley.cli.output import print_table, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.core.errors import InvalidInput
from halley.providers.urls import origin_of


@click.group()
def key() -> None:
    """Keys, each bound to its provider's address."""


@key.command("set")
@click.argument("provider")
@click.option(
    "--store",
    type=click.Choice(["keyring", "file"]),
    help="Where to store it. Defaults to the system keyring, or a private file if there is none.",
)
@with_desk
async def set_key(desk: Desk, provider: str, store: str | None) -> None:
    """Enter the key of PROVIDER: typed unseen, or piped in."""
    endpoint = desk.room.registry.endpoint(provider, desk.settings)
    text = await asyncio.to_thread(_read_key, endpoint.label)
    info = await desk.room.secrets.set_key(provider, endpoint.origin, text, store)  # type: ignore[arg-type]
    where = {"keyring": "the system keyring", "file": str(desk.room.paths.data / "secrets.json")}[info.store]
    click.echo(f"The key {info.masked} for {origin_of(info.origin)} is saved in {where}.")
    tell(f"Test it with `halley verify {provider}`.")


def _read_key(label: str) -> str:
    if sys.stdin.isatty():
        try:
            return click.prompt(f"Key of {label}", hide_input=True, err=True)
        except click.Abort:
            raise InvalidInput("No key was entered.", "Nothing was changed.") from None
    return sys.stdin.read(64 * 1024)


@key.command("remove")
@click.argument("provider")
@with_desk
async def remove_key(desk: Desk, provider: str) -> int:
    """Forget the key of PROVIDER."""
    if await desk.room.secrets.remove_key(provider):
        click.echo(f"The key of {provider} was removed.")
        return 0
    tell(f"No key of {provider} was stored.\n`halley key list` shows the keys there are.")
    return 1


@key.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def list_keys(desk: Desk, as_json: bool) -> None:
    """The stored keys, without the keys."""
    keys = desk.room.secrets.list_keys()
    if as_json:
        write_json(
            [{"provider": k.provider, "origin": k.origin, "store": k.store, "masked": k.masked} for k in keys]
        )
        return
    if not keys:
        tell("No keys are stored. `halley key set PROVIDER` stores one.")
        return
    rows = [(k.provider, origin_of(k.origin), k.store, k.masked, _day(k.stored_at)) for k in keys]
    print_table(("PROVIDER", "ONLY FOR", "STORED IN", "KEY", "SINCE"), rows)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d") if seconds else ""
