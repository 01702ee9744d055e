"""The probes write the whole of a cut under a ruling that nobody signed, and roll it back: nobody climbs up on them."""

import psycopg
import pytest

from console.backend.model.states import Stage
from tests.attacks.world import EXECUTOR, MONITOR, STRANGER, VERIFIER, Prey, attack, bring, call, look, refused, session
from tests.backend.postgres.signed_cut import SignedCut, start_cut, stopped
from tests.conftest import Database


@pytest.fixture(scope="module")
def still(waiting: SignedCut) -> SignedCut:
    """A database whose switch is off, with drafts that wait for SG_2."""
    drafts = start_cut(waiting.database, "ACME-DRAFT", number=2)
    drafts.to_second_pause()
    return drafts


def _probe(connection: psycopg.Connection, sizes: object = (1, 2), revert: object = False) -> object:
    sizes = list(sizes) if isinstance(sizes, tuple) else sizes
    row = connection.execute(
        "SELECT cutter_console.fn_probe_cut(%s::integer[], %s::boolean)", (sizes, revert)
    ).fetchone()
    return row[0] if row is not None else None


@pytest.mark.parametrize("revert", [False, True])
@pytest.mark.parametrize("sizes", [(1,), (1, 2, 3), (100,), (1,) * 8])
def test_nothing_of_a_probe_is_left(still: SignedCut, sizes: tuple[int, ...], revert: bool) -> None:
    with attack(still.database), session(still.database, VERIFIER) as connection:
        _is_done(_probe(connection, sizes, revert))


def _is_done(answer: object) -> None:
    assert isinstance(answer, dict)
    assert answer["probes"], answer
    assert all(probe.get("done") for probe in answer["probes"]), answer


def test_nothing_of_a_probe_of_a_revert_is_left(still: SignedCut) -> None:
    with attack(still.database), session(still.database, VERIFIER) as connection:
        _is_done(call(connection, "fn_probe_revert"))


@pytest.mark.parametrize("sizes", [(), (0,), (-1,), (1001,), (1,) * 9, None, (None,), (1, None), [[1, 2], [3, 4000]]])
def test_a_probe_has_one_to_eight_sizes_of_one_to_a_thousand(still: SignedCut, sizes: object) -> None:
    with (
        refused(still.database, "STOP_CAP_EXCEEDED", "22004"),
        session(still.database, VERIFIER) as connection,
    ):
        _probe(connection, sizes)


@pytest.mark.parametrize("role", [EXECUTOR, MONITOR, STRANGER])
def test_only_the_verifier_probes(prey: Prey, role: str) -> None:
    for function in ("fn_probe_cut(ARRAY[1])", "fn_probe_revert()", "fn_probe_plan('X', 1)", "fn_probe_rows()"):
        with refused(prey.database, "42501"), prey.session(role) as connection:
            connection.execute(f"SELECT cutter_console.{function}".encode())


@pytest.mark.parametrize(
    "part",
    [
        "fn_probe_plan('X', 1)",
        "fn_probe_rows()",
        "fn_probe_refusal()",
        "fn_cut_write(NULL, NULL, NULL, NULL)",
        "fn_record_write(NULL, NULL)",
        "fn_revert_write('x', NULL)",
    ],
)
def test_the_parts_of_a_probe_are_not_the_verifiers(prey: Prey, part: str) -> None:
    with refused(prey.database, "42501"), prey.session(VERIFIER) as connection:
        connection.execute(f"SELECT cutter_console.{part}".encode())


def test_a_probe_between_a_callers_own_writes_is_refused(still: SignedCut) -> None:
    with attack(still.database), session(still.database, VERIFIER, autocommit=False) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        assert _refused(_probe(connection)) == "WRITTEN"
        connection.rollback()


def _refused(answer: object) -> object:
    assert isinstance(answer, dict)
    return answer.get("refused")


def test_after_a_probe_the_same_transaction_still_has_no_ruling(still: SignedCut) -> None:
    """The synthetic use of a ruling is matched by the transaction's id: it is gone when the caller writes.

    The caller is a superuser, whom the guard alone keeps from writing.
    """
    with attack(still.database), session(still.database, "postgres", autocommit=False) as connection:
        _is_done(_probe(connection))
        query = "SELECT count(*) FROM cutter_governance.approval_use WHERE xid = pg_current_xact_id()"
        assert connection.execute(query).fetchone() == (0,)
        for statement, code in {
            "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) SELECT id, 9, 'x', 'x' FROM public.information_unit": "STOP_APPROVAL_REQUIRED",
            "SELECT cutter_console.fn_lease_arm('x', 'cut', 'o', 'h', 5)": "STOP_EXECUTION_DISABLED",
        }.items():
            with stopped(code), connection.transaction():
                connection.execute(statement.encode())
        connection.commit()


def test_a_probe_in_a_savepoint_that_is_released_leaves_nothing(still: SignedCut) -> None:
    with attack(still.database), session(still.database, VERIFIER, autocommit=False) as connection:
        connection.execute("SAVEPOINT s")
        _probe(connection)
        connection.execute("RELEASE s")
        connection.execute("SAVEPOINT s")
        _probe(connection)
        connection.execute("ROLLBACK TO s")
        connection.commit()


@pytest.mark.parametrize("timeout", [1, 5, 20, 50, 100, 200, 400])
def test_a_probe_that_is_cancelled_in_the_middle_leaves_nothing(still: SignedCut, timeout: int) -> None:
    """Whether the limit strikes is the machine's affair; that nothing is left is not."""
    with attack(still.database), session(still.database, VERIFIER) as connection:
        connection.execute(f"SET statement_timeout = {timeout}".encode())
        try:
            _probe(connection, (1000, 1000), revert=True)
        except psycopg.errors.QueryCanceled:
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_cancelled_probe_that_is_caught_leaves_nothing(still: SignedCut) -> None:
    with attack(still.database), session(still.database, VERIFIER) as connection:
        connection.execute("SET statement_timeout = 30")
        connection.execute("SELECT 1")
        try:
            connection.execute(
                "DO $$ BEGIN PERFORM cutter_console.fn_probe_cut(ARRAY[1000, 1000], true); EXCEPTION WHEN query_canceled THEN NULL; END $$"
            )
        except psycopg.errors.QueryCanceled:
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


@pytest.mark.parametrize(
    "setting",
    [
        "SET lock_timeout = 1",
        "SET plpgsql.extra_errors = 'all'",
        "SET standard_conforming_strings = off",
        "SET transform_null_equals = on",
    ],
)
def test_a_probe_in_an_odd_session_leaves_nothing(still: SignedCut, setting: str) -> None:
    with attack(still.database), session(still.database, VERIFIER) as connection:
        connection.execute(setting.encode())
        _is_done(_probe(connection, (3,), revert=True))


def test_a_probe_in_a_cursor_leaves_nothing(still: SignedCut) -> None:
    with attack(still.database), session(still.database, VERIFIER, autocommit=False) as connection:
        connection.execute("DECLARE c CURSOR WITH HOLD FOR SELECT cutter_console.fn_probe_cut(ARRAY[2])")
        connection.execute("FETCH 1 FROM c")
        connection.commit()


def test_a_deferred_trigger_of_the_verifiers_does_not_run_as_the_owner_in_a_probe(each_cut: SignedCut) -> None:
    """Before PostgreSQL 18 a deferred trigger runs as whoever fires it, and the probe fires all of them as the owner, beside a ruling.

    A row that queues such a trigger has written, and a transaction that has written is not probed in.
    """
    with attack(each_cut.database), session(each_cut.database, VERIFIER, autocommit=False) as connection:
        connection.execute("CREATE TEMP TABLE late (i int); CREATE TEMP TABLE ran_as (who text)")
        connection.execute("GRANT ALL ON late, ran_as TO PUBLIC")
        connection.execute(
            "CREATE FUNCTION pg_temp.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ran_as VALUES (current_user); RETURN NULL; END $$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.late()"
        )
        connection.commit()
        for begin in ("INSERT INTO late VALUES (1)", "INSERT INTO late VALUES (2); SAVEPOINT s"):
            connection.execute(begin.encode())
            assert _refused(_probe(connection)) == "WRITTEN"
            assert _refused(call(connection, "fn_probe_revert")) == "WRITTEN"
            connection.commit()
        assert set(connection.execute("SELECT who FROM ran_as").fetchall()) == {(VERIFIER,)}
        connection.rollback()


def test_a_deferred_trigger_whose_row_was_rolled_back_to_a_savepoint_does_not_run_in_a_probe(
    each_cut: SignedCut,
) -> None:
    with attack(each_cut.database), session(each_cut.database, VERIFIER, autocommit=False) as connection:
        connection.execute("CREATE TEMP TABLE late (i int)")
        connection.execute(
            "CREATE FUNCTION pg_temp.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.late()"
        )
        connection.commit()
        connection.execute("SAVEPOINT s")
        connection.execute("INSERT INTO late VALUES (1)")
        connection.execute("ROLLBACK TO s")
        assert _refused(_probe(connection)) == "WRITTEN"
        connection.commit()


def test_under_an_open_lease_nobody_probes(prey: Prey) -> None:
    with attack(prey.database), prey.session(VERIFIER) as connection:
        assert _refused(_probe(connection)) == "ARMED"
        assert _refused(call(connection, "fn_probe_revert")) == "ARMED"


def test_under_a_hold_nobody_probes(database: Database) -> None:
    run = start_cut(database)
    with session(database, EXECUTOR) as connection:
        call(connection, "fn_hold_set", "stop", "somebody", None)
    with attack(database), session(database, VERIFIER) as connection:
        assert _refused(_probe(connection)) == "HOLD"
    assert run.stage() == f"{Stage.AWAITING_CUT_AUTHORIZATION}/active"


def test_a_probe_that_is_open_does_not_keep_a_hold_or_a_cut_waiting(database: Database) -> None:
    run = bring(start_cut(database), "SG_1 imported")
    with session(database, VERIFIER, autocommit=False) as prober:
        _probe(prober, (50,), revert=True)
        run.backup()
        with session(database, EXECUTOR) as connection:
            call(connection, "fn_lease_arm", run.run_id, "cut", "o", "h", 5)
            run.apply(connection)
            call(connection, "fn_hold_set", "stop", "somebody", None)
        prober.commit()
    assert look(database)["hold"] != "none"


def test_no_synthetic_ruling_is_ever_seen_by_another_session(still: SignedCut) -> None:
    with session(still.database, VERIFIER, autocommit=False) as prober:
        _probe(prober, (100,))
        with still.database.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM cutter_governance.approval WHERE 'nobody: a probe that is rolled back' = ANY (signers)"
            ).fetchone()
        prober.commit()
    assert row == (0,)
