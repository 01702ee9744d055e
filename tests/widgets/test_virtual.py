"""The virtual widgets: what is not on the screen is not made."""

from textual.app import App, ComposeResult

from console.backend.model.view_models import SourceText
from console.widgets.outline import Outline, outline
from console.widgets.source_view import SourceView
from console.widgets.theme import DARK
from console.widgets.unit_tree import UnitTree
from tests.screens.conftest import settle
from tests.support.fake_documents import SAMPLE, plan_of

NO_UNITS = Outline((), (), (), ())


class _CountingText:
    """A long text that counts which lines were asked for."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return self.length

    def line(self, number: int) -> str:
        """One line, now and then a very long one."""
        self.asked.add(number)
        return f"line {number} " + "word " * (400 if number % 1000 == 0 else 3)


class _Host(App[None]):
    """Shows one widget."""

    def __init__(self, widget: SourceView | UnitTree) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.widget = widget

    def compose(self) -> ComposeResult:
        """It."""
        yield self.widget


def _shown(app: App[None], widget: SourceView | UnitTree) -> str:
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


async def test_a_million_lines_are_shown_by_asking_for_a_screenful() -> None:
    """Scroll positions are lines, so nothing is measured beforehand."""
    text = _CountingText(1_000_000)
    view = SourceView("Text")
    async with _Host(view).run_test(size=(80, 24)) as pilot:
        view.load(text, NO_UNITS, frozenset())
        await pilot.pause()
        view.show_line(500_000)
        await pilot.pause()
        assert "line 500000" in _shown(pilot.app, view)
        view.action_jump(-1)
        await pilot.pause()
        assert "line 1000000" in _shown(pilot.app, view)
        assert len(text.asked) < 300


async def test_a_line_longer_than_the_screen_is_cut_and_says_so() -> None:
    """A megabyte in one line does not become ten thousand rows."""
    view = SourceView("Text")
    text = SourceText(b"x" * 1_000_000)
    async with _Host(view).run_test(size=(40, 10)) as pilot:
        view.load(text, NO_UNITS, frozenset())
        await pilot.pause()
        assert "…" in _shown(pilot.app, view)


async def test_long_lines_are_wrapped_at_words_and_the_margin_marks_the_unit() -> None:
    """The corner stands once, the bar on every further row."""
    plan = plan_of(SAMPLE, "P", "de-law", ordinals=False)
    assert plan.document is not None
    view = SourceView("Text")
    async with _Host(view).run_test(size=(60, 20)) as pilot:
        view.load(plan.text, outline(plan.document.units), frozenset())
        await pilot.pause()
        rows = _shown(pilot.app, view).split("\n")
        first = next(i for i, row in enumerate(rows) if "(1) This Act" in row)
        assert "┌ (1) This Act" in rows[first]
        assert "│ " in rows[first + 1]
        assert "┊ # Federal" in rows[0]


class _Unit:
    """A unit of a big plan."""

    def __init__(self, number: int) -> None:
        self.address = f"P-{number}"
        self.parent = None if number % 100 == 0 else f"P-{number - number % 100}"
        self.line_start = self.line_end = number + 1
        self.section_type = "article"
        self.number = str(number)
        self.title = ""


async def test_a_hundred_thousand_units_start_closed_and_make_a_screenful_of_rows() -> None:
    """A tree widget would have made a hundred thousand nodes."""
    units = [_Unit(number) for number in range(100_000)]
    tree = UnitTree("Units")
    async with _Host(tree).run_test(size=(60, 20)) as pilot:
        tree.load(units, outline(units))
        await pilot.pause()
        assert tree.row_count == 1000
        assert "+ article 0" in _shown(pilot.app, tree)
        tree.action_open()
        assert tree.row_count == 1099
        tree.reveal(99_999)
        await pilot.pause()
        assert tree.unit_index == 99_999
        assert "article 99999" in _shown(pilot.app, tree)
        tree.action_close()
        assert tree.unit_index == 99_900


def test_an_outline_knows_the_unit_of_a_line_and_what_lies_between() -> None:
    """A line before the first unit belongs to none."""
    plan = plan_of(SAMPLE, "P", "de-law", ordinals=False)
    assert plan.document is not None
    shape = outline(plan.document.units)
    assert shape.unit_at_line(1) is None
    assert shape.unit_at_line(4) == 0
    assert shape.unit_at_line(11) == 6
    assert shape.depths == (0, 1, 1, 0, 1, 1, 0)
    assert shape.visible({0, 3}) == [0, 3, 6]


async def test_any_line_can_be_at_the_top_also_after_the_window_has_changed() -> None:
    """Textual calls the handler of the base class too: it took the room below the last line away again."""
    text = _CountingText(100)
    view = SourceView("Text")
    async with _Host(view).run_test(size=(80, 24)) as pilot:
        view.load(text, NO_UNITS, frozenset())
        await pilot.pause()
        for size in ((80, 24), (80, 40), (60, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert view.virtual_size.height == len(text) + view.size.height - 1
            view.scroll_to(y=len(text) - 1, animate=False, force=True)
            await pilot.pause()
            assert "line 100 " in _shown(pilot.app, view).splitlines()[0]


async def test_whether_there_is_a_scrollbar_does_not_decide_if_there_is_one() -> None:
    """As many lines as the screen has, and one that fits into it without the bar alone: with the bar there are more."""
    view = SourceView("Text")
    async with _Host(view).run_test(size=(80, 24)) as pilot:
        view.load(SourceText(b"short\n"), NO_UNITS, frozenset())
        await pilot.pause()
        assert not view.show_vertical_scrollbar
        height = view.size.height
        # Numbers of two digits instead of one take a cell.
        longest = "x" * (view._text_width - 1)
        lines = SourceText("\n".join([*["short"] * (height - 1), longest]).encode())
        shown = []
        for before in (SourceText(b"short\n"), _CountingText(1000)):
            view.load(before, NO_UNITS, frozenset())
            await pilot.pause()
            was_there = view.show_vertical_scrollbar
            view.load(lines, NO_UNITS, frozenset())
            await settle(pilot)
            assert len(lines) == height
            shown.append((was_there, view.show_vertical_scrollbar, view.scroll_height))
        assert shown == [(False, True, 2 * height - 1), (True, True, 2 * height - 1)]
