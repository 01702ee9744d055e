"""With the executor's password, the organisation's functions are reached by nothing but a signed cut."""

import psycopg
import pytest

from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.repair_sql import OF_OTHERS
from console.backend.postgres.site_gateway import gateway_sql
from tests.gateway.conftest import AFTER_CUT, BEFORE, changed, mapping_beside, theirs
from tests.support.passage import Passage, taken

_REVOKED = "REVOKE EXECUTE ON FUNCTION library.fn_iu_create FROM cutter_exec; REVOKE EXECUTE ON FUNCTION library.fn_iu_enact FROM cutter_exec"
_TRIES = (
    "SELECT library.fn_iu_create('ACME-LAW/MINE', 'A', 'B', 'C')",
    "SELECT library.fn_iu_enact('LIB-RULES/S100', 'C', NULL, p_dry_run => false)",
    "SELECT cutter_console.keep_site_created()",
    "SELECT cutter_console.keep_site_moved()",
    "SELECT cutter_console.fn_site_unit('LIB-RULES')",
    "SELECT cutter_console.fn_site_create('ACME-LAW/MINE', 'A', 'B', 'C', 'D', 'E')",
    "SELECT cutter_console.fn_site_enact('{run}', 'LIB-RULES/S100', NULL, 'enacted', NULL)",
    "SELECT cutter_console.fn_site_table_digest('library.information_unit')",
    "SET ROLE cutter_site_reader",
    "SELECT cutter_console.fn_site_require('{{}}', '{{}}')",
    "INSERT INTO public.unit_version (unit_id, version_seq, title, body, content_hash) VALUES (gen_random_uuid(), 1, 'a', 'b', 'c')",
    "UPDATE public.information_unit SET lifecycle_status = 'enacted'",
    "ALTER TABLE public.unit_version DISABLE TRIGGER keep_site_created",
    "SET session_replication_role = replica",
    "SELECT cutter_console.fn_cut_apply('{run}', 'x', 'y', '{{}}')",
    "SELECT cutter_console.fn_cut_enact('{run}', '{{}}')",
)


def test_nothing_of_theirs_is_written_past_a_signed_cut(signed: Passage) -> None:
    changed(signed, _REVOKED)
    signed.arm()

    assert taken(signed, {"cutter_exec": [statement.format(run=signed.run_id) for statement in _TRIES]}) == []

    assert theirs(signed) == BEFORE
    signed.resume()
    assert theirs(signed) == AFTER_CUT, "the executor needs no right on their functions"


def test_a_ruling_is_used_once(drafted: Passage) -> None:
    with drafted.connect("cutter_exec") as connection, pytest.raises(psycopg.Error):
        connection.execute(b"SELECT cutter_console.fn_cut_apply(%s, 'x', 'y', '{}')", (drafted.run_id,))

    assert theirs(drafted) == AFTER_CUT


def test_a_mapping_by_which_nothing_could_be_read_back_is_refused_with_every_reason(signed: Passage) -> None:
    mapping = mapping_beside(signed)
    assert mapping.versions is not None
    less = mapping.model_copy(
        update={
            "log": None,
            "versions": mapping.versions.model_copy(update={"body": None}),
            "units": mapping.units.model_copy(update={"parent": None}),
        }
    )

    with signed.connect() as connection, pytest.raises(Refused) as refused:
        gateway_sql(connection, less, "0" * 64)

    for part in ("the versions' body", "the units' parent", "the lifecycle's log"):
        assert f"it names no {part}" in refused.value.message


def test_a_function_that_asks_for_what_nothing_tells_is_refused_by_name(signed: Passage) -> None:
    changed(
        signed,
        "DROP FUNCTION library.fn_library_add; DROP FUNCTION library.fn_iu_enact;"
        " CREATE FUNCTION library.fn_iu_enact(p_address text, p_actor text, p_seal text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$",
    )

    with signed.connect() as connection, pytest.raises(Refused, match="must be given p_seal"):
        gateway_sql(connection, mapping_beside(signed), "0" * 64)


_INVADER = """
    CREATE OR REPLACE FUNCTION library.fn_iu_{name} LANGUAGE plpgsql SECURITY INVOKER AS $$
    BEGIN RAISE EXCEPTION 'it runs as %', current_user; END $$
"""
_CREATES = """create(
        p_address text, p_title text, p_body text, p_actor text, p_unit_kind text DEFAULT 'law_unit',
        p_section_type text DEFAULT 'section', p_owner_ref text DEFAULT 'library', p_publication_type text DEFAULT 'internal',
        p_parent uuid DEFAULT NULL
    ) RETURNS jsonb"""


def test_a_function_that_would_run_as_the_owner_of_the_consoles_tables_is_not_called(signed: Passage) -> None:
    """Its owner can replace it at any time; what it may do must stay what its owner may."""
    signed.arm()
    changed(signed, _INVADER.format(name=_CREATES))

    with pytest.raises(CutterError, match=r"library\.fn_iu_create is not SECURITY DEFINER") as refused:
        signed.resume()

    assert refused.value.code is StopCode.DRIFT
    assert theirs(signed) == BEFORE


def test_the_function_that_enacts_is_not_called_as_the_owner_of_the_consoles_tables_either(drafted: Passage) -> None:
    drafted.sign()
    changed(drafted, "ALTER FUNCTION library.fn_iu_enact SECURITY INVOKER")

    with pytest.raises(CutterError, match=r"library\.fn_iu_enact is not SECURITY DEFINER"):
        drafted.enact()

    assert theirs(drafted) == AFTER_CUT


def test_each_trigger_looks_at_the_function_that_it_calls_before_it_calls_it(signed: Passage) -> None:
    """At its rights: the look is written once, and stands in both triggers."""
    with signed.connect() as connection:
        script = gateway_sql(connection, mapping_beside(signed), "0" * 64)
    for trigger, function in (("keep_site_created", "fn_iu_create"), ("keep_site_moved", "fn_iu_enact")):
        body = script.partition(f"FUNCTION cutter_console.{trigger}() RETURNS trigger")[2].partition("END $site$;")[0]
        looks = f"p.proname = '{function}' AND NOT p.prosecdef"
        assert body.count("AND NOT p.prosecdef") == body.count(looks) == 1, trigger
        assert body.index(looks) < body.index("LOOP"), trigger


_ESCAPE = "$site$; ALTER ROLE cutter_exec SUPERUSER; --"


@pytest.mark.parametrize("place", ["a value", "a column"])
def test_nothing_in_a_mapping_ends_the_body_of_a_function(signed: Passage, place: str) -> None:
    """What stands behind it would be run by the administrator."""
    mapping = mapping_beside(signed)
    if place == "a value":
        functions = mapping.functions.model_copy(update={"owner": _ESCAPE})
        changes: dict[str, object] = {"functions": functions}
    else:
        assert mapping.units.lifecycle is not None
        lifecycle = mapping.units.lifecycle.model_copy(update={"column": _ESCAPE})
        changes = {"units": mapping.units.model_copy(update={"lifecycle": lifecycle})}

    with signed.connect() as connection, pytest.raises(Refused, match="ends the body of a function"):
        gateway_sql(connection, mapping.model_copy(update=changes), "0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        "GRANT CREATE ON SCHEMA public TO directus",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = library', current_database()); END $$",
        "CREATE FUNCTION library.fn_more() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT'",
    ],
)
def test_nothing_is_printed_that_undoes_what_is_the_organisation_s(signed: Passage, change: str) -> None:
    with signed.connect() as connection:
        connection.execute(change.encode())

    report = measure_drift(signed.installation.settings.database.monitor)

    lines = [line for difference in report.differences for line in difference.repair]
    assert lines[0] == OF_OTHERS
    assert [line for line in lines if not line.startswith("--")] == []
