"""A document as the database has it for readers, in the order of the plan that cut it."""

from datetime import datetime

import psycopg

from console.backend.documents.limits import limits_of
from console.backend.documents.portions import ExportedDocument, StoredUnit, of_rows
from console.backend.documents.source_text import canonical_of
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.plan import DocumentPlan
from console.backend.model.written_plan import kept_bytes
from console.backend.postgres.connections import connect
from console.backend.postgres.document_states import StateUnitRow, is_sealed, state_units
from console.backend.postgres.registry import CutRun, cut_runs, run_in_force, state_run
from console.backend.postgres.server import server_clock
from console.backend.postgres.units import ReaderUnit, reader_units, units_in_force
from console.backend.runs.document_states import not_sealed, reading, repealed, require_states, state_at, without_text
from console.backend.runs.workspace import SOURCE, Workspace

_DRAFT = "draft"


def read_stored(installation: Installation, docprefix: str, *, with_drafts: bool) -> ExportedDocument:
    """Return the document as readers see it, read as the monitoring role in one READ ONLY transaction.

    The database does not hold the order of the units, nor text outside of them: both come from the plan and the pinned
    source of the run that cut it, whose digests the database holds. Raises Refused without them, for a document that is
    repealed or begins later, and for drafts that are not asked for; Drifted if the units are not those of the plan.
    """
    with connect(installation.settings.database.monitor, read_only=True, purpose="export") as connection:
        # One snapshot for all rows: a document must not be mixed of two moments.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        in_force = run_in_force(connection, docprefix)
        # The drafts of an amendment are no part of what is in force.
        units = units_in_force(connection, docprefix) if in_force else reader_units(connection, docprefix)
        runs = (in_force,) if in_force else cut_runs(connection, docprefix)
        absent = without_text(connection, docprefix)
    if absent is not None:
        raise absent
    _refuse_unasked(units, docprefix, with_drafts=with_drafts)
    plan, canonical = _cut_of(installation, docprefix, runs)
    _compare(plan, units)
    rows = (
        StoredUnit(unit.address, unit.parent, unit.section_type, unit.title, unit.body, unit.lifecycle == _DRAFT)
        for unit in units
    )
    return of_rows(plan, canonical, rows)


def read_state(installation: Installation, docprefix: str, as_of: datetime) -> ExportedDocument:
    """Return the document as it is in force at a moment, read as the monitoring role in one READ ONLY transaction.

    Raises Refused if nothing is in force then, or the document is repealed, or without the plan of the run that made it law; Unmeasured if version
    0.2.0 did not seal its units; Drifted if the units are not those of the plan.
    """
    with reading(installation) as connection:
        rows = require_states(connection, docprefix)
        row = state_at(rows, docprefix, as_of)
        if row.is_repeal:
            raise repealed(row, rows, server_clock(connection))
        if not is_sealed(connection, row.run_id):
            raise not_sealed(row)
        units, runs = state_units(connection, row.run_id), state_run(connection, row.run_id)
    plan, canonical = _cut_of(installation, docprefix, runs)
    _compare(plan, units)
    stored = (
        StoredUnit(unit.address, unit.parent, unit.section_type, unit.title, unit.body, is_draft=False)
        for unit in units
    )
    return of_rows(plan, canonical, stored)


def _refuse_unasked(units: tuple[ReaderUnit, ...], docprefix: str, *, with_drafts: bool) -> None:
    if not units:
        raise Refused(
            StopCode.DOCUMENT_UNKNOWN,
            f"the database has no unit of {docprefix} that is a draft or in force",
            "See its documents: cutter-console status",
        )
    drafts = sum(unit.lifecycle == _DRAFT for unit in units)
    if drafts and not with_drafts:
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"{drafts:,} of {len(units):,} units of {docprefix} are drafts, and not in force",
            "Export them marked as drafts, with --drafts, or enact them first.",
        )


def _cut_of(installation: Installation, docprefix: str, runs: tuple[CutRun, ...]) -> tuple[DocumentPlan, bytes]:
    """Return plan and canonical text of the run that cut the document."""
    for run in runs:
        workspace = Workspace.open(installation.root, run.run_id)
        if not workspace.has_whole("plan.json", run.plan_digest):
            continue
        if not workspace.has_whole(SOURCE, run.source_sha256):
            continue
        plan = workspace.plan().document
        canonical = canonical_of(workspace.source(), run.profile, limits_of(installation.settings)).data
        if sha256_hex(kept_bytes(canonical, plan.dropped)) == plan.source.canonical_sha256:
            return plan, canonical
    named = ", ".join(run.run_id for run in runs) or "none is recorded"
    raise Refused(
        StopCode.INVARIANT_FAILED,
        f"the order of the units of {docprefix} is not known here: the directory of the run that cut it ({named}) is gone, "
        "or its plan and source are not those that the database recorded",
        "Run this on the host that has the run's directory below runs, or restore it there.",
    )


def _compare(plan: DocumentPlan, units: tuple[ReaderUnit, ...] | tuple[StateUnitRow, ...]) -> None:
    """Raise Drifted if the units are not those of the plan, each below its parent."""
    planned = {unit.address: (unit.parent, unit.unit_kind, unit.section_type) for unit in plan.units.fields()}
    stored = {unit.address: (unit.parent, unit.unit_kind, unit.section_type) for unit in units}
    different = sorted(
        address for address in planned.keys() | stored.keys() if planned.get(address) != stored.get(address)
    )
    if different:
        more = f" and {len(different) - 3:,} more" if len(different) > 3 else ""
        raise Drifted(
            StopCode.DRIFT,
            f"units that readers see and the plan differ: {', '.join(different[:3])}{more}",
            "Compare them: cutter-console drift; a document of which units were superseded alone is not exported.",
        )
