"""Keeps secrets out of every record: a deny list for keys, a filter for the text of values (design section 9)."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from console.backend.errors import Refused, StopCode

REDACTED = "<redacted>"

_DENIED_WORDS = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "bearer",
        "dsn",
        "credential",
        "credentials",
        "pgpassword",
        "apikey",
        "privatekey",
    ]
)
_DENIED_PAIRS = frozenset(
    {
        *("api key", "private key", "secret key", "access key", "signing key", "database url", "db url"),
        *("connection string", "conn string", "pass word", "pass phrase"),
    }
)
_DENIED_ENDINGS = ("password", "passwd", "passphrase", "token", "secret", "apikey", "privatekey", "databaseurl")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_denied_key(key: str) -> bool:
    """Whether a key names a secret, in any case and with any separator: `db_password`, `apiKey`, `DATABASE-URL`.

    Whole words decide, so that `tokenizer`, `secretary` and `compass` are keys like any other.
    """
    words = [word.lower() for word in _WORDS.findall(key)]
    singular = [word.removesuffix("s") if word.removesuffix("s") in _DENIED_WORDS else word for word in words]
    pairs = {f"{one} {two}" for one, two in zip(words, singular[1:], strict=False)}
    joined = "".join(words)
    return (
        not _DENIED_WORDS.isdisjoint(singular)
        or not _DENIED_PAIRS.isdisjoint(pairs)
        or any(word.endswith(_DENIED_ENDINGS) for word in (*singular, joined))
    )


def denied_keys(record: object, path: str = "") -> Iterator[str]:
    """Dotted paths of every denied key in nested mappings, sequences and models."""
    if isinstance(record, BaseModel):
        record = {name: getattr(record, name) for name in type(record).model_fields}
    if isinstance(record, Mapping):
        for key, value in record.items():
            here = f"{path}.{key}" if path else str(key)
            if is_denied_key(str(key)):
                yield here
            yield from denied_keys(value, here)
    elif isinstance(record, Sequence) and not isinstance(record, str | bytes):
        for index, value in enumerate(record):
            yield from denied_keys(value, f"{path}[{index}]")


def refuse_secret_keys(record: object, where: str) -> None:
    """Raises Refused (REFUSED_INPUT) naming every denied key; `where` says in which file or record."""
    if found := list(denied_keys(record)):
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"{where} holds keys for secrets: {', '.join(found)}",
            "Name the secret instead of holding it: a libpq service, ~/.pgpass, the name of an environment variable.",
        )


_KEY = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|bearer|credentials?|(?:api|private|secret|access)[_-]?key"
    r"|dsn|database[_-]?url|connection[_-]?string)"
)
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[^\s,;&"'}\])]+)"""
_RULES = (
    (re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z ]*)-----.*?(?:-----END \1-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@?#]*:)[^\s/]*@"), rf"\1{REDACTED}@"),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1\2{REDACTED}"),
    (re.compile(rf"(?i)({_KEY}s?[\"']?\s*(?:=>|:=|=|:)\s*){_VALUE}"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)\b(password\s+)'(?:[^']|'')*'"), rf"\1{REDACTED}"),
    (re.compile(r"(SCRAM-SHA-256\$)\S+"), rf"\1{REDACTED}"),
    (re.compile(r"((?:^|(?<=[\s\"']))[\w.*/-]+:(?:[0-9]{4,5}|\*):[^:\s]+:[^:\s]+:)[^\s\"']+"), rf"\1{REDACTED}"),
)


def redact(text: str) -> str:
    """The text without the secrets that can be recognised in it.

    Passwords and tokens after `=` or `:`, in libpq connection strings and URLs (PGPASSWORD too), bearer
    tokens, PEM and PGP private key blocks, SQL `PASSWORD '…'`, SCRAM verifiers, lines of a .pgpass.
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """A log formatter whose whole output, traceback included, passes `redact`."""

    def format(self, record: logging.LogRecord) -> str:
        """The formatted record without secrets."""
        return redact(super().format(record))
