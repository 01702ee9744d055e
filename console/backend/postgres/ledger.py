"""Writes. Each is a call of a function in the database, which checks lease, ruling, backup and HOLD itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from console.backend.journal.journal_key import JournalKey
from console.backend.journal.journal_record import Anchor
from console.backend.model.amendment import AmendmentCounts
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Held, Refused, StopCode
from console.backend.model.kept_lines import KeptLines
from console.backend.model.merkle import merkle_root
from console.backend.model.plan import CutPlan, SourceVersion
from console.backend.model.planned_units import PlannedUnit, PlannedUnits
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Family, Stage
from console.backend.model.value import Value
from console.backend.postgres.arriving_rows import arriving
from console.backend.postgres.connections import scalar
from console.backend.postgres.document_rows import Standing
from console.backend.postgres.large_values import large_values
from console.backend.postgres.session import sent_together

LEAVE_RUN = "SELECT cutter_console.fn_run_leave(%s, %s, %s, %s)"
REVERT_CUT = "SELECT cutter_console.fn_cut_revert(%s, %s)"
RELEASE_HOLD = "SELECT cutter_console.fn_hold_release(%s, %s)"
"""Statements that the console shows before it makes them."""
_TURN = """
    SELECT r.journal_lock, (SELECT count(*) FROM cutter_governance.run_event e WHERE e.run_id = r.run_id AND e.vouched)
      FROM cutter_governance.run r WHERE r.run_id = %s
"""


class NewRun(Value):
    """Facts that a run is created with."""

    run_id: str
    operation: RunOperation
    docprefix: str
    origin: str
    profile: str
    operator: str
    host: str


class Event(Value):
    """One step of a run as it is recorded with its effect; `record` is the evidence as JSON."""

    phase: str
    outcome: str
    record: str
    anchor: Anchor
    """The journal's head: sequence and hash of its last record."""


class BackupProof(Value):
    """A backup that was restored and compared, as it is recorded in the database."""

    file_name: str
    sha256: str
    bytes: int
    recipient: str
    tables: tuple[Mapping[str, str | int], ...]
    documents: tuple[str, ...] | None = None
    """Documents whose rows it holds; None for all rows."""
    standing: Standing | None = None
    """State of all documents, beside a backup of some."""


def manifest_bytes(units: Iterable[PlannedUnit]) -> bytes:
    """Return the manifest, whose sha256 is signed: one line per unit, fields separated by US (0x1F).

    The database compares the digest of these bytes with the signed one and reads the rows out of them.
    """
    return PlannedUnits.of(units).manifest


def manifest_digest(units: Iterable[PlannedUnit]) -> str:
    """Return the sha256 of the manifest's bytes; `fn_manifest_digest` computes the same from the rows."""
    return PlannedUnits.of(units).digest


class Turn(NamedTuple):
    """State of a run's chain of one-time keys, in the database."""

    is_locked: bool
    """False for a run of version 0.2.0, whose next event gives it its first lock."""
    vouched: int
    """Events that have used a key."""


def turn_of(connection: psycopg.Connection, run_id: str) -> Turn:
    """Return how far the chain of a run is; of a run that is not there yet, its beginning."""
    row = connection.execute(_TURN, (run_id,)).fetchone()
    return Turn(is_locked=row is None or row[0] is not None, vouched=int(row[1]) if row is not None else 0)


def event_json(
    connection: psycopg.Connection, run_id: str, event: Event, key: JournalKey | None, turn: Turn | None = None
) -> Jsonb:
    """Return the event as the functions take it, with the journal's next one-time key.

    Without `key` the event is recorded as not vouched for. `turn` was asked for in the same transaction, before any other
    event of it; None asks now.
    """
    members: dict[str, object] = {
        "phase": event.phase,
        "outcome": event.outcome,
        "record": json.loads(event.record),
        "seq": event.anchor.sequence,
        "head": event.anchor.hash,
    }
    if key is not None:
        members |= _keys(turn or turn_of(connection, run_id), key)
    return Jsonb(members)


def _keys(turn: Turn, key: JournalKey) -> dict[str, object]:
    if not turn.is_locked:
        return {"lock": key.lock(0)}
    # Only vouched events have used a key: one without it must not move the chain, or it would end the writer's.
    return {"key": key.key(turn.vouched), "lock": key.lock(turn.vouched + 1)}


def create_run(connection: psycopg.Connection, facts: NewRun, event: Jsonb) -> None:
    """Register the document and the run; the event is the first of the run."""
    with sent_together(connection):
        connection.execute(
            "SELECT cutter_console.fn_document_register(%s, %s, %s)", (facts.docprefix, facts.origin, facts.profile)
        )
        connection.execute(
            "SELECT cutter_console.fn_run_create(%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                facts.run_id,
                facts.operation,
                facts.docprefix,
                facts.origin,
                facts.profile,
                facts.operator,
                facts.host,
                event,
            ),
        )


def pin_source(connection: psycopg.Connection, run_id: str, source: SourceVersion, event: Jsonb) -> None:
    """Record the pinned snapshot; the run is then source_pinned."""
    connection.execute(
        "SELECT cutter_console.fn_source_pin(%s, %s, %s, %s, %s, %s)",
        (run_id, source.bytes, source.sha256, source.canonical_sha256, source.canon_rule, event),
    )


def record_plan(connection: psycopg.Connection, run_id: str, plan: CutPlan, baseline_digest: str, event: Jsonb) -> None:
    """Give the run its plan, once; the run is then cutplan_ok. An amendment names the law that it was planned against."""
    if plan.amendment is not None:
        connection.execute("SELECT cutter_console.fn_run_base(%s, %s)", (run_id, plan.amendment.base_digest))
    connection.execute(
        "SELECT cutter_console.fn_run_plan(%s, %s, %s, %s, %s, %s)",
        (run_id, plan.plan_digest, plan.document.content_digest, plan.n_units, baseline_digest, event),
    )


def advance(connection: psycopg.Connection, run_id: str, stage: Stage, event: Jsonb) -> None:
    """Record a step that has no other effect; the database refuses any stage but the next."""
    connection.execute("SELECT cutter_console.fn_run_advance(%s, %s, %s)", (run_id, stage.value, event))


def record_structure(connection: psycopg.Connection, run_id: str, event: Jsonb) -> None:
    """Record, as cutter_verify, that the drafts are in place. The database compares them with what was signed."""
    connection.execute("SELECT cutter_console.fn_structure_record(%s, %s)", (run_id, event))


def leave(connection: psycopg.Connection, run_id: str, family: Family, reason: str, event: Jsonb) -> None:
    """Record that the run has failed, was stopped or was voided."""
    connection.execute(LEAVE_RUN, (run_id, family.value, reason, event))


def return_to_way(connection: psycopg.Connection, run_id: str, event: Jsonb) -> None:
    """Record that the operator resumes a stopped run."""
    connection.execute("SELECT cutter_console.fn_run_return(%s, %s)", (run_id, event))


def replan(connection: psycopg.Connection, run_id: str, event: Jsonb) -> None:
    """Take the run's plan away and return it to its pinned source; only while it has written nothing."""
    connection.execute("SELECT cutter_console.fn_run_replan(%s, %s)", (run_id, event))


def rest(connection: psycopg.Connection, run_id: str, event: Jsonb) -> None:
    """Anchor the journal's head when the console ends its work on a run."""
    connection.execute("SELECT cutter_console.fn_run_rest(%s, %s)", (run_id, event))


def close_run(connection: psycopg.Connection, run_id: str, event: Jsonb) -> None:
    """Close an enacted run; the present counts become the baseline."""
    connection.execute("SELECT cutter_console.fn_run_close(%s, %s)", (run_id, event))


def apply_cut(connection: psycopg.Connection, run_id: str, plan: CutPlan, canonical: bytes, event: Jsonb) -> None:
    """Run leg A: send manifest and canonical text; the database seals them and writes the drafts.

    Raises Held (COUNT_MISMATCH) if its answer is not the planned one.
    """
    manifest, text = large_values(connection, manifest_bytes(plan.document.units), canonical)
    row = connection.execute(
        "SELECT cutter_console.fn_cut_apply(%b, %b, %b, %s)",
        (run_id, manifest, text, event),
    ).fetchone()
    n = plan.n_units
    if plan.amendment is None:
        _require_answer(row, {"status": "cut", "units": n, "versions": n})
        return
    counts = plan.amendment.counts
    status = "sealed" if counts.is_repeal else "amended"
    _require_answer(row, {"status": status, "units": counts.made, "versions": counts.drafts})


def apply_edit(connection: psycopg.Connection, run_id: str, plan: CutPlan, source: bytes, event: Jsonb) -> None:
    """Write a new version for each unit of the signed edit, all or none. Raises Held as `apply_cut` does."""
    row = connection.execute(
        "SELECT cutter_console.fn_edit_apply(%b, %b, %b, %s)",
        (run_id, manifest_bytes(plan.document.units), source, event),
    ).fetchone()
    _require_answer(row, {"status": "edited", "units": plan.n_units})


def record_cut(connection: psycopg.Connection, run_id: str, affected: int, event: Jsonb) -> None:
    """Run leg B: write the governance rows of a verified cut of so many units. Raises Held as `apply_cut` does."""
    row = connection.execute("SELECT cutter_console.fn_cut_record(%s, %s)", (run_id, event)).fetchone()
    _require_answer(row, {"status": "recorded", "affected": affected})


def record_verification(connection: psycopg.Connection, run_id: str, outcome: str, checks: str, event: Jsonb) -> str:
    """Record, as cutter_verify, the verdict with its checks as JSON. Returns the result's id."""
    return str(
        scalar(
            connection,
            "SELECT cutter_console.fn_verify_record(%s, %s, %s::jsonb, %s)::text",
            run_id,
            outcome,
            checks,
            event,
        )
    )


def record_edit_verification(connection: psycopg.Connection, run_id: str, event: Jsonb) -> None:
    """Record, as cutter_verify, that edited drafts were read back; the database takes PASS only if it finds the same."""
    connection.execute("SELECT cutter_console.fn_edit_verify_record(%s, %s)", (run_id, event))


def enact(connection: psycopg.Connection, run_id: str, n_units: int, event: Jsonb) -> None:
    """Turn the run's draft units into law, all in one transaction. Raises Held as `apply_cut` does."""
    row = connection.execute("SELECT cutter_console.fn_cut_enact(%s, %s)", (run_id, event)).fetchone()
    _require_answer(row, {"status": "enacted", "units": n_units, "versions": n_units})


def enact_amendment(connection: psycopg.Connection, run_id: str, counts: AmendmentCounts, event: Jsonb) -> None:
    """Turn an amendment into law, and what it replaces or repeals into history. Raises Held as `apply_cut` does."""
    row = connection.execute("SELECT cutter_console.fn_cut_enact(%s, %s)", (run_id, event)).fetchone()
    status = "repealed" if counts.is_repeal else "amended"
    _require_answer(row, {"status": status, "units": counts.touched, "versions": counts.drafts})


def revert(connection: psycopg.Connection, run_id: str, event: Jsonb) -> int:
    """Turn the run's draft units into superseded ones and return their number; nothing is deleted."""
    row = connection.execute(REVERT_CUT, (run_id, event)).fetchone()
    answer = row[0] if row is not None else {}
    _require_answer(row, {"status": "reverted", "units": answer.get("units")})
    return int(answer["units"])


def _require_answer(row: tuple[object, ...] | None, expected: dict[str, object]) -> None:
    """Raise Held (COUNT_MISMATCH), and so roll back, if the answer of a write is not the expected one."""
    if row is None or row[0] != expected:
        raise Held(
            StopCode.COUNT_MISMATCH,
            f"the database answered {row[0] if row else 'nothing'}, expected was {expected}",
            "Nothing was committed; see cutter-console drift.",
        )


@dataclass(frozen=True)
class DraftDigests:
    """The drafts of a run by their digests, as the database or this program computed them of their lines."""

    digest: str
    """Merkle root (RFC 6962) over the lines."""
    file_sha256: str
    """Of the lines, joined by LF."""
    count: int


@dataclass(frozen=True)
class DraftState(DraftDigests):
    """The drafts of a run, read back: their digests, and the lines behind them."""

    lines: KeptLines
    """One unit each: address, parent, kind, section type, number, title, sha256 of the body; split by TAB."""


def draft_state(connection: psycopg.Connection, run_id: str) -> DraftState:
    """Read the drafts back; the caller connects as cutter_verify, which may not write them."""
    return _draft_state(KeptLines(str(line) for (line,) in arriving(connection, _LINES, (run_id,))))


def draft_digests(connection: psycopg.Connection, run_id: str, *, lines_to: int) -> DraftDigests:
    """Return the digests of the drafts if no row has moved since they were verified; read them back otherwise.

    Up to `lines_to` drafts are read back whether they are known or not.
    """
    return read_unless_known(connection, run_id, known_digests(connection, run_id), lines_to=lines_to)


def known_digests(connection: psycopg.Connection, run_id: str) -> DraftDigests | None:
    """Return the digests of the drafts if no row has moved since they were verified, else None."""
    row = connection.execute(_KNOWN, (run_id,)).fetchone()
    return None if row is None else DraftDigests(digest=str(row[0]), file_sha256=str(row[1]), count=int(row[2]))


def read_unless_known(
    connection: psycopg.Connection, run_id: str, known: DraftDigests | None, *, lines_to: int
) -> DraftDigests:
    """Return the digests that are known; read the drafts back where they are not, and up to `lines_to` of them in any case."""
    return draft_state(connection, run_id) if known is None or known.count <= lines_to else known


def draft_reading(connection: psycopg.Connection, run_id: str) -> tuple[str, DraftState]:
    """Read the drafts back, and why they could not be enacted; empty if they are as signed and were verified afterwards."""
    facts: list[tuple[str, str, str]] = []

    def lines() -> Iterator[str]:
        for refused, digest, file_sha256, line in arriving(connection, _READING, (run_id,)):
            facts.extend([(str(refused or ""), str(digest), str(file_sha256))] if file_sha256 is not None else [])
            if line is not None:
                yield str(line)

    state = _draft_state(KeptLines(lines()))
    refused, *known = facts[0] if facts else ("", "", "")
    if state.count:
        return refused, state
    # No line came, so they are known: the manifests that each draft was compared with have the same lines.
    state = _draft_state(KeptLines.of_file(str(scalar(connection, _SIGNED_LINES, run_id)).encode()))
    return refused, state if [state.digest, state.file_sha256] == known else draft_state(connection, run_id)


_LINES = "SELECT line FROM cutter_console.fn_draft_lines(%s) ORDER BY seq"
# As one text: a hundred thousand rows are long to take one by one.
_SIGNED_LINES = (
    "SELECT coalesce(string_agg(line, chr(10) ORDER BY seq), '') FROM cutter_console.fn_draft_signed_lines(%s)"
)
_KNOWN = "SELECT digest, file_sha256, n FROM cutter_console.fn_draft_known(%s)"
_READING = """
    SELECT CASE WHEN coalesce(l.place, 1) = 1 THEN d.refused END,
           CASE WHEN coalesce(l.place, 1) = 1 THEN coalesce(d.digest, '') END,
           CASE WHEN coalesce(l.place, 1) = 1 THEN coalesce(d.file_sha256, '') END, l.line
      FROM cutter_console.fn_draft_reading(%s) d
      LEFT JOIN LATERAL unnest(d.lines) WITH ORDINALITY l (line, place) ON true ORDER BY l.place
"""


def _draft_state(lines: KeptLines) -> DraftState:
    return DraftState(digest=merkle_root(lines), file_sha256=sha256_hex(lines.data), count=len(lines), lines=lines)


def draft_differences(connection: psycopg.Connection, run_id: str) -> tuple[str, ...]:
    """Return one line for each unit that is not as signed: its address and the difference."""
    query = "SELECT address || ': ' || difference FROM cutter_console.fn_draft_differences(%s) ORDER BY 1"
    return tuple(str(line) for (line,) in connection.execute(query, (run_id,)).fetchall())


def draft_digest(connection: psycopg.Connection, run_id: str) -> str:
    """Return the Merkle root over the present draft rows."""
    return str(scalar(connection, "SELECT cutter_console.fn_draft_digest(%s)", run_id))


def import_approval(connection: psycopg.Connection, statement: bytes, signatures: tuple[bytes, ...]) -> str:
    """Record, as cutter_verify, a statement with its signatures, and read both back. Returns its sha256.

    The database reads every column out of the statement and verifies the signatures itself. Raises Refused if
    what is stored is not what was sent.
    """
    digest = str(scalar(connection, "SELECT cutter_console.fn_approval_import(%b, %b)", statement, list(signatures)))
    # A row with the same digest may have been there before: the function's answer alone does not tell its content.
    stored = connection.execute(
        "SELECT statement, signatures FROM cutter_governance.approval WHERE statement_sha256 = %s", (digest,)
    ).fetchone()
    if digest != sha256_hex(statement) or stored is None or bytes(stored[0]) != statement:
        raise Refused(
            StopCode.INVARIANT_FAILED,
            "the statement was read back with other bytes than were sent",
            "Nothing was recorded; see the settings of the role and the database: cutter-console drift",
        )
    if not set(signatures) <= {bytes(signature) for signature in stored[1]}:
        raise Refused(
            StopCode.REPLAY_CONFLICT,
            f"statement {digest} was recorded before, with other signatures than these",
            "It counts with those that it was recorded with; nothing is to be done.",
        )
    return digest


def record_backup(connection: psycopg.Connection, run_id: str, proof: BackupProof) -> None:
    """Record, as cutter_verify, a proven backup; the database compares its digests with the tables."""
    connection.execute("SELECT cutter_console.fn_backup_record(%s, %s)", (run_id, Jsonb(proof.model_dump(mode="json"))))


def backup_age(connection: psycopg.Connection, run_id: str) -> float | None:
    """Return the seconds since the newest proof of this run, by the database's clock; None if there is none."""
    age = scalar(connection, "SELECT cutter_console.fn_backup_age(%s)", run_id)
    return None if age is None else float(str(age))


def arm(connection: psycopg.Connection, run_id: str, purpose: str, operator: str, host: str, minutes: int) -> str:
    """Open the lease for one purpose, for so many minutes. Return its id."""
    query = "SELECT cutter_console.fn_lease_arm(%s, %s, %s, %s, %s)"
    return str(scalar(connection, query, run_id, purpose, operator, host, minutes))


def take_lease(connection: psycopg.Connection, run_id: str, purpose: str) -> None:
    """Bind the open lease to this session: it ends with the session."""
    connection.execute("SELECT cutter_console.fn_lease_take(%s, %s)", (run_id, purpose))


def disarm(connection: psycopg.Connection, reason: str) -> None:
    """End the open lease, unless another session has it locked."""
    connection.execute("SELECT cutter_console.fn_lease_end(%s)", (reason,))


def disarm_run(connection: psycopg.Connection, run_id: str, reason: str, holder_pid: int | None) -> None:
    """End the open lease of this run, unless a session other than `holder_pid` has taken it up."""
    connection.execute("SELECT cutter_console.fn_lease_end_of(%s, %s, %s)", (run_id, reason, holder_pid))


def set_hold(connection: psycopg.Connection, reason: str, by: str, run_id: str | None) -> None:
    """Record a HOLD."""
    connection.execute("SELECT cutter_console.fn_hold_set(%s, %s, %s)", (reason, by, run_id))


def ensure_hold(connection: psycopg.Connection, reason: str, by: str) -> bool:
    """Record a HOLD unless one is set, as the role that may do nothing else. Return whether this call has set it."""
    row = connection.execute("SELECT cutter_console.fn_hold_ensure(%s, %s)", (reason, by)).fetchone()
    return row == (True,)


def release_hold(connection: psycopg.Connection, reason: str, by: str) -> None:
    """Record the release of the HOLD."""
    connection.execute(RELEASE_HOLD, (reason, by))
