"""The screens while the database is not reached: what is not known is said to be, once, and never shown as nothing."""

import re

import pytest

from console.actions.actions import registry
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import ApprovalStatus, IntakeView
from console.screens.approvals_text import sign, statement_row
from console.screens.backups_text import row
from console.screens.documents_text import intake_row, intake_rows, state
from console.screens.overview_text import counts, switch, where
from console.widgets.line import plain
from console.widgets.rows import Rows
from tests.screens.conftest import opened
from tests.support.fakes import NOW, FakeBackend

_REASON = 'connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory'


@pytest.mark.parametrize("key", ["2", "3", "4", "7", "8", "9", "h"])
async def test_no_list_that_was_not_read_has_a_zero(key: str) -> None:
    """Run said `Runs: 0` above NOT KNOWN, Approvals `Statements: 0`, HOLD and recovery `0 to decide`."""
    async with opened(FakeBackend(down=True), key) as (app, _):
        titles = [str(rows.border_title) for rows in app.screen.query(Rows)]
        assert titles
        assert not [title for title in titles if re.search(r"\b0\b", title)]


def test_the_reason_why_nothing_was_counted_stands_once() -> None:
    """Each of nineteen tables had the whole text of libpq below it, and the switch once more."""
    status = FakeBackend().status()
    unread = tuple(
        view.model_copy(update={"rows": None, "outcome": Outcome.INCONCLUSIVE, "detail": _REASON})
        for view in status.counts
    )
    down = FakeBackend(down=True).status()
    down = down.model_copy(
        update={
            "counts": unread,
            "unreachable": f"STOP_UNREACHABLE: {_REASON}",
            "switch": down.switch.model_copy(update={"reason": _REASON}),
        }
    )
    known = registry(read_only=False, demo=False)
    lines = [*where(down, read_only=False), *switch(down, NOW, known, str), *counts(down, wide=False)]
    shown = "\n".join(plain(spans) for spans in lines)
    assert shown.count(_REASON) == 1
    assert f"NOT KNOWN the rows of {len(unread)} tables: the database was not reached" in shown
    # Where the database answers and some tables cannot be read, why is said where they are.
    some = status.model_copy(update={"counts": (*unread[:3], *status.counts[3:])})
    shown = "\n".join(plain(spans) for spans in counts(some, wide=False))
    assert shown.count(_REASON) == 1
    one = status.model_copy(update={"counts": (*unread[:1], *status.counts[1:])})
    assert "\n".join(plain(spans) for spans in counts(one, wide=False)).count(_REASON) == 1


def test_a_document_of_which_nothing_was_read_is_not_called_new() -> None:
    view = IntakeView(name="a.md", origin="file:a.md", bytes=1)
    shown = plain(intake_row(view))
    assert "NOT KNOWN" in shown
    assert "new" not in shown
    assert state(view).startswith("NOT KNOWN")
    assert ("state", "NOT KNOWN") in intake_rows((view,))[0].columns
    assert "new" in plain(intake_row(view.model_copy(update={"standing": ""})))


def test_a_backup_of_which_the_ledger_was_not_read_is_not_said_to_be_for_no_run() -> None:
    kept = FakeBackend().backups().backups[0].model_copy(update={"proofs": (), "counts_until": None})
    assert "no run" in plain(row(kept, NOW, 120).line)
    unread = kept.model_copy(update={"counts_not": "not known: the ledger was not read"})
    shown = plain(row(unread, NOW, 120).line)
    assert "NOT KNOWN" in shown
    assert "no run" not in shown


def test_a_statement_that_was_not_measured_names_no_time_that_nobody_read() -> None:
    view = FakeBackend().approvals()[0].model_copy(update={"status": ApprovalStatus.NOT_KNOWN, "expires_at": None})
    shown = "\n".join(plain(spans) for spans in sign(view, NOW, registry(read_only=False, demo=False)))
    assert shown.startswith("NOT KNOWN, its expiry is not known")
    assert "sign " not in shown
    assert "SG_1 NOT KNOWN BDSG-2018" in plain(statement_row(view))
