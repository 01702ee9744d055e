"""Rolled-back probes: the write functions are called with synthetic documents, measured and rolled back."""

import psycopg
from pydantic import Field, TypeAdapter

from console.backend.model.errors import CutterError, Drifted, Held, Refused, StopCode, Unmeasured
from console.backend.model.plan_binding import expected_cut_deltas, expected_step_deltas
from console.backend.model.purposes import Purpose
from console.backend.model.safe_text import SafeText
from console.backend.model.schema_names import SchemaNames
from console.backend.model.tables import LEG_A, SIGNATURE, VERIFY_RESULT
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.session import leave

SIZES = (1, 3, 60, 137)
"""Units of the synthetic documents: one, a first run, a law, more than a page."""
_TRIES = 4
_SPENT = "cutter_governance.approval_use"
_SEALED = "cutter_governance.manifest_seal"
_KEPT = "cutter_governance.kept_document"

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
    """SQLSTATE and message of the error that stopped it; empty if there was none."""
    leg_a: tuple[TableChange, ...]
    leg_b: tuple[TableChange, ...]
    """With leg A."""
    verified: tuple[TableChange, ...]
    """With both legs."""
    histogram: tuple[KindCount, ...]
    sound: int
    """Number of units that are as planned: body, hash, anchor, parent, kind, lifecycle."""


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
    """Readers' digest without the draft's units: the digest that the revert must lead to."""
    inside: str
    """Readers' digest after the revert, before the rollback."""
    after: str
    """Readers' digest after the rollback."""
    entries: int
    """Backlog entries of the cut: 1 if leg B was recorded, else 0; the revert adds a row to the history of each."""
    changed: tuple[TableChange, ...]


class Generality(Value):
    """The probes of several sizes, and the outcome of their transaction."""

    probes: tuple[CutProbe, ...]
    transaction: SafeText
    """The transaction's id and status: `1234 aborted`."""
    kept_nothing: bool


class Reverted(Value):
    """One revert, and the outcome of its transaction."""

    probe: RevertProbe
    transaction: SafeText
    kept_nothing: bool


class _Raw(Value):
    """One probe as the database answers it."""

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

    def as_written(self, names: SchemaNames) -> "_Raw":
        """Return the same with the tables named as statements write them."""
        steps = ("begun", "leg_a", "leg_b", "verified", "reverted")
        return self.model_copy(
            update={step: {names.as_written(name): n for name, n in getattr(self, step).items()} for step in steps}
        )


class _Answer(Value):
    refused: str = ""
    detail: str = ""
    probes: tuple[_Raw, ...] = ()
    xid: str | None = None

    def as_written(self, names: SchemaNames) -> "_Answer":
        """Return the same with the tables named as statements write them."""
        return self.model_copy(update={"probes": tuple(probe.as_written(names) for probe in self.probes)})


_ANSWER = TypeAdapter(_Answer)


def probe_generality(connection: psycopg.Connection, gate: str, sizes: tuple[int, ...] = SIZES) -> Generality:
    """Cut, record and verify a synthetic document of each size as cutter_verify; rolled back inside and out.

    Raises CutterError with the next action if it may not be tried now: a HOLD, an armed switch, another probe.
    """
    answer = _answer_of(connection, gate, "SELECT cutter_console.fn_probe_cut(%s)", list(sizes))
    status = _rolled_back(connection, answer)
    probes = tuple(_cut(raw) for raw in answer.probes)
    return Generality(probes=probes, transaction=status, kept_nothing=status.endswith(" aborted"))


def probe_revert(connection: psycopg.Connection, gate: str) -> Reverted:
    """Revert the newest draft cut, or a synthetic one of three units if there is none; rolled back inside and out.

    Raises CutterError as `probe_generality` does.
    """
    answer = _answer_of(connection, gate, "SELECT cutter_console.fn_probe_revert()")
    if not answer.probes:
        answer = _answer_of(connection, gate, "SELECT cutter_console.fn_probe_cut(%s, true)", [3])
    status = _rolled_back(connection, answer)
    raw = answer.probes[0]
    return Reverted(probe=_revert(raw), transaction=status, kept_nothing=status.endswith(" aborted"))


def _answer_of(connection: psycopg.Connection, gate: str, query: str, *values: object) -> _Answer:
    # BUSY means that another transaction held a lock or wrote at the same time; the next try mostly comes through.
    for _ in range(_TRIES):
        answer = _ANSWER.validate_python(scalar(connection, query, *values)).as_written(schema_names(connection))
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
    """Roll back, and return the transaction's id and status: `aborted` is the evidence that nothing was kept."""
    leave(connection)
    status = scalar(connection, "SELECT pg_xact_status(%s::xid8)", answer.xid) if answer.xid else "none was begun"
    # The question itself has begun a transaction.
    leave(connection)
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
    """Return the tables that changed, each with the numbers of rows; the counters of a table that has none are 0."""
    changes = []
    for table in sorted(after):
        old, new = before.get(table, (0, 0, 0)), after[table]
        inserted, updated, deleted = (n - o for n, o in zip(new, old, strict=True))
        if inserted or updated or deleted:
            changes.append(TableChange(table=table, inserted=inserted, updated=updated, deleted=deleted))
    return tuple(changes)


def cut_faults(probe: CutProbe, vocabulary: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """Pure: one line for each difference of a probe's rows and histogram from a cut of its size."""
    if probe.failed or not probe.done:
        return (probe.failed or "it ended before it was done",)
    n = probe.n
    of_the_ruling = {_SPENT: 1, _SEALED: 1, _KEPT: 1}
    leg_a = {delta.table: delta.rows for delta in expected_cut_deltas(n) if delta.table in LEG_A} | of_the_ruling
    leg_b = {delta.table: delta.rows for delta in expected_cut_deltas(n) if delta.rows} | of_the_ruling
    verified = leg_b | {VERIFY_RESULT: 1, SIGNATURE: leg_b[SIGNATURE] + 1}
    faults = [
        *_inserted_faults("leg A", probe.leg_a, leg_a),
        *_inserted_faults("leg A and leg B", probe.leg_b, leg_b),
        *_inserted_faults("both legs and the verification", probe.verified, verified),
    ]
    have = {count.kind: count.units for count in probe.histogram}
    wanted = asked_histogram(n, vocabulary)
    faults += [
        f"{kind}: {have.get(kind, 0)} units, {wanted.get(kind, 0)} asked"
        for kind in sorted(have.keys() | wanted.keys())
        if have.get(kind) != wanted.get(kind)
    ]
    if probe.sound != n:
        faults.append(f"{probe.sound} of {n} units are as planned")
    return tuple(faults)


def revert_faults(probe: RevertProbe) -> tuple[str, ...]:
    """Pure: one line for each fault of a revert: a readers' digest other than that without the draft, or other rows."""
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
    """Pure: the units of each `kind/section type` in a synthetic document of `n`; the vocabulary's pairs take turns."""
    turns, rest = divmod(n, len(vocabulary))
    counted = ((pair, turns + (k < rest)) for k, pair in enumerate(sorted(vocabulary)))
    return {"/".join(pair): units for pair, units in counted if units}


def _inserted_faults(legs: str, changes: tuple[TableChange, ...], wanted: dict[str, int]) -> list[str]:
    have = {change.table: change.inserted for change in changes if change.inserted}
    faults = [
        f"{legs}: {table}: {have.get(table, 0):+d} rows, {wanted.get(table, 0):+d} planned"
        for table in sorted(have.keys() | wanted.keys())
        if have.get(table, 0) != wanted.get(table, 0)
    ]
    return faults + [f"{legs}: {change.table}: {change.deleted} rows deleted" for change in changes if change.deleted]
