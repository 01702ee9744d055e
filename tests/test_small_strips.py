"""Lines of the screen in little memory: nothing that is drawn is different, nothing is kept that nobody sees."""

import gc
from collections.abc import Iterator

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual._ansi_theme import MONOKAI
from textual.color import Color
from textual.filter import ANSIToTruecolor, Monochrome
from textual.strip import Strip
from textual.widget import Widget

from console.app.small_strips import Few, keep_lines_small
from tests.screens.conftest import opened, press
from tests.support.fakes import FakeBackend
from tests.support.unpainted import paint

_TEXTS = ("Điều 1", "Điều 1", "法律", " of the ", "")
_TABS = "234567890"


_MADE_BY_TEXTUAL = Strip.__init__
"""Kept at the import: a console that an earlier test of this worker has opened is one that has small lines."""


@pytest.fixture
def _small() -> None:
    keep_lines_small()


def _line() -> Strip:
    return Strip([Segment(text, Style(color=RichColor.from_rgb(9, 9, n), bold=n > 2)) for n, text in enumerate(_TEXTS)])


def _strips() -> list[Strip]:
    return [each for each in gc.get_objects() if isinstance(each, Strip)]


@pytest.mark.usefixtures("_small")
def test_a_line_has_every_part_that_textual_gives_it() -> None:
    assert [name for name in Strip.__slots__ if not hasattr(_line(), name)] == []


@pytest.mark.usefixtures("_small")
def test_a_line_is_divided_and_filtered_as_one_without_any_cache_however_often() -> None:
    line, width = _line(), _line().cell_length
    filters = (Monochrome(), ANSIToTruecolor(MONOKAI))
    cuts = [[width], [3, width], [1, 3, 9, width], [3, width + 5]]
    for _ in range(3):
        for cut in cuts:
            assert [part._segments for part in line.divide(cut)] == [part._segments for part in _line().divide(cut)]
        for each in filters:
            for background in (Color(0, 0, 0), Color(250, 250, 250)):
                again = line.apply_filter(each, background)
                assert again._segments == _line().apply_filter(each, background)._segments
        for start, end in ((0, 4), (2, 9), (0, width)):
            assert line.crop(start, end)._segments == _line().crop(start, end)._segments
        assert line.adjust_cell_length(width + 4)._segments == _line().adjust_cell_length(width + 4)._segments
    # What is asked again and again is not made again.
    assert line.divide([3, width]) is line.divide([3, width])
    assert line.apply_filter(filters[0], Color(0, 0, 0)) is line.apply_filter(filters[0], Color(0, 0, 0))


@pytest.fixture
def _no_search() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_small", "_no_search")
def test_a_line_that_nobody_has_is_freed_without_a_search_for_garbage() -> None:
    before = len(_strips())
    line = _line()
    line.divide([line.cell_length])
    line.divide([3, line.cell_length])
    assert len(_strips()) > before
    del line
    assert len(_strips()) == before


async def test_a_console_that_is_opened_has_small_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _MADE_BY_TEXTUAL.__module__ == "textual.strip"
    monkeypatch.setattr(Strip, "__init__", _MADE_BY_TEXTUAL)
    assert not isinstance(_line()._divide_cache, Few)
    async with opened(FakeBackend()):
        assert isinstance(_line()._divide_cache, Few)


async def test_a_screen_that_was_left_keeps_no_line_and_is_drawn_as_before() -> None:
    async with opened(FakeBackend(), size=(120, 40)) as (app, pilot):
        for key in _TABS:
            await press(pilot, key)
            paint(app)
            picture, screen = app.export_screenshot(), app.screen
            assert any(widget._render_cache.lines for widget in screen.walk_children(Widget))
            await press(pilot, "1")
            widgets = screen.walk_children(Widget, with_self=True)
            kept = [each for each in widgets if each._render_cache.lines or each._styles_cache._cache]
            assert kept == []
            await press(pilot, key)
            assert app.export_screenshot() == picture
