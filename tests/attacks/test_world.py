"""The look at everything that an attack could change: it sees whatever was committed, and is not taken twice for nothing."""

from collections.abc import Callable

import pytest

from tests.attacks import world
from tests.attacks.world import Look, Lookout, Prey, changed, look
from tests.conftest import Database

CHANGES = {
    "a row": ("INSERT INTO public.dot_config VALUES ('x', 'y')", "public.dot_config"),
    "a changed row": (
        "ALTER TABLE public.iu_lifecycle_vocab DISABLE TRIGGER ALL; UPDATE public.iu_lifecycle_vocab SET description = 'x'",
        "public.iu_lifecycle_vocab",
    ),
    "no row at all": (
        "ALTER TABLE cutter_governance.unit_vocabulary DISABLE TRIGGER ALL; TRUNCATE cutter_governance.unit_vocabulary",
        "cutter_governance.unit_vocabulary",
    ),
    "another table": ("CREATE TABLE public.mine (i int)", "public.mine"),
    "a table that is in no log": ("CREATE UNLOGGED TABLE public.mine AS SELECT 1", "public.mine"),
    "a grant": ("GRANT SELECT ON public.information_unit TO PUBLIC", "schema"),
    "a setting of a role": ("ALTER ROLE passer_by SET work_mem = '1MB'", "settings"),
    "an attribute of a role": ("ALTER ROLE passer_by CONNECTION LIMIT 7", "roles"),
    "a cast": ("CREATE CAST (text AS bytea) WITHOUT FUNCTION", "objects"),
    "a row under a savepoint": (
        "DO $$ BEGIN BEGIN INSERT INTO public.dot_config VALUES ('x', 'y'); EXCEPTION WHEN OTHERS THEN NULL; END; END $$",
        "public.dot_config",
    ),
}
UNDONE = ("ALTER ROLE passer_by RESET work_mem", "ALTER ROLE passer_by CONNECTION LIMIT -1")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Look]:
    """The looks that were taken and not repeated."""
    looks: list[Look] = []
    take: Callable[..., Look] = world._look

    def taking(connection: object) -> Look:
        looks.append(take(connection))
        return looks[-1]

    monkeypatch.setattr(world, "_look", taking)
    return looks


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_committed_is_seen_by_the_next_look(database: Database, what: str) -> None:
    statement, where = CHANGES[what]
    before = look(database)
    with database.connect() as connection:
        connection.execute(statement.encode())
    after = look(database)
    with database.connect() as connection:
        for undoing in UNDONE:
            connection.execute(undoing.encode())

    assert where in changed(before, after)


def test_what_was_open_at_a_look_and_is_committed_later_is_seen(database: Database) -> None:
    with database.connect(autocommit=False) as connection, database.connect() as another:
        connection.execute("INSERT INTO public.dot_config VALUES ('x', 'y')")
        before = look(database)
        another.execute("SELECT pg_current_xact_id()")
        assert look(database) == before
        connection.commit()

        assert changed(before, look(database)) == {"public.dot_config"}


def test_a_change_behind_many_that_came_to_nothing_is_seen(database: Database) -> None:
    before = look(database)
    with database.connect(autocommit=False) as connection:
        for number in range(20):
            connection.execute("INSERT INTO public.dot_config VALUES (%s, 'y')", (str(number),))
            if number == 7:
                connection.commit()
            connection.rollback()

    assert changed(before, look(database)) == {"public.dot_config"}


def test_no_look_is_taken_where_nothing_was_committed(prey: Prey, taken: list[Look]) -> None:
    before = look(prey.database)
    with prey.database.connect(autocommit=False) as connection:
        connection.execute("INSERT INTO public.dot_config VALUES ('x', 'y')")
        connection.rollback()
        connection.execute("SELECT count(*) FROM public.dot_config")
    seen = len(taken)

    assert look(prey.database) == before
    assert len(taken) == seen <= 1


def test_the_look_at_one_database_is_not_taken_for_that_at_another(database: Database, prey: Prey) -> None:
    assert changed(look(prey.database), look(database))
    assert changed(look(database), look(prey.database))


def test_a_look_that_ended_is_taken_again(prey: Prey, taken: list[Look]) -> None:
    before = look(prey.database)
    Lookout.end()
    seen = len(taken)

    assert look(prey.database) == before
    assert len(taken) == seen + 1
