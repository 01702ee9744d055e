"""The names of the schemas of the console's own tables, and statements that are written with others."""

import pytest
from pydantic import ValidationError

from console.backend.model.schema_names import BESIDE, OWN, SchemaNames
from console.backend.model.tables import RUN_TABLES


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("SELECT * FROM public.unit_version", "SELECT * FROM cutter_console_units.unit_version"),
        (
            "SELECT 'cutter_governance.run'::regclass, 'public'",
            "SELECT 'cutter_console_ledger.run'::regclass, 'cutter_console_units'",
        ),
        (r"body ~ '\mcutter_governance\.fn_'", r"body ~ '\mcutter_console_ledger\.fn_'"),
        (
            "SET search_path = cutter_governance, public, pg_temp",
            "SET search_path = cutter_console_ledger, cutter_console_units, pg_temp",
        ),
        (
            "DO $$ BEGIN PERFORM 1 FROM public.unit_version; END $$",
            "DO $$ BEGIN PERFORM 1 FROM cutter_console_units.unit_version; END $$",
        ),
        (
            "GRANT SELECT ON public.unit_version TO PUBLIC",
            "GRANT SELECT ON cutter_console_units.unit_version TO PUBLIC",
        ),
        (
            "-- The organisation's public\nSELECT 'public'",
            "-- The organisation's public\nSELECT 'cutter_console_units'",
        ),
        ('SELECT * FROM "public"."unit_version"', 'SELECT * FROM "public"."unit_version"'),
        ('SELECT 1 AS "a public ""name"""', 'SELECT 1 AS "a public ""name"""'),
        (
            "SELECT publication, my_public, public_key, fn_public",
            "SELECT publication, my_public, public_key, fn_public",
        ),
        ("SELECT 'it''s public', '\"', public.x", "SELECT 'it''s cutter_console_units', '\"', cutter_console_units.x"),
    ],
)
def test_a_statement_is_sent_with_the_names_of_its_database(written: str, sent: str) -> None:
    assert BESIDE.rendered(written) == sent
    assert OWN.rendered(written) is written


@pytest.mark.parametrize(
    "names",
    [
        {"units": "cutter_console_units"},
        {"ledger": "cutter_console_ledger"},
        {"units": "cutter_console_a", "ledger": "cutter_console_a"},
        {"units": "library", "ledger": "cutter_console_ledger"},
        {"units": "cutter_console_units; drop schema public", "ledger": "cutter_console_ledger"},
        {"units": 'cutter_console_"', "ledger": "cutter_console_ledger"},
        {"units": "cutter_console_A", "ledger": "cutter_console_ledger"},
        {"units": "cutter_console_units\n", "ledger": "cutter_console_ledger"},
        {"units": "cutter_console_" + "a" * 41, "ledger": "cutter_console_ledger"},
        {"units": "cutter_console", "ledger": "cutter_console_ledger"},
        {"units": "public", "ledger": "public"},
        {"units": "cutter_governance", "ledger": "public"},
    ],
)
def test_a_name_that_could_be_anything_else_is_refused(names: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SchemaNames(**names)


def test_each_table_has_one_name_as_written_and_one_in_the_database() -> None:
    for names in (OWN, BESIDE):
        there = [names.in_database(table) for table in RUN_TABLES]
        assert len(set(there)) == len(RUN_TABLES)
        assert tuple(map(names.as_written, there)) == RUN_TABLES
    assert (
        BESIDE.in_database("library.unit_version")
        == BESIDE.as_written("library.unit_version")
        == "library.unit_version"
    )
