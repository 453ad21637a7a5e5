"""Words that name a language or a kind of file, wherever a reply says them, make no file."""

from __future__ import annotations

import pytest
from pygments.lexers import get_all_lexers

from halley.core.snapshot import Selection
from halley.core.text import CreateFile
from halley.engine.code.file_names import DOTTED_LANGUAGES, NAMED_FILES
from halley.engine.replies.read import Target, read_reply

_NAMES = [(name, aliases) for name, aliases, _, _ in get_all_lexers()]
WORDS = sorted(
    {alias for _, aliases in _NAMES for alias in aliases}
    | {name.replace(" ", "-") for name, _ in _NAMES}
    | set(NAMED_FILES)
    | DOTTED_LANGUAGES
)
"""As highlighters call them, and as files are called by nothing but their kind."""

TEXT = "one = 1\ntwo = 2\n"


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("```{0}\nthree = 3\n```", "src/app.py"),
        ("~~~ {0} numbered\nthree = 3\n~~~", "build/rules.mk"),
        ("``` {{.{0}}}\nthree = 3\n```", "web.Dockerfile"),
        ("```.{0}\nthree = 3\n```", "notes.txt"),
    ],
)
def test_a_fence_of_any_language_makes_no_file(form: str, path: str) -> None:
    target = Target(f"file:///w/{path}", TEXT, Selection(0, 8), path=path, root_uri="file:///w")
    for word in WORDS:
        if ".{0}" in form and "." in word:
            continue
        read = read_reply(form.format(word), target)
        assert not [change for change in read.changes if isinstance(change, CreateFile)], word
        assert read.changes or word in ("Diff", "diff", "udiff", "patch"), word


def test_a_heading_of_a_library_or_a_method_makes_no_file() -> None:
    target = Target("file:///w/a.js", TEXT, Selection(0, 8), path="a.js", root_uri="file:///w")
    for word in (*DOTTED_LANGUAGES, "Cart.total", "User.save", "example.com", "v1.2.x", ".NET", "os.path"):
        for form in ("### {0}", "**{0}:**", "In {0}:", "`{0}`:", "// {0}"):
            inside = form.startswith("//")
            head = form.format(word) + "\n"
            reply = f"{'' if inside else head}```js\n{head if inside else ''}three = 3\n```"
            made = [one for one in read_reply(reply, target).changes if isinstance(one, CreateFile)]
            assert not made, head


def test_a_name_that_is_certain_makes_its_file() -> None:
    target = Target("file:///w/a.js", TEXT, Selection(0, 8), path="a.js", root_uri="file:///w")
    for label in ("js lib/b.js", "js:b.js", 'js title="b.js"', "b.js", "docker Dockerfile", "js file=b.js"):
        made = read_reply(f"```js\nthree = 3\n```\n\n```{label}\nfour = 4\n```", target).changes
        assert any(isinstance(one, CreateFile) for one in made), label
