"""journal verify: PASS, PARTIAL or FAIL, and which event or record made it so, in one object."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.journal.journal import Journal, RecordKind, read_journal
from tests.backend.postgres.signed_cut import event
from tests.cli.conftest import Run
from tests.support.passage import Passage

At = Callable[[str], Passage]


@pytest.fixture
def passage(at: At) -> Passage:
    """A run at its first pause."""
    return at("waits for SG_1")


def _journal(passage: Passage) -> Path:
    return passage.installation.root / "runs" / passage.run_id / "journal.jsonl"


def test_a_whole_journal_is_a_pass_with_every_field(passage: Passage, command: Run) -> None:
    status, answer = command(passage, "journal", "verify", passage.run_id)

    assert (status, answer["outcome"], answer["schema"]) == (0, "PASS", "cutter-console/journal-verify/1")
    assert set(answer) >= {"records", "run_id", "head", "first_bad", "torn_bytes"}
    assert (answer["first_false"], answer["strangers"], answer["unanchored"]) == ("", [], 0)
    assert answer["run_id"] == passage.run_id
    assert answer["first_bad"] is None


def test_a_strangers_event_is_named_and_condemns_nothing(passage: Passage, command: Run) -> None:
    with passage.connect("cutter_exec") as connection:
        said = event("cut_leg_a", seq=1)
        connection.execute("SELECT cutter_governance.fn_run_leave(%s, 'stopped', 'mine', %s)", (passage.run_id, said))

    status, answer = command(passage, "journal", "verify", passage.run_id)

    assert (status, answer["outcome"]) == (0, "PARTIAL")
    strangers = answer["strangers"]
    assert isinstance(strangers, list)
    (stranger,) = strangers
    assert "cut_leg_a, by cutter_exec" in stranger
    assert stranger in str(answer["detail"])
    assert (answer["first_false"], answer["first_bad"], answer["unanchored"]) == ("", None, 0)


def test_a_journal_that_lost_its_end_is_a_fail_and_names_the_first_false_anchor(passage: Passage, command: Run) -> None:
    lines = _journal(passage).read_bytes().splitlines(keepends=True)
    _journal(passage).write_bytes(b"".join(lines[:-1]))

    status, answer = command(passage, "journal", "verify", passage.run_id)

    assert (status, answer["outcome"]) == (1, "FAIL")
    assert str(answer["first_false"]).endswith(f"which names record {len(lines) - 1}")
    assert (answer["first_bad"], answer["strangers"]) == (len(lines) - 1, [])


def test_a_journal_that_was_written_anew_is_a_fail_although_its_chain_is_whole(
    passage: Passage, command: Run, tmp_path: Path
) -> None:
    records = read_journal(_journal(passage))
    again = tmp_path / "journal.jsonl"
    with Journal.create(again, passage.run_id, passage.installation.context) as journal:
        for record in records[1:]:
            journal.append(record.kind, record.phase, record.fields)
    shutil.copyfile(again, _journal(passage))
    assert len(read_journal(_journal(passage))) == len(records)

    status, answer = command(passage, "journal", "verify", passage.run_id)

    assert (status, answer["outcome"]) == (1, "FAIL")
    assert "(start, by cutter_exec" in str(answer["first_false"])
    assert "replaced or rewritten" in str(answer["detail"])


def test_records_after_the_last_anchor_are_counted(passage: Passage, command: Run) -> None:
    """As where the database could not be reached when the console let go of the run."""
    with Journal.resume(_journal(passage), passage.run_id, passage.installation.context) as journal:
        journal.append(RecordKind.NOTE, "one")
        journal.append(RecordKind.NOTE, "two")

    status, answer = command(passage, "journal", "verify", passage.run_id)

    assert (status, answer["outcome"], answer["unanchored"]) == (0, "PARTIAL", 2)
    assert (answer["first_false"], answer["strangers"]) == ("", [])
