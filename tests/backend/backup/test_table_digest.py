"""Two tables have one digest exactly when they hold the same rows."""

import pytest

from console.backend.backup.table_digest import table_proofs, table_proofs_at_once
from tests.conftest import Database


def digest(database: Database, rows: str, columns: str = "a text, b float8") -> tuple[int, str]:
    with database.connect(autocommit=False) as connection:
        connection.execute(f"CREATE TABLE t ({columns})")
        connection.execute(f"INSERT INTO t VALUES {rows}")
        (proof,) = table_proofs(connection, ("public.t",))
        connection.rollback()
        return proof.rows, proof.digest


def test_the_order_of_rows_does_not_matter(empty_database: Database) -> None:
    assert digest(empty_database, "('x', 1), ('y', 2)") == digest(empty_database, "('y', 2), ('x', 1)")


@pytest.mark.parametrize(
    "other",
    [
        "('x', 1), (NULL, 2)",
        "('x', 1), ('', 3)",
        "('x', 1)",
        "('x', 1), ('', 2), ('', 2)",
        "('', 1), ('x', 2)",
        "('x', 1), ('', 2.0000000000000004)",
        "(E'x\\t1', NULL), ('', 2)",
    ],
)
def test_any_difference_in_content_shows(empty_database: Database, other: str) -> None:
    assert digest(empty_database, "('x', 1), ('', 2)") != digest(empty_database, other)


def test_repeated_rows_count(empty_database: Database) -> None:
    twice, thrice = digest(empty_database, "('x', 1), ('x', 1)"), digest(empty_database, "('x', 1), ('x', 1), ('x', 1)")
    assert (twice[0], thrice[0]) == (2, 3)
    assert twice[1] != thrice[1]


def test_settings_of_the_session_do_not_show(empty_database: Database) -> None:
    columns, rows = "a timestamptz, b bytea, c interval, d float8", "('2026-01-01Z', '\\x00ff', '1 day 02:00', 0.1)"
    plain = digest(empty_database, rows, columns)
    with empty_database.connect() as connection:
        for setting in (
            "timezone='Asia/Saigon'",
            "datestyle='German'",
            "bytea_output='escape'",
            "intervalstyle='iso_8601'",
        ):
            connection.execute(f"ALTER DATABASE {empty_database.name} SET {setting}")
    assert digest(empty_database, rows, columns) == plain


@pytest.mark.parametrize("columns", ["a text, b json", "a text, b point"])
def test_a_column_without_a_hash_is_compared_by_its_text(empty_database: Database, columns: str) -> None:
    values = ("'{\"n\": 1}'", "'{\"n\": 2}'") if "json" in columns else ("'(1,2)'", "'(2,1)'")
    one, two = (digest(empty_database, f"('x', {value})", columns) for value in values)
    assert one != two
    assert digest(empty_database, f"('x', {values[0]})", columns) == one


def test_an_empty_table_has_no_rows_and_a_digest(empty_database: Database) -> None:
    rows, found = digest(empty_database, "('x', 1) ON CONFLICT DO NOTHING; DELETE FROM t")
    assert (rows, len(found)) == (0, 64)


@pytest.mark.parametrize("column", ["jsonb", "json"])
def test_many_tables_at_once_give_what_they_give_one_by_one(empty_database: Database, column: str) -> None:
    with empty_database.connect(autocommit=False) as connection:
        connection.execute(f"CREATE TABLE one (a int, b {column})")
        connection.execute("CREATE TABLE two (a text)")
        connection.execute("""INSERT INTO one VALUES (1, '{"k": 1}'), (2, NULL)""")
        connection.execute("INSERT INTO two VALUES ('x')")
        names = ("public.two", "public.one")

        assert table_proofs_at_once(connection, names) == table_proofs(connection, names)
        assert table_proofs_at_once(connection, ()) == ()
        connection.rollback()
