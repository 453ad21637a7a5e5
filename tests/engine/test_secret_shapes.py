"""What never leaves: files by name, however spelled, and key-shaped strings."""

import base64

import pytest

from halley.core.calls import FimPrompt, Message, Prompt, user
from halley.engine.guards.secrecy import find_secrets, is_secret_path, redact_prompt, redact_secrets

SECRET = """.env .ENV .env.local .Env.Production config/.env production.env .envrc .netrc .npmrc id_rsa id_ed25519 server.pem
    TLS.KEY cert.p12 store.jks secrets.yaml secrets.json credentials.json service-account-1.json terraform.tfstate
    prod.tfvars .aws/credentials .ssh/config home/.gnupg/x .git/config .kube/config vault.kdbx .git-credentials .env.
    key.pem:stream .pypirc .htpasswd client_secret_1.json ｓecrets.json .en\u200bv""".split()
HARMLESS = """main.py keys.py src/secrets.py environment.ts env.d.ts .env.example .env.sample id_rsa.pub readme.md tokens.py
    src/auth/credentials_view.tsx gitignore .gitignore keyboard.js package.json""".split()


@pytest.mark.parametrize("path", SECRET)
def test_secret_files_are_known_in_every_spelling(path: str):
    assert is_secret_path(path)
    assert is_secret_path(path.replace("/", "\\"))


@pytest.mark.parametrize("path", HARMLESS)
def test_ordinary_code_is_no_secret(path: str):
    assert not is_secret_path(path)


def body(count: int, alphabet: str = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7") -> str:
    return (alphabet * 10)[:count]


KEYS = {
    "OpenAI": f"sk-proj-{body(40)}",
    "old OpenAI": f"sk-{body(48)}",
    "Anthropic": f"sk-ant-api03-{body(60)}",
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub": f"ghp_{body(36)}",
    "GitHub fine": f"github_pat_{body(40)}",
    "GitLab": f"glpat-{body(20)}",
    "Google": f"AIza{body(35)}",
    "Slack": f"xoxb-{body(24)}",
    "Stripe": f"sk_live_{body(24)}",
    "npm": f"npm_{body(36)}",
    "Hugging Face": f"hf_{body(34)}",
    "JWT": f"eyJhbGciOiJI{body(12)}.eyJzdWIiOiIx{body(12)}.{body(30)}",
    "PEM": f"-----BEGIN RSA PRIVATE KEY-----\n{base64.b64encode(body(90).encode()).decode()}\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_key_shapes_are_taken_out_of_any_text(key: str):
    text, found = redact_secrets(f'config = "{key}"  # the key')
    assert key not in text and found
    assert text.endswith("# the key")


def test_assigned_secrets_and_passwords_in_addresses():
    assert "hunter2hunter2" not in redact_secrets("postgres://app:hunter2hunter2@db/x")[0]
    assert body(24) not in redact_secrets(f'api_key: "{body(24)}"')[0]


def test_code_about_keys_is_left_alone():
    code = 'def api_key(): return os.environ["API_KEY"]\nsk = "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"\nurl = "http://h:80/a"'
    assert find_secrets(code) == ()


def test_prompts_of_both_kinds_are_redacted_and_others_untouched():
    key = KEYS["OpenAI"]
    clean = Prompt((user("nothing here"),))
    assert redact_prompt(clean) == (clean, 0)
    dirty, count = redact_prompt(Prompt((user(f"x {key}"),)))
    assert count == 1 and isinstance(dirty, Prompt) and key not in dirty.messages[0].text
    for _ in range(2):  # instructions are remembered
        for parts in ((f"Be brief. {key}",), ("Be brief.", key)):
            told, count = redact_prompt(Prompt((Message("system", parts), user("nothing here"))))
            assert count == 1 and isinstance(told, Prompt) and key not in told.messages[0].text
    fim, count = redact_prompt(
        FimPrompt(f"a {key}", f"b {key}", context=(("p", key),), fallback=Prompt((user(key),)))
    )
    assert isinstance(fim, FimPrompt) and fim.fallback and count == 3
    assert key not in fim.prefix + fim.suffix + fim.context[0][1] + fim.fallback.messages[0].text
