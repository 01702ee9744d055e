"""Row counts beside the pinned baseline; the recorded steps since then must explain the difference exactly."""

import functools
from datetime import datetime
from pathlib import Path

import psycopg

from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes
from console.backend.gates.probe import Probe
from console.backend.model.amendment import AmendmentCounts
from console.backend.model.counting import counted
from console.backend.model.outcome import Check
from console.backend.model.plan_binding import (
    TableDelta,
    expected_amendment_deltas,
    expected_cut_deltas,
    expected_enactment_deltas,
    expected_revert_deltas,
)
from console.backend.model.purposes import Operation, RunOperation
from console.backend.model.safe_text import SafeText
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.states import Phase, is_ended
from console.backend.model.tables import LEG_A, SIGNATURE, UNIT, VERIFY_RESULT
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.measure import REGISTRIES, measure_counts
from console.backend.postgres.recorded_steps import StepRow, baseline, count_runs_since, steps_since
from console.backend.postgres.rendering import schema_names
from console.backend.runs.workspace import Workspace


class Step(Value):
    """One recorded step of a run since the baseline was pinned."""

    run_id: SafeText
    phase: str
    n_units: int
    docprefix: str
    closed: bool
    """True if the run is over; otherwise its next step pins a new baseline."""
    amendment: AmendmentCounts | None = None
    """Of an amendment or a repeal: what it does, by its plan; None where the plan's file is gone."""


class Row(Value):
    """One table: rows now and at the baseline."""

    table: SafeText
    rows: int
    baseline: int | None


class Growth(Value):
    """Rows now, rows pinned, and what was recorded in between."""

    rows: tuple[Row, ...]
    pinned_by: SafeText
    """The run that pinned the baseline; empty for the installation."""
    pinned_at: datetime | None
    started: int
    """Runs started since: each may register a document and a source version."""
    steps: tuple[Step, ...]
    names: SchemaNames = OWN
    """Schemas of the tables in this database; here the tables are named as statements write them."""


def measure_growth(probe: Probe) -> Measurement[Growth]:
    """Read counts, baseline and steps in one transaction."""

    def ask() -> Growth:
        return probe.of_monitor(GROWTH, functools.partial(growth_of, root=probe.installation.root))

    return probe.ask(
        "rows",
        "rows of every table now and at the pinned baseline, and the steps recorded since",
        "v_row_count, v_baseline, v_run_event",
        ask,
        _in_words,
    )


GROWTH = "growth"
"""Name of the question for it."""


def growth_of(connection: psycopg.Connection, root: Path) -> Growth:
    """Return the rows of every table now and as they were pinned, and the steps since; the plans of these are below `root`."""
    with Asking(connection) as asking:
        pins, counts = asking.ask(baseline), asking.ask(measure_counts)
    pinned = pins.value
    pinned_rows = {row.table: row.rows for row in pinned}
    run_id, since = (pinned[0].run_id, pinned[0].pinned_at) if pinned else (None, None)
    started, steps = 0, tuple[StepRow, ...]()
    if since:
        with Asking(connection) as asking:
            starts = asking.ask(functools.partial(count_runs_since, since=since))
            recorded = asking.ask(functools.partial(steps_since, since=since, pinned_by=run_id))
        started, steps = starts.value, recorded.value
    return Growth(
        rows=tuple(
            Row(table=count.table, rows=count.rows, baseline=pinned_rows.get(count.table)) for count in counts.value
        ),
        pinned_by=run_id or "",
        pinned_at=since,
        started=started,
        steps=tuple(
            Step(
                run_id=step.run_id,
                phase=step.phase,
                n_units=step.n_units,
                docprefix=step.docprefix,
                closed=is_ended(step.stage, step.family),
                amendment=_amendment(step, root),
            )
            for step in steps
            if deltas_of(step.phase, step.n_units)
        ),
        names=schema_names(connection),
    )


def _amendment(step: StepRow, root: Path) -> AmendmentCounts | None:
    """Return what the step's run does to the law, from the plan in its directory, if that is the recorded one."""
    operation = RunOperation(step.operation)
    if operation is RunOperation.REPEAL:
        return AmendmentCounts(unchanged=0, changed=0, new=0, gone=step.n_units)
    if not operation.of_law:
        return None
    facts = Workspace.open(root, step.run_id).plan_facts()
    return facts.amendment if facts is not None and facts.plan_digest == step.plan_digest else None


def deltas_of(phase: str, n_units: int, amendment: AmendmentCounts | None = None) -> tuple[TableDelta, ...]:
    """Pure: the rows that one recorded step adds; none for a step that adds none."""
    cut = expected_cut_deltas(n_units)
    if amendment is not None:
        cut = expected_amendment_deltas(amendment.of_text, amendment)
    match phase:
        case Phase.CUT_LEG_A:
            return tuple(delta for delta in cut if delta.table in LEG_A)
        case Phase.LEG_B_RECORD:
            return tuple(delta for delta in cut if delta.table not in LEG_A)
        case Phase.WRITE_VERIFY | Operation.VERIFY_AGAIN:
            return tuple(TableDelta(table=table, rows=1) for table in (VERIFY_RESULT, SIGNATURE))
        case Phase.LIFECYCLE_ENACT | Operation.REVERT:
            rows = expected_revert_deltas if phase == Operation.REVERT else expected_enactment_deltas
            return rows(n_units, amendment)
        # Edits write versions of units that exist.
        case Operation.EDIT:
            return tuple(delta for delta in cut if delta.table in LEG_A and delta.table != UNIT)
        case _:
            return ()


def growth_check(fact: Measurement[Growth]) -> Check:
    """Pure: PASS if the rows are those of the baseline and of exactly the steps recorded since then."""
    return check("rows as recorded", fact, _explained)


def _explained(growth: Growth) -> Verdict:
    if growth.pinned_at is None:
        return fails("no baseline is pinned", "Install again; it pins one: cutter-console migrate")
    unexplained = _unexplained(growth)
    if unexplained:
        action = "Find out who wrote them (cutter-console counts, cutter-console run list); cut nothing before."
        return fails("; ".join(unexplained), action)
    pinned = f"baseline pinned {'by ' + growth.pinned_by if growth.pinned_by else 'at installation'}"
    grown = tuple(dict.fromkeys(step.run_id for step in growth.steps))
    resting = tuple(dict.fromkeys(step.run_id for step in growth.steps if not step.closed))
    if not grown:
        return passes(f"{pinned}; the rows are those of it")
    detail = f"{pinned}; the difference is exactly that of {', '.join(grown)}"
    if resting:
        return partial(
            f"{detail}; not over: {', '.join(resting)}",
            f"Go on with it or take it back: cutter-console run show {resting[0]}",
        )
    return passes(detail)


def _unexplained(growth: Growth) -> list[str]:
    recorded: dict[str, int] = {}
    for step in growth.steps:
        for delta in deltas_of(step.phase, step.n_units, step.amendment):
            recorded[delta.table] = recorded.get(delta.table, 0) + delta.rows
    texts = (_difference(row, recorded.get(row.table, 0), growth.started, growth.names) for row in growth.rows)
    return [text for text in texts if text]


def _difference(row: Row, recorded: int, started: int, names: SchemaNames = OWN) -> str:
    """Return what is not explained of one table, or an empty text.

    A run may register a document and a source version when it starts: a registry grows by none to `started` rows.
    """
    name = names.in_database(row.table)
    if row.baseline is None:
        return f"{name}: {counted(row.rows, 'row')}, no baseline"
    grown = row.rows - row.baseline
    if row.table in REGISTRIES:
        return "" if 0 <= grown <= started else f"{name}: {grown:+d} rows by {started} runs started since"
    return "" if grown == recorded else f"{name}: {grown:+d} rows, {recorded:+d} recorded"


def _in_words(growth: Growth) -> str:
    named = growth.names.in_database
    moved = [
        f"{named(row.table)} {row.rows - row.baseline:+d}"
        for row in growth.rows
        if row.baseline not in {None, row.rows}
    ]
    return f"{len(growth.rows)} tables; {', '.join(moved) or 'none differs from the baseline'}; {counted(len(growth.steps), 'step')} recorded since"
