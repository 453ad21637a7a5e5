"""`halley doctor`: the report for a bug report."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from halley.cli.output import clean, write_json
from halley.cli.running import Desk, with_desk

Json = dict[str, Any]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@partial(with_desk, reports_config=False)
async def doctor(desk: Desk, as_json: bool) -> int:
    """Versions, paths, providers, and what is wrong. Holds no keys, so it can be shown to others."""
    from halley.features.doctor import check
    from halley.features.report_tables import doctor_lines

    report = await check(desk.shared, desk.settings, desk.caller(), desk.root)
    if as_json:
        write_json(report)
    else:
        for line in doctor_lines(report):
            click.echo(clean(line))
    return 1 if report["problems"] else 0
