"""Whoever ends a run that is being written waits, and then looks at what was committed."""

import threading

import psycopg

from console.backend.model.states import Family
from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, event
from tests.support.waiting import LONGEST_S, until_somebody_waits


def test_a_run_is_not_voided_behind_a_cut_that_commits_meanwhile(cut: SignedCut) -> None:
    """Version 0.2.0 voided such a run, whose drafts were before readers then."""
    cut.rule()
    cut.arm()
    found: list[str | None] = []

    def void() -> None:
        with cut.executor() as connection:
            try:
                ledger.leave(connection, cut.run_id, Family.VOIDED, "gone", event())
            except psycopg.Error as error:
                found.append(error.diag.message_detail)

    with cut.executor() as connection:
        cut.apply(connection)
        thread = threading.Thread(target=void, daemon=True)
        thread.start()
        assert until_somebody_waits(cut.database, thread) == "cutter_exec"
    thread.join(LONGEST_S)
    assert found == ["STOP_INVARIANT_FAILED"]
    assert cut.stage() == "cut_leg_a_committed/active"


def test_a_run_is_voided_behind_a_cut_that_rolls_back_meanwhile(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    done = threading.Event()

    def void() -> None:
        with cut.executor() as connection:
            ledger.leave(connection, cut.run_id, Family.VOIDED, "gone", event())
        done.set()

    with cut.executor() as connection:
        cut.apply(connection)
        thread = threading.Thread(target=void, daemon=True)
        thread.start()
        assert until_somebody_waits(cut.database, thread) == "cutter_exec"
        connection.rollback()
    thread.join(LONGEST_S)
    assert done.is_set()
    assert cut.stage() == "awaiting_cut_authorization/voided"
