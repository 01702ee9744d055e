"""Documents: the tree and the text follow each other, problems are jumped to, nothing with problems is started."""

import threading

import pytest
from textual.widgets import Input

from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import Acceptance, DroppedSpan, DropRule, Omission, Problem, Suspect, SuspectReason
from console.backend.model.suspect_groups import grouped
from console.backend.model.view_models import IntakeView, OnProgress, PlanView, RunRequest, RunView
from console.screens.documents import DocumentsScreen
from console.screens.documents_text import note_row, plan_head, problem_row, problem_whole, state
from console.screens.help import HelpDialog
from console.widgets.bars import KeyBar
from console.widgets.line import plain
from console.widgets.notice import NoticePanel
from console.widgets.panel import Lines
from console.widgets.rows import Rows
from console.widgets.source_view import SourceView
from console.widgets.unit_tree import UnitTree
from tests.screens.conftest import opened, press, settle, until
from tests.support.fake_documents import TITLE, refused_plan
from tests.support.fakes import FakeBackend
from tests.support.waiting import LONGEST_S


async def test_the_text_follows_the_tree_and_the_tree_the_text() -> None:
    """Selecting on one side jumps on the other."""
    async with opened(FakeBackend(), "2", "p", "down", "down") as (app, pilot):
        text, tree = app.screen.query_one(SourceView), app.screen.query_one(UnitTree)
        assert text.line_number == 6
        await press(pilot, "tab", "right_square_bracket")
        assert text.line_number == 7
        assert tree.unit_index == 3
        await press(pilot, "end", "up")
        assert tree.unit_index == 6


async def test_problems_are_jumped_to_and_stop_at_the_ends() -> None:
    """n and N; the cursor of the text is on the problem's line."""
    async with opened(FakeBackend(with_problems=True), "2", "p") as (app, pilot):
        text = app.screen.query_one(SourceView)
        assert text.line_number == 5
        await press(pilot, "n")
        assert text.line_number == 9
        await press(pilot, "n")
        assert text.line_number == 9
        await press(pilot, "N")
        assert text.line_number == 5
        assert app.screen.query_one("#problems", Rows).cursor == 0


_WRONG_PREFIX = Problem(code="DOCPREFIX_INVALID", line=0, message="docprefix 'b!': 3 to 32 of A-Z, 0-9 and -")


class _WronglyNamed(FakeBackend):
    """A plan whose prefix is not allowed, and whose text may have a problem too."""

    def __init__(self, *more: Problem) -> None:
        super().__init__()
        self._problems = (_WRONG_PREFIX, *more)

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        return refused_plan(self.text, self._problems)


async def test_a_prefix_that_is_not_allowed_is_corrected_in_the_form() -> None:
    """Its problem has no line in the text: the form was not among the keys, and the text was to be corrected."""
    async with opened(_WronglyNamed(), "2", "p") as (app, pilot):
        assert "f Form" in _words(app.screen.query_one(KeyBar))
        await press(pilot, "d")
        assert app.notice.what == "The plan has problems: no run can start from it."
        assert app.notice.next_action == "Correct the prefix: f"
        await press(pilot, "f")
        assert isinstance(app.focused, Input)


async def test_with_a_problem_in_the_text_beside_a_wrong_prefix_the_problems_are_looked_at() -> None:
    in_text = Problem(code="EMPTY_BODY", line=9, message="this heading has no text before the next one")
    async with opened(_WronglyNamed(in_text), "2", "p", "d") as (app, _pilot):
        assert app.notice.next_action == "Press n to see each problem. Correct the text, then b and p"
        assert "f Form" in _words(app.screen.query_one(KeyBar))


def _words(widget: Lines) -> str:
    return " ".join(" ".join(plain(spans) for spans in widget.shown).split())


async def test_the_problem_under_the_cursor_is_told_whole() -> None:
    """In the list a row has no room for a long message; a problem of the document as a whole has no line."""
    message = "docprefix 'fFIRE-SAFETY': 3 to 32 of A-Z, 0-9 and -, beginning with a letter"
    whole = Problem(code="DOCPREFIX_INVALID", line=0, message=message)
    assert plain(problem_row(whole)).startswith("document    DOCPREFIX_INVALID")
    assert plain(problem_whole(whole)) == message
    async with opened(FakeBackend(with_problems=True), "2", "p") as (app, pilot):
        shown = app.screen.query_one("#problem", Lines)
        assert [plain(row) for row in shown.shown] == ["line 5: BDSG-2018-S1-P1 also at line 3"]
        await press(pilot, "n")
        assert [plain(row) for row in shown.shown] == ["line 9: this heading has no text before the next one"]
        assert shown.display
    async with opened(FakeBackend(), "2", "p") as (app, _pilot):
        assert not app.screen.query_one("#problem", Lines).display


async def test_the_answer_to_a_key_that_cannot_act_is_no_stop_and_ends_with_the_next_key() -> None:
    """That a document has no prefix yet stood there until it was planned, and beside its plan."""
    async with opened(FakeBackend(), "2", "down", "p") as (app, pilot):
        panel = app.screen.query_one(NoticePanel)
        assert panel.notice.next_action == "Type the prefix of its addresses, then press Enter"
        assert str(panel.border_title).startswith("Not done at ")
        await press(pilot, "A")
        assert panel.notice.kind == "none"
        assert app.screen.query_one("#docprefix", Input).value == "A"


async def test_a_document_with_problems_starts_no_run() -> None:
    """Neither dry nor live, and the reason is said."""
    backend = FakeBackend(with_problems=True)
    async with opened(backend, "2", "p", "d", "L") as (app, _pilot):
        assert not [call for call in backend.calls if call.startswith("start")]
        assert isinstance(app.screen, DocumentsScreen)
        assert app.notice.kind == "refused"


async def test_a_plan_that_is_refused_leaves_the_list_and_the_form_as_they_were() -> None:
    """The list was read and is current; only the plan failed, which the notice says."""
    backend = FakeBackend()
    async with opened(backend, "2") as (app, pilot):
        hint = app.screen.query_one("#form-hint", Lines).shown
        backend.hit = Refused(StopCode.REFUSED_INPUT, "unknown profile 'us'", "choose one of atx")
        await press(pilot, "p")
        assert "unknown profile" in app.notice.what
        assert app.screen.query_one("#form-hint", Lines).shown == hint
        assert "NOT CURRENT" not in str(app.screen.query_one("#intake", Rows).border_title)


async def test_a_refused_document_is_not_planned() -> None:
    """The reason of the intake is repeated."""
    backend = FakeBackend()
    async with opened(backend, "2", "end", "p") as (app, _pilot):
        assert not [call for call in backend.calls if call.startswith("plan")]
        assert "not UTF-8" in app.notice.what


async def test_the_form_decides_how_a_document_is_read() -> None:
    """Prefix, profile and ordinals reach the backend."""
    backend = FakeBackend()
    async with opened(backend, "2", "f", "end", "X", "tab", "tab", "space", "p") as (_app, pilot):
        await press(pilot, "shift+tab", "enter")
        assert "plan file:bdsg_2018.md BDSG-2018X de-law True" in backend.calls


class _Accepting(FakeBackend):
    """A backend whose documents have an accept file beside them."""

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        """The sample, with two accepted findings and a suspect."""
        view = super().plan(origin, docprefix, profile, ordinals)
        assert view.document is not None
        document = view.document.model_copy(
            update={
                "acceptances": (
                    Acceptance(line=9, code="NUMBER_GAP", reason="enacted [b]so[/b]"),
                    Acceptance(line=12, code="ADDRESS_REPEATED", suffix="OLD", reason="twice"),
                ),
                "suspects": (Suspect(line=10, reason=SuspectReason.SPELLING, text="§3", swallowed_by="BDSG-2018/S1"),),
            }
        )
        return PlanView(document, (), view.text, view.plan_digest, "accept file")

    def start(self, request: RunRequest, on_progress: OnProgress) -> RunView:
        """Note what the run is to accept."""
        self.calls.append(f"accepting {request.accept}")
        return super().start(request, on_progress)


async def test_accepted_findings_are_shown_with_the_suspects_and_started_as_shown() -> None:
    """The number in the head, each in the list in the order of its line, and the file's text in the request."""
    backend = _Accepting()
    async with opened(backend, "2", "p") as (app, pilot):
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.planned is not None
        view, request = app.screen.planned.view, app.screen.planned.request
        assert view.document is not None
        head = "".join(plain(row) for row in plan_head(request, view, wide=False))
        assert "with its .accept.toml" in head
        assert "1 suspect (x)  2 accepted" in head
        rows = app.screen.query_one("#problems", Rows)
        assert rows.border_title == "1 suspect, 2 accepted (x next, X previous): 1 spelling"
        text = app.screen.query_one(SourceView)
        lines = []
        for _ in range(3):
            await press(pilot, "x")
            lines.append(text.line_number)
        assert lines == [9, 10, 12]
        assert "ADDRESS_REPEATED accepted  OLD: twice" in plain(note_row(view.document.acceptances[1]))
        await press(pilot, "d")
    assert "accepting accept file" in backend.calls


class _Dropping(FakeBackend):
    """A backend whose document has a quotation of two lines, and a running head that is dropped."""

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        """The sample, with what was dropped."""
        view = super().plan(origin, docprefix, profile, ordinals)
        assert view.document is not None
        quoted = [
            Suspect(line=line, reason=SuspectReason.QUOTED, text="§ 3", swallowed_by="BDSG-2018/S1") for line in (5, 7)
        ]
        dropped = DroppedSpan(
            rule=DropRule.PAGE_BREAK,
            line=3,
            byte_start=31,
            byte_end=48,
            sha256="ab" * 32,
            text="GAZETTE 7",
            within="(title)",
        )
        document = view.document.model_copy(update={"suspects": tuple(quoted), "dropped": (dropped,)})
        return PlanView(document, (), view.text, view.plan_digest, "")


async def test_dropped_spans_are_shown_behind_the_suspects_and_a_quotation_is_one_row() -> None:
    """With rule, size and digest; x goes to the line of each."""
    async with opened(_Dropping(), "2", "p") as (app, pilot):
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.planned is not None
        view, request = app.screen.planned.view, app.screen.planned.request
        assert view.document is not None
        assert "2 suspects in 1 place (x)  1 dropped" in "".join(
            plain(row) for row in plan_head(request, view, wide=False)
        )
        rows = app.screen.query_one("#problems", Rows)
        assert rows.border_title == "2 suspects, 1 dropped (x next, X previous): 2 quoted"
        text = app.screen.query_one(SourceView)
        lines = []
        for _ in range(2):
            await press(pilot, "x")
            lines.append(text.line_number)
        assert lines == [5, 3]
        assert "5-7" in plain(note_row(grouped(view.document.suspects)[0]))
        assert "page-break    GAZETTE 7  17 B sha256 abababab" in plain(note_row(view.document.dropped[0]))


class _Marked(FakeBackend):
    """A backend whose documents are files with markup."""

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        """The sample, with what its text does not hold."""
        view = super().plan(origin, docprefix, profile, ordinals)
        assert view.document is not None
        omissions = (Omission(name="comment", count=2, characters=9), Omission(name="metadata", count=27))
        document = view.document.model_copy(update={"omissions": omissions})
        return PlanView(document, (), view.text, view.plan_digest)


async def test_what_the_text_of_a_file_with_markup_does_not_hold_is_shown() -> None:
    async with opened(_Marked(), "2", "p") as (app, _):
        head = app.screen.query_one("#plan-head", Lines)
        assert head.size.height == 4
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.planned is not None
        shown = plan_head(app.screen.planned.request, app.screen.planned.view, wide=False)
        assert plain(shown[-1]) == "not in the text 2 comment (9 characters), 27 metadata"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_profile_that_can_be_chosen_is_on_the_screen(size: tuple[int, int]) -> None:
    async with opened(FakeBackend(), "2", size=size) as (app, _):
        hint = app.screen.query_one("#form-hint", Lines)
        assert plain(hint.shown[-1]).endswith(", ".join(FakeBackend().profiles()))
        needed = sum(-(-len(plain(shown)) // hint.size.width) for shown in hint.shown)
        assert hint.size.height >= needed


class _ManyProfiles(FakeBackend):
    """Has profiles of its operator's beside those that are shipped."""

    def __init__(self, own: tuple[str, ...]) -> None:
        super().__init__()
        self._own = own

    def profiles(self) -> tuple[str, ...]:
        return (*super().profiles(), *self._own)


@pytest.mark.parametrize("letters", [3, 9, 32, 40])
async def test_however_many_profiles_there_are_all_fields_of_the_form_and_some_documents_are_seen(letters: int) -> None:
    """The longest name of one has 40 letters. Those that have no room are counted, with the command that names them."""
    own = tuple(f"p{number}".ljust(letters, "x") for number in range(10, 70))
    async with opened(_ManyProfiles(own), "2") as (app, _):
        form = app.screen.query_one("#form").content_region
        for name in ("docprefix", "profile", "ordinals"):
            assert form.contains_point(app.screen.query_one(f"#{name}").region.offset)
        assert app.screen.query_one("#form").region.bottom < app.screen.size.height
        assert app.screen.query_one("#intake").size.height >= 4
        hint = app.screen.query_one("#form-hint", Lines)
        shown = [name for name in own if name in plain(hint.shown[-1])]
        assert f"{shown[-1]} and {len(own) - len(shown)} more: cutter-console profile list" in plain(hint.shown[-1])
        assert hint.size.height >= sum(-(-len(plain(line)) // hint.size.width) for line in hint.shown)


async def test_the_parts_of_a_laws_title_are_shown_the_telling_ones_first() -> None:
    """Which law it is, before issuer and motto; the rest as far as the line goes."""
    async with opened(FakeBackend(title=TITLE), "2", "p") as (app, _):
        assert app.screen.query_one("#plan-head", Lines).size.height == 4
        assert isinstance(app.screen, DocumentsScreen)
        assert app.screen.planned is not None
        shown = plan_head(app.screen.planned.request, app.screen.planned.view, wide=False)
        assert plain(shown[-1]).startswith("number Số: 7/2024/NĐ-HN  title NGHỊ ĐỊNH Về việc giữ gìn hồ nước  place")
        assert plain(shown[-1]).rstrip().endswith("motto Độc lập - Tự do")


async def test_a_dry_run_leads_to_the_run_screen() -> None:
    """With the new run chosen."""
    backend = FakeBackend()
    async with opened(backend, "2", "p", "d") as (app, _pilot):
        assert "start DRYRUN" in backend.calls
        assert app.screen.query("#runs")


async def test_escape_leaves_a_field_of_the_form_so_that_keys_are_keys_again() -> None:
    """Random keys found it: nothing but Tab led out of the field, and the key for help was typed into it."""
    async with opened(FakeBackend(), "2", "f", "question_mark") as (app, pilot):
        assert isinstance(app.focused, Input)
        assert app.focused.value.endswith("?")
        await press(pilot, "escape", "question_mark")
        assert isinstance(app.screen, HelpDialog)


async def test_coming_back_reads_the_list_once() -> None:
    """The handler of the base, which Textual calls too, was called a second time."""
    backend = FakeBackend()
    async with opened(backend, "2", "1") as (_app, pilot):
        before = backend.calls.count("intake")
        await press(pilot, "2")
        assert backend.calls.count("intake") == before + 1


async def test_what_is_typed_before_the_list_is_read_stays_in_the_form() -> None:
    """The list came late, and its first document's prefix took the place of what was typed."""
    backend = _ListedLate()
    async with opened(backend) as (app, pilot):
        try:
            await pilot.press("2", "f", "L", "A", "W")
            await until(pilot, lambda: app.screen.query_one("#docprefix", Input).value == "LAW")
        finally:
            backend.list_goes_on.set()
        await settle(pilot)
        assert app.screen.query_one("#docprefix", Input).value == "LAW"
        assert app.screen.query_one("#profile", Input).value
        await press(pilot, "escape", "down", "up")
        assert app.screen.query_one("#docprefix", Input).value != "LAW"


class _ListedLate(FakeBackend):
    """A backend that lists the documents only when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.list_goes_on = threading.Event()

    def intake(self) -> tuple[IntakeView, ...]:
        self.list_goes_on.wait(LONGEST_S)
        return super().intake()


async def test_the_state_of_the_chosen_document_stands_below_the_list() -> None:
    """Whether a file is law already was to be seen by planning it, or in `document list`."""
    in_force = "in force since 2026-02-01 08:00:00 UTC; last run law: "
    async with opened(FakeBackend(), "2") as (app, pilot):
        form = app.screen.query_one("#form")
        assert str(form.border_subtitle).startswith(in_force)
        await press(pilot, "down")
        assert str(form.border_subtitle) == "new: no run has registered it"
        await press(pilot, "down", "down")
        assert str(form.border_subtitle) == ""
        await press(pilot, "slash", *"state:new", "enter")
        rows = app.screen.query_one("#intake", Rows)
        assert [plain(rows.row(place)).split()[0] for place in range(rows.row_count)] == ["hien-phap.md"]


def test_what_the_database_was_not_asked_of_a_document_is_not_known() -> None:
    view = IntakeView(name="law.md", origin="file:law.md", bytes=1)
    assert state(view) == "NOT KNOWN: what became of it"
    assert state(view.model_copy(update={"standing": ""})) == "new: no run has registered it"
