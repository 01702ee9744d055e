"""Recordings: what was measured is what is shown later, a file that others have changed is named, and none grows without end."""

import json
import os
import random
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.host.recording_file import TURNS_AT, RecordingFile, read_lines
from console.backend.host.regular_file import MOST_BYTES
from console.backend.model.errors import Refused, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Board
from console.backend.model.recording import line_of, parse_recording
from console.backend.model.view_models import Status
from console.backend.recording import UNCHANGED_FOR, Recorder, Replay, open_recording, recorded
from tests.support.fake_gates import board
from tests.support.fakes import ARMED, HOLD, NOW, OFF, FakeBackend, as_backend
from tests.support.passage import Passage, Stages

AT_REST = FakeBackend(switch=OFF).status()
GREEN = board(NOW, {})
LATER = timedelta(seconds=10)


def at(seconds: int, status: Status = AT_REST) -> Status:
    """The status, measured so many seconds later."""
    return status.model_copy(update={"measured_at": NOW + timedelta(seconds=seconds)})


def replay_of(*answers: Status | Board) -> Replay:
    """A recording of these answers, at its last moment."""
    return Replay(parse_recording("a test", [line_of(answer) for answer in answers]))


def test_what_a_real_backend_measured_is_what_the_recording_shows(stages_of_a_run: Stages, tmp_path: Path) -> None:
    passage: Passage = stages_of_a_run.at("waits for SG_2")
    recorder = Recorder(tmp_path / "day.jsonl")
    backend = recorded(passage.backend, recorder)

    status, gates = backend.status(), backend.gates(("G0", "G2"))
    runs = backend.runs()
    recorder.close()

    replay = Replay(open_recording(tmp_path / "day.jsonl"))
    assert (replay.status(), replay.gates()) == (status, gates)
    assert replay.unread == ()
    assert runs == passage.backend.runs()


def test_a_recording_has_each_change_and_else_a_line_a_minute(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl")
    armed = FakeBackend(switch=ARMED).status()

    for status in (at(0), at(10), at(20, armed), at(30, armed), at(40), at(50), at(40 + UNCHANGED_FOR.seconds)):
        recorder.keep(status)

    kept = open_recording(tmp_path / "r.jsonl").moments
    assert [(moment.at - NOW).seconds for moment in kept] == [0, 20, 40, 40 + UNCHANGED_FOR.seconds]


def test_a_gap_in_a_recording_is_one_in_the_measurements(tmp_path: Path) -> None:
    """No measurement is repeated to fill it, and a second session goes on behind the first."""
    for start in (0, 4000):
        recorder = Recorder(tmp_path / "r.jsonl")
        recorder.keep(at(start))
        recorder.close()

    assert [moment.status for moment in open_recording(tmp_path / "r.jsonl").moments] == [at(0), at(4000)]


def test_a_replay_shows_what_was_known_and_nothing_of_later() -> None:
    held = FakeBackend(switch=HOLD).status()
    replay = replay_of(at(0), at(10), GREEN, at(20, held), at(30, held))

    assert replay.place == 4
    replay.go_to(NOW + timedelta(seconds=9))
    assert (replay.place, replay.status(), replay.clock()) == (0, at(0), NOW)
    with pytest.raises(Refused, match="no gates had been recorded by this moment"):
        replay.gates()
    assert replay.step_to_change(1)
    assert (replay.place, replay.gates()) == (2, GREEN)
    assert replay.step_to_change(1)
    assert replay.status() == at(20, held)
    assert not replay.step_to_change(1)
    assert replay.place == 3
    assert replay.step(2)
    assert replay.place == 4
    assert not replay.step(1)


def test_time_never_runs_back_in_a_replay() -> None:
    """The clock of a host can be set back; an age that is shown must not be negative."""
    replay = replay_of(at(60), at(0), at(90))

    times = [moment.at for moment in replay.moments]
    assert times == sorted(times)


@pytest.mark.parametrize("question", ["runs", "arm", "panic", "disarm", "enact", "units", "start", "release_hold"])
def test_a_replay_has_no_database_and_changes_nothing(question: str) -> None:
    with pytest.raises(Refused, match="a recording holds the Overview and the gates alone"):
        getattr(replay_of(at(0)), question)("x")


def test_gates_that_were_measured_apart_are_shown_together() -> None:
    only = board(NOW + LATER, {}, ("G3",))
    replay = replay_of(at(0), GREEN, only)

    shown = replay.gates()
    assert len(shown.gates) == len(GREEN.gates)
    assert shown.gate("G3") == only.gate("G3")


LINES = [line_of(at(0)), line_of(GREEN), line_of(at(10, FakeBackend(switch=HOLD).status()))]


def _with(number: int, **fields: object) -> bytes:
    return json.dumps({**json.loads(LINES[number]), **fields}).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no object"),
        (b"{}", "its schema is None"),
        (_with(0, schema=["cutter-console/status/1"]), "its schema is"),
        (_with(0, schema="cutter-console/status/2"), "its schema is cutter-console/status/2"),
        (_with(0, stop={"code": "STOP_UNREACHABLE"}), "nothing was measured"),
        (_with(0, counts="none"), "counts: "),
        (_with(0, strange=1), "strange: "),
        (_with(0, measured_at="2026-03-01T14:03:00"), "a time without a zone"),
        (_with(1, outcome="FAIL"), "is not the worst of its gates"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_line_that_is_none_is_left_out_and_named(line: bytes, reason: str) -> None:
    recording = parse_recording("r.jsonl", [LINES[0], line, LINES[2]])

    assert [moment.at for moment in recording.moments] == [NOW, NOW + LATER]
    assert [(unread.number, reason in unread.reason) for unread in recording.unread] == [(2, True)]
    with pytest.raises(UsageError, match=r"r\.jsonl is no recording: line 1: ") as refused:
        parse_recording("r.jsonl", [line])
    assert "cutter-console --record FILE" in refused.value.next_action


def test_a_text_that_a_terminal_would_obey_is_inert_in_a_replay() -> None:
    """The file can have been changed since: even fields that the console fills by itself are texts of others here."""
    hostile = "\x1b]52;c;aGk=\x07\u202e"
    line = json.loads(LINES[0])
    line["counts"][0]["table"] = line["server_version"] = line["switch"]["clears_with"] = hostile

    status = parse_recording("r", [json.dumps(line).encode()]).moments[0].status

    assert all(
        text.isprintable() for text in (status.counts[0].table, status.server_version, status.switch.clears_with)
    )


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_no_damage_to_a_recording_is_more_than_lines_left_out(seed: int, n_damaged: int) -> None:
    """Bytes are changed, cut out and doubled at random."""
    chosen = random.Random(seed)
    data = bytearray(b"".join(LINES))
    for _ in range(n_damaged):
        place, kind = chosen.randrange(len(data)), chosen.randrange(3)
        if kind == 0:
            data[place] = chosen.randrange(256)
        elif kind == 1:
            del data[place : place + chosen.randrange(1, 200)]
        else:
            data[place:place] = data[place : place + chosen.randrange(1, 200)]
    lines = bytes(data).split(b"\n")
    try:
        moments = parse_recording("r", lines).moments
    except UsageError:
        moments = ()
    assert all(moment.status.outcome in Outcome for moment in moments)


# The file


def test_a_recording_has_an_end_and_the_newest_stays(tmp_path: Path) -> None:
    path, line = tmp_path / "r.jsonl", b"x" * 99 + b"\n"
    file = RecordingFile(path, turns_at=1000)

    for number in range(35):
        file.append(b"%02d" % number + line[2:])

    assert path.stat().st_size <= 1000
    assert file.earlier.stat().st_size <= 1000
    numbers = [int(kept[:2]) for kept in (*read_lines(file.earlier), *read_lines(path)) if kept]
    assert numbers == list(range(20, 35))
    assert {entry.name for entry in tmp_path.iterdir()} == {"r.jsonl", "r.jsonl.1"}


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(LINES[0] + LINES[1][:50])

    recorder = Recorder(path)
    recorder.keep(at(10))

    recording = open_recording(path)
    assert [moment.at for moment in recording.moments] == [NOW, NOW + LATER]
    assert [unread.number for unread in recording.unread] == [2]


def test_two_consoles_do_not_record_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = Recorder(path)

    with pytest.raises(UsageError, match="another console records to"):
        Recorder(path)
    first.close()
    Recorder(path).close()


def _link(path: Path) -> None:
    path.with_name("precious").write_bytes(LINES[0])
    path.symlink_to(path.with_name("precious"))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_link, "cannot be recorded to"),
        (os.mkfifo, "cannot be recorded to"),
        (Path.mkdir, "cannot be recorded to"),
        (lambda path: path.write_text("the notes of somebody\n"), "holds something else than a recording"),
    ],
    ids=["a link", "a FIFO", "a directory", "other content"],
)
def test_a_recording_begins_in_a_file_of_its_own_alone(make: "object", reason: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    assert callable(make)
    make(path)
    before = {entry: entry.read_bytes() for entry in tmp_path.iterdir() if entry.is_file()}

    with pytest.raises(UsageError, match=reason):
        Recorder(path)

    assert {entry: entry.read_bytes() for entry in tmp_path.iterdir() if entry.is_file()} == before


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = Recorder(path)
    backend = recorded(as_backend(FakeBackend()), recorder)
    first = backend.status()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
    try:
        gates = backend.gates()
        again = backend.status()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (again, gates.outcome) == (first, FakeBackend().gates().outcome)
    assert recorder.stopped
    assert "stopped, and the console went on" in recorder.ending
    assert open_recording(path).moments[0].status == first


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    """A measurement in another thread may come later; its file's number may be that of another file by then."""
    recorder = Recorder(tmp_path / "r.jsonl")
    recorder.close()
    other = os.open(tmp_path / "precious", os.O_RDWR | os.O_CREAT, 0o600)

    recorder.keep(at(0))

    os.close(other)
    assert recorder.stopped == ""
    assert (tmp_path / "precious").read_bytes() == b""


def test_a_file_that_turns_can_be_read_whole() -> None:
    assert TURNS_AT < MOST_BYTES


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.jsonl cannot be read: No such file"):
        open_recording(tmp_path / "none.jsonl")


def test_every_time_in_a_recording_is_that_of_the_measurement() -> None:
    """Not of the moment at which its line was written."""
    measured = datetime(2020, 1, 31, 12, tzinfo=UTC)

    line = json.loads(line_of(AT_REST.model_copy(update={"measured_at": measured})))

    assert line["measured_at"] == "2020-01-31T12:00:00+00:00"
