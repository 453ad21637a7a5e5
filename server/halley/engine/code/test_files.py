"""Where a project keeps the tests of a file, by the habits of its language."""

from __future__ import annotations

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
