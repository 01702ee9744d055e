"""A COMMIT that waits for a synchronous standby is neither cancelled nor believed; stopping waits for no standby."""

import threading
from collections.abc import Callable, Iterator

import pytest

from console.backend.model.errors import CutterError
from console.backend.model.states import Move, Phase, Stage
from console.backend.model.view_models import Progress, SwitchState
from console.backend.postgres import connections
from console.backend.runs import settling
from console.backend.runs.settling import NotKnownYet
from tests.support.passage import UNITS, WAITS_AT_MOST, Passage
from tests.support.standby import wait_for_standbys
from tests.support.waiting import until

At = Callable[[str], Passage]
_WAITS = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'cutter_exec'"


@pytest.fixture
def waiting(at: At, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Passage, Callable[[Progress], None]]]:
    """An armed run, and what lets the standby that nobody is go missing as soon as its cut has been made."""
    passage = at("armed")
    monkeypatch.setattr(connections, "COMMIT_LIMIT_S", 0.5)
    monkeypatch.setattr(settling, "LIMIT_S", 0.2)
    monkeypatch.setattr(settling, "_ASK_S", 1.0)

    def cut(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) == (Phase.CUT_LEG_A, "cutting", UNITS):
            passage.execute(WAITS_AT_MOST.format("200ms"))
            wait_for_standbys(passage, "nobody")

    yield passage, cut
    wait_for_standbys(passage, "")


@pytest.mark.longest
def test_a_commit_that_waits_for_a_standby_is_not_known_until_the_standby_has_it(
    waiting: tuple[Passage, Callable[[Progress], None]],
) -> None:
    passage, cut = waiting
    with pytest.raises(NotKnownYet, match="waits for a synchronous standby"):
        passage.resume(cut)
    # Its session was not ended. A process that wakes, and goes on waiting, waits for nothing in between.
    until(lambda: passage.rows(_WAITS), "the cut's session still waits for the standby")
    run = passage.run()
    assert run.moves == (Move.SETTLE,)
    with pytest.raises(CutterError):
        passage.backend.void(passage.run_id, "it hangs")
    wait_for_standbys(passage, "")
    until(lambda: not passage.rows(_WAITS), "nobody waits for a standby any more")
    settled = passage.backend.settle(passage.run_id)
    assert (settled.state.stage, settled.interruption) == (Stage.CUT_LEG_A_COMMITTED, None)
    assert passage.lifecycles() == ["draft"] * UNITS


def _cut_that_waits(passage: Passage, cut: Callable[[Progress], None]) -> tuple[threading.Thread, list[CutterError]]:
    """A cut in a thread of its own whose COMMIT waits for the standby; what it ends with is in the list."""
    ended: list[CutterError] = []

    def resume() -> None:
        try:
            passage.resume(cut)
        except CutterError as error:
            ended.append(error)

    thread = threading.Thread(target=resume, daemon=True)
    thread.start()
    until(lambda: passage.rows(_WAITS) or not thread.is_alive(), "the cut waits for the standby")
    assert thread.is_alive()
    return thread, ended


def test_a_panic_leaves_that_commit_alone_and_waits_for_no_standby_itself(
    waiting: tuple[Passage, Callable[[Progress], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancel would end the wait and report success: what is acknowledged could be lost at a failover."""
    passage, cut = waiting
    monkeypatch.setattr(connections, "COMMIT_LIMIT_S", 60.0)
    thread, _ = _cut_that_waits(passage, cut)
    held = passage.rows(_WAITS)
    seen = passage.backend.panic("stop")
    assert {step.what: step.done for step in seen.steps} == {
        "HOLD file": True,
        "HOLD in the database": True,
        "running statements": False,
        "lease": True,
    }
    assert "waits for a synchronous standby" in seen.incomplete
    until(lambda: set(held) <= set(passage.rows(_WAITS)), "the cut's session still waits for the standby")
    assert passage.backend.status().switch.state is SwitchState.HOLD
    wait_for_standbys(passage, "")
    thread.join(60)
    assert not thread.is_alive()
    assert passage.lifecycles() == ["draft"] * UNITS


def test_a_commit_that_was_answered_with_a_warning_is_not_believed(
    waiting: tuple[Passage, Callable[[Progress], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody cancels the wait: the server answers COMMIT, and warns that it might not have been replicated."""
    passage, cut = waiting
    monkeypatch.setattr(connections, "COMMIT_LIMIT_S", 60.0)
    thread, ended = _cut_that_waits(passage, cut)
    passage.execute(f"SELECT count(pg_cancel_backend(pid)) FROM ({_WAITS}) w")
    thread.join(60)
    assert [type(error) for error in ended] == [NotKnownYet]
    assert "no synchronous standby confirms it" in ended[0].message
    assert passage.run().moves == (Move.SETTLE,)
    wait_for_standbys(passage, "")
    assert passage.backend.settle(passage.run_id).state.stage is Stage.CUT_LEG_A_COMMITTED
