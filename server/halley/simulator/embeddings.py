"""`/v1/embeddings`: hashed bags of words, so that texts with words in common are near, and always the same.

Each word, and each of its triples of letters, falls on a few coordinates that its hash names; the vector has length 1.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from halley.core.tokens import estimate_tokens
from halley.simulator.envelope import bad_request, invalid, missing

DIMENSIONS = 256
MOST_INPUTS = 2048


def embed(body: Mapping[str, Any], model: str) -> tuple[dict[str, Any], int]:
    """The response's body, and the tokens it cost. Raises ApiError (400)."""
    texts = _inputs(body.get("input"))
    dimensions = int(body.get("dimensions") or DIMENSIONS)
    if not 8 <= dimensions <= 4096:
        raise invalid("dimensions", dimensions, "8 to 4096")
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise invalid("encoding_format", encoding, "float or base64")
    tokens = sum(map(estimate_tokens, texts))
    vectors: Iterable[Any] = (embed_text(text, dimensions) for text in texts)
    if encoding == "base64":
        vectors = (base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode() for vector in vectors)
    rows = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows, "model": model, "usage": usage}, tokens


def embed_text(text: str, dimensions: int = DIMENSIONS) -> tuple[float, ...]:
    """A vector of length 1; texts with words in common have a larger product than texts without."""
    values = [0.0] * dimensions
    for word in re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()):
        for feature, weight in _features(word):
            at, sign = feature % dimensions, 1.0 if feature & (1 << 40) else -1.0
            values[at] += sign * weight
    length = math.sqrt(sum(value * value for value in values))
    if not length:
        values[0] = length = 1.0
    return tuple(value / length for value in values)


@lru_cache(maxsize=50_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    weight = 0.3 if len(word) < 3 else 1.0
    whole = [(_hash(word), weight), (_hash(f"{word}#2"), weight)]
    padded = f"^{word}$"
    return (*whole, *((_hash(padded[i : i + 3]), 0.25 * weight) for i in range(len(padded) - 2)))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "big")


def _inputs(given: Any) -> list[str]:
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list) or not given:
        raise missing("input")
    if len(given) > MOST_INPUTS:
        raise bad_request(f"Invalid 'input': at most {MOST_INPUTS} texts.", "input", "invalid_value")
    if all(isinstance(item, int) for item in given):
        given = [given]
    texts = [" ".join(map(str, item)) if isinstance(item, list) else item for item in given]
    if not all(isinstance(text, str) and text for text in texts):
        why = "Invalid 'input': texts that are not empty, or arrays of tokens."
        raise bad_request(why, "input", "invalid_type")
    return texts
