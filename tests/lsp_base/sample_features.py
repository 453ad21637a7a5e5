"""Features for tests: each shows one thing a base has to stand."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from halley.core.errors import AuthFailed, Cancelled
from halley.lsp.base.server import HalleyServer
from halley.lsp.protocol.models import ModelsListParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.progress import WorkDone

Params = dict[str, Any]


def register(server: HalleyServer) -> None:
    events: list[str] = []

    @server.feature("halley/echo")
    async def echo(params: Params) -> Any:
        return params

    @server.feature("halley/then")
    async def then(params: Params) -> str:
        """Has something to say in the loop's next turn, which comes after the answer."""
        asyncio.get_running_loop().call_soon(server.notify, "halley/said")
        return "answered"

    @server.feature("halley/quick")
    def quick(params: Params) -> Any:
        return params

    @server.feature("halley/hold")
    async def hold(params: Params) -> None:
        """Starts a program that ends with its input, then never releases the interpreter."""
        import ctypes

        program = subprocess.Popen(  # noqa: ASYNC220 - it holds everything anyway
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        server.notify("halley/began", {"name": "hold", "pid": program.pid})
        await asyncio.sleep(0)
        while True:  # a signal only cuts one sleep short; no Python runs in between for long enough
            if params.get("how") == "regex":
                re.match(r"(a|aa)+$", "a" * 200 + "b")
            else:
                ctypes.PyDLL(None).usleep(2**30)  # with the interpreter held, unlike `time.sleep`

    @server.feature("halley/events")
    async def get_events(params: Params) -> list[str]:
        return events

    @server.feature("halley/sleep")
    async def sleep(params: Params) -> str:
        return await _sleep(params)

    async def _sleep(params: Params) -> str:
        name = params.get("name", "sleep")
        events.append(f"{name} began")
        server.notify("halley/began", {"name": name})
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            events.append(f"{name} stopped")
            raise
        events.append(f"{name} ran on")
        return "slept"

    @server.command("test.sleep")
    async def sleep_command(arguments: list[Any]) -> str:
        return await _sleep(arguments[0] if arguments else {"name": "command"})

    @server.command("test.work")
    async def work_command(arguments: list[Any]) -> str:
        async with WorkDone(server, "Working", "at first") as work:
            work.report("half way", 50)
            if arguments and arguments[0] == "sleep":
                await _sleep({"name": "work"})
        return "worked"

    @server.feature("halley/tokens")
    async def tokens(params: Params) -> int:
        return len(server.protocol.progress.tokens)

    @server.feature("halley/waiting")
    async def waiting(params: Params) -> int:
        return len(server.protocol._questions)

    @server.feature("halley/document")
    async def document(params: Params) -> Any:
        found = server.documents.get(params["uri"])
        trusted = not server.documents.is_out_of_step(params["uri"])
        return found and {"text": found.text, "version": found.version, "trusted": trusted}

    @server.command("test.look_later")
    async def look_later(arguments: list[Any]) -> None:
        """What is started after the answer keeps the text it saw first as an event."""

        async def look() -> None:
            found = server.documents.get(arguments[0]["uri"])
            events.append(found.text if found else "nothing")

        server.run_in_background(look(), "look")

    @server.feature("halley/stream")
    async def stream(params: Params) -> str:
        with PartialResults(server) as results:
            for number in range(params["count"]):
                results.send({"type": "text", "replyId": "r", "delta": f"{number} "})
                if number % params.get("pauseEvery", 1_000_000) == params.get("pauseEvery", 0) - 1:
                    await asyncio.sleep(0.02)
                await results.drain()
            results.send({"type": "usage", "replyId": "r"})
        return "streamed"

    @server.feature("halley/ask")
    async def ask(params: Params) -> Any:
        return await server.request("test/question", params, params.get("limit"))

    @server.feature("halley/raise")
    async def raise_error(params: Params) -> None:
        match params["what"]:
            case "halley":
                raise AuthFailed("The key is wrong.", "Set providers.comet.key.", provider="comet")
            case "cancelled":
                raise Cancelled("A newer request took its place.")
            case "exit":
                sys.exit(3)
            case "exit immediately":
                await asyncio.sleep(0)
                raise SystemExit(4)
            case _:
                raise ValueError(f"the text of the user: {params['what']}")

    @server.feature("halley/value")
    async def value(params: Params) -> Any:
        return {
            "nan": {"a": [1.0, float("nan")]},
            "infinite": float("-inf"),
            "object": object(),
            "surrogate": "half \ud83d",
            "big": "x" * params.get("size", 0),
        }[params["kind"]]

    @server.feature("halley/print")
    async def print_things(params: Params) -> str:
        print("a stray print")
        sys.stdout.flush()
        os.write(1, b"a stray write\n")
        child = "import sys; print('a child', sys.stdin.read())"
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", child], check=True)
        return "printed"

    @server.feature("halley/touch")
    async def touch(params: Params) -> None:
        await asyncio.to_thread(Path(params["path"]).touch)

    @server.feature("halley/hang")
    async def hang_a_thread(params: Params) -> str:
        threading.Thread(target=threading.Event().wait).start()
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
        return "a thread hangs"

    @server.feature("halley/threads")
    async def threads(params: Params) -> list[str]:
        return [thread.name for thread in threading.enumerate()]

    @server.feature("halley/modules")
    async def modules(params: Params) -> list[str]:
        return sorted({name.partition(".")[0] for name in sys.modules})

    @server.feature("halley/flag")
    async def flag(params: Params) -> Any:
        """Answers what it saw when it was asked, whatever came after."""
        seen = list(events)
        await asyncio.sleep(0)
        return seen

    @server.feature("halley/shape")
    async def shape(params: Params) -> Any:
        return read_params(ModelsListParams, params).model_dump()

    @server.feature("workspace/didRenameFiles")
    def renamed(params: Params) -> None:
        events.append("renamed")

    @server.feature("workspace/didDeleteFiles")
    async def deleted(params: Params) -> None:
        events.append("deleting")
        raise RuntimeError("a notification that fails")

    if os.environ.get("SAMPLE_EAGER"):

        def speak(params: Params) -> None:
            server.notify("halley/begun")
            raise RuntimeError("a part that does not begin")

        server.on_begin.append(speak)

    if os.environ.get("SAMPLE_TYPED"):
        from lsprotocol import types

        @server.feature("textDocument/hover")
        async def hover(params: types.HoverParams) -> types.Hover:
            return types.Hover(contents=f"line {params.position.line} of {params.text_document.uri}")

        @server.feature("textDocument/didSave")
        def saved(params: types.DidSaveTextDocumentParams) -> None:
            events.append(f"saved {params.text_document.uri}")
