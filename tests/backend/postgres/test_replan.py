"""A run that has written nothing is planned again; what was signed over its old plan authorises nothing more."""

from collections.abc import Iterator

import psycopg
import pytest

from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.base import base_digest
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, event, start_amendment, stopped, walked
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_amendments import FIRST, first_law

_BASE = "SELECT cutter_console.fn_run_base(%s, %s)"


@pytest.fixture
def law(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """The first text, enacted."""
    for (run,) in walked(request, first_law):
        yield run


def _replan(run: SignedCut) -> None:
    with run.executor() as connection:
        ledger.replan(connection, run.run_id, event())


def _planned_again(run: SignedCut, plan_digest: str) -> None:
    """To the first pause, with another plan of the same text."""
    with run.database.connect() as connection:
        row = connection.execute(
            "SELECT content_digest, n_units, baseline_digest FROM cutter_governance.run WHERE run_id = %s",
            (run.run_id,),
        ).fetchone()
    assert row == (None, None, None)
    tamper(
        run.database,
        f"UPDATE cutter_governance.run SET plan_digest = '{plan_digest}', content_digest = repeat('a', 64), n_units = 3,"
        " baseline_digest = (SELECT baseline_digest FROM cutter_governance.approval LIMIT 1),"
        f" stage = 'awaiting_cut_authorization' WHERE run_id = '{run.run_id}'",
    )


def test_the_whole_plan_is_gone_and_the_run_is_back_at_its_source(cut: SignedCut) -> None:
    _replan(cut)
    with cut.database.connect() as connection:
        row = connection.execute(
            "SELECT stage, family, plan_digest, n_units, source_sha256 IS NOT NULL FROM cutter_governance.run"
            " WHERE run_id = %s",
            (cut.run_id,),
        ).fetchone()
        last = scalar(connection, "SELECT stage FROM cutter_governance.run_event ORDER BY id DESC LIMIT 1")
    assert row == ("source_pinned", "active", None, None, True)
    assert last == "source_pinned"


def test_it_ends_the_lease_of_the_run(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    _replan(cut)
    with cut.database.connect() as connection:
        assert scalar(connection, "SELECT count(*) FROM cutter_governance.v_lease") == 0


def test_a_ruling_over_the_old_plan_arms_nothing_and_writes_nothing(cut: SignedCut) -> None:
    cut.rule()
    _replan(cut)
    with stopped("STOP_EXECUTION_DISABLED"):
        cut.arm()
    _planned_again(cut, "b" * 64)
    cut.arm()
    with stopped("STOP_APPROVAL_INVALID"), cut.executor() as connection:
        cut.apply(connection)
    assert cut.lifecycles() == []


def test_what_is_written_keeps_its_plan(cut: SignedCut) -> None:
    cut.cut()
    with pytest.raises(psycopg.Error, match="cannot be planned again"):
        _replan(cut)


def test_only_the_executor_takes_a_plan_away(cut: SignedCut) -> None:
    with stopped("42501"), cut.verifier() as connection:
        ledger.replan(connection, cut.run_id, event())


@pytest.mark.parametrize(
    "change",
    [
        "plan_digest = repeat('b', 64)",
        "stage = 'source_pinned', plan_digest = NULL",
        "stage = 'marked', plan_digest = NULL, content_digest = NULL, n_units = NULL, baseline_digest = NULL",
    ],
)
def test_a_plan_is_taken_away_whole_or_not_at_all(cut: SignedCut, change: str) -> None:
    """The guard asks for it whoever writes, the owner too."""
    with stopped("CU004"), cut.database.connect() as connection:
        connection.execute(f"UPDATE cutter_governance.run SET {change}".encode())


def test_the_guard_keeps_the_plan_of_what_is_written_whoever_asks(cut: SignedCut) -> None:
    cut.cut()
    with stopped("CU004"), cut.database.connect() as connection:
        connection.execute(
            "UPDATE cutter_governance.run SET stage = 'source_pinned', plan_digest = NULL, content_digest = NULL,"
            " n_units = NULL, baseline_digest = NULL"
        )


def test_an_amendment_that_is_planned_again_is_planned_against_the_law_of_today(law: SignedCut) -> None:
    """Its base goes with its plan: another amendment has become law meanwhile."""
    late = start_amendment(law, FIRST.replace("Third", "Third, late"))
    late.rule()
    start_amendment(law, FIRST.replace("Third", "Third, first"), 201).enacted()
    with late.verifier() as connection:
        old, today = late.plan.amendment, base_digest(connection, law.docprefix)
    assert old is not None
    assert today != old.base_digest
    _replan(late)
    with law.database.connect() as connection:
        query = "SELECT stage, base_digest, plan_digest FROM cutter_governance.run WHERE run_id = %s"
        assert connection.execute(query, (late.run_id,)).fetchone() == ("source_pinned", None, None)
    with late.executor() as connection:
        ledger.advance(connection, late.run_id, Stage.MARKED, event())
    with stopped("STOP_DRIFT"), late.executor() as connection:
        connection.execute(_BASE, (late.run_id, old.base_digest))
    with late.executor() as connection:
        connection.execute(_BASE, (late.run_id, today))
