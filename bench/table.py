"""Which benchmarks there are, what each is held against, and the ratio it must not pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, cast

Pair = tuple[float, float]
"""One round: (Halley, the other), both measured within it."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    name: str
    title: str
    against: str
    unit: str
    target: float | None
    """Largest good ratio of the two figures; None where there is no promise about it."""
    rounds: int
    module: str = ""
    """In `bench/`, by default the file of the same name."""
    function: str = "pairs"
    """In the module."""
    figure: Literal["median", "p95"] = "median"
    """What is taken of the rounds, of both sides."""
    most_ms: float | None = None
    """Largest good figure of Halley's own, in milliseconds."""
    most_over_ms: float | None = None
    """Largest good excess of Halley's figure over the other's, in milliseconds."""

    @property
    def pairs(self) -> Callable[[int], Iterator[Pair]]:
        """Measures so many rounds, in turns; the runner drops the first, which warms the caches."""
        module = import_module(f"bench.{self.module or self.name}")
        return cast("Callable[[int], Iterator[Pair]]", getattr(module, self.function))


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("initialize", "start to `initialize` response", "bare pygls", "ms", 0.1, 11),
    Benchmark("first_answer", "start to first code actions", "bare pygls", "ms", 1.0, 11),
    Benchmark("first_token", "request to first token, warm", "openai SDK", "ms", 1.0, 61),
    Benchmark("streams_100", "100 concurrent chats, chunk p95", "openai SDK", "ms", None, 1),
    Benchmark("streams_1000", "1,000 concurrent chats, chunk p95", "openai SDK", "ms", 0.02, 1),
    Benchmark(
        "http_request", "a request's processor time", "aiohttp alone", "ms", None, 61, most_over_ms=0.1
    ),
    Benchmark("round_trip", "request to response", "stock pygls", "ms", 0.4, 11),
    Benchmark("completion_automatic", "ghost text, typing", "bare call", "ms", None, 101, most_over_ms=2.0),
    Benchmark("completion_invoked", "ghost text, invoked", "3 bare calls", "ms", None, 61, most_over_ms=2.0),
    Benchmark("team_call", "a team's budget, added to a call", "SELECT 1", "ms", None, 101, most_over_ms=1.0),
    Benchmark(
        "team_spooled",
        "a team without budgets, added to a call",
        "SELECT 1",
        "ms",
        None,
        101,
        module="team_call",
        function="spooled_pairs",
    ),
    Benchmark("next_edit_typing", "36 keys, next edits on", "off", "ms", 1.25, 61),
    Benchmark(
        "completion_cached",
        "ghost text, typed along, p95",
        "empty request",
        "ms",
        None,
        201,
        figure="p95",
        most_ms=2.0,
    ),
    Benchmark(
        "completion_large",
        "key + ghost, 10,000 lines, p95",
        "100 lines",
        "ms",
        None,
        201,
        figure="p95",
        most_ms=5.0,
    ),
    Benchmark(
        "completion_many", "50 concurrent documents, each", "bare call", "ms", None, 11, most_over_ms=2.0
    ),
    Benchmark(
        "context", "context, 5,000 files, p95", "one parse", "ms", None, 201, figure="p95", most_ms=30.0
    ),
    Benchmark(
        "chat_list",
        "list of 10,000 stored turns",
        "allowed",
        "ms",
        1.0,
        21,
        "chat_store",
        function="list_pairs",
    ),
    Benchmark(
        "chat_search",
        "search in 10,000 turns",
        "allowed",
        "ms",
        1.0,
        21,
        "chat_store",
        function="search_pairs",
    ),
    Benchmark("chat_stream", "4,000 deltas at 2,000/s", "bare reader", "ms", 1.1, 5),
    Benchmark(
        "neovim_start", "Neovim's start, the plugin's part", "one of its own", "ms", None, 21, most_ms=1.0
    ),
    Benchmark("chat_frames", "2,000 deltas, worst frame", "all again", "ms", None, 3, most_ms=50.0),
    Benchmark(
        "vscode_activation",
        "VS Code extension, own activation",
        "allowed",
        "ms",
        1.0,
        3,
        "vscode_client",
        function="activation_pairs",
    ),
    Benchmark(
        "vscode_bundle",
        "VS Code extension, bundled",
        "allowed",
        "KB",
        1.0,
        1,
        "vscode_client",
        function="bundle_pairs",
    ),
    Benchmark(
        "search_scan", "index of 5,000 files", "allowed", "ms", 1.0, 1, "search_speed", function="scan_pairs"
    ),
    Benchmark(
        "search_query",
        "search in 5,000 files, p95",
        "allowed",
        "ms",
        1.0,
        101,
        "search_speed",
        function="query_pairs",
        figure="p95",
    ),
    Benchmark(
        "search_edit",
        "typed until found, p95",
        "allowed",
        "ms",
        1.0,
        31,
        "search_speed",
        function="edit_pairs",
        figure="p95",
    ),
    Benchmark(
        "joined_initialize",
        "joining, start to `initialize`",
        "Python's own start",
        "ms",
        None,
        21,
        "joined",
        function="initialize_pairs",
        most_ms=40.0,
    ),
    Benchmark(
        "joined_by_command",
        "the same, by the command",
        "Python's own start",
        "ms",
        None,
        21,
        "joined",
        function="command_pairs",
    ),
    Benchmark(
        "joined_first_answer",
        "joining, first code actions",
        "bare pygls",
        "ms",
        0.15,
        11,
        "joined",
        function="first_answer_pairs",
    ),
    Benchmark(
        "joined_further",
        "each further editor (PSS)",
        "allowed",
        "MB",
        1.0,
        2,
        "joined",
        function="further_pairs",
    ),
    Benchmark(
        "joined_ten", "ten editors in all (PSS)", "allowed", "MB", 1.0, 2, "joined", function="ten_pairs"
    ),
    Benchmark("memory", "idle memory (RSS)", "bare pygls", "MB", 1.7, 4),
    Benchmark("memory_pss", "idle memory (PSS)", "bare pygls", "MB", 1.4, 4),
)
