"""One signature, one effect: nothing rides along with a signed cut, a signed edit or an enactment."""

import psycopg
import pytest

from console.backend.postgres import ledger
from tests.attacks.edits import start_edit
from tests.attacks.world import EXECUTOR, VERIFIER, Prey, attack, call, changed, look, refused, session
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.sovereign import sovereign

PERMISSION, NO_SUCH_FUNCTION = "42501", "42883"
RIDERS = {
    "a manifest row": "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body, body_sha256,"
    " byte_start, byte_end, line_start, line_end) VALUES ('{run}', 4, 'OTHER-LAW/ONE', 'document_unit', 'section', '1', 'x', 'x', 'x', 0, 1, 1, 1)",
    "a manifest row copied from another": "INSERT INTO cutter_governance.manifest_unit_block SELECT * FROM cutter_governance.manifest_unit_block",
    "an envelope": "INSERT INTO cutter_governance.manifest_envelope SELECT * FROM cutter_governance.manifest_envelope",
    "a unit": "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('OTHER-LAW/ONE', 'document_unit', 'section')",
    "a version": "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) VALUES (gen_random_uuid(), 1, 'x', 'x')",
    "another title": "UPDATE public.unit_version SET title = 'x'",
    "another lifecycle": "UPDATE public.information_unit SET lifecycle_status = 'enacted'",
    "a COPY into units": "COPY public.information_unit FROM STDIN",
    "a COPY into the manifest": "COPY cutter_governance.manifest_unit_block FROM STDIN",
    "a MERGE into units": "MERGE INTO public.information_unit u USING (SELECT 'OTHER-LAW/ONE' AS a) s ON u.canonical_address = s.a"
    " WHEN NOT MATCHED THEN INSERT (canonical_address, unit_kind, section_type) VALUES (s.a, 'document_unit', 'section')",
    "a use of the ruling": "INSERT INTO cutter_governance.approval_use (statement_sha256, purpose, run_id) SELECT statement_sha256, 'edit', run_id FROM cutter_governance.approval",
    "a seal": "INSERT INTO cutter_governance.manifest_seal SELECT * FROM cutter_governance.manifest_seal",
    "a single unit by 0.2.0's function": "SELECT public.fn_iu_create('ACME-LAW/X', 'x', 'x', 'me', 'document_unit', 'section', 'sovereign', 'cut', NULL)",
    "the write behind the authorisation": "SELECT cutter_console.fn_cut_write(NULL, NULL, NULL, NULL)",
    "the seal behind the authorisation": "SELECT cutter_console.fn_manifest_seal(NULL, NULL, NULL, NULL)",
    "the spending of a ruling": "SELECT cutter_console.fn_approval_spend(NULL, 'edit')",
    "a trigger": "CREATE TRIGGER rider BEFORE INSERT ON public.unit_version FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a rule": "CREATE RULE rider AS ON INSERT TO public.unit_version DO INSTEAD NOTHING",
}
OTHERWISE_REFUSED = {"a single unit by 0.2.0's function": NO_SUCH_FUNCTION}
"""All other riders are for want of a privilege."""
CONSTRAINTS = {
    "as they are": (),
    "fired early": ("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"),
    "immediate": ("SET CONSTRAINTS ALL IMMEDIATE",),
}


@pytest.mark.parametrize("how", CONSTRAINTS)
@pytest.mark.parametrize("rider", RIDERS)
def test_nothing_rides_along_in_the_transaction_of_a_signed_armed_cut(prey: Prey, rider: str, how: str) -> None:
    """One more manifest row and one more unit, behind a constraint that was fired early."""
    run = prey.armed
    with attack(prey.database), prey.session(EXECUTOR, autocommit=False) as connection:
        run.apply(connection)
        for statement in CONSTRAINTS[how]:
            connection.execute(statement.encode())
        with stopped(OTHERWISE_REFUSED.get(rider, PERMISSION)):
            _send(connection, RIDERS[rider].format(run=run.run_id))
        connection.rollback()


def _send(connection: psycopg.Connection, statement: str) -> None:
    if statement.startswith("COPY"):
        with connection.cursor().copy(statement.encode()) as copy:
            copy.write("")
    else:
        connection.execute(statement.encode())


@pytest.mark.parametrize("how", CONSTRAINTS)
def test_a_refused_rider_that_is_swallowed_leaves_the_signed_cut_and_nothing_else(cut: SignedCut, how: str) -> None:
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
        for statement in CONSTRAINTS[how]:
            connection.execute(statement.encode())
        for rider in RIDERS.values():
            text = rider.format(run=cut.run_id).replace("'", "''")
            connection.execute(f"DO $$ BEGIN EXECUTE '{text}'; EXCEPTION WHEN OTHERS THEN NULL; END $$".encode())
    _is_exactly_the_signed_cut(cut)


def _is_exactly_the_signed_cut(cut: SignedCut) -> None:
    with cut.database.connect() as connection:
        query = "SELECT u.canonical_address, v.title, v.body FROM public.information_unit u JOIN public.unit_version v ON v.unit_id = u.id ORDER BY 1"
        there = [tuple(row) for row in connection.execute(query)]
        assert call(connection, "fn_draft_differences", cut.run_id) is None
    assert there == [(unit.address, unit.title, cut.body(unit)) for unit in cut.units]


def test_constraints_that_are_immediate_from_the_start_only_refuse_the_cut(prey: Prey) -> None:
    with refused(prey.database, "STOP_COUNT_MISMATCH"), prey.session(EXECUTOR, autocommit=False) as connection:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        prey.armed.apply(connection)


def test_a_second_cut_in_the_same_transaction_is_refused(prey: Prey) -> None:
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(EXECUTOR, autocommit=False) as connection:
        prey.armed.apply(connection)
        prey.armed.apply(connection)


def test_a_second_cut_in_a_later_transaction_is_refused(cut: SignedCut) -> None:
    cut.cut()
    with refused(cut.database, "STOP_APPROVAL_USED"), cut.executor() as connection:
        cut.apply(connection)


def test_two_cuts_in_one_statement_are_none(prey: Prey) -> None:
    run = prey.armed
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(EXECUTOR) as connection:
        connection.execute(
            "SELECT cutter_console.fn_cut_apply(%b, %b, %b, %s) FROM generate_series(1, 2)",
            (run.run_id, ledger.manifest_bytes(run.units), run.canonical, event()),
        )


def test_two_signed_cuts_need_two_transactions(database: Database) -> None:
    """The log of lifecycles and the seals tell effects apart by the transaction's id: two in one would be told as one."""
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    other.rule()
    one.backup()
    other.backup()
    with refused(database, "STOP_BACKUP_NOT_PROVEN", "STOP_INVARIANT_FAILED"), one.executor() as connection:
        ledger.arm(connection, one.run_id, "cut", "o", "h", 5)
        one.apply(connection)
        ledger.disarm(connection, "next")
        ledger.arm(connection, other.run_id, "cut", "o", "h", 5)
        other.apply(connection)


_HOLDS_ALL = "UPDATE cutter_governance.backup_proof SET effect = 1000000"


def test_an_enactment_and_a_revert_in_one_transaction_would_be_logged_as_one_so_they_are_refused(
    database: Database,
) -> None:
    """Before, the revert of one run was logged under the run and the review decision of the other's enactment.

    Its backup would not hold the enactment either; here it is taken for one that does.
    """
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.to_second_pause()
    other.to_second_pause()
    one.rule("enact")
    one.backup()
    other.backup()
    tamper(database, _HOLDS_ALL)
    with refused(database, "STOP_INVARIANT_FAILED"), one.executor() as connection:
        ledger.arm(connection, one.run_id, "enact", "o", "h", 5)
        one.enact(connection)
        ledger.disarm(connection, "next")
        ledger.arm(connection, other.run_id, "revert", "o", "h", 5)
        other.revert(connection)


def test_an_edit_in_the_transaction_of_a_signed_cut_is_refused(database: Database) -> None:
    drafts, cut = start_cut(database, "ACME-DRAFT", number=2), start_cut(database)
    drafts.to_second_pause()
    edit = start_edit(drafts, 3)
    edit.rule("edit")
    edit.backup()
    cut.rule()
    cut.arm()
    tamper(database, _HOLDS_ALL)
    with refused(database, "STOP_INVARIANT_FAILED"), cut.executor() as connection:
        cut.apply(connection)
        ledger.disarm(connection, "next")
        ledger.arm(connection, edit.run_id, "edit", "o", "h", 5)
        edit.apply(connection)


@pytest.mark.parametrize("function", ["fn_edit_apply", "fn_cut_apply"])
def test_the_lease_of_one_run_serves_no_other(prey: Prey, function: str) -> None:
    edit_bytes = ledger.manifest_bytes(prey.drafts.units)
    with refused(prey.database, "STOP_EXECUTION_DISABLED"), prey.session(EXECUTOR) as connection:
        call(connection, function, prey.drafts.run_id, edit_bytes, prey.drafts.canonical, event())


def test_a_lease_to_cut_does_not_edit(prey: Prey) -> None:
    run = prey.armed
    with refused(prey.database, "STOP_EXECUTION_DISABLED"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_edit_apply", run.run_id, ledger.manifest_bytes(run.units), run.canonical, event())


def test_another_manifest_than_the_signed_one_is_refused(prey: Prey) -> None:
    run = prey.armed
    for manifest, text in (
        (ledger.manifest_bytes(run.units[:2]), run.canonical),
        (ledger.manifest_bytes(run.units), run.canonical + b"x"),
        (ledger.manifest_bytes(prey.drafts.units), prey.drafts.canonical),
        (b"", b""),
    ):
        with refused(prey.database, "STOP_APPROVAL_INVALID"), prey.session(EXECUTOR) as connection:
            call(connection, "fn_cut_apply", run.run_id, manifest, text, event())


def _edited_elsewhere(database: Database) -> tuple[SignedCut, SignedCut, SignedCut]:
    """Two documents of drafts, and a signed, armed edit of the first."""
    mine, theirs = start_cut(database, "ACME-MINE", number=1), start_cut(database, "ACME-THEIRS", number=2)
    mine.to_second_pause()
    theirs.to_second_pause()
    return mine, theirs, start_edit(mine, 3).ready()


def test_a_signed_edit_changes_no_other_documents_draft(database: Database) -> None:
    """In a signed edit another document's draft was changed, and that text became law."""
    _, theirs, edit = _edited_elsewhere(database)
    before = look(database)
    with edit.executor() as connection:
        edit.apply(connection)
        for statement, code in {
            "UPDATE public.unit_version SET body = 'unsigned'": PERMISSION,
            "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) SELECT id, 9, 'unsigned', 'x' FROM public.information_unit": PERMISSION,
            "UPDATE public.information_unit SET version_anchor_ref = NULL": PERMISSION,
            "SELECT public.fn_iu_apply_edit_draft('ACME-THEIRS/ONE', 'One', 'unsigned', 'me')": NO_SUCH_FUNCTION,
        }.items():
            with stopped(code), connection.transaction():
                connection.execute(statement.encode())
    assert "readers" in changed(before, look(database))
    with database.connect() as connection:
        assert connection.execute(
            "SELECT count(*) FROM public.unit_version WHERE body LIKE '%unsigned%'"
        ).fetchone() == (0,)
        assert call(connection, "fn_draft_differences", theirs.run_id) is None


def test_an_edit_of_a_unit_of_another_document_is_refused_although_it_is_signed(database: Database) -> None:
    mine, theirs, _ = _edited_elsewhere(database)
    mine.disarm()
    edit = start_edit(theirs, 4, docprefix="ACME-MINE").ready()
    with refused(database, "STOP_INVARIANT_FAILED"), edit.executor() as connection:
        edit.apply(connection)


def _tampered(database: Database) -> SignedCut:
    """Drafts at the second pause that the superuser has changed past every guard: the worst that could happen."""
    cut = start_cut(database)
    cut.to_second_pause()
    with database.connect() as connection:
        connection.execute("ALTER TABLE public.unit_version DISABLE TRIGGER ALL")
        connection.execute("UPDATE public.unit_version SET body = 'unsigned', content_hash = 'x' WHERE title = 'Alpha'")
        connection.execute("ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER guard_write")
    return cut


def test_unsigned_text_in_a_draft_is_found_by_the_verification(database: Database) -> None:
    cut = _tampered(database)
    with refused(database, "STOP_INVARIANT_FAILED"):
        cut.verify()


def test_no_second_ruling_over_unsigned_text_is_imported(database: Database) -> None:
    cut = _tampered(database)
    with refused(database, "STOP_DRIFT"):
        cut.rule("enact")


def test_unsigned_text_does_not_become_law_under_a_ruling_that_was_imported_before(database: Database) -> None:
    cut = start_cut(database)
    cut.to_second_pause()
    cut.rule("enact")
    cut.arm("enact")
    with database.connect() as connection:
        connection.execute("ALTER TABLE public.unit_version DISABLE TRIGGER ALL")
        connection.execute("UPDATE public.unit_version SET body = 'unsigned' WHERE title = 'Alpha'")
    with refused(database, "STOP_DRIFT"), cut.executor() as connection:
        cut.enact(connection)


def test_an_edit_after_the_second_ruling_makes_the_ruling_void(database: Database) -> None:
    cut = start_cut(database)
    cut.to_second_pause()
    cut.rule("enact")
    edit = start_edit(cut, 2).ready()
    with edit.executor() as connection:
        edit.apply(connection)
    edit.disarm()
    cut.arm("enact")
    with refused(database, "STOP_DRIFT"), cut.executor() as connection:
        cut.enact(connection)


def _second_ruling(run: SignedCut) -> str:
    statement = run.statement("enact")
    with run.verifier() as connection:
        return ledger.import_approval(connection, statement, (sovereign().sign(statement),))


def test_a_second_ruling_to_enact_has_no_effect_on_law(database: Database) -> None:
    """A second signed SG_2, left unused, superseded the enacted units."""
    cut = start_cut(database)
    cut.to_second_pause()
    first, second = cut.statement("enact"), cut.statement("enact")
    signed = [(statement, (sovereign().sign(statement),)) for statement in (first, second)]
    with cut.verifier() as connection:
        for statement, signatures in signed:
            ledger.import_approval(connection, statement, signatures)
    cut.arm("enact")
    with cut.executor() as connection:
        cut.enact(connection)
    cut.disarm()
    for purpose in ("enact", "revert", "cut", "edit", "supersede", "retire"):
        with refused(database, "STOP_EXECUTION_DISABLED"), cut.executor() as connection:
            ledger.arm(connection, cut.run_id, purpose, "o", "h", 5)
    for statement, signatures in signed:
        with attack(database), cut.verifier() as connection:
            ledger.import_approval(connection, statement, signatures)
    with refused(database, "STOP_APPROVAL_USED", "STOP_DRIFT", "STOP_APPROVAL_INVALID"):
        _second_ruling(cut)
    assert cut.lifecycles() == ["enacted"] * 3


def test_no_new_ruling_to_cut_is_taken_for_drafts(prey: Prey) -> None:
    with refused(prey.database, "STOP_APPROVAL_USED"):
        prey.drafts.rule()


PLANTS: dict[str, str] = {
    "manifest_digest": "translate(manifest_digest, '0123456789abcdef', '123456789abcdef0')",
    "expires": "expires + interval '1 day'",
    "not_before": "not_before - interval '1 day'",
    "n_units": "n_units + 1",
    "plan_digest": "translate(plan_digest, '0123456789abcdef', '123456789abcdef0')",
    "canonical_sha256": "translate(canonical_sha256, '0123456789abcdef', '123456789abcdef0')",
    "baseline_digest": "translate(baseline_digest, '0123456789abcdef', '123456789abcdef0')",
    "policy_sha256": "translate(policy_sha256, '0123456789abcdef', '123456789abcdef0')",
    "database": "'elsewhere'",
    "system_identifier": "'1'",
    "timeline": "timeline + 1",
    "purpose": "NULL",
    "signers": "ARRAY[repeat('F', 40)]",
    "signatures": "ARRAY['\\x00'::bytea]",
}


@pytest.mark.parametrize("column", PLANTS)
def test_a_row_that_was_planted_with_the_true_statement_and_a_false_column_is_refused_loudly(
    cut: SignedCut, column: str
) -> None:
    """The honest import of the same statement answered done, and the false column stood."""
    cut.rule()
    statement = _statement_of(cut)
    with cut.database.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER guard_append_only")
        connection.execute(f"UPDATE cutter_governance.approval SET {column} = {PLANTS[column]}".encode())
        connection.execute("ALTER TABLE cutter_governance.approval ENABLE ALWAYS TRIGGER guard_append_only")
    with refused(cut.database, "STOP_REPLAY_CONFLICT", "STOP_APPROVAL_INVALID"), cut.verifier() as connection:
        ledger.import_approval(connection, statement, (sovereign().sign(statement),))


def _statement_of(run: SignedCut) -> bytes:
    with run.verifier() as connection:
        row = connection.execute(
            "SELECT statement FROM cutter_governance.approval WHERE run_id = %s", (run.run_id,)
        ).fetchone()
    assert row is not None
    return bytes(row[0])


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER])
def test_columns_beside_a_statement_cannot_be_passed_at_all(prey: Prey, role: str) -> None:
    """The function that took them is gone."""
    with refused(prey.database, NO_SUCH_FUNCTION), prey.session(role) as connection:
        connection.execute(
            "SELECT cutter_console.fn_approval_import('SG_1', 'x', 'x', 'x', 'x', 'x', NULL, NULL, 1, 'x', 'x', 1, now(), now(), ARRAY['x'], '\\x', ARRAY['\\x'::bytea])"
        )
    with refused(prey.database, PERMISSION), prey.session(role) as connection:
        connection.execute("INSERT INTO cutter_governance.approval SELECT * FROM cutter_governance.approval")


def test_the_same_statement_is_taken_once(cut: SignedCut) -> None:
    cut.rule()
    statement = _statement_of(cut)
    with attack(cut.database), session(cut.database, VERIFIER) as connection:
        call(connection, "fn_approval_import", statement, [sovereign().sign(statement)])


def test_a_cut_and_its_revert_in_one_transaction_is_refused(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with refused(cut.database, "STOP_INVARIANT_FAILED"), cut.executor() as connection:
        cut.apply(connection)
        ledger.disarm(connection, "next")
        ledger.arm(connection, cut.run_id, "revert", "o", "h", 5)
        cut.revert(connection)


def test_a_draft_is_taken_back_once_and_not_cut_again(cut: SignedCut) -> None:
    cut.to_second_pause()
    cut.arm("revert")
    with cut.executor() as connection:
        cut.revert(connection)
    with stopped("STOP_APPROVAL_USED", "STOP_EXECUTION_DISABLED"):
        cut.arm("revert")
    cut.disarm()
    again = start_cut(cut.database, number=9)
    again.rule()
    again.arm()
    with refused(cut.database, "STOP_REPLAY_CONFLICT"), again.executor() as connection:
        again.apply(connection)
