"""Three hundred ways to name a file that a reply has no business with: none is written without confirmation.

Each path goes the whole road: into a reply, in three forms, read against a real workspace with links in it, and on to
the question whether the user must agree. What comes out has to be refused, or ask, or be a plain file of the workspace.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from halley.core.snapshot import Document, Selection, Snapshot, Workspace
from halley.core.text import CreateFile, DocumentEdit, RenameFile
from halley.engine.guards.protected import (
    PROTECTED_ENDINGS,
    PROTECTED_FOLDERS,
    PROTECTED_NAMES,
    why_protected,
)
from halley.features.actions.rewrite import read_edit
from halley.features.ask import Finish, ModelReply
from halley.lsp.text.uris import path_of_uri
from halley.lsp.window.folders import Folders
from halley.lsp.window.proposing import needs_approval
from halley.lsp.window.session import Session

OUTSIDE = [
    "/etc/passwd", "/tmp/evil", "//host/share/evil", "\\\\host\\share\\evil", "\\\\?\\C:\\evil", "C:\\evil", "C:/evil",
    "c:evil", "file:///etc/passwd", "file://host/evil", "file:evil", "~/.bashrc", "~root/.bashrc", "$HOME/.bashrc",
    "%USERPROFILE%\\evil", "%2e%2e/evil", "%2e%2e%2fevil", "..%2fevil", "..%5cevil", "..\\evil", "..;/evil",
    "../evil", "../../evil", "../" * 9 + "evil", "src/../../evil", "src/./../../evil", "./../evil", "a/b/../../../evil",
    "．．/evil", "‥/evil", "..\u200b/evil", "\u202e../evil", ".. /evil", "../evil\0.py", "evil\n.py", "src/\x07evil.py",
    "link/evil.py", "link/../evil", "linked.py", "deep/link2/evil.py", "LINK/../../evil", "src/..", "..", "/", "",
    "con", "aux.py", "src/nul", "com1.txt", "lpt9", "a:b", "src/a.py:stream", "src/a.py::$DATA", "evil.py.", "evil.py ",
    "evil?.py", "evil*.py", "<evil>", "evil|x", '"evil"', "x" * 500, "/proc/self/mem", "/dev/null", "vscode://evil",
    "http://evil.example/x.py", "data:text/plain,evil", "src//../..//evil",
]  # fmt: skip
PROTECTED = [
    ".git/config", ".git/hooks/pre-commit", ".git/hooks/post-checkout", ".git/info/attributes", "sub/.git/config",
    ".vscode/tasks.json", ".vscode/settings.json", ".vscode/launch.json", ".idea/workspace.xml", ".zed/settings.json",
    ".github/workflows/ci.yml", ".github/actions/x/action.yml", ".gitlab-ci.yml", ".circleci/config.yml", ".ci/run",
    "Jenkinsfile", "azure-pipelines.yml", ".travis.yml", ".husky/pre-commit", ".githooks/pre-push", ".halley.toml",
    "sub/.halley.toml", "AGENTS.md", ".gitmodules", ".gitattributes", ".pre-commit-config.yaml", ".envrc", ".npmrc",
    ".devcontainer/devcontainer.json", ".exrc", ".nvim.lua", "sitecustomize.py", "node_modules/x/index.js",
    ".cargo/config.toml", ".yarnrc.yml", ".drone.yml", "lefthook.yml", ".mise.toml", ".ssh/authorized_keys",
]  # fmt: skip


def spellings(path: str) -> list[str]:
    """The same file to some system that is not careful."""
    head, _, tail = path.rpartition("/")
    first, _, rest = path.partition("/")
    return [
        path,
        path.upper(),
        f"./{path}",
        f"src/../{path}",
        path.replace(".", "．", 1),
        f"{path} ",
        f"{path}.",
        f"{path}::$DATA",
        f"{head}/{tail[:1]}\u200d{tail[1:]}".lstrip("/"),
        f"{first}./{rest}" if rest else f"{first}:x",
        path.replace("/", "\\"),
    ]


ATTACKS = list(dict.fromkeys(OUTSIDE + [name for path in PROTECTED for name in spellings(path)]))
FORMS = {
    "block": "`{path}`\n\n```text\npwned\n```\n",
    "diff": "```diff\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+pwned\n```\n",
    "search": "{path}\n```text\n<<<<<<< SEARCH\n=======\npwned\n>>>>>>> REPLACE\n```\n",
    "rename": "```diff\ndiff --git a/src/a.py b/{path}\nsimilarity index 100%\nrename from src/a.py\nrename to {path}\n```\n",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    (root / "src").mkdir(parents=True)
    (root / "deep").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / "src/a.py").write_text("x = 1\n")
    (tmp_path / "elsewhere/linked.py").write_text("y = 1\n")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "deep/link2").symlink_to(tmp_path / "elsewhere")
    (root / "linked.py").symlink_to(tmp_path / "elsewhere/linked.py")
    return root


def test_there_are_enough():
    assert len(ATTACKS) >= 300


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_written_outside_and_nothing_protected_without_approval(root: Path, form: str) -> None:
    document = Document((root / "src/a.py").as_uri(), "x = 1\n", "python", 1, root / "src/a.py")
    snapshot = Snapshot(
        document, Selection(0, 6), workspace=Workspace(root), open_documents={document.uri: document}
    )
    session = window_on(root)
    wrong: list[str] = []
    placed = 0
    for path in ATTACKS:
        reply = ModelReply(FORMS[form].format(path=path), finish=Finish("stop"))
        edited = read_edit(snapshot, (0, 6), reply, "Attack")
        for part in edited.change.changes:
            placed += 1
            if edited.confirm or needs_approval(session, edited.change):
                continue
            uri = part.new_uri if isinstance(part, RenameFile) else part.uri
            if isinstance(part, DocumentEdit) and uri == document.uri:
                continue  # the file asked about, whatever it was called
            if not is_plain(root, uri):
                wrong.append(f"{path!r} → {uri}")
            assert isinstance(part, CreateFile | DocumentEdit | RenameFile)
    assert not wrong
    assert placed, "none was even tried"


def is_plain(root: Path, uri: str) -> bool:
    """A file within the workspace, by no link, of a name that protects nothing."""
    path = path_of_uri(uri)
    if path is None:
        return False
    real = Path(os.path.realpath(path))
    return real.is_relative_to(root) and not why_protected(real.relative_to(root).as_posix())


def window_on(root: Path) -> Session:
    documents = SimpleNamespace(is_open=lambda uri: False)
    return cast(
        "Session",
        SimpleNamespace(folders=Folders([root]), server=SimpleNamespace(documents=documents)),
    )


@pytest.mark.parametrize("path", PROTECTED)
def test_what_is_protected_is_so_in_every_spelling(path: str) -> None:
    for spelling in spellings(path):
        assert why_protected(spelling), spelling


@pytest.mark.parametrize("path", ["git~1/config", "GIT~1/hooks/x", ".GIT/config", "vscode~1/tasks.json"])
def test_short_names_of_windows_are_known(path: str) -> None:
    assert why_protected(path)


@pytest.mark.parametrize(
    "path", ["src/a.py", "git/a.py", "docs/github.md", "ci/a.py", "a~1.py", "build.gradle"]
)
def test_ordinary_files_need_no_approval(path: str) -> None:
    assert not why_protected(path)


def test_links_out_of_the_workspace_ask(root: Path) -> None:
    from halley.core.text import Edit, WorkspaceChange

    session = window_on(root)
    for name in ("linked.py", "link/new.py", "deep/link2/new.py"):
        uri = (root / name).as_uri()
        for part in (CreateFile(uri, "x"), DocumentEdit(uri, None, (Edit(0, 0, "x"),))):
            assert "outside" in needs_approval(session, WorkspaceChange((part,)))


def test_the_tables_are_casefolded() -> None:
    assert all(name == name.casefold() for name in (*PROTECTED_FOLDERS, *PROTECTED_NAMES, *PROTECTED_ENDINGS))
