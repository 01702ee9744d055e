"""A console at rest: a measurement that finds everything as it was draws no list again."""

import pytest

from console.widgets.rows import Rows
from tests.screens.conftest import opened, settle
from tests.support.fakes import FakeBackend


@pytest.mark.parametrize("key", ["2", "3", "4", "5", "6", "7", "8", "9", "0", "h"])
async def test_nothing_that_is_as_it_was_is_drawn_again(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run drew both of its lists with every measurement: a third of what a console takes that nobody touches."""
    backend = FakeBackend()
    async with opened(backend, key) as (app, pilot):
        drawn: list[str] = []
        refresh = Rows.refresh

        def counted(self: Rows, *regions: object, **how: object) -> Rows:
            drawn.append(str(self.id))
            return refresh(self, *regions, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(Rows, "refresh", counted)
        before = backend.calls.count("status")
        app.measure()
        await settle(pilot)
        assert backend.calls.count("status") == before + 1
        assert drawn == []
