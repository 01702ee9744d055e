"""Contents of the last document of a readiness bundle: letter, gaps, roll-up, rows, steps by owner. Pure."""

from console.backend.backup.record import TableProof
from console.backend.model.counting import counted
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import Board, GateReport, Letter, letter_of
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.publication.pages import DOCUMENTS, FINAL, ids_of, owner_of_step
from console.backend.reports.bundle.non_mutation_checks import Change, Statement

_MEANS = {
    Letter.A: "Every gate passed. A LIVE run may be requested; it still needs the sovereign's signature and the armed switch.",
    Letter.B: "Nothing is broken, but the steps named below are open. A LIVE run may be requested when they are done.",
    Letter.C: "Something does not hold or could not be measured. Nothing may be armed before it is repaired and measured again.",
}


class Gap(Value):
    """Gap between this installation and a LIVE run."""

    gate: str
    owner: str
    outcome: Outcome
    what: SafeText
    evidence: tuple[str, ...]
    next_action: SafeText

    def __str__(self) -> str:
        return f"{self.gate} ({self.owner}), {self.outcome}: {self.what.rstrip('.')}. Next: {self.next_action}"


class RolledUp(Value):
    """One line of the roll-up."""

    gate: str
    title: SafeText
    outcome: Outcome
    owner: str
    detail: SafeText
    evidence: tuple[str, ...]
    document: str


class Rows(Value):
    """One table before and after."""

    table: SafeText
    before: str
    after: str
    digest_before: str
    digest_after: str
    same: str


class Step(Value):
    """Step of one owner, named once, however many checks ask for it."""

    owner: str
    action: SafeText
    gates: tuple[str, ...]


class Final(Value):
    """Contents of the last document beyond its own gate."""

    letter: Letter
    headline: SafeText
    means: SafeText
    bundle: str
    first: tuple[Gap, ...]
    """The gap that decides, if there is one."""
    gaps: tuple[Gap, ...]
    roll_up: tuple[RolledUp, ...]
    changes: tuple[Change, ...]
    statements: tuple[Statement, ...]
    rows: tuple[Rows, ...]
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    """Ids of evidence that must not be overlooked: `solo`, `untested`."""
    removed: tuple[SafeText, ...]
    """Drafts of bundles that a crash had left, removed by this one."""
    signing: str
    """Fingerprint that signs the sums, or empty."""


def meaning(reached: Letter) -> str:
    """Pure: the meaning of the letter for the reader."""
    return _MEANS[reached]


def missing_gates(board: Board) -> tuple[str, ...]:
    """Pure: the gates that a readiness bundle needs and that this board does not have."""
    return tuple(name for _, _, ids in DOCUMENTS for name in ids if board.gate(name) is None)


def letter(board: Board, attested: tuple[Statement, ...]) -> Letter:
    """Pure: never better than the worst gate, the worst statement, or a gate that is missing."""
    absent = [Outcome.NOT_RUN for _ in missing_gates(board)]
    return letter_of([board.outcome, *(statement.outcome for statement in attested), *absent])


def gaps(board: Board, attested: tuple[Statement, ...]) -> tuple[Gap, ...]:
    """Pure: every check that is not PASS, every statement that does not hold, every gate that was not measured.

    What blocks comes first. Checks of one gate with the same finding are one gap: a database that is down is one cause.
    """
    open_gaps = [gap for report in board.gates for gap in _gaps_of(report)]
    open_gaps += [_gap_of(statement) for statement in attested if statement.outcome is not Outcome.PASS]
    open_gaps += [_not_asked(name) for name in missing_gates(board)]
    return tuple(sorted(open_gaps, key=lambda gap: _SEVERITY.index(gap.outcome)))


def _gaps_of(report: GateReport) -> list[Gap]:
    alike: dict[tuple[Outcome, str, str], list[Check]] = {}
    for check in report.checks:
        if check.outcome is not Outcome.PASS:
            alike.setdefault((check.outcome, check.detail, check.next_action), []).append(check)
    return [
        Gap(
            gate=report.gate,
            owner=owner_of_step(report.owner, action).value,
            outcome=outcome,
            what=f"{', '.join(check.name for check in checks)}: {detail}",
            evidence=tuple(dict.fromkeys(name for check in checks for name in ids_of(check))),
            next_action=action,
        )
        for (outcome, detail, action), checks in alike.items()
    ]


def _gap_of(statement: Statement) -> Gap:
    return Gap(
        gate="attestation",
        owner="operator",
        outcome=statement.outcome,
        what=f"{statement.forbidden}: {statement.sentence}",
        evidence=statement.evidence,
        next_action=statement.next_action,
    )


def _not_asked(name: str) -> Gap:
    finding, action = "it was not measured for this bundle", "cutter-console bundle"
    return Gap(gate=name, owner="operator", outcome=Outcome.NOT_RUN, what=finding, evidence=(), next_action=action)


def steps(open_gaps: tuple[Gap, ...]) -> tuple[Step, ...]:
    """Pure: each next action once, however many gates ask for it, grouped by owner; what blocks comes first."""
    gates_by_action: dict[str, tuple[str, dict[str, None]]] = {}
    for gap in open_gaps:
        gates_by_action.setdefault(gap.next_action, (gap.owner, {}))[1][gap.gate] = None
    unique_steps = [
        Step(owner=owner, action=action, gates=tuple(names)) for action, (owner, names) in gates_by_action.items()
    ]
    return tuple(sorted(unique_steps, key=lambda step: ("operator", "sovereign", "workstation").index(step.owner)))


def headline(reached: Letter, open_gaps: tuple[Gap, ...], many_steps: int) -> str:
    """Pure: the outcome in words."""
    match reached:
        case Letter.A:
            return "ready: every gate passed, and nothing changed while they were measured"
        case Letter.B:
            return f"ready but for {counted(many_steps, 'named step')}"
        case Letter.C:
            blocking = [(_names(open_gaps, outcome), words) for outcome, words in _BLOCKS]
            return "blocked: " + "; ".join(f"{names} {words}" for names, words in blocking if names)


_BLOCKS = (
    (Outcome.FAIL, "failed"),
    (Outcome.INCONCLUSIVE, "could not be measured"),
    (Outcome.NOT_RUN, "not asked"),
)
_SEVERITY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_RUN, Outcome.PARTIAL)


def _names(open_gaps: tuple[Gap, ...], outcome: Outcome) -> str:
    return ", ".join(dict.fromkeys(gap.gate for gap in open_gaps if gap.outcome is outcome))


def roll_up(board: Board) -> tuple[RolledUp, ...]:
    """Pure: a line for each gate of the documents and for whatever else is on the board."""
    place = {name: file for file, _, ids in DOCUMENTS for name in ids}
    measured = [_rolled(report, place.get(report.gate, FINAL)) for report in board.gates]
    absent = [
        RolledUp(
            gate=name,
            title="",
            outcome=Outcome.NOT_RUN,
            owner="operator",
            detail="not measured",
            evidence=(),
            document=place[name],
        )
        for name in missing_gates(board)
    ]
    order = [*place, *(report.gate for report in board.gates)]
    return tuple(sorted((*measured, *absent), key=lambda line: order.index(line.gate)))


def _rolled(report: GateReport, document: str) -> RolledUp:
    passed = report.outcome is Outcome.PASS
    evidence = tuple(dict.fromkeys(name for check in report.checks for name in ids_of(check)))
    return RolledUp(
        gate=report.gate,
        title=report.title,
        outcome=report.outcome,
        owner=report.owner.value,
        detail=f"all {len(report.checks)} checks hold" if passed else report.detail,
        evidence=evidence if passed else ids_of(report.decisive),
        document=document,
    )


def rows(before: tuple[TableProof, ...] | None, after: tuple[TableProof, ...] | None) -> tuple[Rows, ...]:
    """Pure: each table with its rows and the beginning of its digest, before and after."""
    earlier, later = ({proof.table: proof for proof in proofs or ()} for proofs in (before, after))
    return tuple(_rows(name, earlier.get(name), later.get(name)) for name in sorted({*earlier, *later}))


def _rows(table: str, before: TableProof | None, after: TableProof | None) -> Rows:
    return Rows(
        table=table,
        before=str(before.rows) if before is not None else "not measured",
        after=str(after.rows) if after is not None else "not measured",
        digest_before=before.digest[:16] if before is not None else "not measured",
        digest_after=after.digest[:16] if after is not None else "not measured",
        same="same" if before is not None and before == after else "CHANGED" if before and after else "unknown",
    )
