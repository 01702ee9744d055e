"""Canonical JSON and its sha256: the one digest rule of the project."""

import hashlib
import json

from pydantic import BaseModel


def canonical_json(value: BaseModel) -> bytes:
    """UTF-8 JSON with sorted keys, no insignificant space and no trailing newline."""
    return json.dumps(
        value.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def sha256_hex(data: bytes) -> str:
    """Lower-case hex sha256 of the bytes."""
    return hashlib.sha256(data).hexdigest()


def digest(value: BaseModel) -> str:
    """sha256 of the value's canonical JSON."""
    return sha256_hex(canonical_json(value))
