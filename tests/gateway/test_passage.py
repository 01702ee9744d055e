"""A cut, its verification, its enactment and its soft revert, each through the organisation's own functions."""

import json
from pathlib import Path

import psycopg
import pytest

from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Stage
from console.backend.runs.edits import plan_edits
from tests.gateway.conftest import AFTER_CUT, BEFORE, changed, cut, readers, their_objects, theirs
from tests.support.edited import EDIT
from tests.support.killed import resumed_and_killed
from tests.support.passage import DOCPREFIX, REQUEST, TEXT, UNITS, Passage, silent

_UNITS = "SELECT canonical_address, lifecycle_status FROM {}.information_unit WHERE starts_with(canonical_address, 'ACME-LAW') ORDER BY 1"


def test_a_cut_is_verified_and_becomes_law_through_the_organisations_functions(signed: Passage) -> None:
    passage = signed
    objects = their_objects(passage)
    assert theirs(passage) == BEFORE

    drafted = cut(passage)

    assert drafted.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert theirs(passage) == AFTER_CUT
    manifest = passage.rows(
        "SELECT address, parent_address, unit_kind, section_type, title, body FROM cutter_governance.manifest_unit_block ORDER BY seq"
    )
    there = passage.rows(
        "SELECT u.canonical_address, p.canonical_address, u.unit_kind, u.section_type, v.title, v.body FROM library.information_unit u"
        " JOIN library.unit_version v ON v.id = u.version_anchor_ref LEFT JOIN library.information_unit p ON p.id = u.parent_or_container_ref"
        " WHERE u.doc_code = %s ORDER BY u.canonical_address",
        DOCPREFIX,
    )
    assert len(manifest) == UNITS
    assert there == sorted(manifest, key=lambda row: str(row[0])), (
        "parents, bodies and kinds are those that were signed"
    )
    assert all(check.outcome is Outcome.PASS for check in passage.backend.verify(passage.run_id))
    passage.sign()
    enacted = passage.enact()
    assert enacted.state.stage is Stage.CLOSEOUT_REPORTED
    assert theirs(passage) == {**AFTER_CUT, "library.iu_lifecycle_log": 60 + UNITS}
    assert passage.rows(_UNITS.format("library")) == passage.rows(_UNITS.format("public"))
    assert {state for _, state in passage.rows(_UNITS.format("library"))} == {"enacted"}
    decisions = passage.rows(
        "SELECT DISTINCT review_decision_id FROM library.iu_lifecycle_log WHERE actor = 'cutter_exec'"
    )
    assert decisions == passage.rows("SELECT id FROM cutter_governance.review_decision WHERE verdict = 'enact'")
    assert their_objects(passage) == objects, "no object of theirs, and none of its owners, has changed"


def test_a_soft_revert_takes_the_drafts_back_and_deletes_nothing(
    signed: Passage, request: pytest.FixtureRequest
) -> None:
    law = readers(signed)
    passage: Passage = request.getfixturevalue("drafted")

    reverted = passage.backend.revert(passage.run_id, passage.run_id)

    assert reverted.state.family is Family.REVERTED
    assert theirs(passage) == {**AFTER_CUT, "library.iu_lifecycle_log": 60 + UNITS}
    assert {state for _, state in passage.rows(_UNITS.format("library"))} == {"superseded"}
    assert readers(passage) == law


@pytest.mark.parametrize("how", ["under SG_1", "by a ruling of its own"])
def test_the_report_of_a_revert_compares_the_rows_there(signed: Passage, how: str) -> None:
    passage = signed
    cut(passage)
    if how == "by a ruling of its own":
        drafted = passage.backend.draft_statement(passage.run_id, revert=True)
        signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
        passage.backend.import_statement(drafted.statement_path, (signature,))
    passage.backend.revert(passage.run_id, passage.run_id)

    view = passage.backend.report(passage.run_id)

    folder = Path(view.directory)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (deltas,) = (deltas for deltas in report["deltas"] if deltas["what"] == "revert")
    rows = {row["table"]: (row["expected"], row["actual"], row["outcome"]) for row in deltas["rows"]}
    log = {"library.iu_lifecycle_log": (UNITS, UNITS, "PASS")}
    assert {table: row for table, row in rows.items() if table.startswith("library")} == log
    assert {row[2] for row in rows.values()} == {"PASS"}
    closing = max(folder.glob("*.md")).read_text(encoding="utf-8")
    rule = "by the site mapping" if how == "under SG_1" else "what was signed"
    assert f"{UNITS} units; of the organisation's tables, {rule}" in closing
    assert report["outcome"] == "PARTIAL"


def test_the_backup_of_the_run_holds_the_organisations_rows(signed: Passage) -> None:
    passage = signed

    proof = passage.rows(
        "SELECT t ->> 'table', (t ->> 'rows')::int FROM cutter_governance.backup_proof, jsonb_array_elements(tables) t"
        " WHERE starts_with(t ->> 'table', 'library.') ORDER BY 1"
    )

    assert proof == sorted(BEFORE.items())


_TAKEN = "SELECT library.fn_iu_create('ACME-LAW/ONE', 'Taken', 'Text', 'somebody')"
_NEVER = "CREATE FUNCTION library.never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;"


def _answering(status: str) -> str:
    """Have the organisation's function answer this at the last unit, and work as before at the others."""
    arguments = "p_address, p_title, p_body, p_actor, p_unit_kind, p_section_type, p_owner_ref, p_publication_type"
    return (
        "ALTER FUNCTION library.fn_iu_create RENAME TO create_it;"
        " CREATE FUNCTION library.fn_iu_create(p_address text, p_title text, p_body text, p_actor text, p_unit_kind text,"
        " p_section_type text, p_owner_ref text DEFAULT 'library', p_publication_type text DEFAULT 'internal',"
        " p_parent uuid DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        f" RETURN CASE WHEN p_title = 'Beta' THEN jsonb_build_object('status', '{status}')"
        f" ELSE library.create_it({arguments}, p_parent) END; END $$"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_TAKEN, "addresses free there: taken: ACME-LAW/ONE"),
        (
            "DELETE FROM library.dot_config WHERE key = 'vocab.unit_kind.document_unit'",
            "kinds there: not there: document_unit",
        ),
    ],
    ids=["an address", "a kind"],
)
def test_what_the_organisations_tables_would_refuse_is_named_before_anything_is_armed(
    signed: Passage, change: str, said: str
) -> None:
    changed(signed, change)
    before = theirs(signed)

    with pytest.raises(Refused, match=said):
        signed.arm()

    assert theirs(signed) == before


def test_a_mapping_that_nobody_has_tied_is_refused_before_anything_is_armed(signed: Passage) -> None:
    mapping = signed.installation.site_mapping
    mapping.write_bytes(mapping.read_bytes() + b"\n")

    with pytest.raises(Refused, match=r"site mapping: written by [0-9a-f]{64}, this host keeps"):
        signed.arm()


def test_an_edit_is_refused_by_name_before_anything_is_written(drafted: Passage) -> None:
    runs = drafted.rows("SELECT count(*) FROM cutter_governance.run")

    with pytest.raises(Refused, match="an edit is not written through the organisation's functions"):
        plan_edits(drafted.installation, DOCPREFIX, (EDIT,))

    assert theirs(drafted) == AFTER_CUT
    assert drafted.rows("SELECT count(*) FROM cutter_governance.run") == runs


@pytest.mark.parametrize("of_law", ["amend", "repeal"])
def test_what_is_no_cut_is_refused_by_name_before_there_is_a_run(drafted: Passage, of_law: str) -> None:
    """A dry run was made, which failed with another code than the guide names, and called its own addresses taken."""
    drafted.sign()
    drafted.enact()
    law = theirs(drafted)
    drafted.write("law.md", TEXT.replace("Second", "Third"))

    runs = [run.run_id for run in drafted.backend.runs()]
    with pytest.raises(Refused, match="only a cut is") as refused:
        drafted.backend.start(REQUEST.model_copy(update={of_law: True}), silent)

    assert refused.value.code is StopCode.REFUSED_INPUT
    assert [run.run_id for run in drafted.backend.runs()] == runs
    assert theirs(drafted) == law
    assert drafted.rows("SELECT count(*) FROM cutter_governance.manifest_envelope") == [(1,)]


@pytest.mark.parametrize(
    ("table", "statement", "said"),
    [
        (
            "public.unit_version",
            "INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, review_state, created_by)"
            " SELECT gen_random_uuid(), unit_id, 2, title, body, content_hash, review_state, created_by FROM public.unit_version LIMIT 1",
            "only first versions of new units",
        ),
        (
            "cutter_governance.manifest_envelope",
            'INSERT INTO cutter_governance.manifest_envelope SELECT (jsonb_populate_record(e, \'{"operation": "amend"}\')).*'
            " FROM cutter_governance.manifest_envelope e",
            "operation amend is not written",
        ),
        (
            "public.information_unit",
            "UPDATE public.information_unit SET lifecycle_status = 'retired'",
            "from draft to retired is not written",
        ),
    ],
    ids=["a second version", "an amendment", "another state"],
)
def test_the_database_refuses_by_itself_what_it_does_not_pass_on(
    drafted: Passage, table: str, statement: str, said: str
) -> None:
    """As the superuser, with every other guard of the table taken away."""
    with drafted.connect() as connection:
        for (guard,) in connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgname NOT LIKE '%%site%%'",
            (table,),
        ).fetchall():
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}".encode())
        with pytest.raises(psycopg.Error, match=said):
            connection.execute(statement.encode())

    assert theirs(drafted) == AFTER_CUT


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (_answering("exists_complete"), StopCode.REPLAY_CONFLICT, "ACME-LAW/ONE/BETA: .* answered exists_complete"),
        (_answering("exists_missing_version"), StopCode.REPLAY_CONFLICT, "answered exists_missing_version"),
        (
            _answering("exists_missing_content_anchor"),
            StopCode.REPLAY_CONFLICT,
            "answered exists_missing_content_anchor",
        ),
        (_answering("odd"), StopCode.INVARIANT_FAILED, "answered odd"),
        (
            _NEVER.format("IF NEW.title = 'Beta' THEN RAISE EXCEPTION 'never the last one'; END IF; RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON library.unit_version FOR EACH ROW EXECUTE FUNCTION library.never()",
            StopCode.INVARIANT_FAILED,
            "never the last one",
        ),
        (
            _NEVER.format("RAISE EXCEPTION 'never at the end';")
            + " CREATE CONSTRAINT TRIGGER never AFTER INSERT ON library.information_unit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            " EXECUTE FUNCTION library.never()",
            StopCode.INVARIANT_FAILED,
            "never at the end",
        ),
        (
            _NEVER.format("NEW.body := upper(NEW.body); RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON library.unit_version FOR EACH ROW EXECUTE FUNCTION library.never()",
            StopCode.COUNT_MISMATCH,
            "another body than signed",
        ),
        (
            "CREATE FUNCTION library.noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = library AS"
            " $$ BEGIN INSERT INTO iu_lifecycle_log (unit_id, to_status, actor) VALUES (NEW.id, 'draft', 'x'); RETURN NULL; END $$;"
            " CREATE TRIGGER noted AFTER INSERT ON library.information_unit FOR EACH ROW EXECUTE FUNCTION library.noted()",
            StopCode.COUNT_MISMATCH,
            "library.iu_lifecycle_log 3, expected 0",
        ),
        (
            "CREATE OR REPLACE FUNCTION library.fn_iu_create(p_address text, p_title text, p_body text, p_actor text,"
            " p_unit_kind text DEFAULT 'law_unit', p_section_type text DEFAULT 'section', p_owner_ref text DEFAULT 'library',"
            " p_publication_type text DEFAULT 'internal', p_parent uuid DEFAULT NULL) RETURNS jsonb LANGUAGE sql SECURITY DEFINER"
            ' AS $$ SELECT \'{"status": "created"}\'::jsonb $$',
            StopCode.COUNT_MISMATCH,
            "library.information_unit 0, expected 3",
        ),
        (
            "CREATE OR REPLACE FUNCTION library.fn_iu_create(p_address text, p_title text, p_body text, p_actor text,"
            " p_unit_kind text DEFAULT 'law_unit', p_section_type text DEFAULT 'section', p_owner_ref text DEFAULT 'library',"
            " p_publication_type text DEFAULT 'internal', p_parent uuid DEFAULT NULL) RETURNS jsonb LANGUAGE sql SECURITY DEFINER"
            " AS $$ SELECT NULL::jsonb $$",
            StopCode.INVARIANT_FAILED,
            "answered nothing",
        ),
        (
            "REVOKE EXECUTE ON FUNCTION library.fn_iu_create FROM cutter_site_caller",
            StopCode.GRANT_DELTA,
            "permission denied",
        ),
    ],
    ids=[
        "there already",
        "there without a version",
        "there without an anchor",
        "an answer that nobody knows",
        "raises in the middle",
        "a gate at the end",
        "a changed text",
        "a row too many",
        "created, and is not",
        "no answer",
        "no right",
    ],
)
def test_what_the_organisations_side_refuses_or_answers_takes_the_whole_leg_back(
    signed: Passage, change: str, code: StopCode, message: str
) -> None:
    passage = signed
    # Behind the arming, which tries the units: what is met at the write holds by itself.
    passage.arm()
    changed(passage, change)
    before = theirs(passage)

    with pytest.raises(CutterError, match=message) as refused:
        passage.resume()

    assert refused.value.code is code
    assert theirs(passage) == before
    for table in (
        "public.information_unit",
        "public.unit_version",
        "cutter_governance.manifest_envelope",
        "cutter_governance.approval_use",
    ):
        assert passage.rows(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_a_backend_that_dies_in_the_middle_leaves_nothing_and_the_run_goes_on_afterwards(signed: Passage) -> None:
    passage = signed
    changed(
        passage,
        "CREATE FUNCTION library.wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.title = 'Beta' THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END $$;"
        " CREATE TRIGGER wait BEFORE INSERT ON library.unit_version FOR EACH ROW EXECUTE FUNCTION library.wait()",
    )
    passage.arm()
    resumed_and_killed(passage)

    assert theirs(passage) == BEFORE
    changed(passage, "DROP TRIGGER wait ON library.unit_version")
    passage.arm()
    passage.resume()
    assert theirs(passage) == AFTER_CUT


def test_a_draft_that_somebody_changes_in_the_organisations_table_is_named_and_never_law(drafted: Passage) -> None:
    passage = drafted
    passage.sign()
    changed(
        passage,
        "SELECT set_config('iu.gateway', 'open', false); UPDATE library.unit_version SET body = 'Another text.' WHERE title = 'Alpha'",
    )

    failed = [check for check in passage.backend.verify(passage.run_id) if check.outcome is Outcome.FAIL]
    with pytest.raises(CutterError) as refused:
        passage.enact()

    assert any("another body than signed in the organisation's table" in check.detail for check in failed), failed
    assert refused.value.code in {StopCode.DRIFT, StopCode.COUNT_MISMATCH}
    assert theirs(passage) == AFTER_CUT
    assert {state for _, state in passage.rows(_UNITS.format("library"))} == {"draft"}
    passage.backend.revert(passage.run_id, passage.run_id)
    assert {state for _, state in passage.rows(_UNITS.format("library"))} == {"superseded"}


def test_a_draft_that_is_changed_after_the_verification_is_never_law(drafted: Passage) -> None:
    """The console's own rows are as they were verified; the trigger looks at each unit there before it calls the function."""
    changed(
        drafted,
        "SELECT set_config('iu.gateway', 'open', false); UPDATE library.unit_version SET body = 'Another text.' WHERE title = 'Alpha'",
    )

    with drafted.connect() as connection:
        for (guard,) in connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'public.information_unit'::regclass AND NOT tgisinternal AND tgname NOT LIKE '%site%'"
        ).fetchall():
            connection.execute(f"ALTER TABLE public.information_unit DISABLE TRIGGER {guard}".encode())
        connection.execute(
            b"INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)"
            b" SELECT gen_random_uuid(), run_id, 'enact', marker, statement_sha256, decided_by FROM cutter_governance.review_decision LIMIT 1"
        )
        with pytest.raises(psycopg.Error, match="is not in the organisation's tables as it was signed and written"):
            connection.execute(b"UPDATE public.information_unit SET lifecycle_status = 'enacted'")

    assert {state for _, state in drafted.rows(_UNITS.format("library"))} == {"draft"}
