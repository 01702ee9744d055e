"""Documents: the tree and the text follow each other, problems are jumped to, nothing with problems is started."""

from textual.widgets import Input

from console.screens.documents import DocumentsScreen
from console.screens.help import HelpDialog
from console.widgets.rows import Rows
from console.widgets.source_view import SourceView
from console.widgets.unit_tree import UnitTree
from tests.screens.conftest import opened, press
from tests.support.fakes import FakeBackend


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


async def test_a_document_with_problems_starts_no_run() -> None:
    """Neither dry nor live, and the reason is said."""
    backend = FakeBackend(with_problems=True)
    async with opened(backend, "2", "p", "d", "L") as (app, _pilot):
        assert not [call for call in backend.calls if call.startswith("start")]
        assert isinstance(app.screen, DocumentsScreen)
        assert app.notice.kind == "refused"


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
