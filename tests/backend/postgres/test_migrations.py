"""Migrations go forward only, change nothing where they do not fit, and know when they were tampered with."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres import migrations as module
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.migrations import Migration, MigrationReport, migrate, migrations
from tests.backend.postgres.signed_cut import start_cut
from tests.conftest import Database, prepare_template

NAMES = tuple(step.name for step in migrations())
_OBJECTS = """
    SELECT (SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console')),
           (SELECT count(*) FROM pg_namespace WHERE nspname IN ('cutter_governance', 'cutter_console', 'cutter_shape')),
           (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
"""


def _objects(database: Database) -> tuple[int, ...]:
    with database.connect() as connection:
        row = connection.execute(_OBJECTS.encode()).fetchone()
    return row or ()


def _execute(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_files_are_numbered_without_a_gap() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(NAMES) + 1))


def test_the_schema_is_installed_and_a_second_time_nothing_is_done(
    each_empty_database: Database, each_database: Database
) -> None:
    """In two databases it has one digest."""
    first = migrate(each_empty_database.conninfo())
    again = migrate(each_empty_database.conninfo())
    assert (first.applied, first.present) == (NAMES, ())
    assert (again.applied, again.present, again.schema_digest) == ((), NAMES, first.schema_digest)
    assert migrate(each_database.conninfo()).schema_digest == first.schema_digest


def test_functions_are_made_whatever_a_database_has_its_own_checked_for(empty_database: Database) -> None:
    _execute(empty_database, f"ALTER DATABASE {empty_database.name} SET plpgsql.extra_errors = 'all'")
    with pytest.raises(Drifted, match=r"plpgsql\.extra_errors=all") as refused:
        migrate(empty_database.conninfo())
    digest = refused.value.next_action.partition("--accept ")[2].split()[0].strip(".")

    assert migrate(empty_database.conninfo(), digest).applied == NAMES


def test_the_schema_works_on_every_major_version(each_database: Database) -> None:
    run = start_cut(each_database)
    run.enacted()
    assert run.lifecycles() == ["enacted"] * 3


def test_the_vocabulary_is_the_profiles_own(database: Database) -> None:
    with database.connect() as connection:
        rows = connection.execute("SELECT unit_kind, section_type FROM cutter_governance.unit_vocabulary").fetchall()
    assert set(rows) == set(VOCABULARY)


def test_each_migration_is_recorded_with_its_sha256(database: Database) -> None:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT name, sha256, applied_by FROM cutter_governance.schema_migration ORDER BY number"
        ).fetchall()
    assert rows == [(step.name, step.sha256, "postgres") for step in migrations()]


def test_two_migrations_at_once_are_one_after_the_other(empty_database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        reports: list[MigrationReport] = list(pool.map(migrate, [empty_database.conninfo()] * 2))
    assert sorted(len(report.applied) for report in reports) == [0, len(NAMES)]


def _patched(monkeypatch: pytest.MonkeyPatch, steps: tuple[Migration, ...]) -> None:
    monkeypatch.setattr(module, "migrations", lambda: steps)


def test_an_edited_migration_is_refused_by_its_number(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    *rest, last = migrations()
    _patched(monkeypatch, (*rest, last.model_copy(update={"sha256": "0" * 64})))
    with pytest.raises(Drifted, match=f"migration {last.number:04d} has sha256 0000"):
        migrate(database.conninfo())


def test_a_database_of_a_newer_program_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _patched(monkeypatch, migrations()[:-1])
    with pytest.raises(Drifted, match="is not in this program"):
        migrate(database.conninfo())


def test_a_migration_that_fails_leaves_nothing(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _objects(empty_database)
    broken = Migration(number=99, name="broken", schema_name="public", text="SELECT 1 / 0", sha256="0" * 64)
    _patched(monkeypatch, (*migrations(), broken))
    with pytest.raises(CutterError, match="division by zero"):
        migrate(empty_database.conninfo())
    assert _objects(empty_database) == before


def test_a_further_migration_is_applied_alone_and_pinned(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    further = Migration(
        number=len(NAMES) + 1,
        name="further",
        schema_name="cutter_governance",
        text="CREATE VIEW v_further AS SELECT 1 AS one",
        sha256="0" * 64,
    )
    _patched(monkeypatch, (*migrations(), further))
    report = migrate(database.conninfo())
    assert (report.applied, report.present) == (("further",), NAMES)
    with database.connect() as connection:
        differing = connection.execute(
            "SELECT line FROM cutter_governance.v_schema_line EXCEPT SELECT line FROM cutter_governance.v_schema_pin"
        ).fetchall()
    assert differing == []


def _drifts(database: Database) -> str:
    """Grant something that was not installed; the digest of the drift."""
    with database.connect() as connection:
        connection.execute("GRANT SELECT ON cutter_governance.approval TO cutter_ro")
    return measure_drift(database.conninfo("cutter_ro")).schema_digest


def test_a_further_migration_does_not_pin_a_drift_by_the_way(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = _drifts(database)
    further = Migration(number=99, name="further", schema_name="public", text="SELECT 1", sha256="0" * 64)
    _patched(monkeypatch, (*migrations(), further))

    with pytest.raises(Drifted, match="not as it was installed") as refused:
        migrate(database.conninfo())

    assert f"migrate --accept {digest}" in refused.value.next_action
    assert measure_drift(database.conninfo("cutter_ro")).differences


def test_a_drift_becomes_the_installed_state_by_its_very_digest_alone(database: Database) -> None:
    before, digest = measure_drift(database.conninfo("cutter_ro")), _drifts(database)

    for wrong in (before.schema_digest, digest[:16]):
        with pytest.raises(Drifted, match="its schema digest is"):
            migrate(database.conninfo(), wrong)
    report = migrate(database.conninfo(), digest)

    after = measure_drift(database.conninfo("cutter_ro"))
    assert (report.applied, report.pinned, after.differences) == ((), True, ())
    assert after.pinned_digest == digest


def test_where_nothing_has_drifted_there_is_nothing_to_accept(database: Database) -> None:
    digest = measure_drift(database.conninfo("cutter_ro")).schema_digest

    assert migrate(database.conninfo(), digest).pinned is False
    assert migrate(database.conninfo()).pinned is False


MISFITS = {
    "a missing column": ("DROP COLUMN section_code", "public.information_unit.section_code: missing, wanted text"),
    "another type": (
        "ALTER COLUMN deleted_at TYPE text",
        "public.information_unit.deleted_at: is text, wanted timestamp with time zone",
    ),
    "a column that nobody fills": (
        "ADD COLUMN tenant text NOT NULL DEFAULT 'x'; ALTER TABLE public.information_unit ALTER COLUMN tenant DROP DEFAULT",
        "public.information_unit.tenant: may not be null",
    ),
    "no unique address": (
        "DROP CONSTRAINT information_unit_canonical_address_key",
        "public.information_unit: no unique key on (canonical_address)",
    ),
    "another owner": ("OWNER TO postgres", "public.information_unit: owner is postgres, wanted cutter_owner"),
}


def _existing_tables(database: Database) -> None:
    """The public tables as they would stand in a production database, made by nobody's migration."""
    units = next(step for step in migrations() if step.number == 1)
    _execute(database, "GRANT CREATE, USAGE ON SCHEMA public TO cutter_owner", f"SET ROLE cutter_owner; {units.text}")


@pytest.fixture
def production(empty_database: Database, template_of: object) -> Database:
    """A database that has the units' tables already, with a row in them."""
    _execute(
        empty_database,
        "DO $$ BEGIN CREATE ROLE cutter_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    )
    _existing_tables(empty_database)
    _execute(
        empty_database,
        "INSERT INTO information_unit (canonical_address, unit_kind, section_type) VALUES ('OLD/1', 'document_unit', 'article')",
    )
    return empty_database


@pytest.mark.parametrize("how", MISFITS)
def test_existing_tables_that_do_not_fit_are_listed_and_nothing_is_changed(production: Database, how: str) -> None:
    change, said = MISFITS[how]
    _execute(production, f"ALTER TABLE public.information_unit {change}")
    before = _objects(production)
    with pytest.raises(Refused, match="existing tables do not fit; nothing was changed") as caught:
        migrate(production.conninfo())
    assert caught.value.code is StopCode.DRIFT
    assert said in caught.value.message
    assert _objects(production) == before


def test_all_differences_are_listed_at_once(production: Database) -> None:
    _execute(
        production,
        "ALTER TABLE public.information_unit DROP COLUMN section_code",
        "ALTER TABLE public.unit_version ALTER COLUMN version_seq TYPE bigint",
    )
    with pytest.raises(Refused) as caught:
        migrate(production.conninfo())
    assert len(caught.value.message.splitlines()) == 3


def test_existing_tables_that_fit_are_used_with_their_rows(production: Database) -> None:
    _execute(production, "ALTER TABLE public.information_unit ADD COLUMN remark text")
    prepare_template(production.conninfo())
    run = start_cut(production)
    run.cut()
    assert run.lifecycles() == ["draft"] * 3
    with production.connect() as connection:
        rows = connection.execute(
            "SELECT count(*) FROM public.information_unit WHERE canonical_address = 'OLD/1'"
        ).fetchone()
    assert rows == (1,)


def test_a_production_function_of_the_same_name_with_other_arguments_is_left_alone(production: Database) -> None:
    _execute(production, "CREATE FUNCTION public.fn_iu_create(text) RETURNS text LANGUAGE sql AS 'SELECT $1'")
    migrate(production.conninfo())
    with production.connect() as connection:
        assert connection.execute("SELECT public.fn_iu_create('still here')").fetchone() == ("still here",)
