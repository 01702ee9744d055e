"""A draft cut is taken back softly: by the ruling of the cut exactly as it was cut, by a signed revert exactly as it stands."""

from typing import Any

import pytest

from console.backend.model.states import Family
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, counts, event, grown, stopped
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_enactment import extra
from tests.support.sovereign import sovereign, usurper

EXTRA = "ACME-LAW/ONE/EXTRA"
FIRST = "canonical_address = 'ACME-LAW/ONE/ALPHA'"


def _units(run: SignedCut) -> list[tuple[Any, ...]]:
    query = "SELECT canonical_address, lifecycle_status FROM public.information_unit ORDER BY canonical_address"
    with run.verifier() as connection:
        return connection.execute(query.encode()).fetchall()


def _readers(run: SignedCut) -> object:
    with run.verifier() as connection:
        return scalar(connection, "SELECT cutter_console.fn_readers_digest()")


def _baseline(run: SignedCut) -> str:
    assert run.plan.world is not None
    return run.plan.world.baseline_digest


def _try(run: SignedCut, *codes: str) -> None:
    """The switch is armed, and the revert is refused."""
    run.arm("revert")
    with stopped(*codes), run.executor() as connection:
        run.revert(connection)
    run.disarm()


def test_enacted_units_are_never_reverted(cut: SignedCut) -> None:
    cut.enacted()
    with stopped("STOP_EXECUTION_DISABLED"):
        cut.arm("revert")
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.revert(connection)


def test_enacted_units_are_never_reverted_whatever_the_run_says_of_itself(drafted: SignedCut) -> None:
    for status in ("enacted", "retired"):
        tamper(drafted.database, f"UPDATE public.information_unit SET lifecycle_status = '{status}' WHERE {FIRST}")
        _try(drafted, "STOP_INVARIANT_FAILED")
        drafted.rule("revert")
        _try(drafted, "STOP_INVARIANT_FAILED")


def test_the_ruling_of_the_cut_takes_exactly_this_cut_back_once(drafted: SignedCut) -> None:
    drafted.reverted()
    assert _readers(drafted) == _baseline(drafted)
    with drafted.verifier() as connection:
        uses = connection.execute("SELECT purpose FROM cutter_governance.approval_use ORDER BY used_at").fetchall()
        decisions = connection.execute(
            "SELECT verdict, marker, decided_by FROM cutter_governance.review_decision ORDER BY decided_at"
        ).fetchall()
    assert uses == [("cut",), ("revert",)]
    assert decisions[-1] == ("revert", "cut_reverted", [sovereign().fingerprint])
    with stopped("STOP_EXECUTION_DISABLED"):
        drafted.arm("revert")


def test_the_ruling_of_the_cut_takes_back_after_its_own_end_and_after_another_policy(drafted: SignedCut) -> None:
    """What was cut while it was valid can be taken back later: nobody is left with a draft and no way out."""
    tamper(
        drafted.database,
        "INSERT INTO cutter_governance.policy_pin (policy_sha256, policy) VALUES (encode(sha256('{}'), 'hex'), '{}')",
    )
    drafted.reverted()
    assert _readers(drafted) == _baseline(drafted)


def test_a_revert_makes_the_counts_the_baseline_and_leaves_its_event(drafted: SignedCut) -> None:
    drafted.reverted()
    with drafted.verifier() as connection:
        rows: dict[str, int] = dict(
            connection.execute("SELECT table_name, rows FROM cutter_governance.v_baseline").fetchall()
        )
        last = connection.execute(
            "SELECT phase, family FROM cutter_governance.run_event ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert rows == counts(drafted.database)
    assert last == ("revert", "reverted")


def test_the_ruling_of_the_cut_does_not_take_back_what_it_did_not_cut(drafted: SignedCut) -> None:
    tamper(drafted.database, *extra(EXTRA, "'ACME-LAW'"))
    _try(drafted, "STOP_COUNT_MISMATCH")
    assert {status for _, status in _units(drafted)} == {"draft"}


def test_the_ruling_of_the_cut_does_not_take_back_a_part_of_what_it_cut(drafted: SignedCut) -> None:
    tamper(drafted.database, *CHANGED["a unit superseded"])
    _try(drafted, "STOP_COUNT_MISMATCH")


@pytest.mark.parametrize("doc", ["NULL", "'ACME-LAW'"])
def test_a_signed_revert_of_a_run_that_somebody_has_added_to_brings_readers_back(drafted: SignedCut, doc: str) -> None:
    tamper(drafted.database, *extra(EXTRA, doc))
    before = counts(drafted.database)
    drafted.rule("revert")
    drafted.reverted()
    assert _readers(drafted) == _baseline(drafted)
    assert _units(drafted) == sorted(
        (address, "superseded") for address in (*(unit.address for unit in drafted.units), EXTRA)
    )
    assert grown(before, counts(drafted.database)) == {
        "public.iu_lifecycle_log": 4,
        "cutter_governance.review_decision": 1,
        "cutter_governance.decision_backlog_history": 1,
    }
    assert drafted.stage() == "awaiting_lifecycle_authorization/reverted"


def test_a_signed_revert_goes_before_the_ruling_of_the_cut(drafted: SignedCut) -> None:
    digest = drafted.rule("revert")
    drafted.reverted()
    with drafted.verifier() as connection:
        used = scalar(
            connection, "SELECT statement_sha256 FROM cutter_governance.approval_use WHERE purpose = 'revert'"
        )
    assert used == digest


CHANGED = {
    "another body": ("UPDATE public.unit_version SET body = 'Forged.' WHERE title = 'Beta'",),
    "another title": ("UPDATE public.unit_version SET title = 'Forged' WHERE title = 'Beta'",),
    "a unit more": extra(EXTRA, "'ACME-LAW'"),
    "a unit superseded": (f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {FIRST}",),
}


@pytest.mark.parametrize("how", CHANGED)
def test_a_signed_revert_takes_back_what_it_names_and_no_other_drafts(drafted: SignedCut, how: str) -> None:
    drafted.rule("revert")
    tamper(drafted.database, *CHANGED[how])
    _try(drafted, "STOP_DRIFT")


@pytest.mark.parametrize("how", CHANGED)
def test_a_signed_revert_takes_back_whatever_stands_there_once_it_is_named(drafted: SignedCut, how: str) -> None:
    """Drafts that are not what was cut can never be enacted; so there must be a way to take them back."""
    tamper(drafted.database, *CHANGED[how])
    drafted.rule("revert")
    drafted.reverted()
    assert {status for _, status in _units(drafted)} == {"superseded"}
    assert _readers(drafted) == _baseline(drafted)


def test_a_signed_revert_takes_the_rest_back_where_a_unit_is_gone(drafted: SignedCut) -> None:
    tamper(
        drafted.database,
        f"DELETE FROM public.unit_version WHERE unit_id = (SELECT id FROM public.information_unit WHERE {FIRST})",
        f"DELETE FROM public.information_unit WHERE {FIRST}",
    )
    drafted.rule("revert")
    drafted.reverted()
    assert [status for _, status in _units(drafted)] == ["superseded"] * 2
    assert _readers(drafted) == _baseline(drafted)


@pytest.mark.parametrize(
    "changes",
    [
        {"draft_digest": "0" * 64},
        {"n_units": 2},
        {"drafts": {"count": 3, "units": []}},
        {"drafts": None},
        {"kind": "SG_2"},
        {"manifest_digest": "0" * 64},
        {"review_decision_id": "11111111-2222-3333-4444-555555555555"},
    ],
)
def test_a_revert_over_other_drafts_is_no_ruling(drafted: SignedCut, changes: dict[str, object]) -> None:
    with stopped("STOP_DRIFT", "STOP_APPROVAL_INVALID"):
        drafted.rule("revert", changes)


def test_a_revert_that_somebody_else_has_signed_is_no_ruling(drafted: SignedCut) -> None:
    with stopped("STOP_APPROVAL_INVALID"):
        drafted.rule("revert", signer=usurper())


def test_no_revert_is_signed_after_the_revert(drafted: SignedCut) -> None:
    drafted.reverted()
    with stopped("STOP_APPROVAL_USED", "STOP_DRIFT"):
        drafted.rule("revert")


def test_a_signed_revert_does_not_enact_and_sg_2_does_not_revert(drafted: SignedCut) -> None:
    drafted.rule("revert")
    with stopped("STOP_APPROVAL_REQUIRED"):
        drafted.arm("enact")
    drafted.rule("enact")
    drafted.arm("enact")
    with stopped("STOP_EXECUTION_DISABLED"), drafted.executor() as connection:
        drafted.revert(connection)


@pytest.mark.parametrize("family", [Family.STOPPED, Family.FAILED])
def test_a_run_that_left_the_way_is_reverted_all_the_same(drafted: SignedCut, family: Family) -> None:
    with drafted.executor() as connection:
        ledger.leave(connection, drafted.run_id, family, "by_hand", event())
    drafted.reverted()
    assert drafted.lifecycles() == ["superseded"] * 3


def test_a_cut_is_reverted_from_whatever_stage_it_has_reached(cut: SignedCut) -> None:
    cut.cut()
    cut.reverted()
    assert (cut.stage(), cut.lifecycles()) == ("cut_leg_a_committed/reverted", ["superseded"] * 3)


def test_what_a_revert_must_come_to_is_known_before(drafted: SignedCut) -> None:
    tamper(drafted.database, *extra(EXTRA))
    with drafted.verifier() as connection:
        assert scalar(connection, "SELECT cutter_console.fn_revert_digest(%s)", drafted.run_id) == (_baseline(drafted))
