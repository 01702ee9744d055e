"""What is not the journal is never taken for it: every damage to a small one, judged by the product and by the checker."""

import hashlib
import json
from pathlib import Path
from random import Random

import pytest

from console.backend.host.context import Context
from console.backend.journal.journal import Field, Journal, JournalVerdict, RecordKind, verify_journal
from console.backend.journal.journal_record import AnchoredEvent
from console.backend.model.outcome import Outcome
from tests import checker
from tests.torture import journals

RUN = "ictr-20260101T000000Z-00000001"
RANDOM = 2000
SEED = 20260101


def small_journal(folder: Path) -> tuple[bytes, tuple[AnchoredEvent, ...]]:
    """A journal of six records as the console writes it, and the events that anchor its last record and one in the middle."""
    path = folder / "small.jsonl"
    with Journal.create(path, RUN, Context(root=folder)) as journal:
        heads = [
            journal.append(kind, phase, (Field(key=key, value=value),))
            for kind, phase, key, value in (
                (RecordKind.NOTE, "start", "request", "é \u2028 x"),
                (RecordKind.INTENT, "mark", "mode", "LIVE"),
                (RecordKind.NOTE, "mark", "xid", "700"),
                (RecordKind.RESULT, "mark", "outcome", "PASS"),
                (RecordKind.NOTE, "void", "reason", "a drill"),
            )
        ]
    events = tuple(
        AnchoredEvent(
            id=number, phase="x", sequence=head.sequence, hash=head.hash, is_ours=True, actor="cutter_exec", at="now"
        )
        for number, head in ((1, heads[2]), (2, heads[-1]))
    )
    return path.read_bytes(), events


def judge(folder: Path, damaged: bytes, events: tuple[AnchoredEvent, ...]) -> JournalVerdict:
    """What the console says of these bytes in the journal's place."""
    path = folder / "judged.jsonl"
    path.write_bytes(damaged)
    return verify_journal(path, events, RUN)


def wrongly_accepted(verdict: JournalVerdict, journal: bytes, damaged: bytes) -> bool:
    """Whether damage passes for the journal: PASS or INCONCLUSIVE; PARTIAL where the journal itself is not whole.

    A torn tail stands behind the whole journal and has no line end: the next writer moves it aside. Records that go on
    from the journal as they should are the writer's or somebody's, and are told as what nothing vouches for.
    """
    if verdict.outcome is not Outcome.PARTIAL:
        return verdict.outcome is not Outcome.FAIL
    is_torn_tail = b"\n" not in damaged[len(journal) :]
    return not (damaged.startswith(journal) and (is_torn_tail or verdict.unanchored > 0))


@pytest.mark.parametrize("kind", journals.EVERY, ids=lambda kind: kind.__name__)
def test_no_damage_passes(tmp_path: Path, kind: journals.Damages) -> None:
    """All of a kind, on a journal whose last record is anchored."""
    journal, events = small_journal(tmp_path)
    assert judge(tmp_path, journal, events).outcome is Outcome.PASS
    done = [(what, judge(tmp_path, damaged, events), damaged) for what, damaged in kind(journal) if damaged != journal]
    assert len(done) > 10
    assert [
        (what, verdict.detail) for what, verdict, damaged in done if wrongly_accepted(verdict, journal, damaged)
    ] == []


def test_no_random_damage_passes(tmp_path: Path) -> None:
    """Several damages of any kind at once; the same ones each time."""
    journal, events = small_journal(tmp_path)
    random = Random(SEED)
    for _ in range(RANDOM):
        what, damaged = journals.random_damage(journal, random)
        verdict = judge(tmp_path, damaged, events)
        assert not wrongly_accepted(verdict, journal, damaged), (what, verdict)


@pytest.mark.parametrize(
    "kind", [journals.flips, journals.truncations, journals.whole_records], ids=lambda kind: kind.__name__
)
def test_damage_is_found_without_any_anchor(tmp_path: Path, kind: journals.Damages) -> None:
    """A chain alone never passes; and what breaks it, other than a cut at its end, is named."""
    journal, _ = small_journal(tmp_path)
    for what, damaged in kind(journal):
        verdict = judge(tmp_path, damaged, ())
        assert verdict.outcome is not Outcome.PASS, what
        if not journal.startswith(damaged[: damaged.rfind(b"\n") + 1]):
            assert verdict.outcome is Outcome.FAIL, (what, verdict)


def test_a_writer_goes_on_from_a_torn_tail_and_from_nothing_else(tmp_path: Path) -> None:
    """Cut off before any byte behind the last anchor, the journal is repaired; anything else is left as it is and refused."""
    journal, events = small_journal(tmp_path)
    anchored = journals.lines_of(journal)
    kept = len(b"".join(anchored[:-1]))
    path = tmp_path / "judged.jsonl"
    for place in range(kept, len(journal)):
        path.write_bytes(journal[:place])
        with Journal.resume(path, RUN, Context(root=tmp_path), lambda: events[0].anchor) as resumed:
            resumed.append(RecordKind.NOTE, "again", ())
        assert verify_journal(path, events[:1], RUN).outcome is not Outcome.FAIL
        assert path.read_bytes().startswith(b"".join(anchored[:-1]))
        for aside in tmp_path.glob("judged.jsonl.torn-*"):
            aside.unlink()


def test_two_readers_of_one_format_agree(tmp_path: Path) -> None:
    """The checker's own reading and the console's find the same first bad record, or none."""
    journal, events = small_journal(tmp_path)
    path = tmp_path / "judged.jsonl"
    for kind in (journals.flips, journals.whole_records, journals.additions):
        for what, damaged in kind(journal):
            path.write_bytes(damaged)
            chain, verdict = checker.read_chain(path, RUN), verify_journal(path, events, RUN)
            assert not (verdict.outcome is Outcome.PASS and (chain.wrong or chain.torn_bytes)), (
                what,
                chain.wrong,
                verdict,
            )
            assert not (chain.wrong and verdict.outcome is not Outcome.FAIL), (what, chain.wrong, verdict)


def test_the_chain_is_computed_by_the_written_rule(tmp_path: Path) -> None:
    """A record's hash is the sha256 of its canonical JSON without the hash; the first one's predecessor is all zeros."""
    journal, _ = small_journal(tmp_path)
    previous = "0" * 64
    for line in journals.lines_of(journal):
        record = json.loads(line)
        body = {name: value for name, value in record.items() if name != "hash"}
        assert record["previous"] == previous
        assert record["hash"] == hashlib.sha256(journals.canonical(body)).hexdigest()
        previous = record["hash"]
