"""Confirmations of a hand-over and of an acceptance: what they would do, and the verdict of each check before anything is done."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from console.backend.host.installation import Installation
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.view_models import Confirmation, Danger
from console.backend.runs.accepting import inspect_bundle
from console.backend.runs.handover import require_handed, require_place
from console.backend.runs.known_run import known_run
from console.backend.runs.run_bundle import APPROVALS, Member
from console.backend.runs.run_views import view_known

CustodyDanger = Literal[Danger.HAND_OVER, Danger.ACCEPT]
"""The dangers that are about a bundle: the file that is written, or read."""


def brief_custody(installation: Installation, danger: CustodyDanger, run_id: str, file: Path | None) -> Confirmation:
    """Return what a hand-over into this file, or the acceptance of it, would do. Raises UsageError without a file."""
    if file is None:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"no bundle is named to {danger} a run", "Name the file of the bundle."
        )
    return _hand_over(installation, run_id, file) if danger is Danger.HAND_OVER else _accept(installation, file)


def _hand_over(installation: Installation, run_id: str, to: Path) -> Confirmation:
    known = known_run(installation, run_id)
    run = view_known(installation, known)
    cut_short = run.interruption
    settled = "nothing was begun and left open" if cut_short is None else f"{cut_short.what} was interrupted"
    is_open = cut_short is not None and not cut_short.is_settled
    checks = (
        _measured(
            installation, "hand-over", lambda: require_handed(known), f"at {run.state.name}, its files are whole"
        ),
        _check(
            installation,
            "settled",
            Outcome.FAIL if is_open else Outcome.PASS,
            settled,
            f"Ask again: cutter-console run settle {run_id}" if is_open else "",
        ),
        _measured(installation, "bundle", lambda: require_place(installation, run_id, to), f"{to} can be written"),
    )
    return Confirmation(
        danger=Danger.HAND_OVER,
        run_id=run_id,
        docprefix=run.docprefix,
        target=run.target,
        n_units=run.n_units,
        effects=(
            f"The run's files, statements and signatures are written into {to}, mode 0600. Its key and the backups stay.",
            f"From then on nobody holds run {run_id}, until that file is accepted: this console can only look at it.",
            "If the switch is armed for it, its lease ends. No row of the law changes.",
            "Carry the file to the next host; there: cutter-console run accept FILE",
        ),
        deltas=(),
        reversible=True,
        reversal="accept the file here, or take the run over, until another console has accepted it",
        confirm_text=run_id,
        checks=checks,
    )


def _accept(installation: Installation, bundle: Path) -> Confirmation:
    seen = inspect_bundle(installation, bundle)
    return Confirmation(
        danger=Danger.ACCEPT,
        run_id=seen.run_id,
        docprefix=seen.docprefix,
        target=None,
        n_units=seen.n_units,
        effects=(
            f"The bundle holds {_contents(seen.members)}, of a run at {seen.stage}.",
            f"It was handed over by {seen.operator} on {seen.host}.",
            f"This console holds run {seen.run_id} from then on; every other one can only look at it.",
            "Its files get their places below this root. No row of the law changes.",
            "Before it is armed this host needs a dry run of the same text and a backup of its own.",
        ),
        deltas=(),
        reversible=True,
        reversal="hand the run over again, to whoever is to have it",
        confirm_text=seen.run_id,
        checks=seen.checks,
        seen=seen.digest,
    )


def _contents(members: tuple[Member, ...]) -> str:
    own = tuple(member for member in members if not member.name.startswith(f"{APPROVALS}/"))
    statements = len(members) - len(own)
    size = sum(member.bytes for member in members)
    return f"{counted(len(own), 'file')} of the run and {statements} of its statements, {size:,} bytes"


def _measured(installation: Installation, name: str, require: Callable[[], None], answer: str) -> Check:
    try:
        require()
    except CutterError as error:
        outcome = Outcome.INCONCLUSIVE if isinstance(error, Unmeasured) else Outcome.FAIL
        return _check(installation, name, outcome, error.message, error.next_action)
    return _check(installation, name, Outcome.PASS, answer)


def _check(installation: Installation, name: str, outcome: Outcome, answer: str, advice: str = "") -> Check:
    now = installation.context.now()
    evidence = Evidence(id=f"E-{name}", asked=name, source="measured now", answer=answer, measured_at=now)
    return Check(name=name, outcome=outcome, detail=answer, evidence=(evidence,), next_action=advice)
