"""Paths of a project's own machinery, which no reply may change without approval.

A model's reply is hostile input: a change to one of these could run a program the next time the user opens, builds or
commits. Paths are relative to the workspace, with `/`, links already followed.
"""

from __future__ import annotations

from halley.engine.guards.names import plain_name

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
    "conftest.py": "what runs when tests are looked for",
    ".devcontainer.json": "what starts with the container",
    ".gitpod.yml": "what starts with the container",
    ".gitpod.dockerfile": "what starts with the container",
    ".mcp.json": "which programs give models tools",
    "mcp.json": "which programs give models tools",
    "gemini.md": "guidance for models",
    ".windsurfrules": "guidance for models",
    ".clinerules": "guidance for models",
    ".aider.conf.yml": "guidance for models",
    ".lefthook.yml": "hooks that run on commit",
    ".lefthook.yaml": "hooks that run on commit",
    ".lefthook.toml": "hooks that run on commit",
    ".lefthook.json": "hooks that run on commit",
    "lefthook.toml": "hooks that run on commit",
    "lefthook.json": "hooks that run on commit",
    "lefthook-local.yml": "hooks that run on commit",
    ".lefthook-local.yml": "hooks that run on commit",
    ".huskyrc": "hooks that run on commit",
    ".huskyrc.json": "hooks that run on commit",
    ".overcommit.yml": "hooks that run on commit",
    ".simple-git-hooks.json": "hooks that run on commit",
    ".simple-git-hooks.js": "hooks that run on commit",
    ".lintstagedrc": "hooks that run on commit",
    ".lintstagedrc.json": "hooks that run on commit",
    ".zprofile": "what runs when a shell starts",
    ".zlogin": "what runs when a shell starts",
    ".bash_login": "what runs when a shell starts",
    ".bash_logout": "what runs when a shell starts",
    ".inputrc": "what runs when a shell starts",
    ".netrc": "keys",
    ".tool-versions": "what runs on entering the folder",
    "gradlew": "what starts the build",
    "gradlew.bat": "what starts the build",
    "gradle-wrapper.properties": "what starts the build",
    "gradle-wrapper.jar": "what starts the build",
    "init.gradle": "what starts the build",
    "mvnw": "what starts the build",
    "mvnw.cmd": "what starts the build",
    ".pnpmfile.cjs": "what runs when packages are installed",
    ".bazelrc": "settings of the build",
    ".gdbinit": "what runs when the debugger starts",
    ".lldbinit": "what runs when the debugger starts",
    ".pdbrc": "what runs when the debugger starts",
    ".pythonrc": "what runs when Python starts",
    ".irbrc": "what runs when Ruby starts",
    ".pryrc": "what runs when Ruby starts",
    ".rprofile": "what runs when R starts",
    "_vimrc": "what runs when the editor starts",
    ".gvimrc": "what runs when the editor starts",
    ".ideavimrc": "what runs when the editor starts",
    ".dir-locals-2.el": "what runs when the editor starts",
    ".projectile": "settings of the editor",
    ".emacs.el": "what runs when the editor starts",
    "autorun.inf": "what runs when the drive is opened",
    "desktop.ini": "what runs when the folder is opened",
}
"""Files that something runs or believes without being told to. What runs only when its command is typed (a Makefile,
`package.json`) is none: where a reply creates it without being asked, it is a proposal like every new file."""

PROTECTED_ENDINGS: dict[str, str] = {
    ".code-workspace": "settings of the editor",
    ".sublime-project": "settings of the editor",
    ".sublime-workspace": "settings of the editor",
    ".pth": "what runs when Python starts",
    ".desktop": "what runs when it is opened",
    ".lnk": "what runs when it is opened",
    ".url": "what runs when it is opened",
    ".scf": "what runs when the folder is opened",
}


_TAKES_EFFECT = frozenset(
    (
        "git's own folder",
        "the repository's own folder",
        "settings of the editor",
        "settings of git",
        "Halley's own configuration",
        "guidance for models",
        "where submodules come from",
        "filters that run on files",
        "hooks that run on commit",
        "what runs on entering the folder",
        "what runs when the editor starts",
        "what starts with the container",
        "which programs give models tools",
    )
)


def takes_effect(name: str) -> bool:
    """Whether a file or folder at the root of a workspace, once there, works without being started or installed."""
    plain = plain_name(name)
    kind = PROTECTED_NAMES.get(plain) or _folder_kind(plain) or _ending_kind(plain)
    return kind in _TAKES_EFFECT


def why_protected(path: str) -> str:
    """Why a change to `path` needs approval, as a sentence; empty if it does not."""
    parts = [plain_name(part) for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        return f"{path or 'This'} lies outside the workspace."
    for part in parts[:-1]:
        if kind := _folder_kind(part):
            return f"{path} is {kind}."
    kind = PROTECTED_NAMES.get(parts[-1]) or _folder_kind(parts[-1]) or _ending_kind(parts[-1])
    return f"{path} is {kind}." if kind else ""


def _ending_kind(name: str) -> str:
    return PROTECTED_ENDINGS.get(name[name.rfind(".") :], "") if "." in name else ""


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
