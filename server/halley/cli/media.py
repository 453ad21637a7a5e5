"""`halley image`, `speak`, `transcribe`, `video`: made, written where asked; and `halley media`, the tasks there are.

An interrupted video continues at its host: `halley media wait` fetches it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from halley.cli.output import is_watched, print_table, problem_text, tell, write, write_json
from halley.cli.running import Desk, with_desk
from halley.core.errors import HalleyError, InvalidInput, error_of

if TYPE_CHECKING:
    from halley.features.media.orders import Order
    from halley.stores.media import Result, Task

_MODEL = click.option(
    "-m", "--model", metavar="PROVIDER/NAME", help="Ask this model instead of the chosen one."
)
_OUT = click.option(
    "-o", "--output", "out", metavar="FILE", type=click.Path(),
    help="The output: a file (its extension follows its content), or a folder (`pics/`, created if "
    "missing) for an automatic name. Defaults to the current folder.",
)  # fmt: skip
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the task as JSON.")
_FORCE = click.option("--force", is_flag=True, help="Overwrite an existing file.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _words(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("prompt", nargs=-1)(function)


@click.command()
@_words
@click.option("-e", "--edit", "source", type=_FILE, metavar="PICTURE", help="Edit this picture instead.")
@click.option("--mask", type=_FILE, metavar="PNG", help="A mask whose transparent parts may be edited.")
@click.option("--size", metavar="WxH", help="A size the model supports, such as 1024x1024.")
@click.option("--quality", help="A quality the model supports, such as low or high.")
@click.option("--format", "form", help="png, jpeg or webp.")
@click.option("-n", "number", type=click.IntRange(1, 10), default=1, help="How many.")
@click.option("--choose", type=click.IntRange(1, 9), help="Upscale this variant of a grid.")
@_MODEL
@_OUT
@_FORCE
@_JSON
@with_desk
async def image(
    desk: Desk, prompt: tuple[str, ...], source: Path | None, mask: Path | None, size: str | None, quality: str | None,
    form: str | None, number: int, choose: int | None, model: str | None, out: str | None, force: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Make a picture of PROMPT, or change one."""
    from halley.features.media.orders import Order

    output = _output(out, force, "image")
    order = Order(
        "imageEdit" if source else "image", await _said(prompt), _path(source), _path(mask), size, quality, number,
        format=form, model=model,
    )  # fmt: skip
    task = await _make(desk, order)
    if task.state == "choosing" and choose:
        await desk.shared.media.choose(task.id, choose, desk.line())
        task = await desk.shared.media.finished(task.id)
    return await _end(desk, task, output, force, as_json)


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "-f", "--file", type=_FILE, metavar="FILE", help="Read this file aloud; Markdown is read as prose."
)
@click.option("--voice", help="A voice the model supports, such as alloy or nova.")
@click.option("--format", "form", help="mp3, wav, opus, aac or flac.")
@_MODEL
@_OUT
@_FORCE
@_JSON
@with_desk
async def speak(
    desk: Desk, text: tuple[str, ...], file: Path | None, voice: str | None, form: str | None, model: str | None,
    out: str | None, force: bool, as_json: bool,
) -> int:  # fmt: skip
    """Read TEXT, a file or what is piped in aloud, into a sound file."""
    from halley.engine.markdown.spoken import speakable
    from halley.features.media.orders import Order
    from halley.stores.workspace.texts import load_text

    output = _output(out, force, "audio")
    if file is not None:
        try:
            said = (await asyncio.to_thread(load_text, file)).text
        except (OSError, ValueError):
            raise InvalidInput(f"{file} is not a text file.", "Name a text file.") from None
    else:
        said = await _said(text)
    order = Order(
        "speech", speakable(said), voice=voice, format=form, model=model, title=file.stem if file else ""
    )
    return await _end(desk, await _make(desk, order), output, force, as_json)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--translate", is_flag=True, help="Translate into English.")
@click.option("--language", metavar="CODE", help="The spoken language, such as en or de.")
@click.option("--hint", default="", help="Words that may occur in it.")
@_MODEL
@_JSON
@with_desk
async def transcribe(
    desk: Desk, file: Path, translate: bool, language: str | None, hint: str, model: str | None, as_json: bool
) -> int:
    """Write down what is spoken in FILE, to stdout."""
    from halley.features.media.orders import Order

    kind = "translation" if translate else "transcription"
    task = await _make(desk, Order(kind, hint, _path(file), language=language, model=model))
    if as_json:
        _print_json(desk, task)
    else:
        write((task.text or "") + "\n")
    return 0


@click.command()
@_words
@click.option(
    "-i", "--image", "source", type=_FILE, metavar="PICTURE", help="Use this picture as the first frame."
)
@click.option("--size", metavar="WxH", help="A size the model supports, such as 1280x720.")
@click.option("--seconds", type=click.IntRange(1, 120), help="The duration in seconds.")
@click.option(
    "--no-wait", is_flag=True, help="Submit the job and exit; `halley media wait` fetches the result."
)
@_MODEL
@_OUT
@_FORCE
@_JSON
@with_desk
async def video(
    desk: Desk, prompt: tuple[str, ...], source: Path | None, size: str | None, seconds: int | None, no_wait: bool,
    model: str | None, out: str | None, force: bool, as_json: bool,
) -> int:  # fmt: skip
    """Make a video of PROMPT. It continues at its host if this is interrupted."""
    from halley.features.media.orders import Order

    output = _output(out, force, "video")
    order = Order("video", await _said(prompt), _path(source), size=size, seconds=seconds, model=model)
    if no_wait:
        task = await _submit(desk, order)
        _print_json(desk, task) if as_json else write(f"{task.id}\n")
        return 0
    return await _end(desk, await _make(desk, order), output, force, as_json)


# -- the tasks there are


@click.group()
def media() -> None:
    """Pictures, recordings and videos that were made or are being made."""


@media.command("list")
@_JSON
@with_desk
async def list_(desk: Desk, as_json: bool) -> None:
    """The tasks of this workspace, newest first."""
    from halley.features.media.names import title_of

    tasks = await desk.shared.media.store.list(str(desk.root))
    if as_json:
        from halley.features.media.shapes import task_json

        return write_json({"tasks": [task_json(desk.shared.media, task) for task in tasks]})
    rows = [
        (task.id, task.kind, _state(task), task.model or "", _money(task), title_of(task.asked))
        for task in tasks
    ]
    return print_table(("task", "kind", "state", "model", "cost", "what"), rows, right=("cost",))


@media.command("wait")
@click.argument("task", required=False)
@_OUT
@_FORCE
@_JSON
@with_desk
async def wait(desk: Desk, task: str | None, out: str | None, force: bool, as_json: bool) -> int:
    """Resume an interrupted task (without TASK, all of them), and write its results."""
    output = _output(out, force)
    works = desk.shared.media
    ids = await works.resume(desk.line())
    found = [task] if task else ids
    if not found:
        tell("No unattended task is running.")
    code = 0
    for id in found:
        done = await _watch(desk, id)
        while not done.has_ended:  # another process looks after it, as long as that lives
            await asyncio.sleep(1)
            await works.resume(desk.line())
            done = await _watch(desk, id)
        code = max(code, await _end(desk, done, output, force, as_json))
    return code


@media.command("save")
@click.argument("task")
@click.option("-v", "--variant", type=click.IntRange(1), help="Which of several.")
@_OUT
@_FORCE
@with_desk
async def save(desk: Desk, task: str, variant: int | None, out: str | None, force: bool) -> None:
    """Write a task's file."""
    from halley.features.media.saving import chosen_result

    output = _output(out, force)
    found = await desk.shared.media.store.get(task)
    result = chosen_result(found, variant)
    write(f"{await _write(desk, found, result, output, force, alone=True)}\n")


@media.command("choose")
@click.argument("task")
@click.argument("variant", type=click.IntRange(1))
@_OUT
@_FORCE
@_JSON
@with_desk
async def choose(desk: Desk, task: str, variant: int, out: str | None, force: bool, as_json: bool) -> int:
    """Have one variant of a grid worked out."""
    output = _output(out, force)
    await desk.shared.media.choose(task, variant, desk.line())
    return await _end(desk, await _watch(desk, task), output, force, as_json)


@media.command("cancel")
@click.argument("task")
@with_desk
async def cancel(desk: Desk, task: str) -> None:
    """End a task, here and at its host where that can be."""
    write(f"{_state(await desk.shared.media.cancel(task, desk.line()))}\n")


@media.command("remove")
@click.argument("task")
@with_desk
async def remove(desk: Desk, task: str) -> None:
    """Forget a task and its files; what was saved stays."""
    await desk.shared.media.remove(task, desk.line())


# -- making


async def _said(words: tuple[str, ...]) -> str:
    """What was typed, else what is piped in."""
    from halley.cli.conversation.question import read_stdin

    return " ".join(words) or (await asyncio.to_thread(read_stdin)).strip()


def _path(file: Path | None) -> str | None:
    return str(file.resolve()) if file else None


def _output(out: str | None, force: bool, makes: str = "") -> Path | None:
    """Where to write, looked at before anything is asked, and paid; a folder is made. `makes`: `image`, `audio` or
    `video`, one of whose suffixes a name without one will get.

    Raises InvalidInput, StoreFailed.
    """
    from halley.core.media_types import SUFFIXES
    from halley.features.media.saving import named_with
    from halley.stores.disk.making import store_failed

    if not out:
        return None
    output = Path(out)
    if out.endswith(_SEPARATORS):
        try:
            output.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InvalidInput(
                f"{output} is not a folder.", "Choose another name, or leave the slash out."
            ) from None
        except OSError as error:
            raise store_failed(output, error) from None
    elif not force and not output.is_dir():
        suffixes = [suffix for mime, suffix in SUFFIXES.items() if makes and mime.startswith(makes)]
        for path in dict.fromkeys((output, *(named_with(suffix, output) for suffix in suffixes))):
            if os.path.lexists(path):
                raise InvalidInput(
                    f"{path} already exists.", "Choose another name, or replace it with `--force`."
                )
    return output


async def _make(desk: Desk, order: Order) -> Task:
    begun = await desk.shared.media.start(order, desk.line(), str(desk.root))
    return await _watch(desk, begun.id)


async def _submit(desk: Desk, order: Order) -> Task:
    """The task once its host has taken the job."""
    works, taken = desk.shared.media, asyncio.Event()
    works.listeners.add(lambda task: taken.set() if task.job is not None or task.has_ended else None)
    task = await works.start(order, desk.line(), str(desk.root))
    while task.job is None and not task.has_ended:
        await taken.wait()
        taken.clear()
        task = await works.store.get(task.id)
    return await works.finished(task.id) if task.state == "failed" else task


async def _watch(desk: Desk, id: str) -> Task:
    """The task once it has ended; with its progress, on a terminal."""
    works, shown = desk.shared.media, ""

    def show(task: Task) -> None:
        nonlocal shown
        said = _state(task)
        if task.id == id and said != shown and is_watched() and not task.has_ended:
            tell(f"… {task.model or task.kind}: {said}")
            shown = said

    works.listeners.add(show)
    try:
        return await works.finished(id)
    except asyncio.CancelledError:
        if (await works.store.get(id)).job is not None:
            tell(
                f"It continues at its host: `halley media wait {id}` fetches it, `halley media cancel {id}` cancels it."
            )
        raise
    finally:
        works.listeners.discard(show)


async def _end(desk: Desk, task: Task, output: Path | None, force: bool, as_json: bool) -> int:
    """Writes the results, and says where."""
    for result in [result for result in task.results if result.facts.get("chosen")] or task.results:
        path = await _write(desk, task, result, output, force)
        if not as_json:
            write(f"{path}\n")
    if task.state == "choosing" and not as_json:
        count = len(task.facts["choices"])
        tell(f"{count} variants: `halley media choose {task.id} 1` … {count} upscales one.")
    if as_json:
        _print_json(desk, await desk.shared.media.store.get(task.id))
    elif is_watched() and task.usage and task.usage.cost_usd is not None:
        tell(f"{task.model} · {_money(task)}")
    if task.problem:
        tell(problem_text(task.problem))
    return 1 if task.problem else 0


async def _write(
    desk: Desk, task: Task, result: Result, output: Path | None, force: bool, *, alone: bool = False
) -> Path:
    """Where it was written. Of several results each gets its number into the name, but for one that goes `alone`."""
    from dataclasses import replace

    from halley.core.media_types import suffix_of
    from halley.features.media.names import name_of, proposed_path
    from halley.features.media.saving import named_with, write_result

    suffix = suffix_of(result.mime)
    folder = output if output and output.is_dir() else Path()
    if output and not output.is_dir():
        several = not alone and len(task.results) > 1 and result.variant > 1 and task.job is None
        target = named_with(suffix, output)
        if output.suffix and target.suffix != output.suffix:
            tell(f"… The result is {result.mime}, so it is saved as {target.name}.")
        target = target.with_stem(f"{target.stem}-{result.variant}") if several else target
    else:

        def is_taken(path: str) -> bool:
            return (folder / Path(path).name).exists()

        name = proposed_path(name_of(task.asked), result.mime, suffix, "", result.variant, is_taken)
        target = folder / Path(name).name
    store = desk.shared.media.store
    try:
        await asyncio.to_thread(write_result, store, result, target, overwrite=force)
    except HalleyError as error:  # what was made is not lost
        number = f" -v {result.variant}" if len(task.results) > 1 else ""
        help = f"It is saved: `halley media save {task.id}{number} -o FILE` copies it."
        raise error_of(replace(error.problem, help=help)) from None
    saved = {**result.facts, "saved": str(target.resolve())}
    await store.save_result(task.id, replace(result, facts=saved))
    return target


def _print_json(desk: Desk, task: Task) -> None:
    from halley.features.media.shapes import task_json

    write_json(task_json(desk.shared.media, task))


def _state(task: Task) -> str:
    percent = f" {task.progress:.0%}" if task.state == "running" and task.progress is not None else ""
    return f"{task.state}{percent}"


def _money(task: Task) -> str:
    from halley.core.figures import money

    if task.usage is None or task.usage.cost_usd is None:
        return "?"
    return money([{"amount": task.usage.cost_usd, "currency": "USD"}])
