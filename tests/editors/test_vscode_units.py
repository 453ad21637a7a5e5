"""The VS Code client's unit tests, and that what is generated of it is not stale. Needs Node; no editor."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import build_vscode  # noqa: E402
import typescript_types  # noqa: E402
import vscode_manifest  # noqa: E402
from halley.core.settings import Settings  # noqa: E402
from halley.lsp.protocol.table import NOTIFICATIONS, REQUESTS  # noqa: E402


def read(name: str) -> dict[str, object]:
    return json.loads((build_vscode.CLIENT / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def node() -> Path:
    """Node, with the client's packages there."""
    try:
        build_vscode.install_packages()
    except build_vscode.CannotHave as error:
        pytest.skip(f"THE VS CODE CLIENT'S UNIT TESTS ARE NOT RUN: {error}")
    return build_vscode.find_node()[0]


def test_unit_tests(node: Path) -> None:
    done = subprocess.run(
        [str(node), "node_modules/vitest/vitest.mjs", "run"],
        cwd=build_vscode.CLIENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_types_name_every_request() -> None:
    text = typescript_types.build_typescript()
    for method in (*REQUESTS, *NOTIFICATIONS):
        assert f"'{method}'" in text
    assert (ROOT / typescript_types.TARGET).read_text("utf-8") == text, "run `make generate`"


def test_the_manifest_has_every_setting() -> None:
    rows = vscode_manifest.build_settings()
    tops = {name.split(".")[1] for name in rows}
    assert tops == {vscode_manifest.to_camel(name) for name in Settings.model_fields} - {"team", "daemon"}
    for path, text in vscode_manifest.build(ROOT).items():
        assert (ROOT / path).read_text("utf-8") == text, "run `make generate`"


def test_settings_of_endpoints_programs_and_money_are_the_users_alone() -> None:
    for name, row in vscode_manifest.build_settings().items():
        wanted = (
            "machine"
            if name.split(".")[1] in ("providers", "log", "budget", "tools", "agent")
            else "resource"
        )
        assert row["scope"] == wanted, name


def test_an_untrusted_workspace_sets_nothing() -> None:
    manifest = vscode_manifest.build_manifest(read("package.json"))
    restricted = manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    assert {"halley.path", "halley.sharedDaemon", *vscode_manifest.build_settings()} == set(restricted)
    assert {"halley.roles.chat", "halley.edits.apply", "halley.completion.enabled"} <= set(restricted)


def test_the_keys_of_next_edits_leave_others_theirs() -> None:
    """Suggestions, ghost text, snippets, parameter hints, search and renaming have Tab and Escape first."""
    keys = read("package.json")["contributes"]["keybindings"]  # type: ignore[index]
    own = {
        row["key"]: row["when"].split(" && ")
        for row in keys
        if row["command"].endswith("NextEdit") and row["key"] != ""
    }
    assert set(own) == {"tab", "escape"}
    for key, clauses in own.items():
        for other in (
            "suggestWidgetVisible", "inlineSuggestionVisible", "inlineEditIsVisible", "inSnippetMode",
            "parameterHintsVisible", "findWidgetVisible", "renameInputVisible", "halley.changeAtCursor",
            "editorHasSelection", "editorHasMultipleSelections",
        ):  # fmt: skip
            assert f"!{other}" in clauses, f"{key}: {other}"
        assert {"halley.nextEdit", "editorTextFocus"} <= set(clauses)


def test_descriptions_name_settings_as_vs_code_does() -> None:
    for language in ("package.nls.json", "package.nls.es.json"):
        texts = {key: text for key, text in read(language).items() if key.startswith("settings.")}
        assert {key: text for key, text in texts.items() if re.search(r"`[a-z.]+_[a-z_.]+`", str(text))} == {}
    assert "`context.maxTokens`" in str(read("package.nls.json")["settings.search.context"])


def test_settings_are_translated() -> None:
    english, spanish = read("package.nls.json"), read("package.nls.es.json")
    assert vscode_manifest.untranslated(english, spanish) == []  # type: ignore[arg-type]


def test_the_extension_is_small(node: Path) -> None:
    """What a window has to load, all pages opened."""
    build_vscode.build_bundle()
    files = [*build_vscode.DIST.glob("*.js"), *build_vscode.DIST.glob("*.css")]
    assert "extension.js" in {file.name for file in files}
    assert sum(file.stat().st_size for file in files) <= 600_000


def test_concurrent_builds_do_not_clash(node: Path) -> None:
    """What is missing is made once, by one of them, and all have it."""
    build_vscode.build_bundle()
    with build_vscode.alone():
        (build_vscode.DIST / ".stamp-bundle").unlink(missing_ok=True)
        shutil.rmtree(build_vscode.DIST / "wheel", ignore_errors=True)
    command = [sys.executable, str(Path(build_vscode.__file__)), "vsix"]
    builds = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [build.communicate(timeout=300)[1] for build in builds]
    assert [build.returncode for build in builds] == [0, 0, 0], said
    assert len(list((build_vscode.DIST / "wheel").glob("*.whl"))) == 1
    lock = (build_vscode.ROOT / "requirements.lock").read_bytes()
    assert (build_vscode.DIST / "wheel/requirements.lock").read_bytes() == lock, "what it was tested with"
    assert not list(build_vscode.DIST.glob(".making-*"))


def test_the_version_is_the_daemons() -> None:
    from halley.version import __version__

    assert read("package.json")["version"] == __version__
