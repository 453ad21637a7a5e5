"""Files are known by their names however these are spelled: what holds secrets, and what runs without being asked."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.engine.guards.protected import (
    PROTECTED_ENDINGS,
    PROTECTED_FOLDERS,
    PROTECTED_NAMES,
    why_protected,
)
from halley.engine.guards.secrecy import is_secret_path

SECRETS = (
    ".env .env.local .env-production .env_local .env1 .envrc .netrc secrets.json secrets.yaml credentials server.key"
    " cert.pem id_rsa id_ed25519 token.json auth.json prod.tfvars .pgpass service-account-7.json"
).split()
ORDINARY = (
    "main.py environment.ts .env.example .env-sample .env.local.example id_rsa.pub new.py old_tokens.py backup.py"
    " keys.py v1.tmp copy.token.py release-1.2.md .gitignore key.ts old.copy package.json notes.txt.bak a~"
).split()

UNSEEN = "\u200b\u200d\u2060\ufeff\u00ad\ufe0f\u034f\u3164\u202e\x00\x07\x1b\x7f\t\r\n\ue000"
AROUND = " \u00a0\u2003\u3000\t\n\r\"'`"
COPIES = (
    "{}~ {}.bak {}.BAK {}.bak1 {}.old {}.orig {}.save {}.tmp {}.swp .{}.swp .{}.swo #{}# .#{} {}.~1~ {}.1 {}-copy"
    " {}.backup {}_old ~${} {}.rej {}.dpkg-old {}.rpmsave {}.2024-01-31 {}. {}.bak~"
)
COPIES_OF = [*COPIES.split(), "{} copy", "Copy of {}", "{} (1)", "{} "]


@st.composite
def spelled(draw: st.DrawFn, names: list[str]) -> str:
    """One of the names as a file system, an editor or an attacker would also have it."""
    name = draw(st.sampled_from(names))
    name = "".join(draw(st.sampled_from(sorted({c, c.upper(), *FORMS.get(c, "")}))) for c in name)
    at = draw(st.integers(0, len(name)))
    name = name[:at] + draw(st.text(UNSEEN, max_size=2)) + name[at:]
    name = draw(st.text(AROUND, max_size=2)) + name + draw(st.text(AROUND, max_size=2))
    name += draw(st.sampled_from(["", ".", "::$DATA"]))
    return draw(st.sampled_from(["", "a/", "a\\", "a\tb/", "ä/b c/"])) + name


FORMS = {c: chr(ord(c) + 0xFEE0) for c in string.ascii_lowercase + string.digits + "._-"} | {
    "s": "\u017f\uff53"
}
"""Other characters that compatibility or case folding makes the same."""


@settings(max_examples=300)
@given(path=spelled(SECRETS))
def test_secret_files_are_known_in_every_spelling(path: str, tried: Callable[..., None]):
    tried()
    assert is_secret_path(path)


@settings(max_examples=300)
@given(name=st.sampled_from(SECRETS), copies=st.lists(st.sampled_from(COPIES_OF), min_size=1, max_size=3))
def test_copies_of_secret_files_are_secret(name: str, copies: list[str], tried: Callable[..., None]):
    tried()
    for copy in copies:
        name = copy.format(name)
    assert is_secret_path(name)


@pytest.mark.parametrize(
    "name", ["secrets.bak.json", "secrets - Copy.json", "secrets (1).json", ".ssh~/config"]
)
def test_marks_of_a_copy_may_stand_inside(name: str):
    assert is_secret_path(name)


@pytest.mark.parametrize(
    "name", [*ORDINARY, *(f"{name}~" for name in ORDINARY), *(f"{name}.bak" for name in ORDINARY)]
)
def test_ordinary_files_and_their_copies_are_shown(name: str):
    assert not is_secret_path(name)


@settings(max_examples=300)
@given(path=spelled([*PROTECTED_NAMES, *PROTECTED_FOLDERS, *(f"x{ending}" for ending in PROTECTED_ENDINGS)]))
def test_what_runs_by_itself_is_known_in_every_spelling(path: str, tried: Callable[..., None]):
    tried()
    assert why_protected(path)
