"""A twin and an overload of every function of the product, in schemas that are looked in first: no call ever reaches one."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from tests.attacks.test_shadows import Haunted, _try, is_law_as_signed, passage
from tests.attacks.world import EXECUTOR, MONITOR, VERIFIER, make_stranger
from tests.backend.postgres.signed_cut import SignedCut
from tests.conftest import Database
from tests.support.passage import Passage

_SIGNATURES = """
    SELECT p.proname::text, array_to_string(array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t), ', '), p.prorettype = 'trigger'::regtype
      FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'cutter_console'::regnamespace ORDER BY 1, 2
"""
_BODIES = (
    "SELECT p.proname::text, p.prosrc FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'cutter_console'::regnamespace"
)
_CALLED = re.compile(r"([\w.]*)\b((?:fn|guard|keep)_\w+) ?\(")
_ASKED = "CREATE SEQUENCE public.asked; GRANT USAGE ON SEQUENCE public.asked TO PUBLIC"
"""Its value stays when the transaction of whoever was asked is rolled back, or the exception is caught."""
_SHADOW = "LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('public.asked'); RAISE EXCEPTION 'the shadow was asked'; END $$"


def twins(connection: psycopg.Connection, schema: str) -> int:
    """Plant beside each function of the product one of the same name and arguments, and one that takes an argument more.

    A trigger's function takes no arguments: it has a twin alone. Returns the number of functions that have a twin.
    """
    connection.execute("SET search_path = pg_catalog, pg_temp")
    signatures = connection.execute(_SIGNATURES).fetchall()
    for name, arguments, is_trigger in signatures:
        if is_trigger:
            connection.execute(f"CREATE FUNCTION {schema}.{name}() RETURNS trigger {_SHADOW}".encode())
            continue
        for taken in (arguments, f"{arguments}, text DEFAULT NULL".removeprefix(", ")):
            connection.execute(f"CREATE FUNCTION {schema}.{name}({taken}) RETURNS text {_SHADOW}".encode())
    return len(signatures)


@contextmanager
def open_to_everybody(database: Database) -> Iterator[None]:
    """Whoever may connect creates in public, as before PostgreSQL 15; closed again afterwards, what was made stays."""
    with database.connect() as connection:
        connection.execute(_ASKED.encode())
        connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        yield
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def nobody_was_asked(database: Database) -> None:
    """No twin was reached, not even by a call whose failure nobody saw."""
    with database.connect() as connection:
        assert connection.execute("SELECT is_called FROM public.asked").fetchone() == (False,)


@dataclass(frozen=True)
class Twinned(Haunted):
    """A run whose every session has twins in its temporary schema, which it looks in first."""

    @contextmanager
    def _as(self, role: str) -> Iterator[psycopg.Connection]:
        connection = self.database.connect(role, autocommit=True)
        try:
            if "pg_temp" in self.schemas:
                assert twins(connection, "pg_temp") > 150
            for statement in self.begin:
                connection.execute(statement.encode())
            connection.autocommit = False
            yield connection
            connection.commit()
        finally:
            connection.close()


@pytest.mark.parametrize("where", ["public", "pg_temp", "public and pg_temp"])
def test_a_twin_of_no_function_is_ever_reached(cut: SignedCut, where: str) -> None:
    """From the first pause to law, in sessions that look for names among the twins first."""
    with open_to_everybody(cut.database), cut.database.connect(MONITOR) as connection:
        assert twins(connection, "public") > 150
    run = Twinned(
        database=cut.database,
        run_id=cut.run_id,
        plan=cut.plan,
        canonical=cut.canonical,
        begin=(f"SET search_path = {where.replace(' and', ',')}, pg_catalog",),
        schemas=tuple(where.split(" and ")),
    )
    passage(cut, run)
    is_law_as_signed(cut)
    nobody_was_asked(cut.database)


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER, MONITOR])
def test_no_function_that_a_role_may_call_reaches_a_twin(database: Database, role: str) -> None:
    """Each with NULL for every argument, which reaches as far as its first check; and each view that the role may read."""
    make_stranger(database)
    with open_to_everybody(database), database.connect(MONITOR) as connection:
        assert twins(connection, "public") > 150
    with database.connect(role) as connection:
        twins(connection, "pg_temp")
        signatures = connection.execute(_SIGNATURES).fetchall()
        connection.execute("SET search_path = pg_temp, public, pg_catalog")
        called = 0
        for name, arguments, is_trigger in signatures:
            values = ", ".join(f"NULL::{kind}" for kind in arguments.split(", ") if kind)
            if not is_trigger:
                called += _try(connection, f"SELECT cutter_console.{name}({values})")
        assert called > 5
        views = connection.execute(
            "SELECT viewname::text FROM pg_catalog.pg_views WHERE schemaname = 'cutter_governance'"
        )
        assert sum(_try(connection, f"SELECT * FROM cutter_governance.{view}") for (view,) in views.fetchall()) > 10
    nobody_was_asked(database)


def test_the_twins_of_this_attack_would_be_reached_by_a_name_without_its_schema(database: Database) -> None:
    with open_to_everybody(database), database.connect(MONITOR) as connection:
        twins(connection, "public")
        # Beside each other in one schema the two would be ambiguous.
        connection.execute("DROP FUNCTION public.fn_hold_reason(text)")
    with database.connect(MONITOR) as connection:
        connection.execute("SET search_path = public, cutter_console, pg_catalog")
        with pytest.raises(psycopg.errors.RaiseException, match="the shadow was asked"):
            connection.execute("SELECT fn_hold_reason()")
    with pytest.raises(AssertionError):
        nobody_was_asked(database)


def test_each_function_names_each_other_with_the_schema(database: Database) -> None:
    """In the text of every one: what is not called in a test above calls by its full name too."""
    with database.connect() as connection:
        bodies = connection.execute(_BODIES.encode()).fetchall()
    names = {name for name, _ in bodies}
    calls = [
        (caller, schema, name) for caller, body in bodies for schema, name in _CALLED.findall(body) if name in names
    ]
    assert len(calls) > 300
    assert [call for call in calls if call[1] != "cutter_console."] == []


def test_a_whole_passage_of_the_console_reaches_no_twin(at: Callable[[str], Passage]) -> None:
    """Gates, arming, backup, cut, verification and enactment, as the console asks for them."""
    run = at("waits for SG_1")
    database = Database(run.cluster, run.database)
    with open_to_everybody(database), database.connect(MONITOR) as connection:
        assert twins(connection, "public") > 150
    run.sign()
    run.arm()
    run.resume()
    run.sign()
    run.enact()
    run.backend.gates()
    assert run.lifecycles() == ["enacted"] * 3
    nobody_was_asked(database)
