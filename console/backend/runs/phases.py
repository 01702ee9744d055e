"""The phases; `PHASES` has them in order. Each measures, promises and writes; the engine decides when."""

from functools import partial

import psycopg
from psycopg.types.json import Jsonb

from console.backend.documents.canonical import Handover
from console.backend.documents.limits import limits_of
from console.backend.host.memory import give_back
from console.backend.host.site_files import kept_mapping
from console.backend.model.amendment import Amendment, amendment_in_words
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Check
from console.backend.model.plan import (
    CutPlan,
    DocumentPlan,
    SourceVersion,
    acceptances_in_words,
    bind,
    dropped_in_words,
    omissions_in_words,
    suspects_in_words,
)
from console.backend.model.purposes import RunOperation
from console.backend.model.run_tables import RunTables, rows_in_words
from console.backend.model.site_governance import Part
from console.backend.model.states import Phase
from console.backend.model.written_plan import as_written, cut_as_written, kept_bytes
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking
from console.backend.postgres.measure import measure_world
from console.backend.postgres.recorded_plans import MANIFEST_DIGEST, PLAN_DIGEST
from console.backend.postgres.records import require_run
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.rulings import signed_drafts
from console.backend.postgres.site_registered import rows_there
from console.backend.postgres.units import enacted_counts, ended_counts
from console.backend.runs.amendments import plan_amendment
from console.backend.runs.backups import backup_possible, ensure_backup, take_run_backup
from console.backend.runs.grant_probe import GrantProbe
from console.backend.runs.phase_context import PhaseContext, PhaseWork, Role
from console.backend.runs.preflight import before_write, preflight
from console.backend.runs.row_comparison import all_as_planned, compared
from console.backend.runs.sources import canonical_bytes, pinned, planned, source_of
from console.backend.runs.verification import measure_units, structural_checks
from console.backend.runs.workspace import MARKED, SOURCE
from console.backend.runs.write_verify import WriteVerify

_OF_LAW = {RunOperation.AMEND: "amends", RunOperation.REPEAL: "repeals"}
_COMPARED = "the law, compared by address"


class SourcePin(PhaseWork):
    """Read the document once, keep its bytes, and record their digests.

    From here on the run looks at its own copy; the file or the live text may change.
    """

    phase = Phase.SOURCE_PIN

    def prepare(self, context: PhaseContext) -> tuple[Check, ...]:
        raw = source_of(context.installation, context.request)
        source = _pinned(context, raw)
        context.workspace.write(SOURCE, raw)
        return (
            context.passed("source pinned", f"{source.bytes} bytes, sha256 {source.sha256}", context.request.origin),
        )

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        ledger.pin_source(connection, context.run_id, _pinned(context, context.workspace.source()), event)


def _pinned(context: PhaseContext, raw: bytes) -> SourceVersion:
    return pinned(context.installation, context.request, raw, context.workspace.profile(context.request))


def _planned(context: PhaseContext) -> DocumentPlan:
    workspace, request = context.workspace, context.request
    profile = workspace.profile(request)
    acceptances = workspace.acceptances(request, limits_of(context.installation.settings))
    return planned(context.installation, request, Handover(workspace.source()), profile, acceptances)


def _first_pass(context: PhaseContext) -> DocumentPlan:
    """Return the plan that the run was started with, if it was made of the very bytes that are pinned; or plan them."""
    known = context.planned
    if known is not None and known.source.sha256 == sha256_hex(context.workspace.source()):
        return known
    return _planned(context)


def _profile_in_words(document: DocumentPlan) -> str:
    own = document.profile_sha256
    return f"{document.profile}, the operator's own, sha256 {own}" if own else document.profile


class Mark(PhaseWork):
    """Mark the units in the pinned text, and see now what would be refused at the write.

    The first of two independent passes over the text.
    """

    phase = Phase.MARK

    def prepare(self, context: PhaseContext) -> tuple[Check, ...]:
        # There is none but in a run that is planned again, after a promotion.
        context.workspace.set_plan_aside()
        document = _first_pass(context)
        context.workspace.write_marked(document)
        coverage = document.coverage
        spans = f"{coverage.unit_bytes} bytes in units, {coverage.other_bytes} outside, every byte in exactly one span"
        return (
            context.passed(
                "units marked",
                f"{counted(len(document.units), 'unit')} by profile {_profile_in_words(document)}",
                "the pinned source",
            ),
            context.check("lossless", spans, "the pinned source", coverage.lossless),
            context.passed("suspects counted", suspects_in_words(document.suspects), "the pinned source"),
            context.passed("acceptances met", acceptances_in_words(document.acceptances), "the pinned source"),
            *_dropped(context, document),
            *(
                [context.passed("not in the text", omissions_in_words(document.omissions), "the pinned source")]
                if document.omissions
                else []
            ),
        )

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        return preflight(context, connection, context.workspace.marked())


def _dropped(context: PhaseContext, document: DocumentPlan) -> tuple[Check, ...]:
    """Return what is in no body as a check, if there is any: records of other runs stay as they are."""
    counted = context.passed("spans dropped", dropped_in_words(document.dropped), "the pinned source")
    return (counted,) if document.dropped else ()


class Cutplan(PhaseWork):
    """Plan a second time, compare, and bind the plan to the world as it is now.

    Its digest is what the sovereign signs.
    """

    phase = Phase.CUTPLAN

    def prepare(self, context: PhaseContext) -> tuple[Check, ...]:
        marked_digest = context.workspace.sha256(MARKED)
        # A large document is in memory once: the plan of the first pass waits in its file.
        context.workspace.let_go_of_marked()
        document = _planned(context)
        planned_digest = context.workspace.content_digest(document)
        are_equal = marked_digest == planned_digest
        if are_equal:
            context.workspace.take_as_marked(document)
        return (
            context.check(
                "two passes, one digest",
                f"{marked_digest} and {planned_digest}",
                "the pinned source",
                are_equal,
                "Void this run, make a dry run, which plans in both passes, and start again. If they differ then too,"
                " report it: the scanner is not deterministic.",
            ),
        )

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        with Asking(connection) as asking:
            world_now = asking.ask(
                partial(measure_world, host=context.installation.context.host, schema=context.schema.last)
            )
            tables_now = asking.ask(partial(_tables, context))
        world, tables = world_now.value, tables_now.value
        plan = bind(context.workspace.marked(), world, _amendment(context, connection), tables)
        context.workspace.write_plan(plan)
        place = f"{world.target.database} on {world.target.host}, system {world.target.system_identifier}"
        return (
            _digests(context, plan),
            context.passed("bound to", f"{place}, timeline {world.target.timeline}", "the database"),
            *_rows_to_come(context, tables, plan),
            *(
                [
                    context.passed(
                        _OF_LAW[context.request.operation], amendment_in_words(plan.amendment.counts), _COMPARED
                    )
                ]
                if plan.amendment
                else []
            ),
        )

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        plan = context.workspace.plan()
        if plan.world is None:
            raise Refused(StopCode.INVARIANT_FAILED, "the plan is bound to no database", "Start another run.")
        ledger.record_plan(connection, context.run_id, plan, plan.world.baseline_digest, event)


def _digests(context: PhaseContext, plan: CutPlan) -> Check:
    """Record the plan's digest, and beside it the manifest's, which a statement over the plan must name."""
    manifest = ledger.manifest_digest(as_written(plan.document).units)
    beside = context.passed(MANIFEST_DIGEST, manifest, "the manifest of the plan's units").evidence
    check = context.passed(PLAN_DIGEST, plan.plan_digest, "canonical JSON of the plan")
    return check.model_copy(update={"evidence": (*check.evidence, *beside)})


def _rows_to_come(context: PhaseContext, tables: RunTables, plan: CutPlan) -> tuple[Check, ...]:
    """Name the rows that the cut adds, table by table, where they stand in an organisation's tables too."""
    if tables.site is None:
        return ()
    return (context.passed("rows to come", rows_in_words(plan.expected_deltas), "the plan"),)


def _tables(context: PhaseContext, connection: psycopg.Connection) -> RunTables:
    """Return the tables that the run writes: the console's own where they are, and an organisation's by its mapping."""
    site, source = kept_mapping(context.installation).mapping, context.workspace.marked().source
    there = frozenset[Part]()
    if site is not None and site.governance is not None:
        there = rows_there(connection, site.governance, context.request.docprefix, source.sha256)
    return RunTables(names=schema_names(connection), site=site, there=there)


def _amendment(context: PhaseContext, connection: psycopg.Connection) -> Amendment | None:
    if not context.request.operation.of_law:
        return None
    document, request = as_written(context.workspace.marked()), context.request
    return plan_amendment(connection, document, request.moved, request.operation)


class PreWriteBackup(PhaseWork):
    """A proven backup of every table that the run can touch; a dry run sees whether one could be taken.

    Fails closed: no key, no program, no proof, no cut.
    """

    phase = Phase.PRE_WRITE_BACKUP

    def prepare(self, context: PhaseContext) -> tuple[Check, ...]:
        if not context.is_live:
            return backup_possible(context)
        # The members of a batch have one backup: the first of them takes it, and it counts for the others.
        return ensure_backup(context) if context.request.batch_id else take_run_backup(context)


class CutLegA(PhaseWork):
    """The cut. Manifest, units, versions, the approval's use and the run's state in one transaction.

    There is no way from here to a simulator: a dry run simply ends before `write`.
    """

    phase = Phase.CUT_LEG_A

    def prepare(self, context: PhaseContext) -> tuple[Check, ...]:
        return ensure_backup(context) if context.is_live else ()

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        return before_write(context, connection, self.phase, context.schema_at_write)

    def promise(self, context: PhaseContext) -> tuple[Check, ...]:
        plan = context.workspace.plan()
        n, counts = plan.n_units, plan.amendment.counts if plan.amendment else None
        units = n if counts is None else counts.made
        versions = n if counts is None else counts.drafts
        return (
            context.passed(
                "leg A",
                f"{counted(units, 'unit')} and {counted(versions, 'version')}, from a sealed manifest of {n}",
                "fn_cut_apply",
            ),
        )

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        plan = context.workspace.plan()
        canonical = canonical_bytes(context.installation, context.request, context.workspace.source())
        kept = kept_bytes(canonical, plan.document.dropped)
        context.report("cutting", 0, plan.n_units)
        # The message holds manifest and text once more: no other moment of a run takes as much memory.
        give_back()
        ledger.apply_cut(connection, context.run_id, cut_as_written(plan), kept, event)
        context.report("cutting", plan.n_units, plan.n_units)


class StructuralVerify(PhaseWork):
    """Check as another role, on a fresh connection, that the units are there and in their places.

    The success that a function reports is not believed.
    """

    phase = Phase.STRUCTURAL_VERIFY
    role = Role.VERIFIER

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        plan = context.workspace.plan()
        rows = measure_units(
            connection,
            context.run_id,
            context.request.docprefix,
            compared(plan),
            plan.amendment,
            at_once=partial(all_as_planned, plan),
        )
        return structural_checks(plan, rows)

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        ledger.record_structure(connection, context.run_id, event)


class LegBRecord(PhaseWork):
    """The governance rows of the cut: decision, change set, affected rows, signature, backlog.

    Leg B; 5 + N rows.
    """

    phase = Phase.LEG_B_RECORD

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        return before_write(context, connection, self.phase, context.schema_at_write)

    def promise(self, context: PhaseContext) -> tuple[Check, ...]:
        n = _affected(context.workspace.plan())
        return (context.passed("leg B", f"decision, change set and {n} affected rows recorded", "fn_cut_record"),)

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        ledger.record_cut(connection, context.run_id, _affected(context.workspace.plan()), event)


def _affected(plan: CutPlan) -> int:
    """Return the number of units that the cut, or the amendment, touches."""
    return plan.n_units if plan.amendment is None else plan.amendment.counts.touched


class LifecycleEnact(PhaseWork):
    """Make the drafts law, all of them in one transaction, under the second ruling.

    Irreversible; the database compares every draft with what was signed, and wants a newer PASS verification.
    """

    phase = Phase.LIFECYCLE_ENACT

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        return before_write(context, connection, self.phase, context.schema_at_write)

    def promise(self, context: PhaseContext) -> tuple[Check, ...]:
        plan = context.workspace.plan()
        n = plan.n_units
        answer = f"{counted(n, 'unit')} and {counted(n, 'version')}, each as it was signed"
        if plan.is_repeal:
            answer = f"{counted(n, 'unit')} and {counted(n, 'version')} go out of force, and none is left"
        elif plan.amendment is not None:
            answer = f"{amendment_in_words(plan.amendment.counts)}; the text of {counted(n, 'unit')} as it was signed"
        return (context.passed("enacted", answer, "fn_cut_enact"),)

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        plan = context.workspace.plan()
        if plan.amendment is None:
            ledger.enact(connection, context.run_id, plan.n_units, event)
        else:
            ledger.enact_amendment(connection, context.run_id, plan.amendment.counts, event)


class Closeout(PhaseWork):
    """Read back what became of it, pin the new baseline; the report of the run is written once it has come to rest.

    The record closes with counts that were read, not with what the functions said.
    """

    phase = Phase.CLOSEOUT

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        if not context.is_live:
            return (
                context.passed(
                    "dry run", "nothing was written; phases that look at written rows were not run", "the run's records"
                ),
            )
        # Row and ruling have what the plan says: who took the run over has no plan.
        with Asking(connection) as asking:
            recorded = asking.ask(partial(require_run, run_id=context.run_id))
            counted_now = asking.ask(partial(enacted_counts, run_id=context.run_id))
        row, counts = recorded.value, counted_now.value
        if row.operation is RunOperation.REPEAL:
            return (_ended(context, connection, row.n_units),)
        n = row.n_units
        logged = signed_drafts(connection, context.run_id) if row.operation is RunOperation.AMEND else n
        answer = f"{counts.enacted} of {counts.units} units enacted, {counts.logged} log rows, {n} planned"
        return (
            context.check(
                "enacted units", answer, "the database", counts == (n, n, logged), "Set a HOLD and call the sovereign."
            ),
        )

    def promise(self, context: PhaseContext) -> tuple[Check, ...]:
        return (context.passed("baseline pinned", "today's counts are the next run's baseline", "fn_run_close"),)

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        ledger.close_run(connection, context.run_id, event)


def _ended(context: PhaseContext, connection: psycopg.Connection, n: int | None) -> Check:
    """Check that what was repealed is superseded, with a log row each, and that nothing of the document is law."""
    ended = ended_counts(connection, context.run_id, context.request.docprefix)
    answer = f"{ended.superseded} units superseded, {ended.logged} log rows, {n} planned; {ended.left} left in force"
    is_over = ended == (n, n, 0)
    return context.check("repealed units", answer, "the database", is_over, "Set a HOLD and call the sovereign.")


PHASES: tuple[PhaseWork, ...] = (
    SourcePin(),
    Mark(),
    Cutplan(),
    PreWriteBackup(),
    GrantProbe(),
    CutLegA(),
    StructuralVerify(),
    LegBRecord(),
    WriteVerify(),
    LifecycleEnact(),
    Closeout(),
)
