"""The workspace searched: by words with no model at all, by meaning once the user approved it; kept up to date, never a secret."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from setting import CONFIG
from window import CAPABILITIES, Agreeing, Json, RequestFailed, Window

from halley.features.search.embedding import BATCH_TEXTS
from halley.simulator import Simulator

FILES = {
    "shop/orders.py": (
        "class Order:\n"
        "    def grandTotal(self, items):\n"
        '        return sum(item["price"] * item["quantity"] for item in items)\n'
        "\n\n"
        "def parse_discount(text):\n"
        '    """A percentage as people write it."""\n'
        '    return float(text.strip("% ")) / 100\n'
    ),
    "shop/mail.go": "package shop\n\nfunc SendInvoice(address string) error {\n\treturn deliver(address)\n}\n",
    "docs/refunds.md": "# Refunds\n\n## Deadlines\n\nA refund is granted within fourteen days.\n",
    "notes.txt": "The warehouse closes on Fridays.\n",
}


@pytest.fixture
def config(halley_home: Path, simulator: Simulator) -> Path:
    path = halley_home / "config.toml"
    path.write_text(CONFIG.format(url=simulator.base_url).replace("enabled = false", "enabled = true"))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


async def find(window: Window, query: str, **more: object) -> list[Json]:
    return (await window.request("halley/search", {"query": query, **more}))["hits"]


async def status_when(window: Window, accept: Callable[[Json], bool]) -> Json:
    """The index's state, once it is as wanted: asked again whenever the server says that it is new."""
    while True:
        heard = len(window.heard)
        status = await window.request("halley/index/status", {})
        if accept(status):
            return status
        await window.until(lambda heard=heard: any(index_news(*one) for one in window.heard[heard:]))


async def embedded(daemon: Callable[..., Awaitable[Window]]) -> Window:
    """A window whose workspace has a vector for every chunk."""
    window = await daemon(settings=EMBED)
    await find(window, "orders")
    await status_when(window, lambda status: "estimate" in status)
    await window.request("halley/index/control", {"action": "embed"})
    await status_when(window, lambda s: s["state"] == "ready" and s.get("embedded") == s["chunks"])
    return window


def index_news(method: str, params: Json) -> bool:
    return method == "halley/changed" and params["what"] == "index"


async def ready(window: Window) -> Json:
    await find(window, "anything")
    return await status_when(window, lambda status: status["state"] == "ready")


async def found_in_the_end(window: Window, query: str, accept: Callable[[list[Json]], bool]) -> list[Json]:
    """Hits, asked for again until they are as wanted; the window's patience bounds it."""
    async with asyncio.timeout(90):
        while not accept(hits := await find(window, query)):
            pass
        return hits


def paths(hits: list[Json]) -> set[str]:
    return {hit["path"] for hit in hits}


async def test_a_hit_is_a_place_that_opens(daemon) -> None:
    window: Window = await daemon()
    await ready(window)
    (hit, *_) = await find(window, "grand total")
    assert hit["path"] == "shop/orders.py"
    assert hit["uri"] == (window.folder / "shop/orders.py").as_uri()
    assert hit["symbol"] == "Order"
    assert hit["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
    assert "def grandTotal" in hit["text"]
    assert hit["how"] == "lexical"
    assert (await find(window, "grandTotal"))[0]["path"] == "shop/orders.py"
    assert (await find(window, "how do I parse a discount?"))[0]["symbol"] == "parse_discount"
    assert (await find(window, "refund deadlines"))[0]["symbol"] == "Refunds › Deadlines"
    assert (await find(window, "SendInvoice"))[0]["languageId"] == "go"
    assert await find(window, 'OR AND ( * NEAR "') == []
    assert len(await find(window, "the a return text order", limit=1)) == 1


async def test_no_secret_no_ignored_and_no_generated_file(daemon, workspace: Path) -> None:
    canary = "canary7f3a9c"
    hidden = {
        ".env": f"NAME={canary}",
        "keys/server.pem": canary,
        "ignored/a.py": f"{canary} = 1",
        "excluded/b.py": f"{canary} = 1",
        "made.py": f"# @generated\n{canary} = 1",
        "node_modules/x/index.js": canary,
        "picture.png": canary,
        "big.txt": canary + "x" * 1_100_000,
    }
    for name, text in hidden.items():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(text)
    (workspace / ".gitignore").write_text("ignored/\n")
    (workspace / "link.txt").symlink_to(workspace / ".env")
    window: Window = await daemon(settings={"context": {"exclude": ["excluded/**"]}})
    await ready(window)
    assert await find(window, canary) == []
    for name, text in hidden.items():  # nor when they change, nor when an editor shows them
        (workspace / name).write_text(text + "\nmore")
        if name not in ("picture.png", "big.txt"):
            await window.open(name)
    (workspace / "plain.py").write_text("marker_after_them = 1\n")
    await found_in_the_end(window, "marker_after_them", lambda hits: "plain.py" in paths(hits))
    assert await find(window, canary) == []


async def test_a_key_in_a_source_file_is_not_in_the_index(daemon, workspace: Path, halley_home: Path) -> None:
    key = "sk-proj-Zk3vN8qLw2XyT6bR1mH9cD4f"
    (workspace / "settings.py").write_text(f'BEFORE = 1\nOPENAI = "{key}"\nAFTER_THE_KEY = 2\n')
    window: Window = await daemon()
    await ready(window)
    (hit, *_) = await find(window, "AFTER_THE_KEY")
    assert "[OpenAI key removed]" in hit["text"]
    await window.close()
    files = [path for path in halley_home.rglob("*") if path.is_file()]
    assert not [path for path in files if key.encode() in path.read_bytes()]


async def test_edits_are_found_saved_or_not_and_gone_with_the_editor(daemon, workspace: Path) -> None:
    window: Window = await daemon()
    await ready(window)
    buffer = await window.open("notes.txt")
    await window.type(buffer, 0, "Zebrafish are striped. ")
    hits = await found_in_the_end(window, "zebrafish", bool)
    assert hits[0]["path"] == "notes.txt"
    assert "Zebrafish" not in (workspace / "notes.txt").read_text()
    window.notify("textDocument/didClose", {"textDocument": {"uri": buffer.uri}})
    await found_in_the_end(window, "zebrafish", lambda hits: not hits)
    assert paths(await find(window, "warehouse")) == {"notes.txt"}


async def test_changes_on_disk_are_found(daemon, workspace: Path) -> None:
    window: Window = await daemon()
    await ready(window)
    (workspace / "notes.txt").write_text("The quartermaster counts.\n")
    await found_in_the_end(window, "quartermaster", bool)
    assert await find(window, "warehouse") == []
    (workspace / "new/deep").mkdir(parents=True)
    (workspace / "new/deep/fresh.py").write_text("def flamingo():\n    pass\n")
    await found_in_the_end(window, "flamingo", bool)
    (workspace / "new/deep/fresh.py").write_text("def pelican():\n    pass\n")
    await found_in_the_end(window, "pelican", bool)
    (workspace / "docs/refunds.md").unlink()
    await found_in_the_end(window, "refund", lambda hits: not hits)
    (workspace / ".gitignore").write_text("new/\n")
    await found_in_the_end(window, "pelican", lambda hits: not hits)


async def test_pause_holds_until_resume(daemon, workspace: Path) -> None:
    window: Window = await daemon()
    await ready(window)
    paused = await window.request("halley/index/control", {"action": "pause"})
    assert paused["state"] == "paused" and paused["paused"]
    buffer = await window.open("notes.txt")
    await window.type(buffer, 0, "Albatross ")
    (workspace / "other.txt").write_text("cormorant\n")
    assert await find(window, "albatross") == []
    assert await find(window, "warehouse")
    await window.request("halley/index/control", {"action": "resume"})
    await found_in_the_end(window, "cormorant", bool)
    await found_in_the_end(window, "albatross", bool)


async def test_it_is_there_again_after_a_restart_and_a_rebuild(daemon, workspace: Path) -> None:
    window: Window = await daemon()
    before = await ready(window)
    assert (before["files"], before["indexed"]) == (4, 4)
    await window.close()
    (workspace / "meanwhile.py").write_text("def ostrich():\n    pass\n")
    window = await daemon()
    await found_in_the_end(window, "ostrich", bool)
    await window.request("halley/index/control", {"action": "rebuild"})
    after = await status_when(window, lambda status: status["state"] == "ready" and status["indexed"] == 5)
    assert after["chunks"] == before["chunks"] + 1


async def test_windows_share_one_index(daemon, workspace: Path, halley_home: Path) -> None:
    first: Window = await daemon()
    await ready(first)
    second: Window = await daemon()
    assert paths(await find(second, "warehouse")) == {"notes.txt"}
    buffer = await second.open("notes.txt")
    await second.type(buffer, 0, "Kingfisher ")
    await found_in_the_end(first, "kingfisher", bool)
    assert len(list((halley_home / "cache/index").iterdir())) == 1
    await first.client.kill()
    (workspace / "later.py").write_text("def toucan():\n    pass\n")
    await found_in_the_end(second, "toucan", bool)


EMBED = {"roles": {"embed": ["simulator/sim-embed"]}}


PLAIN = {name: what for name, what in CAPABILITIES.items() if name != "experimental"}
"""An editor without a plugin of ours."""


def embeddings(simulator: Simulator) -> list[Json]:
    return [request.json for request in simulator.requests if request.path.endswith("/embeddings")]


async def test_nothing_is_embedded_without_approval(daemon, simulator: Simulator) -> None:
    window: Window = await daemon(settings=EMBED)
    await find(window, "orders")
    status = await status_when(window, lambda status: "estimate" in status)
    estimate = status["estimate"]
    assert estimate["model"] == "simulator/sim-embed" and estimate["chunks"] == status["chunks"]
    assert 0 < estimate["tokens"] < 1000 and estimate["cost"]["source"] == "estimated"
    await find(window, "what may be returned")
    assert not embeddings(simulator)
    status = await window.request("halley/index/control", {"action": "decline"})
    assert "estimate" not in status
    assert not embeddings(simulator)


async def test_a_client_with_unobtrusive_questions_is_asked_by_itself(
    daemon, monkeypatch: pytest.MonkeyPatch, simulator: Simulator
) -> None:
    monkeypatch.setitem(daemon.__globals__, "Window", Agreeing)
    asks = PLAIN | {"experimental": {"halley": {"questions": True}}}
    window: Agreeing = await daemon(capabilities=asks, settings=EMBED)
    answer = await window.request("halley/search", {"query": "orders"})
    await status_when(window, lambda s: s["state"] == "ready" and s.get("embedded") == s["chunks"])
    (question,) = window.asked
    assert "Search by meaning: send" in question and "simulator/sim-embed" in question
    assert answer["notices"] == [] and embeddings(simulator)


@pytest.mark.parametrize("experimental", [{}, {"experimental": {"halley": {"chat": True}}}])
async def test_where_a_question_would_interrupt_the_first_search_tells(
    daemon, monkeypatch: pytest.MonkeyPatch, simulator: Simulator, experimental: Json
) -> None:
    first: Window = await daemon()
    await ready(first)  # so that the index is kept from the start
    await first.close()
    monkeypatch.setitem(daemon.__globals__, "Window", Agreeing)
    window: Agreeing = await daemon(capabilities=PLAIN | experimental, settings=EMBED)

    async def until(accept: Callable[[Json], bool]) -> None:
        async with asyncio.timeout(60):
            while not accept(await window.command("halley.index.status")):
                pass

    await until(lambda status: "estimate" in status)
    await window.command("halley.index.status")
    assert (getattr(window, "asked", []), window.messages) == ([], []), "nothing comes up by itself"
    told = (await window.command("halley.search", {"query": "orders"}))["notices"]
    assert len(told) == 1 and "Search by meaning: send" in told[0] and "halley index embed" in told[0]
    assert window.messages == ([] if experimental else told)
    assert (await window.command("halley.search", {"query": "orders"}))["notices"] == [], "once"
    assert getattr(window, "asked", []) == [] and not embeddings(simulator)
    await window.command("halley.index.control", {"action": "embed"})
    await until(lambda status: status["state"] == "ready" and status.get("embedded") == status["chunks"])


async def test_after_approval_meaning_is_searched_metered_and_kept_up_to_date(
    daemon, workspace: Path, simulator: Simulator
) -> None:
    window: Window = await daemon(settings=EMBED)
    await find(window, "orders")
    await status_when(window, lambda status: "estimate" in status)
    await window.request("halley/index/control", {"action": "embed"})
    status = await status_when(window, lambda s: s["state"] == "ready" and s.get("embedded") == s["chunks"])
    assert status["answering"] == "simulator/sim-embed"
    hits = await find(window, "the discounts parsed")
    assert {hit["how"] for hit in hits} >= {"both"}
    assert hits[0]["symbol"] == "parse_discount"
    sent = len(embeddings(simulator))
    (workspace / "more.py").write_text("def heron():\n    return 'wading'\n")
    await found_in_the_end(window, "heron", bool)
    await status_when(window, lambda s: s["chunks"] > status["chunks"] and s["embedded"] == s["chunks"])
    changed = [text for body in embeddings(simulator)[sent:] for text in body["input"]]
    assert [text for text in changed if "wading" in text] and not [t for t in changed if "discount" in t]
    rows = (await window.request("halley/usage", {"by": ["feature"]}))["rows"]
    (row,) = [row for row in rows if row["feature"] == "search"]
    assert row["inputTokens"] > 0


async def test_embedding_beyond_the_budget_is_refused_without_a_question(
    daemon, config: Path, agreeing: Agreeing, simulator: Simulator
) -> None:
    pick = {"role": "embed", "route": ["simulator/sim-embed"], "scope": "session"}
    await agreeing.request("halley/models/select", pick)
    await agreeing.request("halley/models/list", {"refresh": True})  # so that prices are known
    await agreeing.chat("Hello")
    with config.open("a") as file:
        file.write('\n[budget]\ndaily_usd = 0.0000001\nwhen_spent = "ask"\n')
    await find(agreeing, "orders")
    await status_when(agreeing, lambda status: "estimate" in status)
    await agreeing.request("halley/index/control", {"action": "embed"})
    status = await status_when(agreeing, lambda status: "problem" in status)
    assert status["problem"]["code"] == "budget_exceeded" and not embeddings(simulator)
    assert getattr(agreeing, "asked", []) == []


async def test_killed_while_embedding_it_resumes_where_it_was(
    daemon, workspace: Path, simulator: Simulator
) -> None:
    for number in range(10):
        body = "".join(f"def work_{number}_{n}(value):\n    return value + {n}\n\n" for n in range(50))
        (workspace / f"module{number}.py").write_text(body)
    simulator.script(contains="work_5_10", path="/v1/embeddings", delay_ms=3_600_000.0)
    window: Window = await daemon(settings=EMBED)
    await find(window, "orders")
    await status_when(window, lambda status: "estimate" in status)
    await window.request("halley/index/control", {"action": "embed"})
    # the others of its round are kept although it does not come back
    async with asyncio.timeout(60):
        while (status := await window.request("halley/index/status", {}))["embedded"] < 5 * BATCH_TEXTS:
            pass
    assert status["state"] == "embedding" and status["chunks"] > 500
    await window.client.kill()
    (in_flight,) = [body["input"] for body in embeddings(simulator) if "work_5_10(" in str(body["input"])]
    assert len(embeddings(simulator)) == 6
    window = await daemon(settings=EMBED)
    await find(window, "orders")
    await status_when(window, lambda s: s["state"] == "ready" and s.get("embedded") == s["chunks"])
    sent = Counter(text for body in embeddings(simulator) for text in body["input"])
    assert {text for text, times in sent.items() if times > 1} == set(in_flight)
    assert max(sent.values()) == 2
    hits = await find(window, "def work_5_10(value)")
    assert hits[0]["symbol"] == "work_5_10" and hits[0]["how"] == "both"


async def test_another_model_embeds_in_the_background_while_the_old_answers(
    daemon, simulator: Simulator
) -> None:
    window = await embedded(daemon)
    pick = {"role": "embed", "route": ["simulator/sim-embed-2"], "scope": "session"}  # above the editor's own
    await window.request("halley/models/select", pick)
    status = await status_when(window, lambda status: "estimate" in status)
    assert (status["embedModel"], status["answering"]) == ("simulator/sim-embed-2", "simulator/sim-embed")
    assert any(hit["how"] == "both" for hit in await find(window, "discounts parsed"))
    await window.request("halley/index/control", {"action": "embed"})
    await status_when(window, lambda s: s.get("answering") == "simulator/sim-embed-2")


async def test_a_failing_model_leaves_words_and_says_so(daemon, simulator: Simulator) -> None:
    window = await embedded(daemon)
    simulator.script(status=401, body={"error": {"message": "Incorrect API key"}}, repeat=-1)
    answer = await window.request("halley/search", {"query": "a question nobody asked before: warehouse"})
    assert paths(answer["hits"]) >= {"notes.txt"}
    assert answer["notices"] and "Only words were searched" in answer["notices"][0]


async def test_search_in_chat_lists_places_that_open_and_asks_no_model(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    await ready(window)
    sent = len(simulator.requests)
    turn = await window.request("halley/chat/send", {"prompt": "/search parse discount"})
    (reply,) = turn["replies"]
    assert reply["text"].startswith("1. `shop/orders.py:6-8` parse_discount")
    place = (window.folder / "shop/orders.py").as_uri()
    assert f"{place}#L6" in reply["rendered"]
    assert len(simulator.requests) == sent
    with pytest.raises(RequestFailed, match="found nothing in the workspace"):
        await window.request("halley/chat/send", {"prompt": "/search xylophone"})


async def test_workspace_variable_brings_numbered_hits(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    await ready(window)
    await window.request(
        "halley/chat/send", {"prompt": "#workspace within how many days is a refund granted?"}
    )
    said = str(next(r for r in simulator.requests if r.path.endswith("/chat/completions")).json)
    assert "[1] `docs/refunds.md:3-5`" in said and "fourteen days" in said
    items = await window.request(
        "halley/chat/input", {"text": "#work", "position": {"line": 0, "character": 5}}
    )
    assert "#workspace" in str(items)


async def test_plain_clients_search_by_command(daemon) -> None:
    window: Window = await daemon()
    await ready(window)
    found = await window.command("halley.search", {"query": "warehouse"})
    assert paths(found["hits"]) == {"notes.txt"}
    assert (await window.command("halley.index.status", {}))["state"] == "ready"


async def test_actions_draw_on_it(daemon, workspace: Path) -> None:
    (workspace / "shop/bill.py").write_text(
        "def bill(order):\n    return parse_price(order), 'quantity', 'price'\n"
    )
    window: Window = await daemon()
    await ready(window)
    buffer = await window.open("shop/bill.py")
    params = {"textDocument": {"uri": buffer.uri}, "range": buffer.range("bill", cursor=True)}
    preview = await window.request("halley/context/preview", params)
    reasons = {excerpt["path"]: excerpt["reason"] for excerpt in preview["excerpts"]}
    assert reasons["shop/orders.py"] == "found by words"
    assert preview["tokens"] <= preview["budget"]


async def test_before_the_first_search_no_index_is_being_made(daemon) -> None:
    window: Window = await daemon(settings=EMBED)
    assert (await window.request("halley/index/status", {}))["state"] == "idle"


async def test_switched_off_it_says_so(daemon, config: Path, simulator: Simulator) -> None:
    config.write_text(CONFIG.format(url=simulator.base_url))
    window: Window = await daemon()
    with pytest.raises(RequestFailed, match=r"search\.enabled"):
        await find(window, "orders")
    assert (await window.request("halley/index/status", {}))["state"] == "off"


def scripted_search(simulator: Simulator, query: str) -> None:
    called = {"name": "search_workspace", "arguments": {"query": query}}
    simulator.script("", model="sim-chat", tool_calls=[called])
    simulator.script("So it is.", model="sim-chat")


async def searched(window: Window, simulator: Simulator, query: str) -> str:
    """What the model's tool answers."""
    scripted_search(simulator, query)
    result, _ = await window.chat("Look for it.")
    (use,) = result["replies"][0]["tools"]
    assert use["state"] == "done"
    return use["result"]


async def test_the_search_tool_asks_the_index(daemon, workspace: Path, simulator: Simulator) -> None:
    (workspace / ".env").write_text("DISCOUNT=never-to-be-seen\n")
    (workspace / "excluded").mkdir()
    (workspace / "excluded/b.py").write_text("never_to_be_seen = 'discount'\n")
    window: Window = await daemon(settings={"context": {"exclude": ["excluded/**"]}})
    await ready(window)
    said = await searched(window, simulator, "parseDiscount percentage")  # no line says that
    assert said.splitlines()[0] == "shop/orders.py:6-8  parse_discount"
    assert "  6: def parse_discount(text):" in said.splitlines()
    assert "be-seen" not in said and "be_seen" not in said
    buffer = await window.open("notes.txt")
    await window.type(buffer, 0, "Zebrafish are striped. ")
    await found_in_the_end(window, "zebrafish", bool)
    assert "notes.txt:1\n  1: Zebrafish" in await searched(window, simulator, "zebrafish stripes")
    assert "float(text.strip" in await searched(window, simulator, 'strip("% ")')
    assert "shop/mail.go:4: " in await searched(
        window, simulator, "liver(addr"
    )  # within a word: files are read
    assert not embeddings(simulator)


async def test_without_an_index_the_search_tool_reads_the_files(
    daemon, config: Path, simulator: Simulator
) -> None:
    config.write_text(CONFIG.format(url=simulator.base_url))
    window: Window = await daemon()
    assert await searched(window, simulator, "warehouse") == ("notes.txt:1: The warehouse closes on Fridays.")
