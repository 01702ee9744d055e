"""The switch is off unless armed; stopping needs no authority, starting needs everything."""

import errno
import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.backend.model.errors import CutterError, Held, Refused, StopCode
from console.backend.model.reasons import MOST_CHARACTERS
from console.backend.model.states import Family, Mode, Phase
from console.backend.model.view_models import Progress, SwitchState
from console.backend.runs import kill_switch
from console.backend.runs.kill_switch import require_no_hold, stop_under_hold
from console.backend.service import BackendService
from tests.conftest import as_ordinary_user
from tests.support.batch import BatchSite, quiet
from tests.support.passage import REQUEST, Kept, Passage, silent

At = Callable[[str], Passage]


def test_an_armed_switch_says_for_which_run_by_whom_and_until_when(at: At) -> None:
    passage = at("SG_1 imported")
    switch = passage.backend.arm(passage.run_id, passage.run_id)
    assert (switch.state, switch.run_id, switch.purpose) == (SwitchState.ARMED, passage.run_id, "cut")
    assert switch.by == "tester on host"
    assert switch.since is not None
    assert switch.expires_at is not None
    assert 14 * 60 < (switch.expires_at - switch.since).total_seconds() <= 15 * 60


def test_disarming_is_read_back(at: At) -> None:
    """Closing is read back and attested."""
    passage = at("armed")
    assert passage.backend.disarm().state is SwitchState.OFF
    rows = passage.rows("SELECT end_reason FROM cutter_governance.execution_lease")
    assert rows == [("disarmed by tester",)]
    assert passage.backend.disarm().state is SwitchState.OFF


def test_a_disarm_is_not_done_while_another_session_has_the_lease_locked(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("armed")
    monkeypatch.setattr(kill_switch, "_PAUSE_S", 0.0)

    with passage.connect() as stranger, stranger.transaction():
        stranger.execute("SELECT 1 FROM cutter_governance.execution_lease FOR UPDATE")
        with pytest.raises(Refused, match=f"still armed for run {passage.run_id}") as caught:
            passage.backend.disarm()
        assert caught.value.code is StopCode.LOCKED
        assert "cutter-console disarm" in caught.value.next_action
        assert passage.backend.status().switch.state is SwitchState.ARMED

    assert passage.backend.disarm().state is SwitchState.OFF


def test_a_disarm_finds_the_lease_that_another_session_lets_go(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("armed")
    stranger = passage.connect()
    stranger.execute("BEGIN")
    stranger.execute("SELECT 1 FROM cutter_governance.execution_lease FOR UPDATE")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        if seconds:
            waits.append(seconds)
            stranger.execute("ROLLBACK")

    monkeypatch.setattr(kill_switch, "time", SimpleNamespace(sleep=sleep))
    with stranger:
        assert passage.backend.disarm().state is SwitchState.OFF
    assert len(waits) == 1


def test_a_switch_that_cannot_be_read_is_unreadable_and_nothing_can_be_armed(at: At) -> None:
    passage = at("SG_1 imported").without_database()
    assert kill_switch.measure_switch(passage.installation).state is SwitchState.UNREADABLE
    with pytest.raises(CutterError):
        passage.arm()


def test_a_hold_file_that_cannot_be_read_is_a_hold(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made it and closed it meant something to stop."""
    passage = at("SG_1 imported")
    passage.installation.hold_file.touch(0o000)
    if os.geteuid() == 0:  # Root reads it all the same.
        place, open_any = passage.installation.hold_file, os.open

        def open_but_this(path: str | Path, *how: int, **more: int) -> int:
            if path == place:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
            return open_any(path, *how, **more)

        monkeypatch.setattr(os, "open", open_but_this)

    switch = kill_switch.measure_switch(passage.installation)

    why = f"what is there cannot be read: {passage.installation.hold_file}: Permission denied"
    assert (switch.state, switch.reason) == (SwitchState.HOLD, why)


def test_a_root_that_cannot_be_looked_into_for_a_hold_file_is_not_off(at: At) -> None:
    passage = at("SG_1 imported")
    passage.installation.root.chmod(0o000)
    try:
        with as_ordinary_user():
            assert kill_switch.measure_switch(passage.installation).state is SwitchState.UNREADABLE
            with pytest.raises(Held, match="is not known"):
                require_no_hold(passage.installation)
    finally:
        passage.installation.root.chmod(0o750)


def test_a_hold_file_made_by_hand_is_a_hold_that_says_what_clears_it(at: At) -> None:
    """Flag files nobody understood; every wait shows why, since when, set by whom, what clears it."""
    passage = at("SG_1 imported")
    passage.installation.hold_file.touch()
    switch = passage.backend.status().switch
    assert (switch.state, switch.by, switch.reason) == (SwitchState.HOLD, "a file made by hand", "no reason given")
    assert switch.since is not None
    assert "hold release" in switch.clears_with
    for attempt in (passage.arm, passage.resume, lambda: passage.backend.start(REQUEST, silent)):
        with pytest.raises(Held):
            attempt()


@pytest.mark.parametrize("mode", list(Mode))
def test_under_a_hold_no_run_begins(at: At, mode: Mode) -> None:
    """Neither its directory, nor its row, nor a dry run, which no phase of a run keeps from going on."""
    passage = at("fresh")
    passage.installation.hold_file.touch()
    runs = "SELECT count(*) FROM cutter_governance.run"
    before = (sorted((passage.installation.root / "runs").iterdir()), passage.rows(runs))
    with pytest.raises(Held):
        passage.backend.start(REQUEST.model_copy(update={"mode": mode}), silent)
    assert (sorted((passage.installation.root / "runs").iterdir()), passage.rows(runs)) == before


def test_what_is_armed_already_is_not_called_so_under_a_hold_file(at: At) -> None:
    """The database, whose lease is open, knows nothing of a file."""
    passage = at("armed")
    assert "already" in passage.backend.arm(passage.run_id, passage.run_id).note
    passage.installation.hold_file.touch()
    with pytest.raises(Held):
        passage.backend.arm(passage.run_id, passage.run_id)


@pytest.mark.parametrize("phase", [Phase.CUT_LEG_A, Phase.STRUCTURAL_VERIFY, Phase.LEG_B_RECORD])
def test_a_hold_file_that_appears_in_mid_run_stops_it_before_the_next_phase(at: At, phase: Phase) -> None:
    passage = at("SG_1 imported")
    _stops_behind(passage, phase, passage.installation.hold_file.touch)


def test_a_hold_that_is_set_in_the_database_in_mid_run_stops_it_before_the_next_phase(at: At) -> None:
    """It is read together with the state of the run, after each phase."""
    passage = at("SG_1 imported")
    _stops_behind(
        passage, Phase.CUT_LEG_A, lambda: passage.execute("SELECT cutter_console.fn_hold_set('stop', 'somebody', NULL)")
    )


def _stops_behind(passage: Passage, phase: Phase, hold: Callable[[], object]) -> None:
    passage.arm()
    seen: list[Phase | None] = []

    def at_its_end(progress: Progress) -> None:
        seen.append(progress.phase)
        if progress.phase is phase and progress.step.startswith("PASS"):
            hold()

    with pytest.raises(Held):
        passage.resume(at_its_end)
    assert seen[-1] is phase, "the next one has begun"
    run = passage.run()
    done = [shown.phase for shown in run.phases if shown.outcome.value == "PASS"]
    assert done[-1] is phase
    assert run.interruption is None
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease WHERE ended_at IS NULL") == [(0,)]


def test_a_hold_does_not_stop_a_revert_from_being_refused_nor_the_record_from_being_read(at: At) -> None:
    passage = at("waits for SG_2")
    passage.backend.panic("stop")
    with pytest.raises(Held):
        passage.backend.revert(passage.run_id, passage.run_id)
    assert passage.run().run_id == passage.run_id
    assert passage.backend.status().waiting[0].what == "HOLD: stop"


_OF_A_RUN: dict[str, Callable[[BackendService, str], object]] = {
    "resume": lambda backend, run_id: backend.resume(run_id, silent),
    "replan": lambda backend, run_id: backend.replan(run_id, silent),
    "arm": lambda backend, run_id: backend.arm(run_id, run_id),
    "enact": lambda backend, run_id: backend.enact(run_id, run_id, silent),
    "revert": lambda backend, run_id: backend.revert(run_id, run_id),
    "apply_edit": lambda backend, run_id: backend.apply_edit(run_id, run_id),
}
_OF_A_BATCH: dict[str, Callable[[BackendService, str], object]] = {
    "resume": lambda backend, batch_id: backend.resume_batch(batch_id, None, quiet, silent),
    "set aside": lambda backend, batch_id: backend.set_aside(batch_id),
    "arm": lambda backend, batch_id: backend.arm_batch(batch_id, batch_id),
    "enact": lambda backend, batch_id: backend.enact_batch(batch_id, batch_id, quiet, silent),
}


def test_what_a_hold_refuses_is_refused_before_anything_else(at: At, kept: Kept) -> None:
    """Whatever the state of the run, or of the batch: the screens name each of these for after the release (under_hold.py)."""
    site = BatchSite.waiting(at, kept, 3)
    backend, batch = site.passage.backend, site.newest()
    backend.panic("stop")
    run_id = batch.members[0].run_id
    calls = [*((move, call, run_id) for move, call in _OF_A_RUN.items())]
    calls += [(move, call, batch.batch_id) for move, call in _OF_A_BATCH.items()]
    codes = {}
    for move, call, wanted in calls:
        with pytest.raises(Held) as caught:
            call(backend, wanted)
        codes[move, wanted] = caught.value.code
    assert set(codes.values()) == {StopCode.HOLD}
    assert len(codes) == 10
    assert site.newest().standing == batch.standing


def test_a_hold_keeps_no_run_from_being_ruled_on_settled_or_voided(at: At) -> None:
    passage = at("waits for SG_1")
    backend, run_id = passage.backend, passage.run_id
    backend.panic("stop")
    assert backend.draft_statement(run_id).run_id == run_id
    assert backend.settle(run_id).run_id == run_id
    assert backend.void(run_id, "a test").state.family is Family.VOIDED


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
    _ODD_HOLDS[how](passage.installation.hold_file)

    assert passage.backend.status().switch.state is SwitchState.HOLD
    with pytest.raises(Held):
        require_no_hold(passage.installation)
    with pytest.raises(Held):
        passage.arm()


# What lies at the HOLD's place: nothing is written through it, nothing is read through it.


def _victim(passage: Passage) -> Path:
    victim = passage.installation.root.parent / "victim"
    victim.write_text("first line, not for everybody\nmore\n", encoding="ascii")
    return victim


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_panic_does_not_write_through_a_planted_link(at: At, link: Callable[[Path, Path], None]) -> None:
    """It truncated what the link led to; the link is a HOLD as it is."""
    passage = at("SG_1 imported")
    victim = _victim(passage)
    before = victim.read_bytes(), victim.stat().st_mtime_ns
    link(victim, passage.installation.hold_file)
    switch = passage.backend.panic("look")
    assert (victim.read_bytes(), victim.stat().st_mtime_ns) == before
    assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, True, True)
    assert "its file was not written" in switch.incomplete
    assert "stops this host's consoles all the same" in switch.incomplete
    assert switch.complete_with == f"ls -la {passage.installation.hold_file}"
    assert passage.rows("SELECT reason FROM cutter_governance.v_hold") == [("look",)]


def test_what_completes_a_panic_below_a_root_that_is_not_there_makes_the_root(at: At, tmp_path: Path) -> None:
    """`ls -la` of a file that could not be there was named, which completes nothing."""
    passage = at("SG_1 imported")
    installation = passage.installation
    typo = passage.with_site(replace(installation, context=replace(installation.context, root=tmp_path / "typo")))
    switch = typo.backend.panic("look")
    assert (switch.in_file, switch.in_database) == (False, True)
    assert switch.complete_with == "cutter-console init && cutter-console panic --reason look"


def test_what_a_link_leads_to_is_not_shown(at: At) -> None:
    """As root the first line of any file would have stood on every screen."""
    passage = at("SG_1 imported")
    passage.installation.hold_file.symlink_to(_victim(passage))
    switch = passage.backend.status().switch
    assert switch.state is SwitchState.HOLD
    assert "is a symbolic link" in switch.reason
    assert "not for everybody" not in switch.model_dump_json()


@pytest.mark.parametrize(
    "plant",
    [
        lambda path: path.symlink_to(path.parent),
        lambda path: path.symlink_to("/nonexistent/hold"),
        lambda path: path.symlink_to(path),
        os.mkfifo,
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["link to a directory", "link to nowhere", "link to itself", "FIFO", "directory", "link to a device"],
)
def test_whatever_is_planted_stays_and_the_database_has_the_hold(at: At, plant: Callable[[Path], object]) -> None:
    """Panic says which half it could not set, and nothing else is made by it."""
    passage = at("SG_1 imported")
    plant(passage.installation.hold_file)
    names = sorted(path.name for path in passage.installation.root.iterdir())
    switch = passage.backend.panic("look")
    assert (switch.state, switch.in_database) == (SwitchState.HOLD, True)
    assert "its file was not written" in switch.incomplete
    assert sorted(path.name for path in passage.installation.root.iterdir()) == names
    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]


def test_a_reader_at_a_fifo_is_sent_nothing(at: At) -> None:
    """With a reader on the other end a FIFO opens for writing."""
    passage = at("SG_1 imported")
    os.mkfifo(passage.installation.hold_file)
    reader = os.open(passage.installation.hold_file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert passage.backend.panic("look").incomplete
        assert os.read(reader, 100) == b""
    finally:
        os.close(reader)


def test_of_a_large_hold_file_the_beginning_is_read(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 MB of reason stopped status."""
    passage = at("SG_1 imported")
    with passage.installation.hold_file.open("wb") as stream:
        for _ in range(100):
            stream.write(b"r" * 1_000_000)
    asked: list[int] = []
    read = os.read

    def bounded(descriptor: int, size: int) -> bytes:
        asked.append(size)
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", bounded)
    switch = passage.backend.status().switch
    assert switch.state is SwitchState.HOLD
    assert len(switch.reason) == MOST_CHARACTERS
    assert max(asked) <= 4096


# Reasons.

SECRETS = {
    "password": "password=hunter2hunter2",
    "url": "postgres://root:hunter2hunter2@db/rules",
    "token": "bearer hunter2hunter2",
    "key": "-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----",
    "key without an end": "-----BEGIN PRIVATE KEY-----\n" + "hunter2hunter2\n" * 300,
    "behind a long text": "a" * 480 + " password=hunter2hunter2",
    "cut in two": "a " * 230 + "postgres://root:" + "hunter2hunter2" * 500 + "@db",
    "beyond what is kept": "postgres://root:" + "hunter2hunter2" * 10_000,
}


@pytest.mark.parametrize("how", SECRETS)
def test_a_reason_is_redacted_before_it_is_stored_anywhere(at: At, how: str) -> None:
    """It was redacted on the screen and stood in clear in the file and the database."""
    passage = at("armed")
    switch = passage.backend.panic(f"I typed {SECRETS[how]}")
    assert switch.state is SwitchState.HOLD
    stores = [
        switch.model_dump_json(),
        passage.backend.status().model_dump_json(),
        passage.installation.hold_file.read_text(encoding="utf-8"),
        *(str(row) for row in passage.rows("SELECT t::text FROM cutter_governance.hold_event t")),
        *(str(row) for row in passage.rows("SELECT t::text FROM cutter_governance.execution_lease t")),
        *(path.read_text(encoding="utf-8", errors="replace") for path in passage.installation.root.rglob("*.jsonl")),
    ]
    assert [store for store in stores if "hunter2" in store] == []
    assert passage.rows("SELECT max(length(reason)) <= 500 FROM cutter_governance.hold_event") == [(True,)]


def test_a_secret_in_a_file_made_by_hand_is_not_shown(at: At) -> None:
    """Nor one that an earlier version stored."""
    passage = at("SG_1 imported")
    passage.installation.hold_file.write_text("password=hunter2hunter2\npassword=hunter2hunter2\n", encoding="ascii")
    assert "hunter2" not in passage.backend.status().model_dump_json()
    passage.installation.hold_file.unlink()
    passage.execute("SELECT cutter_console.fn_hold_set('password=hunter2hunter2', 'x', NULL)")
    assert "hunter2" not in passage.backend.status().model_dump_json()


@pytest.mark.parametrize("length", [501, 5_000, 100_000_000])
def test_panic_cuts_a_long_reason_and_says_so(at: At, length: int) -> None:
    """Stopping needs no authority and is not refused; 100 MB are not stored."""
    passage = at("SG_1 imported")
    switch = passage.backend.panic("r" * length)
    assert (switch.state, switch.incomplete) == (SwitchState.HOLD, "")
    assert switch.note == "the reason was cut to 500 characters"
    assert len(switch.reason) <= 500
    assert passage.installation.hold_file.stat().st_size <= 4 * 500 + 200
    assert passage.backend.status().switch.note == ""


def test_a_reason_of_500_characters_is_kept_whole_whatever_they_are(at: At) -> None:
    passage = at("SG_1 imported")
    reason = "Đ" * 500
    switch = passage.backend.panic(reason)
    assert (switch.reason, switch.note) == (reason, "")
    assert passage.rows("SELECT reason FROM cutter_governance.v_hold") == [(reason,)]


def test_a_void_with_a_long_reason_is_refused(at: At) -> None:
    """Of what can wait a person is asked for a shorter text, and nothing happens."""
    passage = at("waits for SG_1")
    before = passage.run().state
    with pytest.raises(Refused, match="501 characters; a reason has 500 at most") as caught:
        passage.backend.void(passage.run_id, "r" * 501)
    assert caught.value.code is StopCode.REFUSED_INPUT
    assert f"cutter-console run void {passage.run_id} --reason TEXT" in caught.value.next_action
    assert passage.run().state == before
    assert passage.backend.void(passage.run_id, "r" * 500).state.family is Family.VOIDED


# A HOLD in one place alone.


def test_a_hold_that_only_a_file_sets_is_told_with_what_makes_it_whole(at: At) -> None:
    """Psql and other hosts do not know the file; the command that is named keeps the reason."""
    passage = at("SG_1 imported")
    passage.installation.hold_file.write_text("it's odd; look\nanna\n", encoding="ascii")
    status = passage.backend.status()
    for switch in (status.switch, kill_switch.measure_switch(passage.installation)):
        assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, True, False)
        assert "the database has no HOLD" in switch.incomplete
    assert [wait.next_action for wait in status.waiting][:2] == [switch.clears_with, switch.complete_with]
    words = shlex.split(switch.complete_with)
    assert words[:3] == ["cutter-console", "panic", "--reason"]
    whole = passage.backend.panic(words[3])
    assert (whole.reason, whole.in_file, whole.in_database, whole.incomplete) == ("it's odd; look", True, True, "")
    assert passage.backend.status().switch.incomplete == ""
    assert passage.rows("SELECT reason FROM cutter_governance.v_hold") == [("it's odd; look",)]


def test_a_hold_in_the_database_alone_is_whole(at: At) -> None:
    passage = at("SG_1 imported")
    passage.execute("SELECT cutter_console.fn_hold_set('a reason', 'anna', NULL)")
    switch = passage.backend.status().switch
    assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, False, True)
    assert switch.incomplete == ""


def test_a_hold_file_beside_a_database_that_does_not_answer_is_told(at: At) -> None:
    passage = at("SG_1 imported")
    passage.installation.hold_file.touch()
    switch = passage.without_database().backend.status().switch
    assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, True, None)
    assert "whether the database has a HOLD is not known" in switch.incomplete


def test_what_was_found_is_held_by_the_file_where_the_database_is_away(at: At, tmp_path: Path) -> None:
    """One of the two is enough, and nothing is said to be missing that the operator must do."""
    passage = at("SG_1 imported")
    away = passage.installation.settings.database.model_copy(update={"executor": f"host={tmp_path} user=x dbname=x"})
    with pytest.raises(Held) as held:
        kill_switch.stop_under_hold(
            passage.settings(database=away).installation, StopCode.DRIFT, "other rows", passage.run_id
        )
    assert held.value.message == "other rows"
    assert passage.backend.status().switch.state is SwitchState.HOLD


def test_a_hold_file_whose_disk_answers_with_an_error_is_a_hold(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("fresh")
    passage.installation.hold_file.write_text("stop\n")

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("console.backend.runs.kill_switch.os.read", broken)
        seen = kill_switch.hold_in_file(passage.installation)
    assert seen is not None
    assert (seen.state, seen.reason) == (SwitchState.HOLD, "what is there cannot be read: Input/output error")


def test_what_was_found_is_told_with_a_hold_that_could_be_set_nowhere(at: At) -> None:
    """Otherwise a person would look for a HOLD to release while nothing stops anything."""
    passage = at("SG_1 imported")
    with pytest.raises(Held, match=r"readers see something else$"):
        stop_under_hold(passage.installation, StopCode.INVARIANT_FAILED, "readers see something else", passage.run_id)
    assert passage.backend.release_hold("RELEASE").state is SwitchState.OFF
    nowhere = passage.without_database().installation
    gone = replace(nowhere, context=replace(nowhere.context, root=nowhere.root / "gone"))
    with pytest.raises(Held, match="NO HOLD could be set") as caught:
        stop_under_hold(gone, StopCode.INVARIANT_FAILED, "readers see something else", passage.run_id)
    assert caught.value.next_action.startswith("Stop everything: cutter-console panic --reason ")
