"""approval draft|check|import, arm, disarm, panic, hold show|release: the commands that authorise and stop writes."""

import contextlib
import os
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from console.backend.approvals.check import open_checks
from console.backend.approvals.statement import utc_second
from console.backend.model.errors import CutterError, ExitStatus, Refused, StopCode, UsageError
from console.backend.model.full_command import command_to_import
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.shell_word import shell_word
from console.backend.model.shown_time import shown_time
from console.backend.model.states import Move
from console.backend.model.view_models import ApprovalStatus, ApprovalView, StopStep, SwitchState, SwitchView
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.runs.hold_file import is_being_written
from console.backend.runs.moves import command_of
from console.backend.service import BackendService
from console.cli.approval_requests import DraftStatement, ImportStatement, OneStatement
from console.cli.arguments import Options
from console.cli.installation import backend_of
from console.cli.operations import Nothing
from console.cli.output import as_typed, narrate, report
from console.cli.run_requests import ConfirmedRun, Panic, ReleaseHold
from console.cli.settings import found_path, require_root
from console.cli.watching import Watching

_AGAIN_S = 3


def draft(options: Options, request: DraftStatement) -> ExitStatus:
    """Draft the statement that the run waits for, or the one that takes its drafts back."""
    drafted = backend_of(options).draft_statement(
        request.run, revert=request.revert, in_force_from=_moment(request.in_force_from)
    )
    report(options, "approval draft", Outcome.PASS, _approval_lines(options, drafted), drafted)
    # Drafting authorises nothing: the run still waits.
    return ExitStatus.WAITING


def _moment(text: str) -> datetime | None:
    """Return a moment written in ISO 8601 with its zone, in UTC; None for no text. Raises UsageError for any other text.

    A statement names whole seconds: a fraction would be left out of what is signed, and the text be in force before it.
    """
    if not text:
        return None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if (named := utc_second(moment)) == moment:
            return named
    message = f"--in-force-from {text}: not a moment in whole seconds, in ISO 8601 with its zone"
    raise UsageError(StopCode.REFUSED_INPUT, message, "Write it as 2027-01-01T00:00:00Z or 2027-01-01T00:00:00+01:00")


def check(options: Options, request: OneStatement) -> ExitStatus:
    """Check a statement and the signatures beside it."""
    backend = backend_of(options)
    seen = backend.check_statement(_statement(options, backend, request.statement))
    good = not any(finding.outcome is not Outcome.PASS for finding in seen.checks) or seen.status is ApprovalStatus.USED
    report(options, "approval check", Outcome.PASS if good else Outcome.FAIL, _approval_lines(options, seen), seen)
    return ExitStatus.DONE if good else ExitStatus.REFUSED


def _statement(options: Options, backend: BackendService, path: Path) -> Path:
    """Return the statement that was named. Raises Refused, which says where statements are, if no file is there."""
    statement = found_path(options, path)
    if statement.is_file():
        return statement
    reason = "is no file" if os.path.lexists(statement) else "is not there"
    # All of them in one folder, where each draft is written.
    those = f"ls {shell_word(str(backend.installation.root / 'approvals'))}"
    raise Refused(
        StopCode.APPROVAL_INVALID, f"{statement} {reason}", f"Look at the name; the statements that there are: {those}"
    )


@with_kept_sessions
def import_signed(options: Options, request: ImportStatement) -> ExitStatus:
    """Check a signed statement and record it."""
    backend = backend_of(options)
    statement = _statement(options, backend, request.statement)
    beside = backend.check_statement(statement).signature_paths
    signatures = tuple(found_path(options, signature) for signature in request.signatures)
    recorded = backend.import_statement(statement, signatures or beside)
    lines = _approval_lines(options, recorded)
    if not options.json:
        with contextlib.suppress(CutterError):  # The import stands, whatever is known of what follows.
            lines += [as_typed(options, f"next       {step}") for step in _steps(backend, recorded)]
    return report(options, "approval import", Outcome.PASS, lines, recorded)


def _steps(backend: BackendService, imported: ApprovalView) -> list[str]:
    """Return what the ruling was imported for, or what the run or batch waits for now, as `status` says it."""
    if imported.purpose is Purpose.REVERT:
        # The run goes on waiting for SG_2 meanwhile, which is not what was ruled.
        return [command_of(Move.REVERT, imported.run_id)]
    if is_batch(imported.run_id):
        return [step] if (step := backend.batch(imported.run_id).next_command) else []
    return [wait.next_action for wait in backend.status().waiting if wait.run_id == imported.run_id]


def _approval_lines(options: Options, seen: ApprovalView) -> list[str]:
    return [
        f"{seen.kind}       {seen.status}  run {seen.run_id}  {seen.docprefix}",
        f"statement  {seen.statement_path}",
        f"sha256     {seen.statement_sha256}",
        f"expires    {shown_time(seen.expires_at) if seen.expires_at else 'NOT KNOWN'}",
        *(
            f"{finding.outcome:<13} {finding.name}: {finding.detail}"
            + (f"  next: {as_typed(options, finding.next_action)}" if finding.next_action else "")
            for finding in seen.checks
        ),
        *(f"unit       {unit.body_sha256}  {unit.address}  {unit.title}" for unit in seen.drafts),
        *_signing_lines(options, seen),
    ]


def _signing_lines(options: Options, seen: ApprovalView) -> list[str]:
    """Return how it is signed while signatures are missing, how it is imported once none is; nothing after that."""
    if seen.status not in {ApprovalStatus.DRAFTED, ApprovalStatus.INVALID} or not seen.sign_with:
        return []
    stopping = open_checks(seen.checks)
    if not stopping:
        return [as_typed(options, f"next       {command_to_import(seen.statement_path)}")]
    # What says something else than its run is drafted again, and not signed.
    of_signers = all(check.name == "quorum" or check.name.startswith("signature.") for check in stopping)
    return [f"sign with  {line}" for line in seen.sign_with.split("\n")] if of_signers else []


def arm(options: Options, request: ConfirmedRun) -> ExitStatus:
    """Arm the switch for one run."""
    return _switch(options, "arm", backend_of(options).arm(request.run, request.confirm), ExitStatus.DONE)


def disarm(options: Options, _request: Nothing) -> ExitStatus:
    """End the lease."""
    return _switch(options, "disarm", backend_of(options, anywhere=True).disarm(), None)


def panic(options: Options, request: Panic) -> ExitStatus:
    """Stop everything. The exit status is DONE if every step was done, else HOLD; the answer names the missing steps.

    At a terminal it is repeated until the database has the HOLD and the file system has answered, or the operator
    presses Ctrl+C; a script gets its answer at once.
    """
    backend = backend_of(options, anywhere=True)
    seen = backend.panic(request.reason, _tell)
    with contextlib.suppress(KeyboardInterrupt):
        while (seen.in_database is not True or seen.in_file is None) and sys.stderr.isatty() and not options.json:
            # While only the file is awaited, which is being written, nothing else is done once more.
            only_waits = seen.in_database is True and is_being_written(backend.installation)
            again = "the file system is waited for" if only_waits else f"it is tried again every {_AGAIN_S} s"
            narrate(f"NOT DONE: {seen.incomplete}; {again}; Ctrl+C leaves it as it is")
            time.sleep(_AGAIN_S)
            if not only_waits:
                seen = backend.panic(request.reason, _tell)
    return _switch(options, "panic", seen, ExitStatus.HOLD if seen.incomplete else ExitStatus.DONE)


def _tell(step: StopStep) -> None:
    """Say at once what was not done: what is still tried may take the better part of a minute."""
    if not step.done:
        narrate(f"NOT DONE YET: {step.what}: {step.detail}")


def hold_show(options: Options, _request: Watching) -> ExitStatus:
    """Print whether a HOLD is set."""
    return _switch(options, "hold show", backend_of(options).status().switch, None)


def hold_release(options: Options, request: ReleaseHold) -> ExitStatus:
    """Clear the HOLD."""
    # A configuration that is named elsewhere says nothing of the HOLD file, which is to go too.
    require_root(replace(options, config=None))
    return _switch(options, "hold release", backend_of(options).release_hold(request.confirm), None)


def _switch(options: Options, command: str, seen: SwitchView, exit_status: ExitStatus | None) -> ExitStatus:
    outcome = Outcome.INCONCLUSIVE if seen.state is SwitchState.UNREADABLE else Outcome.PASS
    if seen.incomplete:
        outcome = Outcome.PARTIAL
    lines = [f"switch     {seen.state}"]
    lines += [
        f"{name:<10} {value}"
        for name, value in (
            ("run", seen.run_id),
            ("purpose", seen.purpose),
            ("by", seen.by),
            ("since", seen.since and shown_time(seen.since)),
            ("expires", seen.expires_at and shown_time(seen.expires_at)),
            ("reason", seen.reason),
            ("clears", as_typed(options, seen.clears_with)),
            ("incomplete", seen.incomplete),
            ("complete", as_typed(options, seen.complete_with)),
            ("note", seen.note),
        )
        if value
    ]
    lines += [f"{'done' if step.done else 'NOT DONE':<10} {step.what}: {step.detail}" for step in seen.steps]
    status = report(options, command, outcome, lines, seen)
    # A command with a result of its own gives that one's status; the others answer with the state of the switch.
    if exit_status is not None:
        return exit_status
    return ExitStatus.HOLD if seen.state is SwitchState.HOLD else status
