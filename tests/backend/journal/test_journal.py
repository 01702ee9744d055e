"""The journal: what it records survives a kill, and what is done to it afterwards is seen."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.host.context import Context
from console.backend.journal.journal import Anchor, Field, Journal, RecordKind, read_journal, verify_journal
from console.backend.journal.journal_record import AnchoredEvent, Body, Record
from console.backend.model import redaction
from console.backend.model.canonical_json import canonical_json, digest
from console.backend.model.errors import Drifted, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from tests.conftest import as_ordinary_user

RUN = "ictr-20260302T085900Z-0a1b2c3d"
Lines = list[bytes]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """The real clock and real randomness, below a folder of the test's own."""
    return Context(root=tmp_path)


def anchored(*anchors: Anchor, is_ours: bool = True) -> tuple[AnchoredEvent, ...]:
    """Events of the database that name these records."""
    return tuple(
        AnchoredEvent(
            id=number,
            phase="test",
            sequence=one.sequence,
            hash=one.hash,
            is_ours=is_ours,
            actor="cutter_exec",
            at="then",
        )
        for number, one in enumerate(anchors, 1)
    )


def _write(path: Path, context: Context, records: int = 5) -> Anchor:
    with Journal.create(path, RUN, context) as journal:
        for number in range(records):
            journal.append(RecordKind.INTENT, "cut_leg_a", (Field(key="number", value=str(number)),))
        return journal.head


def test_the_environment_is_read_once_for_each_record(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted and not timed: it was read once for each value, which took longer than the record."""
    known_hidden, asked = redaction.known_hidden, list[None]()

    def counted() -> Callable[[str], str]:
        asked.append(None)
        return known_hidden()

    monkeypatch.setattr(redaction, "known_hidden", counted)
    with Journal.create(tmp_path / "j", RUN, context) as journal:
        del asked[:]
        journal.append(RecordKind.NOTE, "cut_leg_a", [Field(key=key, value="said") for key in "abcdefgh"])
    assert len(asked) == 1


def test_what_was_appended_is_read_back_in_order(tmp_path: Path, context: Context) -> None:
    head = _write(tmp_path / "j", context)
    records = read_journal(tmp_path / "j")
    assert [record.sequence for record in records] == list(range(6))
    assert [record.value("number") for record in records[1:]] == list("01234")
    assert records[0].value("run_id") == RUN
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o640
    assert verify_journal(tmp_path / "j", anchored(head), RUN).outcome is Outcome.PASS


def test_a_verification_gives_the_records_that_it_read_and_none_of_a_broken_chain(
    tmp_path: Path, context: Context
) -> None:
    """A report that named what stands above the first bad record would be of a journal that proves nothing."""
    head = _write(tmp_path / "j", context)
    collected: list[Record] = []
    assert verify_journal(tmp_path / "j", anchored(head), RUN, collected=collected).outcome is Outcome.PASS
    assert tuple(collected) == read_journal(tmp_path / "j")
    damaged = (tmp_path / "j").read_bytes().replace(b'"value":"3"', b'"value":"9"')
    (tmp_path / "j").write_bytes(damaged)
    collected.clear()
    assert verify_journal(tmp_path / "j", anchored(head), RUN, collected=collected).outcome is Outcome.FAIL
    assert collected == []


def test_an_intact_chain_without_an_anchor_is_only_partial(tmp_path: Path, context: Context) -> None:
    _write(tmp_path / "j", context)
    assert verify_journal(tmp_path / "j", ()).outcome is Outcome.PARTIAL


def _edit(lines: Lines) -> Lines:
    return [line.replace(b'"value":"2"', b'"value":"7"') for line in lines]


def _edit_and_rehash(lines: Lines) -> Lines:
    record = Record.model_validate_json(lines[3])
    body = Body(**record.model_dump(exclude={"hash"}) | {"phase": "source_pin"})
    forged = canonical_json(Record(**dict(body), hash=digest(body)))
    return [*lines[:3], forged + b"\n", *lines[4:]]


def _swap(lines: Lines) -> Lines:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


@pytest.mark.parametrize(
    ("harm", "first_bad"),
    [
        (_edit, 3),
        (_edit_and_rehash, 4),
        (_swap, 2),
        (lambda lines: lines[:2] + lines[3:], 2),
        (lambda lines: lines[1:], 0),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], 3),
        (lambda lines: [*lines[:3], b"{}\n", *lines[3:]], 3),
        (lambda lines: [*lines[:3], lines[3].replace(b":", b": ", 1), *lines[4:]], 3),
        (lambda lines: [*lines[:3], b"x" * 2_000_000 + b"\n", *lines[3:]], 3),
        (lambda lines: lines[:-1], 5),
        (lambda lines: lines[:1], 1),
        (lambda lines: [], 0),
    ],
    ids=[
        "edit",
        "rehash",
        "swap",
        "delete",
        "behead",
        "repeat",
        "insert",
        "respell",
        "oversize",
        "truncate",
        "stub",
        "empty",
    ],
)
def test_every_harm_is_seen_and_the_first_bad_record_named(
    tmp_path: Path, context: Context, harm: Callable[[Lines], Lines], first_bad: int
) -> None:
    """Edits, deletions, reordering and truncation are found against the anchor."""
    path = tmp_path / "j"
    head = _write(path, context)
    path.write_bytes(b"".join(harm(path.read_bytes().splitlines(keepends=True))))
    verdict = verify_journal(path, anchored(head), RUN)
    assert (verdict.outcome, verdict.first_bad) == (Outcome.FAIL, first_bad)
    assert f"record {first_bad}" in verdict.detail
    with pytest.raises(Drifted, match=f"record {first_bad}"):
        Journal.resume(path, RUN, context, lambda: head)


def test_a_number_out_of_order_is_seen_without_an_anchor(tmp_path: Path, context: Context) -> None:
    """A last record that was renumbered and hashed again follows the chain, and still stands out."""
    path = tmp_path / "j"
    _write(path, context)
    lines = path.read_bytes().splitlines(keepends=True)
    body = Body(**Record.model_validate_json(lines[-1]).model_dump(exclude={"hash"}) | {"sequence": 9})
    path.write_bytes(b"".join(lines[:-1]) + canonical_json(Record(**dict(body), hash=digest(body))) + b"\n")
    verdict = verify_journal(path, (), RUN)
    assert (verdict.outcome, verdict.first_bad) == (Outcome.FAIL, 5)


def test_a_replaced_journal_is_seen(tmp_path: Path, context: Context) -> None:
    """Another journal of the same run, sound in itself, is not the one that was anchored."""
    head = _write(tmp_path / "j", context)
    _write(tmp_path / "other", context, records=20)
    (tmp_path / "other").replace(tmp_path / "j")
    verdict = verify_journal(tmp_path / "j", anchored(head), RUN)
    assert verdict.outcome is Outcome.FAIL
    assert "replaced" in verdict.detail
    assert verify_journal(tmp_path / "j", (), RUN).outcome is Outcome.PARTIAL


def test_a_journal_of_another_run_is_seen(tmp_path: Path, context: Context) -> None:
    """An old entry under a new key."""
    head = _write(tmp_path / "j", context)
    verdict = verify_journal(tmp_path / "j", anchored(head), "ictr-20260302T085900Z-ffffffff")
    assert verdict.outcome is Outcome.FAIL
    with pytest.raises(Drifted, match="belongs to run"):
        Journal.resume(tmp_path / "j", "ictr-20260302T085900Z-ffffffff", context)


def test_a_missing_journal_is_a_failure(tmp_path: Path, context: Context) -> None:
    """A missing chain is not an empty one."""
    assert verify_journal(tmp_path / "none", ()).outcome is Outcome.FAIL
    with pytest.raises(Drifted, match="missing"):
        Journal.resume(tmp_path / "none", RUN, context)


def test_records_after_the_last_anchor_are_told_and_condemn_nothing(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "j"
    head = _write(path, context)
    with Journal.resume(path, RUN, context, lambda: head) as journal:
        newer = journal.append(RecordKind.RESULT, "cut_leg_a")
    assert newer.sequence == head.sequence + 1
    seen = verify_journal(path, anchored(head), RUN)
    assert (seen.outcome, seen.unanchored) == (Outcome.PARTIAL, 1)
    assert verify_journal(path, anchored(head, newer), RUN).outcome is Outcome.PASS


def test_each_anchor_is_compared_and_the_first_false_one_named(tmp_path: Path, context: Context) -> None:
    """A last record that was rewritten, dropped or appended, and a chain that was rewritten behind a true last anchor."""
    path = tmp_path / "j"
    anchors = []
    with Journal.create(path, RUN, context) as journal:
        anchors += [journal.append(RecordKind.NOTE, f"step {n}") for n in range(6)]
    false = anchors[2].model_copy(update={"hash": "f" * 64})
    seen = verify_journal(path, anchored(*anchors[:2], false, *anchors[3:]), RUN)
    assert (seen.outcome, seen.first_bad) == (Outcome.FAIL, anchors[2].sequence)
    assert "event 3" in seen.first_false
    assert "cutter_exec" in seen.detail


@pytest.mark.parametrize("harm", ["rewritten", "dropped", "appended"])
def test_a_harmed_last_record_is_no_longer_a_pass(tmp_path: Path, context: Context, harm: str) -> None:
    path = tmp_path / "j"
    head = _write(path, context)
    lines = path.read_bytes().splitlines(keepends=True)
    last = Record.model_validate_json(lines[-1])
    changed: dict[str, dict[str, object]] = {
        "rewritten": {"phase": "other"},
        "appended": {"sequence": last.sequence + 1, "previous": last.hash},
    }
    kept = lines if harm == "appended" else lines[:-1]
    if harm != "dropped":
        body = Body(**last.model_dump(exclude={"hash"}) | changed[harm])
        kept = [*kept, canonical_json(Record(**dict(body), hash=digest(body))) + b"\n"]
    path.write_bytes(b"".join(kept))
    seen = verify_journal(path, anchored(head), RUN)
    assert seen.outcome is (Outcome.PARTIAL if harm == "appended" else Outcome.FAIL)


def test_a_strangers_event_is_named_and_condemns_nothing(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "j"
    head = _write(path, context)
    strange = Anchor(sequence=10**12, hash="e" * 64)
    events = (*anchored(head), *anchored(strange, is_ours=False))
    seen = verify_journal(path, events, RUN)
    assert (seen.outcome, seen.first_bad, len(seen.strangers)) == (Outcome.PARTIAL, None, 1)
    assert "cutter_exec" in seen.strangers[0]
    assert "somebody else" in seen.detail


def test_a_whole_chain_that_was_rewritten_behind_a_strangers_event_is_a_failure(
    tmp_path: Path, context: Context
) -> None:
    true_head = _write(tmp_path / "j", context)
    forged_head = _write(tmp_path / "other", context)
    (tmp_path / "other").replace(tmp_path / "j")
    events = (*anchored(true_head), *anchored(forged_head, is_ours=False))
    assert verify_journal(tmp_path / "j", events, RUN).outcome is Outcome.FAIL


_WRITER = """
import sys
from pathlib import Path
from console.backend.host.context import Context
from console.backend.journal.journal import Field, Journal, RecordKind
path = Path(sys.argv[1])
with Journal.create(path, sys.argv[2], Context(root=path.parent)) as journal:
    for number in range(1_000_000):
        journal.append(RecordKind.NOTE, "cut_leg_a", (Field(key="text", value="x" * 5000),))
        print(journal.head.sequence, journal.head.hash, flush=True)
"""


def test_a_kill_in_mid_writing_loses_no_record_that_was_acknowledged(tmp_path: Path, context: Context) -> None:
    """One write and one fsync a record; kill -9 leaves a journal that goes on."""
    path = tmp_path / "j"
    with subprocess.Popen([sys.executable, "-c", _WRITER, path, RUN], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            sequence, head = writer.stdout.readline().split()
        with pytest.raises(Refused) as locked:
            Journal.resume(path, RUN, context)
        writer.send_signal(signal.SIGKILL)
    assert locked.value.code is StopCode.LOCKED
    assert f"grep ':{path.stat().st_ino} ' /proc/locks" in locked.value.next_action
    acknowledged = Anchor(sequence=int(sequence), hash=head)
    with Journal.resume(path, RUN, context, lambda: acknowledged) as journal:
        journal.append(RecordKind.NOTE, "closeout")
        last = journal.head
    assert verify_journal(path, anchored(acknowledged, last), RUN).outcome is Outcome.PASS


@pytest.mark.parametrize("tail", [b'{"fields":[],"ha', b"\x00" * 4096, b"\xff"], ids=["cut", "zeros", "noise"])
def test_a_torn_tail_is_moved_aside_and_said(tmp_path: Path, context: Context, tail: bytes) -> None:
    """Only the tail is ever repaired."""
    path = tmp_path / "j"
    head = _write(path, context)
    with path.open("ab") as stream:
        stream.write(tail)
    verdict = verify_journal(path, anchored(head), RUN)
    assert (verdict.outcome, verdict.torn_bytes, verdict.first_bad) == (Outcome.PARTIAL, len(tail), None)
    with Journal.resume(path, RUN, context, lambda: head):
        pass
    note = read_journal(path)[-1]
    assert note.value("torn_bytes") == str(len(tail))
    assert (tmp_path / note.value("moved_to")).read_bytes() == tail
    moved = Anchor(sequence=note.sequence, hash=note.hash)
    assert verify_journal(path, anchored(head, moved), RUN).outcome is Outcome.PASS


def test_an_anchored_record_that_is_torn_is_not_repaired(tmp_path: Path, context: Context) -> None:
    """What was anchored was synced before; a tail without it is damage, not a crash."""
    path = tmp_path / "j"
    head = _write(path, context)
    damaged = path.read_bytes()[:-10]
    path.write_bytes(damaged)
    assert verify_journal(path, anchored(head), RUN).outcome is Outcome.FAIL
    with pytest.raises(Drifted):
        Journal.resume(path, RUN, context, lambda: head)
    assert path.read_bytes() == damaged


def test_a_record_is_one_write(tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record written by two calls tears; write and fsync are counted, in order."""
    calls: list[str] = []
    write, fsync = os.write, os.fsync

    def counted_write(descriptor: int, data: bytes) -> int:
        calls.append("write")
        return write(descriptor, data)

    def counted_fsync(descriptor: int) -> None:
        calls.append("fsync")
        fsync(descriptor)

    with Journal.create(tmp_path / "j", RUN, context) as journal:
        monkeypatch.setattr(os, "write", counted_write)
        monkeypatch.setattr(os, "fsync", counted_fsync)
        journal.append(RecordKind.NOTE, "mark")
    assert calls == ["write", "fsync"]


def test_a_short_write_is_taken_back(tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    path = tmp_path / "j"
    with Journal.create(path, RUN, context) as journal:
        before = path.read_bytes()
        monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:10]))
        with pytest.raises(Unmeasured, match="could not be written"):
            journal.append(RecordKind.NOTE, "mark")
        monkeypatch.undo()
        assert path.read_bytes() == before
        journal.append(RecordKind.NOTE, "mark")
        assert verify_journal(path, anchored(journal.head), RUN).outcome is Outcome.PASS


def test_a_second_writer_is_refused_and_the_lock_dies_with_its_holder(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "j"
    with Journal.create(path, RUN, context), pytest.raises(Refused) as locked:
        Journal.resume(path, RUN, context)
    assert locked.value.code is StopCode.LOCKED
    Journal.resume(path, RUN, context).close()


def test_a_journal_that_cannot_be_given_its_name_leaves_nothing(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        Journal.create(tmp_path / "j", RUN, context)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["write", "fsync", "ftruncate"])
def test_a_record_that_the_disk_does_not_take_is_said_to_be_missing(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """`ftruncate` is asked for after a short write."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Journal.create(tmp_path / "j", RUN, context) as journal:
        before = (tmp_path / "j").read_bytes()
        with monkeypatch.context() as patch:
            if call == "ftruncate":
                patch.setattr(os, "write", lambda _descriptor, data: len(data) - 1)
            patch.setattr(os, call, full)
            with pytest.raises(Unmeasured, match="could not be written: No space left"):
                journal.append(RecordKind.NOTE, "mark")
        journal.close()
    assert (tmp_path / "j").read_bytes().startswith(before)


def test_a_record_longer_than_any_reader_takes_is_refused(tmp_path: Path, context: Context) -> None:
    with Journal.create(tmp_path / "j", RUN, context) as journal:
        with pytest.raises(Refused, match="a journal record of"):
            journal.append(RecordKind.NOTE, "mark", (Field(key="text", value="x" * (2 << 20)),))
        journal.append(RecordKind.NOTE, "mark")
    assert len(read_journal(tmp_path / "j")) == 2


def test_a_journal_that_may_not_be_read_is_inconclusive_and_not_gone_on_with(tmp_path: Path, context: Context) -> None:
    _write(tmp_path / "j", context)
    (tmp_path / "j").chmod(0)
    tmp_path.chmod(0o755)
    with as_ordinary_user():
        assert verify_journal(tmp_path / "j").outcome is Outcome.INCONCLUSIVE
        with pytest.raises(Unmeasured):
            Journal.resume(tmp_path / "j", RUN, context)


def test_a_journal_whose_disk_answers_with_an_error_is_inconclusive(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path / "j", context)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("console.backend.journal.journal.scan", broken)
    assert verify_journal(tmp_path / "j").outcome is Outcome.INCONCLUSIVE


def test_a_journal_begins_with_its_first_record(tmp_path: Path, context: Context) -> None:
    """A chain that begins with anything else was cut off at its head and numbered again."""
    body = Body(
        sequence=0,
        time="2026-03-02T08:59:00.000000+00:00",
        previous="0" * 64,
        kind=RecordKind.INTENT,
        phase="mark",
        fields=(),
    )
    record = Record(**dict(body), hash=digest(body))
    (tmp_path / "j").write_bytes(canonical_json(record) + b"\n")
    verdict = verify_journal(tmp_path / "j")
    assert verdict.outcome is Outcome.FAIL
    assert (verdict.first_bad, verdict.detail) == (0, "record 0: the journal does not begin with its first record")


def test_a_journal_is_created_once(tmp_path: Path, context: Context) -> None:
    head = _write(tmp_path / "j", context)
    with pytest.raises(Refused):
        Journal.create(tmp_path / "j", RUN, context)
    assert verify_journal(tmp_path / "j", anchored(head), RUN).outcome is Outcome.PASS
    assert [entry.name for entry in tmp_path.iterdir()] == ["j"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes() + b"{}\n"),
        lambda path: Path(shutil.copy(path, path.with_name("x"))).replace(path),
    ],
    ids=["removed", "changed", "replaced"],
)
def test_a_journal_that_changes_under_its_writer_stops_it(
    tmp_path: Path, context: Context, harm: Callable[[Path], object]
) -> None:
    with Journal.create(tmp_path / "j", RUN, context) as journal:
        harm(tmp_path / "j")
        with pytest.raises(Drifted):
            journal.append(RecordKind.INTENT, "cut_leg_a")


def test_no_canary_reaches_the_journal(tmp_path: Path, context: Context) -> None:
    """Planted secrets are searched for in every byte that was written."""
    canary = "c4n4ry-7f3a"
    hostile = (
        f"password={canary}",
        f"could not connect to postgresql://cutter:{canary}@db1/rules",
        f"PGPASSWORD={canary} psql",
        f"Authorization: Bearer {canary}.{canary}",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{canary}\n-----END PGP PRIVATE KEY BLOCK-----",
    )
    with Journal.create(tmp_path / "j", RUN, context) as journal:
        for value in hostile:
            journal.append(RecordKind.NOTE, "mark", (Field(key="said", value=value),))
        with pytest.raises(Refused) as refused:
            journal.append(RecordKind.NOTE, "mark", (Field(key="dbPassword", value=canary),))
    assert refused.value.code is StopCode.REFUSED_INPUT
    assert all(canary.encode() not in entry.read_bytes() for entry in tmp_path.iterdir())
    assert len(read_journal(tmp_path / "j")) == 1 + len(hostile)


def test_hostile_text_in_a_record_is_inert(tmp_path: Path, context: Context) -> None:
    with Journal.create(tmp_path / "j", RUN, context) as journal:
        journal.append(RecordKind.NOTE, "mark", (Field(key="title", value="a\x1b[2J\u202eb\nc"),))
    assert read_journal(tmp_path / "j")[-1].value("title") == "a␛[2J<U+202E>b␊c"
