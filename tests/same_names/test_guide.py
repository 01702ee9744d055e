"""The commands of the operator guide, in its order, from a database that has nothing of the console's to a law and back."""

import subprocess
import tomllib
from dataclasses import replace

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.host.settings import load_settings
from console.backend.model.errors import Drifted
from console.backend.model.states import Family, Mode, Stage
from console.backend.postgres.site_grants import CALLED
from console.backend.runs.site_inspection import preparing_script
from console.cli import installation as of_commands
from console.cli.main import main
from tests.adoption.conftest import TEMPLATE
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, BEFORE, KINDS, MONITOR, Beside, installed_beside, theirs
from tests.support.fingerprint import existing_part, fingerprint
from tests.support.passage import REQUEST, UNITS, Passage, copy_database, silent, stages


def _run_by_hand(passage: Passage, script: str) -> None:
    """Run a script as an administrator may: statement by statement, going on behind an error."""
    psql = passage.cluster.programs.program("psql")
    conninfo = passage.installation.settings.database.administrator
    done = subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--dbname", conninfo], input=script, capture_output=True, text=True, check=True
    )
    assert "ERROR" not in done.stderr, done.stderr
    assert "WARNING" not in done.stderr, done.stderr


_OF_ANOTHER_OWNER = """
    SELECT p.proname, pg_get_userbyid(p.proowner) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'cutter_console'
       AND pg_get_userbyid(p.proowner) NOT IN ('cutter_owner', 'cutter_site', 'cutter_site_caller', 'cutter_site_reader')
"""


_GIVEN = """
    SELECT c.oid::regclass::text, x.privilege_type FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) x
     WHERE starts_with(n.nspname, 'cutter_console') AND pg_get_userbyid(x.grantee) IN ('directus', 'cutter_exec') AND c.relname LIKE ANY (ARRAY['site%%', 'schema_migration'])
       AND x.privilege_type <> 'SELECT'
    UNION ALL
    SELECT p.oid::regprocedure::text, x.privilege_type FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(p.proacl) x
     WHERE n.nspname = 'cutter_console' AND (pg_get_userbyid(x.grantee) = 'directus'
       OR pg_get_userbyid(x.grantee) = 'cutter_exec' AND p.proname LIKE '%%site%%'
          AND p.proname NOT IN ('fn_site_counts', 'fn_site_differences', 'fn_site_standing', 'fn_site_try', 'fn_site_try_units', 'fn_site_try_move'))
"""


_MAY_CALL = """
    SELECT p.proname, coalesce(r.rolname, 'PUBLIC') FROM pg_proc p
     CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x LEFT JOIN pg_roles r ON r.oid = x.grantee
     WHERE p.pronamespace = 'cutter_console'::regnamespace AND x.grantee <> p.proowner AND r.rolname IS DISTINCT FROM 'cutter_owner'
       AND p.proname ~ '^(fn|keep|guard)_site_|^fn_(draft_differences|backup_tables|table_digest)$'
"""


def test_default_privileges_of_the_administrator_give_nobody_a_right_on_what_is_the_console_s(beside: Beside) -> None:
    """An organisation lets its own role use whatever its administrator makes."""
    defaults = (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE ON TABLES TO directus, cutter_exec;"
        " ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO directus, cutter_exec"
    )
    mapping, _ = installed_beside(beside.cluster, "defaults", defaults)
    with stages(beside.cluster, "defaults", MONITOR) as walked:
        passage = tie(walked.at("fresh"), mapping)
        assert passage.rows(_GIVEN) == []

        # Of an earlier script, and of default privileges that are not there any more.
        passage.execute("ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM directus, cutter_exec")
        passage.execute("ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM directus, cutter_exec")
        passage.execute(
            "GRANT ALL ON cutter_console.site_effect, cutter_console.site_grant TO directus WITH GRANT OPTION"
        )
        passage.execute("GRANT EXECUTE ON FUNCTION cutter_console.fn_site_create TO directus, cutter_exec")
        assert passage.rows(_GIVEN)
        notices: list[str] = []
        with passage.connect() as connection:
            connection.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
            connection.execute(preparing_script(passage.installation).encode())
        assert passage.rows(_GIVEN) == []
        taken = [notice.removeprefix("taken back: ") for notice in notices if notice.startswith("taken back: ")]
        create = "EXECUTE on cutter_console.fn_site_create(text,text,text,text,text,text) from"
        assert {f"{create} directus", f"{create} cutter_exec"} <= set(taken)
        assert {
            "INSERT on cutter_console.site_effect from directus",
            "TRUNCATE on cutter_console.site_grant from directus",
        } <= set(taken)


def test_each_function_of_the_script_may_be_called_by_whom_it_names_and_nobody_else(tied: Passage) -> None:
    """What takes rights back and what gives them go by one list."""
    callers: dict[str, set[str]] = {}
    for name, role in tied.rows(_MAY_CALL):
        callers.setdefault(str(name), set()).add(str(role))

    assert callers == {name: set(roles) for name, roles in CALLED.items()}


def test_a_setting_of_the_organisation_s_is_accepted_before_it_is_taken_away(beside: Beside) -> None:
    """What an organisation's programs begin with is needed by them; the console's sessions set their own."""
    settings = (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, public', current_database()); END $$"
    )

    with pytest.raises(Drifted) as refused:
        installed_beside(beside.cluster, "with_settings", settings)

    first, _, then = refused.value.next_action.partition(". ")
    assert first.startswith("Accept it: cutter-console migrate --accept ")
    assert "ALTER DATABASE with_settings RESET search_path;" in then


def test_what_an_earlier_script_has_left_to_whoever_ran_it_is_the_console_s_again(tied: Passage) -> None:
    mapping = tied.installation.site_mapping
    mapping.write_bytes(mapping.read_bytes() + b"# once more\n")
    tied.execute("ALTER FUNCTION cutter_console.fn_site_require OWNER TO postgres")
    tied.execute("ALTER TABLE cutter_console.site_move OWNER TO postgres")
    assert tied.rows(_OF_ANOTHER_OWNER) == [("fn_site_require", "postgres")]

    _run_by_hand(tied, preparing_script(tied.installation))

    assert tied.rows(_OF_ANOTHER_OWNER) == []
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'cutter_console.site_move'::regclass"
    assert tied.rows(owner) == [("cutter_owner",)]


@pytest.mark.parametrize("broken", [False, True], ids=["as it was printed", "a statement that fails"])
def test_the_script_is_one_transaction_whoever_runs_it(beside: Beside, tied: Passage, broken: bool) -> None:
    """Run statement by statement, it made functions that ran with the rights of whoever had run it."""
    mapping = tied.installation.site_mapping
    mapping.write_bytes(mapping.read_bytes() + b"# once more\n")
    before, script = tied.rows("SELECT cutter_console.fn_site_mapping()"), preparing_script(tied.installation)
    if broken:
        made = "CREATE OR REPLACE FUNCTION cutter_console.fn_site_require"
        script = script.replace(made, f"SELECT 1 / 0;\n{made}", 1)
        with pytest.raises(AssertionError, match="division by zero"):
            _run_by_hand(tied, script)
    else:
        _run_by_hand(tied, script)

    assert tied.rows(_OF_ANOTHER_OWNER) == []
    assert (tied.rows("SELECT cutter_console.fn_site_mapping()") == before) is broken


def test_the_script_makes_functions_by_pl_pgsql_s_own_rules(tied: Passage) -> None:
    """None of them has what a database may have its own functions checked for; one that has it is put in front of them."""
    tied.execute(f"ALTER DATABASE \"{tied.database}\" SET plpgsql.extra_errors = 'all'")
    made = "CREATE OR REPLACE FUNCTION cutter_console.fn_site_require"
    shadowing = (
        "CREATE FUNCTION cutter_console.shadowing() RETURNS void LANGUAGE plpgsql AS"
        " $$ DECLARE found text; BEGIN END $$;\n"
    )

    _run_by_hand(tied, preparing_script(tied.installation).replace(made, f"{shadowing}{made}", 1))

    assert tied.rows("SELECT to_regprocedure('cutter_console.shadowing()') IS NOT NULL") == [(True,)]


def test_the_commands_of_the_guide_lead_from_nothing_to_a_cut_and_a_revert(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = beside.stages.at("fresh")
    copy_database(passage.cluster, TEMPLATE, passage.database)
    passage.execute(KINDS)
    database, installation = Database(passage.cluster, passage.database), passage.installation
    monkeypatch.setattr(of_commands, "context_of", lambda _: installation.context)
    before = fingerprint(database)

    def command(status: int, *words: str) -> str:
        capsys.readouterr()
        assert main(["--root", str(installation.root), *words]) == status, capsys.readouterr()
        return capsys.readouterr().out

    command(0, "adopt", "inspect", "--out", str(installation.site_mapping))
    mapping = tomllib.loads(installation.site_mapping.read_text(encoding="utf-8"))
    assert mapping["console"] == {"units": "cutter_console_units", "ledger": "cutter_console_ledger"}
    command(7, "adopt", "check")
    assert fingerprint(database) == before
    command(0, "migrate")
    assert existing_part(before, fingerprint(database)) == before, "no object, no row, no role and no call has changed"
    script = command(0, "adopt", "apply")
    assert existing_part(before, fingerprint(database)) == before, "printed, never run"
    _run_by_hand(passage, script)
    digest = command(5, "drift").split("schema digest ")[1].split()[0].strip(",;")
    command(0, "migrate", "--accept", digest)
    command(0, "init", "--pin", "--repin")
    command(0, "drift")
    command(0, "adopt", "check")
    assert "public.information_unit" in command(0, "counts")

    passage = passage.with_site(replace(installation, settings=load_settings(installation.root)))
    pin_policy(passage.installation, load_policy(passage.installation.policy).sha256)
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    assert theirs(passage) == BEFORE
    passage.sign()
    passage.arm()
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert theirs(passage) == AFTER_CUT
    command(0, "verify", passage.run_id)
    command(0, "revert", passage.run_id, "--confirm", passage.run_id)
    assert passage.run().state.family is Family.REVERTED
    assert theirs(passage) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    assert fingerprint(database).calls == before.calls
