"""A unified API on loopback: for people without a key, for tests, for benchmarks.

It speaks the real protocols (chat completions, completions, responses, messages, embeddings, images) and computes its
answers from what it is sent; it says in every answer that it is no model. It imports nothing of ours but `core`.
Start with `server.py` (`Simulator`), then `app.py` (one request's journey), `faults.py` (every way a host
misbehaves) and `answers/` (what is said).
"""

from halley.simulator.server import KEY, Simulator

__all__ = ["KEY", "Simulator"]
