"""With the password of the role that stops: a HOLD can be set, once, and nothing else can be done, nor be kept from others."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from console.backend.model.safe_text import safe_text
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.records import current_hold
from tests.attacks.test_shadows import shadow
from tests.attacks.test_twins import nobody_was_asked, open_to_everybody, twins
from tests.attacks.world import EXECUTOR, MONITOR, ROLES, STOPPER, Prey, attack, bring, call, look, refused, session
from tests.backend.postgres.signed_cut import SignedCut, stopped
from tests.conftest import Database

_FUNCTIONS = """
    SELECT p.oid::regprocedure::text, array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) FROM pg_proc p
     WHERE p.pronamespace = 'cutter_console'::regnamespace AND p.proname <> 'fn_hold_ensure' AND NOT p.proisstrict
       AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) ORDER BY 1
"""
"""A strict one of NULL is NULL before anybody looks who may call it."""
_EVENTS = "SELECT action, reason, by, role FROM cutter_governance.hold_event ORDER BY id"
MAY_CHANGE = ("cutter_governance.hold_event", "cutter_governance.execution_lease", "hold", "switch")
"""All that a HOLD changes."""


def _events(database: Database) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(_EVENTS).fetchall()


def _stop(database: Database, reason: str = "stop", by: str = "somebody") -> object:
    with session(database, STOPPER) as connection:
        return call(connection, "fn_hold_ensure", reason, by)


def test_every_other_function_of_the_product_is_refused_to_it(prey: Prey) -> None:
    with prey.database.connect() as connection:
        functions = connection.execute(_FUNCTIONS.encode()).fetchall()
    assert len(functions) > 120
    with attack(prey.database), prey.session(STOPPER) as connection:
        for signature, types in functions:
            name, arguments = str(signature).split("(", 1)[0], ", ".join(f"NULL::{kind}" for kind in types)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {name}({arguments})".encode())


def test_the_one_function_is_refused_to_everybody_else(prey: Prey) -> None:
    for role in ROLES:
        if role != STOPPER:
            with refused(prey.database, "42501"), prey.session(role) as connection:
                call(connection, "fn_hold_ensure", "x", "y")


def test_it_reads_no_row_of_the_product(prey: Prey) -> None:
    with prey.database.connect() as connection:
        names = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'v', 'S')"
            " AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console')"
        ).fetchall()
    assert len(names) > 40
    with prey.session(STOPPER) as connection:
        for (name,) in names:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {name}".encode())


def test_a_hold_is_all_that_it_changes_and_the_executor_is_stopped_by_it(cut: SignedCut) -> None:
    bring(cut, "armed")
    with attack(cut.database, *MAY_CHANGE):
        assert _stop(cut.database) is True
    assert _events(cut.database) == [("set", "stop", "somebody", STOPPER)]
    with stopped("STOP_HOLD"), cut.executor() as connection:
        cut.apply(connection)


def test_a_flood_of_holds_is_one_hold_which_one_release_clears(cut: SignedCut) -> None:
    """One after the other, many at once, and in one transaction."""
    bring(cut, "armed")
    assert _stop(cut.database) is True
    before = look(cut.database)
    with session(cut.database, STOPPER) as connection:
        for number in range(200):
            assert call(connection, "fn_hold_ensure", f"flood {number}", "somebody") is False
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: _stop(cut.database), range(40))) == {False}
    assert look(cut.database) == before
    with session(cut.database, EXECUTOR) as connection:
        ledger.release_hold(connection, "found out", "somebody")
        assert current_hold(connection) is None
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda _: _stop(cut.database), range(40)))
    # Those that looked before the first of them was committed; never more than sessions at once.
    assert 1 <= new.count(True) <= 8
    with session(cut.database, EXECUTOR) as connection:
        ledger.release_hold(connection, "found out", "somebody")
        assert current_hold(connection) is None


def test_a_hold_that_is_taken_back_or_swallowed_leaves_none(cut: SignedCut) -> None:
    bring(cut, "armed")
    with attack(cut.database), session(cut.database, STOPPER, autocommit=False) as connection:
        call(connection, "fn_hold_ensure", "x", "y")
        connection.rollback()
        with connection.transaction(force_rollback=True):
            call(connection, "fn_hold_ensure", "x", "y")
        connection.commit()


@pytest.mark.parametrize("who", ["release", "stop", "read"])
def test_an_open_transaction_of_it_keeps_nobody_from_what_matters(cut: SignedCut, who: str) -> None:
    """From stopping above all: it takes no lock that another stop, a release or a reader would wait for."""
    bring(cut, "armed")
    if who == "release":
        with session(cut.database, EXECUTOR) as connection:
            call(connection, "fn_hold_set", "first", "somebody", None)
    with session(cut.database, STOPPER, autocommit=False) as holder:
        call(holder, "fn_hold_ensure", "x", "y")
        match who:
            case "release":
                with session(cut.database, EXECUTOR) as connection:
                    ledger.release_hold(connection, "found out", "somebody")
            case "stop":
                assert _stop(cut.database) is True
            case _:
                with session(cut.database, MONITOR) as connection:
                    assert current_hold(connection) is None
        holder.rollback()


@pytest.mark.parametrize(
    ("reason", "by"),
    [("", "b"), ("r" * 501, "b"), (None, "b"), ("r", ""), ("r", "b" * 201), ("r", None), ("r" * 10_000_000, "b")],
    ids=["no reason", "a long one", "NULL", "nobody", "a long name", "NULL as a name", "10 MB"],
)
def test_a_reason_or_name_that_no_hold_takes_is_refused(prey: Prey, reason: str | None, by: str | None) -> None:
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(STOPPER) as connection:
        call(connection, "fn_hold_ensure", reason, by)


HOSTILE = (
    "x'); SELECT cutter_console.fn_hold_release('a', 'b'); --\x1b[2J\x1b]0;t\x07\u202e[bold]\n$(reboot) %s %(name)s"
)


def test_a_hostile_reason_is_stored_as_text_and_shown_inert(cut: SignedCut) -> None:
    assert _stop(cut.database, HOSTILE, HOSTILE[:200]) is True
    assert _events(cut.database) == [("set", HOSTILE, HOSTILE[:200], STOPPER)]
    with connect(cut.database.conninfo(MONITOR), read_only=True) as connection:
        hold = current_hold(connection)
    assert hold is not None
    assert not {"\x1b", "\x07", "\u202e"} & set(safe_text(hold.reason))


def test_twins_and_shadows_that_are_looked_in_first_are_never_asked(cut: SignedCut) -> None:
    bring(cut, "armed")
    with open_to_everybody(cut.database), session(cut.database, STOPPER) as connection:
        with session(cut.database, EXECUTOR) as planter:
            assert twins(planter, "public") > 120
        assert shadow(connection, "pg_temp") > 20
        connection.execute("SET search_path = pg_temp, public, pg_catalog")
        connection.execute("SELECT cutter_console.fn_hold_ensure('stop'::pg_catalog.text, 'somebody'::pg_catalog.text)")
        nobody_was_asked(cut.database)
    assert _events(cut.database) == [("set", "stop", "somebody", STOPPER)]


def test_a_transaction_that_only_reads_sets_no_hold(prey: Prey) -> None:
    with refused(prey.database, "25006"), prey.session(STOPPER) as connection:
        connection.execute("SET default_transaction_read_only = on")
        call(connection, "fn_hold_ensure", "x", "y")
