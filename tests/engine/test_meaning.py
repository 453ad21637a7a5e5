"""Formatting never changes meaning: what counts as the same, and what does not.

Cases in `tests/cases/formatting` are two texts and, where the second is not proven to mean the same, the difference.
"""

import random
import re
import subprocess
from shutil import which

import pytest

from casefile import Case, cases
from halley.engine.meaning.difference import difference

SAME = [
    ("python", "x=1", "x = 1\n"),
    ("python", "f( a,b )  # why", "f(a, b)  # why"),
    ("python", "x = 'a'", 'x = "a"'),
    ("python", "x = (1)", "x = 1"),
    ("go", "package a\nfunc f(){return}", "package a\n\nfunc f() {\n\treturn\n}\n"),
    ("javascript", "const a={b:1}", "const a = { b: 1 }"),
    ("rust", "fn f(){let x=1;}", "fn f() {\n    let x = 1;\n}"),
    ("plaintext", "a  b\nc", "a b c"),
]
DIFFERENT = [
    ("python", "x = 1", "x = 2"),
    ("python", "x = 1  # why", "x = 1"),
    ("python", "def f():\n    'doc'\n", "def f():\n    'dog'\n"),
    ("python", "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
    ("python", "x = 1", "x = "),
    ("go", "package a\nvar x = 1 // why\n", "package a\nvar x = 1\n"),
    ("javascript", "a = '1'", "a = 1"),
    ("rust", "fn f(){g(1);}", "fn f(){g(2);}"),
    ("typescript", "let a: number = 1", "let a = 1"),
    ("plaintext", "a b", "a c"),
]


@pytest.mark.parametrize(("language", "before", "after"), SAME)
def test_layout_alone_is_no_difference(language: str, before: str, after: str):
    assert difference(before, after, language) == ""


@pytest.mark.parametrize(("language", "before", "after"), DIFFERENT)
def test_any_other_change_is_reported(language: str, before: str, after: str):
    assert difference(before, after, language)


@cases("formatting")
def test_what_is_layout(case: Case) -> None:
    before, after = case.blocks("before")[0], case.blocks("after")[0]
    reason = difference(before.text, after.text, before.info.split()[0])
    case.check("difference", f"{reason}\n" if reason else "")


SCRIPT = """\
#!/bin/sh
set -e
for f in a b "c d"; do
    if [ -f "$f" ] && ! grep -q x "$f"; then echo "$f" >>out 2>&1; else true; fi
    case $f in a) b ;; *) c | d & ;; esac
done
run() { ( cd "$1"; make ) || return 1; }
list=$(ls -a)
while read -r one; do one=two run three; done <in
"""


def _moved(chance: random.Random) -> str:
    """The script with blanks or separators added, taken away or changed in one place."""
    found = list(re.finditer(r"[ \n]+|;|(?<=[();|&<>])|(?<=\w)(?=\W)", SCRIPT[10:]))
    spot = chance.choice(found)
    new = chance.choice(("", " ", "\n", "; ", ";", " \n  "))
    return SCRIPT[: 10 + spot.start()] + new + SCRIPT[10 + spot.end() :]


def _as_bash_reads_it(script: str) -> str:
    """A function with the script as its body, as bash writes it down; empty where it cannot read it."""
    told = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", 'eval "$(cat)" && declare -f told'],
        input=f"told() {{\n{script}\n}}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout if told.returncode == 0 else ""


@pytest.mark.skipif(which("bash") is None, reason="bash is the judge")
def test_what_is_proven_in_a_shell_is_the_same_for_bash():
    chance = random.Random(5)
    meant = _as_bash_reads_it(SCRIPT)
    tries = {_moved(chance) for _ in range(300)} - {SCRIPT}
    proven = [script for script in sorted(tries) if not difference(SCRIPT, script, "shellscript")]
    assert meant and len(proven) > 15
    assert [script for script in proven if _as_bash_reads_it(script) != meant] == []
