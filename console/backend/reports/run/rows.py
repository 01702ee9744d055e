"""Pure: the rows that a run was to add and those that were counted, table by table, and what was written into an organisation's tables."""

import json
import re

from console.backend.model import counting
from console.backend.model.amendment import amendment_in_words
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import TableDelta, expected_step_deltas
from console.backend.model.purposes import Purpose, RunOperation
from console.backend.model.run_tables import NOT_RECORDED, SITE_ROWS
from console.backend.model.states import Mode, Phase
from console.backend.model.value import Value
from console.backend.reports.run.evidence_index import Register
from console.backend.reports.run.load import Head, Ledger, Ruling, RunRecord, SiteEffect
from console.backend.reports.run.phases import PREFIX

_COUNTED = re.compile(r"(?:^|, )(.+?) ([+-]\d+)(?=, |$)")
"""A table and its rows; an organisation's table may have spaces in its name."""
ROWS_ADDED = "V-rows-added"
"""Id of the evidence of a verification that has the counted rows."""
_NAMED = {Purpose.ENACT: "enactment", Purpose.REVERT: "revert"}
_NOT_COMPARED = {"outcome": Outcome.INCONCLUSIVE}
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
    rule = "the plan"
    if head.amendment is not None:
        rule = f"the plan: {amendment_in_words(head.amendment)}"
    elif not head.is_edit and head.n_units is not None:
        rule = f"{counting.counted(head.n_units, 'unit')}: the rule for a cut of N units"
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
        reason, source = (
            "never: the record has no verification of the write",
            register.tables["cutter_governance.run_event"],
        )
    else:
        reason, source = "never: no statement of this run was used, and no unit is written without one", register.tables["cutter_governance.approval_use"]  # fmt: skip
    return register.put(
        f"{PREFIX[Phase.WRITE_VERIFY]}.uncounted", "rows that were added", source, reason, record.ended_at
    )


def _touched(head: Head, purpose: Purpose) -> int | None:
    """Return the number of units that get a log row; None if the plan of an amendment, which says it, is gone."""
    amendment = head.amendment
    if head.operation is RunOperation.REPEAL:
        return head.n_units if purpose is Purpose.ENACT else 0
    if amendment is None:
        return None if head.operation is RunOperation.AMEND else head.n_units
    return amendment.touched if purpose is Purpose.ENACT else amendment.made


def step_deltas(record: RunRecord, purpose: Purpose, register: Register) -> Deltas | None:
    """Compare the rows of the enactment or the revert; None if the record has none.

    Without the ledger every table is INCONCLUSIVE.
    """
    head, ledger, ruling = record.head, record.ledger, record.ruling(purpose)
    touched = _touched(head, purpose)
    if touched is None or ruling is None:
        return None
    is_read, signed = True, None
    try:
        signed = _signed_there(ruling, purpose, register)
    except (ValueError, AttributeError, TypeError):
        is_read = False
    expected = _expected(record, purpose, touched, register)
    there = _there(record, purpose, record.unsigned if signed is None else signed)
    rule = _rule(record, touched, there, is_signed=signed is not None)
    if not is_read:
        rule += f"; what was signed is not known, because the statement {ruling.statement_sha256} cannot be read"
    planned = register.put(
        f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.expected", f"rows that the {purpose} adds", rule, _in_words((*expected, *there)), head.started_at
    )  # fmt: skip
    if ledger is None:
        rows = tuple(_delta(delta.table, delta.rows, None) for delta in (*expected, *there))
        unread = register.put(f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.uncounted", f"rows of the {purpose} in the ledger", "the database", f"never: not read, {record.ledger_unread}", record.ended_at)  # fmt: skip
        return Deltas(what=_NAMED[purpose], rows=rows, planned=planned, counted="", uncounted=unread)
    status, backlog = _DONE[purpose]
    # An amendment supersedes what is gone in the same transaction.
    logged = {status, "superseded"} if head.operation.of_law else {status}
    actual = (
        sum(transition.rows for transition in ledger.transitions if transition.to_status in logged),
        sum(decision.verdict == purpose for decision in ledger.decisions),
        sum(entry == backlog for entry in ledger.backlog),
    )
    added = dict(zip((delta.table for delta in expected), actual, strict=True))
    if signed is not None or not record.other_mapping:
        added |= _added_there(ledger, purpose)
    counted_deltas = tuple(TableDelta(table=table, rows=number) for table, number in added.items())
    source = "lifecycle log, decisions, backlog" + (
        ", and what the step recorded of the organisation's tables" if there else ""
    )
    counted = register.put(
        f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.counted", f"rows of the {purpose} in the ledger", source, _in_words(counted_deltas), record.ended_at
    )  # fmt: skip
    planned_rows = {delta.table: delta.rows for delta in (*expected, *there)}
    rows = tuple(
        _delta(table, planned_rows.get(table, 0), added.get(table)) for table in dict.fromkeys((*planned_rows, *added))
    )
    if not is_read:
        # The rows of the console's own tables follow from the number of units; those of others only from what was signed.
        own = {delta.table for delta in expected}
        rows = tuple(row if row.table in own else row.model_copy(update=_NOT_COMPARED) for row in rows)
    uncounted = ""
    if lacking := [row.table for row in rows if row.actual is None]:
        uncounted = register.put(f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.uncounted", f"rows of the {purpose} in the organisation's tables", "cutter_console.site_move, cutter_console.site_effect", f"never: nothing is recorded of {', '.join(lacking)}", record.ended_at)  # fmt: skip
    return Deltas(what=_NAMED[purpose], rows=rows, planned=planned, counted=counted, uncounted=uncounted)


def _expected(record: RunRecord, purpose: Purpose, touched: int, register: Register) -> tuple[TableDelta, ...]:
    """Return the rows of the console's own tables, by the stage at which the step was taken."""
    recorded = purpose is not Purpose.REVERT or record.head.state.stage not in NOT_RECORDED
    return tuple(
        TableDelta(table=register.tables[delta.table], rows=delta.rows)
        for delta in expected_step_deltas(touched, recorded=recorded)
    )


def _rule(record: RunRecord, touched: int, there: tuple[TableDelta, ...], *, is_signed: bool) -> str:
    units = counting.counted(touched, "unit")
    if is_signed:
        return f"{units}; of the organisation's tables, what was signed" if there else units
    if record.other_mapping:
        return f"{units}; of the organisation's tables nothing, because they were written by the site mapping {record.other_mapping}, which this host does not keep"
    return f"{units}; of the organisation's tables, by the site mapping" if there else units


def _there(record: RunRecord, purpose: Purpose, there: tuple[TableDelta, ...]) -> tuple[TableDelta, ...]:
    """Return the rows of the organisation's tables; of a revert that has left its governance rows out, without them."""
    effects = record.ledger.site_effects if record.ledger is not None else ()
    if any(effect.step == purpose and effect.left_out for effect in effects):
        # The log is written all the same; what is governed was recorded by leg B.
        governed = {table for effect in effects for table in effect.rows_added}
        return tuple(delta for delta in there if delta.table not in governed)
    return there


def _signed_there(ruling: Ruling, purpose: Purpose, register: Register) -> tuple[TableDelta, ...] | None:
    """Return the rows of the organisation's tables by the ruling; None if it was signed for something else, as SG_1 that allows a revert.

    Raises ValueError, AttributeError or TypeError if the statement cannot be read.
    """
    content = json.loads(ruling.statement)
    if content.get("purpose") != purpose:
        return None
    signed = [TableDelta.model_validate(delta) for delta in content.get("expected_deltas", ())]
    return tuple(delta for delta in signed if delta.table not in register.own)


def _added_there(ledger: Ledger, purpose: Purpose) -> dict[str, int]:
    """Return the rows that the transaction of the step has counted in the organisation's tables, and recorded."""
    added = {move.table_name: move.rows_added for move in ledger.site_moves if move.step == purpose}
    for effect in ledger.site_effects:
        if effect.step == purpose:
            added |= effect.rows_added
    return added


_OF_SITE = {
    "record": "rows that leg B has added to the organisation's tables",
    "verify": "rows that a verification has added to the organisation's tables",
    "enact": "rows that the enactment has added to the organisation's tables",
    "revert": "rows that the revert has added to the organisation's tables",
}


def _compared(effect: SiteEffect) -> str:
    return f", compared with the ruling {effect.compared_with}" if effect.compared_with else ""


def site_rows(record: RunRecord, register: Register) -> tuple[str, ...]:
    """Return what was written into the organisation's tables and how it was compared, as evidence ids; none without a mapping."""
    ids: list[str] = []
    effects = record.ledger.site_effects if record.ledger is not None else ()
    if not effects and all(delta.table in register.own for delta in record.planned):
        return ()
    for number, effect in enumerate(effects, 1):
        rows = ", ".join(f"{table} {rows:+d}" for table, rows in sorted(effect.rows_added.items()) if rows) or "none"
        answer = (
            f"none, because what stood there was not what this run had written: {effect.left_out}"
            if effect.left_out
            else f"{rows}; in the transaction of the step, counted before and after it{_compared(effect)}, and each row read back"
        )
        ids.append(
            register.put(
                f"{PREFIX[Phase.CLOSEOUT]}.site-{number}", _OF_SITE.get(effect.step, str(effect.step)), "cutter_console.site_effect", f"{answer}; by the site mapping {effect.mapping_sha256}", effect.recorded_at
            )
        )  # fmt: skip
    event = record.last(Phase.WRITE_VERIFY)
    for check in event.found.checks if event is not None and event.found is not None else ():
        if check.name == SITE_ROWS:
            piece = check.evidence[0]
            ids.append(
                register.put(
                    f"{PREFIX[Phase.WRITE_VERIFY]}.site", "rows of this run that stand in the organisation's tables, by the columns that they are known by", piece.source, f"{check.outcome}: {check.detail}", piece.measured_at
                )
            )  # fmt: skip
    return tuple(ids)


def _counted(record: RunRecord, register: Register) -> tuple[dict[str, int], str]:
    """Return what the last verification counted, with its evidence id."""
    event = record.last(Phase.WRITE_VERIFY)
    if event is None or event.found is None:
        return {}, ""
    for check in event.found.checks:
        for piece in check.evidence:
            if piece.id == ROWS_ADDED:
                counted = register.put(
                    f"{PREFIX[Phase.WRITE_VERIFY]}.counted", piece.asked, piece.source, piece.answer, piece.measured_at
                )
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
