"""What never gets into a log."""

from __future__ import annotations

import logging
import stat

import pytest

from halley.lsp.logs import RedactingFormatter, describe, redact, set_up_logging


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRETSECRET1234",
        '{"authorization": "Basic SECRETSECRET1234"}',
        "proxy-authorization: SECRETSECRET1234",
        "x-api-key: SECRETSECRET1234",
        "'api_key': 'SECRETSECRET1234'",
        "GET https://query.cometapi.com/user/quota?key=SECRETSECRET1234&x=1",
        "x-goog-api-key=SECRETSECRET1234",
        "sk-SECRETSECRET1234",
        "sk-ant-api03-SECRETSECRET1234_x",
        "gsk_SECRETSECRET1234",
        "AIzaSECRETSECRET1234",
        "ghp_SECRETSECRET1234",
        "eyJhbGciOiJ.SECRETSECRET1234.x",
    ],
)
def test_keys_are_blotted_out(text):
    assert "SECRET" not in redact(f"before {text} after")
    assert redact(f"before {text} after").startswith("before") and "after" in redact(f"before {text} after")


@pytest.mark.parametrize(
    "text", ["asked task-list for skill", "GET /v1/models 200", "the monkey's key: none"]
)
def test_ordinary_words_stay(text):
    assert redact(text) == text


def test_exceptions_are_logged_without_their_messages():
    try:
        raise ValueError("the text of the user")
    except ValueError as error:
        assert describe(error).startswith("ValueError < test_logs.py")
        record = logging.makeLogRecord({"msg": "x", "exc_info": (ValueError, error, error.__traceback__)})
        assert "the text" not in RedactingFormatter().format(record)


def test_the_log_file_is_private(tmp_path):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up_logging(tmp_path / "logs" / "halley.log", "debug")
        logging.getLogger("halley.x").info("sk-SECRETSECRET1234 was used")
        logging.getLogger("pygls.protocol").error("Sending data: my words")
        root.handlers[0].close()
        log = tmp_path / "logs" / "halley.log"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert "[redacted] was used" in log.read_text() and "my words" not in log.read_text()
    finally:
        root.handlers[:] = before
        root.setLevel(level)
