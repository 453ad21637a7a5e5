"""`halley try`: the main job on this machine, with nothing configured.

Starts the simulator (unless there is a key or `--model`), starts a real daemon, and goes through a day's work with a
file: each step is a real LSP exchange, shown as it streams.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import click

from halley.cli.editor import Buffer, Editor, ServerError, start
from halley.cli.output import clean, console

Json = dict[str, Any]


@click.command("try")
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Your own file."
)
@click.option("-m", "--model", help="A real provider's model, as provider/name.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Save the tour as a picture.")
def command(path: Path | None, model: str | None, svg: Path | None) -> None:
    """A tour of Halley on a real file: explain, generate, fix, format, complete, chat, switch the model."""
    console().record = svg is not None
    code = asyncio.run(_tour(path, model))
    if svg:
        svg.write_text(_picture(), "utf-8")
    sys.exit(code)


def _picture() -> str:
    """The tour as SVG, with the reader's own fonts: nothing in it is fetched from anywhere."""
    drawn = console().export_svg(title="halley try")
    return re.sub(r"@font-face \{.*?\}|<!-- Generated.*?-->", "", drawn, flags=re.DOTALL)


async def _tour(path: Path | None, model: str | None) -> int:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="halley-try-")))
        env, models = await _models(stack, home, model)
        file = _copy(path, home)
        editor = await start(env=env)
        try:
            await editor.initialize(file.parent)
            tour = Tour(editor, await editor.open(file, _language(file)), models)
            failed = await tour.run()
            _show_next_steps()
            return failed
        finally:
            await editor.stop()


async def _models(stack: AsyncExitStack, home: Path, model: str | None) -> tuple[dict[str, str], list[str]]:
    """The daemon's environment, and the models to use: the real ones where a key or `--model` says so."""
    if model or any(os.environ.get(name) for name in ("COMETAPI_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")):
        console().print("[dim]Using your own configuration and keys; this tour costs a few cents at most.[/]")
        return {}, [model] if model else []
    from halley.simulator import Simulator
    from halley.stores.disk.files import save_private

    simulator = await stack.enter_async_context(Simulator(delay_ms=120, tokens_per_s=120))
    console().print(_NO_KEY)
    save_private(home / "config.toml", _CONFIG.format(url=simulator.base_url))
    return {"HALLEY_HOME": str(home)}, ["simulator/sim-chat", "simulator/sim-fast"]


_NO_KEY = """\
[bold]No key found, so this tour talks to the simulator[/]: a unified API on this machine
that reads your code and computes its answers. All else is the real thing.
With a key (`halley key set comet`) it is all real.
"""

_CONFIG = """\
[providers.simulator]
base_url = "{url}"

[roles]
chat = ["simulator/sim-chat"]
edit = ["simulator/sim-code"]
complete = ["simulator/sim-fim"]
fast = ["simulator/sim-fast"]
"""


def _show_next_steps() -> None:
    """Commands that work as printed, from the folder the tour was started in."""
    console().print("\n[bold]Next[/]")
    for what, command in next_steps():
        console().print(f"  {what:<22}", end="")
        click.secho(command, fg="cyan")


def next_steps() -> list[tuple[str, str]]:
    """What to do next, and the command for it. Started from a clone, `halley` is not on PATH until it is installed."""
    from halley.cli.setup import editors_found

    halley = _own_command()
    steps = [] if halley == "halley" else [("install it", _install_command())]
    # Vim is on nearly every machine, and needs a plugin first: `halley setup` lists it.
    editors = [name for name in editors_found() if name != "vim"]
    steps += [(f"set up {name}", f"{halley} setup {name}") for name in editors] or [
        ("set up an editor", f"{halley} setup")
    ]
    return [
        *steps,
        ("connect a provider", f"{halley} key set comet"),
        ("see usage and costs", f"{halley} usage"),
    ]


def _own_command() -> str:
    """`halley`, where that is the program that runs; else its path, from here where it lies below."""
    own, known = Path(sys.executable).with_name("halley"), shutil.which("halley")
    if known and own.exists() and Path(known).resolve() == own.resolve():
        return "halley"
    if not own.exists():
        return shlex.join([sys.executable, "-m", "halley"])
    return shlex.quote(str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own))


def _install_command() -> str:
    """With a tool that puts programs on PATH, where there is one; else with the environment that runs this."""
    folder = Path(__file__).parents[3]
    source = "." if folder == Path.cwd() else shlex.quote(str(folder))
    if shutil.which("uv"):
        return f"uv tool install {source}"
    if shutil.which("pipx"):
        return f"pipx install {source}"
    own = Path(sys.executable).with_name("halley")
    on_path = str(Path.home() / ".local/bin") in os.environ.get("PATH", "").split(os.pathsep)
    reach = "" if on_path else ' && export PATH="$HOME/.local/bin:$PATH"'
    return f"mkdir -p ~/.local/bin && ln -sf {shlex.quote(str(own))} ~/.local/bin/halley{reach}"


def _copy(path: Path | None, home: Path) -> Path:
    """The file the tour works on: always a copy, so that the user's work is untouched."""
    workspace = home / "workspace"
    workspace.mkdir(exist_ok=True)
    sample = resources.files("halley.cli") / "sample" / "orders.py"
    text = path.read_text("utf-8") if path else sample.read_text("utf-8")
    target = workspace / (path.name if path else "orders.py")
    target.write_text(text, "utf-8")
    return target


def _language(path: Path) -> str:
    from halley.engine.code.languages import language_id_of

    return language_id_of(path.name)


@dataclass(slots=True)
class Tour:
    """The steps, one method each; a step that fails says why and the tour continues."""

    editor: Editor
    buffer: Buffer
    models: list[str]
    failed: int = 0

    async def run(self) -> int:
        steps: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("Explain a function", self.explain),
            ("Generate code from a comment", self.generate),
            ("Fix a diagnostic", self.fix),
            ("Format, provably equivalent", self.format),
            ("Complete at the cursor", self.complete),
            ("Chat about the current file", self.chat),
            ("Switch this workspace's model", self.switch),
        ]
        for number, (title, step) in enumerate(steps, 1):
            console().rule(f"[bold]{number}. {title}[/]", align="left")
            try:
                await step()
            except ServerError as error:
                self.failed += 1
                console().print(f"[red]{clean(str(error))}[/] {clean(error.problem.get('help', ''))}")
            console().print()
        await self.bill()
        return 1 if self.failed else 0

    # -- the steps

    async def explain(self) -> None:
        await self.act("explain", "halley.explain", self.around("def total", "class", "function"))

    async def generate(self) -> None:
        await self.act(
            "generate", "refactor.rewrite.halley.generate", self.around("# Return the most", "#", "//")
        )

    async def fix(self) -> None:
        at = self.around("itms", "def", "function")
        found = {
            "range": at,
            "message": "undefined name 'itms'",
            "severity": 1,
            "source": "pyflakes",
            "code": "F821",
        }
        own = "itms" in self.buffer.text
        await self.act("fix", "quickfix.halley.fix", at, [found] if own else [])

    async def format(self) -> None:
        await self.act("format", "refactor.rewrite.halley.format", self.range(0, 0))

    async def complete(self) -> None:
        anchor = "    return \n"
        at = self.buffer.text.rfind(anchor)
        at = at + len(anchor) - 1 if at >= 0 else len(self.buffer.text.rstrip())
        if self.buffer.text.rstrip().endswith("return"):
            at = len(self.buffer.text.rstrip())
            await self.editor.replace(
                self.buffer, self.buffer.text[:at] + " " + self.buffer.text[at:].lstrip(" ")
            )
            at += 1
        params = {"position": self.buffer.position(at), "context": {"triggerKind": 1}}
        self.asked("textDocument/inlineCompletion", f"line {params['position']['line'] + 1}")
        result = await self.editor.request("textDocument/inlineCompletion", self.document() | params)
        items = result["items"] if isinstance(result, dict) else result or []
        line = self.buffer.text[:at].rsplit("\n", 1)[-1]
        for item in items:
            console().print(f"{clean(line)}[dim italic]{clean(item['insertText'])}[/]")
        if not items:
            console().print("[yellow]no suggestion here[/]")

    async def chat(self) -> None:
        chat_id = None
        for prompt in ("What is in this file? #buffer", "And what did I ask you first?"):
            self.asked("halley/chat/send", prompt)
            params = {"prompt": prompt, "chatId": chat_id, "partialResultToken": f"chat-{prompt[:4]}"}
            result = await self.streaming(
                "halley/chat/send", self.document() | {k: v for k, v in params.items() if v}
            )
            chat_id = result["chatId"]
            usage = result["replies"][0].get("usage") or {}
            console().print(
                f"[dim]{result['replies'][0]['model']}: {usage.get('inputTokens', '?')} tokens in, "
                f"{usage.get('outputTokens', '?')} out, first token after {usage.get('firstTokenMs', 0):.0f} ms[/]"
            )

    async def switch(self) -> None:
        before = (await self.editor.request("halley/models/selection", {"uri": self.buffer.uri}))["roles"][
            "chat"
        ]
        listed = (await self.editor.request("halley/models/list", {"role": "chat"}))["models"]
        console().print(f"{len(listed)} models for chat; now [bold]{clean(', '.join(before['route']))}[/]")
        other = next((m["id"] for m in listed if m["id"] not in before["route"]), before["route"][0])
        self.asked("halley/models/select", f"chat = {other}, for this workspace")
        params = {"role": "chat", "route": [other], "scope": "workspace", "uri": self.buffer.uri}
        after = (await self.editor.request("halley/models/select", params))["roles"]["chat"]
        console().print(f"[green]✓[/] chat is {clean(', '.join(after['route']))} ({clean(after['source'])})")

    async def bill(self) -> None:
        report = await self.editor.request("halley/usage", {"by": ["feature"]})
        calls = sum(row.get("calls", 0) for row in report["rows"])
        console().print(f"[dim]Every call is in the ledger: {calls} calls.[/]")

    # -- how a step is shown

    async def act(self, action: str, kind: str, range: Json, diagnostics: list[Json] | None = None) -> None:
        """List the code actions, run the one wanted, show its result."""
        context = {"diagnostics": diagnostics or [], "only": [kind]}
        listed = await self.editor.request(
            "textDocument/codeAction", self.document() | {"range": range, "context": context}
        )
        if not listed:
            console().print("[yellow]no such action here[/]")
            return
        chosen = listed[0]
        self.asked("textDocument/codeAction", f"{len(listed)} found; run “{chosen['title']}”")
        before, shown = self.buffer.text, len(self.editor.shown)
        result = await self.editor.request("workspace/executeCommand", _command(chosen))
        if "answer" in result:
            from rich.markdown import Markdown

            console().print(Markdown(clean(result["answer"]["text"])))
        elif len(self.editor.shown) > shown and self.buffer.text == before:
            console().print(f"[yellow]shown instead of applied: {clean(self.editor.shown[-1])}[/]")
        else:
            self.diff(before, self.buffer.text)

    def diff(self, before: str, after: str) -> None:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        for line in list(lines)[2:]:
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
            console().print(clean(line), style=colour, markup=False, highlight=False)
        if before == after:
            console().print("[yellow]nothing changed[/]")

    async def streaming(self, method: str, params: Json) -> Json:
        from rich.live import Live
        from rich.markdown import Markdown

        text = ""

        def show(progress: Json) -> None:
            nonlocal text
            events = progress.get("value")
            for event in events if isinstance(events, list) else []:
                if event["type"] == "text":
                    text += event["delta"]
            live.update(Markdown(clean(text)))

        self.editor.on_progress = show
        try:
            with Live(console=console(), refresh_per_second=12) as live:
                return await self.editor.request(method, params)
        finally:
            self.editor.on_progress = None
            if not console().is_terminal:  # rich ends the last line on terminals only
                console().print()

    def asked(self, method: str, what: str) -> None:
        console().print(f"[cyan]→ {method}[/] [dim]{clean(what)}[/]")

    def document(self) -> Json:
        return {"textDocument": {"uri": self.buffer.uri, "version": self.buffer.version}}

    def around(self, *needles: str) -> Json:
        """The range of the first of `needles` that the file has."""
        for needle in needles:
            at = self.buffer.text.find(needle)
            if at >= 0:
                return self.range(at, at + len(needle) if needle.isidentifier() else at)
        return self.range(0, 0)

    def range(self, start: int, end: int) -> Json:
        return {"start": self.buffer.position(start), "end": self.buffer.position(end)}


def _command(action: Json) -> Json:
    command = action["command"] if isinstance(action.get("command"), dict) else action
    return {"command": command["command"], "arguments": command.get("arguments", [])}
