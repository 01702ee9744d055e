"""Confirmations of dangerous actions: effects, and open checks that prevent them."""

import os
from typing import Literal

from console.backend.approvals.check import raise_if_invalid
from console.backend.approvals.signatures import signatures_beside
from console.backend.gates import arming_checks
from console.backend.host.installation import Installation
from console.backend.host.site_files import run_tables
from console.backend.model.amendment import amendment_in_words
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import TableDelta
from console.backend.model.purposes import Purpose
from console.backend.model.reversals import REVERT_OF_AMENDMENT, REVERT_OF_CUT, REVERT_OF_REPEAL
from console.backend.model.run_tables import NOT_RECORDED
from console.backend.model.shell_word import shell_word
from console.backend.model.states import Move, Stage
from console.backend.model.view_models import Confirmation, Danger, RunView, SwitchState, SwitchView
from console.backend.runs import approval_workflow
from console.backend.runs.backups import backup_check
from console.backend.runs.draft_edits import EditBriefing, look_at_edit
from console.backend.runs.kill_switch import (
    combined,
    hold_in_file,
    measure_in_database,
    measure_switch,
    release_steps,
    seen_hold,
)
from console.backend.runs.known_run import Known, known_run
from console.backend.runs.moves import command_of
from console.backend.runs.other_layout import NOT_INSTALLED
from console.backend.runs.run_views import view_known

RunDanger = Literal[Danger.ARM, Danger.ENACT, Danger.REVERT, Danger.VOID, Danger.TAKE_OVER, Danger.EDIT, Danger.APPLY]
"""The dangers that are about a run; releasing a HOLD is about none."""
_PURPOSE = {
    Danger.ARM: Purpose.CUT,
    Danger.ENACT: Purpose.ENACT,
    Danger.REVERT: Purpose.REVERT,
    Danger.APPLY: Purpose.EDIT,
}
_MOVE = {
    Danger.ARM: Move.ARM,
    Danger.ENACT: Move.ENACT,
    Danger.REVERT: Move.REVERT,
    Danger.VOID: Move.VOID,
    Danger.TAKE_OVER: Move.TAKE_OVER,
    Danger.EDIT: Move.EDIT,
    Danger.APPLY: Move.APPLY,
}


def brief(
    installation: Installation,
    danger: RunDanger | Literal[Danger.RELEASE_HOLD],
    run_id: str,
    *,
    is_made_now: bool = False,
    known: Known | None = None,
) -> Confirmation:
    """Return all that the dialog of a dangerous action shows, measured now; an open check prevents the action.

    `is_made_now` is for the action itself, which takes more time than a dialog for what its checks try in the database;
    `known` is the run if that has just read it.
    """
    if danger is Danger.RELEASE_HOLD:
        return _brief_release(installation)
    known = known or known_run(installation, run_id, for_ruling=danger in _PURPOSE)
    run = view_known(installation, known)
    checks = [_legal_move(installation, danger, run)]
    if danger is Danger.EDIT:
        checks.append(_no_hold(installation))
    elif danger not in {Danger.VOID, Danger.TAKE_OVER}:
        checks.append(_switch(installation, danger, known))
    if danger is Danger.ARM and run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION and not run.is_edit:
        trial_command = "" if is_made_now else command_of(Move.ARM, run_id)
        checks += [
            _ruling(installation, known, Purpose.CUT),
            backup_check(installation, run_id),
            *arming_checks.before(installation, run_id, arming_checks.ALL, trial_command, known.facts),
        ]
    elif danger is Danger.APPLY:
        checks.append(_ruling(installation, known, Purpose.EDIT))
    # At a later stage the drafts are written: backup, dry run and tests have had their turn.
    # An edit is applied and never armed: that this is no legal move says all.
    elif danger in {Danger.ARM, Danger.ENACT} and not run.is_edit:
        checks += [
            *_second_ruling(installation, danger, known),
            *arming_checks.before(installation, run_id, arming_checks.AGAIN),
        ]
    return Confirmation(
        danger=danger,
        run_id=run_id,
        docprefix=run.docprefix,
        target=run.target,
        n_units=run.n_units,
        effects=effects_of(danger, run),
        deltas=_deltas(installation, danger, run),
        reversible=danger in {Danger.ARM, Danger.TAKE_OVER, Danger.EDIT, Danger.APPLY},
        reversal=(_REVERSAL_OF_REPEAL.get(danger) if run.is_repeal else None) or _reversal(danger, run),
        confirm_text=run_id,
        checks=tuple(checks),
    )


def brief_edit(installation: Installation, run_id: str, address: str, body: str, title: str) -> EditBriefing:
    """Return what an edit of a draft would change, and what stands in its way. Raises as `look_at_edit` does."""
    view = look_at_edit(installation, run_id, address, body, title)
    update = {"deltas": view.deltas, "n_units": 1, "seen": view.seen}
    return EditBriefing(view=view, confirmation=brief(installation, Danger.EDIT, run_id).model_copy(update=update))


def _no_hold(installation: Installation) -> Check:
    """Check that no HOLD stops the planning of an edit, which needs no armed switch."""
    switch = measure_switch(installation)
    is_free = switch.state not in {SwitchState.HOLD, SwitchState.UNREADABLE}
    return _check(installation, "switch", f"{switch.state} {switch.reason}".strip(), is_free, switch.clears_with)


def _second_ruling(installation: Installation, danger: RunDanger, known: Known) -> tuple[Check, ...]:
    return (_ruling(installation, known, Purpose.ENACT),) if danger is Danger.ENACT else ()


def _brief_release(installation: Installation) -> Confirmation:
    in_file, in_database = hold_in_file(installation), measure_in_database(installation)
    switch = combined(installation, in_file, in_database)
    is_hold = switch.state is SwitchState.HOLD
    by = f" by {switch.by}" if switch.by else ""
    since = f" since {switch.since:%Y-%m-%d %H:%M} UTC" if switch.since is not None else ""
    held = f"{switch.state}{by}{since}: {switch.reason}"
    check = _check(installation, "HOLD", held, is_hold, "There is no HOLD to release.")
    others = (_release_is_recorded(installation, in_database), _file_is_removable(installation)) if is_hold else ()
    return Confirmation(
        danger=Danger.RELEASE_HOLD,
        run_id=switch.run_id,
        docprefix="",
        target=None,
        n_units=None,
        effects=(
            *(step.effect for step in release_steps(installation)),
            "The switch stays off; nothing is written or resumed by it.",
        ),
        deltas=(),
        reversible=True,
        reversal="set it again: the panic key",
        confirm_text="RELEASE",
        checks=(check, *others),
        seen=seen_hold(in_file, in_database),
    )


def _release_is_recorded(installation: Installation, in_database: SwitchView) -> Check:
    """Check that the database can be asked, and takes the record of a release: a standby takes none."""
    name = "database"
    if in_database.reason.startswith(NOT_INSTALLED):
        return _check(installation, name, "another layout, in which no HOLD can stand", good=True, advice="")
    if in_database.state is SwitchState.UNREADABLE:
        return Check(
            name=name,
            outcome=Outcome.INCONCLUSIVE,
            detail=f"not reached: {in_database.reason}",
            next_action="Reach the database again. Only then is it known what it holds.",
        )
    answer = f"it can be asked; there the switch is {in_database.state}"
    return _check(installation, name, answer, good=True, advice="")


def _file_is_removable(installation: Installation) -> Check:
    """Check that the HOLD file can be removed: whatever stands there goes on stopping this host otherwise."""
    path = installation.hold_file
    if hold_in_file(installation) is None:
        return _check(installation, "HOLD file", f"{path} is not there", good=True, advice="")
    is_directory = path.is_dir() and not path.is_symlink()
    can_remove = not is_directory and os.access(path.parent, os.W_OK | os.X_OK)
    reason = (
        "is a directory" if is_directory else "is there" if can_remove else "is there, in a folder that is not writable"
    )
    return _check(installation, "HOLD file", f"{path} {reason}", can_remove, f"Look at it: ls -la {path}")


def _own_profile(run: RunView) -> tuple[str, ...]:
    if not run.profile_sha256:
        return ()
    return (f"The text was read by your own profile {run.profile}, sha256 {run.profile_sha256}; SG_1 states it.",)


def _suspects(run: RunView) -> tuple[str, ...]:
    suspects = f"Lines that read like the beginning of a unit and open none: {run.n_suspects}; SG_1 states this number."
    accepted = f"Accepted findings of the enacted text: {run.n_acceptances}; SG_1 states this number."
    dropped = f"Spans of page furniture and footnotes that are in no unit: {run.n_dropped}; SG_1 states this number."
    counted = ((suspects, run.n_suspects), (accepted, run.n_acceptances), (dropped, run.n_dropped))
    return tuple(sentence for sentence, number in counted if number)


def _amendment(run: RunView) -> tuple[str, ...]:
    """Return what an amendment does to the law, in a sentence; nothing for a first cut."""
    return (f"Units: {amendment_in_words(run.amendment)}.",) if run.amendment is not None else ()


def _effects_of_repeal(danger: RunDanger, run: RunView) -> tuple[str, ...]:
    """Return what the enactment or the revert of a repeal does; nothing for what is the same for every run."""
    if danger is Danger.ENACT:
        return (
            f"{run.docprefix} is REPEALED: {counted(run.n_units or 0, 'unit')} go out of force, all in one transaction.",
            "Nothing is deleted: every earlier text stays readable as history.",
            "It is final: no text comes after it under this document prefix.",
        )
    if danger is Danger.REVERT:
        return (
            f"The repeal of {run.docprefix} is taken back; no unit was written for it.",
            "The law stays as it is, and can be amended or repealed again.",
        )
    return ()


_REVERSAL_OF_REPEAL = {
    Danger.ENACT: "CANNOT BE UNDONE: a new text needs another document prefix",
}


def effects_of(danger: RunDanger, run: RunView) -> tuple[str, ...]:
    """Return what a dangerous action would do to a run, in words."""
    if danger is Danger.TAKE_OVER:
        return _effects_of_take_over(run)
    if danger in {Danger.EDIT, Danger.APPLY}:
        return _effects_of_edit(danger, run)
    return (_effects_of_repeal(danger, run) if run.is_repeal else ()) or _effects(danger, run)


def _effects_of_take_over(run: RunView) -> tuple[str, ...]:
    return (
        f"This console holds run {run.run_id} from then on. Now it is elsewhere: {run.elsewhere}.",
        "The database refuses what the former console writes of it later; sessions of it on this run are ended.",
        *((str(run.take_over),) if run.take_over else ()),
    )


def _effects_of_edit(danger: Literal[Danger.EDIT, Danger.APPLY], run: RunView) -> tuple[str, ...]:
    if danger is Danger.EDIT:
        return (
            "Takes and proves a backup, and makes a run of the edit, which waits for an SG_1 of its own.",
            f"No draft of {run.docprefix} is changed before that is signed and the edit is applied.",
        )
    return (
        f"{counted(run.n_units or 0, 'draft')} of {run.docprefix} gets another text, as a version of its own; none is deleted.",
        "It is read back by another role. The drafts of the cut are verified again before SG_2 is drafted.",
    )


def _effects(danger: Literal[Danger.ARM, Danger.ENACT, Danger.REVERT, Danger.VOID], run: RunView) -> tuple[str, ...]:
    n = run.n_units or 0
    match danger:
        case Danger.ARM:
            written = f"cut {counted(n, 'unit')} of {run.docprefix} into DRAFT"
            if run.is_repeal:
                written = f"seal that nothing of {run.docprefix} is left; {counted(n, 'unit')} stay in force until SG_2"
            elif run.amendment is not None:
                versions = counted(run.amendment.drafts, "draft version")
                written = f"write {versions if run.amendment.drafts else 'no draft version'} for the amendment of {run.docprefix}"
            return (
                f"Arms the switch for run {run.run_id} alone, until the lease expires.",
                f"The run may then {written}.",
                *_amendment(run),
                *_own_profile(run),
                *_suspects(run),
            )
        case Danger.ENACT if run.amendment is not None:
            return (
                f"The new text of {run.docprefix}, {counted(n, 'unit')}, becomes LAW, all in one transaction.",
                *_amendment(run),
                "What it replaces is superseded and stays readable as history. Enacted units are immutable.",
            )
        case Danger.ENACT:
            return (
                f"{n} draft units of {run.docprefix} become ENACTED LAW, all in one transaction.",
                "Readers act on enacted units, and enacted units are immutable.",
            )
        case Danger.REVERT if run.amendment is not None:
            drafts = f"{counted(run.amendment.drafts, 'draft version')} of {run.docprefix} become SUPERSEDED."
            withdrawn = f"The amendment of {run.docprefix} is withdrawn; it has written no draft version."
            return (
                drafts if run.amendment.drafts else withdrawn,
                "Nothing is deleted; the law stays as it is, and can be amended again.",
            )
        case Danger.REVERT:
            return (
                f"{n} draft units of {run.docprefix} become SUPERSEDED, with a log row each.",
                "Nothing is deleted; readers no longer see them. The addresses stay taken.",
            )
        case Danger.VOID:
            return (
                f"Ends run {run.run_id}, which has cut nothing.",
                "Its statements and its plan can no longer be used.",
            )


def _deltas(installation: Installation, danger: RunDanger, run: RunView) -> tuple[TableDelta, ...]:
    n = run.n_units or 0
    match danger:
        case Danger.ARM | Danger.APPLY:
            return run.deltas
        case Danger.ENACT:
            return run_tables(installation).of_plan(run.deltas).enactment(n, run.amendment)
        case Danger.REVERT:
            recorded = run.state.stage not in NOT_RECORDED
            return run_tables(installation).of_plan(run.deltas).revert(n, run.amendment, recorded=recorded)
        case Danger.VOID | Danger.TAKE_OVER | Danger.EDIT:
            return ()


_UNDONE_BY = {
    Danger.TAKE_OVER: "the former console takes it over again, while its host is there",
    Danger.EDIT: "the run of the edit can be voided until it is applied",
    Danger.APPLY: "the draft can be edited again under another ruling, or the cut be reverted",
}


def _reverted(run: RunView) -> str:
    """Return what is true of a revert, in the words of its own dialog."""
    if run.is_repeal:
        return REVERT_OF_REPEAL
    return REVERT_OF_AMENDMENT if run.amendment is not None else REVERT_OF_CUT


def _reversal(danger: RunDanger, run: RunView) -> str:
    match danger:
        case Danger.EDIT | Danger.APPLY | Danger.TAKE_OVER:
            return _UNDONE_BY[danger]
        case Danger.ARM:
            return f"disarm ends it at once. Drafts that are written under it can be reverted, which {_reverted(run)}"
        case Danger.ENACT:
            return "CANNOT BE UNDONE: enacted units can only be superseded by a new version"
        case Danger.REVERT:
            return _reverted(run)
        case Danger.VOID:
            return "CANNOT BE UNDONE: another run has to be started"


def _legal_move(installation: Installation, danger: RunDanger, run: RunView) -> Check:
    allowed = _MOVE[danger] in run.moves
    answer = f"the run is at {run.state.name}" + (", interrupted" if run.interruption else "")
    if run.is_lost:
        answer = f"{answer}, {run.elsewhere}"
    elif run.displaced:
        answer = f"{StopCode.IDENTITY_MISMATCH}: {answer}; {run.displaced}"
    elif run.bar is not None:
        answer = f"{run.bar.code}: {answer}; {run.bar.said}"
    advice = f"Legal now: {', '.join(run.moves)}. The first: {command_of(run.moves[0], run.run_id)}"
    if run.is_lost:
        advice = (
            f"Accept it first: cutter-console run accept {shell_word(run.bundle) if run.bundle else 'FILE'}"
            if run.is_unaccepted
            else f"It goes on at that console: cutter-console run show {run.run_id}"
        )
    elif run.bar is not None and not run.displaced:
        advice = str(run.bar.next_action)
    return _check(installation, arming_checks.LEGAL_MOVE, answer, allowed, advice)


def _switch(installation: Installation, danger: RunDanger, known: Known) -> Check:
    rows, run_id = known.switch, known.workspace.run_id
    in_database = measure_in_database(installation) if rows is None else rows.view
    switch = combined(installation, hold_in_file(installation), in_database)
    armed_for_this = switch.state is SwitchState.ARMED and (switch.run_id, switch.purpose) == (run_id, _PURPOSE[danger])
    is_free = switch.state is SwitchState.OFF or armed_for_this
    return _check(installation, "switch", f"{switch.state} {switch.reason}".strip(), is_free, switch.clears_with)


def _ruling(installation: Installation, known: Known, purpose: Purpose) -> Check:
    """Check that the statement is imported, unused and unexpired, and verify its signatures again, now."""
    kind, run_id = purpose.kind, known.workspace.run_id
    row = approval_workflow.ruling_for(known.rulings, purpose, installation.context.now())
    try:
        if row is None:
            return _check(
                installation,
                kind.value,
                "no valid, unused ruling is imported",
                good=False,
                advice=f"Draft it and have it signed: cutter-console approval draft {run_id}; then import it.",
            )
        path = installation.statement(run_id, kind)
        checked = approval_workflow.check(installation, path, signatures_beside(path), known=known.facts)
        raise_if_invalid(checked)
    except Unmeasured as error:
        return Check(name=kind.value, outcome=Outcome.INCONCLUSIVE, detail=error.message, next_action=error.next_action)
    except CutterError as error:
        return _check(installation, kind.value, error.message, good=False, advice=error.next_action)
    # The file in approvals/ was checked; the ruling that will be used is the row in the database.
    is_same_statement = checked.sha256 == row.statement_sha256
    names = ", ".join(f"{signature.signer} {signature.primary_fingerprint[-16:]}" for signature in checked.signed_by)
    answer = (
        f"signed by {names}"
        + (" (solo policy)" if checked.solo else "")
        + f", expires {row.expires:%Y-%m-%d %H:%M} UTC"
    )
    if checked.statement is not None and checked.statement.in_force_from is not None:
        answer += f"; in force from {checked.statement.in_force_from:%Y-%m-%d %H:%M:%S} UTC"
    return _check(
        installation,
        kind.value,
        answer if is_same_statement else "the imported statement is another one",
        is_same_statement,
        "Import the statement in approvals/.",
    )


def _check(installation: Installation, name: str, answer: str, good: bool, advice: str) -> Check:
    evidence = Evidence(
        id=f"E-{name.replace(' ', '-')}",
        asked=name,
        source="measured now",
        answer=answer,
        measured_at=installation.context.now(),
    )
    return Check(
        name=name,
        outcome=Outcome.PASS if good else Outcome.FAIL,
        detail=answer,
        evidence=(evidence,),
        next_action="" if good else advice,
    )
