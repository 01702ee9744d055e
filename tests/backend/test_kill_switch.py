"""The switch is off unless armed; stopping needs no authority, starting needs everything (design section 8)."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from console.backend import kill_switch
from console.backend.errors import CutterError, Held, Refused, StopCode
from console.backend.kill_switch import require_no_hold
from console.backend.runs.states import Family, Phase
from console.backend.views import Progress, SwitchState
from tests.conftest import as_ordinary_user
from tests.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]
NOWHERE = {"executor": "host=/nonexistent dbname=x", "monitor": "host=/nonexistent dbname=x"}


def _without_database(passage: Passage) -> Passage:
    return passage.settings(database=passage.site.settings.database.model_copy(update=NOWHERE))


def test_an_armed_switch_says_for_which_run_by_whom_and_until_when(at: At) -> None:
    passage = at("SG_1 imported")
    switch = passage.backend.arm(passage.run_id, passage.run_id)
    assert (switch.state, switch.run_id, switch.purpose) == (SwitchState.ARMED, passage.run_id, "cut")
    assert switch.by == "tester on host"
    assert switch.since is not None
    assert switch.expires_at is not None
    assert 14 * 60 < (switch.expires_at - switch.since).total_seconds() <= 15 * 60


def test_incident_24_disarming_is_read_back(at: At) -> None:
    """Incident 24: closing is read back and attested."""
    passage = at("SG_1 imported")
    passage.arm()
    assert passage.backend.disarm().state is SwitchState.OFF
    rows = passage.rows("SELECT end_reason FROM cutter_governance.execution_lease")
    assert rows == [("disarmed by tester",)]
    assert passage.backend.disarm().state is SwitchState.OFF


def test_a_switch_that_cannot_be_read_is_unreadable_and_nothing_can_be_armed(at: At) -> None:
    passage = _without_database(at("SG_1 imported"))
    assert kill_switch.measure_switch(passage.site).state is SwitchState.UNREADABLE
    with pytest.raises(CutterError):
        passage.arm()


def test_a_hold_file_that_cannot_be_read_is_a_hold(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made it and closed it meant something to stop."""
    passage = at("SG_1 imported")
    passage.site.hold_file.touch(0o000)
    if os.geteuid() == 0:  # Root reads it all the same.
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(passage.site.hold_file))
        monkeypatch.setattr(kill_switch, "read_regular", Mock(side_effect=denied))

    switch = kill_switch.measure_switch(passage.site)

    assert (switch.state, switch.reason) == (SwitchState.HOLD, "what is there cannot be read: Permission denied")


def test_a_root_that_cannot_be_looked_into_for_a_hold_file_is_not_off(at: At) -> None:
    passage = at("SG_1 imported")
    passage.site.root.chmod(0o000)
    try:
        with as_ordinary_user():
            assert kill_switch.measure_switch(passage.site).state is SwitchState.UNREADABLE
            with pytest.raises(Held, match="cannot be told"):
                require_no_hold(passage.site)
    finally:
        passage.site.root.chmod(0o750)


def test_incident_23_a_hold_file_made_by_hand_is_a_hold_that_says_what_clears_it(at: At) -> None:
    """Incident 23: flag files nobody understood; every wait shows why, since when, set by whom, what clears it."""
    passage = at("SG_1 imported")
    passage.site.hold_file.touch()
    switch = passage.backend.status().switch
    assert (switch.state, switch.by, switch.reason) == (SwitchState.HOLD, "a file made by hand", "no reason given")
    assert switch.since is not None
    assert "hold release" in switch.clears_with
    for attempt in (passage.arm, passage.resume, lambda: passage.backend.start(REQUEST, silent)):
        with pytest.raises(Held):
            attempt()


def test_a_panic_holds_in_file_and_database_and_ends_the_lease(at: At) -> None:
    passage = at("SG_1 imported")
    passage.arm()
    switch = passage.backend.panic("something is wrong")
    assert (switch.state, switch.reason, switch.by) == (SwitchState.HOLD, "something is wrong", "tester")
    assert passage.rows("SELECT action, reason FROM cutter_governance.hold_event") == [("set", "something is wrong")]
    assert passage.rows("SELECT end_reason FROM cutter_governance.execution_lease") == [("a HOLD was set",)]


def test_a_panic_works_without_the_database(at: At) -> None:
    passage = at("SG_1 imported")
    assert _without_database(passage).backend.panic("").state is SwitchState.HOLD
    with pytest.raises(Held):
        passage.arm()


def test_a_panic_works_without_a_reason_and_from_a_read_only_console(at: At) -> None:
    passage = at("SG_1 imported")
    passage.arm()
    reader = type(passage.backend)(passage.site, read_only=True)
    assert reader.panic("").reason == "panic, no reason given"


def test_a_panic_works_without_the_root(at: At) -> None:
    passage = at("SG_1 imported")
    passage.site.hold_file.mkdir()
    passage.backend.panic("the disk is broken")
    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]


def test_a_panic_that_can_be_set_nowhere_says_so_and_how_to_do_it_by_hand(at: At) -> None:
    passage = _without_database(at("SG_1 imported"))
    passage.site.hold_file.mkdir()
    with pytest.raises(Held, match="could be set nowhere") as caught:
        passage.backend.panic("stop")
    assert str(passage.site.hold_file) in caught.value.next_action


def test_a_panic_cancels_the_running_statement_and_nothing_of_the_phase_is_left(at: At) -> None:
    passage = at("SG_1 imported")
    passage.arm()
    blocker = passage.connect()
    blocker.execute("BEGIN")
    blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
    panicked = threading.Thread(target=_panic_when_blocked, args=(passage,))

    def go(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.CUT_LEG_A, "begins"):
            panicked.start()

    with pytest.raises(CutterError) as caught:
        passage.resume(go)
    panicked.join(20)
    blocker.close()
    assert caught.value.code in {StopCode.PANIC, StopCode.HOLD}
    assert passage.lifecycles() == []
    assert passage.run().state.family is Family.STOPPED
    assert passage.backend.status().switch.state is SwitchState.HOLD


def _panic_when_blocked(passage: Passage) -> None:
    query = "SELECT 1 FROM pg_stat_activity WHERE usename = 'cutter_exec' AND cardinality(pg_blocking_pids(pid)) > 0"
    with passage.connect() as watcher:
        while not watcher.execute(query).fetchall():
            pass
    passage.backend.panic("stop at once")


@pytest.mark.parametrize("phase", [Phase.CUT_LEG_A, Phase.STRUCTURAL_VERIFY, Phase.LEG_B_RECORD])
def test_a_hold_file_that_appears_in_mid_run_stops_it_before_the_next_phase(at: At, phase: Phase) -> None:
    passage = at("SG_1 imported")
    passage.arm()

    def touch(progress: Progress) -> None:
        if progress.phase is phase and progress.step.startswith("PASS"):
            passage.site.hold_file.touch()

    with pytest.raises(Held):
        passage.resume(touch)
    run = passage.run()
    done = [shown.phase for shown in run.phases if shown.outcome.value == "PASS"]
    assert done[-1] is phase
    assert run.interruption is None
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease WHERE ended_at IS NULL") == [(0,)]


def test_a_hold_is_released_by_the_typed_word_alone_and_the_switch_stays_off(at: At) -> None:
    passage = at("SG_1 imported")
    passage.backend.panic("stop")
    for typed in ("", "release", "yes", "RELEASE "):
        with pytest.raises(Refused):
            passage.backend.release_hold(typed)
    assert passage.backend.release_hold("RELEASE").state is SwitchState.OFF
    assert passage.rows("SELECT action, by FROM cutter_governance.hold_event ORDER BY id") == [
        ("set", "tester"),
        ("release", "tester"),
    ]
    assert not passage.site.hold_file.exists()


def test_a_hold_does_not_stop_a_revert_from_being_refused_nor_the_record_from_being_read(at: At) -> None:
    passage = at("waits for SG_2")
    passage.backend.panic("stop")
    with pytest.raises(Held):
        passage.backend.revert(passage.run_id, passage.run_id)
    assert passage.run().run_id == passage.run_id
    assert passage.backend.status().waiting[0].what == "HOLD: stop"


def _endless(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 40)


_ODD_HOLDS: dict[str, Callable[[Path], object]] = {
    "a directory": lambda path: path.mkdir(),
    "a FIFO": os.mkfifo,
    "a link into nowhere": lambda path: path.symlink_to("/nonexistent/hold"),
    "a file without an end": _endless,
}


@pytest.mark.parametrize("how", _ODD_HOLDS)
def test_whatever_lies_at_the_holds_place_stops_everything(at: At, how: str) -> None:
    passage = at("SG_1 imported")
    _ODD_HOLDS[how](passage.site.hold_file)

    assert passage.backend.status().switch.state is SwitchState.HOLD
    with pytest.raises(Held):
        require_no_hold(passage.site)
    with pytest.raises(Held):
        passage.arm()


def test_a_panic_does_not_wait_at_a_fifo(at: At) -> None:
    passage = at("SG_1 imported")
    os.mkfifo(passage.site.hold_file)

    passage.backend.panic("look")

    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]


def test_a_hold_that_cannot_be_taken_away_stays_and_says_so(at: At) -> None:
    passage = at("SG_1 imported")
    passage.site.hold_file.mkdir()

    with pytest.raises(Held, match="the HOLD stays") as caught:
        passage.backend.release_hold("RELEASE")

    assert str(passage.site.hold_file) in caught.value.next_action
    assert passage.backend.status().switch.state is SwitchState.HOLD
