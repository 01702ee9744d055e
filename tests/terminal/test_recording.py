"""A console in a real terminal that records, and one that shows the recording after the database is gone."""

from pathlib import Path

from console.backend.recording import open_recording
from tests.support.passage import Stages
from tests.terminal.pty_session import PtySession


def test_a_console_records_what_it_measures_and_another_shows_it_without_a_database(
    stages_of_a_run: Stages, tmp_path: Path
) -> None:
    root = stages_of_a_run.at("waits for SG_1").installation.root
    with_database = PtySession("record", root)
    try:
        with_database.see(b"Counts, measured")
        with_database.see(b"REC")
        with_database.press("q")
        assert with_database.end() == 0
        assert b"recorded to" in with_database.output
    finally:
        with_database.close()
    recorded = open_recording(root / "day.jsonl")
    assert recorded.unread == ()
    (tmp_path / "day.jsonl").write_bytes((root / "day.jsonl").read_bytes())

    without = PtySession("replay", tmp_path)
    try:
        without.see(b"REPLAY")
        without.see(b"You look back")
        without.press("q")
        assert without.end() == 0
    finally:
        without.close()
