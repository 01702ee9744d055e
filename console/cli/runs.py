"""run start|list|show|resume|settle|replan|void, verify, enact, revert."""

from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.acceptances import parse_acceptances
from console.backend.model.amendment import amendment_in_words, parse_moved
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Check, Outcome, worst
from console.backend.model.purposes import KIND_AT
from console.backend.model.repeal import repeal_origin
from console.backend.model.shown_time import shown_time
from console.backend.model.states import Family, Mode, Stage
from console.backend.model.value import Value
from console.backend.model.view_models import PhaseView, Progress, RunRequest, RunSummary, RunView, own_profile_in_words
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.runs.moves import NOT_YET, offered_moves
from console.backend.service import BackendService
from console.cli.arguments import Options
from console.cli.installation import backend_of
from console.cli.one_run import OneRun, WatchedRun
from console.cli.output import as_typed, narrate, narrating, report
from console.cli.run_requests import ConfirmedRun, StartRun, VerifiedRun, VoidRun
from console.cli.state_requests import RepealDocument
from console.cli.taking_in import taken_in
from console.cli.watching import Watching


class Runs(Value):
    """The list of runs."""

    runs: tuple[RunSummary, ...]


class Verification(Value):
    """The checks of a verification."""

    run_id: str
    checks: tuple[Check, ...]


@with_kept_sessions
def start(options: Options, request: StartRun) -> ExitStatus:
    """Start a run: DRYRUN unless --live."""
    backend = backend_of(options)
    origin = (
        taken_in(backend.installation, Path(request.file)) if not request.file.startswith("live:") else request.file
    )
    run_request = RunRequest(
        origin=origin,
        docprefix=request.docprefix,
        profile=request.profile,
        ordinals=request.ordinals,
        accept=accept_text(request.accept),
        mode=Mode.LIVE if request.live else Mode.DRYRUN,
        amend=request.amend,
        moved=parse_moved(request.moved),
    )
    before = {run.run_id for run in backend.runs()}
    run = backend.start(run_request, narrating(_in_words))
    if run.run_id in before:
        narrate(f"nothing to do: run {run.run_id} has cut this very text")
        return report_run(options, "run start", run, ExitStatus.DONE)
    return report_run(options, "run start", run)


def start_run(options: Options, command: str, backend: BackendService, request: RunRequest) -> ExitStatus:
    """Start a run that is about law, and report it as the answer of this command."""
    return report_run(options, command, backend.start(request, narrating(_in_words)))


def repeal(options: Options, request: RepealDocument) -> ExitStatus:
    """Start a run that repeals a document as a whole: DRYRUN unless --live."""
    mode = Mode.LIVE if request.live else Mode.DRYRUN
    run_request = RunRequest(
        origin=repeal_origin(request.docprefix), docprefix=request.docprefix, mode=mode, repeal=True
    )
    return start_run(options, "document repeal", backend_of(options), run_request)


def accept_text(path: Path | None) -> str:
    """Return an accept file's text. Raises Refused, by its name, if it cannot be read as one."""
    if path is None:
        return ""
    data = intake.read_accept(path)
    parse_acceptances(data, str(path))
    return data.decode()


def list_all(options: Options, _request: Watching) -> ExitStatus:
    """List all runs, the newest first."""
    runs = backend_of(options).runs()
    lines = [
        f"{run.run_id}  {run.mode:<6}  {run.in_words:<32}  {run.docprefix}  {_units(run.n_units)}"
        + ("  INTERRUPTED" if run.interrupted else "")
        + ("  ACKNOWLEDGED AND GONE" if run.gone else "")
        + (f"  elsewhere: {run.elsewhere}" if run.elsewhere else "")
        for run in runs
    ]
    return report(options, "run list", Outcome.PASS, lines or ["no runs"], Runs(runs=runs))


def show(options: Options, request: WatchedRun) -> ExitStatus:
    """Print one run: its state, phases, evidence and legal moves."""
    return report_run(options, "run show", backend_of(options).run(request.run), ExitStatus.DONE)


def resume(options: Options, request: OneRun) -> ExitStatus:
    """Resume the run at its present stage, up to its next pause."""
    return report_run(options, "run resume", backend_of(options).resume(request.run, narrating(_in_words)))


def settle(options: Options, request: OneRun) -> ExitStatus:
    """Ask the database again for the result of an operation that was begun and not finished."""
    backend = backend_of(options)
    before = backend.run(request.run)
    return report_run(options, "run settle", _once(before, backend.settle(request.run)), ExitStatus.DONE)


def replan(options: Options, request: OneRun) -> ExitStatus:
    """Plan the run again for the server at hand, up to its first pause."""
    return report_run(options, "run replan", backend_of(options).replan(request.run, narrating(_in_words)))


def void(options: Options, request: VoidRun) -> ExitStatus:
    """End a run that has cut nothing."""
    backend = backend_of(options)
    before = backend.run(request.run)
    return report_run(options, "run void", _once(before, backend.void(request.run, request.reason)), ExitStatus.DONE)


@with_kept_sessions
def enact(options: Options, request: ConfirmedRun) -> ExitStatus:
    """Enact a verified draft cut, or those of a batch, under SG_2."""
    backend = backend_of(options)
    if is_batch(request.run):
        from console.cli.batches import enact as enact_batch

        return enact_batch(options, request.run, request.confirm)
    n_steps = 0

    def in_words(progress: Progress) -> str:
        nonlocal n_steps
        n_steps += 1
        return _in_words(progress)

    run = backend.enact(request.run, request.confirm, narrating(in_words))
    if not n_steps:
        _nothing_to_do(run)
    return report_run(options, "enact", run)


@with_kept_sessions
def revert(options: Options, request: ConfirmedRun) -> ExitStatus:
    """Revert a draft cut."""
    backend = backend_of(options)
    before = backend.run(request.run)
    return report_run(options, "revert", _once(before, backend.revert(request.run, request.confirm)), ExitStatus.DONE)


def _once(before: RunView, after: RunView) -> RunView:
    """Return `after`; say that there was nothing to do if the state is the one of before."""
    if before.state == after.state and before.interruption is None:
        _nothing_to_do(after)
    return after


def _nothing_to_do(run: RunView) -> None:
    narrate(f"nothing to do: run {run.run_id} is at {run.state.name} already")


def verify(options: Options, request: VerifiedRun) -> ExitStatus:
    """Verify a draft cut again, as cutter_verify on a fresh connection; at the second pause the verdict is recorded."""
    checks = verification(backend_of(options), request.run)
    lines = [f"{check.outcome:<13} {check.name}: {check.detail}" for check in checks]
    return report(
        options, "verify", worst([c.outcome for c in checks]), lines, Verification(run_id=request.run, checks=checks)
    )


def verification(backend: BackendService, run_id: str) -> tuple[Check, ...]:
    """Return the checks of a draft cut; at the second pause they are recorded. Raises Refused if the run has no draft."""
    return backend.verify(run_id)


def _in_words(progress: Progress) -> str:
    head = "" if progress.phase is None else f"{progress.phase.number:>2} {progress.phase:<18} "
    return f"{head}{progress.step}"


def report_run(options: Options, command: str, run: RunView, exit_status: ExitStatus | None = None) -> ExitStatus:
    """Print a run as the answer of a command; the exit status is that of its outcome unless one is given."""
    status = report(options, command, _outcome(run), told_lines(options, run), run)
    if exit_status is not None:
        return exit_status
    waits = run.mode is Mode.LIVE and run.state.family is Family.ACTIVE and run.state.stage in KIND_AT
    return ExitStatus.WAITING if waits else status


def _outcome(run: RunView) -> Outcome:
    match run.state.family:
        case Family.FAILED:
            return Outcome.FAIL
        case Family.STOPPED:
            return Outcome.INCONCLUSIVE
        case Family.ACTIVE | Family.VOIDED | Family.REVERTED:
            return Outcome.PASS if run.state.stage is Stage.CLOSEOUT_REPORTED else Outcome.PARTIAL


def _passed(run: RunView) -> list[str]:
    """Return a line for each phase, or for each step of an edit, which passes no phases; and how a run that was taken back ended."""
    lines = [
        f"{view.phase.number:>2} {view.phase:<18} {view.status:<8} {view.outcome:<13} {view.detail}"
        if isinstance(view, PhaseView)
        else f"{number:>2} {view.name:<18} {view.status:<8} {view.at or '':<32} {view.detail}".rstrip()
        for number, view in enumerate(run.shown_phases, 1)
    ]
    return [*lines, f"   {run.state.family:<18} {run.state.reason}".rstrip()] if run.is_taken_back else lines


def _counts(run: RunView) -> str:
    accepted = f", {run.n_acceptances} accepted" if run.n_acceptances else ""
    dropped = f", {run.n_dropped} dropped" if run.n_dropped else ""
    return f"{_units(run.n_units)}, {counted(run.n_suspects, 'suspect')}{accepted}{dropped}"


def _units(number: int | None) -> str:
    return counted(number, "unit") if number else "- units"


def run_lines(run: RunView) -> list[str]:
    """Return the lines that describe a run."""
    lines = [
        f"run        {run.run_id}  {run.mode}",
        f"state      {run.state.name}{f': {run.became}' if run.became else ''}",
        f"document   {run.docprefix}  {run.origin}  profile {run.profile}{own_profile_in_words(run.profile_sha256)}  {_counts(run)}",
        *(
            [f"{'repeals' if run.is_repeal else 'amends':<11}what is law: {amendment_in_words(run.amendment)}"]
            if run.amendment is not None
            else []
        ),
        f"plan       {run.plan_digest or '-'}",
        f"operator   {run.operator}",
        *([f"elsewhere  {run.elsewhere_in_words}"] if run.elsewhere else []),
        *([f"bundle     {run.bundle}"] if run.bundle else []),
        *([f"take-over  {run.take_over}"] if run.take_over else []),
        *([f"displaced  {run.displaced}"] if run.displaced else []),
        *([f"barred     {run.bar.said}"] if run.bar is not None else []),
        f"journal    {run.journal}",
    ]
    if run.at_work:
        lines.append(f"at work    {run.at_work}")
    if run.interruption is not None:
        lines.append(
            f"INTERRUPTED in {run.interruption.what} since {shown_time(run.interruption.since)}; the database says: {run.interruption.database_says}"
        )
    lines += _passed(run)
    if run.waits_for:
        lines.append(f"waits for  {run.waits_for}")
    return lines


def told_lines(options: Options, run: RunView) -> list[str]:
    """Return the lines of a run and of its moves, with each command as it must be typed."""
    return [*(as_typed(options, line) for line in run_lines(run)), *move_lines(options, run)]


def move_lines(options: Options, run: RunView) -> list[str]:
    """Return each legal move with the command that makes it, as it must be typed here."""
    moves = [
        as_typed(options, f"  {offer.move:<15}: {f'{NOT_YET}: ' if offer.is_barred else ''}{offer.command}")
        for offer in offered_moves(run)
    ]
    return ["legal" if moves else "legal      no move", *moves]
