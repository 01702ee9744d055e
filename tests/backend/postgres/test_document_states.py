"""Every state that was in force can be read: which units, which versions, from when to when, and the whole text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, start_amendment, start_cut, start_edit
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

AROUND = "Stands before every unit.\n\n# One\n\nText one.\n\n## Alpha\n\nFirst: Điều 1 § 2.\n\n## Beta\n\nSecond.\n"
_STATES = (
    "SELECT docprefix, run_id, operation, state, in_force_until FROM cutter_governance.v_document_state ORDER BY 1, 4"
)
_IN_FORCE = "SELECT canonical_address, title, body FROM cutter_governance.v_in_force ORDER BY canonical_address"
_AT = "SELECT canonical_address, title, body FROM cutter_console.fn_in_force(%s) ORDER BY docprefix, seq"
_OF_DOCUMENT = "SELECT canonical_address, title, body FROM cutter_console.fn_document_in_force(%s, %s) ORDER BY seq"


def read(database: Database, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows as the monitoring role reads them."""
    with database.connect("cutter_ro") as connection:
        return connection.execute(query.encode(), values).fetchall()


def text_of(run: SignedCut) -> bytes | None:
    """The whole text of the run's state, as the monitoring role reads it."""
    with run.database.connect("cutter_ro") as connection:
        text = scalar(connection, "SELECT cutter_console.fn_state_text(%s)", run.run_id)
    assert text is None or isinstance(text, bytes)
    return text


def planned(run: SignedCut) -> list[tuple[str, str, str]]:
    """Address, title and body of each planned unit, in the order of the text."""
    return [(unit.address, unit.title, run.body(unit)) for unit in run.units]


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


_OTHERS = """
    INSERT INTO cutter_governance.{0} SELECT (jsonb_populate_record(t, to_jsonb(t) || ({1}))).* FROM cutter_governance.{0} t, generate_series(1, 500) g
"""
_LEDGER_READ = """
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer FROM pg_stat_xact_all_tables
     WHERE relname IN ('run', 'approval', 'approval_use', 'review_decision')
"""


def test_a_unit_that_is_in_force_is_looked_up_without_the_states_of_documents(cut: SignedCut) -> None:
    """Of five hundred documents whose texts are all in force already, the rulings are not read: four rows each."""
    cut.enacted()
    last = cut.units[-1]
    run_id = "'run_id', left(t.run_id, -8) || lpad(to_hex(g + 1000), 8, '0')"
    signed = "FROM cutter_governance.approval a WHERE a.statement_sha256 = t.statement_sha256"
    bytes_of = "a.statement || convert_to(g::text, 'UTF8')"
    statement = f"'statement_sha256', (SELECT encode(sha256({bytes_of}), 'hex') {signed})"
    of_others = {
        "run": f"jsonb_build_object({run_id}, 'docprefix', 'LAW-' || g)",
        "approval": f"jsonb_build_object({run_id}, {statement}, 'statement', (SELECT {bytes_of} {signed}))",
        "approval_use": f"jsonb_build_object({run_id}, {statement})",
        "review_decision": f"jsonb_build_object({run_id}, {statement}, 'id', gen_random_uuid())",
    }
    tamper(
        cut.database,
        "SET LOCAL session_replication_role = replica",
        *(_OTHERS.format(table, changed) for table, changed in of_others.items()),
    )
    with cut.database.connect() as connection:
        connection.execute("ANALYZE")
    with cut.database.connect() as connection, connection.transaction():
        query = "SELECT title FROM cutter_governance.v_in_force WHERE canonical_address = %s"
        assert connection.execute(query, (last.address,)).fetchall() == [(last.title,)]
        assert int(str(scalar(connection, _LEDGER_READ))) <= 50
        assert scalar(connection, "SELECT count(*) FROM cutter_governance.v_document_state") == 501


def test_drafts_are_in_force_for_nobody(drafted: SignedCut) -> None:
    assert (
        read(drafted.database, _STATES) == read(drafted.database, _IN_FORCE) == read(drafted.database, _AT, now()) == []
    )
    assert text_of(drafted) is None


def test_what_was_enacted_is_in_force_from_then_on(drafted: SignedCut) -> None:
    before = now()
    drafted.lawful()
    assert read(drafted.database, _STATES) == [("ACME-LAW", drafted.run_id, "cut", 1, None)]
    assert read(drafted.database, _IN_FORCE) == sorted(planned(drafted))
    assert read(drafted.database, _AT, now()) == planned(drafted)
    assert read(drafted.database, _AT, before) == []
    assert read(drafted.database, _OF_DOCUMENT, "ACME-LAW", now()) == planned(drafted)
    assert read(drafted.database, _OF_DOCUMENT, "ACME-LAW", before) == []
    assert read(drafted.database, _OF_DOCUMENT, "OTHER-LAW", now()) == []


def test_the_whole_text_of_a_state_is_the_text_that_was_pinned_byte_for_byte(database: Database) -> None:
    run = start_cut(database, text=AROUND)
    assert run.plan.document.coverage.other_bytes > 0
    run.enacted()
    assert text_of(run) == run.canonical == AROUND.encode()


def test_the_text_of_a_state_has_the_edited_bodies(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    edit.edited()
    drafted.verify()
    drafted.lawful()
    last = drafted.units[-1]
    assert read(drafted.database, _IN_FORCE)[-1] == (last.address, "Edited", "Edited.\n")
    assert text_of(drafted) == drafted.canonical[: last.byte_start] + b"Edited.\n" + drafted.canonical[last.byte_end :]
    units = "SELECT address FROM cutter_console.fn_state_units(%s) WHERE edited_by = %s"
    assert read(drafted.database, units, drafted.run_id, edit.run_id) == [(last.address,)]
    cut_sha256 = "SELECT cutter_console.fn_state_cut_sha256(%s)"
    before = [(sha256_hex(drafted.canonical),)]
    assert read(drafted.database, cut_sha256, drafted.run_id) == before, "the text before the edits is the pinned one"


def test_drafts_that_were_taken_back_are_in_no_state(drafted: SignedCut) -> None:
    drafted.reverted()
    assert read(drafted.database, _STATES) == read(drafted.database, _IN_FORCE) == []
    assert text_of(drafted) is None


def test_one_document_is_no_part_of_another_s_state(database: Database) -> None:
    first = start_cut(database)
    first.enacted()
    second = start_cut(database, "ACME-LAWS", number=2)
    second.enacted()
    assert [row[:2] for row in read(database, _STATES)] == [("ACME-LAW", first.run_id), ("ACME-LAWS", second.run_id)]
    assert read(database, _IN_FORCE) == sorted(planned(first) + planned(second))
    assert text_of(first) == first.canonical


def test_a_unit_is_found_by_its_address_in_every_state_and_no_draft_is(cut: SignedCut) -> None:
    states = "SELECT state, version_seq, title, body FROM cutter_console.fn_unit_states(%s)"
    last = cut.units[-1]
    cut.to_second_pause()
    assert read(cut.database, states, last.address) == []
    edit = start_edit(cut)
    edit.edited()
    cut.verify()
    cut.lawful()
    assert read(cut.database, states, last.address) == [(1, 2, "Edited", "Edited.\n")]
    versions = "SELECT version_seq, run_id, operation, lifecycle_status FROM cutter_console.fn_unit_versions(%s)"
    assert read(cut.database, versions, last.address) == [
        (1, cut.run_id, "cut", "superseded"),
        (2, edit.run_id, "edit", "enacted"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT body FROM cutter_console.fn_unit_states('ACME-LAW/ONE/BETA')",
        "SELECT draft_body FROM cutter_console.fn_unit_versions('ACME-LAW/ONE/BETA') WHERE draft_body IS NOT NULL",
        "SELECT body FROM cutter_console.fn_state_versions('ictr-20260101T000000Z-00000001')",
        "SELECT address FROM cutter_console.fn_state_altered('ictr-20260101T000000Z-00000001')",
        "SELECT t FROM cutter_console.fn_state_text('ictr-20260101T000000Z-00000001') t WHERE t IS NOT NULL",
        "SELECT t FROM cutter_console.fn_state_cut_sha256('ictr-20260101T000000Z-00000001') t WHERE t IS NOT NULL",
        "SELECT body FROM cutter_console.fn_in_force('infinity')",
        "SELECT body FROM cutter_console.fn_document_in_force('ACME-LAW', 'infinity')",
        "SELECT body FROM cutter_governance.v_in_force",
    ],
)
def test_nothing_tells_the_monitoring_role_a_text_that_was_taken_back(drafted: SignedCut, query: str) -> None:
    drafted.reverted()
    assert read(drafted.database, query) == []


@pytest.mark.parametrize("set_to", ["title = 'Other'", "body = 'Other.\n'"])
def test_a_unit_that_is_not_the_signed_one_is_named(cut: SignedCut, set_to: str) -> None:
    cut.enacted()
    altered = "SELECT seq, address FROM cutter_console.fn_state_altered(%s)"
    assert read(cut.database, altered, cut.run_id) == []
    tamper(cut.database, f"UPDATE public.unit_version SET {set_to} WHERE title = 'Beta'")
    assert read(cut.database, altered, cut.run_id) == [(3, "ACME-LAW/ONE/BETA")]


def test_an_edit_of_version_0_2_0_is_part_of_the_state_though_one_transaction_sealed_all(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    edit.edited()
    drafted.verify()
    drafted.lawful()
    # As the upgrade leaves it: one transaction id for all seals, and no text between the units.
    tamper(
        drafted.database,
        "UPDATE cutter_governance.manifest_seal SET xid = pg_current_xact_id(), other_text = NULL",
    )
    assert read(drafted.database, _IN_FORCE)[-1][1:] == ("Edited", "Edited.\n")
    assert read(drafted.database, _AT, now()) == read(drafted.database, _IN_FORCE)
    states = "SELECT title, edited_by FROM cutter_console.fn_unit_states(%s)"
    assert read(drafted.database, states, drafted.units[-1].address) == [("Edited", edit.run_id)]
    assert text_of(drafted) is None


def test_a_text_that_is_enacted_after_a_restore_comes_after_those_before_it(database: Database) -> None:
    """A dump that is restored into a new server keeps the recorded transaction ids, and the server begins with small ones."""
    law = start_cut(database, text=AROUND)
    law.enacted()
    for table in ("approval_use", "manifest_seal"):
        tamper(database, f"UPDATE cutter_governance.{table} SET xid = (xid::text::bigint + 1000000)::text::xid8")
    amendment = start_amendment(law, AROUND.replace("Second", "Second, changed"))
    amendment.enacted()
    assert [row[1] for row in read(database, _STATES)] == [law.run_id, amendment.run_id]
    assert read(database, _AT, now()) == planned(amendment)
    assert read(database, _IN_FORCE) == sorted(planned(amendment))


def test_what_a_later_decision_has_enacted_is_in_force_from_then_on(database: Database) -> None:
    """As behind a clock that was set back: what was in force before it still is."""
    law = start_cut(database, text=AROUND)
    law.enacted()
    amendment = start_amendment(law, AROUND.replace("Second", "Second, changed"))
    amendment.enacted()
    later = (
        "UPDATE cutter_governance.review_decision SET decided_at = now() + interval '1 hour' WHERE verdict = 'enact'"
    )
    tamper(database, f"{later} AND run_id = '{amendment.run_id}'")
    assert read(database, _IN_FORCE) == sorted(planned(law))
    tamper(database, later)
    assert read(database, _IN_FORCE) == []
