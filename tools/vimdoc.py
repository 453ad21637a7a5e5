"""`:help halley`: clients/neovim/doc/halley.txt and its tags, made of the page on Neovim and of the plugin's tables.

The prose is docs/editors/neovim.md from its heading "The plugin" on; the subcommands are the rows of
`subcommands.lua`, the options those of `options.lua`. So a reader of any of them reads the same. The tags are what
`:helptags` would write: a plugin that is only put on the runtimepath has its help too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

WIDTH = 78
RULE = "=" * WIDTH
GROUPS = {
    "code": "On code", "chat": "In chats", "changes": "On proposed changes", "models": "Models and tools",
    "reports": "Reports", "daemon": "The daemon",
}  # fmt: skip
TAGS = {
    "Set-up": "halley-setup", "Options": "halley-options g:halley", "Chats": "halley-chat",
    "Changes": "halley-changes", "Ghost text": "halley-ghost", "Next edits": "halley-next", "Keys": "halley-mappings",
    "Events and the status line": "halley-events", "Trust": "halley-trust", "Tools": "halley-tools",
    "Search": "halley-search", "Pictures, sound, video": "halley-media",
    "The daemon": "halley-install",
}  # fmt: skip


def build(root: Path) -> dict[Path, str]:
    """The manual and its tags, by their paths below `root`."""
    client = root / "clients/neovim"
    sections = dict(_sections((root / "docs/editors/neovim.md").read_text("utf-8")))
    parts = ["*halley.txt* *halley*    Every model in Neovim, by one daemon", ""]
    for title, body in sections.items():
        parts += [_heading(title, TAGS[title]), ""]
        parts += [*_prose(body), ""]
        if title == "Options":
            parts += [*_options((client / "lua/halley/options.lua").read_text("utf-8")), ""]
        if title == "Set-up":
            parts += [_heading("Command", ":Halley"), "", *_commands(client), ""]
    parts.append(" vim:tw=78:ft=help:norl:")
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(parts)) + "\n"
    folder = Path("clients/neovim/doc")
    return {folder / "halley.txt": text, folder / "tags": _tag_file(text)}


def _tag_file(manual: str) -> str:
    """As Neovim's `:helptags` writes it: a line for each `*tag*`, sorted by its bytes."""
    tags = re.findall(r"(?m)(?:^|(?<=[ \t]))\*([^*\s|]+)\*(?=\s|$)", manual)
    return "".join(sorted(f"{tag}\thalley.txt\t/*{tag}*\n" for tag in tags))


def _heading(title: str, tags: str) -> str:
    named = " ".join(f"*{tag}*" for tag in tags.split())
    return f"{RULE}\n{title.upper()}{named.rjust(WIDTH - len(title))}"


def _sections(page: str) -> Iterator[tuple[str, str]]:
    """The `###` sections below `## The plugin`: title and text."""
    plugin = page.split("\n## The plugin\n", 1)[1].split("\n## ", 1)[0]
    for section in re.split(r"(?m)^### ", plugin)[1:]:
        title, _, body = section.partition("\n")
        yield title.strip(), body.strip("\n")


# -- Markdown to a manual's text


def _prose(body: str) -> Iterator[str]:
    """Paragraphs filled, code and tables as they are."""
    for block in re.split(r"\n\n(?![^`]*```\n)", body):
        if block.startswith("```"):
            yield from _code(block)
        elif block.startswith("|"):
            yield from _table(block)
        elif block.startswith("- "):
            for point in re.split(r"(?m)^- ", block)[1:]:
                yield from textwrap.wrap(_plain(point), WIDTH, initial_indent="- ", subsequent_indent="  ")
        elif not block.startswith("!["):
            yield from textwrap.wrap(_plain(block), WIDTH, break_long_words=False, break_on_hyphens=False)
        yield ""


def _code(block: str) -> Iterator[str]:
    info, *lines, _ = block.split("\n")
    yield f">{info.strip('`')}"
    yield from (f"    {line}".rstrip() for line in lines)
    yield "<"


def _table(block: str) -> Iterator[str]:
    """Two columns: what is typed, and what comes of it."""
    for row in block.split("\n")[2:]:
        left, right = (_plain(cell.strip()) for cell in row.strip("|").split("|", 1))
        yield from _entry(left, right)


def _entry(left: str, right: str, indent: int = 33) -> Iterator[str]:
    lines = textwrap.wrap(right, WIDTH - indent, break_on_hyphens=False) or [""]
    if len(left) < indent:
        yield f"{left:<{indent}}{lines[0]}".rstrip()
        lines = lines[1:]
    else:
        yield left
    yield from (" " * indent + line for line in lines)


def _plain(text: str) -> str:
    """Markdown's marks off: links to their words; `*emphasis*` would be a tag in a manual."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(text.split()))
    text = text.replace("**", "").replace("\\|", "|")
    return re.sub(r"(?<![`*\w])\*([^*`\s][^*`]*)\*", r"\1", text)


# -- the plugin's own tables


def _commands(client: Path) -> Iterator[str]:
    source = (client / "lua/halley/subcommands.lua").read_text("utf-8")
    rows = [_fields(row) for row in re.findall(r"(?ms)^  \{\n(.*?)^  \},$", source)]
    for group, title in GROUPS.items():
        yield f"{title} ~"
        yield ""
        for row in (row for row in rows if row["group"] == group):
            lines = ":[range]" if "range" in row else ":"
            words = f" {row['takes']}" if "takes" in row else ""
            also = f" (also `{row['alias']}`)" if "alias" in row else ""
            yield from _entry(f"{lines}Halley {row['name']}{words}", row["about"] + also)
        yield ""
    yield from textwrap.wrap(
        "Without a range it is about what the cursor is on. Without a subcommand one is chosen.", WIDTH
    )


def _fields(row: str) -> dict[str, str]:
    found = {
        name: quoted or bare for name, quoted, bare in re.findall(r"(\w+) = (?:'([^']*)'|\"([^\"]*)\")", row)
    }
    return found | ({"range": "yes"} if "range = true" in row else {})


def _options(source: str) -> Iterator[str]:
    rows = re.findall(r"(?ms)^  \{\n(.*?)^  \},$", source.split("---@type halley.Option[]")[1])
    for row in rows:
        fields, default = _fields(row), re.findall(r"default = (.+),", row)[0]
        yield from _entry(f"{fields['name']}  {fields['takes']}", f"{fields['about']} Default: `{default}`")
