"""A HOLD that is set between the authorisation of a write and its end stops that write."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, counts, event, grown, start_edit, stopped
from tests.support.waiting import LONGEST_S, until_somebody_waits

Write = Callable[[psycopg.Connection], object]
_HELD = "INSERT INTO cutter_governance.hold_event (action, reason, by) VALUES ('set', 'stop', 'somebody')"
_MID_WRITE = f"""
    CREATE FUNCTION public.somebody_sets_a_hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN {_HELD}; RETURN NULL; END $$;
    CREATE TRIGGER somebody AFTER INSERT OR UPDATE ON {{table}} FOR EACH STATEMENT EXECUTE FUNCTION public.somebody_sets_a_hold()
"""


def _cut(run: SignedCut) -> Write:
    run.rule()
    run.arm()
    return run.apply


def _record(run: SignedCut) -> Write:
    run.cut()
    with run.verifier() as connection:
        ledger.record_structure(connection, run.run_id, event())
    return lambda connection: ledger.record_cut(connection, run.run_id, len(run.units), event())


def _edit(run: SignedCut) -> Write:
    run.to_second_pause()
    edit = start_edit(run)
    edit.rule("edit")
    edit.arm("edit")
    return edit.edit


def _enact(run: SignedCut) -> Write:
    run.to_second_pause()
    run.rule("enact")
    run.arm("enact")
    return run.enact


def _revert(run: SignedCut) -> Write:
    run.to_second_pause()
    run.arm("revert")
    return run.revert


UNITS = "public.information_unit"
WRITES: dict[str, tuple[Callable[[SignedCut], Write], str]] = {
    "cut": (_cut, UNITS),
    "record": (_record, "cutter_governance.cut_change_set_affected_row"),
    "edit": (_edit, UNITS),
    "enact": (_enact, UNITS),
    "revert": (_revert, UNITS),
}
"""Up to the write; and a table that it writes after its authorisation."""


@pytest.mark.parametrize("write", WRITES)
def test_a_hold_that_is_set_while_a_function_writes_stops_that_function(cut: SignedCut, write: str) -> None:
    """The function itself refuses, before its caller could ask for the COMMIT."""
    prepare, table = WRITES[write]
    call = prepare(cut)
    before = counts(cut.database)
    with cut.database.connect() as connection:
        connection.execute(_MID_WRITE.format(table=table).encode())
    with cut.database.connect("cutter_exec", autocommit=False) as connection, stopped("STOP_HOLD"):
        call(connection)
    assert grown(before, counts(cut.database)) == {}


def test_a_hold_that_is_set_after_the_effect_stops_its_commit(cut: SignedCut) -> None:
    call = _cut(cut)
    with cut.database.connect("cutter_exec", autocommit=False) as connection:
        call(connection)
        with cut.executor() as other:
            ledger.set_hold(other, "stop", "somebody", None)
        with stopped("STOP_HOLD"):
            connection.commit()
    assert cut.lifecycles() == []


def test_a_hold_is_named_before_the_lock_of_another_writer(cut: SignedCut) -> None:
    """Who finds both is told of the HOLD: waiting for the other writer would not help."""
    call = _cut(cut)
    with cut.executor() as other:
        ledger.set_hold(other, "stop", "somebody", None)
    with cut.database.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        with stopped("STOP_HOLD"), cut.executor() as connection:
            call(connection)


def test_a_hold_that_is_set_while_somebody_waits_to_arm_stops_the_arming(cut: SignedCut) -> None:
    cut.rule()
    cut.backup()
    found: list[str | None] = []

    def arm() -> None:
        try:
            with cut.executor() as connection:
                ledger.arm(connection, cut.run_id, "cut", "tester", "host", 5)
        except psycopg.Error as error:
            found.append(error.diag.message_detail)

    with cut.database.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        thread = threading.Thread(target=arm, daemon=True)
        thread.start()
        assert until_somebody_waits(cut.database, thread) == "cutter_exec"
        with cut.executor() as connection:
            ledger.set_hold(connection, "stop", "somebody", None)
    thread.join(LONGEST_S)
    assert found == ["STOP_HOLD"]


def test_a_hold_voids_a_lease_whose_row_is_locked_though_it_is_released_again(cut: SignedCut) -> None:
    """Somebody who locks the lease's row keeps neither the HOLD waiting nor the lease alive."""
    call = _cut(cut)
    with cut.database.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM cutter_governance.execution_lease FOR UPDATE")
        with cut.executor() as connection:
            ledger.set_hold(connection, "stop", "somebody", None)
        with cut.executor() as connection:
            ledger.release_hold(connection, "found out", "somebody")
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        call(connection)
    assert cut.lifecycles() == []
