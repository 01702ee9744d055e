"""Rolled-back probes: what the write functions really do, asked of the database by doing it and keeping nothing."""

import psycopg
from pydantic import Field, TypeAdapter

from console.backend.model.errors import CutterError, Drifted, Held, Refused, StopCode, Unmeasured
from console.backend.model.plan_binding import expected_cut_deltas, expected_step_deltas
from console.backend.model.purposes import Purpose
from console.backend.model.safe_text import SafeText
from console.backend.model.tables import LEG_A, SIGNATURE, VERIFY_RESULT
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar

SIZES = (1, 3, 60, 137)
"""Units of the synthetic documents: one, a first run, a law, more than a page."""
_TRIES = 4
_SPENT = "cutter_governance.approval_use"
_SEALED = "cutter_governance.manifest_seal"

_Rows = dict[str, tuple[int, int, int]]


class TableChange(Value):
    """Rows of one table that were inserted, updated and deleted between two moments."""

    table: str
    inserted: int
    updated: int
    deleted: int


class KindCount(Value):
    """Units of one kind and section type."""

    kind: SafeText
    units: int


class CutProbe(Value):
    """A synthetic document of `n` units, cut, recorded, verified and rolled back."""

    n: int
    done: bool
    failed: SafeText
    """SQLSTATE and message of the error that stopped it; empty if nothing did."""
    leg_a: tuple[TableChange, ...]
    leg_b: tuple[TableChange, ...]
    """With leg A."""
    verified: tuple[TableChange, ...]
    """With both legs."""
    histogram: tuple[KindCount, ...]
    sound: int
    """Units that stand as they were planned: body, hash, anchor, parent, kind, lifecycle."""


class RevertProbe(Value):
    """A draft cut that was taken back and rolled back, with the readers' digest before, inside and after."""

    run_id: SafeText
    """The run whose draft it was; empty for a synthetic one."""
    n: int
    done: bool
    failed: SafeText
    full: str
    """Readers' digest with the draft."""
    without: str
    """Readers' digest without the draft's units: what the revert must come back to."""
    inside: str
    """Readers' digest after the revert, before the rollback."""
    after: str
    """Readers' digest after the rollback."""
    entries: int
    """Backlog entries of the cut: one where leg B was recorded, else none; each is told of the revert."""
    changed: tuple[TableChange, ...]


class Generality(Value):
    """The probes of several sizes, and what became of their transaction."""

    probes: tuple[CutProbe, ...]
    transaction: SafeText
    """The transaction's id and status: `1234 aborted`."""
    kept_nothing: bool


class Reverted(Value):
    """One revert, and what became of its transaction."""

    probe: RevertProbe
    transaction: SafeText
    kept_nothing: bool


class _Raw(Value):
    """One probe as the database tells it."""

    n: int
    done: bool = False
    failed: str = ""
    run_id: str = ""
    begun: _Rows = Field(default_factory=dict)
    leg_a: _Rows = Field(default_factory=dict)
    leg_b: _Rows = Field(default_factory=dict)
    verified: _Rows = Field(default_factory=dict)
    reverted: _Rows = Field(default_factory=dict)
    histogram: dict[str, int] = Field(default_factory=dict)
    sound: int = 0
    entries: int = 0
    full: str = ""
    without: str = ""
    inside: str = ""
    after: str = ""


class _Answer(Value):
    refused: str = ""
    detail: str = ""
    probes: tuple[_Raw, ...] = ()
    xid: str | None = None


_ANSWER = TypeAdapter(_Answer)


def probe_generality(connection: psycopg.Connection, gate: str, sizes: tuple[int, ...] = SIZES) -> Generality:
    """Cut, record and verify a synthetic document of each size as cutter_verify; rolled back inside and out.

    Raises CutterError with the way out where it may not be tried now: a HOLD, an armed switch, another probe.
    """
    answer = _asked(connection, gate, "SELECT cutter_governance.fn_probe_cut(%s)", list(sizes))
    status = _rolled_back(connection, answer)
    probes = tuple(_cut(raw) for raw in answer.probes)
    return Generality(probes=probes, transaction=status, kept_nothing=status.endswith(" aborted"))


def probe_revert(connection: psycopg.Connection, gate: str) -> Reverted:
    """Take the newest draft cut back, or a synthetic one of three units where there is none; rolled back inside and out.

    Raises CutterError as `probe_generality` does.
    """
    answer = _asked(connection, gate, "SELECT cutter_governance.fn_probe_revert()")
    if not answer.probes:
        answer = _asked(connection, gate, "SELECT cutter_governance.fn_probe_cut(%s, true)", [3])
    status = _rolled_back(connection, answer)
    raw = answer.probes[0]
    return Reverted(probe=_revert(raw), transaction=status, kept_nothing=status.endswith(" aborted"))


def _asked(connection: psycopg.Connection, gate: str, query: str, *values: object) -> _Answer:
    for _ in range(_TRIES):
        answer = _ANSWER.validate_python(scalar(connection, query, *values))
        if answer.refused != "BUSY":
            break
        connection.rollback()
    if answer.refused:
        raise _refusal(answer, gate)
    return answer


def _refusal(answer: _Answer, gate: str) -> CutterError:
    again = f"then: cutter-console gates {gate}"
    match answer.refused:
        case "HOLD":
            return Held(StopCode.HOLD, answer.detail, f"See cutter-console hold show; when it is released, {again}")
        case "ARMED":
            way_out = f"Let the run come to rest, or end the lease: cutter-console disarm; {again}"
            return Refused(StopCode.LOCKED, answer.detail, way_out)
        case "BUSY":
            return Refused(StopCode.LOCKED, answer.detail, f"Wait for the other transaction, {again}")
        case "READ_ONLY":
            return Drifted(StopCode.IDENTITY_MISMATCH, answer.detail, f"Connect to the primary, {again}")
        case "COUNTERS":
            step = "As administrator: ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf();"
            return Unmeasured(StopCode.UNREACHABLE, answer.detail, f"{step} {again}")
        case _:
            return Unmeasured(StopCode.INVARIANT_FAILED, answer.detail, f"Begin a transaction of its own, {again}")


def _rolled_back(connection: psycopg.Connection, answer: _Answer) -> str:
    """Roll back, then ask what became of the transaction: its status is the evidence that nothing was kept."""
    connection.rollback()
    status = scalar(connection, "SELECT pg_xact_status(%s::xid8)", answer.xid) if answer.xid else "none was begun"
    connection.rollback()
    return f"{answer.xid} {status}"


def _cut(raw: _Raw) -> CutProbe:
    return CutProbe(
        n=raw.n,
        done=raw.done,
        failed=raw.failed,
        leg_a=_between(raw.begun, raw.leg_a),
        leg_b=_between(raw.begun, raw.leg_b),
        verified=_between(raw.begun, raw.verified),
        histogram=tuple(KindCount(kind=kind, units=units) for kind, units in sorted(raw.histogram.items())),
        sound=raw.sound,
    )


def _revert(raw: _Raw) -> RevertProbe:
    return RevertProbe(
        run_id=raw.run_id,
        n=raw.n,
        done=raw.done,
        failed=raw.failed,
        full=raw.full,
        without=raw.without,
        inside=raw.inside,
        after=raw.after,
        entries=raw.entries,
        changed=_between(raw.verified or raw.begun, raw.reverted),
    )


def _between(before: _Rows, after: _Rows) -> tuple[TableChange, ...]:
    """Tables that changed, with by how many rows."""
    found = []
    for table in sorted(after):
        old, new = before.get(table, (0, 0, 0)), after[table]
        inserted, updated, deleted = (n - o for n, o in zip(new, old, strict=True))
        if inserted or updated or deleted:
            found.append(TableChange(table=table, inserted=inserted, updated=updated, deleted=deleted))
    return tuple(found)


def cut_faults(probe: CutProbe, vocabulary: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """Pure: where a probe's rows and histogram are not those of a cut of its size; nothing where it is as planned."""
    if probe.failed or not probe.done:
        return (probe.failed or "it ended before it was done",)
    n = probe.n
    of_the_ruling = {_SPENT: 1, _SEALED: 1}
    leg_a = {delta.table: delta.rows for delta in expected_cut_deltas(n) if delta.table in LEG_A} | of_the_ruling
    leg_b = {delta.table: delta.rows for delta in expected_cut_deltas(n) if delta.rows} | of_the_ruling
    verified = leg_b | {VERIFY_RESULT: 1, SIGNATURE: leg_b[SIGNATURE] + 1}
    faults = [
        *_inserted_faults("leg A", probe.leg_a, leg_a),
        *_inserted_faults("leg A and leg B", probe.leg_b, leg_b),
        *_inserted_faults("both legs and the verification", probe.verified, verified),
    ]
    have = {one.kind: one.units for one in probe.histogram}
    wanted = asked_histogram(n, vocabulary)
    faults += [
        f"{kind}: {have.get(kind, 0)} units, {wanted.get(kind, 0)} asked"
        for kind in sorted(have.keys() | wanted.keys())
        if have.get(kind) != wanted.get(kind)
    ]
    if probe.sound != n:
        faults.append(f"{probe.sound} of {n} units stand as they were planned")
    return tuple(faults)


def revert_faults(probe: RevertProbe) -> tuple[str, ...]:
    """Pure: where a revert did not bring readers back to what they saw without the draft, or touched anything else."""
    if probe.failed or not probe.done:
        return (probe.failed or "it ended before it was done",)
    wanted = {delta.table: delta.rows for delta in expected_step_deltas(probe.n)} | {_SPENT: 1}
    if not probe.run_id:
        wanted |= {"cutter_governance.execution_lease": 1}
    wanted["cutter_governance.decision_backlog_history"] = probe.entries
    before = probe.full if probe.run_id else probe.without
    faults = _inserted_faults(Purpose.REVERT, probe.changed, wanted)
    if probe.inside != probe.without:
        faults.append(f"readers' digest after the revert is {probe.inside}, without the draft it is {probe.without}")
    if probe.full == probe.without:
        faults.append("the draft's units were not among what readers see")
    if probe.after != before:
        faults.append(f"readers' digest after the rollback is {probe.after}, before it was {before}")
    return tuple(faults)


def asked_histogram(n: int, vocabulary: frozenset[tuple[str, str]]) -> dict[str, int]:
    """Pure: units of each kind in a synthetic document of `n`: every pair of the vocabulary in turn."""
    turns, rest = divmod(n, len(vocabulary))
    counted = ((pair, turns + (k < rest)) for k, pair in enumerate(sorted(vocabulary)))
    return {"/".join(pair): units for pair, units in counted if units}


def _inserted_faults(what: str, changes: tuple[TableChange, ...], wanted: dict[str, int]) -> list[str]:
    have = {one.table: one.inserted for one in changes if one.inserted}
    faults = [
        f"{what}: {table}: {have.get(table, 0):+d} rows, {wanted.get(table, 0):+d} planned"
        for table in sorted(have.keys() | wanted.keys())
        if have.get(table, 0) != wanted.get(table, 0)
    ]
    return faults + [f"{what}: {one.table}: {one.deleted} rows deleted" for one in changes if one.deleted]
