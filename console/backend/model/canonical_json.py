"""Canonical JSON and its sha256: the one digest rule of the project, which is that of RFC 8785 (JCS).

Two limits make Python's own encoder enough. Keys are the ASCII names of fields: RFC 8785 sorts by UTF-16 code units and
Python by code points, which is the same there. Numbers are integers below 2^53: a float is written otherwise than in Python.
"""

import hashlib
import json
from collections.abc import Iterable

from pydantic import BaseModel
from pydantic_core import to_json

_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: BaseModel, without: frozenset[str] = frozenset()) -> bytes:
    """Return UTF-8 JSON after RFC 8785: sorted keys, no insignificant space and no trailing newline; some fields left out."""
    return _WRITER.encode(value.model_dump(mode="json", exclude=set(without) or None)).encode()


def indented_json(value: object, indent: int) -> bytes:
    """Return a JSON value as UTF-8 over several lines, letters unescaped; a lone surrogate raises."""
    return to_json(value, indent=indent)


def sha256_hex(data: bytes) -> str:
    """Return the sha256 of the bytes in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(parts: Iterable[bytes]) -> str:
    """Return the sha256 of the parts joined, in lower-case hex."""
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part)
    return sha256.hexdigest()


def digest(value: BaseModel, without: frozenset[str] = frozenset()) -> str:
    """Return the sha256 of the value's canonical JSON, some fields left out."""
    return sha256_hex(canonical_json(value, without))
