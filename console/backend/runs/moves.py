"""Moves of a run now: one function decides them, both to show and to accept them."""

from typing import NamedTuple

from console.backend.model.bars import Bar
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.states import Family, Mode, Move, RunState, Stage, is_ended, legal_moves
from console.backend.model.value import Value
from console.backend.model.view_models import RunView
from console.backend.runs.bars import barred_error, moves_barred
from console.backend.runs.binding import Displacement, moves_elsewhere

_NEEDS_PLAN = frozenset(
    {
        Move.CONTINUE,
        Move.ARM,
        Move.IMPORT_SG_1,
        Move.IMPORT_SG_2,
        Move.ENACT,
        Move.REPLAN,
        Move.VERIFY,
        Move.EDIT,
        Move.APPLY,
    }
)
"""Without its plan's file, and its journal, a run ends: it is voided or reverted. What is law already is closed all the same."""
_MOVES_OF_EDIT = frozenset({Move.APPLY, Move.IMPORT_SG_1, Move.VOID, Move.REPORT})
_TO_RULING = frozenset({Move.IMPORT_SG_1, Move.IMPORT_SG_2})
_OF_RULED = frozenset({Move.ARM, Move.ENACT})
NOT_YET = "not before the ruling is imported"
"""Words for a move that is barred."""
_COMMANDS = {
    Move.SETTLE: "cutter-console run settle {run}",
    Move.CONTINUE: "cutter-console run resume {run}",
    Move.IMPORT_SG_1: "cutter-console approval draft {run}",
    Move.IMPORT_SG_2: "cutter-console approval draft {run}",
    Move.REPLAN: "cutter-console run replan {run}",
    Move.VERIFY: "cutter-console verify {run}",
    Move.ARM: "cutter-console arm {run} --confirm {run}",
    Move.ENACT: "cutter-console enact {run} --confirm {run}",
    Move.REVERT: "cutter-console revert {run} --confirm {run}",
    Move.VOID: "cutter-console run void {run} --reason TEXT",
    Move.TAKE_OVER: "cutter-console run take-over {run} --confirm {run}",
    Move.EDIT: "cutter-console run edit {run} ADDRESS --text FILE --live",
    Move.APPLY: "cutter-console run apply {run} --confirm {run}",
    Move.REPORT: "cutter-console report {run}",
}


class RunFacts(Value):
    """Facts that the moves depend on."""

    state: RunState
    mode: Mode
    is_edit: bool = False
    """Set for edits of drafts, which are one transaction and pass through no phases."""
    has_editable_drafts: bool = False
    """Set for a first cut: the drafts of an amendment are planned again, and those of a repeal are none."""
    is_edited: bool = False
    """True if a draft was edited since the drafts were verified."""
    is_ruled: bool = False
    """True if a ruling for the next step is imported and can be used."""
    is_armed: bool = False
    """True if the switch is armed for this run to cut."""
    is_known: bool = True
    """True if the database has the run; a dry run is known to its directory alone."""
    has_plan: bool = True
    """True if the plan's file is there, or none is due yet."""
    has_journal: bool = True
    is_unsettled: bool = False
    """True if something was sent to be committed and its outcome is not known."""
    is_in_batch: bool = False
    """Set for a member of a batch, whose plan is part of the batch's."""
    is_elsewhere: bool = False
    """True if the run has no directory below this root."""
    is_fenced: bool = False
    """True if the run has changed hands, and another console holds it, nobody does, or this one without its journal."""
    held: str = ""
    """Words about the other console that holds the run, or that nobody does; empty if this one does."""
    displaced: Displacement | None = None
    """The server that the next step is bound to, if it is another one than the one at hand."""
    bar: Bar | None = None
    """Another run of the document that keeps this one from its next step, if there is one."""


def moves_of(facts: RunFacts) -> tuple[Move, ...]:
    """Pure: the moves that are accepted now, the first one the one that goes on."""
    if facts.is_unsettled:
        return (Move.SETTLE,)
    if not facts.is_known:
        return (Move.REPORT,) if facts.state.family is Family.VOIDED else (Move.VOID,)
    if facts.is_fenced:
        only_reads = facts.displaced is not None and facts.displaced.is_standby
        return (Move.REPORT,) if only_reads or is_ended(facts.state.stage, facts.state.family) else (Move.TAKE_OVER,)
    moves = _own_moves(facts)
    if facts.displaced is not None:
        can_replan = not facts.is_edit and not facts.is_in_batch
        moves = moves_elsewhere(facts.displaced, facts.state.stage, moves, can_replan=can_replan)
    if facts.bar is not None:
        moves = moves_barred(moves)
    if not (facts.has_plan and facts.has_journal):
        closes = facts.state.stage is Stage.LIFECYCLE_ENACTED and facts.has_journal
        moves = tuple(move for move in moves if move not in _NEEDS_PLAN or (closes and move is Move.CONTINUE))
    if facts.is_elsewhere and moves != (Move.REPORT,) and not is_ended(facts.state.stage, facts.state.family):
        moves = (*moves, Move.TAKE_OVER)
    if Move.ARM not in moves:
        return moves or (Move.REPORT,)
    rest = tuple(move for move in moves if move not in {Move.ARM, Move.CONTINUE})
    return (Move.CONTINUE, *rest) if facts.is_armed else (Move.ARM, *rest)


def _own_moves(facts: RunFacts) -> tuple[Move, ...]:
    """Return the legal moves of a run's state, with what an edit of a draft makes of them."""
    moves = legal_moves(facts.state, facts.mode)
    if facts.is_edit:
        # An edit is one transaction of its own command: the switch is armed for that alone, under a ruling.
        own = (Move.APPLY if move is Move.ARM else move for move in moves)
        not_now = Move.IMPORT_SG_1 if facts.is_ruled else Move.APPLY
        return tuple(move for move in own if move in _MOVES_OF_EDIT and move is not not_now)
    if facts.state != RunState(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION) or not facts.has_editable_drafts:
        return moves
    if facts.is_edited:
        moves = (Move.VERIFY, *(move for move in moves if move not in {Move.IMPORT_SG_2, Move.ENACT}))
    return (*moves, Move.EDIT)


def require_move(move: Move, facts: RunFacts, run_id: str) -> None:
    """Raise Refused if the move is not accepted now, naming the legal moves and the first of them as a command."""
    moves = moves_of(facts)
    if move in moves:
        return
    cannot = "has no SG_1 to edit that can be used" if _lacks_ruling(move, facts) else f"cannot {move}"
    message = f"run {run_id} at {facts.state.name} {cannot}; legal now: {', '.join(moves)}"
    if facts.held:
        # Its move is a take-over, which is no repair for a step that was refused: who holds it goes on.
        message = f"this console does not hold run {run_id}: {facts.held}; legal now: {', '.join(moves)}"
        raise Refused(StopCode.LOCKED, message, f"Look at it: cutter-console run show {run_id}")
    if facts.displaced is not None and facts.displaced.is_standby:
        raise Drifted(StopCode.IDENTITY_MISMATCH, f"{message}; {facts.displaced.said}", "Connect to the primary.")
    if facts.displaced is not None:
        raise Drifted(StopCode.IDENTITY_MISMATCH, f"{message}; {facts.displaced.said}", command_of(moves[0], run_id))
    if facts.bar is not None:
        raise barred_error(facts.bar, message)
    raise Refused(StopCode.EXECUTION_DISABLED, message, command_of(moves[0], run_id))


def _lacks_ruling(move: Move, facts: RunFacts) -> bool:
    return move is Move.APPLY and Move.APPLY in moves_of(facts.model_copy(update={"is_ruled": True}))


class OfferedMove(NamedTuple):
    """A move of a run with the command that makes it."""

    move: Move
    command: str
    is_barred: bool
    """True if it is refused until the ruling is imported."""


def offered_moves(run: RunView) -> tuple[OfferedMove, ...]:
    """Return the moves of a run with their commands; those that a missing ruling still bars come last."""
    lacks_ruling = bool(run.leads_to_ruling)
    # An imported ruling needs no other one.
    moves = tuple(move for move in run.moves if lacks_ruling or move not in _TO_RULING)
    offers = (
        OfferedMove(
            move=move,
            command=run.leads_to_ruling if move in _TO_RULING else command_of(move, run.run_id),
            is_barred=lacks_ruling and move in _OF_RULED,
        )
        for move in moves
    )
    return tuple(sorted(offers, key=lambda offer: offer.is_barred))


def command_of(move: Move, run_id: str) -> str:
    """Return the command line that makes the move."""
    return _COMMANDS[move].format(run=run_id)
