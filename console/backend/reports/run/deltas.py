"""Pure: expected and counted rows, table by table, for the cut and for what followed it."""

import re

from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import TableDelta, expected_step_deltas
from console.backend.model.purposes import Purpose
from console.backend.model.states import Mode, Phase
from console.backend.model.value import Value
from console.backend.reports.run.evidence_index import Register
from console.backend.reports.run.record import RunRecord

_COUNTED = re.compile(r"(\S+) ([+-]\d+)")
ROWS_ADDED = "V-rows-added"
"""Id of the evidence of a verification that has the counted rows."""
_NAMED = {Purpose.ENACT: "enactment", Purpose.REVERT: "revert"}
_DONE = {Purpose.ENACT: ("enacted", "done"), Purpose.REVERT: ("superseded", "withdrawn")}


class Delta(Value):
    """One table; `actual` is None if it was not measured."""

    table: str
    expected: int
    actual: int | None
    outcome: Outcome


class Deltas(Value):
    """One step's rows. The last three are evidence ids; `uncounted` is that of the reason why nothing was counted."""

    what: str
    rows: tuple[Delta, ...]
    planned: str
    counted: str
    uncounted: str = ""

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of its tables."""
        return max((row.outcome for row in self.rows), key=lambda outcome: outcome.rank, default=Outcome.NOT_RUN)


def cut_deltas(record: RunRecord, register: Register) -> Deltas | None:
    """Compare the rows of the cut, or of the edit; None before there is a plan."""
    if not record.planned:
        return None
    head = record.head
    rule = "the plan" if head.is_edit else f"{head.n_units} units: the rule for a cut of N units"
    planned = register.put(
        "03.expected", "rows that the plan adds", rule, _in_words(record.planned), head.started_at, head.plan_digest
    )
    counted_rows, counted = _counted(record, register)
    expected = {delta.table: delta.rows for delta in record.planned}
    tables = [*expected, *(table for table in counted_rows if table not in expected)]
    purpose = Purpose.EDIT if head.is_edit else Purpose.CUT
    has_written = record.ruling(purpose) is not None
    absent = Outcome.INCONCLUSIVE if has_written else Outcome.NOT_RUN
    rows = tuple(
        _delta(table, expected.get(table, 0), counted_rows.get(table) if counted else None, absent) for table in tables
    )
    uncounted = "" if counted else _uncounted(record, register, has_written=has_written)
    return Deltas(what=purpose, rows=rows, planned=planned, counted=counted, uncounted=uncounted)


def _uncounted(record: RunRecord, register: Register, *, has_written: bool) -> str:
    """Return why no row was counted: nothing was written, or the write was not verified."""
    if record.head.mode is Mode.DRYRUN:
        reason, source = "never: a dry run adds no row", "the run's directory"
    elif has_written:
        reason, source = "never: the record has no verification of the write", "cutter_governance.run_event"
    else:
        reason, source = "never: no statement of this run was used, and no unit is written without one", "cutter_governance.approval_use"  # fmt: skip
    return register.put("10.uncounted", "rows that were added", source, reason, record.ended_at)


def step_deltas(record: RunRecord, purpose: Purpose, register: Register) -> Deltas | None:
    """Compare the rows of the enactment or the revert; None if the record has none.

    Without the ledger every table is INCONCLUSIVE.
    """
    head, ledger = record.head, record.ledger
    if head.n_units is None or record.ruling(purpose) is None:
        return None
    expected = expected_step_deltas(head.n_units)
    planned = register.put(
        f"13.{purpose}.expected", f"rows that the {purpose} adds", f"{head.n_units} units", _in_words(expected), head.started_at
    )  # fmt: skip
    if ledger is None:
        rows = tuple(_delta(delta.table, delta.rows, None) for delta in expected)
        unread = register.put(f"13.{purpose}.uncounted", f"rows of the {purpose} in the ledger", "the database", f"never: not read, {record.ledger_unread}", record.ended_at)  # fmt: skip
        return Deltas(what=_NAMED[purpose], rows=rows, planned=planned, counted="", uncounted=unread)
    status, backlog = _DONE[purpose]
    actual = (
        sum(transition.rows for transition in ledger.transitions if transition.to_status == status),
        sum(decision.verdict == purpose for decision in ledger.decisions),
        sum(entry == backlog for entry in ledger.backlog),
    )
    counted_deltas = tuple(
        TableDelta(table=delta.table, rows=rows) for delta, rows in zip(expected, actual, strict=True)
    )
    counted = register.put(
        f"13.{purpose}.counted", f"rows of the {purpose} in the ledger", "lifecycle log, decisions, backlog", _in_words(counted_deltas), record.ended_at
    )  # fmt: skip
    rows = tuple(
        _delta(expected_delta.table, expected_delta.rows, counted_delta.rows)
        for expected_delta, counted_delta in zip(expected, counted_deltas, strict=True)
    )
    return Deltas(what=_NAMED[purpose], rows=rows, planned=planned, counted=counted)


def _counted(record: RunRecord, register: Register) -> tuple[dict[str, int], str]:
    """Return what the last verification counted, with its evidence id."""
    event = record.last(Phase.WRITE_VERIFY)
    if event is None or event.found is None:
        return {}, ""
    for check in event.found.checks:
        for piece in check.evidence:
            if piece.id == ROWS_ADDED:
                counted = register.put("10.counted", piece.asked, piece.source, piece.answer, piece.measured_at)
                return {table: int(rows) for table, rows in _COUNTED.findall(piece.answer)}, counted
    return {}, ""


def _delta(table: str, expected: int, actual: int | None, absent: Outcome = Outcome.INCONCLUSIVE) -> Delta:
    """Compare one table; `absent` is the outcome if its rows were not counted."""
    if actual is None:
        return Delta(table=table, expected=expected, actual=None, outcome=absent)
    return Delta(
        table=table, expected=expected, actual=actual, outcome=Outcome.PASS if actual == expected else Outcome.FAIL
    )


def _in_words(deltas: tuple[TableDelta, ...]) -> str:
    return ", ".join(f"{delta.table} {delta.rows:+d}" for delta in deltas)
