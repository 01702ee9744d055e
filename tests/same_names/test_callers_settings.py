"""Code of an organisation runs with the settings that its database gives every other caller."""

from collections.abc import Mapping
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from console.backend.model.outcome import Check, Outcome
from console.backend.model.states import Mode, Stage
from console.backend.postgres.connections import connect
from console.backend.postgres.session_settings import OF_CALLERS, SETTINGS, session_settings
from console.backend.runs.site_check import prove_mapping
from console.backend.runs.site_settings_check import NAME
from tests.gateway.conftest import tie
from tests.same_names.conftest import Beside
from tests.support.passage import REQUEST, Passage, silent

_OTHERS: Mapping[str, str] = {
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Ho_Chi_Minh",
    "row_security": "off",
    "check_function_bodies": "off",
    "default_tablespace": "pg_default",
    "default_table_access_method": "heap_of_theirs",
    "app.tenant": "library",
    "xmlbinary": "hex",
    "lc_monetary": "POSIX",
}
"""Values that a database gives its sessions, each another one than the console's; some settings the console does not set."""
_KEPT = {
    # Where names are looked for: the site mapping says it.
    "search_path",
    # How a transaction begins, how long it may take, and what is on the disk behind a COMMIT.
    "default_transaction_isolation",
    "default_transaction_read_only",
    "default_transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "synchronous_commit",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "client_connection_check_interval",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_keepalives_count",
    "tcp_user_timeout",
    # How a statement is planned, and which messages come back.
    "jit",
    "work_mem",
    "plan_cache_mode",
    "client_min_messages",
    # Whose session it is.
    "application_name",
    "role",
}
"""Settings that are the console's in such code too."""
_NOTING = """
    CREATE ACCESS METHOD heap_of_theirs TYPE TABLE HANDLER heap_tableam_handler;
    CREATE ROLE another_caller LOGIN;
    CREATE SCHEMA app AUTHORIZATION directus;
    GRANT USAGE ON SCHEMA app TO workflow_admin;
    SET ROLE directus;
    CREATE TABLE app.seen (place text, name text, value text, at text DEFAULT now()::text, made date DEFAULT CURRENT_DATE);
    CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO app.seen SELECT TG_ARGV[0], lower(s.name), s.setting FROM pg_settings s
         UNION ALL SELECT TG_ARGV[0], 'app.tenant', current_setting('app.tenant')
         UNION ALL SELECT TG_ARGV[0], 'as text', concat_ws(' ', timestamptz '2026-03-31 23:30:00+00', interval '1 day', 'now'::text::date = (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date);
        RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT ON public.information_unit FOR EACH STATEMENT EXECUTE FUNCTION app.note('create');
    CREATE TRIGGER note AFTER INSERT ON public.iu_lifecycle_log FOR EACH STATEMENT EXECUTE FUNCTION app.note('enact');
    CREATE CONSTRAINT TRIGGER note AFTER INSERT ON public.unit_version DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION app.note('settle');
    CREATE TABLE app.audit (id uuid);
    CREATE FUNCTION app.audited() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN INSERT INTO app.audit VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER audited AFTER INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION app.audited();
    CREATE CONSTRAINT TRIGGER note AFTER INSERT ON app.audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.note('apart');
    GRANT EXECUTE ON FUNCTION app.note() TO workflow_admin;
    SET ROLE workflow_admin;
    CREATE TRIGGER note AFTER INSERT ON cutter_governance.manifest_envelope FOR EACH STATEMENT EXECUTE FUNCTION app.note('govern');
    RESET ROLE
"""
_CALLERS = "SELECT lower(name), setting FROM pg_settings UNION ALL SELECT 'app.tenant', current_setting('app.tenant')"
_PLACES = ("create", "settle", "apart", "govern", "enact")


@pytest.fixture
def noting(beside: Beside) -> Passage:
    """A passage in a database whose sessions begin with other settings, and whose triggers note those that they run with."""
    passage = beside.stages.at("fresh")
    with passage.connect() as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'another_caller'").fetchone():
            connection.execute("DROP ROLE another_caller")
        connection.execute(_NOTING.encode())
        for name, value in _OTHERS.items():
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(passage.database), sql.SQL(name), sql.Literal(value)
                )
            )
    passage = tie(passage, beside.mapping)
    # As the check names it, of a schema that the mapping does not have; the script is run again, and does not take it back.
    passage.execute(_settings_proof(passage).next_action.partition("COMMIT: ")[2].replace("…", "app"))
    return tie(passage, beside.mapping)


def _settings_proof(passage: Passage) -> Check:
    return next(check for check in prove_mapping(passage.installation) if check.name == NAME)


def test_every_setting_of_a_session_is_restored_or_the_console_s_for_a_reason() -> None:
    assert set(OF_CALLERS) <= set(SETTINGS)
    assert set(session_settings("a console", 30.0, None)) - set(OF_CALLERS) <= _KEPT
    assert set(OF_CALLERS) <= set(_OTHERS)


@pytest.mark.longest
def test_what_an_organisation_s_code_does_comes_out_as_for_every_other_caller(
    noting: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each setting that there is, in each function that lets such code run; whatever the operator's shell has."""
    for name, value in (("PGTZ", "America/Lima"), ("PGDATESTYLE", "German"), ("PGGEQO", "off")):
        monkeypatch.setenv(name, value)
    noting.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    run = replace(noting, run_id=noting.backend.start(REQUEST, silent).run_id)
    run.sign()
    run.arm()
    run.resume()
    run.sign()
    assert run.enact().state.stage is Stage.CLOSEOUT_REPORTED

    monkeypatch.undo()
    with run.connect("another_caller") as caller:
        theirs: dict[str, str] = dict(caller.execute(_CALLERS.encode()).fetchall())
    assert {name: theirs[name.lower()] for name in _OTHERS} == _OTHERS
    for place in _PLACES:
        rows = run.rows("SELECT DISTINCT name, value FROM app.seen WHERE place = %s", place)
        seen = {str(name): str(value) for name, value in rows}
        assert len(seen) == len(rows) > 300
        differing = {name for name, value in theirs.items() if seen.get(name) != value}
        assert differing <= _KEPT, place
        assert seen["as text"] == "01/04/2026 06:30:00 +07 P1D t", place
    assert run.rows("SELECT count(*) FROM app.seen WHERE at NOT LIKE '%% +07'") == [(0,)]


def test_what_is_restored_for_such_code_is_the_console_s_again_behind_it(noting: Passage) -> None:
    names = list(OF_CALLERS)
    of_console = [(name, SETTINGS[name]) for name in names]
    shown = "SELECT n, pg_catalog.current_setting(n) FROM pg_catalog.unnest(%s::pg_catalog.text[]) n"
    with connect(noting.installation.settings.database.administrator) as connection:
        for call in ("fn_site_settle()", "fn_site_govern('{}')"):
            connection.execute(f"SELECT cutter_console.{call}".encode())
            assert connection.execute(shown, (names,)).fetchall() == of_console
        with pytest.raises(psycopg.Error), connection.transaction():
            connection.execute("SELECT cutter_console.fn_site_create('', '', '', NULL, NULL, NULL)")
        assert connection.execute(shown, (names,)).fetchall() == of_console


def test_an_earlier_script_is_told_to_be_run_again(tied: Passage) -> None:
    assert _settings_proof(tied).outcome is Outcome.PASS
    tied.execute(
        "DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('cutter_console.fn_site_govern'::regproc), 'SET LOCAL TimeZone TO DEFAULT;', ''); END $do$"
    )

    said = _settings_proof(tied)

    assert (said.outcome, "fn_site_govern" in said.detail) == (Outcome.FAIL, True)
    assert "cutter-console adopt apply" in said.next_action
