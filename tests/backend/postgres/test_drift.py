"""Each break of grants or definitions is told as a person would tell it, and the SQL that is printed for it repairs it."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from console.backend.model.errors import Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Difference, DriftReport
from console.backend.postgres.catalogue_rows import catalogue_rows
from console.backend.postgres.connections import connect
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.drift import differences, measure_drift
from console.backend.postgres.grant_matrix import measure_grants
from console.backend.postgres.inventory import Change, PlacedDigest, measure_inventory, placed_digest
from console.backend.postgres.migrations import migrate
from console.backend.postgres.repair_sql import LOOK_FIRST, repair
from console.backend.postgres.session import Session
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.breaks import BREAKS, UNIT, VERSION
from tests.conftest import Database
from tests.support.digest_once import in_full

ROLES = ("mallory", '"odd; name"')
FIRST_WITH_PARAMETERS = 15
"""The version since which a role may be granted the setting of a parameter."""


@pytest.fixture(autouse=True)
def _digests_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question is about what changed just now, and about how that is computed."""
    in_full(monkeypatch)


@pytest.fixture
def cleared(cluster: TransientCluster) -> Iterator[None]:
    """Roles belong to the cluster: those that a test makes or changes are as before afterwards, whatever happened."""
    yield
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("ALTER ROLE cutter_owner NOLOGIN NOCREATEDB")
        connection.execute("ALTER ROLE cutter_exec RESET ALL")
        if cluster.major >= FIRST_WITH_PARAMETERS:
            connection.execute("REVOKE SET ON PARAMETER session_replication_role FROM cutter_exec")
        for role in ROLES:
            connection.execute(f"DROP ROLE IF EXISTS {role}".encode())


@pytest.fixture
def broken(cleared: None, database: Database) -> Database:
    """A database to be broken; it is dropped before the roles are."""
    assert cleared is None
    return database


def _run(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


def _drift(database: Database) -> DriftReport:
    return measure_drift(database.conninfo("cutter_ro"))


def _placed(database: Database) -> PlacedDigest:
    """The digest of the inventory, and the rows of the catalogues that it was computed of."""
    with database.connect("cutter_exec") as connection:
        placed = placed_digest(connection)
        assert catalogue_rows(connection) == placed.rows
        return placed


def _rows(database: Database) -> str:
    """The rows alone, without computing the digest of them."""
    with database.connect("cutter_exec") as connection:
        return catalogue_rows(connection)


def _told(found: DriftReport) -> list[tuple[str, str, str, str]]:
    return [(one.what, one.subject, one.expected, one.actual) for one in found.differences]


def _fits(text: str, pattern: str) -> bool:
    """`*` at either end stands for more text."""
    core = pattern.strip("*")
    if pattern.startswith("*") and pattern.endswith("*"):
        return core in text
    if pattern.startswith("*"):
        return text.endswith(core)
    return text.startswith(core) if pattern.endswith("*") else text == pattern


def _mends(found: DriftReport) -> str:
    """All that is printed, with the comment marks taken away where the caution asks for it."""
    lines = [line for one in found.differences for line in one.repair]
    return "\n".join(
        line.removeprefix("-- ") if number and lines[number - 1] == LOOK_FIRST else line
        for number, line in enumerate(lines)
    )


@pytest.mark.parametrize("how", BREAKS)
def test_a_break_is_told_and_what_is_printed_mends_it(broken: Database, how: str) -> None:
    """Two missing grants and a trigger that no catalogue listed blocked the first cut."""
    statements, expected = BREAKS[how]
    if "ON PARAMETER" in statements and broken.cluster.major < FIRST_WITH_PARAMETERS:
        pytest.skip("this version of the server grants no parameters")
    rows = _rows(broken)
    _run(broken, statements)

    found = _drift(broken)

    told = _told(found)
    assert found.outcome is Outcome.FAIL
    assert _rows(broken) != rows
    assert len(told) == len(expected), told
    for one, pattern in zip(told, expected, strict=True):
        assert all(map(_fits, one, pattern)), one

    _run(broken, _mends(found))
    repaired = _drift(broken)
    assert (repaired.outcome, _told(repaired)) == (Outcome.PASS, [])
    assert repaired.schema_digest == found.pinned_digest


def test_a_revoked_grant_on_a_column_is_told_and_mended(broken: Database) -> None:
    """No column of the product has grants of its own any more; one that was accepted is looked after like the others."""
    _run(broken, f"GRANT UPDATE (title) ON {VERSION} TO cutter_exec")
    migrate(broken.conninfo(), _drift(broken).schema_digest)
    _run(broken, f"REVOKE UPDATE (title) ON {VERSION} FROM cutter_exec")

    found = _drift(broken)
    assert _told(found) == [("grant", f"cutter_exec on {VERSION} (title)", "UPDATE", "none")]

    _run(broken, _mends(found))
    assert _drift(broken).outcome is Outcome.PASS


def test_nothing_is_run_by_measuring_and_a_fresh_database_is_as_installed(each_database: Database) -> None:
    before, again = _drift(each_database), _drift(each_database)

    assert (before.outcome, before.differences) == (Outcome.PASS, ())
    assert before.schema_digest == before.pinned_digest == again.schema_digest


def test_the_digest_is_the_one_that_the_database_computes(each_database: Database) -> None:
    """Nothing that the server does by itself moves a row that it was computed of, so that it need not be computed again."""
    before = _placed(each_database)
    with each_database.connect("cutter_ro") as connection:
        row = connection.execute("SELECT cutter_console.fn_schema_digest()").fetchone()
    with psycopg.connect(each_database.conninfo(), autocommit=True) as administrator:
        administrator.execute("VACUUM (ANALYZE) public.information_unit, cutter_governance.run, pg_catalog.pg_class")

    assert row == (_drift(each_database).schema_digest,)
    assert _placed(each_database) == before
    assert before.digest == row[0]


def test_a_function_that_hides_its_own_lines_is_found_by_the_programs_text(broken: Database) -> None:
    """A check that the checked one may rewrite proves nothing."""
    _run(
        broken,
        "CREATE OR REPLACE FUNCTION cutter_console.fn_schema_line() RETURNS SETOF text LANGUAGE sql STABLE"
        " SET search_path = pg_catalog, pg_temp AS 'SELECT line FROM cutter_governance.v_schema_pin'",
    )
    _run(broken, f"GRANT DELETE ON {UNIT} TO cutter_exec")

    found = _drift(broken)
    assert found.outcome is Outcome.FAIL
    assert [(one.what, "fn_schema_line" in one.subject) for one in found.differences] == [("function", True)]

    _run(broken, _mends(found))
    assert [one.subject for one in _drift(broken).differences] == [f"cutter_exec on {UNIT}"]


def test_without_a_pinned_inventory_nothing_is_as_installed(broken: Database) -> None:
    _run(broken, "CREATE OR REPLACE VIEW cutter_governance.v_schema_pin AS SELECT line, pinned_at FROM cutter_governance.schema_pin WHERE false")  # fmt: skip

    found = _drift(broken)

    assert (found.outcome, found.pinned_digest) == (Outcome.FAIL, "")
    assert [one.what for one in found.differences] == ["pin"]
    assert "cutter-console migrate" in found.differences[0].repair[0]


def test_lines_of_an_older_program_name_the_migration(broken: Database) -> None:
    _run(broken, "INSERT INTO cutter_governance.schema_pin (batch, line) VALUES (99, 'table public.x owner y')")

    assert [(one.what, one.actual) for one in _drift(broken).differences] == [("pin", "lines of an older program")]


def test_a_role_that_may_not_read_the_inventory_is_inconclusive(broken: Database) -> None:
    """A permission error is never shown as nothing found."""
    _run(broken, "REVOKE SELECT ON cutter_governance.v_schema_line FROM cutter_ro")

    with pytest.raises(Unmeasured, match="42501"):
        _drift(broken)


def test_what_could_lose_data_is_printed_behind_a_caution_and_as_a_comment(broken: Database) -> None:
    _run(broken, f"ALTER TABLE {VERSION} ADD COLUMN remark text; CREATE TABLE cutter_governance.stranger (id int)")

    repairs = [one.repair for one in _drift(broken).differences]

    assert len(repairs) == 2
    assert all(repair[0] == LOOK_FIRST and repair[1].startswith("-- ") for repair in repairs)


def test_a_name_in_a_comment_cannot_end_the_comment(broken: Database) -> None:
    """Names are quoted in statements and stand in no comment."""
    _run(broken, 'CREATE ROLE "odd; name" SUPERUSER')

    (one,) = _drift(broken).differences

    assert [line.startswith("--") for line in one.repair] == [True, False]
    assert one.repair[1] == 'ALTER ROLE "odd; name" NOSUPERUSER;'


def test_the_matrix_names_roles_objects_privileges_expected_and_actual(broken: Database) -> None:
    _run(broken, f"GRANT DELETE ON {UNIT} TO cutter_exec; ALTER TABLE {UNIT} DISABLE TRIGGER guard_write")
    with connect(broken.conninfo("cutter_ro"), read_only=True) as connection:
        matrix = measure_grants(connection)

    wrong = [(cell.what, cell.role, cell.expected, cell.actual) for cell in matrix.cells if not cell.as_installed]
    assert wrong == [
        ("grant", "cutter_exec", "SELECT", "DELETE, SELECT"),
        ("trigger state", "", "ENABLE ALWAYS", "disabled"),
    ]
    assert {cell.role for cell in matrix.of("grant")} >= {"cutter_owner", "cutter_exec", "cutter_verify", "cutter_ro"}
    assert len(matrix.of("function")) > 150
    assert {cell.expected for cell in matrix.of("trigger state")} == {"ENABLE ALWAYS"}


def test_every_function_and_view_of_the_database_has_its_definition_in_the_package(database: Database) -> None:
    with database.connect("cutter_ro") as connection:
        inventory = measure_inventory(connection)

    objects = {key.object for key in inventory.now if key.what in {"function", "view"}}
    assert len(objects) > 50
    assert [one for one in objects if definition_of(one) is None] == []
    for key, sha256 in inventory.now.items():
        if (key.what, key.part) == ("function", "body"):
            known = definition_of(key.object)
            assert known is not None
            assert known.body_sha256 == sha256, key.object


def test_a_function_that_gives_the_pinned_lines_for_those_that_are_is_named(broken: Database) -> None:
    """It hides every change: both digests are equal, and what has measured them is not the program's own."""
    _run(
        broken,
        f"""CREATE OR REPLACE FUNCTION cutter_console.fn_schema_line() RETURNS SETOF text LANGUAGE sql STABLE
            SET search_path = pg_catalog, pg_temp AS $$SELECT line FROM cutter_governance.v_schema_pin
            EXCEPT SELECT line FROM cutter_console.fn_schema_way() line$$;
            ALTER TABLE {UNIT} DISABLE TRIGGER guard_write""",
    )
    report = _drift(broken)
    assert report.outcome is Outcome.FAIL
    assert report.schema_digest == report.pinned_digest
    assert [difference.subject for difference in report.differences] == [
        "cutter_console.fn_schema_line(): body, which measures all the others"
    ]


def test_a_view_that_gives_the_pinned_lines_for_those_that_are_is_named(broken: Database) -> None:
    """The functions below it are the program's own, and both digests are equal."""
    _run(
        broken,
        f"""CREATE OR REPLACE VIEW cutter_governance.v_schema_line AS SELECT line FROM cutter_governance.v_schema_pin;
            GRANT DELETE ON {UNIT} TO cutter_exec""",
    )
    report = _drift(broken)
    assert (report.outcome, report.schema_digest) == (Outcome.FAIL, report.pinned_digest)
    (difference,) = report.differences
    assert (difference.what, difference.subject) == (
        "view",
        "cutter_governance.v_schema_line: query, which gives all the others",
    )

    _run(broken, _mends(report))
    assert [difference.subject for difference in _drift(broken).differences] == [f"cutter_exec on {UNIT}"]


def test_a_view_that_leaves_lines_out_is_named_where_another_line_differs_too(broken: Database) -> None:
    _run(
        broken,
        f"""CREATE OR REPLACE VIEW cutter_governance.v_schema_line AS SELECT line FROM cutter_governance.v_schema_pin
            UNION ALL SELECT '["grant", "TABLE public.x", "", "mallory", "SELECT"]';
            GRANT DELETE ON {UNIT} TO cutter_exec""",
    )
    assert [difference.what for difference in _drift(broken).differences] == ["view", "grant"]


def test_a_function_that_looks_its_names_up_elsewhere_is_named(broken: Database) -> None:
    """Its text is the program's own, but builds every line with a function that says what was pinned."""
    _run(
        broken,
        f"""CREATE SCHEMA elsewhere;
            GRANT USAGE ON SCHEMA elsewhere TO PUBLIC;
            CREATE FUNCTION elsewhere.jsonb_build_array(VARIADIC parts text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
                SELECT CASE
                    WHEN parts[2] LIKE '%cutter_console.fn_schema_line%' AND parts[3] = 'settings'
                    THEN pg_catalog.jsonb_build_array(parts[1], parts[2], parts[3], parts[4], 'search_path=pg_catalog, pg_temp')
                    WHEN parts[4] = 'cutter_exec' AND parts[5] = 'DELETE, SELECT'
                    THEN pg_catalog.jsonb_build_array(parts[1], parts[2], parts[3], parts[4], 'SELECT')
                    ELSE pg_catalog.jsonb_build_array(VARIADIC parts) END $$;
            ALTER FUNCTION cutter_console.fn_schema_line() SET search_path = elsewhere, pg_catalog, pg_temp;
            GRANT DELETE ON {UNIT} TO cutter_exec""",
    )
    report = _drift(broken)
    assert "cutter_console.fn_schema_line(): body, which measures all the others" in {
        difference.subject for difference in report.differences
    }
    assert report.outcome is Outcome.FAIL
    assert not [difference for difference in report.differences if difference.subject == f"cutter_exec on {UNIT}"]


def test_deciding_is_pure(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.connect("cutter_ro") as connection:
        inventory = measure_inventory(connection)

    def unreachable(*_: object, **__: object) -> None:
        raise AssertionError("asked of the database")

    monkeypatch.setattr(Session, "connect", unreachable)
    found: tuple[Difference, ...] = differences(inventory)
    assert found == ()


@pytest.fixture
def installed(each_cluster: TransientCluster, template_of: Callable[[int], str]) -> Database:
    """The template itself of every major version, to be read only."""
    return Database(each_cluster, template_of(each_cluster.major))


def test_the_inventory_is_measured_by_the_monitoring_role_on_every_major_version(installed: Database) -> None:
    with installed.connect("cutter_ro") as connection:
        inventory = measure_inventory(connection)

    kinds = {key.what for key in inventory.now}
    assert kinds >= {
        "owner",
        "grant",
        "relation",
        "column",
        "function",
        "trigger",
        "trigger state",
        "superuser",
        "role",
    }
    assert len(inventory.now) == len(inventory.lines)


def test_what_mends_a_guard_or_a_constraint_prints_as_it_was_pinned(each_database: Database) -> None:
    """PostgreSQL may print a definition that it has read back in another way; then the repair would be drift again."""
    with each_database.connect() as connection, connection.transaction(force_rollback=True):
        inventory = measure_inventory(connection)
        dropped = [key for key in inventory.now if key.what in {"trigger", "unique index"}]
        checks = [key for key, value in inventory.now.items() if key.what == "constraint" and value.startswith("CHECK")]
        for key in (*dropped, *checks):
            kind = "TRIGGER" if key.what == "trigger" else "INDEX"
            on = key.object.replace("TABLE", "ON")
            drop = f"DROP {kind} {key.part} {on if kind == 'TRIGGER' else ''}"
            alter = f"ALTER {key.object} DROP CONSTRAINT {key.part}"
            connection.execute((alter if key.what == "constraint" else drop).encode())
        found = differences(measure_inventory(connection))
        assert len(found) == len(dropped) + len(checks) > 45
        connection.execute("\n".join(line for one in found for line in one.repair).encode())
        assert differences(measure_inventory(connection)) == ()


def test_a_function_is_mended_where_the_database_has_plpgsql_check_more(each_database: Database) -> None:
    """`migrate` made them with that check switched off, because some of them do not pass it."""
    with each_database.connect() as connection, connection.transaction(force_rollback=True):
        inventory = measure_inventory(connection)
        bodies = [key for key in inventory.now if (key.what, key.part) == ("function", "body")]
        assert len(bodies) > 100
        for key in bodies:
            connection.execute("SET LOCAL plpgsql.extra_errors = 'all'")
            lines = repair(Change(key, inventory.now[key], "of another body"), inventory)
            connection.execute("\n".join(lines).encode())
        assert differences(measure_inventory(connection)) == ()
