"""A repeal ends a whole document under two rulings, writes no text, and leaves every earlier text readable."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.purposes import RunOperation
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect, scalar
from console.backend.runs.amendments import require_base, require_not_repealed
from tests.backend.postgres.signed_cut import (
    SignedCut,
    counts,
    event,
    grown,
    start_amendment,
    start_cut,
    start_repeal,
    stopped,
    walked,
)
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_amendments import FIRST, REVISED, first_law
from tests.backend.postgres.test_document_states import now, planned, read, text_of
from tests.backend.postgres.test_enactment import extra
from tests.conftest import Database

_IN_FORCE = "SELECT canonical_address, title, body FROM cutter_governance.v_in_force ORDER BY canonical_address"
_AT = "SELECT canonical_address, title, body FROM cutter_console.fn_in_force(%s) ORDER BY docprefix, seq"
_STATES = "SELECT run_id, operation, state, n_units FROM cutter_governance.v_document_state ORDER BY state"
_LOG = """
    SELECT u.canonical_address, g.from_status, g.to_status FROM public.iu_lifecycle_log g
      JOIN public.information_unit u ON u.id = g.unit_id WHERE g.run_id = %s ORDER BY 1
"""
_LEFT = """
    SELECT DISTINCT u.lifecycle_status, v.lifecycle_status
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref WHERE u.doc_code = 'ACME-LAW'
"""
ADDRESSES = ["ACME-LAW/ONE", "ACME-LAW/ONE/ALPHA", "ACME-LAW/ONE/BETA", "ACME-LAW/ONE/GAMMA"]


def first_law_and_its_repeal(database: Database) -> tuple[SignedCut, ...]:
    """The first text, enacted, and its repeal at the second pause."""
    (law,) = first_law(database)
    repeal = start_repeal(law)
    repeal.to_second_pause()
    return law, repeal


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> Iterator[tuple[SignedCut, ...]]:
    """The law, and its repeal, where the test asks for it."""
    yield from walked(request, first_law_and_its_repeal if "sealed" in request.fixturenames else first_law)


@pytest.fixture
def law(runs: tuple[SignedCut, ...]) -> SignedCut:
    """The first text, enacted."""
    return runs[0]


@pytest.fixture
def sealed(runs: tuple[SignedCut, ...]) -> SignedCut:
    """Its repeal at the second pause."""
    return runs[1]


def rows(run: SignedCut, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows as the verifier reads them."""
    with run.verifier() as connection:
        return connection.execute(query.encode(), values).fetchall()


def readers(run: SignedCut) -> object:
    """The digest of what readers see."""
    with run.verifier() as connection:
        return scalar(connection, "SELECT cutter_console.fn_readers_digest()")


def test_leg_a_and_b_of_a_repeal_add_an_empty_manifest_and_the_units_that_it_ends(law: SignedCut) -> None:
    repeal = start_repeal(law)
    before = counts(law.database)
    repeal.to_second_pause()
    delta = grown(before, counts(law.database))
    assert delta == {row.table: row.rows for row in repeal.plan.expected_deltas if row.rows} | {
        "cutter_governance.verify_result": 1,
        "cutter_governance.dot_pair_signature": 2,
    }
    assert delta["cutter_governance.cut_change_set_affected_row"] == repeal.plan.n_units == len(ADDRESSES)
    assert not {"public.information_unit", "public.unit_version", "cutter_governance.manifest_unit_block"} & set(delta)


def test_before_its_enactment_a_repeal_changes_nothing_that_is_in_force(law: SignedCut, sealed: SignedCut) -> None:
    assert read(law.database, _IN_FORCE) == sorted(planned(law))
    assert text_of(law) == FIRST.encode()
    assert text_of(sealed) is None


def test_the_second_ruling_names_every_unit_that_it_ends(sealed: SignedCut) -> None:
    with sealed.verifier() as connection:
        state = ledger.draft_state(connection, sealed.run_id)
    assert [line.split("\t")[0] for line in state.lines] == ADDRESSES
    assert sealed.plan.amendment is not None
    assert state.digest == sealed.plan.amendment.base_digest


def test_the_enactment_of_a_repeal_ends_every_unit_and_keeps_every_text_readable(
    law: SignedCut, sealed: SignedCut
) -> None:
    before = now()
    sealed.lawful()
    assert read(law.database, _IN_FORCE) == read(law.database, _AT, now()) == []
    assert read(law.database, _AT, before) == planned(law)
    assert (text_of(law), text_of(sealed)) == (FIRST.encode(), b"")
    assert rows(law, _LOG, sealed.run_id) == [(address, "enacted", "superseded") for address in ADDRESSES]
    assert rows(law, _LEFT) == [("superseded", "superseded")]
    assert read(law.database, _STATES) == [(law.run_id, "cut", 1, len(ADDRESSES)), (sealed.run_id, "repeal", 2, 0)]
    query = "SELECT canonical_sha256 FROM cutter_governance.v_document_state WHERE state = 2"
    assert read(law.database, query) == [(sha256_hex(b""),)]


def test_a_repeal_can_count_from_a_later_moment(law: SignedCut, sealed: SignedCut) -> None:
    later = datetime(2100, 1, 1, tzinfo=UTC)
    sealed.rule("enact", {"in_force_from": "2100-01-01T00:00:00Z"})
    sealed.arm("enact")
    with sealed.executor() as connection:
        sealed.enact(connection)
    assert read(law.database, _IN_FORCE) == sorted(planned(law))
    assert read(law.database, _AT, later - timedelta(seconds=1)) == planned(law)
    assert read(law.database, _AT, later) == []
    # It is final from its enactment, though the law is in force until then.
    with pytest.raises(Refused, match="was repealed by run"):
        start_amendment(law, REVISED)


def test_a_reverted_repeal_leaves_the_law_and_what_readers_see(law: SignedCut) -> None:
    before = readers(law)
    repeal = start_repeal(law)
    repeal.to_second_pause()
    repeal.reverted()
    assert (readers(law), read(law.database, _IN_FORCE)) == (before, sorted(planned(law)))
    assert repeal.stage() == "awaiting_lifecycle_authorization/reverted"
    amendment = start_amendment(law, REVISED)
    amendment.enacted()
    assert text_of(amendment) == REVISED.encode()


def test_a_repeal_ends_the_text_of_the_newest_amendment(law: SignedCut) -> None:
    amendment = start_amendment(law, REVISED)
    amendment.enacted()
    repeal = start_repeal(law)
    repeal.enacted()
    assert [text_of(run) for run in (law, amendment, repeal)] == [FIRST.encode(), REVISED.encode(), b""]
    assert read(law.database, _IN_FORCE) == []


def test_a_repeal_is_refused_where_its_base_has_moved(law: SignedCut) -> None:
    late = start_repeal(law)
    late.rule()
    start_amendment(law, REVISED).enacted()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


@pytest.mark.parametrize("second", ["amendment", "repeal"])
def test_a_sealed_repeal_holds_its_document(law: SignedCut, second: str) -> None:
    late = start_amendment(law, REVISED) if second == "amendment" else start_repeal(law, 401)
    start_repeal(law).to_second_pause()
    late.rule()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)
    with pytest.raises(Drifted, match="has a repeal of ACME-LAW, neither enacted nor reverted"):
        start_amendment(law, REVISED, 202)


def test_the_drafts_of_an_amendment_hold_the_document_against_its_repeal(law: SignedCut) -> None:
    late = start_repeal(law)
    start_amendment(law, REVISED).to_second_pause()
    late.rule()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


@pytest.mark.parametrize("operation", ["cut", "amend", "repeal", "edit"])
def test_of_a_repealed_document_no_run_begins(law: SignedCut, sealed: SignedCut, operation: str) -> None:
    sealed.lawful()
    facts = ledger.NewRun(
        run_id="ictr-20260101T000000Z-00000999",
        operation=operation,
        docprefix=law.docprefix,
        origin="file:law.md",
        profile="atx",
        operator="tester",
        host="host",
    )
    with stopped("STOP_REPLAY_CONFLICT"), law.executor() as connection:
        ledger.create_run(connection, facts, event("start"))


def test_a_run_that_began_before_a_repeal_writes_nothing_after_it(law: SignedCut) -> None:
    late = start_amendment(law, REVISED)
    late.rule()
    start_repeal(law).enacted()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


def test_a_refusal_after_a_repeal_names_the_run_and_the_way(law: SignedCut, sealed: SignedCut) -> None:
    sealed.lawful()
    with connect(law.database.conninfo("cutter_exec"), read_only=True) as connection:
        for asked in (
            lambda: require_base(connection, law.docprefix),
            lambda: require_base(connection, law.docprefix, RunOperation.REPEAL),
            lambda: require_not_repealed(connection, law.docprefix),
        ):
            with pytest.raises(CutterError) as refused:
                asked()
            assert refused.value.code is StopCode.REPLAY_CONFLICT
            assert sealed.run_id in refused.value.message
            assert "prefix of its own" in refused.value.next_action


@pytest.mark.parametrize("stage", ["uncut", "draft"])
def test_what_is_not_law_is_not_repealed(database: Database, stage: str) -> None:
    run = start_cut(database)
    if stage == "draft":
        run.to_second_pause()
    with pytest.raises(Refused, match="nothing of ACME-LAW is law, so there is nothing to repeal"):
        start_repeal(run)


MISSTATED: dict[str, tuple[str, dict[str, object]]] = {
    "no operation": ("cut", {"operation": None}),
    "an amendment": ("cut", {"operation": "amend"}),
    "a cut": ("cut", {"operation": "cut"}),
    "another base": ("cut", {"amendment": {"base_digest": "0" * 64}}),
    "no base": ("cut", {"amendment": None}),
    "another number of units": ("cut", {"n_units": 3}),
    "an enactment of an amendment": ("enact", {"operation": "amend"}),
    "an enactment of fewer units": ("enact", {"n_units": 3}),
    "an enactment of other units": ("enact", {"draft_digest": "0" * 64}),
}


@pytest.mark.parametrize("what", MISSTATED)
def test_a_ruling_that_misstates_a_repeal_is_not_imported(law: SignedCut, what: str) -> None:
    purpose, changes = MISSTATED[what]
    repeal = start_repeal(law)
    if purpose == "enact":
        repeal.to_second_pause()
    with stopped("STOP_APPROVAL_INVALID", "STOP_DRIFT"):
        repeal.rule(purpose, changes)


@pytest.mark.parametrize(
    ("manifest", "text"), [(b"\n", b""), (b"", b"# One\n"), (b"", b" ")], ids=["a line", "a text", "a space"]
)
def test_a_repeal_has_no_manifest_and_no_text(law: SignedCut, manifest: bytes, text: bytes) -> None:
    repeal = start_repeal(law)
    changes: dict[str, object] = {"manifest_digest": sha256_hex(manifest)}
    if text:
        # The text that is pinned is signed too: another one is refused before it is looked at.
        tamper(
            law.database,
            f"UPDATE cutter_governance.run SET canonical_sha256 = '{sha256_hex(text)}' WHERE operation = 'repeal'",
        )
        changes |= {"canonical_sha256": sha256_hex(text)}
    repeal.rule("cut", changes)
    repeal.arm()
    with stopped("STOP_APPROVAL_INVALID"), repeal.executor() as connection:
        connection.execute(
            "SELECT cutter_console.fn_cut_apply(%b, %b, %b, %s)",
            (repeal.run_id, manifest, text, event("cut_leg_a")),
        )


CHANGED: dict[str, tuple[str, ...]] = {
    "another text in the law": (
        "UPDATE public.unit_version SET body = 'Forged.' WHERE unit_id = (SELECT id FROM public.information_unit WHERE canonical_address = 'ACME-LAW/ONE/BETA')",
    ),
    "a unit that is gone": (
        "UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE canonical_address = 'ACME-LAW/ONE/BETA'",
    ),
    "a unit more that is law": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'", "enacted"),
    "a draft more": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'"),
    "no seal": ("DELETE FROM cutter_governance.manifest_seal WHERE run_id LIKE '%00000190'",),
    "a block in its manifest": (
        "INSERT INTO cutter_governance.manifest_unit_block SELECT '{run}', seq, address, parent_address, unit_kind, section_type, section_code, title,"
        " body, body_sha256, byte_start, byte_end, line_start, line_end, unit_id, version_id"
        " FROM cutter_governance.manifest_unit_block WHERE run_id <> '{run}' AND seq = 1",
    ),
    "another base": ("UPDATE cutter_governance.run SET base_digest = repeat('0', 64) WHERE operation = 'repeal'",),
}
"""What a superuser changes while the guards are off, after the repeal was sealed, recorded and verified."""


@pytest.mark.parametrize("how", CHANGED)
def test_a_difference_from_the_signed_repeal_stops_its_enactment(sealed: SignedCut, how: str) -> None:
    sealed.rule("enact")
    sealed.arm("enact")
    tamper(sealed.database, *(change.replace("{run}", sealed.run_id) for change in CHANGED[how]))
    with stopped("STOP_DRIFT", "STOP_APPROVAL_INVALID"), sealed.executor() as connection:
        sealed.enact(connection)
    with stopped("STOP_INVARIANT_FAILED"):
        sealed.verify()


def test_a_repeal_is_pinned_to_no_text(law: SignedCut) -> None:
    """A run that begins as a repeal takes no source of any size."""
    facts = ledger.NewRun(
        run_id="ictr-20260101T000000Z-00000998",
        operation="repeal",
        docprefix=law.docprefix,
        origin="repeal:ACME-LAW",
        profile="repeal",
        operator="tester",
        host="host",
    )
    with stopped("STOP_REFUSED_INPUT"), law.executor() as connection:
        ledger.create_run(connection, facts, event("start"))
        ledger.pin_source(connection, facts.run_id, law.plan.document.source, event("source_pin"))


def test_a_repeal_of_another_number_of_units_than_are_law_is_not_written(law: SignedCut) -> None:
    """Its plan says three, and so does the ruling; four are law."""
    repeal = start_repeal(law)
    tamper(law.database, "UPDATE cutter_governance.run SET n_units = 3 WHERE operation = 'repeal'")
    repeal.rule("cut", {"n_units": 3})
    repeal.arm()
    with stopped("STOP_COUNT_MISMATCH"), repeal.executor() as connection:
        repeal.apply(connection)


def test_nothing_is_added_to_the_empty_manifest_of_a_repeal(law: SignedCut) -> None:
    sealed = start_repeal(law)
    sealed.cut()
    change = (
        "INSERT INTO cutter_governance.manifest_unit_block SELECT %s, seq, address, parent_address, unit_kind, section_type,"
        " section_code, title, body, body_sha256, byte_start, byte_end, line_start, line_end, gen_random_uuid(), gen_random_uuid()"
        " FROM cutter_governance.manifest_unit_block WHERE run_id <> %s"
    )
    with stopped("STOP_INVARIANT_FAILED"), sealed.database.connect() as connection:
        connection.execute(change, (sealed.run_id, sealed.run_id))


def test_in_the_enactment_of_a_repeal_nothing_comes_into_force(law: SignedCut, sealed: SignedCut) -> None:
    """An amendment can bring a unit back; in the transaction of a repeal units go out of force, and nothing else."""
    sealed_rule(sealed)
    refused = pytest.raises(psycopg.Error, match="changes by the enactment of an amendment or a repeal only")
    with refused, sealed.database.connect(autocommit=False) as connection:
        spend(connection, sealed)
        connection.execute(
            "UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE doc_code = %s", (law.docprefix,)
        )
        connection.execute(
            "UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE doc_code = %s", (law.docprefix,)
        )


def sealed_rule(run: SignedCut) -> None:
    """SG_2 and an armed switch."""
    run.rule("enact")
    run.arm("enact")


def spend(connection: psycopg.Connection, run: SignedCut) -> None:
    """As the owner: spend SG_2 without the function that has its effect."""
    connection.execute("SET ROLE cutter_owner")
    connection.execute(
        "INSERT INTO cutter_governance.approval_use (statement_sha256, run_id, purpose)"
        " SELECT statement_sha256, run_id, 'enact' FROM cutter_governance.approval WHERE run_id = %s AND kind = 'SG_2'",
        (run.run_id,),
    )


def test_a_repeal_that_leaves_a_unit_in_force_is_not_committed(law: SignedCut, sealed: SignedCut) -> None:
    """All or nothing, whatever function spent the ruling: a unit that nobody recorded stays law."""
    sealed_rule(sealed)
    tamper(law.database, *extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'", "enacted"))
    with stopped("STOP_COUNT_MISMATCH"), sealed.database.connect(autocommit=False) as connection:
        spend(connection, sealed)
        ended = "canonical_address <> 'ACME-LAW/ONE/EXTRA'"
        connection.execute("UPDATE public.unit_version SET lifecycle_status = 'superseded' WHERE title <> 'Extra'")
        connection.execute(
            f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE doc_code = 'ACME-LAW' AND {ended}"
        )
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_ruling_over_a_repeal_is_not_spent_on_fewer_units_than_were_recorded(sealed: SignedCut) -> None:
    """Nothing of the document is law afterwards, and one of the recorded versions still is."""
    sealed_rule(sealed)
    with stopped("STOP_COUNT_MISMATCH"), sealed.database.connect(autocommit=False) as connection:
        spend(connection, sealed)
        connection.execute("UPDATE public.unit_version SET lifecycle_status = 'superseded' WHERE title <> 'Beta'")
        connection.execute(
            "UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE doc_code = 'ACME-LAW'"
        )
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_repeal_keeps_the_base_that_it_was_planned_against(law: SignedCut) -> None:
    repeal = start_repeal(law)
    with stopped("STOP_INVARIANT_FAILED"), repeal.database.connect() as connection:
        connection.execute(
            "UPDATE cutter_governance.run SET base_digest = repeat('0', 64) WHERE run_id = %s", (repeal.run_id,)
        )


def test_another_document_is_not_touched_by_a_repeal(law: SignedCut) -> None:
    other = start_cut(law.database, "OTHER-LAW", number=77)
    other.enacted()
    start_repeal(law).enacted()
    assert read(law.database, _IN_FORCE) == sorted(planned(other))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), law.executor() as connection:
        connection.execute("UPDATE public.information_unit SET lifecycle_status = 'superseded'")
