"""Where a project keeps the tests of a file, by the habits of its language; and what is a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

_PATTERNS: dict[str, tuple[str, ...]] = {
    "python": ("tests/test_{stem}.py", "tests/{parent}/test_{stem}.py", "{dir}/test_{stem}.py", "test/test_{stem}.py"),
    "javascript": ("{dir}/{stem}.test.js", "{dir}/__tests__/{stem}.test.js", "test/{stem}.test.js"),
    "javascriptreact": ("{dir}/{stem}.test.jsx", "{dir}/__tests__/{stem}.test.jsx"),
    "typescript": ("{dir}/{stem}.test.ts", "{dir}/{stem}.spec.ts", "{dir}/__tests__/{stem}.test.ts"),
    "typescriptreact": ("{dir}/{stem}.test.tsx", "{dir}/__tests__/{stem}.test.tsx"),
    "go": ("{dir}/{stem}_test.go",),
    "rust": ("tests/{stem}.rs",),
    "java": ("{test_dir}/{stem}Test.java",),
    "kotlin": ("{test_dir}/{stem}Test.kt",),
    "csharp": ("{dir}/{stem}Tests.cs",),
    "php": ("tests/{stem}Test.php",),
    "ruby": ("spec/{stem}_spec.rb", "test/{stem}_test.rb", "test/test_{stem}.rb"),
    "lua": ("spec/{stem}_spec.lua",),
    "c": ("tests/test_{stem}.c",),
    "cpp": ("tests/{stem}_test.cpp",),
    "shellscript": ("test/{stem}.bats",),
    "elixir": ("test/{stem}_test.exs",),
}  # fmt: skip


def test_path_for(path: PurePosixPath, language_id: str) -> tuple[PurePosixPath, ...]:
    """Likely homes of the tests of `path`, likeliest first; empty for a language without such a habit.

    Paths are relative to the workspace. The caller takes the first that exists, else the first whose folder does.
    """
    parent = path.parent.as_posix()
    facts = {
        "stem": path.stem,
        "dir": parent,
        "parent": path.parent.name or ".",
        "test_dir": parent.replace("src/main/", "src/test/"),
    }
    made = (PurePosixPath(pattern.format(**facts)) for pattern in _PATTERNS.get(language_id, ()))
    return tuple(dict.fromkeys(home for home in made if home != path))


_ANNOTATED = re.compile(r"^\s*@(?:Test|ParameterizedTest)\b")
_CALLED = re.compile(r"^(?:describe|it|test)(?:\.\w+)*\s*\(")
_TEST = {
    "python": re.compile(r"^(?:async\s+)?(?:def\s+test_\w|class\s+Test\w)"),
    "go": re.compile(r"^func\s+(?:Test|Benchmark|Fuzz|Example)[A-Z_]?\w*\("),
    "java": _ANNOTATED, "kotlin": _ANNOTATED, "javascript": _CALLED, "javascriptreact": _CALLED,
    "typescript": _CALLED, "typescriptreact": _CALLED,
    "csharp": re.compile(r"^\s*\[(?:Test|Fact|Theory|TestMethod)\b"),
    "php": re.compile(r"^(?:final\s+)?class\s+\w+\s+extends\s+\w*TestCase\b"),
    "ruby": re.compile(r"^(?:RSpec\.)?describe\b|^class\s+\w+\s*<\s*\w*::?Test"),
    "lua": re.compile(r"^describe\s*\("), "shellscript": re.compile(r"^@test\b"),
    "elixir": re.compile(r"^\s*use\s+ExUnit"),
}  # fmt: skip
_TEST_NAME = re.compile(
    r"(?:^test_|^conftest\b|_test\.|_spec\.|\.test\.|\.spec\.|Tests?\.\w+$|Spec\.\w+$|\.bats$)"
)


def is_test(lines: Sequence[str], language_id: str) -> bool:
    """Whether code is tests, by how the language's own frameworks have them. (Rust keeps them beside the code.)"""
    pattern = _TEST.get(language_id)
    return pattern is not None and any(pattern.match(line) for line in lines)


def is_test_file(path: PurePosixPath) -> bool:
    return bool(_TEST_NAME.search(path.name)) or not {"tests", "test", "spec", "__tests__"}.isdisjoint(
        path.parts[:-1]
    )
