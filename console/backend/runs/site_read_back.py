"""Comparison of a unit that was written through an organisation's functions with what these were given; pure."""

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Outcome
from console.backend.postgres.site_units import ReadUnit

_NOT_READ = "the executor may not read it"


def read_back(
    read: ReadUnit, of_another: ReadUnit | None, *, body: str, title: str, parent: str | None, kind: str | None
) -> tuple[Outcome, str]:
    """Return outcome and detail for a unit as it is read by the mapping, a draft; `of_another` is a unit that was there before."""
    given = {
        "body": body,
        "title": title,
        "parent": parent,
        "kind": kind,
        "lifecycle": "draft",
        "unit of the version": read.text.id,
    }
    seen = _parts(read)
    # What can be read of another unit, and not of this one, is not there.
    others = _parts(of_another) if of_another is not None else dict.fromkeys(given)
    wrong = [
        f"{name} is {seen[name]!r}, given was {value!r}"
        for name, value in given.items()
        if seen[name] not in {None, value}
    ]
    none = [name for name, value in given.items() if seen[name] is None and value is not None]
    if gone := [name for name in none if others[name] is not None]:
        wrong.append(f"without {', '.join(gone)}: the row that has it is not where the mapping looks for it")
    if not _has_sha256(read) and _has_sha256(of_another):
        wrong.append("the content hash is not the sha256 of the body, as that of other units is")
    unread = [name for name in none if others[name] is None]
    outcome = Outcome.FAIL if wrong else Outcome.INCONCLUSIVE if unread else Outcome.PASS
    detail = "; ".join([*wrong, *(f"{name} is not mapped, or {_NOT_READ}" for name in unread)])
    return outcome, detail or "body, title, parent, kind and state are those that were given"


def _parts(unit: ReadUnit) -> dict[str, str | None]:
    """Return what can be read of a unit; None for what is not mapped, not readable, or not there."""
    listed, text = unit.listed, unit.text
    return {
        "body": text.body,
        "title": listed.title,
        "parent": listed.parent,
        "kind": listed.unit_kind,
        "lifecycle": listed.lifecycle,
        "unit of the version": text.version_unit,
    }


def _has_sha256(unit: ReadUnit | None) -> bool:
    """Return whether the content hash is the sha256 of the body, as far as both can be read: an organisation may have another one."""
    if unit is None or unit.text.content_hash is None or unit.text.body is None:
        return True
    return unit.text.content_hash == sha256_hex(unit.text.body.encode())
