"""What a server does to a run while it writes: a deadlock, another password, a standby that answers in its place."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError, StopCode
from console.backend.model.states import Phase, Stage
from console.backend.model.view_models import Progress, SwitchState
from tests.support.passage import UNITS, Passage
from tests.support.passwords import asked_for_a_password
from tests.support.standby import answering_instead, follower_of
from tests.support.waiting import until, until_the_executor_is_blocked

At = Callable[[str], Passage]
_WAITS = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


def _when(phase: Phase, act: Callable[[], None]) -> Callable[[Progress], None]:
    """Do it when the phase begins."""

    def on_progress(progress: Progress) -> None:
        if (progress.phase, progress.step) == (phase, "begins"):
            act()

    return on_progress


def _goes_on(passage: Passage) -> None:
    """The switch is off, and by the operator's hand the run comes to its second pause, cut once."""
    assert passage.backend.status().switch.state is SwitchState.OFF
    if passage.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION:
        passage.arm()
    run = passage.resume()
    if run.state.stage is Stage.STRUCTURAL_VERIFIED:
        passage.arm()
        run = passage.resume()
    assert (run.state.stage, run.interruption) == (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, None)
    assert run.journal.startswith("PASS")
    assert passage.lifecycles() == ["draft"] * UNITS


def test_a_cut_that_a_strangers_deadlock_ends_is_rolled_back_and_goes_on_by_hand(at: At) -> None:
    """The stranger takes the tables first and the lock of all writers last; the server ends the cut."""
    passage = at("armed")
    with passage.connect() as blocker, passage.connect() as stranger, ThreadPoolExecutor(1) as pool:
        blocker.execute("BEGIN; LOCK TABLE cutter_governance.manifest_envelope IN EXCLUSIVE MODE")
        # Whoever looks for a deadlock first is ended: here the cut, which begins to wait when the circle is closed.
        stranger.execute("SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE public.unit_version IN EXCLUSIVE MODE")

        def close_the_circle() -> None:
            until_the_executor_is_blocked(passage)
            with ThreadPoolExecutor(1) as other:
                waiting = other.submit(stranger.execute, "SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
                pid = stranger.info.backend_pid
                until(lambda: passage.rows(_WAITS, pid), "the stranger waits for the cut")
                blocker.execute("ROLLBACK")
                waiting.result()

        closed = pool.submit(close_the_circle)
        with pytest.raises(CutterError, match="40P01") as caught:
            passage.resume()
        closed.result()
        stranger.execute("ROLLBACK")
    assert (caught.value.code, caught.value.next_action) == (StopCode.LOCKED, "Do it again.")
    assert passage.lifecycles() == []
    _goes_on(passage)


@pytest.fixture
def password(at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Passage, Path]]:
    """An armed run on a server that asks the executor for a password, and the file that has it."""
    passage, file = at("armed"), tmp_path / "pgpass"
    with asked_for_a_password(passage.cluster, "cutter_exec", "the old one"):
        _known(file, "the old one")
        monkeypatch.setenv("PGPASSFILE", str(file))
        yield passage, file


def _known(file: Path, password: str) -> None:
    file.write_text(f"*:*:*:cutter_exec:{password}\n", encoding="utf-8")
    file.chmod(0o600)


def test_a_password_that_is_changed_in_mid_run_is_named_and_the_run_goes_on_with_the_new_one(
    password: tuple[Passage, Path],
) -> None:
    passage, file = password

    def change() -> None:
        passage.execute("ALTER ROLE cutter_exec PASSWORD 'the new one'")

    with pytest.raises(CutterError, match="password") as caught:
        passage.resume(_when(Phase.CUT_LEG_A, change))
    assert caught.value.code is StopCode.UNREACHABLE
    assert ".pgpass" in caught.value.next_action
    assert "the old one" not in str(caught.value)
    _known(file, "the new one")
    _goes_on(passage)


def test_a_standby_that_answers_in_the_place_of_its_primary_takes_nothing_and_the_run_goes_on_at_the_primary(
    at: At,
) -> None:
    """As behind an address that moves: the next connection leads to a server that only reads."""
    passage = at("armed")
    with follower_of(passage.cluster) as standby, ExitStack() as moved:
        move = _when(Phase.CUT_LEG_A, lambda: moved.enter_context(answering_instead(standby, passage.cluster)))
        with pytest.raises(CutterError) as caught:
            passage.resume(move)
    assert caught.value.code is StopCode.IDENTITY_MISMATCH
    assert "primary" in caught.value.next_action
    _goes_on(passage)
