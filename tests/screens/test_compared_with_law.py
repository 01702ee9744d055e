"""Documents: a plan is compared with what is law, and what is started is what was compared."""

import threading

import pytest

from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport, PieceReport
from console.backend.model.diff_text import DiffedPart, DiffKind
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.view_models import PlanView
from console.screens.documents import DocumentsScreen
from console.screens.law_text import detail, entries, head, row
from console.screens.law_view import LawView
from console.screens.planned import Answer
from console.screens.start_live import StartLiveDialog
from console.screens.start_repeal import StartRepealDialog
from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from console.widgets.source_view import SourceView
from tests.screens.conftest import opened, press, settle, until
from tests.support.fakes import FakeBackend
from tests.support.waiting import LONGEST_S


async def test_a_plan_of_a_document_that_is_law_is_compared_with_it() -> None:
    """The counts stand in the head, v shows each unit, Enter goes to its line, v and b lead back."""
    async with opened(FakeBackend(is_law=True), "2", "p") as (app, pilot):
        head = "".join(plain(row) for row in app.screen.query_one("#plan-head", Lines).shown)
        assert "4 unchanged, 1 changed, 2 new, 2 gone" in head
        await press(pilot, "v", "down")
        detail = app.screen.query_one("#law-detail", Panel)
        shown = " ".join("".join(plain(row) for row in detail.shown).split())
        assert detail.title == "changed: BDSG-2018-S1-P1"
        assert "[-Bund" in shown
        assert "{+the Federation" in shown
        await press(pilot, "enter")
        assert app.screen.query_one(SourceView).line_number == 5
        assert not app.screen.query_one(LawView).display
        await press(pilot, "v", "v")
        assert app.screen.query_one("#plan-body").display
        await press(pilot, "v", "b", "p")
        assert not app.screen.query_one(LawView).display


async def test_every_effect_and_probable_renumbering_is_a_row() -> None:
    """In the order of the new text, then what is gone, then what is only probable."""
    async with opened(FakeBackend(is_law=True), "2", "p", "v", "end") as (app, _pilot):
        assert isinstance(app.screen, DocumentsScreen)
        report = app.screen.law
        assert isinstance(report, AmendmentReport)
        rows = [plain(row(entry)).split()[:2] for entry in entries(report)]
        assert [words[0] for words in rows] == ["whole", "changed", "new", "new", "gone", "gone", "renumbered?"]
        detail = app.screen.query_one("#law-detail", Panel)
        assert f"--moved {report.renumberings[0].old}={report.renumberings[0].new}" in [
            plain(row) for row in detail.shown
        ]


async def test_a_renumbering_is_stated_and_taken_back_by_a_key_and_a_run_states_it() -> None:
    """On any other row the key says what to do."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p", "v", "m") as (app, pilot):
        assert isinstance(app.screen, DocumentsScreen)
        assert app.notice.what == "No renumbering is chosen."
        await press(pilot, "end", "m")
        report = app.screen.law
        assert isinstance(report, AmendmentReport)
        assert [type(entry) for entry in entries(report)[-1:]] == [Moved]
        assert report.renumberings == ()
        assert "as stated" in str(app.screen.query_one("#law-detail", Panel).title)
        await press(pilot, "d")
        assert backend.requests[-1].moved == report.moved
        await press(pilot, "2", "m")
        again = app.screen.law
        assert isinstance(again, AmendmentReport)
        assert again.moved == ()
        assert len(again.renumberings) == 1


async def test_a_renumbering_that_cannot_be_is_refused_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p", "v", "end") as (app, pilot):
        compare = backend.compare

        def refuse(plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
            if moved:
                raise Refused(StopCode.REFUSED_INPUT, "the old address stays", "State another renumbering.")
            return compare(plan)

        monkeypatch.setattr(backend, "compare", refuse)
        await press(pilot, "m")
        assert isinstance(app.screen, DocumentsScreen)
        assert "the old address stays" in app.notice.what
        assert isinstance(app.screen.law, AmendmentReport)
        assert app.screen.law.moved == ()


async def test_refreshing_compares_again() -> None:
    """What is law can have changed since; the other document's answer is none for this plan."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p", "v") as (app, pilot):
        assert app.screen.query_one(LawView).display
        backend.is_law = False
        await press(pilot, "r")
        assert not app.screen.query_one(LawView).display
        head = "".join(plain(row) for row in app.screen.query_one("#plan-head", Lines).shown)
        assert "against the law" not in head


async def test_a_plan_of_a_document_that_is_no_law_offers_no_comparison() -> None:
    """The key is not in the footer, and says why nothing comes."""
    async with opened(FakeBackend(), "2", "p", "v") as (app, _pilot):
        assert isinstance(app.screen, DocumentsScreen)
        assert "compare" not in {action.name for action in app.screen.shown_actions()}
        assert "Nothing of BDSG-2018 is law" in app.notice.what
        assert not app.screen.query_one(LawView).display


class _NotCompared(FakeBackend):
    """A backend whose database does not answer, though its documents can be planned."""

    def compare(self, plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
        """Fail as a database does that is down."""
        raise Unmeasured(StopCode.UNREACHABLE, "connection refused", "Start the database, then r")


async def test_a_plan_needs_no_database_and_says_so_only_if_the_comparison_is_asked_for() -> None:
    """A failed comparison is no failed plan."""
    async with opened(_NotCompared(), "2", "p") as (app, pilot):
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.planned is not None
        assert app.notice.what == ""
        await press(pilot, "v")
        assert "connection refused" in app.notice.what


async def test_there_is_nothing_to_compare_in_a_plan_with_problems() -> None:
    """The reason is said, and the backend is not asked."""
    backend = FakeBackend(with_problems=True, is_law=True)
    async with opened(backend, "2", "p", "v") as (app, _pilot):
        assert "compare" not in backend.calls
        assert "no plan to compare" in app.notice.what


@pytest.mark.parametrize(("is_law", "started"), [(True, "start DRYRUN of an amendment"), (False, "start DRYRUN")])
async def test_a_run_of_a_plan_that_changes_what_is_law_is_an_amendment(is_law: bool, started: str) -> None:
    backend = FakeBackend(is_law=is_law)
    async with opened(backend, "2", "p", "d"):
        assert started in backend.calls


async def test_the_question_before_a_live_amendment_says_what_it_changes() -> None:
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p", "L") as (app, pilot):
        assert isinstance(app.screen, StartLiveDialog)
        shown = " ".join(plain(row) for row in app.screen.query_one("#dialog-body", Panel).shown)
        assert "amends   what is law: 4 unchanged, 1 changed, 2 new, 2 gone" in shown
        await press(pilot, "ctrl+y")
        assert "start LIVE of an amendment" in backend.calls


async def test_nothing_is_started_while_it_is_not_known_whether_the_document_is_law() -> None:
    """A first cut of what is law would be refused, and an amendment of what is none too."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p") as (app, pilot):
        assert isinstance(app.screen, DocumentsScreen)
        app.screen.law = Answer.AWAITED
        await press(pilot, "d", "L")
        assert not any(call.startswith("start") for call in backend.calls)


@pytest.mark.parametrize(
    ("key", "started"),
    [("enter", ""), ("escape", ""), ("d", "start DRYRUN of a repeal"), ("ctrl+y", "start LIVE of a repeal")],
)
async def test_a_repeal_asks_before_it_starts_and_says_what_it_ends(key: str, started: str) -> None:
    """Enter and Esc are no; a dry run is a key away, and LIVE another one."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "R") as (app, pilot):
        assert isinstance(app.screen, StartRepealDialog)
        shown = " ".join(plain(row) for row in app.screen.query_one("#dialog-body", Panel).shown)
        assert "the repeal of BDSG-2018 as a whole" in shown
        assert "7 units in force; after SG_2 none" in shown
        assert "no text comes after it under this prefix" in shown
        await press(pilot, key)
        assert [call for call in backend.calls if call.startswith("start")] == ([started] if started else [])


async def test_what_is_no_law_is_not_repealed() -> None:
    """The reason is a notice, and no dialog opens."""
    backend = FakeBackend()
    async with opened(backend, "2", "R") as (app, _pilot):
        assert isinstance(app.screen, DocumentsScreen)
        assert app.notice.kind == "refused"
        assert "nothing of BDSG-2018 is law" in app.notice.what


async def test_without_a_prefix_there_is_nothing_to_repeal() -> None:
    """A document that was never named has no law."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "down", "R") as (app, _pilot):
        assert app.notice.what == "No document is named."
        assert not [call for call in backend.calls if call.startswith("repeal")]


async def test_text_that_differs_in_no_unit_is_said_in_the_head_and_shown() -> None:
    """A title or a date: nothing else would tell that the text becomes another one."""
    async with opened(FakeBackend(is_law=True), "2", "p", "v") as (app, _pilot):
        assert isinstance(app.screen, DocumentsScreen)
        law = app.screen.law
        assert isinstance(law, AmendmentReport)
    same = " ".join(plain(line) for line in detail(law, 80))
    assert "between" not in plain(head(law)) + same
    parts = (DiffedPart(kind=DiffKind.REMOVED, text="Of 2 March"), DiffedPart(kind=DiffKind.ADDED, text="Of 3 March"))
    piece = PieceReport(old_place="", new_place="", parts=parts, is_coarse=False)
    other = law.model_copy(update={"between": (piece,)})
    assert "text between them" in plain(head(other))
    assert "[-Of 2 March-]{+Of 3 March+}" in " ".join(plain(line) for line in detail(other, 80))


async def test_coming_back_to_a_plan_compares_it_again_with_what_is_law() -> None:
    """Its own run made it law meanwhile: the plan was still offered as a change of what is law."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p", "1") as (app, pilot):
        backend.is_law = False
        await press(pilot, "2")
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.law is Answer.NO_LAW
        assert "compare" not in {action.name for action in app.screen.shown_actions()}


async def test_an_older_comparison_does_not_come_last() -> None:
    """One was asked for with each dialog that closed, and the answer that came last was drawn."""
    backend, go_on = FakeBackend(is_law=True), threading.Event()
    compare, is_law = backend.compare, list[bool]()

    def later(plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
        is_law.append(backend.is_law)
        answer = compare(plan, moved)
        if len(is_law) == 1:
            go_on.wait(LONGEST_S)
        return answer

    async with opened(backend, "2", "p", "1") as (app, pilot):
        backend.compare = later  # type: ignore[method-assign]
        try:
            await pilot.press("2")
            await until(pilot, lambda: is_law == [True])
            backend.is_law = False
            for _ in range(3):
                await pilot.press("question_mark", "escape")
            assert is_law == [True]
        finally:
            go_on.set()
        await settle(pilot)
        assert is_law == [True, False]
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.law is Answer.NO_LAW


async def test_a_line_that_is_lost_on_coming_back_takes_nothing_away_that_was_read() -> None:
    """A renumbering that was stated went with it, and the next run was another one than was compared."""
    backend = FakeBackend(is_law=True)
    async with opened(backend, "2", "p", "1") as (app, pilot):

        def lost(plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
            raise Unmeasured(StopCode.UNREACHABLE, "the line is lost", "Look at the server.")

        backend.compare = lost  # type: ignore[method-assign]
        await press(pilot, "2")
        assert isinstance(app.screen, DocumentsScreen)
        assert isinstance(app.screen.law, AmendmentReport)
