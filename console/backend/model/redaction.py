"""Keeps secrets out of every record: a deny list for keys, a filter for the text of values."""

import base64
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from pydantic import BaseModel

from console.backend.model.errors import Refused, StopCode

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
    """Return whether a key names a secret, in any letter case and with any separator: `db_password`, `apiKey`.

    Whole words decide, so that `tokenizer`, `secretary` and `compass` are keys like any other.
    """
    words = [word.lower() for word in _WORDS.findall(key)]
    singular = [word.removesuffix("s") if word.removesuffix("s") in _DENIED_WORDS else word for word in words]
    pairs = {f"{first} {second}" for first, second in zip(words, singular[1:], strict=False)}
    joined = "".join(words)
    return (
        not _DENIED_WORDS.isdisjoint(singular)
        or not _DENIED_PAIRS.isdisjoint(pairs)
        or any(word.endswith(_DENIED_ENDINGS) for word in (*singular, joined))
    )


def denied_keys(record: object, path: str = "") -> Iterator[str]:
    """Yield the dotted path of every denied key in nested mappings, sequences and models."""
    if isinstance(record, BaseModel):
        record = {name: getattr(record, name) for name in type(record).model_fields}
    if isinstance(record, Mapping):
        for key, value in record.items():
            key_path = f"{path}.{key}" if path else str(key)
            if is_denied_key(str(key)):
                yield key_path
            yield from denied_keys(value, key_path)
    elif isinstance(record, Sequence) and not isinstance(record, str | bytes):
        for index, value in enumerate(record):
            yield from denied_keys(value, f"{path}[{index}]")


def refuse_secret_keys(record: object, where: str) -> None:
    """Raise Refused (REFUSED_INPUT) if a record has denied keys, naming them; `where` is the file or record."""
    if keys := list(denied_keys(record)):
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"{where} holds keys for secrets: {', '.join(keys)}",
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
_SIGN = re.compile(r"[:='$]|-----BEGIN |(?i:bearer|basic)")
"""A part that each rule needs somewhere in a text: most texts of a record are names, numbers and digests, which have none of it."""


def redact(text: str) -> str:
    """Return the text without the secrets that can be recognised in it.

    Passwords and tokens after `=` or `:`, in libpq connection strings and URLs (PGPASSWORD too), bearer
    tokens, PEM and PGP private key blocks, SQL `PASSWORD '…'`, SCRAM verifiers, lines of a .pgpass, and what `hide_known` hides.
    """
    return _recognised(hide_known(text))


def redact_in(data: object) -> object:
    """Redact every text in nested mappings and sequences, as `redact` does, with the environment read once."""
    hide = known_hidden()
    return _each_text(data, lambda text: _recognised(hide(text)))


def redact_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """Redact each text, as `redact` does, with the environment read once."""
    hide = known_hidden()
    return tuple(_recognised(hide(text)) for text in texts)


def _each_text(data: object, change: Callable[[str], str]) -> object:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, Mapping):
        return {key: _each_text(value, change) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_each_text(value, change) for value in data]
    return data


def _recognised(text: str) -> str:
    if _SIGN.search(text):
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
    return text


def hide_known(text: str) -> str:
    """Return the text without the present values of environment variables with a secret's name.

    Each is found as it is, percent-encoded in any mixture, and inside base64 at any offset. Values of fewer than
    8 bytes are left alone: they occur in ordinary text.
    """
    return known_hidden()(text)


def known_hidden() -> Callable[[str], str]:
    """Return what `hide_known` does as of now, for many texts: the environment is read once, which takes longer than most texts."""
    known = _known_now()
    return (lambda text: known.sub(REDACTED, text)) if known else str


def _known_now() -> re.Pattern[str] | None:
    """Return the pattern of the present values, or None if there is none."""
    values = (os.environ.get(name, "") for name in _secret_names(frozenset(os.environ)))
    long = tuple(sorted({value for value in values if len(os.fsencode(value)) >= _SHORTEST}))
    return _known(long) if long else None


def hide_known_in(data: object) -> object:
    """Hide what is known in every text of nested mappings and sequences, as `hide_known` does, with the environment read once."""
    return _each_text(data, known_hidden())


_SHORTEST = 8


@lru_cache(maxsize=4)
def _secret_names(names: frozenset[str]) -> tuple[str, ...]:
    """Return the variables with a secret's name. PWD and OLDPWD hold the shell's working directories, not passwords."""
    return tuple(sorted(name for name in names if is_denied_key(name) and name not in {"PWD", "OLDPWD"}))


@lru_cache(maxsize=4)
def _known(values: tuple[str, ...]) -> re.Pattern[str]:
    forms = {form for value in values for form in (_percent(value), *_in_base64(os.fsencode(value)))}
    # The longest first: an alternation takes the first that fits, and would leave the rest of a longer value.
    return re.compile("|".join(sorted(forms, key=len, reverse=True)))


def _percent(value: str) -> str:
    """Return a pattern for the value with any of its characters percent-encoded, and a blank as a plus sign."""

    def either_form(character: str) -> str:
        encoded = "".join(f"%(?i:{byte:02x})" for byte in os.fsencode(character))
        return f"(?:{re.escape(character)}|{encoded}{'|[+]' if character == ' ' else ''})"

    return "".join(map(either_form, value))


def _in_base64(value: bytes) -> Iterator[str]:
    """Yield a pattern for each of the three offsets in base64: the characters that the value alone determines."""
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(bytes(before) + value).decode()
        part = coded[skipped : (before + len(value)) * 8 // 6]
        yield re.escape(part).replace(r"\+", "[+-]").replace("/", "[/_]")


class RedactingFormatter(logging.Formatter):
    """A log formatter whose whole output, traceback included, passes `redact`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the formatted record without secrets."""
        return redact(super().format(record))
