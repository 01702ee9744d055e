"""An organisation's columns with a collation that calls different texts equal, which takes no LIKE and finds other texts too."""

from pathlib import Path

import psycopg
import pytest

from tests.adoption.conftest import ANY_CASE, TEMPLATE, WITH_ICU, cluster_with_likeness, pointed_at
from tests.conftest import fresh_database


def test_what_reads_units_reads_them_whatever_their_columns_call_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands said that the server is a standby, and to connect to the primary."""
    with cluster_with_likeness(WITH_ICU) as cluster:
        for database in fresh_database(cluster, TEMPLATE, "equal"):
            with database.connect() as connection:
                try:
                    connection.execute(ANY_CASE.encode())
                except psycopg.errors.FeatureNotSupported:
                    pytest.skip("no server here is built with ICU")
            adopted = pointed_at(database, tmp_path, monkeypatch, capsys)

            for words in (
                ("adopt", "inspect"),
                ("unit", "list", "LIB-RULES"),
                ("unit", "search", "text"),
                ("unit", "show", "LIB-RULES/S001"),
            ):
                status, out, said = adopted.command(*words)
                assert (status, bool(out)) == (0, True), (words, said)
            assert len(adopted.command("unit", "list", "LIB-RULES")[1].splitlines()) == 158
            assert adopted.command("unit", "list", "lib-rules")[1] == ""
            assert adopted.command("unit", "show", "lib-rules/s001")[:2] == (4, "")
