"""What the simulator knows of languages: ids, the names people use for them, comments, grammars.

Its own table, because it imports nothing of the daemon's: the two meet only over the wire.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    id: str
    name: str
    comment: str
    aliases: tuple[str, ...] = ()
    grammar: tuple[str, str] | None = None
    """Module and function of the tree-sitter wheel."""
    braces: bool = True
    doc: tuple[str, str, str] = ("/**", " * ", " */")
    """A documentation comment: opening line, prefix, closing line; empty lines are left out."""
    tail: str = ""
    """The comment's end, where a line comment needs one."""


_KNOWN = (
    Known("python", "Python", "#", ("py", "python3", "pyi"), ("tree_sitter_python", "language"), False),
    Known("javascript", "JavaScript", "//", ("js", "mjs", "cjs", "node", "javascriptreact", "jsx"), ("tree_sitter_javascript", "language")),
    Known("typescript", "TypeScript", "//", ("ts", "mts"), ("tree_sitter_typescript", "language_typescript")),
    Known("typescriptreact", "TypeScript (TSX)", "//", ("tsx",), ("tree_sitter_typescript", "language_tsx")),
    Known("go", "Go", "//", ("golang",), ("tree_sitter_go", "language"), doc=("", "// ", "")),
    Known("rust", "Rust", "//", ("rs",), ("tree_sitter_rust", "language"), doc=("", "/// ", "")),
    Known("java", "Java", "//", (), ("tree_sitter_java", "language")),
    Known("c", "C", "//", ("h",), ("tree_sitter_c", "language")),
    Known("cpp", "C++", "//", ("c++", "cc", "cxx", "hpp"), ("tree_sitter_cpp", "language")),
    Known("csharp", "C#", "//", ("cs", "c#"), ("tree_sitter_c_sharp", "language"), doc=("", "/// ", "")),
    Known("php", "PHP", "//", (), ("tree_sitter_php", "language_php")),
    Known("ruby", "Ruby", "#", ("rb",), ("tree_sitter_ruby", "language"), False, ("", "# ", "")),
    Known("lua", "Lua", "--", (), ("tree_sitter_lua", "language"), False, ("", "--- ", "")),
    Known("shellscript", "Shell", "#", ("sh", "bash", "zsh", "shell"), ("tree_sitter_bash", "language"), False, ("", "# ", "")),
    Known("kotlin", "Kotlin", "//", ("kt", "kts")),
    Known("swift", "Swift", "//", (), doc=("", "/// ", "")),
    Known("scala", "Scala", "//", ()),
    Known("html", "HTML", "<!--", ("htm", "xml"), ("tree_sitter_html", "language"), False, ("", "<!-- ", ""), " -->"),
    Known("css", "CSS", "/*", ("scss", "less"), ("tree_sitter_css", "language"), True, ("", "/* ", ""), " */"),
    Known("json", "JSON", "", (), ("tree_sitter_json", "language")),
    Known("sql", "SQL", "--", (), None, False, ("", "-- ", "")),
    Known("yaml", "YAML", "#", ("yml",), None, False, ("", "# ", "")),
    Known("toml", "TOML", "#", (), None, False, ("", "# ", "")),
    Known("markdown", "Markdown", "<!--", ("md",), None, False, ("", "<!-- ", ""), " -->"),
    Known("makefile", "Make", "#", ("make",), None, False, ("", "# ", "")),
    Known("dockerfile", "Dockerfile", "#", ("docker",), None, False, ("", "# ", "")),
    Known("plaintext", "text", "", ("text", "txt", "diff", "patch"), None, False),
)  # fmt: skip

BY_NAME: dict[str, Known] = {
    key.lower(): known for known in _KNOWN for key in (known.id, known.name, *known.aliases)
}

_ARBITRARY = Known("plaintext", "text", "", braces=False)


def known(name: str) -> Known:
    """By id, fence tag, extension or the name people write; plain text for what is not known."""
    return BY_NAME.get(name.strip().lower().lstrip("."), _ARBITRARY)


def language_of_path(path: str) -> str:
    base = path.rsplit("/", 1)[-1].lower()
    extension = base.rsplit(".", 1)[-1] if "." in base else base
    return known(extension).id


_MENTION = re.compile(
    r"(?<![\w.])(" + "|".join(re.escape(n) for n in sorted(BY_NAME, key=len, reverse=True)) + r")(?![\w#+])",
    re.I,
)
_TOO_SHORT = frozenset({"c", "go", "h", "r", "text", "make", "node", "md", "py"})


def mentioned_languages(text: str) -> list[str]:
    """Languages named in prose, in order; names that are also words must be written as names are (`Go`, `C`)."""
    found: list[str] = []
    for match in _MENTION.finditer(text):
        word = match[1]
        if word.lower() in _TOO_SHORT and not _is_language(word, text, match):
            continue
        if known(word).id not in found:
            found.append(known(word).id)
    return found


def _is_language(word: str, text: str, match: re.Match[str]) -> bool:
    """Whether a short word is meant as a language: written as one (`Go`), or where one is expected."""
    after, before = text[match.end() : match.end() + 12].lower(), text[: match.start()].lower()
    noun = re.match(r"\s+(?:function|code|program|method|struct|file|script)", after)
    expected = noun or before.endswith((" in ", " to ", " into "))
    return bool(expected) or (word[0].isupper() and match.start() > 0)


_LOOKS: tuple[tuple[str, str], ...] = (
    ("php", r"<\?php"),
    ("html", r"<!doctype html|<html|<div\b"),
    ("rust", r"\bfn \w+|\blet mut\b|\bimpl\b|\buse \w+::"),
    ("go", r"^package \w+|\bfunc (?:\(\w+ \*?\w+\) )?\w+\(|:="),
    ("csharp", r"^using [\w.]+;|\bnamespace \w+"),
    ("java", r"\bpublic (?:static |final )*(?:class|void|int|String)\b|^import java"),
    ("cpp", r"#include <\w+>|\bstd::"),
    ("c", r"#include [<\"]\w+\.h"),
    ("typescript", r"\binterface \w+ \{|: (?:string|number|boolean)\b"),
    ("javascript", r"\b(?:const|let|var) \w+\s*=|\bfunction\b|=>|console\."),
    ("lua", r"\blocal (?:function )?\w+|\bthen$"),
    ("ruby", r"^\s*def \w+(?:\(.*\))?\s*$|\bend$"),
    (
        "python",
        r"^\s*(?:def|class|async def) .*:\s*$|^\s*(?:import|from) \w+|\bself\b|^\s*(?:if|for|while) .*:\s*$",
    ),
    ("css", r"^[.#\w][^{;]*\{\s*$"),
)


def guess_language(text: str) -> str:
    """The language whose marks the text shows most of; Python when it shows none, plain text never being completed."""
    scores = {language: len(re.findall(pattern, text, re.M | re.I)) for language, pattern in _LOOKS}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] else "python"


@cache
def parser(language: str) -> Any | None:
    """A tree-sitter parser, or None where there is no grammar."""
    grammar = known(language).grammar
    if grammar is None:
        return None
    try:
        import tree_sitter

        load = getattr(import_module(grammar[0]), grammar[1])
        return tree_sitter.Parser(tree_sitter.Language(load()))
    except (ImportError, AttributeError, ValueError):
        return None


def count_errors(text: str, language: str) -> int | None:
    """Error and missing nodes in the text's tree; None where no grammar can say."""
    engine = parser(language)
    if engine is None:
        return None
    root = engine.parse(text.encode("utf-8", "surrogatepass")).root_node
    if not root.has_error:
        return 0
    errors, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        errors += node.is_error or node.is_missing
        waiting += [child for child in node.children if child.has_error or child.is_missing]
    return errors
