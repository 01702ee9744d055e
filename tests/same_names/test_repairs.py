"""What `drift` prints beside an organisation's tables mends the console's own, and touches nothing of the organisation's."""

from collections.abc import Iterator

import psycopg
import pytest

from console.backend.model.errors import Drifted
from console.backend.model.outcome import Outcome
from console.backend.model.schema_names import LEDGER_COMMENT, UNITS_COMMENT
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.repair_sql import LOOK_FIRST, OF_OTHERS
from tests.backend.postgres.breaks import BREAKS
from tests.conftest import Database, fresh_database
from tests.same_names.conftest import INSTALLED, Beside
from tests.support.fingerprint import existing_part, fingerprint

ROLES = ("mallory", '"odd; name"')
_OF_OTHERS = {
    "a view that lends the owner's rights",
    "a function elsewhere with the owner's rights",
    "a superuser's function that all may call",
    "a function in the one schema that every function looks into",
    "a setting of the database",
    "an event trigger",
    "an extra superuser",
    "an extra superuser of an odd name",
    "a role that passes row security and makes roles",
    "a member of a dangerous role",
    # Whom the organisation makes a member of a role of its own is its affair.
    "a member of a member",
}
"""Breaks of what is not the console's: the organisation may need it."""
_BY_THE_ORGANISATION = {
    "a function of its own that writes its units": "CREATE FUNCTION public.fn_iu_merge(text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT $$",
    "default privileges of its own": "ALTER DEFAULT PRIVILEGES FOR ROLE directus GRANT SELECT ON TABLES TO watcher",
    "a parameter that a role of its own may set": "GRANT SET ON PARAMETER work_mem TO directus",
    "who may make schemas": "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO directus', current_database()); END $$",
    "a search_path of the database": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database()); END $$",
    "an owner of the database": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO directus', current_database()); END $$",
}  # fmt: skip


_OWNER = "a changed owner of the schema"
"""It is not known for the console's schema any more, and every session stops."""


@pytest.fixture
def database(beside: Beside) -> Iterator[Database]:
    """A database with the console beside the likeness; the roles of the cluster are as before afterwards."""
    yield from fresh_database(beside.cluster, INSTALLED, "repairs")
    with psycopg.connect(beside.cluster.conninfo(), autocommit=True) as connection:
        connection.execute("ALTER ROLE cutter_owner NOLOGIN NOCREATEDB")
        connection.execute("ALTER ROLE cutter_exec RESET ALL")
        connection.execute("REVOKE SET ON PARAMETER session_replication_role FROM cutter_exec")
        connection.execute("REVOKE SET ON PARAMETER work_mem FROM directus")
        for role in ROLES:
            connection.execute(f"DROP ROLE IF EXISTS {role}".encode())


def _run(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


def _printed(database: Database) -> list[str]:
    report = measure_drift(database.conninfo("watcher"))
    assert report.outcome is Outcome.FAIL
    return [line for difference in report.differences for line in difference.repair]


@pytest.mark.parametrize("how", [how for how in BREAKS if how != _OWNER])
def test_what_is_printed_mends_the_console_s_own_and_changes_nothing_else(
    beside: Beside, database: Database, how: str
) -> None:
    _run(database, beside.names.rendered(BREAKS[how][0]))
    before = fingerprint(database)
    lines = _printed(database)
    # As somebody pastes it who has looked at the data of the console's own table.
    _run(database, "\n".join(
        line.removeprefix("-- ") if number and lines[number - 1] == LOOK_FIRST else line
        for number, line in enumerate(lines)
    ))  # fmt: skip

    assert (OF_OTHERS in lines) == (how in _OF_OTHERS)
    mended = measure_drift(database.conninfo("watcher"))
    # A member of a member is no concern of the console's when the first is none any more.
    is_settled = how not in _OF_OTHERS or how == "a member of a member"
    assert (mended.outcome is Outcome.PASS) == is_settled, mended.differences
    now = fingerprint(database)
    own = (beside.names.units, beside.names.ledger, "cutter_console")
    assert [row for row in now.objects if row not in before.objects and not any(name in str(row[2]) for name in own) and "cutter_" not in str(row[2])] == []  # fmt: skip
    assert existing_part(beside.before, now).calls == beside.before.calls


@pytest.mark.parametrize("how", _BY_THE_ORGANISATION)
def test_what_the_organisation_does_with_its_own_is_told_and_nothing_is_printed_that_undoes_it(
    database: Database, how: str
) -> None:
    _run(database, _BY_THE_ORGANISATION[how])

    lines = _printed(database)

    assert lines[0] == OF_OTHERS
    assert [line for line in lines if not line.startswith("--")] == []


def test_a_schema_that_was_given_away_is_told_with_what_makes_it_known_again(
    beside: Beside, database: Database
) -> None:
    _run(database, beside.names.rendered(BREAKS[_OWNER][0]))

    with pytest.raises(Drifted, match="units: cutter_console_units; ledger: none") as stopped:
        measure_drift(database.conninfo("watcher"))

    assert "ALTER SCHEMA … OWNER TO cutter_owner" in stopped.value.next_action
    assert all(f"'{comment}'" in stopped.value.next_action for comment in (UNITS_COMMENT, LEDGER_COMMENT))
    _run(database, f"ALTER SCHEMA {beside.names.ledger} OWNER TO cutter_owner")
    _run(database, "\n".join(line for line in _printed(database)))
    assert measure_drift(database.conninfo("watcher")).outcome is Outcome.PASS


def test_a_view_that_gives_the_pinned_lines_for_those_that_are_is_named_beside_the_organisation_s_tables(
    database: Database,
) -> None:
    with database.connect() as connection:
        (schema,) = connection.execute(
            "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'v_schema_line'"
        ).fetchone() or ("",)
        connection.execute(
            f"CREATE OR REPLACE VIEW {schema}.v_schema_line AS SELECT line FROM {schema}.v_schema_pin".encode()
        )
    (difference,) = measure_drift(database.conninfo("watcher")).differences
    assert difference.subject == f"{schema}.v_schema_line: query, which gives all the others"
    with database.connect() as connection:
        connection.execute("\n".join(difference.repair).encode())
    assert measure_drift(database.conninfo("watcher")).outcome is Outcome.PASS
