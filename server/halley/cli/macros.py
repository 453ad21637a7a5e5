"""`halley macros`: list, run (in scripts and CI too), export and import."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from halley.cli.output import is_watched, print_table, tell, write, write_json
from halley.cli.running import Desk, with_desk
from halley.core.errors import HalleyError, InvalidInput


@click.group()
def macros() -> None:
    """Saved prompts and pipelines."""


@macros.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def list_(desk: Desk, as_json: bool) -> None:
    """The macros in force in this folder."""
    found = desk.settings.macros
    if as_json:
        from halley.features.macros.bundle import definition

        write_json({name: definition(macro) for name, macro in found.items()})
        return
    if not found:
        tell(
            "There are no macros. Define them as [macros.NAME] in config.toml, or in a trusted .halley.toml."
        )
        return
    rows = [
        (name, str(len(macro.steps) or 1), ", ".join(macro.inputs) or "-", macro.description)
        for name, macro in found.items()
    ]
    print_table(("NAME", "STEPS", "INPUTS", "DESCRIPTION"), rows)


@macros.command()
@click.argument("name")
@click.option("-f", "--file", metavar="FILE[:L1-L2]", help="The document to run on, or some of its lines.")
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value for one of the macro's inputs.",
)
@click.option("-m", "--model", metavar="PROVIDER/NAME", help="The model for steps that name none.")
@click.option(
    "--resume", metavar="RUN", help="Resume an unfinished run by its ID, or the `last` one of this macro."
)
@click.option(
    "--save",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for pictures, recordings and videos.",
)
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
@with_desk
async def run(
    desk: Desk, name: str, file: str | None, inputs: tuple[str, ...], model: str | None, resume: str | None,
    save: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Run the macro NAME. What is piped in is its document; its result goes to stdout."""
    from halley.features.macros.run import find_macro, run_macro

    macro = find_macro(desk.settings, name)
    job = await _job(desk, file, _read_inputs(inputs), model)
    show = _Json() if as_json else _Terminal()
    done = await run_macro(name, job, resume=resume, listen=show.hear)
    if save:
        await asyncio.to_thread(_copy_pictures, done, save)
    show.end(done, macro)
    return 0 if done.is_complete else 1


@macros.command("export")
@click.argument("names", nargs=-1)
@with_desk
async def export(desk: Desk, names: tuple[str, ...]) -> None:
    """Macros as one TOML file, to stdout; without NAMES, all of them."""
    from halley.features.macros.bundle import export_macros

    write(export_macros(desk.settings, names))


@macros.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--replace", is_flag=True, help="Replace existing ones of the same name.")
@with_desk
async def import_(desk: Desk, file: Any, replace: bool) -> None:
    """Take in the macros of FILE (- for stdin) into your own configuration."""
    from halley.features.macros.bundle import new_macros, read_macros

    try:
        text = await asyncio.to_thread(file.read, 2_000_000)
    except UnicodeDecodeError:
        raise InvalidInput("The file is not UTF-8.", "Export it again.") from None
    tables = new_macros(read_macros(text), desk.settings.macros, replace=replace)
    for name, table in tables.items():
        await asyncio.to_thread(desk.room.macros.save, name, table)
        click.echo(name)


def _read_inputs(given: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.UsageError(f"An input is NAME=VALUE, not '{one}'.")
        values[name] = value
    return values


async def _job(desk: Desk, file: str | None, inputs: dict[str, str], model: str | None) -> Any:
    return _job_on(desk, *await asyncio.to_thread(_document, file), inputs, model)


def job_nowhere(desk: Desk, inputs: Mapping[str, str]) -> Any:
    """A macro's surroundings where there is no document and stdin is not ours to read."""
    from halley.core.snapshot import Document, Selection
    from halley.features.macros.values import NOWHERE

    return _job_on(desk, Document(NOWHERE, ""), Selection(0, 0), dict(inputs), None)


def _job_on(desk: Desk, document: Any, selection: Any, inputs: dict[str, str], model: str | None) -> Any:
    from halley.core.snapshot import Snapshot
    from halley.features.actions import Job

    around = desk.surroundings()
    snapshot = Snapshot(document, selection, settings=around.settings, workspace=around.workspace)
    return Job(around, snapshot, instruction=inputs.get("instruction", ""), model=model, inputs=inputs)


def _document(file: str | None) -> tuple[Any, Any]:
    """The file named with the lines named, else what is piped in, else nothing."""
    from halley.cli.conversation.question import find_place, read_stdin
    from halley.core.snapshot import Document, Selection
    from halley.core.text import split_lines
    from halley.engine.code.languages import language_id_of
    from halley.features.macros.values import NOWHERE
    from halley.stores.workspace.texts import load_text

    if file is None:
        piped = read_stdin()
        return Document("untitled:stdin" if piped.strip() else NOWHERE, piped), Selection(0, 0)
    place = find_place(file)
    path = place.path.resolve()
    try:
        text = load_text(path).text
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise InvalidInput(f"{place.path} cannot be read: {why}.", "Check its name.") from None
    lines = split_lines(text)
    first, last = (place.first or 1) - 1, place.last or len(lines)
    start = sum(map(len, lines[:first])) if place.first else 0
    end = sum(map(len, lines[:last])) if place.first else 0
    return Document(path.as_uri(), text, language_id_of(path.name), path=path), Selection(start, end)


def _copy_pictures(run: Any, folder: Path) -> None:
    from halley.stores.disk.making import BY_UMASK, fresh_beside

    folder.mkdir(parents=True, exist_ok=True)
    for step in run.steps:
        files = [*step.images, *step.files]
        for number, image in enumerate(files, 1):
            suffix = Path(image["path"]).suffix
            name = f"{step.name}-{number}{suffix}" if len(files) > 1 else f"{step.name}{suffix}"
            with fresh_beside(folder / name, BY_UMASK) as (file, fresh):
                file.write(Path(image["path"]).read_bytes())
                file.close()
                image["path"] = str(fresh.replace(folder / name))


class _Terminal:
    """Steps as they come and go on stderr, the result on stdout."""

    def hear(self, name: str, event: Any) -> None:
        from halley.features.macros.run import StepNews

        if isinstance(event, StepNews) and event.of > 1 and (is_watched() or event.step.state == "failed"):
            tell(f"… {event.number}/{event.of} {name}: {event.step.state}")

    def end(self, run: Any, macro: Any) -> None:
        from halley.cli.output import print_error
        from halley.core.errors import error_of
        from halley.features.macros.run import final_steps

        for step, alone in final_steps(run, macro):
            heading = "" if alone else f"## {step.name}\n\n"
            pictures = [made["path"] for made in (*step.images, *step.files)]
            write(heading + "\n".join(part for part in (step.text.strip(), *pictures) if part) + "\n")
        for step in run.steps:
            if step.problem:
                error: HalleyError = error_of(step.problem)
                print_error(error)
        if not run.is_complete:
            tell(
                f"Finished steps are saved: `halley macros run {run.macro} --resume {run.id}` resumes from there."
            )


class _Json:
    """One object a line, in the protocol's names; the run at the end."""

    def hear(self, name: str, event: Any) -> None:
        from halley.features.chat.events import event_json
        from halley.features.macros.run import StepNews

        if isinstance(event, StepNews):
            at = {"number": event.number, "of": event.of}
            self._print({"type": "step", "name": name, "state": event.step.state, **at})
        else:
            self._print(event_json(name, event))

    def end(self, run: Any, _macro: Any) -> None:
        from halley.core.macro_runs import to_json

        self._print({"type": "run", **to_json(run)})

    def _print(self, value: dict[str, Any]) -> None:
        import json

        click.echo(json.dumps(value))
