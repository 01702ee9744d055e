"""Verification of a cut: the rows as they are, against the pinned source and not against what the cutter says."""

from collections.abc import Iterable
from datetime import UTC, datetime

import psycopg

from console.backend.model.amendment import Amendment, amendment_in_words
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan import CutPlan
from console.backend.model.plan_binding import PlanBinding, TableCount, TableDelta
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.value import Value
from console.backend.model.written_plan import cut_as_written, kept_bytes
from console.backend.postgres.base import base_digest
from console.backend.postgres.kept import counted_rows
from console.backend.postgres.measure import (
    measure_counts,
    readers_digest_since,
    readers_digest_without_run_since,
    rows_added_since,
)
from console.backend.postgres.units import (
    EditRow,
    UnitRow,
    amended_units,
    edits_of_document,
    units_of_document,
)


class Rows(Value):
    """Rows that verification reads, in one snapshot."""

    units: tuple[UnitRow, ...]
    edits: tuple[EditRow, ...] = ()
    counts: tuple[TableCount, ...]
    added_by_others: tuple[TableCount, ...] = ()
    """Rows that other runs have recorded since the plan was made."""
    untouched_digest: str
    """Of what readers see without the run's own units, with what other runs have recorded since as it was before."""
    base_digest: str = ""
    """Of the law that an amendment is to change; empty for a first cut."""
    measured_at: datetime
    role: str


def measure_rows(
    connection: psycopg.Connection, run_id: str, docprefix: str, amendment: Amendment | None = None, *, effects: int = 0
) -> Rows:
    """Read the document's units, the counts and the digest of all other rows.

    Of an amendment: the units of its text, and all that readers see but its new units. `effects` is the last effect that
    was recorded before the plan was made: what other runs have recorded since is told apart.
    """
    # One snapshot for all rows: units and counts of two moments could differ without a fault.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return Rows(
        units=units_of_document(connection, docprefix) if amendment is None else amended_units(connection, run_id),
        edits=edits_of_document(connection, docprefix) if amendment is None else (),
        counts=_counts(connection),
        added_by_others=rows_added_since(connection, effects, run_id),
        untouched_digest=readers_digest_without_run_since(connection, effects, docprefix, run_id)
        if amendment is None
        else readers_digest_since(connection, effects, docprefix, list(amendment.new)),
        base_digest=base_digest(connection, docprefix) if amendment is not None else "",
        measured_at=datetime.now(UTC),
        role=connection.info.user,
    )


def _counts(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the rows of every table, those of the large ones counted now and not as they are kept."""
    counted_now = counted_rows(connection)
    return tuple(
        count.model_copy(update={"rows": counted_now.get(count.table, count.rows)})
        for count in measure_counts(connection)
    )


def structural_checks(plan: CutPlan, rows: Rows) -> tuple[Check, ...]:
    """Pure: cardinality, addresses, anchors, hierarchy; of an amendment the effects and its base."""
    planned, unit_rows = plan.document.units, {row.address: row for row in rows.units}
    verdict, edited = _Verdict(rows), {edit.address: edit for edit in rows.edits}
    places = (
        verdict.check(
            "cardinality",
            f"{counted(len(rows.units), 'unit')}, {len(planned)} planned",
            len(rows.units) == len(planned),
        ),
        verdict.first(
            "addresses",
            (unit.address for unit in planned if unit.address not in unit_rows),
            f"all {len(planned)} planned addresses exist",
        ),
    )
    if plan.amendment is not None:
        return (*places, *_amendment_checks(plan, plan.amendment, rows))
    return (
        *places,
        verdict.first(
            "anchors",
            (row.address for row in rows.units if not _anchored(row, edited.get(row.address))),
            "every unit is anchored to its last signed version"
            if edited
            else "every unit is anchored to its one version",
        ),
        verdict.first(
            "hierarchy",
            _misplaced(planned, unit_rows, edited),
            "parent, kind, section type and number are the planned ones",
        ),
        verdict.first(
            "lifecycle", (row.address for row in rows.units if row.lifecycle != "draft"), "every unit is a draft"
        ),
    )


def _amendment_checks(plan: CutPlan, amendment: Amendment, rows: Rows) -> tuple[Check, ...]:
    verdict, unit_rows = _Verdict(rows), {row.address: row for row in rows.units}
    effects = (
        dict.fromkeys((unit.address for unit in plan.document.units), "unchanged")
        | dict.fromkeys(amendment.changed, "changed")
        | dict.fromkeys(amendment.new, "new")
        | dict.fromkeys(amendment.returning, "returns")
    )
    return (
        verdict.first(
            "anchors", (row.address for row in rows.units if not row.anchored), "every unit has its signed version"
        ),
        verdict.first(
            "hierarchy",
            _misplaced(plan.document.units, unit_rows, {}),
            "parent, kind, section type and number are the planned ones",
        ),
        verdict.first(
            "effects",
            (f"{row.address} {row.effect}" for row in rows.units if row.effect != effects.get(row.address)),
            amendment_in_words(amendment.counts),
        ),
        verdict.check("law unchanged", f"base digest {rows.base_digest}", rows.base_digest == amendment.base_digest),
    )


def fidelity_checks(plan: CutPlan, replanned: CutPlan, canonical: bytes, rows: Rows) -> tuple[Check, ...]:
    """Pure: bodies are slices of the pinned source, which planned again gives the same plan; the spans cover it."""
    unit_rows = {row.address: row for row in rows.units}
    verdict, edited = _Verdict(rows), {edit.address: edit for edit in rows.edits}
    faithful = f"{len(rows.units) - len(edited)} bodies equal the pinned source, byte for byte"
    written, kept = cut_as_written(plan), kept_bytes(canonical, plan.document.dropped)
    same_source = sha256_hex(kept) == plan.document.source.canonical_sha256
    return (
        verdict.check("pinned source", f"sha256 {sha256_hex(kept)}", same_source),
        verdict.check(
            "planned again",
            f"digest {replanned.document.content_digest}",
            replanned.document.content_digest == plan.document.content_digest,
        ),
        verdict.first(
            "body fidelity",
            _unfaithful(written.document.units, unit_rows, edited, kept),
            faithful + (f"; {len(edited)} equal their signed edits" if edited else ""),
        ),
        verdict.check("coverage", f"{len(kept)} bytes of source", _joined(written, unit_rows, edited, kept) == kept),
    )


def effect_checks(plan: CutPlan, rows: Rows, expected: tuple[TableDelta, ...]) -> tuple[Check, ...]:
    """Pure: the delta of every table is the planned one, exactly, and no other row changed."""
    verdict, world = _Verdict(rows), _world_of(plan)
    return (
        _deltas(world, rows, expected),
        verdict.check(
            "untouched rows", f"digest {rows.untouched_digest}", rows.untouched_digest == world.baseline_digest
        ),
    )


def edit_checks(plan: CutPlan, rows: Rows, untouched: str) -> tuple[Check, ...]:
    """Pure: every edited draft reads as planned, the delta of every table is the planned one, exactly, and all
    other units read as they did before, when their digest was `untouched`.
    """
    verdict = _Verdict(rows)
    unit_rows = {row.address: row for row in rows.units}
    misread = (unit.address for unit in plan.document.units if not _reads_as_planned(unit, unit_rows.get(unit.address)))
    return (
        verdict.first("edited drafts", misread, f"all {plan.n_units} drafts read as planned"),
        _deltas(_world_of(plan), rows, plan.expected_deltas),
        verdict.check("untouched rows", f"digest {rows.untouched_digest}", rows.untouched_digest == untouched),
    )


def _reads_as_planned(unit: PlannedUnit, row: UnitRow | None) -> bool:
    return (
        row is not None
        and (row.lifecycle, row.title) == ("draft", unit.title)
        and sha256_hex(_body(row)) == unit.body_sha256
    )


def _world_of(plan: CutPlan) -> PlanBinding:
    if plan.world is None:
        raise ValueError("a plan bound to no world has no deltas to check")
    return plan.world


def _deltas(world: PlanBinding, rows: Rows, expected: tuple[TableDelta, ...]) -> Check:
    verdict = _Verdict(rows)
    wanted = {delta.table: delta.rows for delta in expected}
    others = {count.table: count.rows for count in rows.added_by_others}
    before = {count.table: count.rows + others.get(count.table, 0) for count in world.counts}
    differences = [
        f"{count.table}: {count.rows - before.get(count.table, 0):+d} rows, {wanted.get(count.table, 0):+d} planned"
        for count in rows.counts
        # A table that the plan did not count has no number to compare with.
        if count.table in before and count.rows - before.get(count.table, 0) != wanted.get(count.table, 0)
    ]
    deltas = verdict.first("deltas", iter(differences), f"all {len(before)} tables changed by exactly what was planned")
    return deltas.model_copy(update={"evidence": (*deltas.evidence, verdict.rows_added(before))})


def _anchored(row: UnitRow, edit: EditRow | None) -> bool:
    versions = 1 + (edit.edits if edit else 0)
    return bool(row.anchored) and row.version_seq == versions and row.versions == versions


def _misplaced(
    planned: Iterable[PlannedUnit], unit_rows: dict[str, UnitRow], edited: dict[str, EditRow]
) -> Iterable[str]:
    for unit in planned:
        row, edit = unit_rows.get(unit.address), edited.get(unit.address)
        place = (unit.parent, unit.unit_kind, unit.section_type, unit.number, edit.title if edit else unit.title)
        if row is None or (row.parent, row.unit_kind, row.section_type, row.number, row.title) != place:
            yield unit.address


def _unfaithful(
    planned: Iterable[PlannedUnit], unit_rows: dict[str, UnitRow], edited: dict[str, EditRow], canonical: bytes
) -> Iterable[str]:
    for unit in planned:
        row, edit = unit_rows.get(unit.address), edited.get(unit.address)
        expected = edit.body_sha256 if edit else sha256_hex(canonical[unit.byte_start : unit.byte_end])
        if row is None or sha256_hex(_body(row)) != expected:
            yield unit.address


def _joined(plan: CutPlan, unit_rows: dict[str, UnitRow], edited: dict[str, EditRow], canonical: bytes) -> bytes:
    """Return the spans in order; an edited unit stands for the slice that it was cut from."""
    bodies = [
        (
            unit.byte_start,
            canonical[unit.byte_start : unit.byte_end]
            if unit.address in edited
            else _body(unit_rows.get(unit.address)),
        )
        for unit in plan.document.units
    ]
    gaps = [(span.byte_start, canonical[span.byte_start : span.byte_end]) for span in plan.document.others]
    return b"".join(data for _, data in sorted(bodies + gaps))


def _body(row: UnitRow | None) -> bytes:
    return (row.body or "").encode() if row else b""


class _Verdict:
    """Builder of checks from comparisons over one set of rows, with that set as their evidence."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def evidence(self, name: str, answer: str) -> Evidence:
        """Return one piece of evidence, of the snapshot's time and role."""
        return Evidence(
            id=f"V-{name.replace(' ', '-')}",
            asked=name,
            source=f"the database, as {self._rows.role}",
            answer=answer,
            measured_at=self._rows.measured_at,
        )

    def rows_added(self, before: dict[str, int]) -> Evidence:
        """Return the counted growth of each table, which a report shows beside the planned one."""
        counted = [
            (count.table, count.rows - before[count.table]) for count in self._rows.counts if count.table in before
        ]
        return self.evidence("rows added", ", ".join(f"{table} {rows:+d}" for table, rows in counted))

    def check(self, name: str, answer: str, passed: bool) -> Check:
        """Return one check with its answer as evidence."""
        evidence = self.evidence(name, answer)
        return Check(
            name=name,
            outcome=Outcome.PASS if passed else Outcome.FAIL,
            detail=answer,
            evidence=(evidence,),
            next_action="" if passed else "Do not enact. Revert the draft cut: cutter-console revert RUN --confirm RUN",
        )

    def first(self, name: str, problems: Iterable[str], good_answer: str) -> Check:
        """Return PASS if nothing is wrong; otherwise the count and the first few."""
        listed = list(problems)
        answer = f"{len(listed)} wrong, first: {', '.join(listed[:3])}" if listed else good_answer
        return self.check(name, answer, not listed)
