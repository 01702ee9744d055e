"""Verification of a cut: the rows as they are, against the pinned source and not against what the cutter says."""

from datetime import UTC, datetime
from functools import partial

import psycopg

from console.backend.model.amendment import Amendment, amendment_in_words
from console.backend.model.counting import counted
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan import CutPlan
from console.backend.model.plan_binding import PlanBinding, TableCount, TableDelta
from console.backend.model.run_tables import SITE_ROWS
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.base import base_digest
from console.backend.postgres.kept import counted_rows
from console.backend.postgres.measure import (
    measure_counts,
    readers_digest_since,
    readers_digest_without_run_since,
    rows_added_since,
)
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.site_gateway import Standing, site_standing
from console.backend.postgres.units import amended_rows, amended_units, edits_of_document, units_of_document
from console.backend.runs.row_comparison import AtOnce, Compare, Comparison, PinnedText, Wrong


class UnitRows(Value):
    """The rows of a document, read in one snapshot: what comparing them has shown."""

    units: Comparison
    base_digest: str = ""
    """Of the law that an amendment is to change; empty for a first cut."""
    measured_at: datetime
    role: str


class Rows(UnitRows):
    """The same, and in the same snapshot what tells that no other row has changed."""

    counts: tuple[TableCount, ...]
    added_by_others: tuple[TableCount, ...] = ()
    """Rows that other runs have recorded since the plan was made."""
    theirs: tuple[Standing, ...] | None = None
    """Rows of the run that stand in the organisation's tables; None without a site mapping."""
    untouched_digest: str
    """Of what readers see without the run's own units, with what other runs have recorded since as it was before."""


def measure_units(
    connection: psycopg.Connection,
    run_id: str,
    docprefix: str,
    compare: Compare,
    amendment: Amendment | None = None,
    *,
    at_once: AtOnce | None = None,
) -> UnitRows:
    """Read and compare where the document's units stand, without their bodies: no other row is looked at."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    units = _compared(connection, run_id, docprefix, compare, amendment, at_once, bodies=False)
    base = base_digest(connection, docprefix) if amendment is not None else ""
    return UnitRows(units=units, base_digest=base, measured_at=datetime.now(UTC), role=connection.info.user)


def measure_rows(
    connection: psycopg.Connection,
    run_id: str,
    docprefix: str,
    compare: Compare,
    amendment: Amendment | None = None,
    *,
    at_once: AtOnce | None = None,
    effects: int = 0,
    in_site: bool = False,
) -> Rows:
    """Read and compare the document's units with their bodies, and read the counts and the digest of all other rows.

    Of an amendment: the units of its text, and all that readers see but its new units. `effects` is the last effect that
    was recorded before the plan was made: what other runs have recorded since is told apart. `in_site` reads the run's
    rows in the organisation's tables too.
    """
    # One snapshot for all rows: units and counts of two moments could differ without a fault.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    units = _compared(connection, run_id, docprefix, compare, amendment, at_once, bodies=True)
    with Asking(connection) as asking:
        counts = asking.ask(_counts)
        by_others = asking.ask(partial(rows_added_since, effects=effects, run_id=run_id))
        if amendment is None:
            digest = partial(readers_digest_without_run_since, effects=effects, docprefix=docprefix, run_id=run_id)
        else:
            digest = partial(readers_digest_since, effects=effects, docprefix=docprefix, addresses=list(amendment.new))
        untouched = asking.ask(digest)
        theirs = asking.ask(partial(site_standing, run_id=run_id)) if in_site else None
        base = asking.ask(partial(base_digest, docprefix=docprefix)) if amendment is not None else None
    return Rows(
        units=units,
        counts=counts.value,
        added_by_others=by_others.value,
        theirs=theirs.value if theirs is not None else None,
        untouched_digest=untouched.value,
        base_digest=base.value if base is not None else "",
        measured_at=datetime.now(UTC),
        role=connection.info.user,
    )


def _compared(
    connection: psycopg.Connection,
    run_id: str,
    docprefix: str,
    compare: Compare,
    amendment: Amendment | None,
    at_once: AtOnce | None,
    *,
    bodies: bool,
) -> Comparison:
    """Compare the units of a document as their rows arrive; of an amendment, which leaves most as they are, none is sent if all
    are as planned and `at_once` answers."""
    if amendment is None:
        edits = {edit.address: edit for edit in edits_of_document(connection, docprefix)}
        return compare(units_of_document(connection, docprefix, bodies=bodies), edits)
    known = at_once(partial(amended_rows, connection, run_id, bodies=bodies)) if at_once is not None else None
    return known if known is not None else compare(amended_units(connection, run_id, bodies=bodies), {})


def _counts(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the rows of every table by its name in the database, those of the large ones counted now and not as they are kept."""
    with Asking(connection) as asking:
        large, kept = asking.ask(counted_rows), asking.ask(measure_counts)
    names = schema_names(connection)
    return tuple(
        TableCount(table=names.in_database(count.table), rows=large.value.get(count.table, count.rows))
        for count in kept.value
    )


def structural_checks(plan: CutPlan, rows: UnitRows) -> tuple[Check, ...]:
    """Pure: cardinality, addresses, anchors, hierarchy; of an amendment the effects and its base."""
    n, units = len(plan.document.units), rows.units
    verdict = _Verdict(rows)
    places = (
        verdict.check("cardinality", f"{counted(units.rows, 'unit')}, {n} planned", units.rows == n),
        verdict.first("addresses", units.addresses, f"all {n} planned addresses exist"),
    )
    hierarchy = verdict.first(
        "hierarchy", units.hierarchy, "parent, kind, section type and number are the planned ones"
    )
    if plan.amendment is not None:
        return (
            *places,
            verdict.first("anchors", units.anchors, "every unit has its signed version"),
            hierarchy,
            verdict.first("effects", units.effects, amendment_in_words(plan.amendment.counts)),
            verdict.check(
                "law unchanged",
                f"base digest {rows.base_digest}",
                rows.base_digest == plan.amendment.base_digest,
            ),
        )
    anchored = "every unit is anchored to its last signed version"
    return (
        *places,
        verdict.first(
            "anchors", units.anchors, anchored if units.edited else "every unit is anchored to its one version"
        ),
        hierarchy,
        verdict.first("lifecycle", units.lifecycle, "every unit is a draft"),
    )


def fidelity_checks(plan: CutPlan, replanned: CutPlan, kept: PinnedText, rows: UnitRows) -> tuple[Check, ...]:
    """Pure: bodies are slices of the pinned source, which planned again gives the same plan; the spans cover it."""
    verdict, units = _Verdict(rows), rows.units
    faithful = f"{units.rows - units.edited} bodies equal the pinned source, byte for byte"
    same_source = kept.sha256 == plan.document.source.canonical_sha256
    return (
        verdict.check("pinned source", f"sha256 {kept.sha256}", same_source),
        verdict.check(
            "planned again",
            f"digest {replanned.document.content_digest}",
            # Plans that are equal have one digest, which is long to compute of a large one.
            replanned.document == plan.document or replanned.document.content_digest == plan.document.content_digest,
        ),
        verdict.first(
            "body fidelity",
            units.bodies,
            faithful + (f"; {units.edited} equal their signed edits" if units.edited else ""),
        ),
        verdict.check("coverage", f"{kept.size} bytes of source", units.is_covered),
    )


def effect_checks(plan: CutPlan, rows: Rows, expected: tuple[TableDelta, ...]) -> tuple[Check, ...]:
    """Pure: the delta of every table is the planned one, exactly, and no other row changed."""
    verdict, world = _Verdict(rows), _world_of(plan)
    return (
        _deltas(world, rows, expected),
        *_site_rows(world, rows, expected),
        verdict.check(
            "untouched rows", f"digest {rows.untouched_digest}", rows.untouched_digest == world.baseline_digest
        ),
    )


def _site_rows(world: PlanBinding, rows: Rows, expected: tuple[TableDelta, ...]) -> tuple[Check, ...]:
    """Compare the run's rows in the organisation's tables, by their keys, with the planned ones; no check without a mapping."""
    if rows.theirs is None:
        return ()
    own = {count.table for count in world.counts}
    planned = {delta.table: delta.rows for delta in expected if delta.table not in own}
    standing = {row.table: row for row in rows.theirs}
    wrong = [
        f"{table}: not read, {number:+d} rows planned" for table, number in planned.items() if table not in standing
    ]
    wrong += [
        f"{row.table}: {row.rows} rows by {row.known_by}, {row.recorded} recorded, {planned.get(row.table, 0)} planned"
        for row in rows.theirs
        if not row.rows == row.recorded == planned.get(row.table, 0)
    ]
    read = ", ".join(f"{row.table} {row.rows:+d} by {row.known_by}" for row in rows.theirs)
    return (_Verdict(rows).first(SITE_ROWS, Wrong.of(wrong), read or "none is planned, and none there"),)


def edit_checks(plan: CutPlan, rows: Rows, untouched: str) -> tuple[Check, ...]:
    """Pure: every edited draft reads as planned, the delta of every table is the planned one, exactly, and all
    other units read as they did before, when their digest was `untouched`.
    """
    verdict = _Verdict(rows)
    return (
        verdict.first("edited drafts", rows.units.drafts, f"{counted(plan.n_units, 'draft')}, all as planned"),
        _deltas(_world_of(plan), rows, plan.expected_deltas),
        verdict.check("untouched rows", f"digest {rows.untouched_digest}", rows.untouched_digest == untouched),
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
    deltas = verdict.first(
        "deltas", Wrong.of(differences), f"all {len(before)} tables changed by exactly what was planned"
    )
    return deltas.model_copy(update={"evidence": (*deltas.evidence, verdict.rows_added(rows, before))})


class _Verdict:
    """Builder of checks from comparisons over one set of rows, with that set as their evidence."""

    def __init__(self, rows: UnitRows) -> None:
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

    def rows_added(self, rows: Rows, before: dict[str, int]) -> Evidence:
        """Return the counted growth of each table, which a report shows beside the planned one."""
        counted = [(count.table, count.rows - before[count.table]) for count in rows.counts if count.table in before]
        counted += [(row.table, row.rows) for row in rows.theirs or ()]
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

    def first(self, name: str, wrong: Wrong, good_answer: str) -> Check:
        """Return PASS if nothing is wrong; otherwise the count and the first few."""
        answer = f"{wrong.count} wrong, first: {', '.join(wrong.first)}" if wrong.count else good_answer
        return self.check(name, answer, not wrong.count)
