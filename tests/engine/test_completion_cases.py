"""Inline completion from the text around the cursor to ghost text: tests/cases/completion."""

from __future__ import annotations

from pathlib import Path

from casefile import Case, cases
from halley.core.snapshot import Document, Selection, Snapshot
from halley.core.snapshot import Workspace as Folder
from halley.engine.code.languages import language_id_of
from halley.engine.typing.completions import read_completion
from halley.engine.typing.fim import build_fim
from halley.engine.typing.place import Place
from halley.engine.typing.scope import cut_at, scope_of

ROOT = Path("/project")


def snapshot_of(case: Case) -> Snapshot:
    at = case.workspace
    path = ROOT / at.path
    document = Document(path.as_uri(), at.files[at.path], language_id_of(at.path), 1, path)
    return Snapshot(document, Selection(at.start, at.end), workspace=Folder(ROOT))


def streamed(reply: str, place: Place) -> str:
    """The reply as it is cut while it streams, a character at a time."""
    scope = scope_of(place)
    for end in range(1, len(reply) + 1):
        if (cut := cut_at(reply[:end], place, scope)) is not None:
            return reply[:cut]
    return reply


@cases("completion")
def test_completion_cases(case: Case) -> None:
    snapshot = snapshot_of(case)
    prompt = build_fim(snapshot, max_tokens=128)
    place = Place(prompt.prefix, prompt.suffix, prompt.language_id)
    assert prompt.fallback
    case.check("prompt", f"{prompt.fallback.messages[-1].text}\n")
    offered = read_completion(streamed(case.text("reply"), place), place)
    text, at = snapshot.document.text, snapshot.selection.start
    result = f"{text[:at]}«{offered}»{text[at:]}" if offered else "nothing\n"
    case.check("result", result)
    assert not (offered and offered.strip() and prompt.suffix.strip() and prompt.suffix.startswith(offered))
