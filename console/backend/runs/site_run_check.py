"""Proofs of a site mapping by the very functions of a run: create, enact and take back, as the executor, all taken back."""

from typing import NamedTuple

from console.backend.model.errors import CutterError
from console.backend.model.outcome import Outcome
from console.backend.postgres.asking import ask_together
from console.backend.postgres.connections import connect
from console.backend.postgres.site_creation_trial import TriedUnit, can_try_units, try_unit_alone
from console.backend.postgres.site_gateway import tied_mapping
from console.backend.postgres.site_move_trial import can_try_moves, try_move
from console.backend.postgres.site_roles import SITE_CALLER

CREATE, ENACT = "create", "enact"
_NAMES = {"enacted": "enact, as a run does", "superseded": "take back, as a run does"}
"""States that the function is to make of a unit, and the proofs of that."""
_GRANT = (
    "A run needs no such right: it calls them as cutter_site_caller. Once an administrator has run what this prints, they are"
    " proven so: cutter-console adopt apply. To have them proven before, let the executor's role execute them for as"
    " long as this takes, as their owner; then: cutter-console adopt check"
)
_NOT_BY_ITSELF = (
    "Nothing needs to be done. Only a second creation and a dry run were not tried; to try them too, let the executor's"
    " role execute the functions while this runs: cutter-console adopt check"
)
_SOURCE = "cutter_console.fn_site_try_units and fn_site_try_move, as the executor"


class RunProof(NamedTuple):
    """One proof, as a check has it, and the function that it is of."""

    function: str
    name: str
    outcome: Outcome
    detail: str
    next_action: str = ""
    source: str = _SOURCE


def prove_as_a_run(
    executor: str, sha256: str, token: str, unit: TriedUnit, *, tie: str, functions: str
) -> tuple[RunProof, ...]:
    """Have a unit made, enacted and taken back as a run has it; nothing before the printed script was run.

    A script that cannot try units ends every LIVE run before its first pause; one that cannot try moves is of an
    earlier build. Neither proves anything, and both fail. `tie` and `functions` are what to do where the script is to
    be run again, and where the organisation's functions refuse.
    """
    try:
        with connect(executor, purpose="adopt check") as connection:
            if tied_mapping(connection) != sha256:
                return ()
            if not all(ask_together(connection, can_try_units, can_try_moves)):
                detail = "the script that was run cannot try units with their governance rows, or moves of them"
                return (RunProof(CREATE, "create, as a run does", Outcome.FAIL, detail, tie),)
            connection.rollback()
            trial = try_unit_alone(connection, unit)
    except CutterError as error:
        return (_not_proven(CREATE, "create, as a run does", error),)
    outcome = Outcome.FAIL if trial.refused else Outcome.PASS
    words = trial.refused or "made, read back as it was given, and taken back"
    created = RunProof(CREATE, "create, as a run does", outcome, words, functions)
    if trial.refused:
        return (created,)
    return (created, *(_moved(executor, token, unit, target, functions) for target in _NAMES))


def _moved(executor: str, token: str, unit: TriedUnit, target: str, functions: str) -> RunProof:
    """Prove one move, on a connection of its own: what happens to it is no matter of the other proofs."""
    name = _NAMES[target]
    try:
        with connect(executor, purpose="adopt check") as connection:
            trial = try_move(connection, token, unit, target)
    except CutterError as error:
        return _not_proven(ENACT, name, error)
    if not trial.refused:
        return RunProof(ENACT, name, Outcome.PASS, f"answered {trial.answer}; it is {target}, and taken back")
    if not trial.made:
        # Of the rows in front of it each table has its own verdict.
        words = f"not told, what stands in front of it was refused: {trial.refused}"
        return RunProof(ENACT, name, Outcome.INCONCLUSIVE, words, functions)
    return RunProof(ENACT, name, Outcome.FAIL, trial.refused, functions)


def _not_proven(function: str, name: str, error: CutterError) -> RunProof:
    return RunProof(function, name, Outcome.INCONCLUSIVE, f"{error.code}: {error.message}", error.next_action)


def known_by_a_run(proofs: tuple[RunProof, ...], function: str, words: str) -> tuple[Outcome, str, str]:
    """Return outcome, detail and next action for a function that the executor may not execute, as `words` say."""
    if not proofs:
        return Outcome.INCONCLUSIVE, words, _GRANT
    of_it = [proof.outcome for proof in proofs if proof.function == function]
    if of_it and all(outcome is Outcome.PASS for outcome in of_it):
        detail = f"{words}, and need not: it is proven as a run calls it, by {SITE_CALLER}"
        return Outcome.PARTIAL, detail, _NOT_BY_ITSELF
    # Where nothing could be made nothing was moved: then it is the proof of the creation.
    unproven = next(proof for proof in proofs if proof.outcome is not Outcome.PASS)
    return Outcome.INCONCLUSIVE, f"{words}; not proven: see '{unproven.name}'", unproven.next_action
