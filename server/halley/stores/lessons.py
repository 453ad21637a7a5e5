"""What models' hosts refused, in `cache/lessons/`: one file for each endpoint, each lesson with its time.

Lessons can be learned again, so a damaged file is an empty one. What they mean is `providers/hosts/lessons.py`'s.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from halley.core.errors import StoreFailed
from halley.stores.disk.files import load_json, locked, save_private

MOST_BYTES = 1 << 20
MOST_MODELS = 500
CLOCK_ERROR_S = 86_400.0
"""So far ahead a lesson's time may lie; further on the clock was wrong, and its age is not known."""
Rows = dict[str, dict[str, tuple[Any, float]]]
"""By model and lesson: what was learned, and when (seconds since the epoch)."""


class LessonStore:
    """Implements `core.ports.LessonBook` on a folder. Nothing is read or made before it is asked for."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder, self._now = folder, now

    def load(self, place: str, fresh_s: float) -> Mapping[str, Mapping[str, Any]]:
        """What is known of each model at this place and younger than `fresh_s`."""
        rows = self._rows(self._path(place), fresh_s)
        return {
            model: {name: value for name, (value, _) in lessons.items()} for model, lessons in rows.items()
        }

    def save(self, place: str, model: str, lessons: Mapping[str, Any], fresh_s: float) -> None:
        """Adds to what is there; what was known before keeps its time. A disk that refuses costs only the lesson."""
        path = self._path(place)
        try:
            with locked(path):
                rows = self._rows(path, fresh_s)
                rows[model] = self._merged(rows.pop(model, {}), lessons)
                newest = dict(list(rows.items())[-MOST_MODELS:])
                save_private(path, json.dumps(newest))
        except StoreFailed:
            import logging

            logging.getLogger(__name__).warning("what a host refused could not be saved in %s", path)

    def _merged(
        self, before: Mapping[str, tuple[Any, float]], lessons: Mapping[str, Any]
    ) -> dict[str, tuple[Any, float]]:
        merged = dict(before)
        for name, value in lessons.items():
            known = merged[name][0] if name in merged else None
            if isinstance(value, list) and isinstance(known, list):  # another process may have learned more
                value = sorted({*map(str, known), *value})
            if value != known:
                merged[name] = (value, self._now())
        return merged

    def _rows(self, path: Path, fresh_s: float) -> Rows:
        now, rows = self._now(), Rows()
        for model, lessons in load_json(path, MOST_BYTES).items():
            for name, row in lessons.items() if isinstance(lessons, dict) else ():
                match row:
                    case [value, int() | float() as at] if -CLOCK_ERROR_S < now - at < fresh_s:
                        rows.setdefault(model, {})[name] = (value, at)
                    case _:
                        pass
        return rows

    def _path(self, place: str) -> Path:
        """An address may hold what is secret, so the name does not tell it."""
        return self._folder / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"
