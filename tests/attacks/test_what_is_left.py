"""Powers that a stolen password still gives: each stops, delays or takes back, and none brings unsigned text before readers.

A test here that begins to fail because the power is gone is good news.
"""

import secrets
from collections.abc import Callable

import pytest
from psycopg.types.json import Jsonb

from console.backend.journal.journal_key import JournalKey
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.states import Move
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from tests.attacks.world import EXECUTOR, STRANGER, VERIFIER, bring, call, changed, look, session
from tests.backend.postgres.signed_cut import SignedCut, event, stopped
from tests.conftest import Database
from tests.support.passage import Passage

# The digest of backup/table_digest.py, by a role that may read the tables.
_DIGESTS = """
    SELECT jsonb_agg(jsonb_build_object('table', n, 'rows', d.rows, 'digest', d.digest)) FROM cutter_console.fn_backup_tables() n, cutter_console.fn_table_digest(n) d
"""


def shows(cut: SignedCut, units: tuple[PlannedUnit, ...]) -> None:
    """Readers see exactly these units, as they were signed."""
    with cut.database.connect() as connection:
        query = "SELECT canonical_address, title, body FROM cutter_governance.v_reader"
        seen = {tuple(row) for row in connection.execute(query)}
    assert seen == {(unit.address, unit.title, cut.body(unit)) for unit in units}


def test_the_verifier_can_claim_a_backup_that_nobody_took(cut: SignedCut) -> None:
    """The database compares the digests with its tables, and does not see the file; whoever may read the tables can compute them."""
    with cut.database.connect() as connection:
        row = connection.execute(_DIGESTS).fetchone()
    assert row is not None
    claim = {"file_name": "none", "sha256": "0" * 64, "bytes": 1, "recipient": "A" * 40, "tables": row[0]}
    with session(cut.database, VERIFIER) as connection:
        call(connection, "fn_backup_record", cut.run_id, Jsonb(claim))
    with stopped("STOP_APPROVAL_REQUIRED"), session(cut.database, EXECUTOR) as connection:
        ledger.arm(connection, cut.run_id, "cut", "o", "h", 5)


def test_the_executor_can_take_back_signed_drafts_once_under_the_ruling_that_cut_them(cut: SignedCut) -> None:
    bring(cut, "waits for SG_2")
    cut.arm("revert")
    with cut.executor() as connection:
        assert cut.revert(connection) == 3
    shows(cut, ())


def test_the_executor_can_release_a_hold(cut: SignedCut) -> None:
    with session(cut.database, EXECUTOR) as connection:
        call(connection, "fn_hold_set", "stop", "somebody", None)
        call(connection, "fn_hold_release", "not me", "somebody else")
    with stopped("STOP_APPROVAL_REQUIRED"):
        cut.arm()


def test_the_executor_can_commit_a_signed_cut_late_by_firing_the_last_check_early(cut: SignedCut) -> None:
    """Applied under a lease and left open, it can land after the HOLD, the lease's end and the ruling's; what lands was signed.

    Ending the executor's sessions prevents it: test_hold_and_backup.py.
    """
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as writer:
        cut.apply(writer)
        writer.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with session(cut.database, VERIFIER) as stopper:
            call(stopper, "fn_hold_set", "stop", "somebody", None)
        writer.commit()
    shows(cut, cut.units)
    with stopped("STOP_HOLD"), cut.executor() as connection:
        ledger.record_cut(connection, cut.run_id, 3, event())


def test_the_verifier_can_keep_drafts_from_becoming_law_until_they_are_verified_again(cut: SignedCut) -> None:
    bring(cut, "armed to enact")
    cut.verify("FAIL")
    with stopped("STOP_DRIFT"), cut.executor() as connection:
        cut.enact(connection)
    shows(cut, cut.units)


def test_the_executor_can_end_a_run_that_is_not_closed(cut: SignedCut) -> None:
    """Also an enacted one: the law stands, and the run is called failed."""
    bring(cut, "enacted")
    with session(cut.database, EXECUTOR) as connection:
        call(connection, "fn_run_leave", cut.run_id, "failed", "x", event())
    assert cut.lifecycles() == ["enacted"] * 3


def test_the_executor_can_hold_the_writers_lock_as_long_as_its_session_lives(cut: SignedCut) -> None:
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as holder:
        cut.apply(holder)
        with stopped("STOP_LOCKED"), session(cut.database, EXECUTOR) as connection:
            cut.apply(connection)
        holder.rollback()


def test_the_executor_can_spoil_a_document_prefix_and_a_source_for_others(database: Database) -> None:
    """Who plants a source makes the honest pin stop, loudly; the text needs another prefix then."""
    with session(database, EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'o', 'p')")
        call(
            connection,
            "fn_run_create",
            "ictr-20260101T000000Z-00000001",
            "cut",
            "ACME-LAW",
            "o",
            "p",
            "o",
            "h",
            event(),
        )
        call(connection, "fn_source_pin", "ictr-20260101T000000Z-00000001", 9, "a" * 64, "f" * 64, "mine", event())
        call(
            connection,
            "fn_run_create",
            "ictr-20260101T000000Z-00000002",
            "cut",
            "ACME-LAW",
            "o",
            "p",
            "o",
            "h",
            event(),
        )
        with stopped("STOP_REPLAY_CONFLICT"):
            call(connection, "fn_source_pin", "ictr-20260101T000000Z-00000002", 9, "a" * 64, "b" * 64, "r", event())


def test_the_journal_of_a_run_of_version_0_2_0_belongs_to_whoever_names_a_lock_first(database: Database) -> None:
    """Such a run has no lock yet. Runs of this version have theirs from their first event on."""
    run, mine = "ictr-20260101T000000Z-00000001", JournalKey(secrets.token_bytes(32))
    with database.connect() as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'o', 'p')")
        connection.execute(
            "INSERT INTO cutter_governance.run (run_id, operation, docprefix, origin, profile, operator, host) VALUES (%s, 'cut', 'ACME-LAW', 'o', 'p', 'o', 'h')",
            (run,),
        )
    with session(database, EXECUTOR) as connection:
        call(connection, "fn_run_leave", run, "stopped", "x", event(lock=mine.lock(0)))
        call(connection, "fn_run_leave", run, "stopped", "x", event(key=mine.key(0), lock=mine.lock(1)))
        rows = connection.execute("SELECT vouched FROM cutter_governance.run_event ORDER BY id").fetchall()
    assert rows == [(False,), (True,)]


def test_a_stranger_can_make_the_inventory_differ(database: Database) -> None:
    """By default privileges of its own, which give nobody anything of the product; the gate is red until they are gone."""
    before = look(database)
    with session(database, STRANGER) as connection:
        connection.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
    assert changed(before, look(database)) == {"schema"}


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER])
def test_a_role_can_change_its_own_settings_and_password(database: Database, role: str) -> None:
    """What it sets there is no way into the product's sessions, which set their own; a password locks the console out."""
    with session(database, role) as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'serializable'")
        connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'x'")
    try:
        with session(database, role) as connection:
            assert connection.execute("SHOW default_transaction_isolation").fetchone() == ("serializable",)
    finally:
        with session(database, role) as connection:
            connection.execute("ALTER ROLE CURRENT_USER RESET ALL")
            connection.execute("ALTER ROLE CURRENT_USER PASSWORD NULL")


@pytest.mark.parametrize("begins", [True, False])
def test_the_executor_can_take_a_run_over_from_the_console_that_holds_it(
    at: Callable[[str], Passage], begins: bool
) -> None:
    """That console takes it back. Where the stranger has said that its journal goes on, it can but take the drafts back."""
    passage, stranger = at("waits for SG_2"), JournalKey(b"s" * 32)
    run_id, readers = passage.run_id, "SELECT canonical_address, body FROM cutter_governance.v_reader ORDER BY 1"
    before = passage.rows(readers)
    ((number, seq),) = passage.rows(
        "SELECT count(*) FILTER (WHERE vouched), max(journal_seq) FROM cutter_governance.run_event WHERE run_id = %s",
        run_id,
    )
    assert isinstance(number, int)
    assert isinstance(seq, int)
    said = event(phase="take over", outcome="NOT_RUN", seq=seq + 1, number=number, lock=stranger.lock(number))
    with connect(passage.installation.settings.database.executor, purpose="theft") as connection:
        call(connection, "fn_run_take_over", run_id, "bob", "host-b", "a" * 64, begins, said)

    assert passage.backend.run(run_id).moves == (Move.TAKE_OVER,)
    passage.backend.take_over(run_id, run_id)

    moves = passage.backend.run(run_id).moves
    assert (Move.ENACT in moves, Move.REVERT in moves) == (begins, True)
    assert passage.rows(readers) == before


def test_the_executor_can_have_a_run_planned_again_that_has_written_nothing(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with session(cut.database, EXECUTOR) as connection:
        call(connection, "fn_run_replan", cut.run_id, event())
    assert cut.stage() == "source_pinned/active"
    shows(cut, ())
