"""Replies as models write them, and what comes of each: every file of `tests/cases/replies` and `tests/cases/edits`.

A case may say under `## target`, one `name = value` a line: `cut` (the stream broke off), `new` (the file does not exist
yet), `layout = free`. `## problems` and `## kept` are golden too; `## confirm` where the user is asked first.
"""

from __future__ import annotations

from casefile import Case, cases
from halley.core.snapshot import Document, Selection
from halley.core.text import CreateFile, DeleteFile, DocumentEdit, RenameFile, apply_edits
from halley.engine.code.languages import language_id_of
from halley.engine.replies.read import ReadReply, Target, read_reply

ROOT = "file:///project"


@cases("replies", "edits")
def test_what_comes_of_a_reply(case: Case) -> None:
    target = target_of(case)
    read = read_reply(case.text("reply"), target)
    case.check("result", result_of(read, target), info="text")
    case.check("problems", "".join(f"{problem.message}\n" for problem in read.problems))
    case.check("kept", read.kept)
    case.check("confirm", f"{read.confirm}\n" if read.confirm else "")


def target_of(case: Case) -> Target:
    workspace = case.workspace
    said = dict(line.partition(" = ")[::2] for line in case.text("target", "").splitlines())
    others = {path: text for path, text in workspace.files.items() if path != workspace.path}
    return Target(
        uri=f"{ROOT}/{workspace.path}",
        version=7,
        text=workspace.text,
        selection=Selection(workspace.start, workspace.end),
        language_id=language_id_of(workspace.path),
        path=workspace.path,
        truncated="cut" in said,
        exists="new" not in said,
        layout="free" if said.get("layout") == "free" else "keep",
        files={path: Document(f"{ROOT}/{path}", text, language_id_of(path)) for path, text in others.items()},
        root_uri="" if "nowhere" in said else ROOT,
    )


def result_of(read: ReadReply, target: Target) -> dict[str, str]:
    """The files a change touches, as they are then."""
    known = {document.uri: document.text for document in target.files.values()} | {target.uri: target.text}
    texts: dict[str, str] = {}
    for change in read.changes:
        match change:
            case DocumentEdit(uri, _, edits):
                texts[_path(uri)] = apply_edits(known[uri], edits)
            case CreateFile(uri, text):
                texts[_path(uri)] = text
            case RenameFile(old_uri, new_uri):
                texts[f"{_path(old_uri)} → {_path(new_uri)}"] = ""
            case DeleteFile(uri):
                texts[f"{_path(uri)} ✕"] = ""
    return texts


def _path(uri: str) -> str:
    return uri.removeprefix(f"{ROOT}/")
