"""Failover in the middle of a run: effects that the standby has are found, missing ones are reported, nothing continues by itself."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from console.backend.model.errors import CutterError, Held, StopCode
from console.backend.model.states import Family, Move, Stage
from console.backend.model.view_models import SwitchState
from console.backend.runs import settling
from console.backend.runs.settling import NotKnownYet
from console.backend.scratch.cluster import TransientCluster
from tests.support.lost_commit import Lie, lying
from tests.support.passage import UNITS, Passage
from tests.support.standby import follower_of, stop_following, wait_for_standbys

At = Callable[[str], Passage]
_ROLES = {"executor": "cutter_exec", "verifier": "cutter_verify", "monitor": "cutter_ro"}


def _at_the_promoted(passage: Passage, standby: TransientCluster) -> Passage:
    """The same root, whose connections lead to the standby, which is one no more."""
    with closing(psycopg.connect(standby.conninfo(), autocommit=True)) as connection:
        assert connection.execute("SELECT pg_promote()").fetchone() == (True,)
    there = {name: standby.conninfo(passage.database, role) for name, role in _ROLES.items()}
    moved = replace(passage, cluster=standby)
    return moved.settings(database=passage.installation.settings.database.model_copy(update=there))


@contextmanager
def _synchronous(passage: Passage) -> Iterator[None]:
    """COMMITs wait for the standby that follows."""
    wait_for_standbys(passage, "*")
    try:
        yield
    finally:
        wait_for_standbys(passage, "")


def test_what_was_acknowledged_and_not_yet_sent_on_is_missed_at_the_promoted_standby(at: At) -> None:
    """An asynchronous standby may lose what the operator was told; the journal knows, and nothing is done on top of it."""
    passage = at("armed")
    with follower_of(passage.cluster) as standby:
        stop_following(standby)
        assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        there = _at_the_promoted(passage, standby)
        run = there.run()
        assert run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
        assert run.moves == (Move.VOID,)
        assert "acknowledged, and gone from the database: cut_leg_a" in run.journal
        with pytest.raises(Held, match="acknowledged, and gone") as held:
            there.backend.settle(there.run_id)
        assert held.value.code is StopCode.DRIFT
        assert there.backend.status().switch.state is SwitchState.HOLD
        assert there.lifecycles() == []


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_a_commit_that_was_not_answered_is_settled_at_the_promoted_standby(
    at: At, lie: Lie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id of the transaction says nothing there; the run's event does."""
    passage = at("armed")
    with follower_of(passage.cluster) as standby, _synchronous(passage):
        with lying(passage, "cut_leg_a", "cutter_exec", tmp_path, lie), monkeypatch.context() as patch:
            patch.setattr(settling, "LIMIT_S", 0.0)
            patch.setattr(settling, "end_session", lambda *_: "could not be ended")
            with pytest.raises(NotKnownYet):
                passage.resume()
        there = _at_the_promoted(passage, standby)
        is_there = lie is Lie.ANSWER_LOST
        shown = there.run().interruption
        assert shown is not None
        assert shown.database_says.endswith("its event is there" if is_there else "its event is not there")
        settled = there.backend.settle(there.run_id)
        assert settled.state.stage is (Stage.CUT_LEG_A_COMMITTED if is_there else Stage.AWAITING_CUT_AUTHORIZATION)
        assert settled.interruption is None
        assert there.lifecycles() == (["draft"] * UNITS if is_there else [])
        if is_there:
            there.resume()  # Another role reads back what stands there; nothing else is done without the switch.
        with pytest.raises(CutterError) as refused:
            there.arm()
        assert refused.value.code is StopCode.IDENTITY_MISMATCH
        assert there.lifecycles() == (["draft"] * UNITS if is_there else [])
        if is_there:
            assert there.backend.revert(there.run_id, there.run_id).state.family is Family.REVERTED
        else:
            assert there.backend.void(there.run_id, "not there").state.family is Family.VOIDED
