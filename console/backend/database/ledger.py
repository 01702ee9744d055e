"""Writes: each one a call of a function in the database, which checks lease, approval and HOLD itself."""

import hashlib
from datetime import datetime

import psycopg

from console.backend.canonical_json import sha256_hex
from console.backend.database.connections import scalar
from console.backend.plan import CutPlan, PlannedUnit, SourceVersion
from console.backend.runs.states import Family, Stage
from console.backend.value import Value

_COPY = (
    "COPY cutter_governance.manifest_unit_block (run_id, seq, address, parent_address, unit_kind, section_type, section_code,"
    " title, body, body_sha256, byte_start, byte_end, line_start, line_end, unit_id, version_id)"
    " FROM STDIN"
)


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


class NewRun(Value):
    """What a run is created with."""

    run_id: str
    operation: str
    docprefix: str
    origin: str
    profile: str
    operator: str
    host: str


class ImportedApproval(Value):
    """A checked statement on its way into the database."""

    kind: str
    run_id: str
    plan_digest: str
    manifest_digest: str
    policy_sha256: str
    baseline_digest: str
    draft_digest: str | None
    review_decision_id: str | None
    n_units: int
    database: str
    system_identifier: str
    timeline: int
    not_before: datetime
    expires: datetime
    signers: tuple[str, ...]
    statement: bytes
    signatures: tuple[bytes, ...]


def manifest_digest(units: tuple[PlannedUnit, ...]) -> str:
    """The digest that `fn_manifest_digest` computes from the rows: one line a unit, fields split by US."""
    lines = ("\x1f".join(_fields(seq, unit)) for seq, unit in enumerate(units, 1))
    return sha256_hex("\n".join(lines).encode())


def _fields(seq: int, unit: PlannedUnit) -> tuple[str, ...]:
    return (
        str(seq),
        unit.address,
        unit.parent or "",
        unit.unit_kind,
        unit.section_type,
        unit.number,
        unit.title,
        str(unit.byte_start),
        str(unit.byte_end),
        str(unit.line_start),
        str(unit.line_end),
        unit.body_sha256,
    )


def create_run(connection: psycopg.Connection, facts: NewRun) -> None:
    """Register the document and the run."""
    connection.execute(
        "SELECT cutter_governance.fn_document_register(%s, %s, %s)", (facts.docprefix, facts.origin, facts.profile)
    )
    connection.execute(
        "SELECT cutter_governance.fn_run_create(%s, %s, %s, %s, %s, %s, %s)",
        (facts.run_id, facts.operation, facts.docprefix, facts.origin, facts.profile, facts.operator, facts.host),
    )


def pin_source(connection: psycopg.Connection, run_id: str, source: SourceVersion) -> None:
    """Record the pinned snapshot."""
    connection.execute(
        "SELECT cutter_governance.fn_source_pin(%s, %s, %s, %s, %s)",
        (run_id, source.bytes, source.sha256, source.canonical_sha256, source.canon_rule),
    )


def record_plan(connection: psycopg.Connection, run_id: str, plan: CutPlan, baseline_digest: str) -> None:
    """Give the run its plan; a run gets one, once."""
    connection.execute(
        "SELECT cutter_governance.fn_run_plan(%s, %s, %s, %s, %s)",
        (run_id, plan.plan_digest, plan.document.content_digest, plan.n_units, baseline_digest),
    )


def advance(connection: psycopg.Connection, run_id: str, stage: Stage) -> None:
    """One step along the way; the database refuses any other."""
    connection.execute("SELECT cutter_governance.fn_run_advance(%s, %s)", (run_id, stage.value))


def leave(connection: psycopg.Connection, run_id: str, family: Family, reason: str) -> None:
    """Off the way: failed, stopped or voided."""
    connection.execute("SELECT cutter_governance.fn_run_leave(%s, %s, %s)", (run_id, family.value, reason))


def return_to_way(connection: psycopg.Connection, run_id: str) -> None:
    """A stopped run goes on, by the operator's hand."""
    connection.execute("SELECT cutter_governance.fn_run_return(%s)", (run_id,))


def record_event(
    connection: psycopg.Connection, run_id: str, phase: str, outcome: str, record: str, anchor: tuple[int, str]
) -> None:
    """One step of the run with its evidence as JSON; `anchor` is the journal's sequence and head hash."""
    connection.execute(
        "SELECT cutter_governance.fn_run_event(%s, %s, %s, %s::jsonb, %s, %s)",
        (run_id, phase, outcome, record, *anchor),
    )


def copy_manifest(connection: psycopg.Connection, run_id: str, plan: CutPlan, canonical: bytes) -> None:
    """Send the envelope and one block a unit; bodies are slices of the pinned canonical text."""
    source_version = scalar(
        connection,
        "SELECT id FROM cutter_governance.source_document_version_registry WHERE docprefix = %s AND sha256 = %s",
        plan.document.docprefix,
        plan.document.source.sha256,
    )
    connection.execute(
        "INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest,"
        " content_digest, n_units) SELECT run_id, operation, docprefix, %s, %s, %s, %s FROM cutter_governance.run WHERE run_id = %s",
        (source_version, plan.plan_digest, plan.document.content_digest, plan.n_units, run_id),
    )
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for seq, unit in enumerate(plan.document.units, 1):
            body = canonical[unit.byte_start : unit.byte_end].decode()
            unit_id, version_id = row_ids(run_id, seq)
            copy.write_row(
                (
                    run_id,
                    seq,
                    unit.address,
                    unit.parent,
                    unit.unit_kind,
                    unit.section_type,
                    unit.number,
                    unit.title,
                    body,
                    unit.body_sha256,
                    unit.byte_start,
                    unit.byte_end,
                    unit.line_start,
                    unit.line_end,
                    unit_id,
                    version_id,
                )
            )


def row_ids(run_id: str, seq: int) -> tuple[str, str]:
    """The ids of a planned unit and its version: UUIDs of version 8 (RFC 9562) out of one sha256.

    The table's own default is volatile, which makes the server insert a COPY row by row: 1.7 times as slow.
    """
    hex_digits = hashlib.sha256(f"{run_id}/{seq}".encode()).hexdigest()
    return _uuid(hex_digits[:32]), _uuid(hex_digits[32:])


def _uuid(digits: str) -> str:
    return f"{digits[:12]}8{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:]}"


def apply_cut(connection: psycopg.Connection, run_id: str) -> str:
    """Leg A. Returns the function's answer as JSON; a refusal raises, it cannot be dropped (incident 3)."""
    return str(scalar(connection, "SELECT cutter_governance.fn_cut_apply(%s)::text", run_id))


def record_cut(connection: psycopg.Connection, run_id: str) -> str:
    """Leg B: the governance rows of a verified cut."""
    return str(scalar(connection, "SELECT cutter_governance.fn_cut_record(%s)::text", run_id))


def record_verification(connection: psycopg.Connection, run_id: str, outcome: str, checks: str) -> str:
    """As cutter_verify: the verdict with its checks as JSON."""
    return str(
        scalar(
            connection, "SELECT cutter_governance.fn_verify_record(%s, %s, %s::jsonb)::text", run_id, outcome, checks
        )
    )


def enact(connection: psycopg.Connection, run_id: str, *, dry_run: bool) -> str:
    """Draft units become law, all of them in one transaction."""
    return str(scalar(connection, "SELECT cutter_governance.fn_cut_enact(%s, %s)::text", run_id, dry_run))


def revert(connection: psycopg.Connection, run_id: str) -> str:
    """Draft units become superseded; nothing is deleted."""
    return str(scalar(connection, "SELECT cutter_governance.fn_cut_revert(%s)::text", run_id))


def draft_digest(connection: psycopg.Connection, run_id: str) -> str:
    """The digest of the draft rows as they stand, bodies hashed anew."""
    return str(scalar(connection, "SELECT cutter_governance.fn_draft_digest(%s)", run_id))


def pin_baseline(connection: psycopg.Connection, run_id: str) -> None:
    """Today's row counts become the baseline that the Overview compares with."""
    connection.execute("SELECT cutter_governance.fn_baseline_pin(%s)", (run_id,))


def import_approval(connection: psycopg.Connection, approval: ImportedApproval) -> str:
    """As cutter_verify: record a checked statement. Returns its sha256."""
    values = approval.model_dump(mode="python")
    values["signers"] = list(approval.signers)
    values["signatures"] = list(approval.signatures)
    names = ", ".join(f"p_{name} => %({name})s" for name in ImportedApproval.model_fields)
    row = connection.execute(f"SELECT cutter_governance.fn_approval_import({names})".encode(), values).fetchone()
    return str(row[0]) if row else ""


def arm(connection: psycopg.Connection, run_id: str, purpose: str, operator: str, host: str, minutes: int) -> None:
    """Open the lease."""
    connection.execute(
        "SELECT cutter_governance.fn_lease_arm(%s, %s, %s, %s, %s)", (run_id, purpose, operator, host, minutes)
    )


def disarm(connection: psycopg.Connection, reason: str) -> int:
    """End the open lease. Returns how many ended: 0 or 1."""
    return int(str(scalar(connection, "SELECT cutter_governance.fn_lease_end(%s)", reason)))


def set_hold(connection: psycopg.Connection, reason: str, by: str, run_id: str | None) -> None:
    """Record a HOLD."""
    connection.execute("SELECT cutter_governance.fn_hold_set(%s, %s, %s)", (reason, by, run_id))


def release_hold(connection: psycopg.Connection, reason: str, by: str) -> None:
    """Record its release."""
    connection.execute("SELECT cutter_governance.fn_hold_release(%s, %s)", (reason, by))


def cancel_running(connection: psycopg.Connection) -> int:
    """Cancel the statements of the executor's other connections. Returns how many were told to stop."""
    query = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid() AND datname = current_database()"
    return int(str(scalar(connection, query)))
