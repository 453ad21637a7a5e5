"""Rules of folders and skills that the user trusts, as a chat's model gets them.

`folder_rules` are part of every chat's instructions. Skills are offered by name and description; `load_skill` brings
one in when the model needs it. What is trusted is decided by `stores/config/trust.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halley.core.snapshot import Workspace
from halley.features.tools.toolbox import OfferedTool, own_tool
from halley.mcp.values import Outcome, RemoteTool
from halley.stores.config.rule_files import SKILL_FILE, SKILLS, load_rule_file

MOST_RULES = 24_000
"""Characters of all folders' rules; what does not fit is named."""
MOST_DESCRIPTION = 300
_FIELD = re.compile(r"^(name|description):[ \t]*(.+?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Skill:
    name: str
    description: str
    text: str


def folder_rules(workspace: Workspace | None) -> str:
    """The trusted `AGENTS.md` of folders, each with the folder it is for; the outermost first."""
    if workspace is None:
        return ""
    parts: list[str] = []
    left = MOST_RULES
    for name in sorted(workspace.rules, key=lambda name: (name.count("/"), name)):
        if name.startswith(f"{SKILLS}/"):
            continue
        # Only what the user trusted is read: the digest must fit, or a pull could change the instructions silently.
        text = load_rule_file(workspace.root, name, workspace.rules[name]).strip()
        folder = name.rpartition("/")[0]
        # Cut rules could say the opposite of whole ones, so a file that does not fit is only named.
        if text and len(text) > left:
            parts.append(f"Read `{name}` before you change files in `{folder}/`: it has rules for them.")
        elif text:
            left -= len(text)
            parts.append(f"For files in `{folder}/` (nearer rules win):\n\n{text}")
    return "\n\n".join(parts)


def skills_of(workspace: Workspace | None) -> Mapping[str, Skill]:
    """The trusted skills by name. The folder's name counts where the file gives none."""
    if workspace is None:
        return {}
    found: dict[str, Skill] = {}
    for path in sorted(workspace.rules):
        if not path.startswith(f"{SKILLS}/") or not path.endswith(f"/{SKILL_FILE}"):
            continue
        text = load_rule_file(workspace.root, path, workspace.rules[path])
        if text.strip():
            skill = _skill(path.split("/")[-2], text)
            # The first by path wins: a second file must not replace a skill that the model was offered by that name.
            found.setdefault(skill.name, skill)
    return found


def skill_rules(skills: Mapping[str, Skill]) -> str:
    """What a prompt says of them; empty without any."""
    if not skills:
        return ""
    rows = "\n".join(f"- {skill.name}: {skill.description}" for skill in skills.values())
    return (
        "The user trusts these skills of the project. When one fits the task, call `load_skill` first and follow the "
        f"instructions it returns:\n{rows}"
    )


def skill_tool(skills: Mapping[str, Skill]) -> OfferedTool | None:
    """`load_skill`, where there is anything to load."""
    if not skills:
        return None
    name = {"type": "string", "enum": list(skills), "description": "Its name."}
    tool = RemoteTool(
        "load_skill", "Load a skill", "Returns the instructions of one of the project's skills.",
        {"type": "object", "properties": {"name": name}, "required": ["name"]},
    )  # fmt: skip

    async def run(arguments: Mapping[str, Any], _limit_s: float) -> Outcome:
        skill = skills.get(str(arguments.get("name", "")))
        if skill is None:
            return Outcome(f"There is no such skill. There are: {', '.join(skills)}.", failed=True)
        return Outcome(skill.text)

    return own_tool(tool, run)


def _skill(folder: str, text: str) -> Skill:
    head, body = "", text
    if text.startswith("---\n") and (end := text.find("\n---", 4)) > 0:
        head, body = text[4:end], text[end + 4 :].lstrip("-").lstrip("\n")
    fields = {name: value.strip("\"'") for name, value in _FIELD.findall(head)}
    first = next((line.lstrip("# ") for line in body.splitlines() if line.strip()), "")
    name = re.sub(r"[^\w.-]+", "-", fields.get("name") or folder)[:64]
    return Skill(name, (fields.get("description") or first)[:MOST_DESCRIPTION], body)
