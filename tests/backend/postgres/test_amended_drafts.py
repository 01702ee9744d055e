"""An amendment becomes law only as it was signed, against the law that was signed; whatever somebody changed meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import (
    SignedCut,
    assert_not_enacted,
    event,
    start_amendment,
    start_cut,
    start_edit,
    stopped,
    walked,
)
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_amendments import FIRST, REVISED, first_law
from tests.backend.postgres.test_enactment import extra
from tests.conftest import Database

PREFIX = "ACME-LAW/ONE"


def _unit(name: str) -> str:
    return f"canonical_address = '{PREFIX}{name}'"


def _of(name: str) -> str:
    return f"unit_id = (SELECT id FROM public.information_unit WHERE {_unit(name)})"


def _version(name: str, seq: int, change: str) -> str:
    return f"UPDATE public.unit_version SET {change} WHERE {_of(name)} AND version_seq = {seq}"


_STRAY = "INSERT INTO public.unit_version (unit_id, version_seq, title, body, content_hash) SELECT unit_id, 9, title, 'Forged.', content_hash FROM public.unit_version WHERE {}"

CHANGED: dict[str, tuple[str, ...]] = {
    "another body of a changed unit": (_version("/ALPHA", 2, "body = 'Forged.'"),),
    "another body with its digest": (
        _version("/ALPHA", 2, "body = 'Forged.', content_hash = encode(sha256('Forged.'), 'hex')"),
    ),
    "another title of a changed unit": (_version("/ALPHA", 2, "title = 'Forged'"),),
    "another title of a new unit": (_version("/DELTA", 1, "title = 'Forged'"),),
    "a changed unit that is law already": (_version("/ALPHA", 2, "lifecycle_status = 'enacted'"),),
    "a draft version superseded": (_version("/ALPHA", 2, "lifecycle_status = 'superseded'"),),
    "a draft version of another unit": (
        f"UPDATE public.unit_version SET unit_id = (SELECT id FROM public.information_unit WHERE {_unit('')}) , version_seq = 8 WHERE {_of('/ALPHA')} AND version_seq = 2",
    ),
    "no draft version": (f"DELETE FROM public.unit_version WHERE {_of('/ALPHA')} AND version_seq = 2",),
    "a draft version more": (_STRAY.format(_of("/GAMMA")),),
    "a draft version more of what is gone": (_STRAY.format(_of("/BETA")),),
    "another parent of a new unit": (
        f"UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE {_unit('/DELTA')}",
    ),
    "another kind of a new unit": (
        f"UPDATE public.information_unit SET section_type = 'principle' WHERE {_unit('/DELTA')}",
    ),
    "another owner of a new unit": (
        f"UPDATE public.information_unit SET owner_ref = 'mallory' WHERE {_unit('/DELTA')}",
    ),
    "a new unit that is law already": (
        f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE {_unit('/DELTA')}",
        _version("/DELTA", 1, "lifecycle_status = 'enacted'"),
    ),
    "a new unit with another anchor": (
        f"UPDATE public.information_unit SET version_anchor_ref = (SELECT version_anchor_ref FROM public.information_unit WHERE {_unit('/GAMMA')}) WHERE {_unit('/DELTA')}",
    ),
    "the draft is the anchor of what is law": (
        f"UPDATE public.information_unit SET version_anchor_ref = (SELECT id FROM public.unit_version WHERE {_of('/ALPHA')} AND version_seq = 2) WHERE {_unit('/ALPHA')}",
    ),
    "another text of an unchanged unit": (_version("/GAMMA", 1, "body = 'Forged.'"),),
    "another text of what will be gone": (_version("/BETA", 1, "body = 'Forged.'"),),
    "what will be gone is gone": (
        f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {_unit('/BETA')}",
    ),
    "an unchanged unit superseded": (
        f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {_unit('/GAMMA')}",
    ),
    "another parent in the law": (
        f"UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE {_unit('/ALPHA')}",
    ),
    "a unit deleted softly": (f"UPDATE public.information_unit SET deleted_at = now() WHERE {_unit('/GAMMA')}",),
    "another document": (f"UPDATE public.information_unit SET doc_code = 'OTHER' WHERE {_unit('/GAMMA')}",),
    "another unit under the address": (
        f"UPDATE public.information_unit SET id = gen_random_uuid() WHERE {_unit('/GAMMA')}",
    ),
    "a unit more of the document": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'"),
    "a draft unit more whose version is law": (
        *extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'"),
        "UPDATE public.unit_version SET lifecycle_status = 'enacted' WHERE title = 'Extra'",
    ),
    "a unit more under its prefix": extra("ACME-LAW/ONE/EXTRA"),
    "a unit more that is law": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'", "enacted"),
    "another manifest": (
        "UPDATE cutter_governance.manifest_unit_block SET title = 'Forged' WHERE seq = 1 AND run_id LIKE '%000000c8'",
    ),
    "no seal": ("DELETE FROM cutter_governance.manifest_seal WHERE run_id LIKE '%000000c8'",),
    "another base": ("UPDATE cutter_governance.run SET base_digest = repeat('0', 64) WHERE operation = 'amend'",),
}
"""What a superuser changes while the guards are off, after the amendment was written, recorded and verified."""


def first_law_and_its_amendment(database: Database) -> tuple[SignedCut, ...]:
    """The first text, enacted, and the revised one at its second pause."""
    (law,) = first_law(database)
    amendment = start_amendment(law, REVISED)
    amendment.to_second_pause()
    return law, amendment


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> Iterator[tuple[SignedCut, ...]]:
    """The law, and its amendment, where the test asks for it."""
    yield from walked(request, first_law_and_its_amendment if "drafted" in request.fixturenames else first_law)


@pytest.fixture
def law(runs: tuple[SignedCut, ...]) -> SignedCut:
    """The first text, enacted."""
    return runs[0]


@pytest.fixture
def drafted(runs: tuple[SignedCut, ...]) -> SignedCut:
    """The revised text at its second pause."""
    return runs[1]


def first_law_and_its_ruled_amendment(database: Database) -> tuple[SignedCut, ...]:
    """The same, and the ruling to enact it."""
    law, amendment = first_law_and_its_amendment(database)
    amendment.rule("enact")
    return law, amendment


@pytest.fixture
def ruled(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """The revised text at its second pause, with its SG_2."""
    for _, amendment in walked(request, first_law_and_its_ruled_amendment):
        yield amendment


def _differences(run: SignedCut) -> tuple[str, ...]:
    with run.verifier() as connection:
        return ledger.draft_differences(connection, run.run_id)


def test_an_amendment_that_stands_as_it_was_signed_shows_no_difference(drafted: SignedCut) -> None:
    assert _differences(drafted) == ()
    with drafted.verifier() as connection:
        assert ledger.draft_reading(connection, drafted.run_id)[0] == ""


@pytest.mark.parametrize("how", CHANGED)
def test_a_difference_from_the_signed_amendment_stops_its_enactment(ruled: SignedCut, how: str) -> None:
    ruled.arm("enact")

    tamper(ruled.database, *CHANGED[how])

    assert_not_enacted(ruled)


MISSTATED: dict[str, tuple[str, dict[str, object]]] = {
    "no operation": ("cut", {"operation": None}),
    "another operation": ("cut", {"operation": "cut"}),
    "no amendment": ("cut", {"amendment": None}),
    "another base": ("cut", {"amendment": {"base_digest": "0" * 64}}),
    "SG_1 says from when": ("cut", {"in_force_from": "2100-01-01T00:00:00Z"}),
    "a moment that has passed": ("enact", {"in_force_from": "2020-01-01T00:00:00Z"}),
    "a moment that is none": ("enact", {"in_force_from": "2100-02-31T00:00:00Z"}),
    "a moment in words": ("enact", {"in_force_from": "tomorrow"}),
}


@pytest.mark.parametrize("how", MISSTATED)
def test_a_ruling_that_misstates_an_amendment_is_not_imported(law: SignedCut, how: str) -> None:
    purpose, changes = MISSTATED[how]
    run = start_amendment(law, REVISED)
    if purpose == "enact":
        run.to_second_pause()
    with stopped("STOP_APPROVAL_INVALID"):
        run.rule(purpose, changes)


def test_a_first_cut_is_not_signed_as_an_amendment(cut: SignedCut) -> None:
    with stopped("STOP_APPROVAL_INVALID"):
        cut.rule("cut", {"operation": "amend", "amendment": {"base_digest": "0" * 64}})


def test_a_purpose_of_another_operation_is_refused_although_the_operation_is_stated(cut: SignedCut) -> None:
    with stopped("STOP_APPROVAL_INVALID"):
        cut.rule("cut", {"purpose": "edit", "operation": "cut"})


def test_a_text_is_not_in_force_before_the_one_that_it_follows(law: SignedCut) -> None:
    first = start_amendment(law, REVISED)
    first.to_second_pause()
    first.rule("enact", {"in_force_from": "2100-01-01T00:00:00Z"})
    first.arm("enact")
    with first.executor() as connection:
        first.enact(connection)
    first.disarm()
    second = start_amendment(law, FIRST, 201)
    second.to_second_pause()
    for earlier in ({}, {"in_force_from": "2099-12-31T23:59:59Z"}):
        with stopped("STOP_APPROVAL_INVALID"):
            second.rule("enact", earlier)
    second.rule("enact", {"in_force_from": "2100-01-01T00:00:00Z"})


def test_the_base_of_a_run_is_set_once_and_of_an_amendment_only(law: SignedCut, database: Database) -> None:
    amendment, other = start_amendment(law, REVISED), start_cut(database, "OTHER-LAW", number=7)
    for run in (amendment, other):
        with run.executor() as connection, stopped("STOP_DRIFT"):
            connection.execute("SELECT cutter_console.fn_run_base(%s, repeat('0', 64))", (run.run_id,))
    for run in (amendment, other):
        with database.connect() as connection, pytest.raises(psycopg.Error, match="keeps the base"):
            connection.execute(
                "UPDATE cutter_governance.run SET base_digest = repeat('1', 64) WHERE run_id = %s", (run.run_id,)
            )


def test_an_amendment_is_not_planned_against_another_law_than_that_of_today(law: SignedCut) -> None:
    document = start_amendment(law, REVISED).plan.document
    facts = ledger.NewRun(
        run_id="ictr-20260101T000000Z-0000beef",
        operation=RunOperation.AMEND,
        docprefix=law.docprefix,
        origin=document.source.origin,
        profile="atx",
        operator="tester",
        host="host",
    )
    with law.executor() as connection:
        ledger.create_run(connection, facts, event("start"))
        ledger.pin_source(connection, facts.run_id, document.source, event("source_pin"))
        ledger.advance(connection, facts.run_id, Stage.MARKED, event("mark"))
    with stopped("STOP_DRIFT"), law.executor() as connection:
        connection.execute("SELECT cutter_console.fn_run_base(%s, repeat('0', 64))", (facts.run_id,))


def test_an_amendment_without_a_base_is_not_written(law: SignedCut) -> None:
    run = start_amendment(law, REVISED)
    run.rule()
    run.arm()
    tamper(law.database, "UPDATE cutter_governance.run SET base_digest = NULL WHERE operation = 'amend'")
    with stopped("STOP_DRIFT"), run.executor() as connection:
        run.apply(connection)


def test_a_retired_address_does_not_come_back(law: SignedCut) -> None:
    start_amendment(law, REVISED).enacted()
    tamper(law.database, f"UPDATE public.information_unit SET lifecycle_status = 'retired' WHERE {_unit('/BETA')}")
    run = start_amendment(law, FIRST, 201)
    run.rule()
    run.arm()
    with stopped("STOP_INVARIANT_FAILED"), run.executor() as connection:
        run.apply(connection)


def test_a_unit_of_another_document_is_not_written_into_an_amendment(law: SignedCut) -> None:
    """Under the address, and the id that the manifest gives it: only somebody past the functions of the product makes it."""
    run = start_amendment(law, REVISED)
    run.rule()
    run.arm()
    place = 1 + [unit.address for unit in run.units].index(f"{PREFIX}/DELTA")
    digest = sha256_hex(f"{run.run_id}/{place}".encode())
    signed_id = UUID(f"{digest[:12]}8{digest[13:16]}a{digest[17:32]}")
    tamper(
        law.database,
        *extra(f"{PREFIX}/DELTA", "'OTHER'", "superseded"),
        f"DELETE FROM public.unit_version WHERE {_of('/DELTA')}",
        f"UPDATE public.information_unit SET id = '{signed_id}' WHERE {_unit('/DELTA')}",
    )
    with run.executor() as connection, pytest.raises(psycopg.Error, match="/DELTA is of another document, or retired"):
        run.apply(connection)


@pytest.mark.parametrize("status", ["superseded", "enacted"])
def test_a_unit_comes_into_or_goes_out_of_force_by_an_amendment_alone(law: SignedCut, status: str) -> None:
    """Even for the owner, in a transaction that has used a ruling of another document."""
    start_amendment(law, REVISED).enacted()
    other = start_cut(law.database, "OTHER-LAW", number=7)
    other.to_second_pause()
    other.rule("enact")
    other.arm("enact")
    name = "/GAMMA" if status == "superseded" else "/BETA"
    with law.database.connect(autocommit=False) as connection:
        other.enact(connection)
        connection.execute("SET LOCAL ROLE cutter_owner")
        with pytest.raises(psycopg.Error, match="by the enactment of an amendment or a repeal only"):
            connection.execute(
                f"UPDATE public.information_unit SET lifecycle_status = '{status}' WHERE {_unit(name)}".encode()
            )


def test_drafts_of_an_amendment_are_not_edited(drafted: SignedCut) -> None:
    with pytest.raises(Refused, match="drafts of an amendment are not edited"):
        start_edit(drafted)


def test_a_signed_revert_takes_exactly_the_drafts_that_it_names(drafted: SignedCut) -> None:
    drafted.rule("revert")
    tamper(drafted.database, CHANGED["another title of a new unit"][0])
    drafted.arm("revert")
    with stopped("STOP_DRIFT"), drafted.executor() as connection:
        drafted.revert(connection)


@pytest.mark.parametrize("step", ["cut", "enact", "revert"])
def test_a_hold_stops_each_step_of_an_amendment(law: SignedCut, step: str) -> None:
    run = start_amendment(law, REVISED)
    if step == "cut":
        run.rule()
    else:
        run.to_second_pause()
    if step == "enact":
        run.rule("enact")
    run.arm(step)
    with run.executor() as connection:
        ledger.set_hold(connection, "a test", "tester", None)
    writes = {"cut": run.apply, "enact": run.enact, "revert": run.revert}
    with stopped("STOP_HOLD"), run.executor() as connection:
        writes[step](connection)
    assert law.lifecycles()[0] == "enacted"


def test_the_digests_of_the_base_are_the_same_in_the_plan_and_in_the_database(law: SignedCut) -> None:
    run = start_amendment(law, REVISED)
    assert run.plan.amendment is not None
    with run.verifier() as connection:
        assert scalar(connection, "SELECT cutter_console.fn_base_digest('ACME-LAW')") == run.plan.amendment.base_digest


def test_an_enactment_is_one_transaction_that_is_all_or_nothing(drafted: SignedCut) -> None:
    """COMMIT compares the rows once more, whatever happened in the transaction behind the effect."""
    drafted.rule("enact")
    drafted.arm("enact")
    with drafted.database.connect(autocommit=False) as connection:
        drafted.enact(connection)
        connection.execute("SET LOCAL ROLE cutter_owner")
        connection.execute(_version("/DELTA", 1, "lifecycle_status = 'superseded'").encode())
        with pytest.raises(psycopg.Error, match="all or none"):
            connection.commit()


def test_a_manifest_is_read_once_to_be_compared(drafted: SignedCut) -> None:
    """Of a hundred thousand units its digest takes a third as long as all else of the comparison."""
    with drafted.database.connect(autocommit=False) as connection:
        connection.execute("SET track_functions = 'all'")
        connection.execute("SELECT count(*) FROM cutter_console.fn_draft_differences(%s)", (drafted.run_id,))
        calls = "SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'fn_manifest_digest'"
        assert connection.execute(calls).fetchall() == [(1,)]


@pytest.mark.parametrize("units", [3, 5000])
def test_a_count_of_amended_units_is_the_same_in_whatever_way_they_are_looked_up(
    drafted: SignedCut, units: int
) -> None:
    """A large amendment forbids the planner to look up row by row, for this one question."""
    with drafted.database.connect(autocommit=False) as connection:
        connection.execute("ALTER TABLE cutter_governance.manifest_seal DISABLE TRIGGER guard_append_only")
        connection.execute(
            "UPDATE cutter_governance.manifest_seal SET n_units = %s WHERE run_id = %s", (units, drafted.run_id)
        )
        count = "SELECT cutter_console.fn_amended_standing(%s, %s), current_setting('enable_nestloop')"
        cut, enact = (connection.execute(count, (drafted.run_id, purpose)).fetchone() for purpose in ("cut", "enact"))
        (unchanged,) = connection.execute(
            "SELECT count(*) FROM cutter_console.fn_amended_units(%s) WHERE effect = 'unchanged'", (drafted.run_id,)
        ).fetchone() or (None,)
    assert cut == (len(drafted.units), "on")
    assert enact == (unchanged, "on")


@pytest.mark.parametrize(("units", "is_row_by_row"), [(3, True), (1000, True), (5000, False)])
def test_the_units_of_a_large_amendment_are_not_looked_up_row_by_row(
    drafted: SignedCut, units: int, *, is_row_by_row: bool
) -> None:
    with drafted.database.connect(autocommit=False) as connection:
        connection.execute("ALTER TABLE cutter_governance.manifest_seal DISABLE TRIGGER guard_append_only")
        connection.execute(
            "UPDATE cutter_governance.manifest_seal SET n_units = %s WHERE run_id = %s", (units, drafted.run_id)
        )
        plans = list[str]()
        connection.add_notice_handler(lambda notice: plans.append(notice.message_detail or ""))
        connection.execute("SET client_min_messages = log; SET debug_print_plan = on")
        connection.execute("SELECT cutter_console.fn_amended_standing(%s, 'cut')", (drafted.run_id,))
        connection.rollback()
    (plan,) = [plan for plan in plans if ":aggfilter" in plan and "{HASHJOIN" in plan]
    assert ("{NESTLOOP" in plan) is is_row_by_row


def test_the_moment_of_a_later_text_is_the_signed_one(drafted: SignedCut) -> None:
    moment = datetime(2100, 1, 1, tzinfo=UTC)
    drafted.rule("enact", {"in_force_from": f"{moment:%Y-%m-%dT%H:%M:%SZ}"})
    drafted.arm("enact")
    with drafted.executor() as connection:
        drafted.enact(connection)
    query = "SELECT in_force_from, in_force_until FROM cutter_governance.v_document_state ORDER BY state"
    with drafted.verifier() as connection:
        (_, until), (begins, end) = connection.execute(query).fetchall()
    assert (begins, until, end) == (moment, moment, None)
