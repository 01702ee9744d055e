"""Texts of drafts that were typed and are no edit yet: kept beside the run, so that a lost line loses nothing."""

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from console.backend.host.durable import replace_file
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.value import Value
from console.backend.runs.workspace import Workspace


class TypedEdit(Value):
    """Title and body as they were typed. They can be any text: what is planned of them is checked then."""

    address: str
    title: str
    body: str
    seen: str
    """Digest of the draft that they were typed over."""


def keep_typed(installation: Installation, run_id: str, typed: TypedEdit) -> None:
    """Keep what was typed, in place of what was typed before."""
    replace_file(_path(installation, run_id, typed.address), canonical_json(typed))


def typed_before(installation: Installation, run_id: str, address: str) -> TypedEdit | None:
    """Return what was typed for this draft and not planned since, or None."""
    try:
        return TypedEdit.model_validate_json(read_regular(_path(installation, run_id, address)))
    except (OSError, ValidationError):
        return None


def drop_typed(installation: Installation, run_id: str, address: str) -> None:
    """Remove what was typed for this draft."""
    with suppress(OSError):
        _path(installation, run_id, address).unlink()


def _path(installation: Installation, run_id: str, address: str) -> Path:
    # Hidden: what is handed over of a run, and what belongs to its record, is not.
    return Workspace.open(installation.root, run_id).directory / f".typed-{sha256_hex(address.encode())[:32]}.json"
