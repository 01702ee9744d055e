"""What is said of a statement: how it is signed, what comes next, and the notice of an import."""

import threading

import pytest
from textual.pilot import Pilot

from console.actions.actions import Registry, registry
from console.app.application import ConsoleApp
from console.backend.model.batches import BatchMove
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.states import Move
from console.backend.model.view_models import ApprovalStatus, ApprovalView, RunView, SwitchView
from console.screens.approvals_text import imported, sign
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle, until
from tests.support.fake_batches import BATCH_ID
from tests.support.fakes import HOLD, NOW, RUN_ID, FakeBackend
from tests.support.waiting import LONGEST_S

WORDS = {
    ApprovalStatus.DRAFTED: f"SG_1 for {RUN_ID} is imported.",
    ApprovalStatus.INVALID: f"SG_1 for {RUN_ID} is imported.",
    ApprovalStatus.IMPORTED: f"SG_1 for {RUN_ID} was imported before; its record is unchanged.",
    ApprovalStatus.USED: f"SG_1 for {RUN_ID} was used before; its record is unchanged.",
}


def _known(*, demo: bool = False) -> Registry:
    return registry(read_only=False, demo=demo)


def _unread(_run_id: str) -> RunView:
    raise Unmeasured(StopCode.UNREACHABLE, "its journal could not be read", "See the root's rights")


@pytest.mark.parametrize("status", WORDS)
def test_a_second_import_is_said_to_be_one(status: ApprovalStatus) -> None:
    drafted = FakeBackend().check_statement(FakeBackend().approvals()[0].statement_path)
    before = drafted.model_copy(update={"status": status})
    after = drafted.model_copy(
        update={"status": ApprovalStatus.USED if status is ApprovalStatus.USED else ApprovalStatus.IMPORTED}
    )

    notice = imported(before, after)
    assert notice.what == WORDS[status]
    # How to sign says what is next, and knows of a HOLD and of the moves of the run.
    assert notice.next_action == ""


def test_of_a_statement_whose_every_check_passes_the_import_is_named_as_next() -> None:
    view = FakeBackend().approvals()[0]
    passing = view.model_copy(
        update={"status": ApprovalStatus.DRAFTED, "checks": tuple(c for c in view.checks if c.outcome is Outcome.PASS)}
    )
    assert passing.checks
    rows = {demo: [plain(row) for row in sign(passing, NOW, _known(demo=demo))] for demo in (True, False)}
    assert all(shown[1] == "signed: every check is PASS. Next: i imports it" for shown in rows.values())
    unsigned = [plain(row) for row in sign(passing.model_copy(update={"checks": ()}), NOW, _known(demo=True))]
    assert not [row for row in unsigned if row.startswith("signed")]
    assert [row for row in unsigned if row.startswith("DEMO")]


def test_a_console_that_only_reads_names_no_key_that_it_does_not_have() -> None:
    view = FakeBackend().approvals()[0]
    passing = tuple(check for check in view.checks if check.outcome is Outcome.PASS)
    for shown in (view, view.model_copy(update={"checks": passing})):
        rows = [plain(row) for row in sign(shown, NOW, registry(read_only=True, demo=True))]
        assert not [row for row in rows if "import" in row or row.startswith("DEMO")]
        assert "then  put the signature file beside the statement; c checks" in rows


@pytest.mark.parametrize(
    ("purpose", "run_id", "move", "following"),
    [
        (Purpose.CUT, RUN_ID, Move.ARM, "next  3, then A"),
        (Purpose.EDIT, RUN_ID, Move.APPLY, "next  3, then W"),
        (Purpose.ENACT, RUN_ID, Move.ENACT, "next  3, then E"),
        (Purpose.REVERT, RUN_ID, Move.REVERT, "next  3, then U"),
        (Purpose.CUT, BATCH_ID, BatchMove.ARM, "next  7, then A"),
        (Purpose.ENACT, BATCH_ID, BatchMove.ENACT, "next  7, then E"),
    ],
)
def test_an_imported_statement_names_the_key_that_is_next_only_where_the_run_allows_it(
    purpose: Purpose, run_id: str, move: Move | BatchMove, following: str
) -> None:
    view = FakeBackend().approvals()[0]
    view = view.model_copy(update={"status": ApprovalStatus.IMPORTED, "purpose": purpose, "run_id": run_id})

    def following_of(known: Registry, *moves: Move | BatchMove, switch: SwitchView | None = None) -> list[str]:
        rows = [plain(row) for row in sign(view, NOW, known, moves=moves, switch=switch)]
        return [row for row in rows if row.startswith("next")]

    assert following_of(_known(), move) == [following]
    # A run that was voided, has failed, or is armed already; and one of which nothing is known yet.
    assert following_of(_known(), Move.VOID, Move.REPORT, Move.CONTINUE) == following_of(_known()) == []
    assert following_of(registry(read_only=True, demo=False), move) == []
    after = following.replace("next  ", "next  after the release of the HOLD (h): ")
    assert following_of(_known(), move, switch=HOLD) == [after]


class _Imported(FakeBackend):
    """Its statement is imported."""

    def approvals(self) -> tuple[ApprovalView, ...]:
        """The one statement."""
        return tuple(view.model_copy(update={"status": ApprovalStatus.IMPORTED}) for view in super().approvals())


async def test_the_screen_reads_what_the_run_allows_before_it_names_a_key() -> None:
    backend = _Imported()
    async with opened(backend, "4") as (app, pilot):
        sign_panel = app.screen.query_one("#sign", Panel)
        assert "next  3, then A" in sign_panel.text
        backend.displaced = True
        await press(pilot, "r")
        assert "next" not in sign_panel.text
        backend.displaced, backend.switch = False, HOLD
        await press(pilot, "r")
        assert "next  after the release of the HOLD (h): 3, then A" in sign_panel.text
    async with opened(_Imported(), "4", read_only=True) as (app, _pilot):
        assert "next" not in app.screen.query_one("#sign", Panel).text


async def _read_list_again(app: ConsoleApp, pilot: Pilot[int], backend: FakeBackend) -> None:
    before = backend.calls.count("approvals")
    app.screen.reload()  # type: ignore[attr-defined]
    await until(pilot, lambda: backend.calls.count("approvals") > before)
    await pilot.pause()


async def test_what_moves_while_the_moves_are_read_is_read_once_behind_it() -> None:
    """The question that came while the first was open was dropped: the screen named a key of before."""
    backend, go_on, asked = _Imported(), threading.Event(), list[bool]()
    run = backend.run

    def later(run_id: str) -> RunView:
        asked.append(backend.displaced)
        answer = run(run_id)
        go_on.wait(LONGEST_S)
        return answer

    async with opened(backend, "4") as (app, pilot):
        backend.run = later  # type: ignore[method-assign]
        app.screen.reload()  # type: ignore[attr-defined]
        await until(pilot, lambda: bool(asked))
        backend.displaced = True
        try:
            for _ in range(3):
                await _read_list_again(app, pilot, backend)
            assert asked == [False]
        finally:
            go_on.set()
        await settle(pilot)
        assert "next" not in app.screen.query_one("#sign", Panel).text
        assert asked == [False, True]


async def test_a_run_that_cannot_be_read_has_no_next_key_and_the_list_stays() -> None:
    backend = _Imported()
    async with opened(backend, "4") as (app, pilot):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(backend, "run", _unread)
            await press(pilot, "r")
        assert "next" not in app.screen.query_one("#sign", Panel).text
        assert app.screen.query_one("#statements", ListRows).row_count == 1
