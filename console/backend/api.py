"""The interface of the backend for both front ends. `console.backend.service` implements it; screens' tests fake it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Protocol

from console.backend.journal.journal import JournalVerdict
from console.backend.journal.journal_pages import JournalEntry, JournalPage, JournalQuery
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.batches import BatchPlan, BatchSource, BatchView, OnBatch, OnFailure
from console.backend.model.errors import CutterError
from console.backend.model.holds import HoldView
from console.backend.model.outcome import Check
from console.backend.model.readiness import Board, BundleView, DriftReport, GateReport, ReportView
from console.backend.model.states import Mode
from console.backend.model.unit_search import UnitHits, UnitQuery, UnitView, VersionDiff
from console.backend.model.view_models import (
    ApprovalView,
    Cancelled,
    Confirmation,
    Danger,
    IntakeView,
    OnProgress,
    OnStep,
    PlanView,
    RunRequest,
    RunSummary,
    RunView,
    Status,
    SwitchView,
    untold,
)
from console.backend.reports.shelf import ExportedReport, ReportShelf, ReportText, ReportVerdict
from console.backend.runs.backup_shelf import BackupShelf
from console.backend.runs.bundle_shelf import BundleShelf
from console.backend.runs.draft_edits import EditBriefing, EditView
from console.backend.runs.journals import JournalFile
from console.backend.runs.typed_edits import TypedEdit


class Backend(Protocol):
    """Synchronous; every method may block and may raise CutterError. Screens call it from thread workers."""

    def explained(self, error: CutterError) -> CutterError:
        """Return the error or, if the database has another layout than this product's, one that says so. May ask the database."""

    def status(self) -> Status:
        """Measure what the Overview shows; an unreachable database is part of the answer, not an exception."""

    def intake(self) -> tuple[IntakeView, ...]:
        """Return the documents that can be planned."""

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        """Plan a document without any effect."""

    def compare(self, plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
        """Compare a planned document with what is law; None if nothing of it ever was. Reads only.

        `moved` are the renumberings that the operator states. Raises Refused for those that cannot be so.
        """

    def repealed_by_plan(self, docprefix: str) -> AmendmentReport:
        """Compare no text with what is law of a document: what its repeal would end. Reads only. Raises Refused."""

    def profiles(self) -> tuple[str, ...]:
        """Return the names of the profiles."""

    def runs(self) -> tuple[RunSummary, ...]:
        """Return all runs, the newest first."""

    def run(self, run_id: str) -> RunView:
        """Return one run; its state and moves are decided by evidence from the database and the journal."""

    def start(self, request: RunRequest, on_progress: OnProgress) -> RunView:
        """Start a run and walk it to its first pause (LIVE) or through all phases (DRYRUN)."""

    def resume(self, run_id: str, on_progress: OnProgress) -> RunView:
        """Go on from where the run rests; a mutating phase needs the armed switch."""

    def settle(self, run_id: str) -> RunView:
        """Ask again what became of a COMMIT that was not answered. Raises NotKnownYet if that cannot be decided yet."""

    def replan(self, run_id: str, on_progress: OnProgress) -> RunView:
        """Plan a run again for the server at hand, up to its first pause. Raises Refused if it is planned for this one."""

    def verify(self, run_id: str) -> tuple[Check, ...]:
        """Run every check of a draft cut; at the second pause the verdict is recorded. Raises Refused if there is no draft."""

    def approvals(self) -> tuple[ApprovalView, ...]:
        """Return the statements that were drafted or imported, the newest first."""

    def draft_statement(
        self, run_id: str, *, revert: bool = False, in_force_from: datetime | None = None
    ) -> ApprovalView:
        """Draft the statement that the run waits for, into approvals/; with `revert`, one that takes its drafts back.

        `in_force_from` is for an enactment: the later moment from which the text is in force.
        """

    def check_statement(self, statement: Path) -> ApprovalView:
        """Check a statement and the signature files beside it."""

    def import_statement(self, statement: Path, signatures: tuple[Path, ...]) -> ApprovalView:
        """Check, then record in the database. Raises Refused naming the failed checks."""

    def brief(self, danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        """Return what a dangerous action would do to a run, or to a batch, and what stands in its way.

        `file` is the bundle of a hand-over or of an acceptance, which names its run itself.
        """

    def arm(self, run_id: str, confirm: str) -> SwitchView:
        """Arm the switch for this run: a lease that ends by itself."""

    def disarm(self) -> SwitchView:
        """End the lease, whoever holds it. Needs no authority."""

    def follow(self, on_change: Callable[[], None], ended: Event) -> None:
        """Call `on_change` whenever something has moved, whoever moved it, until `ended`. Reads only; occupies its thread."""

    def can_stop(self) -> bool:
        """Return whether `panic` can set a HOLD in the database: a console that only reads needs a role for it. Asks nothing."""

    def hook_trouble(self) -> str:
        """Return what is wrong with the last calls of hooks; empty if nothing is, and without any. Asks nothing."""

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        """Set a HOLD, cancel the running statement, end the lease. Needs no authority."""

    def release_hold(self, confirm: str, seen: str = "") -> SwitchView:
        """Clear the HOLD; `confirm` is the word that the confirmation asks for, `seen` the HOLD that it was about."""

    def hold(self) -> HoldView:
        """Return the HOLD with what it stopped, the runs that need a decision, and what a release would do. Reads only."""

    def enact(self, run_id: str, confirm: str, on_progress: OnProgress) -> RunView:
        """Enact a verified draft cut under SG_2, and close the run."""

    def revert(self, run_id: str, confirm: str) -> RunView:
        """Take a draft cut back: its units become superseded, nothing is deleted."""

    def void(self, run_id: str, reason: str) -> RunView:
        """End a run that has written nothing."""

    def take_over(self, run_id: str, confirm: str) -> tuple[RunView, bool]:
        """Hold a run whose holder is gone; return it, and False if this console holds it already."""

    def hand_over(self, run_id: str, to: Path) -> tuple[RunView, bool]:
        """Write the bundle of a run and let go of it; return it, and False if this console has handed it over already."""

    def accept_run(self, bundle: Path, seen: str = "") -> tuple[RunView, bool]:
        """Verify a bundle and hold its run; return it, and False if this console holds it by this bundle already.

        Raises Refused if it is not the bundle that was `seen`.
        """

    def bundles(self, folder: Path | None = None) -> BundleShelf:
        """Return the files in a folder, without one in the intake folder, that begin as a bundle does. Raises UsageError."""

    def brief_edit(self, run_id: str, address: str, body: str, title: str) -> EditBriefing:
        """Return what an edit of a draft would change, and what stands in its way. Raises Refused for what is no edit."""

    def typed_edits(self, run_id: str, address: str) -> tuple[TypedEdit, ...]:
        """Return what was typed for this draft and not planned since, the last first."""

    def keep_typed(
        self, run_id: str, typed: TypedEdit, writer: str, instead: TypedEdit | None = None, *, looks: bool = True
    ) -> None:
        """Keep what a writer typed for a draft, beside its run, in place of what it went on with. Raises RunHasEnded, Unmeasured.

        Without `looks` the database is not asked if the run has ended: nothing has moved since it was asked last.
        """

    def drop_typed(self, run_id: str, typed: TypedEdit) -> None:
        """Keep this text of a draft no longer."""

    def start_edit(self, run_id: str, address: str, body: str, title: str, seen: str = "") -> EditView:
        """Make the run of an edit, which waits for SG_1. Raises Drifted if the draft is not as it was `seen`."""

    def apply_edit(self, run_id: str, confirm: str) -> RunView:
        """Write what the run of an edit has planned, under its ruling, and read it back."""

    def batches(self, most: int | None = None) -> tuple[BatchView, ...]:
        """Return the batches of this root, the newest first, decided by evidence; `most` limits how many."""

    def batch(self, batch_id: str) -> BatchView:
        """Return one batch, decided by evidence."""

    def plan_batch(self, source: BatchSource) -> BatchPlan:
        """Plan the documents of a folder or queue together, without any effect."""

    def start_planned_batch(
        self,
        source: BatchSource,
        seen: BatchPlan,
        mode: Mode,
        on_failure: OnFailure,
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> BatchView:
        """Start a batch of what was planned from this source, up to its first pause (LIVE) or through all dry runs.

        `seen` are the plans that were shown. Raises Refused, naming them, if documents are others by now.
        """

    def resume_batch(
        self,
        batch_id: str,
        on_failure: OnFailure | None,
        on_batch: OnBatch,
        on_progress: OnProgress,
        seen: str = "",
    ) -> BatchView:
        """Go on from where the batch rests, to its next pause. Raises Refused if it is not as it was `seen`."""

    def set_aside(self, batch_id: str, seen: str = "") -> BatchView:
        """Set aside the documents of a batch that have failed, and those that fail from now on; it goes on by another call.

        Raises Refused if it is not as it was `seen`.
        """

    def arm_batch(self, batch_id: str, confirm: str, seen: str = "") -> SwitchView:
        """Arm the switch for this batch to cut. Raises Refused if it is not as it was `seen`."""

    def enact_batch(
        self, batch_id: str, confirm: str, on_batch: OnBatch, on_progress: OnProgress, seen: str = ""
    ) -> BatchView:
        """Enact the verified documents of a batch under SG_2. Raises Refused if it is not as it was `seen`."""

    def report_batch(self, batch_id: str) -> ReportView:
        """Write the report of a batch: a row for each document."""

    def search_units(self, query: UnitQuery) -> UnitHits:
        """Return a page of units by address, word, document and lifecycle, in this product's layout or another one. Reads only."""

    def unit(self, address: str, as_of: datetime | None = None) -> UnitView:
        """Return a unit with its text and history: as it is in force at a moment, or as it stands. Reads only."""

    def compare_versions(self, address: str, old: int | None = None, new: int | None = None) -> VersionDiff:
        """Compare two versions of a unit by words; else the newest one that may be read, with the one before it. Reads only."""

    def journals(self) -> tuple[JournalFile, ...]:
        """Return the journals below the root, the one that was written last first. Reads no database."""

    def journal_page(self, query: JournalQuery) -> JournalPage:
        """Return a page of a run's journal, sound or not; read from the file by its place, without the database."""

    def journal_entry(self, run_id: str, offset: int) -> JournalEntry:
        """Return the record of a journal that begins at this byte, with its values whole."""

    def verify_journal(self, run_id: str, on_progress: OnProgress) -> JournalVerdict:
        """Compare a run's journal with its own chain and with the anchors in the database; without it, with the chain."""

    def backups(self) -> BackupShelf:
        """Return the backups of this host and of the ledger, the newest first, with what the two say differently. Reads only."""

    def compare_backup(self, file_name: str, on_progress: OnProgress, cancelled: Cancelled) -> Check:
        """Read a backup's file again, and compare it with its record. Raises BackupNotProven for a difference."""

    def prove_backup(self, file_name: str, on_progress: OnProgress, cancelled: Cancelled) -> Check:
        """Decrypt a backup, restore it beside the database, and compare; nothing is recorded.

        Raises BackupNotProven naming what failed: also where the private key is elsewhere, as it should be.
        """

    def gates(self, names: tuple[str, ...] = ()) -> Board:
        """Measure these gates now, all of them if none is named. Raises UsageError for a name that no gate has."""

    def readiness(self, run_id: str = "") -> GateReport:
        """Measure the checks before arming, for this run or, without one, for the newest run that waits for SG_1."""

    def drift(self) -> DriftReport:
        """Compare grants and definitions with those that were installed; each difference comes with its repair."""

    def bundle(self, on_progress: OnProgress, sign_with: str = "") -> BundleView:
        """Measure every gate and write the readiness bundle into reports/, whole or not at all.

        `sign_with` is the fingerprint of a key of this host's own that signs SHA256SUMS; empty for no signature.
        """

    def report(self, run_id: str) -> ReportView:
        """Write the documents of a run; the same record gives the same bytes."""

    def reports(self) -> ReportShelf:
        """Return the reports and bundles that lie below the root, by names and times alone. Asks no database."""

    def verify_reports(self, names: tuple[str, ...]) -> tuple[ReportVerdict, ...]:
        """Read every file of these reports again; one that is gone by now has no verdict."""

    def report_text(self, name: str, file: str) -> ReportText:
        """Return a file of a report, and if these bytes are those that were written."""

    def export_report(self, name: str, folder: Path) -> ExportedReport:
        """Copy a report into a folder, whole or not at all. Raises Drifted if it is not as it was written."""

    def sign_as_demo_sovereign(self, statement: Path) -> Path:
        """Sign with the demo's key; exists in the demo only. Raises Refused elsewhere."""
