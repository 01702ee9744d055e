"""Settings of an organisation's callers: `adopt check` calls its functions with them, and names those that the console has not."""

import pytest

from console.backend.model.outcome import Outcome
from console.backend.postgres.connections import connect
from console.backend.postgres.session_settings import OF_CALLERS, SETTINGS
from console.backend.postgres.site_functions import check_deferred
from console.backend.postgres.site_settings import OtherSetting
from console.backend.runs.site_settings_check import settings_verdict
from tests.adoption.conftest import Adopted

NAME = "settings of the functions"
_NEEDS = """
    ALTER DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh'; ALTER DATABASE {database} SET DateStyle = 'German';
    CREATE FUNCTION public.as_ever() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF to_char(timestamptz '2026-03-31 23:30+00', 'YYYY-MM-DD TZH') <> '2026-04-01 +07' OR (date '2026-04-01')::text <> '01.04.2026' THEN
            RAISE EXCEPTION 'not as for others: % %', current_setting('TimeZone'), current_setting('DateStyle');
        END IF;
        RETURN NULL; END $$;
    CREATE TRIGGER as_ever AFTER INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.as_ever();
    CREATE TRIGGER as_ever AFTER INSERT ON public.iu_lifecycle_log FOR EACH ROW EXECUTE FUNCTION public.as_ever();
    CREATE CONSTRAINT TRIGGER as_ever AFTER INSERT ON public.unit_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.as_ever()
"""
_DEFERRED_APART = """
    CREATE SCHEMA apart; CREATE TABLE apart.audit (note text);
    CREATE FUNCTION apart.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER note AFTER INSERT ON apart.audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION apart.note()
"""


@pytest.fixture
def kept(adopted: Adopted) -> Adopted:
    """An installation that keeps the proposed mapping."""
    status, _, said = adopted.command("adopt", "inspect", "--out", str(adopted.installation.site_mapping))
    assert status == 0, said
    return adopted


def _checks(adopted: Adopted) -> dict[str, tuple[str, str, str]]:
    """Return outcome, detail and next action by the name of the proof."""
    checks = adopted.json("adopt", "check")[1]["checks"]
    assert isinstance(checks, list)
    return {check["name"]: (check["outcome"], check["detail"], check["next_action"]) for check in checks}


def _changed(adopted: Adopted, change: str) -> None:
    adopted.execute(change.replace("{database}", f'"{adopted.database.name}"'))


def test_functions_are_proved_with_the_settings_of_their_other_callers(kept: Adopted) -> None:
    _changed(kept, _NEEDS)

    checks = _checks(kept)

    for name in ("create", "gates at the end of the transaction", "enact", NAME):
        assert checks[name][0] == "PASS", checks[name]


def test_behind_a_proof_the_settings_are_the_console_s_again(kept: Adopted) -> None:
    _changed(kept, _NEEDS)
    names = list(OF_CALLERS)
    with connect(kept.installation.settings.database.executor) as connection:
        assert not check_deferred(connection, ("public",)).refused
        shown = connection.execute("SELECT n, current_setting(n) FROM unnest(%s::text[]) n", (names,)).fetchall()
        path = connection.execute("SHOW search_path").fetchall()
    assert shown == [(name, SETTINGS[name]) for name in names]
    assert path == [("pg_catalog, pg_temp",)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("SELECT 1", ""),
        (
            "ALTER ROLE directus IN DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh'",
            "directus begins with timezone=Asia/Ho_Chi_Minh",
        ),
        (
            "ALTER ROLE directus IN DATABASE {database} SET app.tenant = 'library'",
            "directus begins with app.tenant=library",
        ),
        (
            "ALTER ROLE cutter_exec IN DATABASE {database} SET IntervalStyle = 'iso_8601'",
            "the value of the server, and the executor with iso_8601",
        ),
        ("ALTER ROLE directus IN DATABASE {database} SET work_mem = '64MB'", ""),
        ("ALTER ROLE workflow_admin IN DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh'", ""),
        (
            "ALTER DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh';"
            " ALTER ROLE directus IN DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh'",
            "",
        ),
        (
            "ALTER ROLE directus IN DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh';"
            " ALTER ROLE cutter_exec IN DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh'",
            "",
        ),
        (
            "ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'",
            "begin with default_transaction_isolation=serializable",
        ),
        (
            "CREATE SCHEMA before; ALTER DATABASE {database} SET search_path = before, public",
            "looked for in public, and by sessions of the database in before, public",
        ),
        (_DEFERRED_APART, "what is deferred on apart.audit fires at COMMIT"),
    ],
    ids=[
        "none",
        "a caller's zone",
        "a caller's own setting",
        "the executor's alone",
        "one that changes nothing",
        "a role that may not call",
        "the database's and the caller's",
        "the caller's and the executor's",
        "isolation",
        "search_path",
        "deferred apart",
    ],
)
def test_what_will_come_out_otherwise_is_named(kept: Adopted, change: str, words: str) -> None:
    _changed(kept, change)

    outcome, detail, action = _checks(kept)[NAME]

    assert (outcome, bool(action)) == (("PARTIAL", True) if words else ("PASS", False)), detail
    assert words in detail


@pytest.mark.parametrize(
    "change",
    [
        "ALTER ROLE directus IN DATABASE {database} SET TimeZone = 'Asia/Ho_Chi_Minh'",
        "ALTER ROLE cutter_exec IN DATABASE {database} SET DateStyle = 'SQL, DMY'",
    ],
)
def test_the_command_that_is_named_lets_both_begin_alike(kept: Adopted, change: str) -> None:
    _changed(kept, change)
    outcome, _, action = _checks(kept)[NAME]
    assert outcome == "PARTIAL"

    kept.execute(action.split("as a superuser: ")[1].split(";")[0])

    assert _checks(kept)[NAME][0] == "PASS"


def test_all_differences_are_said_together() -> None:
    alike = "ALTER ROLE cutter_exec IN DATABASE library SET timezone TO 'Europe/Berlin'"
    other = OtherSetting("app", "timezone", "Europe/Berlin", "UTC", alike)

    proof = settings_verdict((other,), "serializable", ("apart.audit",), ("kept",), ("public",))

    assert proof.outcome is Outcome.PARTIAL
    for words in (str(other), "looked for in kept", "serializable", "apart.audit"):
        assert words in proof.detail
    for words in (alike, "ALTER FUNCTION … SET timezone", "adopt inspect", "rely on it", "GRANT USAGE"):
        assert words in proof.next_action


def test_what_is_looked_for_behind_theirs_is_no_difference() -> None:
    for mapped in (("public", "more"), ()):
        assert settings_verdict((), "", (), mapped, ("public",)).outcome is Outcome.PASS
