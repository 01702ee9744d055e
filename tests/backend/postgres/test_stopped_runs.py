"""A run that was stopped takes no step until somebody lets it go on."""

from console.backend.model.states import Family
from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, event, stopped


def test_a_stopped_run_takes_no_step(cut: SignedCut) -> None:
    cut.cut()
    with cut.executor() as connection:
        ledger.leave(connection, cut.run_id, Family.STOPPED, "by_hand", event())
    with stopped("STOP_INVARIANT_FAILED"), cut.verifier() as connection:
        ledger.record_structure(connection, cut.run_id, event())
    with cut.executor() as connection:
        ledger.return_to_way(connection, cut.run_id, event())
    with cut.verifier() as connection:
        ledger.record_structure(connection, cut.run_id, event())
