"""What never leaves the machine: files by name, and key-shaped strings in any text.

Two fences. `is_secret_path` keeps whole files out of every context, on every route, and no repository can lift it.
`redact_secrets` runs over whatever is about to be sent, and replaces what looks like a key. Both are tables with
tests; a false alarm costs a few characters of context, a miss costs a key.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from halley.engine.guards.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halley.core.calls import AnyPrompt, EmbedPrompt, FimPrompt, Message, NextEditPrompt, Part


SECRET_NAMES = tuple(
    """.env .env.* .env-* .env_* .env[0-9]* *.env .envrc .envrc[._-]*
    .netrc _netrc .npmrc .pypirc .pgpass .my.cnf .htpasswd .git-credentials .dockercfg
    .s3cfg .boto .vault-token .terraformrc credentials
    credentials.json credentials.toml credentials.yml credentials.yaml
    secret.txt secrets.txt secret.y*ml secrets.y*ml secret.json secrets.json secrets.toml
    secret.toml secrets.ini secrets.properties secrets.xml *.secret *.secrets *-secret.json *-secrets.json
    service-account*.json service_account*.json
    client_secret*.json google-credentials*.json application_default_credentials.json firebase-adminsdk*.json
    *.pem *.key *.p8 *.p12 *.pfx *.pkcs12 *.der *.crt *.cer *.csr *.jks *.keystore *.kdb *.kdbx *.ppk *.asc *.gpg *.pgp
    id_rsa* id_dsa* id_ecdsa* id_ed25519* *.tfstate *.tfstate.* *.tfvars *.tfvars.json *.ovpn *.mobileprovision
    master.key credentials.yml.enc .bash_history .zsh_history .python_history .psql_history .mysql_history
    *.agekey keyring*.json token.json tokens.json auth.json wp-config.php local.settings.json""".split()
)
"""File names, casefolded, as shell patterns."""

SECRET_FOLDERS = frozenset(
    """.ssh .aws .gnupg .gpg .azure .kube .docker .password-store .secrets secrets.d .terraform.d gcloud
    .git .hg .svn""".split()
)
"""Folders nothing is taken from."""

HARMLESS_ENDINGS = (".example", ".sample", ".template", ".dist", ".defaults", ".schema.json", ".pub")
"""Names that say of themselves that they hold no real values."""


def is_secret_path(path: PurePath | str) -> bool:
    """True for a path whose content never enters a context, however it is spelled.

    Case, compatibility forms of Unicode, invisible characters, spaces around it, trailing dots, NTFS streams and what
    editors add to the names of their backups make no difference.
    """
    return _is_secret(str(path))


@lru_cache(maxsize=4096)  # the same few files are asked about with every key
def _is_secret(path: str) -> bool:
    parts = [plain_name(part) for part in re.split(r"[\\/]+", path) if part not in ("", ".")]
    if not parts:
        return False
    if any(form in SECRET_FOLDERS for part in parts[:-1] for form in _forms(part)):
        return True
    forms = _forms(parts[-1])
    return any(map(_is_secret_name, forms)) and not any(map(_is_harmless, forms))


def _is_secret_name(name: str) -> bool:
    return name in SECRET_FOLDERS or (not _is_harmless(name) and _SECRET_NAME.match(name) is not None)


def _is_harmless(name: str) -> bool:
    if name.startswith("id_"):
        return name.endswith(".pub")
    return _HARMLESS.search(name) is not None


_SECRET_NAME = re.compile("|".join(map(translate, SECRET_NAMES)))
_HARMLESS = re.compile(
    f"(?:{'|'.join(map(re.escape, HARMLESS_ENDINGS))}"
    r"|^\.env(?:rc)?[._-](?:.*[._-])?(?:example|sample|template|dist))$"
)


def _forms(name: str) -> list[str]:
    """The name itself, and the names of what it may be a backup, a copy or a swap file of."""
    forms = [name]
    for known in forms if len(name) <= _LONGEST else ():  # grows: a copy of a copy
        if len(forms) < _MOST_FORMS:
            forms += [form for form in dict.fromkeys(_originals(known)) if form and form not in forms]
    return forms


_MOST_FORMS = 64
_LONGEST = 512
"""Characters of a name; file systems take 255."""


def _originals(name: str) -> Iterator[str]:
    before, after = _COPY_BEFORE.sub("", name), _COPY_AFTER.sub("", name)
    yield before.strip().rstrip(". ")
    yield after.strip().rstrip(". ")
    if after.startswith(".") and _SWAP.search(name):  # vim hides `secrets.json` as `.secrets.json.swp`
        yield after[1:]
    stem, dot, ending = name.rpartition(".")
    if stem:
        yield f"{_COPY_AFTER.sub('', stem)}{dot}{ending}"


_COPY_BEFORE = re.compile(r"^(?:\.?#|~\$?|(?:copy|backup|bak|old)(?: of |[ ._-](?=.*\.)))")
_COPY_AFTER = re.compile(
    r"(?:[#~]|\.~\d{1,6}~|\.sw[a-px]|\.un~| ?\(\d{1,4}\)|[ ._-]{0,3}\d{4}-\d\d-\d\d"
    r"|[ ._-]{1,3}(?:bak|bkp|bck|back|backup|old|orig|original|save|saved|copy|tmp|temp|new|prev|previous|rej"
    r"|dpkg-\w{1,20}|rpm\w{1,20}|damaged(?:-\d{1,14}){1,4}|\d{1,14})\d{0,3})$"
)
"""What editors, package managers and people put around the name of a file that they keep a copy of."""
_SWAP = re.compile(r"\.(?:sw[a-px]|un~)$")


@dataclass(frozen=True, slots=True)
class KeyShape:
    """A kind of key, and how it looks. Group 1 is the secret part where there is one.

    A text without any of `hints` (casefolded) holds none: looking for a word is a hundred times faster.
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]


def _shape(name: str, pattern: str, hints: str) -> KeyShape:
    return KeyShape(name, re.compile(pattern), tuple(hints.split()))


KEY_SHAPES: tuple[KeyShape, ...] = (
    _shape(
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|\Z)",
        "-----begin",
    ),
    _shape("Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{20,}", "sk-ant-"),
    _shape("OpenAI key", r"\bsk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{20,}", "sk-"),
    _shape("AWS access key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b", "akia asia abia acca"),
    _shape("AWS secret key", r"(?i)aws_?(?:secret)?_?(?:access)?_?key[\"']?\s*[:=]\s*[\"']?([A-Za-z0-9/+=]{40})\b",
           "aws"),
    _shape("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
           "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_"),
    _shape("GitLab token", r"\bgl(?:pat|dt|ptt|rt|cbt|agent)-[A-Za-z0-9_-]{20,}",
           "glpat- gldt- glptt- glrt- glcbt- glagent-"),
    _shape("Google key", r"\bAIza[0-9A-Za-z_-]{35}\b", "aiza"),
    _shape("Google OAuth", r"\b(?:ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,})", "ya29. gocspx-"),
    _shape("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", "xox"),
    _shape("Slack webhook", r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}", "hooks.slack"),
    _shape("Stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}", "k_live_ k_test_"),
    _shape("SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}", "sg."),
    _shape("Twilio key", r"\bSK[0-9a-f]{32}\b", "sk"),
    _shape("npm token", r"\bnpm_[A-Za-z0-9]{36}\b", "npm_"),
    _shape("PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}", "pypi-ag"),
    _shape("Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}", "hf_"),
    _shape("Groq key", r"\bgsk_[A-Za-z0-9]{40,}", "gsk_"),
    _shape("xAI key", r"\bxai-[A-Za-z0-9]{40,}", "xai-"),
    _shape("DigitalOcean token", r"\bdo[opr]_v1_[a-f0-9]{64}\b", "_v1_"),
    _shape("Azure storage key", r"AccountKey=([A-Za-z0-9+/=]{60,})", "accountkey="),
    _shape(
        "JSON web token",
        # Once a run of such characters: in one without a dot to follow, a later `eyJ` fails as the first did.
        r"(?<![A-Za-z0-9_-])(?>[A-Za-z0-9_-]*?\b(?=eyJ))"
        r"(eyJ[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,})",
        "eyj",
    ),
    _shape("password in an address", r"(?<=[A-Za-z0-9+.-])://[^\s/:@'\"]+:([^\s/@'\"]{6,})@", "://"),
    _shape(
        "authorization header",
        r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{16,})",
        "authorization",
    ),
    _shape(
        "assigned secret",
        r"(?i)(?:api[_-]?key|secret[_-]?key|client[_-]?secret|access[_-]?token|auth[_-]?token|private[_-]?key)"
        r"[\"']?\s*(?::|=|=>|:=)\s*[\"']([A-Za-z0-9+/=_.~-]{20,})[\"']",
        "apikey api_key api-key secret token privatekey private_key private-key",
    ),
)  # fmt: skip
"""What keys look like. The order matters where one shape holds another. Each is linear in the length of a text: what
follows a run of any length is never looked for from more than one start in that run."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A key-shaped string found at `start:end`."""

    start: int
    end: int
    name: str


def find_secrets(text: str) -> tuple[Secret, ...]:
    """Every key-shaped string of `text`, in order, without overlaps."""
    found: list[Secret] = []  # by place, without overlaps
    folded = _folded(text)
    for shape in KEY_SHAPES:
        for hint in shape.hints:
            if hint in folded:
                break
        else:
            continue
        for match in shape.pattern.finditer(text):
            group = 1 if shape.pattern.groups and match.group(1) else 0
            secret = Secret(match.start(group), match.end(group), shape.name)
            if _varied(text[secret.start : secret.end]):
                _add(found, secret)
    return tuple(found)


def _add(found: list[Secret], secret: Secret) -> None:
    """At its place, unless it overlaps with one that is there."""
    at = bisect_left(found, secret.start, key=_start_of)
    is_free = (at == 0 or found[at - 1].end <= secret.start) and (
        at == len(found) or secret.end <= found[at].start
    )
    if is_free:
        found.insert(at, secret)


def _start_of(secret: Secret) -> int:
    return secret.start


def redact_secrets(text: str) -> tuple[str, tuple[Secret, ...]]:
    """`text` with every key-shaped string replaced by what it was, and the places they were at."""
    found = find_secrets(text)
    return _replaced(text, found, lambda secret: f"[{secret.name} removed]"), found


def mask_secrets(text: str) -> str:
    """`text` with every key-shaped string replaced, line for line: what lies below stays on its line."""
    if not _suspicious(text):
        return text
    return _replaced(
        text,
        find_secrets(text),
        lambda secret: f"[{secret.name} removed]" + "\n" * text.count("\n", secret.start, secret.end),
    )


def _replaced(text: str, found: Sequence[Secret], by: Callable[[Secret], str]) -> str:
    pieces: list[str] = []
    end = 0
    for secret in found:
        pieces += text[end : secret.start], by(secret)
        end = secret.end
    return "".join([*pieces, text[end:]])


def redact_prompt(prompt: AnyPrompt) -> tuple[AnyPrompt, int]:
    """The prompt with every key-shaped string of its text replaced, and how many there were."""
    from halley.core.calls import (  # imports the settings; callers that only check names are spared
        EmbedPrompt,
        FimPrompt,
        NextEditPrompt,
    )
    from halley.core.media import MediaPrompt

    if isinstance(prompt, MediaPrompt):
        text, hidden = redact_secrets(prompt.text)
        return replace(prompt, text=text), len(hidden)
    if isinstance(prompt, FimPrompt):
        return _redact_fim(prompt)
    if isinstance(prompt, NextEditPrompt):
        return _redact_next_edit(prompt)
    if isinstance(prompt, EmbedPrompt):
        return _redact_texts(prompt)
    count = 0
    messages: list[Message] = []
    for message in prompt.messages:
        if not _may_hold(message):
            messages.append(message)
            continue
        parts: list[Part] = []
        for part in message.parts:
            if isinstance(part, str):
                part, found = redact_secrets(part)
                count += len(found)
            parts.append(part)
        messages.append(replace(message, parts=tuple(parts)))
    return (replace(prompt, messages=tuple(messages)) if count else prompt), count


def _may_hold(message: Message) -> bool:
    """Whether to look for keys in a message. The instructions are the same for many prompts."""
    parts = message.parts
    if message.role == "system" and len(parts) == 1 and isinstance(parts[0], str):
        return _instructions_hold(parts[0])
    return _suspicious(message.text)


@lru_cache(maxsize=16)
def _instructions_hold(text: str) -> bool:
    return bool(find_secrets(text))


def _redact_next_edit(prompt: NextEditPrompt) -> tuple[NextEditPrompt, int]:
    """All but the region, which has none (`engine/typing/next_edit/region.py`): it comes back as it was sent."""
    if not any(map(_suspicious, prompt.texts)):
        return prompt, 0
    edits = tuple(
        replace(
            edit,
            old=redact_secrets(edit.old)[0],
            new=redact_secrets(edit.new)[0],
            diff=redact_secrets(edit.diff)[0],
        )
        for edit in prompt.edits
    )
    fallback, count = redact_prompt(prompt.fallback)
    assert type(fallback) is type(prompt.fallback)
    return replace(
        prompt,
        before=redact_secrets(prompt.before)[0],
        after=redact_secrets(prompt.after)[0],
        was=redact_secrets(prompt.was)[0],
        edits=edits,
        context=tuple((path, redact_secrets(text)[0]) for path, text in prompt.context),
        fallback=fallback,
    ), count


def _redact_texts(prompt: EmbedPrompt) -> tuple[EmbedPrompt, int]:
    if not any(map(_suspicious, prompt.texts)):
        return prompt, 0
    redacted = [redact_secrets(text) for text in prompt.texts]
    return replace(prompt, texts=tuple(text for text, _ in redacted)), sum(
        len(found) for _, found in redacted
    )


def _redact_fim(prompt: FimPrompt) -> tuple[FimPrompt, int]:
    texts = (prompt.prefix, prompt.suffix, prompt.preamble, *(text for _, text in prompt.context))
    if not any(map(_suspicious, texts)):
        return prompt, 0
    redacted = [redact_secrets(text) for text in texts]
    count = sum(len(found) for _, found in redacted)
    fallback = redact_prompt(prompt.fallback)[0] if prompt.fallback else None
    context = tuple((path, text) for (path, _), (text, _) in zip(prompt.context, redacted[3:], strict=True))
    return replace(
        prompt,
        prefix=redacted[0][0],
        suffix=redacted[1][0],
        preamble=redacted[2][0],
        context=context,
        fallback=fallback,  # type: ignore[arg-type]
    ), count


def _suspicious(text: str) -> bool:
    """One quick look that spares most texts the whole table."""
    folded = _folded(text)
    for hint in _HINTS:  # noqa: SIM110 - a generator takes longer than the looks
        if hint in folded:
            return True
    return False


_HINTS = tuple(sorted({hint for shape in KEY_SHAPES for hint in shape.hints} - {"sk-", "sk-ant-", "gsk_"}))
"""Without those that hold another."""


def _folded(text: str) -> str:
    """As patterns that ignore case see it, which also take a long s for an s."""
    return text.lower() if text.isascii() else text.casefold()


def _varied(secret: str) -> bool:
    """False for placeholders like `sk-xxxxxxxxxxxxxxxxxxxxxxxx` that hold nothing."""
    return len(set(secret)) > 5
