"""A database that does not answer: no list says a verdict, a date or a number that nobody has measured."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.approvals.statement import parse_statement, read_statement
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.view_models import ApprovalStatus, ApprovalView
from console.backend.runs import approval_workflow, batch_rulings
from console.backend.runs.backup_shelf import NOT_READ, shelf_of
from console.backend.runs.intake_list import intake_views
from console.backend.runs.unread_statements import unread_view
from tests.support.batch import BatchSite
from tests.support.passage import Kept, Passage

At = Callable[[str], Passage]
_AWAY = "host=/nonexistent dbname=none user=nobody"


def _away(installation: Installation) -> Installation:
    settings = installation.settings
    database = settings.database.model_copy(update={"monitor": _AWAY, "verifier": _AWAY, "executor": _AWAY})
    return replace(installation, settings=settings.model_copy(update={"database": database}))


def _statements(installation: Installation) -> tuple[ApprovalView, ...]:
    over_batches, carried = batch_rulings.all_views(installation)
    return (*over_batches, *approval_workflow.all_views(installation, carried))


def _is_not_known(view: ApprovalView) -> None:
    assert view.status is ApprovalStatus.NOT_KNOWN
    (check,) = view.checks
    assert (check.outcome, bool(check.detail), bool(check.next_action)) == (Outcome.INCONCLUSIVE, True, True)


@pytest.mark.parametrize("stage", ["SG_1 imported", "waits for SG_2", "SG_2 imported", "enacted"])
def test_a_statement_has_no_verdict_and_the_times_of_its_own_file(at: At, stage: str) -> None:
    """A ruling that was imported, or used, was shown as invalid, and as expired at the moment of the question."""
    passage = at(stage)
    before = {view.statement_path: view for view in _statements(passage.installation)}

    views = _statements(_away(passage.installation))

    assert {view.statement_path for view in views} == set(before) != set()
    for view in views:
        _is_not_known(view)
        data = read_statement(view.statement_path)
        signed, known = parse_statement(data), before[view.statement_path]
        assert (view.expires_at, view.purpose) == (signed.expires, signed.purpose)
        assert (view.statement_sha256, view.docprefix) == (sha256_hex(data), signed.document.docprefix)
        assert (view.kind, view.run_id, view.statement_lines) == (known.kind, known.run_id, known.statement_lines)


def test_a_statement_over_a_batch_has_none_either(at: At, kept: Kept) -> None:
    site = BatchSite.waiting(at, kept, 3)
    path, installation = site.sign(site.newest().batch_id), site.passage.installation
    known = batch_rulings.view(installation, path)

    (view,) = (view for view in _statements(_away(installation)) if view.statement_path == path)

    _is_not_known(view)
    assert (view.expires_at, view.docprefix, view.purpose) == (known.expires_at, known.docprefix, known.purpose)
    assert (view.statement_sha256, view.statement_lines) == (known.statement_sha256, known.statement_lines)


def test_a_ruling_over_a_batch_that_could_not_be_checked_has_not_failed(
    at: At, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as a whole before the switch is armed, nor for one member that could not be asked about."""
    site = BatchSite.waiting(at, kept, 3)
    batch_id = site.newest().batch_id
    path, installation = site.sign(batch_id), site.passage.installation
    assert batch_rulings.imported(installation, batch_id, Purpose.CUT).outcome is Outcome.PASS
    assert batch_rulings.imported(_away(installation), batch_id, Purpose.CUT).outcome is Outcome.INCONCLUSIVE

    def silent(*_: object) -> None:
        raise Unmeasured(StopCode.UNREACHABLE, "nothing answers", "start it")

    monkeypatch.setattr(approval_workflow, "expectation", silent)
    with pytest.raises(Unmeasured):
        batch_rulings.check(installation, path, ())
    (view,) = (view for view in _statements(installation) if view.statement_path == path)
    _is_not_known(view)
    assert batch_rulings.imported(installation, batch_id, Purpose.CUT).outcome is Outcome.INCONCLUSIVE


def test_a_statement_that_cannot_be_read_is_invalid_and_expires_at_no_known_time(at: At) -> None:
    passage = at("SG_1 imported")
    (path,) = (view.statement_path for view in _statements(passage.installation))
    path.write_bytes(b"{}")

    for installation in (passage.installation, _away(passage.installation)):
        (view,) = _statements(installation)
        assert (view.status, view.expires_at) == (ApprovalStatus.INVALID, None)
        assert [check.outcome for check in view.checks] == [Outcome.FAIL]


def test_of_a_file_that_is_not_there_any_more_nothing_is_said(at: At) -> None:
    path = at("SG_1 imported").installation.root / "approvals" / "ictr-20260101T000000Z-00000000.SG_1.json"
    error = Unmeasured(StopCode.UNREACHABLE, "nothing answers", "start it")
    view = unread_view(path, error)
    assert (view.status, view.expires_at, view.statement_sha256) == (ApprovalStatus.NOT_KNOWN, None, "")


def test_no_file_is_called_new_and_no_backup_without_a_run(at: At) -> None:
    installation = _away(at("enacted").installation)
    files, shelf = intake_views(installation), shelf_of(installation)
    assert files
    assert {(view.docprefix, view.standing) for view in files} == {("", None)}
    assert shelf.unread
    assert shelf.backups
    assert {(backup.is_read, backup.counts_not) for backup in shelf.backups} == {(False, NOT_READ)}
