"""`adopt check` proves the mapping by writes that are all rolled back; `adopt apply` prints a script that changes nothing that was there."""

import json

import pytest

from console.backend.host.runtime_tree import CONFIG_NAME
from console.backend.host.site_files import kept_mapping
from console.backend.model.console_schema import CONSOLE_SCHEMA, CONSOLE_SCHEMA_COMMENT, CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import ExitStatus
from console.backend.model.site_mapping import mapping_toml
from console.backend.postgres.console_schema import refuse_foreign_schema
from console.backend.postgres.site_proposal import identifier
from tests.adoption.conftest import Adopted, may_only_select
from tests.support.fingerprint import CALLS, existing_part, fingerprint

Outcomes = dict[str, str]


@pytest.fixture
def kept(adopted: Adopted) -> Adopted:
    """An installation that keeps the proposed mapping."""
    status, _, said = adopted.command("adopt", "inspect", "--out", str(adopted.installation.site_mapping))
    assert status == 0, said
    return adopted


def proofs(adopted: Adopted) -> tuple[int, Outcomes, dict[str, str]]:
    """`adopt check`: exit status, outcomes and details by the name of the proof."""
    status, answer = adopted.json("adopt", "check")
    checks = answer["checks"]
    assert isinstance(checks, list)
    assert all(check["next_action"] for check in checks if check["outcome"] != "PASS")
    return (
        status,
        {check["name"]: check["outcome"] for check in checks},
        {check["name"]: check["detail"] for check in checks},
    )


def test_the_mapping_is_proved_by_writes_that_leave_nothing(kept: Adopted) -> None:
    before = fingerprint(kept.database)

    status, outcomes, details = proofs(kept)

    open_now = {name: outcome for name, outcome in outcomes.items() if outcome != "PASS"}
    tables = {
        name: open_now.pop(name) for name in list(open_now) if name.startswith("governance rows: cutter_governance.")
    }
    assert open_now == {"mapping recorded": "PARTIAL"}
    # Nothing writes there before the script has been run: there is nothing to try it by, and no PASS.
    assert (status, len(tables), set(tables.values())) == (7, 11, {"INCONCLUSIVE"})
    assert all("no function yet" in details[name] for name in tables)
    assert {
        "create",
        "read back",
        "create again",
        "gates at the end of the transaction",
        "enact",
        "rolled back",
    } <= outcomes.keys()
    assert details["rows of a creation"] == "public.information_unit +1, public.unit_version +1"
    assert details["rows of an enactment"] == "public.iu_lifecycle_log +1"
    assert fingerprint(kept.database) == before


@pytest.mark.parametrize(
    ("change", "proof", "outcome", "said"),
    [
        (
            "REVOKE EXECUTE ON FUNCTION fn_iu_create FROM cutter_exec",
            "function that creates",
            "INCONCLUSIVE",
            "may not execute",
        ),
        ("DROP FUNCTION fn_iu_create CASCADE", "function that creates", "INCONCLUSIVE", "no such function"),
        ("DELETE FROM dot_config WHERE key = 'vocab.unit_kind.law_unit'", "create", "FAIL", "not in the vocabulary"),
        (
            "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS"
            " $$ BEGIN INSERT INTO iu_lifecycle_log (unit_id, to_status, actor) VALUES (NEW.id, 'draft', 'x'); RETURN NULL; END $$;"
            " CREATE TRIGGER noted AFTER INSERT ON information_unit FOR EACH ROW EXECUTE FUNCTION noted()",
            "rows of a creation",
            "FAIL",
            "public.iu_lifecycle_log +1, expected +0",
        ),
        (
            "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never at the end'; END $$;"
            " CREATE CONSTRAINT TRIGGER never AFTER INSERT ON information_unit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION never()",
            "gates at the end of the transaction",
            "FAIL",
            "never at the end",
        ),
        (
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := upper(NEW.body); RETURN NEW; END $$;"
            " CREATE TRIGGER trg_shout BEFORE INSERT ON unit_version FOR EACH ROW EXECUTE FUNCTION shout()",
            "read back",
            "FAIL",
            "body is",
        ),
        (
            "CREATE TABLE elsewhere (LIKE unit_version); ALTER TABLE elsewhere OWNER TO directus;"
            " CREATE RULE elsewhere AS ON INSERT TO unit_version DO INSTEAD INSERT INTO elsewhere SELECT NEW.*",
            "read back",
            "FAIL",
            "without body, title, unit of the version: the row that has it is not where the mapping looks for it",
        ),
        ("ALTER FUNCTION fn_iu_enact OWNER TO watcher", "enact", "FAIL", "42501"),
        (
            "ALTER TABLE iu_lifecycle_log ADD FOREIGN KEY (review_decision_id) REFERENCES cutter_governance.review_decision,"
            " ADD CHECK (review_decision_id IS NOT NULL) NOT VALID",
            "enact",
            "INCONCLUSIVE",
            "a run's own is written just before the call",
        ),
    ],
    ids=[
        "no right",
        "no function",
        "another vocabulary",
        "a trigger that logs",
        "a late gate",
        "a changed text",
        "a rule that writes elsewhere",
        "a powerless owner",
        "a decision",
    ],
)
def test_a_proof_that_does_not_hold_is_named_with_what_the_function_said(
    kept: Adopted, change: str, proof: str, outcome: str, said: str
) -> None:
    with kept.database.connect() as connection:
        connection.execute("SELECT set_config('iu.gateway', 'open', false)")
        connection.execute(change.encode())
    before = fingerprint(kept.database)

    status, outcomes, details = proofs(kept)

    assert status == {"FAIL": 1, "INCONCLUSIVE": 7}[outcome if "FAIL" not in outcomes.values() else "FAIL"]
    assert outcomes[proof] == outcome, details
    assert said in details[proof]
    assert outcomes["rolled back"] == "PASS"
    assert fingerprint(kept.database) == before


def test_an_audit_with_row_security_is_written_to_as_by_every_other_caller(kept: Adopted) -> None:
    kept.execute(
        "SET ROLE directus; CREATE TABLE public.audit (unit text); ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;"
        " ALTER TABLE public.audit FORCE ROW LEVEL SECURITY; CREATE POLICY theirs ON public.audit USING (CURRENT_USER = 'directus');"
        " CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN INSERT INTO public.audit VALUES (NEW.id); RETURN NULL; END $$;"
        " CREATE TRIGGER noted AFTER INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.noted();"
        " CREATE CONSTRAINT TRIGGER noted_late AFTER INSERT ON public.unit_version DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION public.noted()"
    )

    _, outcomes, details = proofs(kept)

    assert outcomes["create"] == outcomes["enact"] == outcomes["gates at the end of the transaction"] == "PASS", details
    assert "FAIL" not in outcomes.values()


def test_units_without_parents_are_probed_below_one_of_them(kept: Adopted) -> None:
    kept.execute(
        "SELECT set_config('iu.gateway', 'open', false); UPDATE public.information_unit SET parent_or_container_ref = NULL"
    )

    _, outcomes, details = proofs(kept)

    assert (outcomes["create"], outcomes["read back"], outcomes["enact"]) == ("PASS", "PASS", "PASS"), details


def test_without_any_unit_there_is_nothing_that_a_probe_can_be_made_by(kept: Adopted) -> None:
    kept.execute(
        "SET session_replication_role = replica; DELETE FROM public.iu_lifecycle_log; DELETE FROM public.unit_version;"
        " DELETE FROM public.information_unit"
    )

    _, outcomes, details = proofs(kept)

    assert outcomes["write through the functions"] == "INCONCLUSIVE"
    assert details["write through the functions"].startswith("there is no unit")


def test_what_may_not_be_done_at_the_end_of_a_transaction_is_said_with_whose_rights_it_has(kept: Adopted) -> None:
    """In a run it fires as a role that has none; the executor's own would not be enough either."""
    kept.execute(
        "CREATE TABLE public.noted (id uuid);"
        " CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.noted VALUES (NEW.id); RETURN NULL; END $$;"
        " CREATE CONSTRAINT TRIGGER note AFTER INSERT ON public.information_unit DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION public.note()"
    )

    answer = kept.json("adopt", "check")[1]

    late = next(check for check in answer["checks"] if check["name"] == "gates at the end of the transaction")  # type: ignore[attr-defined]
    assert (late["outcome"], "42501" in late["detail"]) == ("FAIL", True)
    assert "have its owner make its function SECURITY DEFINER" in late["next_action"]


def test_a_log_that_refers_to_decisions_is_no_proof_where_the_mapping_writes_none(kept: Adopted) -> None:
    """A run gives the id of its decision; only a mapping of the table of decisions lets it stand there."""
    kept.execute(
        "ALTER TABLE iu_lifecycle_log ADD FOREIGN KEY (review_decision_id) REFERENCES cutter_governance.review_decision"
    )
    mapping = kept_mapping(kept.installation).mapping
    assert mapping is not None
    kept.installation.site_mapping.write_text(mapping_toml(mapping.model_copy(update={"governance": None})))

    status, outcomes, details = proofs(kept)

    assert (status, outcomes["enact"]) == (7, "INCONCLUSIVE")
    assert "23503" in details["enact"]


def test_a_function_that_asks_for_a_decision_which_it_does_not_look_up_is_proved(kept: Adopted) -> None:
    kept.execute("ALTER TABLE iu_lifecycle_log ADD CHECK (review_decision_id IS NOT NULL) NOT VALID")

    assert proofs(kept)[1]["enact"] == "PASS"


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ("text", "RETURN public.create_it(address, title, body, actor, p_parent => parent) ->> 'status'"),
        ("json", "RETURN public.create_it(address, title, body, actor, p_parent => parent)::json"),
        (
            "TABLE (id uuid, status text)",
            "RETURN QUERY SELECT (a.j ->> 'id')::uuid, a.j ->> 'status'"
            " FROM (SELECT public.create_it(address, title, body, actor, p_parent => parent) AS j) a",
        ),
    ],
)
def test_a_status_alone_and_a_row_with_one_are_answers_too(kept: Adopted, result: str, body: str) -> None:
    kept.execute(
        "ALTER FUNCTION fn_iu_create RENAME TO create_it;"
        " CREATE FUNCTION fn_iu_create(address text, title text, body text, actor text, parent uuid)"
        f" RETURNS {result} LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {body}; END $$;"
        " REVOKE EXECUTE ON FUNCTION fn_iu_create FROM PUBLIC; GRANT EXECUTE ON FUNCTION fn_iu_create TO cutter_exec"
    )
    kept.installation.site_mapping.unlink()

    _, outcomes, details = proofs(kept)

    assert (outcomes.get("create"), outcomes.get("create again")) == ("PASS", "PASS"), details


def test_a_result_that_stands_before_the_arguments_is_none_of_them(kept: Adopted) -> None:
    kept.execute(
        "ALTER FUNCTION fn_iu_create RENAME TO create_it;"
        " CREATE FUNCTION fn_iu_create(OUT status text, OUT id uuid, address text, title text, body text, actor text, parent uuid) LANGUAGE sql"
        " SECURITY DEFINER AS $$ SELECT j ->> 'status', (j ->> 'id')::uuid FROM public.create_it(address, title, body, actor, p_parent => parent) j $$;"
        " REVOKE EXECUTE ON FUNCTION fn_iu_create FROM PUBLIC; GRANT EXECUTE ON FUNCTION fn_iu_create TO cutter_exec"
    )
    kept.installation.site_mapping.unlink()

    _, outcomes, details = proofs(kept)

    assert (outcomes.get("create"), outcomes.get("create again")) == ("PASS", "PASS"), details


def test_another_digest_than_this_products_is_no_fault_where_all_units_have_it(kept: Adopted) -> None:
    kept.execute(
        "CREATE FUNCTION public.fn_md5() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.content_hash := md5(NEW.body); RETURN NEW; END $$;"
        " CREATE TRIGGER trg_md5 BEFORE INSERT ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.fn_md5()"
    )
    _, outcomes, details = proofs(kept)
    assert (outcomes["read back"], "as that of other units is" in details["read back"]) == ("FAIL", True)
    kept.execute(
        "SELECT set_config('iu.gateway', 'open', false); ALTER TABLE public.unit_version DISABLE TRIGGER trg_uv_immutable;"
        " UPDATE public.unit_version SET content_hash = md5(body); ALTER TABLE public.unit_version ENABLE TRIGGER trg_uv_immutable"
    )

    assert proofs(kept)[1]["read back"] == "PASS"


def test_a_function_without_defaults_gets_what_an_existing_unit_has_or_the_proof_says_what_it_lacks(
    adopted: Adopted,
) -> None:
    arguments = ("address", "title", "body", "actor", "unit_kind", "section_type", "owner_ref", "publication_type")
    adopted.execute(
        "ALTER FUNCTION fn_iu_create RENAME TO create_it;"
        f" CREATE FUNCTION fn_iu_create({', '.join(f'{name} text' for name in arguments)}, parent uuid) RETURNS jsonb LANGUAGE sql"
        f" SECURITY DEFINER AS $$ SELECT public.create_it({', '.join(arguments)}, parent) $$;"
        " REVOKE EXECUTE ON FUNCTION fn_iu_create FROM PUBLIC; GRANT EXECUTE ON FUNCTION fn_iu_create TO cutter_exec"
    )
    _, outcomes, details = proofs(adopted)
    assert outcomes.get("read back") == "PASS", details
    adopted.execute(
        "SELECT set_config('iu.gateway', 'open', false); UPDATE information_unit SET publication_type = NULL"
    )

    status, outcomes, details = proofs(adopted)

    assert (status, outcomes["create"], outcomes["rolled back"]) == (7, "INCONCLUSIVE", "PASS")
    assert details["create"].startswith("it must be given publication_type, and no existing unit tells a value")
    assert details["create"].endswith("which stands below [functions] as publication")
    file = adopted.installation.site_mapping
    assert adopted.command("adopt", "inspect", "--out", str(file))[0] == 0
    file.write_text(file.read_text().replace("[functions]\n", '[functions]\npublication = "internal"\n'))
    _, outcomes, details = proofs(adopted)
    assert outcomes.get("read back") == "PASS", details


def test_what_the_function_must_be_given_is_proposed_as_most_units_have_it(adopted: Adopted) -> None:
    adopted.execute(
        "CREATE FUNCTION bare(text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace($1, ' DEFAULT [^,)]+', '', 'g') $$;"
        " DO $$ DECLARE d text := bare(pg_get_functiondef('fn_iu_create'::regproc)); BEGIN DROP FUNCTION fn_iu_create; EXECUTE d; END $$;"
        " REVOKE EXECUTE ON FUNCTION fn_iu_create FROM PUBLIC; GRANT EXECUTE ON FUNCTION fn_iu_create TO cutter_exec;"
        " ALTER FUNCTION fn_iu_create OWNER TO directus; DROP FUNCTION bare"
    )
    _, answer = adopted.json("adopt", "inspect")
    functions = answer["mapping"]["functions"]  # type: ignore[index]
    assert (functions["owner"], functions["publication"]) == ("library", "internal")
    adopted.execute(
        "SELECT set_config('iu.gateway', 'open', false); UPDATE information_unit SET publication_type = NULL"
    )

    _, answer = adopted.json("adopt", "inspect")

    said = [row for row in answer["unmapped"] if "fn_iu_create" in row["subject"]]  # type: ignore[attr-defined]
    assert [row["reason"] for row in said] == ["it must be given p_publication_type, and no unit tells a value"]
    assert "below [functions]" in said[0]["next_action"]


def test_a_mapping_that_is_proposed_again_into_its_file_is_done_unless_a_person_has_changed_it(kept: Adopted) -> None:
    """The guide names the command twice: once for reading, once before anything is installed."""
    file = kept.installation.site_mapping
    assert kept.command("adopt", "inspect", "--out", str(file))[0] == 0
    file.write_text(file.read_text() + "# looked at\n")

    status, _, said = kept.command("adopt", "inspect", "--out", str(file))

    assert (status, file.read_text().endswith("# looked at\n")) == (4, True)
    assert "is there already, with another content" in said


def test_a_table_that_a_trigger_of_theirs_writes_to_may_be_left_uncounted_and_the_proof_says_how(kept: Adopted) -> None:
    kept.execute(
        "CREATE TABLE cutter_governance.seen (who text); GRANT SELECT ON cutter_governance.seen TO cutter_ro, cutter_exec;"
        " CREATE FUNCTION public.fn_seen() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN INSERT INTO cutter_governance.seen VALUES (session_user); RETURN NULL; END $$;"
        " CREATE TRIGGER seen AFTER INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.fn_seen()"
    )
    kept.installation.site_mapping.unlink()
    assert kept.command("adopt", "inspect", "--out", str(kept.installation.site_mapping))[0] == 0
    answer = kept.json("adopt", "check")[1]
    rows = next(check for check in answer["checks"] if check["name"] == "rows of a creation")  # type: ignore[attr-defined]
    assert (rows["outcome"], "cutter_governance.seen" in rows["detail"]) == ("FAIL", True)
    assert "take cutter_governance.seen out of the list `ledger`" in rows["next_action"]
    toml = kept.installation.site_mapping.read_text()
    kept.installation.site_mapping.write_text(toml.replace('    "cutter_governance.seen",\n', ""))

    _, outcomes, _ = proofs(kept)

    assert outcomes["rows of a creation"] == "PASS"


def test_of_tables_that_cannot_be_counted_on_those_that_a_run_writes_are_told_apart(kept: Adopted) -> None:
    """One is left out, the other has to be repaired: the step for the one hid that for the other."""
    kept.execute("ALTER TABLE cutter_governance.canonical_address_alias SET UNLOGGED")
    kept.execute("ALTER TABLE public.iu_lifecycle_log ENABLE ROW LEVEL SECURITY")
    checks = kept.json("adopt", "check")[1]["checks"]
    (action,) = (row["next_action"] for row in checks if row["name"] == "tables can be written")  # type: ignore[attr-defined]

    assert action.startswith("Take cutter_governance.canonical_address_alias out of the list `ledger`")
    assert "of any other, ask the owner" in action


@pytest.mark.parametrize(
    "change", ["ALTER TABLE {} ENABLE ROW LEVEL SECURITY", "ALTER TABLE {} SET UNLOGGED"], ids=["policies", "unlogged"]
)
def test_a_table_that_cannot_be_counted_on_and_that_no_run_writes_is_left_uncounted(kept: Adopted, change: str) -> None:
    """It was told to pass row security, and then to ask the owner: neither helps, and nothing of a run stands there."""
    table = "cutter_governance.canonical_address_alias"
    kept.execute(change.format(table))
    checks = kept.json("adopt", "check")[1]["checks"]
    failed = {row["name"]: row["next_action"] for row in checks if row["outcome"] == "FAIL"}  # type: ignore[attr-defined]

    assert "tables can be written" in failed
    assert all(action.startswith(f"Take {table} out of the list `ledger` of the") for action in failed.values())
    file = kept.installation.site_mapping
    file.write_text(file.read_text(encoding="utf-8").replace(f'    "{table}",\n', ""), encoding="utf-8")
    _, outcomes, _ = proofs(kept)
    assert (outcomes["tables can be written"], outcomes["mapping fits the catalogue"]) == ("PASS", "PASS")


def test_without_the_executor_the_writes_are_inconclusive_and_the_rest_is_said(kept: Adopted) -> None:
    kept.execute("ALTER ROLE cutter_exec NOLOGIN")
    try:
        status, outcomes, details = proofs(kept)
    finally:
        kept.execute("ALTER ROLE cutter_exec LOGIN")

    assert (status, outcomes["write through the functions"]) == (7, "INCONCLUSIVE")
    assert "not permitted to log in" in details["write through the functions"]
    assert outcomes["mapping fits the catalogue"] == "PASS"


def test_under_a_hold_nothing_is_tried(kept: Adopted) -> None:
    kept.installation.hold_file.touch()

    status, _, said = kept.command("adopt", "check")

    assert (status, "STOP_HOLD" in said) == (6, True)
    kept.command("hold", "release", "--confirm", "RELEASE")
    assert not kept.installation.hold_file.exists()


def test_without_a_mapping_that_somebody_has_read_no_script_is_printed(adopted: Adopted) -> None:
    status, out, said = adopted.command("adopt", "apply")

    assert (status, out) == (4, "")
    assert "adopt inspect --out" in said


def test_the_printed_script_is_not_run_and_leaves_what_was_there_as_it_was(kept: Adopted) -> None:
    before = fingerprint(kept.database)
    assert kept.command("init", "--pin")[0] == 0

    status, script, _ = kept.command("adopt", "apply")

    assert status == 0
    assert fingerprint(kept.database) == before, "printed, never run"
    kept.execute(script)
    after = fingerprint(kept.database)
    assert existing_part(before, after) == before
    assert {reached for _, reached in after.calls} == {reached for _, reached in before.calls}
    assert all(isinstance(reached, int) for _, reached in after.calls), "no call has become ambiguous"
    assert len(after.calls) == len(CALLS)
    may_only_select(kept.database, "watcher")
    assert kept.command("drift")[0] == 0, "what was pinned is as it was"
    assert proofs(kept)[1]["mapping recorded"] == "PASS"
    kept.execute(kept.command("adopt", "apply")[1])
    assert existing_part(after, fingerprint(kept.database)) == after, "once more, it does nothing"


def test_default_privileges_let_nobody_write_what_is_recorded_for_a_console_that_reads(kept: Adopted) -> None:
    kept.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO directus, watcher")

    kept.execute(kept.command("adopt", "apply")[1])

    with kept.database.connect() as connection:
        others = connection.execute(
            b"SELECT c.relname, x.grantee::regrole::text FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x"
            b" WHERE c.relname IN ('site_mapping', 'site_grant') AND x.grantee <> c.relowner AND x.privilege_type <> 'SELECT'"
        ).fetchall()
    assert others == []


def test_where_nothing_but_the_script_was_run_another_one_takes_all_of_it_away(kept: Adopted) -> None:
    """There are no runs yet to ask about: the console's own tables are made by `migrate`."""
    before = fingerprint(kept.database)
    kept.execute(kept.command("adopt", "apply")[1])
    assert fingerprint(kept.database) != before
    status, script, _ = kept.command("adopt", "remove")
    assert (status, "cutter_governance.run" in script) == (0, False)
    kept.execute(script)
    assert fingerprint(kept.database) == before


def test_the_schema_of_the_script_is_the_one_that_migrate_knows(kept: Adopted) -> None:
    """Its owner and its words are the constants by which `migrate` tells it from somebody else's."""
    kept.execute(kept.command("adopt", "apply")[1])
    query = "SELECT pg_get_userbyid(nspowner), obj_description(oid, 'pg_namespace'), nspacl::text LIKE '%%{=%%' OR nspacl::text LIKE '%%,=%%' FROM pg_namespace WHERE nspname = %s"
    with kept.database.connect() as connection:
        row = connection.execute(query, (CONSOLE_SCHEMA,)).fetchone()
        refuse_foreign_schema(connection)
    assert row == (CONSOLE_SCHEMA_OWNER, CONSOLE_SCHEMA_COMMENT, False)


@pytest.mark.parametrize(
    ("theirs", "refused"),
    [
        ("CREATE SCHEMA cutter_console AUTHORIZATION directus", "the schema cutter_console is there already"),
        ("CREATE SCHEMA cutter_console AUTHORIZATION cutter_owner", "the schema cutter_console is there already"),
        ("ALTER ROLE cutter_owner LOGIN", "the role cutter_owner is there already"),
    ],
)
def test_the_script_takes_nothing_over_that_is_somebody_elses(kept: Adopted, theirs: str, refused: str) -> None:
    script = kept.command("adopt", "apply")[1]
    kept.execute("DO $$ BEGIN CREATE ROLE cutter_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    kept.execute(theirs)
    before = fingerprint(kept.database)
    try:
        with pytest.raises(Exception, match=refused):
            kept.execute(script)
        assert fingerprint(kept.database) == before
    finally:
        kept.execute("ALTER ROLE cutter_owner NOLOGIN")


def test_an_overload_beside_the_organisations_function_breaks_its_callers_and_the_fingerprint_sees_it(
    kept: Adopted,
) -> None:
    before = fingerprint(kept.database)

    kept.execute(
        "CREATE FUNCTION public.fn_iu_create(text, text, text, text, text DEFAULT 'a') RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$"
    )

    assert fingerprint(kept.database).calls != before.calls
    assert "42725" in {reached for _, reached in fingerprint(kept.database).calls}


def test_the_script_grants_what_the_monitoring_role_lacks_and_no_more(kept: Adopted) -> None:
    kept.execute(
        "REVOKE SELECT ON iu_lifecycle_log FROM cutter_ro; REVOKE USAGE ON SCHEMA cutter_governance FROM cutter_ro"
    )

    script = kept.command("adopt", "apply")[1]

    grants = [line for line in script.splitlines() if line.startswith("GRANT") and "site_mapping" not in line]
    assert grants == [
        'GRANT USAGE ON SCHEMA "cutter_console" TO "watcher";',
        'GRANT USAGE ON SCHEMA "cutter_governance" TO "watcher";',
        *(line for line in grants if line.startswith('GRANT SELECT ON "cutter_governance".')),
        'GRANT SELECT ON "public"."iu_lifecycle_log" TO "watcher";',
    ]
    kept.execute(script)
    assert kept.json("counts")[1]["outcome"] == "PASS"
    may_only_select(kept.database, "watcher")


def test_the_script_of_another_database_is_refused_by_itself(kept: Adopted) -> None:
    script = kept.command("adopt", "apply")[1].replace(kept.database.name, "another")

    with pytest.raises(Exception, match="this script is for the database another"):
        kept.execute(script)


def test_what_the_monitoring_role_was_given_for_a_larger_mapping_is_taken_back(kept: Adopted) -> None:
    """And never what its group has from the organisation."""
    kept.execute(
        "REVOKE SELECT ON iu_lifecycle_log FROM cutter_ro; CREATE SCHEMA more; CREATE TABLE more.notes (note text);"
        " CREATE TABLE more.theirs (note text); GRANT SELECT ON more.theirs TO watcher"
    )
    path = kept.installation.site_mapping
    whole = path.read_text(encoding="utf-8")
    query = "SELECT relname::text FROM pg_class c CROSS JOIN LATERAL aclexplode(relacl) x WHERE x.grantee = 'watcher'::regrole ORDER BY 1"

    def applied(mapping: str) -> list[str]:
        path.write_text(mapping, encoding="utf-8")
        kept.execute(kept.command("adopt", "apply")[1])
        with kept.database.connect() as connection:
            return [str(name) for (name,) in connection.execute(query) if name != "site_mapping"]

    larger = whole.replace("ledger = [", 'ledger = [\n    "more.notes",\n    "more.theirs",')
    assert applied(larger) == ["iu_lifecycle_log", "notes", "theirs"]
    assert applied(larger) == ["iu_lifecycle_log", "notes", "theirs"], "what was given already is needed still"
    assert applied(whole) == ["iu_lifecycle_log", "theirs"]
    assert applied(whole) == ["iu_lifecycle_log", "theirs"]


def test_nothing_is_tried_as_a_superuser(kept: Adopted) -> None:
    """What is not refused to him proves nothing of the executor."""
    before = fingerprint(kept.database)
    config = kept.installation.root / CONFIG_NAME
    settings = json.loads(config.read_bytes())
    settings["database"]["executor"] = settings["database"]["administrator"]
    config.write_text(json.dumps(settings), encoding="utf-8")

    status, outcomes, details = proofs(kept)

    assert (status, outcomes["executor is no superuser"]) == (1, "FAIL"), details
    assert "create" not in outcomes
    assert not {name for name, outcome in outcomes.items() if name.startswith("governance rows") and outcome == "PASS"}
    assert fingerprint(kept.database) == before


def test_a_role_of_too_few_sessions_is_named_before_a_run_begins(kept: Adopted) -> None:
    """The executor has the lease's session and one that writes, the verifier the snapshot of a backup and `pg_dump`."""
    for which, role, other in (("executor", "cutter_exec", "verifier"), ("verifier", "cutter_verify", "executor")):
        kept.execute(f"ALTER ROLE {role} CONNECTION LIMIT 1")
        try:
            status, answer = kept.json("adopt", "check")
        finally:
            kept.execute(f"ALTER ROLE {role} CONNECTION LIMIT 2")

        checks = {check["name"]: check for check in answer["checks"]}  # type: ignore[attr-defined]
        few = checks[f"sessions of the {which}"]
        assert (status, few["outcome"], checks[f"sessions of the {other}"]["outcome"]) == (1, "FAIL", "PASS")
        assert f"{role} may have 1 session at a time (CONNECTION LIMIT 1)" in few["detail"]
        assert few["next_action"].startswith(f"As an administrator: ALTER ROLE {role} CONNECTION LIMIT 2")


def test_a_name_that_would_end_a_body_of_the_printed_script_is_refused(adopted: Adopted) -> None:
    """Whoever may make a table in a mapped schema would write SQL that the administrator runs."""
    adopted.execute(
        'SET ROLE workflow_admin; CREATE TABLE cutter_governance."x$wire$;ALTER ROLE me SUPERUSER;--" (a text)'
    )
    status, _, said = adopted.command("adopt", "inspect", "--out", str(adopted.installation.site_mapping))
    assert status == 0, said
    status, printed, said = adopted.command("adopt", "apply")
    assert (status, printed) == (ExitStatus.REFUSED, "")
    assert "which ends the body of a function" in said


def test_a_sequence_with_a_dot_in_its_name_is_one_object() -> None:
    assert identifier("s.t_no.1_seq").as_string(None) == '"s"."t_no.1_seq"'
