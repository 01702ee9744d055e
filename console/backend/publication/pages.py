"""The documents of a readiness bundle as typed pages: the values for their templates, with evidence ids. Pure."""

import re
from collections.abc import Iterable

from console.backend.model.gate_table import GATES
from console.backend.model.outcome import Check, Evidence, Outcome, worst
from console.backend.model.readiness import Board, GateReport, Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_TITLES = {
    "01-precheck.md": "Precheck and baseline",
    "02-runtime-tree.md": "Runtime tree and configuration",
    "03-backup.md": "Backup readiness",
    "04-revert.md": "Revert and compensation",
    "05-generality.md": "Generality",
    "06-targets.md": "Safe targets",
    "07-approval-package.md": "Approval package",
    "08-residuals.md": "Residuals",
    "09-off-host-package.md": "Off-host package",
    "10-final.md": "Final report",
}
DOCUMENTS: tuple[tuple[str, str, tuple[str, ...]], ...] = tuple(
    (file, title, tuple(gate.id for gate in GATES if gate.document == file)) for file, title in _TITLES.items()
)
"""File, title and gates of each document; any other gate is in the last one."""
OFF_HOST, FINAL = DOCUMENTS[-2][0], DOCUMENTS[-1][0]
_MEANING = {
    Outcome.PASS: "It holds, as measured. Nothing is to be done.",
    Outcome.PARTIAL: "Ready except for the steps named below. Take them, or accept them by name, before a LIVE run.",
    Outcome.FAIL: "It does not hold. Do not arm the switch before it is repaired.",
    Outcome.INCONCLUSIVE: "It could not be measured, so it may hold or not. Treat it as blocked until it was measured.",
    Outcome.NOT_RUN: "Not measured. Treat it as blocked until it is.",
}


class Cited(Value):
    """A check as it is printed."""

    name: SafeText
    outcome: Outcome
    detail: SafeText
    evidence: tuple[str, ...]
    next_action: SafeText


class Part(Value):
    """One gate in its document."""

    gate: str
    title: SafeText
    question: SafeText
    owner: str
    outcome: Outcome
    held: int
    """Checks that passed."""
    of: int
    measured_at: str
    took: str
    checks: tuple[Cited, ...]
    open: tuple[Cited, ...]
    """The checks that are not PASS."""


class Registered(Value):
    """One line of the evidence register."""

    id: str
    asked: SafeText
    source: SafeText
    answer: SafeText
    digest: str
    measured_at: str
    took: str


class Page(Value):
    """One document."""

    file: str
    number: str
    title: SafeText
    outcome: Outcome
    meaning: SafeText
    answer: SafeText
    """The decisive finding in one sentence."""
    evidence: tuple[str, ...]
    owner: str
    next_action: SafeText
    parts: tuple[Part, ...]
    unasked: tuple[str, ...]
    """Gates of this document that were not measured."""
    evidence_register: tuple[Registered, ...]


def page_of(document: tuple[str, str, tuple[str, ...]], board: Board, more: Iterable[Evidence] = ()) -> Page:
    """Pure: one document from its gates; `more` is further evidence that the document cites."""
    file, title, ids = document
    reports = tuple(
        report for name in (*ids, *_gates_without_document(file, board)) if (report := board.gate(name)) is not None
    )
    unasked = tuple(name for name in ids if board.gate(name) is None)
    outcome = worst([*(report.outcome for report in reports), *(Outcome.NOT_RUN for _ in unasked)])
    decisive = next((report for report in reports if report.outcome is outcome), None)
    action = decisive.next_action if decisive is not None else f"cutter-console gates {' '.join(ids)}"
    return Page(
        file=file,
        number=file[:2],
        title=title,
        outcome=outcome,
        meaning=_MEANING[outcome],
        answer=_answer(reports, decisive, unasked),
        evidence=ids_of(decisive.decisive) if decisive is not None and outcome is not Outcome.PASS else (),
        owner=owner_of_step(decisive.owner, action).value if decisive is not None else "operator",
        next_action="" if outcome is Outcome.PASS else action,
        parts=tuple(_part(report) for report in reports),
        unasked=unasked,
        evidence_register=register((*(piece for report in reports for piece in _evidence(report)), *more)),
    )


def _gates_without_document(file: str, board: Board) -> tuple[str, ...]:
    listed = {name for _, _, ids in DOCUMENTS for name in ids}
    return tuple(report.gate for report in board.gates if report.gate not in listed) if file == FINAL else ()


def _answer(reports: tuple[GateReport, ...], decisive: GateReport | None, unasked: tuple[str, ...]) -> str:
    if decisive is None:
        return f"{', '.join(unasked)}: not measured."
    if decisive.outcome is Outcome.PASS:
        return f"All {sum(len(report.checks) for report in reports)} checks hold; each cites its evidence below."
    return f"{decisive.gate} is {decisive.outcome} because of {decisive.detail}."


def owner_of_step(owner: Owner, action: str) -> Owner:
    """Pure: the owner of a step: the person at the machine that the step names, else the owner of the gate."""
    if action.startswith(_ELSEWHERE):
        return Owner.WORKSTATION
    on_this_host = _BEGINS_HERE.match(action) or (owner is Owner.WORKSTATION and _COMES_HERE.search(action))
    return Owner.OPERATOR if on_this_host else owner


# Whoever owns the gate, the one at the machine takes the step: its text says which machine that is.
_ELSEWHERE = ("On the workstation", "Change it on the workstation")
_HOST = r"(?:sudo )?(?:cutter-console|chmod|chown|gpg --homedir) "
_BEGINS_HERE = re.compile(rf"(?:See )?{_HOST}")
_COMES_HERE = re.compile(rf": {_HOST}")


def ids_of(check: Check | None) -> tuple[str, ...]:
    """Pure: the ids of a check's evidence, each once; none for None."""
    return tuple(dict.fromkeys(piece.id for piece in check.evidence)) if check is not None else ()


def _evidence(report: GateReport) -> tuple[Evidence, ...]:
    return tuple(piece for check in report.checks for piece in check.evidence)


def _part(report: GateReport) -> Part:
    checks = tuple(_cited(check) for check in report.checks)
    return Part(
        gate=report.gate,
        title=report.title,
        question=report.question,
        owner=report.owner.value,
        outcome=report.outcome,
        held=sum(check.outcome is Outcome.PASS for check in checks),
        of=len(checks),
        measured_at=f"{report.measured_at:%Y-%m-%d %H:%M:%S} UTC",
        took=f"{report.took_ms} ms",
        checks=checks,
        open=tuple(check for check in checks if check.outcome is not Outcome.PASS),
    )


def _cited(check: Check) -> Cited:
    return Cited(
        name=check.name,
        outcome=check.outcome,
        detail=check.detail,
        evidence=ids_of(check),
        next_action=check.next_action,
    )


def register(evidences: Iterable[Evidence]) -> tuple[Registered, ...]:
    """Pure: each piece of evidence once, ordered by where its id occurs last."""
    by_id = {piece.id: piece for piece in reversed(tuple(evidences))}
    return tuple(_registered(piece) for piece in reversed(by_id.values()))


def _registered(piece: Evidence) -> Registered:
    return Registered(
        id=piece.id,
        asked=piece.asked,
        source=piece.source,
        answer=piece.answer,
        digest=piece.digest,
        measured_at=f"{piece.measured_at:%Y-%m-%dT%H:%M:%SZ}",
        took=f"{piece.took_ms} ms",
    )
