"""A signal never breaks off a COMMIT, and work in other threads is ended and waited for."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from console.backend.host import signals
from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import RecordKind
from console.backend.model.errors import CutterError
from console.backend.model.states import Family, Phase, Stage
from console.backend.model.view_models import SwitchState
from console.backend.runs import kill_switch
from tests.support.passage import Passage
from tests.support.waiting import until_somebody_waits

At = Callable[[str], Passage]


@pytest.fixture
def listening() -> Iterator[None]:
    """The handlers of a command, and those of before afterwards."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.getsignal(number) for number in numbers}
    signals.end_by_exception()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda one: one.name)
def test_a_signal_ends_the_program_with_its_own_status(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as ended:
        os.kill(os.getpid(), number)
    assert ended.value.code == 128 + number


@pytest.mark.usefixtures("listening")
def test_a_signal_waits_until_the_commit_is_answered() -> None:
    happened: list[str] = []
    with pytest.raises(SystemExit):
        _committing(happened)
    assert happened == ["the outer block ended", "the inner block ended", "committed"]


def _committing(happened: list[str]) -> None:
    with signals.deferred():
        with signals.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            happened.append("the outer block ended")
        happened.append("the inner block ended")
        happened.append("committed")


@pytest.mark.usefixtures("listening")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.end_by_exception()
    os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_work_in_another_thread_is_cancelled_recorded_and_waited_for(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """The console's way to end: its screen is gone, its phase is rolled back, its switch is off."""
    passage = at("armed")
    monkeypatch.setattr(signals._Work, "ending", threading.Event())
    ended: list[CutterError] = []

    def resume() -> None:
        try:
            passage.resume()
        except CutterError as error:
            ended.append(error)

    with passage.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=resume, daemon=True)
        thread.start()
        assert until_somebody_waits(passage, thread) == "cutter_exec"
        assert not signals.wait_for_work(0.0)
        signals.end_soon()
        assert signals.wait_for_work(60.0)
    thread.join(60)
    assert len(ended) == 1
    assert kill_switch.measure_switch(passage.installation).state is SwitchState.OFF
    run = passage.run()
    assert (run.state.stage, run.state.family) == (Stage.AWAITING_CUT_AUTHORIZATION, Family.ACTIVE)
    assert run.interruption is not None
    assert (run.interruption.what, run.interruption.is_settled) == (Phase.CUT_LEG_A, True)
    records = read_journal(passage.installation.root / "runs" / passage.run_id / "journal.jsonl")
    result = next(record for record in reversed(records) if record.kind is RecordKind.RESULT)
    assert (result.phase, result.value("outcome")) == (Phase.CUT_LEG_A, "INCONCLUSIVE")
    assert passage.lifecycles() == []
