"""What the screens say of the gates: Overview, Gates, help and palette, on canned answers."""

import asyncio
import json

from console.backend.model.outcome import Outcome
from console.widgets.line import plain
from console.widgets.panel import Panel
from console.widgets.rows import Rows
from tests.more_gates import MORE
from tests.screens.conftest import opened, press
from tests.support.fake_gates import Broken
from tests.support.fakes import FakeBackend

_OPEN: Broken = {(gate.id, "as registered"): (Outcome.FAIL, "it is not there", "Put it there.") for gate in MORE}
_WIDE = (200, 60)


async def _told() -> dict[str, str]:
    said: dict[str, str] = {}
    async with opened(FakeBackend(broken=_OPEN), size=_WIDE) as (app, pilot):

        def words(panel: str) -> str:
            return "\n".join(plain(spans) for spans in app.screen.query_one(panel, Panel).shown)

        def rows(name: str) -> str:
            listed = app.screen.query_one(name, Rows)
            return "\n".join(plain(listed.row(index)) for index in range(listed.row_count))

        said["overview"] = words("#rollup")
        await press(pilot, "5")
        said["board"] = rows("#gate-list")
        await press(pilot, "question_mark")
        said["help"] = " ".join(words("#dialog-body").split())
        await press(pilot, "escape", "ctrl+p")
        said["palette"] = rows("#found")
    return said


def tell() -> int:
    """Print it as one JSON object by screen."""
    print(json.dumps(asyncio.run(_told())))  # noqa: T201 - read by the test that started this process
    return 0
