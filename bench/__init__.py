"""Benchmarks: Halley beside something known, on the same machine, in the same minutes.

`make bench` runs them all and prints ratios, which mean the same on a slow machine and on a fast one. A benchmark is
a file here with `pairs(rounds)`, and a row in `table.py`. Start with `__main__.py`.
"""
