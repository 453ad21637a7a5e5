"""1,000 concurrent chats; see `streams.py`."""

from functools import partial

from bench import streams

pairs = partial(streams.pairs, count=1000)
