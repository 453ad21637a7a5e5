"""Paths of a project's own machinery, which no reply may change without a yes.

A model's reply is hostile input: a change to one of these could run a program the next time somebody opens, builds or
commits. Paths are relative to the workspace, with `/`, links already followed.
"""

from __future__ import annotations

import unicodedata

PROTECTED_FOLDERS: dict[str, str] = {
    ".git": "git's own folder",
    ".hg": "the repository's own folder",
    ".svn": "the repository's own folder",
    ".vscode": "settings of the editor",
    ".idea": "settings of the editor",
    ".zed": "settings of the editor",
    ".helix": "settings of the editor",
    ".github": "what runs on the server",
    ".gitlab": "what runs on the server",
    ".circleci": "what runs on the server",
    ".ci": "what runs on the server",
    ".husky": "hooks that run on commit",
    ".githooks": "hooks that run on commit",
    ".devcontainer": "what starts with the container",
    ".ssh": "keys",
    ".cargo": "settings of the build",
    "node_modules": "installed packages",
}
PROTECTED_NAMES: dict[str, str] = {
    ".halley.toml": "Halley's own configuration",
    "agents.md": "guidance for models",
    ".gitmodules": "where submodules come from",
    ".gitattributes": "filters that run on files",
    ".gitconfig": "settings of git",
    ".gitlab-ci.yml": "what runs on the server",
    ".travis.yml": "what runs on the server",
    "azure-pipelines.yml": "what runs on the server",
    "bitbucket-pipelines.yml": "what runs on the server",
    "jenkinsfile": "what runs on the server",
    ".pre-commit-config.yaml": "hooks that run on commit",
    ".envrc": "what runs on entering the folder",
    ".npmrc": "where packages come from",
    ".pypirc": "where packages go",
    ".yarnrc": "where packages come from",
    ".yarnrc.yml": "where packages come from",
    ".exrc": "what runs when the editor starts",
    ".nvim.lua": "what runs when the editor starts",
    ".nvimrc": "what runs when the editor starts",
    ".dir-locals.el": "what runs when the editor starts",
    "sitecustomize.py": "what runs when Python starts",
    "usercustomize.py": "what runs when Python starts",
}


def why_protected(path: str) -> str:
    """Why a change to `path` needs a yes, as a sentence; empty where it does not."""
    parts = [_plain(part) for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        return f"{path or 'This'} lies outside the workspace."
    for part in parts[:-1]:
        if part in PROTECTED_FOLDERS:
            return f"{path} is {PROTECTED_FOLDERS[part]}."
    kind = PROTECTED_NAMES.get(parts[-1]) or PROTECTED_FOLDERS.get(parts[-1])
    return f"{path} is {kind}." if kind else ""


def _plain(part: str) -> str:
    """As the most forgiving file system reads it: case, compatibility forms, trailing dots and streams aside."""
    folded = unicodedata.normalize("NFKC", part).casefold().split(":")[0]
    return "".join(c for c in folded if unicodedata.category(c) != "Cf").rstrip(". ") or folded
