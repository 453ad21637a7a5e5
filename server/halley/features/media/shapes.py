"""Tasks as clients see them (JSON, camelCase)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from halley.features.media.names import title_of
from halley.features.media.saving import proposed_name, shown_path
from halley.features.media.works import Works
from halley.stores.media import Result, Task

Json = dict[str, Any]


def task_json(works: Works, task: Task, beside: str = "") -> Json:
    """The protocol's `MediaTask`. `beside` is the folder of the document it was begun for."""
    said = str(task.asked.get("text", ""))
    found: Json = {
        "task": task.id, "kind": task.kind, "state": task.state,
        "title": title_of(task.asked) or task.kind, "prompt": said,
        "created": _when(task.created), "updated": _when(task.updated),
        "results": [_result(works, task, result, beside) for result in task.results],
        "notices": list(task.facts.get("notices") or []),
    }  # fmt: skip
    optional: Json = {
        "model": task.model, "progress": task.progress, "text": task.text,
        "choices": len(task.facts["choices"]) if task.grid else None,
        "expires": _when(task.expires) if task.expires and task.state == "running" else None,
        "problem": task.problem.to_json() if task.problem else None, "cost": _cost(task),
    }  # fmt: skip
    return found | {name: value for name, value in optional.items() if value is not None}


def _cost(task: Task) -> Json | None:
    usage = task.usage
    if usage is None or usage.cost_usd is None:
        return None
    return {"amount": usage.cost_usd, "currency": "USD", "source": usage.cost_source}


def _result(works: Works, task: Task, result: Result, beside: str) -> Json:
    path = shown_path(works.store, works.shown, task, result)
    root = Path(task.workspace) if task.workspace else None
    saved = result.facts.get("saved")
    known = {name: result.facts.get(name) for name in ("width", "height", "seconds")}
    known |= {
        "of": result.facts.get("of"),
        "chosen": result.facts.get("chosen") or None,
        "saved": Path(saved).as_uri() if saved else None,
    }
    return {
        "variant": result.variant, "mime": result.mime, "bytes": result.bytes, "path": str(path), "uri": path.as_uri(),
        "proposed": proposed_name(task, result, root, beside),
        **{name: value for name, value in known.items() if value is not None},
    }  # fmt: skip


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
