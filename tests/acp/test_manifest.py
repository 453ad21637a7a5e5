"""`packaging/acp`: what the registry of the Agent Client Protocol asks of an entry, by its `FORMAT.md` and `CONTRIBUTING.md`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

from acp_editor import Connect
from click.testing import CliRunner

from halley.cli.commands import halley
from halley.version import __version__

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "acp"
MANIFEST = json.loads((FOLDER / "agent.json").read_text())


def test_the_entry_is_this_project_at_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(MANIFEST) == {"id", "name", "version", "description", "authors", "license", "distribution"}
    assert re.fullmatch(r"[a-z][a-z0-9-]*", MANIFEST["id"]) and re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert MANIFEST["version"] == __version__ and MANIFEST["license"] == project["license"]
    assert MANIFEST["description"] and MANIFEST["authors"] == ["The Halley authors"]
    assert "Copyright (c) 2026 The Halley authors" in (ROOT / "LICENSE").read_text()


def test_what_it_starts_is_the_agent() -> None:
    """`uvx PACKAGE ARGS` runs the program that is called like the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (started,) = MANIFEST["distribution"].values()
    name, _, version = started["package"].partition("==")
    assert (name, version) == (project["name"], __version__) and name in project["scripts"]
    shown = CliRunner().invoke(halley, [*started["args"], "--help"])
    assert shown.exit_code == 0 and "Agent Client Protocol" in shown.output, shown.output


def test_the_icon_is_square_small_and_takes_the_themes_color() -> None:
    icon = ElementTree.fromstring((FOLDER / "icon.svg").read_text())
    assert (icon.get("width"), icon.get("height")) == ("16", "16")
    colors = [
        element.get(name) for element in icon.iter() for name in ("fill", "stroke") if element.get(name)
    ]
    assert colors and set(colors) <= {"currentColor", "none", "inherit"}


def test_no_host_and_no_folder_of_a_machine_is_named() -> None:
    assert not re.search(r"://|/home|/Users|[A-Z]:\\\\", (FOLDER / "agent.json").read_text())


async def test_the_registry_can_connect(connect: Connect) -> None:
    """It asks for a way to authenticate by the agent or in a terminal; without a type, it is the agent's."""
    asked = {
        "terminal": True,
        "fs": {"readTextFile": True, "writeTextFile": True},
        "_meta": {"terminal_output": True, "terminal-auth": True},
    }
    editor = await connect(asked)
    methods = (await editor.initialize())["authMethods"]
    assert {method.get("type", "agent") for method in methods} & {"agent", "terminal"}
