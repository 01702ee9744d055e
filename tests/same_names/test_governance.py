"""The rows of leg B in the organisation's own governance tables: exact, read back, and out of reach but for a signed run."""

from pathlib import Path

import psycopg
import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.site_mapping import mapping_toml, parse_mapping
from console.backend.model.states import Family, Stage
from console.backend.postgres.connections import connect
from console.backend.postgres.site_gateway import gateway_sql
from console.backend.runs.settling import NotKnownYet
from console.backend.runs.site_inspection import preparing_script
from tests.same_names.conftest import Beside
from tests.support.killed import resumed_and_killed
from tests.support.lost_commit import Lie, lying
from tests.support.passage import UNITS, Passage, taken

_TABLES = (
    "source_document_registry",
    "source_document_version_registry",
    "manifest_envelope",
    "manifest_unit_block",
    "review_decision",
    "cut_change_set",
    "cut_change_set_affected_row",
    "verify_result",
    "dot_pair_signature",
    "canonical_address_alias",
    "decision_backlog_entry",
    "decision_backlog_history",
)
_BEFORE = dict.fromkeys(_TABLES, 0) | {"source_document_registry": 1, "decision_backlog_entry": 2}
_OF_LEG_B = {
    "source_document_registry": 1,
    "source_document_version_registry": 1,
    "manifest_envelope": 1,
    "manifest_unit_block": UNITS,
    "review_decision": 1,
    "cut_change_set": 1,
    "cut_change_set_affected_row": UNITS,
    "dot_pair_signature": 1,
    "decision_backlog_entry": 1,
    "decision_backlog_history": 1,
}
_AT_SG_2 = {table: rows + _OF_LEG_B.get(table, 0) for table, rows in _BEFORE.items()} | {
    "verify_result": 1,
    "dot_pair_signature": 2,
}
_AFTER_A_STEP = _AT_SG_2 | {"review_decision": 2, "decision_backlog_history": 2}
_DIRECT = "REVOKE INSERT ON ALL TABLES IN SCHEMA cutter_governance FROM cutter_exec, cutter_verify"


def _rows(passage: Passage) -> dict[str, int]:
    return {table: int(str(passage.rows(f"SELECT count(*) FROM cutter_governance.{table}")[0][0])) for table in _TABLES}


def _cut(passage: Passage) -> None:
    passage.arm()
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION


def _steps(passage: Passage) -> list[tuple[str]]:
    with passage.connect() as connection:
        return connection.execute(b"SELECT step FROM cutter_console.site_effect ORDER BY effect").fetchall()


def _as_owner(passage: Passage, statements: str) -> None:
    with passage.connect() as connection:
        connection.execute(f"SET ROLE workflow_admin; {statements}".encode())


def test_leg_b_a_verification_and_an_enactment_stand_in_the_organisation_s_tables(
    beside: Beside, drafted: Passage
) -> None:
    ledger = beside.names.ledger
    assert _rows(drafted) == _AT_SG_2
    assert drafted.rows(
        "SELECT d.doc_code, v.source_hash, e.manifest_digest, e.unit_count, e.created_by, c.change_set_id, c.review_decision_id, s.signature"
        " FROM cutter_governance.manifest_envelope e JOIN cutter_governance.cut_change_set c USING (envelope_id)"
        " JOIN cutter_governance.dot_pair_signature s ON s.change_set_id = c.change_set_id"
        " JOIN cutter_governance.source_document_version_registry v USING (source_document_version_id)"
        " JOIN cutter_governance.source_document_registry d USING (source_document_id)"
    ) == drafted.rows(
        "SELECT r.docprefix, r.source_sha256, m.manifest_digest, r.n_units, 'cutter_exec', c.id, c.review_decision_id, m.manifest_digest"
        f" FROM {ledger}.run r JOIN {ledger}.manifest_seal m USING (run_id) JOIN {ledger}.cut_change_set c USING (run_id)"
    )
    assert drafted.rows(
        "SELECT b.unit_local_id, b.canonical_address, b.body_digest, v.content_hash FROM cutter_governance.manifest_unit_block b"
        " JOIN public.information_unit u USING (canonical_address) JOIN cutter_governance.cut_change_set_affected_row a ON a.unit_id = u.id"
        " JOIN public.unit_version v ON v.id = u.version_anchor_ref ORDER BY 1"
    ) == drafted.rows(
        f"SELECT seq::text, address, body_sha256, body_sha256 FROM {ledger}.manifest_unit_block ORDER BY seq"
    )
    assert all(check.outcome is Outcome.PASS for check in drafted.backend.verify(drafted.run_id))
    drafted.sign()
    drafted.enact()
    # A second verification is recorded before SG_2 is drafted, or none: its rows are two for each.
    verified = int(str(drafted.rows(f"SELECT count(*) FROM {ledger}.verify_result")[0][0]))
    assert _rows(drafted) == _AFTER_A_STEP | {"verify_result": verified, "dot_pair_signature": 1 + verified}
    assert drafted.rows("SELECT verdict FROM cutter_governance.review_decision ORDER BY 1") == [("cut",), ("enact",)]
    assert drafted.rows("SELECT step, note FROM cutter_governance.decision_backlog_history ORDER BY 1") == [
        (1, "cut into draft; waits for SG_2"),
        (2, "enacted under SG_2"),
    ]


def test_a_soft_revert_adds_a_decision_and_changes_no_row(beside: Beside, drafted: Passage) -> None:
    records = "".join(str(row) for row in drafted.rows(f"SELECT record FROM {beside.names.ledger}.run_event"))
    assert f"cutter_governance.manifest_unit_block +{UNITS}" in records, "the run's records say what leg B adds there"
    before = drafted.rows("SELECT * FROM cutter_governance.cut_change_set")

    assert drafted.backend.revert(drafted.run_id, drafted.run_id).state.family is Family.REVERTED

    assert _rows(drafted) == _AFTER_A_STEP
    assert drafted.rows("SELECT verdict FROM cutter_governance.review_decision ORDER BY 1") == [("cut",), ("revert",)]
    assert drafted.rows("SELECT * FROM cutter_governance.cut_change_set") == before


_NEVER = "CREATE FUNCTION cutter_governance.never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            _NEVER.format("NEW.body_digest := repeat('0', 64); RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.manifest_unit_block"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "3 rows of the unit are not there once, as they were recorded",
        ),
        (
            _NEVER.format("RETURN NULL;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.dot_pair_signature"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "dot_pair_signature 0, expected 1",
        ),
        (
            "ALTER TABLE cutter_governance.review_decision ADD CHECK (verdict IN ('approved', 'rejected'))",
            "violates check constraint",
        ),
        (
            "ALTER TABLE cutter_governance.dot_pair_signature RENAME TO kept;"
            " CREATE VIEW cutter_governance.dot_pair_signature AS SELECT * FROM cutter_governance.kept;"
            " GRANT ALL ON cutter_governance.dot_pair_signature TO PUBLIC",
            "cutter_governance.dot_pair_signature is no plain table",
        ),
    ],
    ids=["a changed digest", "a row less", "another vocabulary", "a view in the place of a table"],
)
def test_whatever_is_not_written_exactly_takes_leg_b_back(signed: Passage, change: str, said: str) -> None:
    signed.arm()
    _as_owner(signed, change)

    with pytest.raises(CutterError, match=said):
        signed.resume()

    assert _rows(signed) == _BEFORE


def test_a_backend_that_is_killed_in_leg_b_leaves_none_of_its_rows_and_the_run_goes_on(signed: Passage) -> None:
    signed.arm()
    _as_owner(
        signed,
        _NEVER.format("PERFORM pg_sleep(60); RETURN NEW;")
        + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.dot_pair_signature"
        " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
    )
    resumed_and_killed(signed)

    assert _rows(signed) == _BEFORE
    assert _steps(signed) == []
    _as_owner(signed, "DROP TRIGGER never ON cutter_governance.dot_pair_signature")
    _cut(signed)
    assert _rows(signed) == _AT_SG_2
    assert all(check.outcome is Outcome.PASS for check in signed.backend.verify(signed.run_id))


def test_a_commit_of_leg_b_whose_answer_is_lost_is_there_once(signed: Passage, tmp_path: Path) -> None:
    signed.arm()

    with lying(signed, "leg_b_record", "cutter_exec", tmp_path, Lie.ANSWER_LOST) as proxy:
        signed.resume()

    assert proxy.commit_seen.is_set()
    assert _rows(signed) == _AT_SG_2
    assert _steps(signed) == [("record",), ("verify",)]


@pytest.mark.parametrize("lie", [Lie.REQUEST_LOST, Lie.LATE])
def test_a_commit_of_leg_b_that_is_lost_or_late_is_settled_by_a_role_of_two_sessions(
    signed: Passage, tmp_path: Path, lie: Lie
) -> None:
    """Lease and unanswered session are the two that the role may have: a third could not ask what became of it."""
    assert signed.rows("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'cutter_exec'") == [(2,)]
    signed.arm()

    with lying(signed, "leg_b_record", "cutter_exec", tmp_path, lie) as proxy:
        with pytest.raises(Unmeasured, match="was rolled back: nothing was written") as lost:
            signed.resume()
        assert not isinstance(lost.value, NotKnownYet)
        proxy.deliver()

    assert proxy.commit_seen.is_set()
    assert (_rows(signed), _steps(signed)) == (_BEFORE, [])
    _cut(signed)
    assert _rows(signed) == _AT_SG_2
    assert _steps(signed) == [("record",), ("verify",)]


def test_what_leg_b_has_not_written_there_is_not_taken_back_there(signed: Passage) -> None:
    # Behind the arming, which would try the rows.
    signed.arm()
    _as_owner(signed, "REVOKE INSERT (effect) ON cutter_governance.cut_change_set_affected_row FROM cutter_site")
    with pytest.raises(CutterError, match="permission denied"):
        signed.resume()

    assert signed.backend.revert(signed.run_id, signed.run_id).state.family is Family.REVERTED
    assert _rows(signed) == _BEFORE


def test_a_row_that_is_changed_there_is_named_and_its_drafts_never_become_law(drafted: Passage) -> None:
    drafted.sign()
    _as_owner(drafted, "UPDATE cutter_governance.manifest_envelope SET manifest_digest = repeat('0', 64)")

    with pytest.raises(CutterError, match="1 rows of the envelope are not there once") as refused:
        drafted.enact()
    assert refused.value.code is StopCode.DRIFT
    failed = [check for check in drafted.backend.verify(drafted.run_id) if check.outcome is Outcome.FAIL]
    assert any("manifest_envelope" in check.detail for check in failed), failed
    assert drafted.backend.revert(drafted.run_id, drafted.run_id).state.family is Family.REVERTED
    with drafted.connect() as connection:
        row = connection.execute(b"SELECT left_out FROM cutter_console.site_effect WHERE step = 'revert'").fetchone()
    assert row is not None
    assert "manifest_envelope" in row[0]


_TRIES = (
    "INSERT INTO cutter_governance.review_decision (verdict, decided_by) VALUES ('enact', 'me')",
    """SELECT cutter_console.fn_site_govern('{"decision": []}')""",
    """SELECT cutter_console.fn_site_ungoverned('{"decision": []}')""",
    "SELECT cutter_console.fn_site_governance('x', '{record}', true)",
    "SELECT cutter_console.keep_site_governed()",
    "INSERT INTO LEDGER.run_effect (run_id, docprefix, step, rows_before, rows_added) VALUES ('RUN', 'ACME-LAW', 'record', '{}', '{}')",
    "SELECT cutter_console.fn_effect_end('RUN', 'record', '{}', '{}')",
    "INSERT INTO cutter_console.site_effect (effect, run_id, step, mapping_sha256, rows_added) VALUES (1, 'RUN', 'record', '', '{}')",
    "INSERT INTO cutter_console.site_move (run_id, step, table_name, rows_added, mapping_sha256) VALUES ('RUN', 'enact', 'x', 1, '')",
    """INSERT INTO cutter_console.site_grant (grantee, kind, object, column_name, privilege, object_id)
       VALUES ('cutter_exec', 'TABLE', 'x', '', 'SELECT', 1)""",
    "ALTER TABLE LEDGER.run_effect DISABLE TRIGGER keep_site_governed",
    "SET ROLE cutter_site",
    "SET ROLE cutter_site_caller",
    "SELECT cutter_console.fn_site_unit_keys('ACME-LAW')",
    "SELECT cutter_console.fn_site_create('A', 'B', 'C', 'D', 'E', 'F')",
    "SELECT cutter_console.fn_site_enact('RUN', 'LIB-RULES/S100', NULL, 'enacted', NULL)",
    "SELECT cutter_console.fn_cut_record('RUN', '{}')",
)
_LOG_IN = ("cutter_exec", "cutter_verify")


def test_no_role_that_logs_in_writes_there_past_a_signed_run(beside: Beside, signed: Passage) -> None:
    _as_owner(signed, _DIRECT)
    signed.arm()
    statements = [
        statement.replace("RUN", str(signed.run_id)).replace("LEDGER", beside.names.ledger) for statement in _TRIES
    ]

    assert taken(signed, dict.fromkeys(_LOG_IN, statements)) == []

    assert _rows(signed) == _BEFORE
    signed.resume()
    assert _rows(signed) == _AT_SG_2, "no role needs a right to write there"


@pytest.mark.parametrize("table", ["site_effect", "site_move", "site_decision"])
def test_what_was_recorded_of_an_organisations_tables_only_grows(signed: Passage, table: str) -> None:
    """Also for a superuser, whose triggers are on."""
    for statement in (f"DELETE FROM cutter_console.{table}", f"TRUNCATE cutter_console.{table}"):
        with pytest.raises(psycopg.Error, match="the ledger is append-only"):
            signed.execute(statement)


def test_a_trigger_of_the_organisation_s_runs_without_the_rights_of_the_console_s_owner(
    beside: Beside, signed: Passage
) -> None:
    """Who owns a governance table could otherwise write the console's ledger, at the next leg B of anybody."""
    does = (
        _NEVER.format(f"UPDATE {beside.names.ledger}.run SET reason = current_user; RETURN NEW;")
        + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.manifest_envelope"
        " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()"
    )
    signed.arm()
    _as_owner(signed, does)

    with pytest.raises(CutterError, match=f"permission denied for schema {beside.names.ledger}"):
        signed.resume()

    assert _rows(signed) == _BEFORE


_DEFERRED = (
    "CREATE FUNCTION public.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF current_user LIKE 'cutter%' AND current_user <> 'cutter_site_reader' THEN"
    " RAISE EXCEPTION 'it runs with the rights of %', current_user; END IF;"
    " INSERT INTO public.fired VALUES (TG_TABLE_NAME); RETURN NULL; END $$;"
    " CREATE TABLE public.fired (name text); GRANT INSERT ON public.fired TO PUBLIC;"
    " CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON {0} DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION public.at_commit()"
)


def test_a_deferred_trigger_of_the_organisation_s_fires_in_leg_b_and_in_an_enactment_as_who_may_read(
    signed: Passage,
) -> None:
    """At COMMIT it would run with the rights of the executor, and what it refuses would be known too late to be recorded."""
    with signed.connect() as connection:
        connection.execute(_DEFERRED.format("cutter_governance.review_decision").encode())

    _cut(signed)
    signed.sign()
    signed.enact()

    assert signed.rows("SELECT count(*) FROM public.fired") == [(2,)]
    assert _rows(signed)["review_decision"] == 2


_ENACTED = """
    INSERT INTO LEDGER.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    SELECT gen_random_uuid(), d.run_id, 'enact', d.marker, a.statement_sha256, d.decided_by
      FROM LEDGER.review_decision d JOIN LEDGER.approval a ON a.kind = 'SG_2';
    INSERT INTO LEDGER.decision_backlog_history (entry_id, status, note) SELECT id, 'done', 'enacted' FROM LEDGER.decision_backlog_entry;
    INSERT INTO LEDGER.run_effect (run_id, docprefix, step, rows_before, rows_added, units_before, digest_before, others_digest)
    VALUES ('RUN', 'ACME-LAW', 'enact', '{}', '{}', 0, repeat('0', 64), repeat('0', 64))
"""


_NOTHING_SIGNED = """
    ALTER TABLE LEDGER.approval DISABLE TRIGGER ALL, DROP CONSTRAINT approval_check;
    UPDATE LEDGER.approval SET statement = convert_to(jsonb_set(convert_from(statement, 'UTF8')::jsonb, '{expected_deltas}', '[]')::text, 'UTF8')
     WHERE kind = 'SG_2'
"""


def test_numbers_that_were_signed_for_other_tables_take_an_enactment_back(beside: Beside, drafted: Passage) -> None:
    """As the superuser, past everything that refuses before it: another mapping is no plan's."""
    drafted.sign()
    statements = _ENACTED.replace("LEDGER", beside.names.ledger).replace("RUN", drafted.run_id)
    governance = beside.mapping.governance
    assert governance is not None
    assert governance.entry_step is not None
    renamed = governance.entry_step.model_copy(update={"table": "cutter_governance.notes"})
    before = _rows(drafted)

    unsigned = governance.model_copy(update={"decision": None, "entry_step": None})
    for changed, said in (
        (governance, None),
        # A mapping to which an enactment adds nothing; its plan signs nothing either.
        (unsigned, None),
        (governance.model_copy(update={"entry_step": None}), "decision_backlog_history 0, signed 1"),
        (governance.model_copy(update={"entry_step": renamed}), "cutter_governance.notes 1, signed nothing"),
    ):
        if changed.entry_step is renamed:
            _as_owner(drafted, "ALTER TABLE cutter_governance.decision_backlog_history RENAME TO notes")
        with drafted.connect() as connection, connection.transaction(force_rollback=True):
            mapping = beside.mapping.model_copy(update={"governance": changed})
            ledger = tuple(table for table in mapping.ledger if "backlog_history" not in table)
            tied_to = sha256_hex(mapping_toml(mapping).encode())
            with connect(drafted.installation.settings.database.administrator, read_only=True) as session:
                script = gateway_sql(session, mapping.model_copy(update={"ledger": ledger}), tied_to)
            connection.execute(script.encode())
            if changed is unsigned:
                connection.execute(_NOTHING_SIGNED.replace("LEDGER", beside.names.ledger).encode())
            if said is None:
                connection.execute(statements.encode())
            else:
                with pytest.raises(psycopg.Error, match=said):
                    connection.execute(statements.encode())

    _as_owner(drafted, "ALTER TABLE cutter_governance.notes RENAME TO decision_backlog_history")
    assert _rows(drafted) == before


@pytest.mark.parametrize("table", ["public.iu_lifecycle_log", "cutter_governance.verify_result"])
def test_the_script_ties_nothing_to_a_view_in_the_place_of_a_table(tied: Passage, table: str) -> None:
    """Refused as it is printed, or, of one that was put there since, as it is run."""
    mapping = tied.installation.site_mapping
    mapping.write_bytes(mapping.read_bytes() + b"\n")
    tied_to = tied.rows("SELECT cutter_console.fn_site_mapping()")
    script = preparing_script(tied.installation)
    tied.execute(f"ALTER TABLE {table} RENAME TO kept")
    tied.execute(f"CREATE VIEW {table} AS SELECT * FROM {table.partition('.')[0]}.kept")

    with tied.connect() as connection, connection.transaction():
        with pytest.raises(psycopg.Error, match=f"nothing can be written there: {table} is no"):
            connection.execute(script.encode())
        raise psycopg.Rollback
    if table.startswith("cutter_governance."):
        with pytest.raises(Refused, match=f"{table} is no plain table"):
            preparing_script(tied.installation)

    assert tied.rows("SELECT cutter_console.fn_site_mapping()") == tied_to


def test_a_section_that_does_not_fit_the_tables_is_refused_by_name(beside: Beside, signed: Passage) -> None:
    _as_owner(
        signed,
        "ALTER TABLE cutter_governance.verify_result ADD COLUMN seal text NOT NULL, ALTER outcome TYPE varchar(20)",
    )

    with signed.connect() as connection, pytest.raises(Refused) as refused:
        gateway_sql(connection, beside.mapping, "0" * 64)

    assert "cutter_governance.verify_result must be given seal" in refused.value.message
    assert "outcome is character varying(20), mapped as text" in refused.value.message


def test_a_column_that_a_trigger_is_to_fill_is_one_and_is_filled_by_nothing_else(
    beside: Beside, signed: Passage
) -> None:
    governance = beside.mapping.governance
    assert governance is not None
    unit = governance.unit.model_copy(update={"by_trigger": ("no such column",)})
    mapping = beside.mapping.model_copy(update={"governance": governance.model_copy(update={"unit": unit})})

    with signed.connect() as connection, pytest.raises(Refused, match=r"manifest_unit_block[.]no such column, which a"):
        gateway_sql(connection, mapping, "0" * 64)

    twice = governance.unit.model_copy(update={"by_trigger": (governance.unit.columns[0].column,)})
    mapping = beside.mapping.model_copy(update={"governance": governance.model_copy(update={"unit": twice})})
    with pytest.raises(UsageError, match="a column is named twice"):
        parse_mapping("file", mapping_toml(mapping).encode())


def test_the_section_is_kept_as_it_was_proposed(beside: Beside) -> None:
    assert beside.mapping.governance is not None
    assert parse_mapping("file", mapping_toml(beside.mapping).encode()) == beside.mapping
