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
    ".bzr": "the repository's own folder",
    ".jj": "the repository's own folder",
    ".vs": "settings of the editor",
    ".fleet": "settings of the editor",
    ".nvim": "settings of the editor",
    ".vim": "settings of the editor",
    ".cursor": "guidance for models",
    ".claude": "guidance for models",
    ".gitea": "what runs on the server",
    ".forgejo": "what runs on the server",
    ".woodpecker": "what runs on the server",
    ".buildkite": "what runs on the server",
    ".teamcity": "what runs on the server",
    ".azure-pipelines": "what runs on the server",
    ".lefthook": "hooks that run on commit",
    ".direnv": "what runs on entering the folder",
    ".mvn": "settings of the build",
    ".yarn": "settings of the build",
    ".gnupg": "keys",
    ".aws": "keys",
    ".venv": "installed packages",
    "venv": "installed packages",
    "site-packages": "installed packages",
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
    ".drone.yml": "what runs on the server",
    ".woodpecker.yml": "what runs on the server",
    "appveyor.yml": "what runs on the server",
    ".appveyor.yml": "what runs on the server",
    "cloudbuild.yaml": "what runs on the server",
    "cloudbuild.yml": "what runs on the server",
    "buildspec.yml": "what runs on the server",
    ".gitlab-ci.yaml": "what runs on the server",
    ".cirrus.yml": "what runs on the server",
    ".pre-commit-config.yml": "hooks that run on commit",
    "lefthook.yml": "hooks that run on commit",
    "lefthook.yaml": "hooks that run on commit",
    ".mise.toml": "what runs on entering the folder",
    "mise.toml": "what runs on entering the folder",
    ".lvimrc": "what runs when the editor starts",
    ".vimrc": "what runs when the editor starts",
    ".emacs": "what runs when the editor starts",
    ".nvim-local.lua": "what runs when the editor starts",
    ".bashrc": "what runs when a shell starts",
    ".bash_profile": "what runs when a shell starts",
    ".profile": "what runs when a shell starts",
    ".zshrc": "what runs when a shell starts",
    ".zshenv": "what runs when a shell starts",
    "pip.conf": "where packages come from",
    "claude.md": "guidance for models",
    ".cursorrules": "guidance for models",
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
        if kind := _folder_kind(part):
            return f"{path} is {kind}."
    kind = PROTECTED_NAMES.get(parts[-1]) or _folder_kind(parts[-1])
    return f"{path} is {kind}." if kind else ""


def _folder_kind(part: str) -> str:
    """What a folder is for, also by the short name Windows gives it (`GIT~1` for `.git`)."""
    if (kind := PROTECTED_FOLDERS.get(part)) is not None:
        return kind
    stem, tilde, _ = part.partition("~")
    if tilde and len(stem) >= 2:
        return next(
            (kind for name, kind in PROTECTED_FOLDERS.items() if name.lstrip(".").startswith(stem)), ""
        )
    return ""


def _plain(part: str) -> str:
    """As the most forgiving file system reads it: case, compatibility forms, trailing dots and streams aside."""
    folded = unicodedata.normalize("NFKC", part).casefold().split(":")[0]
    return "".join(c for c in folded if unicodedata.category(c) != "Cf").rstrip(". ") or folded
