"""A panel builds its lines with the first of them, and is as high as those that it shows last."""

import asyncio

import pytest
from textual.app import App, ComposeResult

from console.widgets.line import line, plain
from console.widgets.panel import Lines, Panel

_LINES = [line(f"line {number}") for number in range(6)]


class _Shown(App[None]):
    CSS = "Panel { height: auto; border: round red; }"

    def compose(self) -> ComposeResult:
        yield Panel("Title")


async def test_a_panel_without_lines_has_no_widget_for_them_and_is_as_high_as_one_of_an_empty_line() -> None:
    async with _Shown().run_test() as pilot:
        panel = pilot.app.query_one(Panel)

        assert not panel.query(Lines)
        assert panel.outer_size.height == 3
        panel.show([])
        await pilot.pause()
        assert not panel.query(Lines)
        panel.show([line("")])
        await pilot.pause()
        assert panel.outer_size.height == 3


@pytest.mark.parametrize("steps", range(6))
async def test_lines_that_follow_while_the_first_are_built_are_all_shown(steps: int) -> None:
    """A layout that falls in between took the height of the first ones for good: so the gates of Overview had one line."""
    async with _Shown().run_test() as pilot:
        panel = pilot.app.query_one(Panel)

        panel.show(_LINES[:1])
        for _ in range(steps):
            await asyncio.sleep(0)
        pilot.app.screen._refresh_layout()
        panel.show(_LINES)
        await pilot.pause()
        assert panel.outer_size.height == len(_LINES) + 2
        assert [plain(spans) for spans in panel.shown] == [f"line {number}" for number in range(6)]
        assert len(panel.query(Lines)) == 1


async def test_lines_that_were_given_before_the_panel_was_shown_are_composed_with_it() -> None:
    panel = Panel("Later")
    panel.show(_LINES)
    async with _Shown().run_test() as pilot:
        await pilot.app.mount(panel)
        await pilot.pause()

        assert panel.outer_size.height == len(_LINES) + 2
