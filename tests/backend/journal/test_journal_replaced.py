"""A journal in whose place something else lies is neither gone on with nor read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.backend.host.context import Context
from console.backend.journal.journal import Journal, read_journal, verify_journal
from console.backend.journal.journal_record import Anchor, RecordKind
from console.backend.model.errors import Drifted
from console.backend.model.outcome import Outcome

RUN = "ictr-20260302T085900Z-00000001"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A console at a fixed time."""
    return Context(root=tmp_path, now=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC))


def _written(path: Path, context: Context, phase: str) -> Anchor:
    with Journal.create(path, RUN, context) as journal:
        return journal.append(RecordKind.NOTE, phase)


def test_a_journal_that_was_replaced_as_a_whole_is_not_gone_on_with(tmp_path: Path, context: Context) -> None:
    """It is of the same run, of the same length and sound in itself; only the anchored hash is another."""
    anchor = _written(tmp_path / "j", context, "start")
    _written(tmp_path / "other", context, "mark")
    (tmp_path / "other").replace(tmp_path / "j")
    with pytest.raises(Drifted, match="replaced or rewritten"):
        Journal.resume(tmp_path / "j", RUN, context, lambda: anchor)
    Journal.resume(tmp_path / "j", RUN, context).close()


def test_a_link_in_the_place_of_a_journal_is_not_read(tmp_path: Path, context: Context) -> None:
    _written(tmp_path / "elsewhere", context, "start")
    (tmp_path / "j").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Drifted):
        read_journal(tmp_path / "j")
    assert verify_journal(tmp_path / "j").outcome is Outcome.FAIL
