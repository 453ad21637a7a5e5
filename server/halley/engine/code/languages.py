"""What is known of languages by their LSP id: fence names, comments, doc conventions, test frameworks.

Facts only; the tree-sitter grammars are `syntax.py`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from halley.engine.code.file_names import NAMED_FILES


@dataclass(frozen=True, slots=True)
class Language:
    name: str
    """As people write it."""
    line_comment: str = "//"
    docs: str = "a documentation comment above the definition"
    tests: str = "the framework the project uses"
    extension: str = ""


def _hash(name: str, **facts: str) -> Language:
    """A language whose only comments begin with `#`."""
    return Language(name, "#", **facts)


LANGUAGES: dict[str, Language] = {
    "python": _hash(
        "Python", docs="a docstring inside the definition (PEP 257)", tests="pytest", extension=".py"
    ),
    "javascript": Language(
        "JavaScript",
        docs="a JSDoc comment above the definition",
        tests="the project's runner (Jest or Vitest style)",
        extension=".js",
    ),
    "javascriptreact": Language(
        "JavaScript (JSX)",
        docs="a JSDoc comment above the definition",
        tests="Testing Library",
        extension=".jsx",
    ),
    "typescript": Language(
        "TypeScript",
        docs="a TSDoc comment above the definition",
        tests="the project's runner (Jest or Vitest style)",
        extension=".ts",
    ),
    "typescriptreact": Language(
        "TypeScript (TSX)",
        docs="a TSDoc comment above the definition",
        tests="Testing Library",
        extension=".tsx",
    ),
    "go": Language(
        "Go", docs="a doc comment that begins with the name", tests="the testing package", extension=".go"
    ),
    "rust": Language(
        "Rust",
        docs="a /// comment in Markdown above the item",
        tests="a #[cfg(test)] module",
        extension=".rs",
    ),
    "java": Language(
        "Java", docs="a Javadoc comment above the definition", tests="JUnit 5", extension=".java"
    ),
    "kotlin": Language(
        "Kotlin", docs="a KDoc comment above the definition", tests="JUnit 5", extension=".kt"
    ),
    "c": Language(
        "C", docs="a block comment above the definition", tests="the project's framework", extension=".c"
    ),
    "cpp": Language(
        "C++",
        docs="a Doxygen comment above the definition",
        tests="GoogleTest or the project's framework",
        extension=".cpp",
    ),
    "csharp": Language("C#", docs="an XML documentation comment (///)", tests="xUnit", extension=".cs"),
    "php": Language("PHP", docs="a PHPDoc comment above the definition", tests="PHPUnit", extension=".php"),
    "ruby": _hash(
        "Ruby",
        docs="a YARD comment above the definition",
        tests="RSpec or minitest, as the project does",
        extension=".rb",
    ),
    "swift": Language("Swift", docs="a /// comment above the definition", tests="XCTest", extension=".swift"),
    "lua": Language(
        "Lua",
        "--",
        docs="a LuaCATS comment (---) above the function",
        tests="busted",
        extension=".lua",
    ),
    "shellscript": _hash("Shell", docs="a comment above the function", tests="bats", extension=".sh"),
    "sql": Language("SQL", "--", extension=".sql"),
    "html": Language("HTML", "", extension=".html"),
    "css": Language("CSS", "", extension=".css"),
    "json": Language("JSON", "", extension=".json"),
    "yaml": _hash("YAML", extension=".yaml"),
    "toml": _hash("TOML", extension=".toml"),
    "markdown": Language("Markdown", "", extension=".md"),
    "makefile": _hash("Make", extension=""),
    "dockerfile": _hash("Dockerfile", extension=""),
    "r": _hash("R", docs="a roxygen2 comment above the function", tests="testthat", extension=".R"),
    "haskell": Language("Haskell", "--", docs="a Haddock comment", tests="Hspec", extension=".hs"),
    "elixir": _hash("Elixir", docs="a @doc attribute", tests="ExUnit", extension=".ex"),
    "scala": Language("Scala", docs="a Scaladoc comment", tests="MUnit or ScalaTest", extension=".scala"),
    "plaintext": Language("text", "", extension=".txt"),
}

ALIASES = {
    "sh": "shellscript",
    "bash": "shellscript",
    "zsh": "shellscript",
    "jsx": "javascriptreact",
    "tsx": "typescriptreact",
    "c++": "cpp",
    "cs": "csharp",
    "yml": "yaml",
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "text": "plaintext",
}


_FAMILIES = (
    {"javascript", "javascriptreact", "typescript", "typescriptreact"},
    {"c", "cpp"},
    {"html", "vue", "svelte", "php"},
    {"css", "scss", "less"},
)
"""Languages whose code may be in each other's files."""


def are_akin(one: str, other: str) -> bool:
    """Whether code of one language can be read as the other's: the same, or of one family."""
    return one == other or any(one in family and other in family for family in _FAMILIES)


def language(language_id: str) -> Language:
    """What is known of the language; an unknown id gets its own name and the commonest conventions."""
    known = LANGUAGES.get(ALIASES.get(language_id, language_id))
    return known or Language(language_id or "text")


def language_id_of(path: str) -> str:
    """The LSP language id a file name suggests; `plaintext` when it suggests none."""
    name = path.rsplit("/", 1)[-1].lower()
    if name in NAMED_FILES:
        return NAMED_FILES[name]
    if re.match(r"(?:dockerfile|containerfile)\.", name):  # `Dockerfile.dev`
        return "dockerfile"
    dot = name.rfind(".")
    return _BY_EXTENSION.get(name[dot:], "plaintext") if dot >= 0 else "plaintext"


_BY_EXTENSION = {lang.extension.lower(): id for id, lang in LANGUAGES.items() if lang.extension} | {
    ".pyi": "python", ".mjs": "javascript", ".cjs": "javascript", ".mts": "typescript", ".h": "c",
    ".hpp": "cpp", ".cc": "cpp", ".cxx": "cpp", ".hh": "cpp", ".yml": "yaml", ".htm": "html",
    ".bash": "shellscript", ".zsh": "shellscript", ".exs": "elixir", ".kts": "kotlin", ".mk": "makefile",
    ".xml": "xml", ".svg": "xml", ".xsl": "xsl", ".xslt": "xsl", ".vue": "vue", ".svelte": "svelte",
    ".dockerfile": "dockerfile", ".containerfile": "dockerfile", ".cmake": "cmake", ".just": "just",
}  # fmt: skip
