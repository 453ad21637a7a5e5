"""Tests: for the selection or the definition at the cursor, in the file where the project keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from halley.core.snapshot import Document, Snapshot
from halley.core.text import CreateFile, WorkspaceChange
from halley.engine.code.languages import language
from halley.engine.code.test_files import test_path_for
from halley.engine.prompting.context import display_name, display_path
from halley.engine.prompting.prompts import build_prompt
from halley.features.actions.action import Action, Edited, Job, Offer, Outcome, TextAnswer, subject
from halley.features.actions.rewrite import chosen_span, read_aside

if TYPE_CHECKING:
    from halley.features.ask import ModelReply


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    if snapshot.document.text.strip():
        yield Offer("tests", "refactor.halley.tests", f"Write tests for {subject(snapshot)}")


async def run(job: Job) -> Outcome:
    snapshot = job.snapshot
    start, end = chosen_span(job)
    home, existing = find_test_file(snapshot)
    build = partial(
        build_prompt,
        job.around.template_of("tests"),
        snapshot,
        marked=snapshot.document.text[start:end],
        values={
            "framework": language(snapshot.document.language_id).tests,
            "test_path": home or "a new file",
            "existing": existing.text if existing else "",
            "instruction": job.instruction,
        },
    )
    reply = await job.ask_about(build, feature="tests", role="edit", keep_partial=True)
    if snapshot.workspace is None or not home or reply.was_cut:
        return TextAnswer(f"Tests for {display_name(snapshot)}", reply.text, reply.problem)
    if existing:
        return await _appended(snapshot, existing, reply)
    from halley.engine.replies.read import read_code

    text = read_code(reply.text, snapshot.document.language_id)
    if not text:
        return TextAnswer(f"Tests for {display_name(snapshot)}", reply.text)
    uri = (snapshot.workspace.root / home).as_uri()
    return Edited(WorkspaceChange((CreateFile(uri, text),), f"Create {home}"))


async def _appended(snapshot: Snapshot, existing: Document, reply: ModelReply) -> Edited:
    end = len(existing.text)
    return await read_aside(replace(snapshot, document=existing), (end, end), reply, "Add tests")


def find_test_file(snapshot: Snapshot) -> tuple[str, Document | None]:
    """Where the tests go, relative to the workspace, and what that file holds already."""
    if snapshot.workspace is None or snapshot.document.path is None:
        return "", None
    root = snapshot.workspace.root
    candidates = test_path_for(PurePosixPath(display_path(snapshot)), snapshot.document.language_id)
    for name in candidates:
        if (document := document_of(snapshot, root / name)) is not None:
            return str(name), document
    home = next((c for c in candidates if _keeps_tests(root, c, snapshot.document.path)), None)
    return str(home or candidates[0]) if candidates else "", None


def _keeps_tests(root: Path, home: PurePosixPath, source: Path) -> bool:
    """Whether the project keeps tests in the folder of `home`: one of their own, or the source's with others in it."""
    folder = (root / home).parent
    if folder != source.parent:
        return folder.is_dir()
    pattern = home.name.replace(source.stem, "*")
    return next((file for file in folder.glob(pattern) if file != source), None) is not None


def document_of(snapshot: Snapshot, path: Path) -> Document | None:
    uri = path.as_uri()
    if uri in snapshot.open_documents:
        return snapshot.open_documents[uri]
    from halley.stores.workspace.project_files import read_text_file

    text = read_text_file(path.parent, path.name)
    return None if text is None else Document(uri, text, snapshot.document.language_id, None, path)


ACTION = Action("tests", offers, run)
