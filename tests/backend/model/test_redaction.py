"""No secret passes: keys that name one are refused, values that look like one are taken out."""

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.model import redaction
from console.backend.model.errors import Refused, StopCode
from console.backend.model.redaction import RedactingFormatter, denied_keys, is_denied_key, redact, refuse_secret_keys
from console.backend.model.value import Value

CANARY = "c4n4ry-7f3a"
SECRETS = [
    f"password={CANARY}",
    f"host=db1 password='{CANARY} two' user=x",
    f'{{"password": "{CANARY}"}}',
    f"{{'api_key': '{CANARY}'}}",
    f"passwd: {CANARY}",
    f"sslpassword = {CANARY}",
    f"PGPASSWORD={CANARY} psql -h db1",
    f"postgresql://cutter:{CANARY}@db1:5432/rules",
    f"postgres://:{CANARY}@db1",
    f"https://u:{CANARY}@host/x",
    f"postgresql://h/db?user=u&password={CANARY}&x=1",
    f"Authorization: Bearer {CANARY}.abc",
    f"authorization: basic {CANARY}",
    f"token={CANARY}; next",
    f"client_secret := '{CANARY}'",
    f"ALTER ROLE cutter_exec PASSWORD '{CANARY}'",
    f"SCRAM-SHA-256$4096:{CANARY}$a:b",
    f"db1:5432:rules:cutter:{CANARY}",
    f"*:*:*:cutter:{CANARY}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{CANARY}\n-----END PGP PRIVATE KEY BLOCK-----",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY} cut off",
    f"MY_API_KEY={CANARY}",
    f"password=b'{CANARY} two'",
]
"""Each form in which a secret is recognised."""


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "passwd",
        "DB_PASSWORD",
        "dbPassword",
        "PGPASSWORD",
        "client-secret",
        "token",
        "authToken",
        "auth.token",
        "bearer",
        "dsn",
        "database_url",
        "DatabaseURL",
        "databaseurl",
        "api_key",
        "apiKey",
        "APIKEY",
        "X-Api-Key",
        "private_key",
        "privateKey",
        "passphrase",
        "gpg_passphrase",
        "secrets",
        "credentials",
        "accessToken",
        "connection_string",
        "tokens",
        "pwd",
        "secretKey",
    ],
)
def test_a_key_that_names_a_secret_is_denied(key: str) -> None:
    assert is_denied_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "tokenizer",
        "tokenized",
        "secretary",
        "compass",
        "passage",
        "passed",
        "key",
        "public_key",
        "key_id",
        "fingerprint",
        "author",
        "database",
        "url",
        "databases",
        "bearing",
        "dsnext",
        "run_id",
        "pass_count",
        "passfile",
        "pgpassfile",
        "service",
        "keyring",
        "gpg_home",
    ],
)
def test_a_key_that_only_sounds_like_one_is_not(key: str) -> None:
    assert not is_denied_key(key)


def test_denied_keys_are_found_at_any_depth() -> None:
    record = {"a": [{"b": 1}, {"db": {"password": "x"}}], "apiKey": "y", "ok": ("z",)}
    assert list(denied_keys(record)) == ["a[1].db.password", "apiKey"]


def test_a_record_with_a_secret_key_is_refused_without_its_value() -> None:
    """The refusal names the key and never the value."""

    class Config(Value):
        service: str
        database_url: str

    with pytest.raises(Refused) as refused:
        refuse_secret_keys(Config(service="rules", database_url=CANARY), "orchestrator.config.json")
    assert refused.value.code is StopCode.REFUSED_INPUT
    assert "database_url" in refused.value.message
    assert CANARY not in str(refused.value)
    refuse_secret_keys({"service": "rules", "environment_name": "RULES_SERVICE"}, "orchestrator.config.json")


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_in_a_value_is_taken_out(text: str) -> None:
    """A planted value does not survive, and a second pass changes nothing more."""
    clean = redact(f"before {text}\nafter")
    assert CANARY not in clean
    assert clean.startswith("before ")
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "could not connect to postgresql://cutter@db1:5432/rules",
        "2026-03-02T09:00:00Z phase cut_leg_a done in 12 ms",
        "the tokenizer: fast; 12 tokens read",
        "https://example.org/a:b/c",
        "-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----",
        "/srv/a.py:12: error: no such thing",
        "Điều 5. Mật khẩu không được ghi lại",
    ],
)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_long_hostile_text_is_redacted_in_linear_time() -> None:
    text = "a://" * 50_000 + "password" * 50_000 + "x:" * 50_000 + "-----BEGIN PRIVATE KEY-----" * 1000
    assert len(redact(text)) < len(text)


def test_a_traceback_in_a_log_holds_no_secret() -> None:
    """The formatter cleans messages, arguments and tracebacks alike."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logger = logging.Logger("canary")
    logger.addHandler(handler)
    try:
        int(f"postgresql://u:{CANARY}@db1")
    except ValueError:
        logger.exception("failed with password=%s", CANARY)
    assert "Traceback" in stream.getvalue()
    assert CANARY not in stream.getvalue()


@given(st.text(alphabet="abBEaArRsSiIcCſ :='$-\"@/.0123456789\n", max_size=60) | st.sampled_from(SECRETS))
def test_a_text_without_a_sign_is_none_that_any_rule_changes(text: str) -> None:
    """Each rule needs a sign, so that a text without one need not be given to them."""
    if redaction._SIGN.search(text) is None:
        assert [pattern.pattern for pattern, _ in redaction._RULES if pattern.search(text)] == []
    assert all(redaction._SIGN.search(secret) for secret in SECRETS)


def test_nested_data_is_redacted_as_each_of_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is read once for all of them."""
    monkeypatch.setenv("SITE_TOKEN", known := "a-value-of-the-environment")
    texts = [*SECRETS, known, "a name", "0" * 64]
    data = {"list": texts, "map": {str(index): text for index, text in enumerate(texts)}, "number": 1, "none": None}
    clean = [redact(text) for text in texts]
    assert redaction.redact_in(data) == {
        "list": clean,
        "map": {str(index): text for index, text in enumerate(clean)},
        "number": 1,
        "none": None,
    }
    assert known not in clean
    assert redaction.redact_texts(texts) == tuple(clean)
