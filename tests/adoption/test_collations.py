"""An organisation's columns with a collation that calls different texts equal, which takes no LIKE and finds other texts too."""

from pathlib import Path

import psycopg
import pytest

from tests.adoption.conftest import TEMPLATE, cluster_with_likeness, pointed_at
from tests.conftest import fresh_database

_EQUAL = """
    CREATE COLLATION public.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    DROP VIEW public.v_units_in_force;
    ALTER TABLE public.information_unit ALTER canonical_address TYPE text COLLATE public.any_case, ALTER doc_code TYPE text COLLATE public.any_case;
    ALTER TABLE public.unit_version ALTER title TYPE text COLLATE public.any_case, ALTER body TYPE text COLLATE public.any_case;
    ALTER TABLE public.dot_config ALTER key TYPE text COLLATE public.any_case
"""
_WITH_ICU = 15
"""A version whose programs, those of the system, are built with ICU; those of the embedded wheel are not."""


def test_what_reads_units_reads_them_whatever_their_columns_call_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands said that the server is a standby, and to connect to the primary."""
    with cluster_with_likeness(_WITH_ICU) as cluster:
        for database in fresh_database(cluster, TEMPLATE, "equal"):
            with database.connect() as connection:
                try:
                    connection.execute(_EQUAL.encode())
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
