"""journal show, journal verify: the records as they are; PASS, PARTIAL or FAIL, and which event or record made it so, in one object."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.app.application import ConsoleApp
from console.backend.journal.journal import Journal, RecordKind, read_journal
from console.backend.model.errors import ExitStatus
from console.cli import installation
from console.cli.main import main
from console.widgets.line import plain
from console.widgets.paged_rows import PagedRows
from console.widgets.panel import Panel
from tests.backend.postgres.signed_cut import event
from tests.cli.conftest import Run, stop_of
from tests.screens.conftest import press, settle, until
from tests.support.passage import Passage

At = Callable[[str], Passage]


@pytest.fixture
def passage(at: At) -> Passage:
    """A run at its first pause."""
    return at("waits for SG_1")


def _journal(passage: Passage) -> Path:
    return passage.installation.root / "runs" / passage.run_id / "journal.jsonl"


def test_what_is_written_behind_the_page_is_shown_once_and_in_order(
    passage: Passage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a long addition, of which a page holds a part."""
    additions = iter((0, 1, 7, 0, 3))
    newest = len(read_journal(_journal(passage))) - 1

    def while_it_waits(_seconds: int) -> None:
        number = next(additions, None)
        if number is None:
            raise KeyboardInterrupt
        with Journal.resume(_journal(passage), passage.run_id, passage.installation.context) as journal:
            for _ in range(number):
                journal.append(RecordKind.NOTE, "cut_leg_a", ())

    monkeypatch.setattr("console.cli.journals.time.sleep", while_it_waits)
    monkeypatch.setattr(installation, "context_of", lambda _: passage.installation.context)
    root = str(passage.installation.root)
    status = main(["--root", root, "--json", "journal", "show", passage.run_id, "--most", "2", "--follow", "1"])

    assert status == 130
    pages = [json.loads(answer) for answer in capsys.readouterr().out.splitlines()]
    numbers = [entry["number"] for page in pages for entry in page["entries"]]
    assert numbers[0] == newest - 1
    assert numbers == list(range(newest - 1, numbers[-1] + 1))
    assert len(read_journal(_journal(passage))) == numbers[-1] + 1


def test_a_journal_that_was_replaced_while_it_was_followed_is_named(
    passage: Passage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(_seconds: int) -> None:
        content = _journal(passage).read_bytes()
        _journal(passage).unlink()
        _journal(passage).write_bytes(content)

    monkeypatch.setattr("console.cli.journals.time.sleep", replaced)
    monkeypatch.setattr(installation, "context_of", lambda _: passage.installation.context)
    root = str(passage.installation.root)
    status = main(["--root", root, "--json", "journal", "show", passage.run_id, "--follow", "1"])

    _, answer = map(json.loads, capsys.readouterr().out.splitlines())
    assert (status, stop_of(answer)) == (ExitStatus.DRIFT, "STOP_INVARIANT_FAILED")
    assert "another file" in answer["stop"]["message"]


@pytest.mark.parametrize("pause", ["-1", "86401", "x"])
def test_a_pause_that_is_none_is_refused(pause: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "show", "ict-20260301T120000Z-00000001", "--follow", pause]) == ExitStatus.USAGE
    assert "--follow" in capsys.readouterr().err


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
        connection.execute("SELECT cutter_console.fn_run_leave(%s, 'stopped', 'mine', %s)", (passage.run_id, said))

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


def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUTTER_EXECUTOR", "CUTTER_VERIFIER", "CUTTER_MONITOR"):
        monkeypatch.setenv(name, "host=/nonexistent dbname=x")


def test_a_journal_is_shown_from_a_place_and_the_printed_command_goes_on(
    passage: Passage, command: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = read_journal(_journal(passage))
    _away(monkeypatch)

    status, answer = command(passage, "journal", "show", passage.run_id, "--from", "0", "--most", "3")
    assert (status, answer["outcome"], answer["schema"]) == (0, "PASS", "cutter-console/journal-show/1")
    entries = answer["entries"]
    assert isinstance(entries, list)
    assert [entry["number"] for entry in entries] == [0, 1, 2]
    assert [(entry["phase"], entry["hash"]) for entry in entries] == [(r.phase, r.hash) for r in records[:3]]
    assert answer["newest"] == records[-1].sequence

    main(["--root", str(passage.installation.root), "journal", "show", passage.run_id, "--from", "0", "--most", "3"])
    told = capsys.readouterr().err
    next_words = shlex.split(told.partition("next: cutter-console ")[2])
    assert main(next_words) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[0] == "3"

    status, answer = command(passage, "journal", "show", passage.run_id, "--only", "result", "--word", "source_pin")
    entries = answer["entries"]
    assert isinstance(entries, list)
    assert {(entry["kind"], entry["phase"]) for entry in entries} == {("result", "source_pin")}


def test_a_damaged_record_is_shown_marked(passage: Passage, command: Run) -> None:
    _journal(passage).write_bytes(_journal(passage).read_bytes().replace(b'"phase":"mark"', b'"phase":"bark"', 1))

    status, answer = command(passage, "journal", "show", passage.run_id, "--only", "marked")

    assert (status, answer["outcome"]) == (0, "PARTIAL")
    entries = answer["entries"]
    assert isinstance(entries, list)
    assert "changed after it was written" in entries[0]["fault"]


def test_without_the_database_the_chain_is_verified_and_the_anchors_are_said_to_be_unread(
    passage: Passage, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _away(monkeypatch)
    status, answer = command(passage, "journal", "verify", passage.run_id)
    assert (status, answer["outcome"], answer["gone"]) == (7, "INCONCLUSIVE", [])
    assert "chain intact; its anchors could not be read" in str(answer["detail"])

    _journal(passage).write_bytes(_journal(passage).read_bytes().replace(b'"phase":"mark"', b'"phase":"bark"', 1))
    assert command(passage, "journal", "verify", passage.run_id)[0] == 1


def test_a_journal_that_another_host_has_is_neither_missing_nor_damaged(passage: Passage, command: Run) -> None:
    (passage.installation.root / "runs" / passage.run_id).rename(passage.installation.root / "elsewhere")
    status, answer = command(passage, "journal", "show", passage.run_id)
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    assert "tester started the run on host, and its directory is gone" in str(answer["stop"])

    passage.execute("ALTER TABLE cutter_governance.run DISABLE TRIGGER ALL")
    passage.execute("UPDATE cutter_governance.run SET host = 'db02.example.org'")
    for words in ("show", "verify"):
        status, answer = command(passage, "journal", words, passage.run_id)
        assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT"), words
        assert "tester started it on db02.example.org" in str(answer["stop"]), words


def test_a_journal_that_is_gone_fails_whoever_of_this_host_has_started_the_run(passage: Passage, command: Run) -> None:
    """Another operator's root could have it: what is not found on this host is no proof for an auditor, and said to be none."""
    (passage.installation.root / "runs" / passage.run_id).rename(passage.installation.root / "elsewhere")
    passage.execute("ALTER TABLE cutter_governance.run DISABLE TRIGGER ALL")
    passage.execute("UPDATE cutter_governance.run SET operator = 'bob'")
    status, answer = command(passage, "journal", "show", passage.run_id)
    assert (status, "bob started the run on host, and its directory is gone" in str(answer["stop"])) == (4, True)
    status, answer = command(passage, "journal", "verify", passage.run_id)
    assert (status, answer["outcome"]) == (1, "FAIL")


def test_what_is_missing_or_may_not_be_read_is_told_as_such(passage: Passage, command: Run) -> None:
    journal = _journal(passage)
    journal.rename(journal.with_name("aside"))
    status, answer = command(passage, "journal", "show", passage.run_id)
    assert (status, "is missing; the run's other files are there" in str(answer["stop"])) == (5, True)
    journal.mkdir()
    status, answer = command(passage, "journal", "show", passage.run_id)
    assert (status, "is not a regular file" in str(answer["stop"])) == (5, True)


async def test_the_screen_shows_the_run_as_it_is_written_and_says_what_the_command_says(
    passage: Passage, command: Run
) -> None:
    said = str(command(passage, "journal", "verify", passage.run_id)[1]["detail"])
    records = read_journal(_journal(passage))
    app = ConsoleApp(passage.backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "3", "l", "v")
        rows = app.screen.query_one("#journal-list", PagedRows)
        title = str(rows.border_title)
        assert title == f"{passage.run_id}, {len(records)} records, following"
        shown = [plain(rows.row(index)).split() for index in range(rows.row_count)]
        assert [(row[0], row[3], row[4]) for row in shown] == [
            (str(record.sequence), record.kind.value, record.phase.split()[0]) for record in records
        ]
        head = " ".join(plain(spans) for spans in app.screen.query_one("#journal-head", Panel).shown)
        assert f"PASS {said}" in " ".join(head.split())
        # A command elsewhere goes on meanwhile.
        words = ["run", "void", passage.run_id, "--reason", "enough"]
        assert main(["--root", str(passage.installation.root), *words]) == 0
        await until(pilot, lambda: "void" in plain(rows.row(rows.row_count - 1)))
        assert rows.cursor == rows.row_count - 1
        await settle(pilot)
