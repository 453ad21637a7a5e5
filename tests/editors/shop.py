"""The file that editors are tried on, and what a model makes of it."""

from __future__ import annotations

CODE = """\
def total(items):
    result = 0
    for item in items:
        result = result + item.price
    return result
"""
BETTER = "def total(items):\n    return sum(item.price for item in items)\n"
