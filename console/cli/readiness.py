"""gates, bundle, report: measures gates, and writes the readiness bundle and the report of a run."""

from console.backend.api import Backend
from console.backend.gates.board import DEADLINE_S
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, StopCode, UsageError
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.readiness import (
    Board,
    BundleView,
    GateReport,
    ReportView,
    board_of,
    joined,
    urgency,
    worst_first,
)
from console.backend.model.shown_time import shown_time
from console.backend.model.view_models import Progress
from console.cli.arguments import Options
from console.cli.evidence_requests import Bundle, Gates
from console.cli.installation import backend_of
from console.cli.one_run import OneRun
from console.cli.output import as_typed, narrating, report

_PRE = "PRE"


def gates(options: Options, request: Gates) -> ExitStatus:
    """Measure the board, or the named gates with every check and its evidence."""
    board = _measured(backend_of(options), request)
    if not request.names:
        lines = _board_lines(options, board)
    else:
        lines = [part for gate in board.gates for part in gate_lines(options, gate)]
        lines += [_last_line(board)] if len(board.gates) > 1 else []
    report(options, "gates", board.outcome, lines, board)
    return exit_status(_outcomes(board))


def _measured(backend: Backend, request: Gates) -> Board:
    """Measure the named gates; PRE is measured for one run, and is no gate of the board."""
    names = tuple(name.upper() for name in request.names)
    if request.run and _PRE not in names:
        raise UsageError(
            StopCode.REFUSED_INPUT, "--run belongs to PRE", f"cutter-console gates PRE --run {request.run}"
        )
    if _PRE not in names:
        return backend.gates(names)
    board_names = tuple(name for name in names if name != _PRE)
    pre = board_of(backend.readiness(request.run), DEADLINE_S)
    return joined(backend.gates(board_names), pre) if board_names else pre


def _outcomes(board: Board) -> list[Outcome]:
    """Return the outcomes of gates and checks: a FAIL counts even if another check could not be measured."""
    return [outcome for gate in board.gates for outcome in (gate.outcome, *(check.outcome for check in gate.checks))]


def exit_status(outcomes: list[Outcome]) -> ExitStatus:
    """Return FAIL if anything is known to be wrong or was not run, else INCONCLUSIVE if something was not measured."""
    if not outcomes or {Outcome.FAIL, Outcome.NOT_RUN} & set(outcomes):
        return ExitStatus.FAIL
    return ExitStatus.INCONCLUSIVE if Outcome.INCONCLUSIVE in outcomes else ExitStatus.DONE


def _board_lines(options: Options, board: Board) -> list[str]:
    width = max((len(gate.title) for gate in board.gates), default=0)
    lines: list[str] = []
    for gate in board.gates:
        description = f"{gate.owner:<11}  {gate.took_ms:>6} ms  {gate.urgent_detail}"
        lines.append(f"{gate.gate:<4} {gate.outcome:<13} {gate.title:<{width}}  {description}")
        if gate.outcome is not Outcome.PASS:
            lines.append(f"{'':<4} {'':<13} next: {as_typed(options, _next_action(gate))}")
    return [*lines, _last_line(board)]


def _last_line(board: Board) -> str:
    """Return the line below all gates: each outcome that keeps a run from starting, as none of them makes another one unsaid."""
    blocking = sorted(set(_outcomes(board)) - {Outcome.PASS, Outcome.PARTIAL}, key=urgency)
    outcomes = ", ".join(blocking) or board.outcome
    return f"{'':<4} {outcomes:<13} {counted(len(board.gates), 'gate')} in {board.took_ms} ms"


def _next_action(gate: GateReport) -> str:
    return gate.urgent.next_action if gate.urgent is not None else gate.next_action


def gate_lines(options: Options, gate: GateReport) -> list[str]:
    """Return the lines of one gate: question, owner, every check with its evidence and next action."""
    head = [
        f"{gate.gate:<4} {gate.outcome:<13} {gate.title}",
        f"     question      {gate.question}",
        f"     owner         {gate.owner}",
        f"     measured      {shown_time(gate.measured_at)}, took {gate.took_ms} ms",
    ]
    lines = [part for check in worst_first(gate.checks) for part in _check_lines(options, check)]
    return (
        [*head, *lines]
        if gate.outcome is Outcome.PASS
        else [*head, *lines, f"next: {as_typed(options, _next_action(gate))}"]
    )


def _check_lines(options: Options, check: Check) -> list[str]:
    next_action = (
        [f"       next        {as_typed(options, check.next_action)}"] if check.outcome is not Outcome.PASS else []
    )
    return [
        f"  {check.outcome:<13} {check.name}: {check.detail}",
        *next_action,
        *(part for fact in check.evidence for part in _evidence_lines(fact)),
    ]


def _evidence_lines(fact: Evidence) -> list[str]:
    return [
        f"       {fact.id}: {fact.asked}",
        f"         of        {fact.source}",
        f"         answer    {fact.answer}",
        *([f"         sha256    {fact.digest}"] if fact.digest else []),
        f"         measured  {shown_time(fact.measured_at)}, took {fact.took_ms} ms",
    ]


def bundle(options: Options, request: Bundle) -> ExitStatus:
    """Write the readiness bundle. Exit status 0 for A and B."""
    backend: Backend = backend_of(options)
    written = backend.bundle(narrating(_in_words), request.sign)
    report(options, "bundle", written.outcome, _bundle_lines(options, written), written)
    return exit_status([*_outcomes(written.board), written.outcome])


def _in_words(progress: Progress) -> str:
    return f"{progress.done} of {progress.total}  {progress.step}" if progress.total is not None else progress.step


def _bundle_lines(options: Options, written: BundleView) -> list[str]:
    return [
        f"bundle     {written.directory}",
        f"sums       {written.sums_sha256}" + (f"  signed by {written.signed_by}" if written.signed_by else ""),
        f"outcome    {written.letter}  {written.headline}",
        *(as_typed(options, f"gap        {gap}") for gap in written.gaps),
    ]


def run_report(options: Options, request: OneRun) -> ExitStatus:
    """Write the documents of a run."""
    backend: Backend = backend_of(options)
    written = backend.report(request.run)
    return report(options, "report", Outcome.PASS, _report_lines(written), written)


def _report_lines(written: ReportView) -> list[str]:
    return [
        f"report     {written.directory}" + ("  unchanged" if written.unchanged else ""),
        f"sums       {written.sums_sha256}",
        *(f"document   {name}" for name in written.documents),
    ]
