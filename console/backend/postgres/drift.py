"""Drift: grants, ownership, definitions, triggers and roles as they are, against those that were installed."""

from datetime import UTC, datetime

import psycopg

from console.backend.model.console_schema import CONSOLE_SCHEMA
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Difference, DriftReport
from console.backend.model.schema_names import SchemaNames
from console.backend.postgres.asking import Question
from console.backend.postgres.connections import connect
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.inventory import (
    Change,
    Inventory,
    Key,
    is_structured,
    measure_digests,
    measure_inventory,
    schema_digest,
)
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.repair_sql import name_of, repair

_ORDER = (
    "role",
    "superuser",
    "role attribute",
    "membership",
    "owner",
    "relation",
    "column",
    "constraint",
    "unique index",
)
_NOTHING = {
    "grant": ("none", "none"),
    "default privileges": ("none", "none"),
    "setting": ("none", "none"),
    "view options": ("none", "none"),
    "foreign key": ("asked", "asked"),
    "superuser": ("not installed", "missing"),
}


def measure_drift(conninfo: str) -> DriftReport:
    """Compare the database with what the last migration pinned. Raises Unmeasured if it cannot be read."""
    with connect(conninfo, read_only=True, purpose="drift") as connection:
        return drift_on(connection)


def drift_on(connection: psycopg.Connection, schema: Question[str] = schema_digest) -> DriftReport:
    """Measure the drift on an open connection; the monitoring role suffices. `schema` answers with the schema's digest.

    Raises psycopg.Error.
    """
    digests = measure_digests(connection, schema)
    if digests.now == digests.pinned and digests.is_structured:
        # Nearly always: then no line differs, and none is read.
        names = schema_names(connection)
        itself = digests.itself
        listed = (*_measuring(itself.measured_by, names, ()), *_viewing(itself.other_view, names, ()))
        return _report(digests.now, digests.pinned, listed)
    inventory = measure_inventory(connection)
    return _report(inventory.digest, inventory.pinned_digest, differences(inventory))


def _report(digest: str, pinned: str, listed: tuple[Difference, ...]) -> DriftReport:
    return DriftReport(
        outcome=Outcome.FAIL if listed else Outcome.PASS,
        schema_digest=digest,
        pinned_digest=pinned,
        differences=listed,
        measured_at=datetime.now(UTC),
    )


def against_host(report: DriftReport, pinned: str) -> DriftReport:
    """Add to a drift report the comparison of the database's inventory with the one that this host has pinned. Pure.

    Who can pin the inventory again inside the database cannot by that change what the host compares it with. An empty
    `pinned` compares nothing: G0 asks for the pin.
    """
    if not pinned or report.pinned_digest == pinned:
        return report
    again = Difference(
        what="pinned inventory",
        subject="the state after the last migration, compared with this host's pin",
        expected=f"digest {pinned}",
        actual=f"digest {report.pinned_digest or 'none'}",
        repair=("Find out who migrated, and when. Only where it was right: cutter-console init --pin --repin",),
    )
    return report.model_copy(update={"outcome": Outcome.FAIL, "differences": (again, *report.differences)})


def differences(inventory: Inventory) -> tuple[Difference, ...]:
    """Pure: every difference as a person reads it, each with its repair; empty if the database is as installed."""
    if not inventory.pinned_lines:
        return (_unpinned("none"),)
    # Before migration 0009 the pinned lines were plain text, which cannot be compared line by line.
    if not is_structured(inventory.pinned_lines[0]) or not inventory.lines or not is_structured(inventory.lines[0]):
        return (_unpinned("lines of an older program"),)
    changes = inventory.changes()
    causes = sorted(_without_consequences(changes), key=_order)
    return (
        *_measuring(inventory.measured_by, inventory.names, changes),
        *_viewing(inventory.other_view, inventory.names, changes),
        *(difference(change, inventory) for change in causes),
    )


def difference(change: Change, inventory: Inventory) -> Difference:
    """Pure: one change in words, with its repair."""
    no_expected, no_actual = _NOTHING.get(change.key.what, ("absent", "missing"))
    return Difference(
        what=change.key.what,
        subject=subject(change.key),
        expected=no_expected if change.expected is None else value_in_words(change.key, change.expected),
        actual=no_actual if change.actual is None else value_in_words(change.key, change.actual),
        repair=repair(change, inventory),
    )


def subject(key: Key) -> str:
    """Pure: the object of an inventory line, as a person would name it."""
    where = name_of(key.object) if key.object.startswith(("TABLE ", "VIEW ")) else _lowered(key.object)
    match key.what:
        case "grant" | "default privileges":
            return f"{key.role} on {where}" + (f" ({key.part})" if key.part else "")
        case "setting":
            return f"{key.part} of {_lowered(key.object)}"
        case "membership":
            return f"{key.role} in {key.object}, granted by {key.part}"
        case "function":
            return f"{name_of(key.object)}: {key.part}"
        case "column":
            return f"{where}.{key.part}"
        case _:
            return f"{key.part} on {where}" if key.part else where


def value_in_words(key: Key, value: str) -> str:
    """Pure: the value of an inventory line in words."""
    if key.what == "view" or (key.what, key.part) == ("function", "body"):
        return f"sha256 {value}"
    if key.what == "relation":
        return {"rp": "a table", "vp": "a view", "Sp": "a sequence", "ru": "an unlogged table"}.get(value, value)
    return value


def _lowered(object_: str) -> str:
    kind, space, name = object_.partition(" ")
    return f"{kind.lower()} {name}" if space and kind in {"FUNCTION", "PROCEDURE", "SCHEMA", "SEQUENCE"} else object_


def _order(change: Change) -> tuple[int, Key]:
    kind = change.key.what
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), change.key)


def _without_consequences(changes: tuple[Change, ...]) -> list[Change]:
    """Leave out what another change's repair settles: parts of an object that came or went, a new owner's grants."""
    whole = {change.key.object for change in changes if _is_existence(change)}
    triggers = {change.key[1:] for change in changes if change.key.what == "trigger"}
    owners = {
        (change.key.object, owner)
        for change in changes
        if change.key.what == "owner"
        for owner in (change.expected, change.actual)
    }
    views = {change.key.object for change in changes if change.key.what == "view"}
    return [
        change
        for change in changes
        if not (
            (change.key.object in whole and not _is_existence(change))
            or (change.key.what == "trigger state" and change.key[1:] in triggers)
            or (change.key.what == "grant" and (change.key.object, change.key.role) in owners)
            or (change.key.what == "column" and change.key.object in views)
        )
    ]


def _is_existence(change: Change) -> bool:
    """Return whether a whole relation or function came or went."""
    key = change.key
    exists = key.what == "relation" or (key.what, key.part) == ("function", "body")
    return exists and (change.expected is None or change.actual is None)


def _measuring(
    measured_by: tuple[tuple[str, str], ...], names: SchemaNames, changes: tuple[Change, ...]
) -> tuple[Difference, ...]:
    """Compare the functions that measure with the program's own text: a changed one could leave its own line out."""
    reported = {change.key.object.partition("(")[0] for change in changes if change.key.what == "function"}
    changed = []
    for name, sha256 in measured_by:
        object_ = f"FUNCTION {CONSOLE_SCHEMA}.{name}"
        known = definition_of(object_, names)
        if known is not None and known.body_sha256 != sha256 and object_ not in reported:
            expected, actual = f"sha256 {known.body_sha256}", f"sha256 {sha256}"
            repaired = tuple(known.statement.split("\n"))
            description = f"{name_of(object_)}(): body, which measures all the others"
            changed.append(
                Difference(what="function", subject=description, expected=expected, actual=actual, repair=repaired)
            )
    return tuple(changed)


def _viewing(other: str | None, names: SchemaNames, changes: tuple[Change, ...]) -> tuple[Difference, ...]:
    """Name the view that gives the lines, if it is another one than was pinned and does not say so itself."""
    object_ = f"VIEW {names.ledger}.v_schema_line"
    known = definition_of(object_, names)
    if other is None or known is None or any(change.key.object == object_ for change in changes):
        return ()
    return (
        Difference(
            what="view",
            subject=f"{name_of(object_)}: query, which gives all the others",
            expected="the pinned query",
            actual=f"sha256 {other}",
            repair=tuple(known.statement.split("\n")),
        ),
    )


def _unpinned(actual: str) -> Difference:
    return Difference(
        what="pin",
        subject="the inventory that was installed",
        expected="the lines of the last migration",
        actual=actual,
        repair=("-- Apply the migrations of this program, which pins the inventory: cutter-console migrate",),
    )
