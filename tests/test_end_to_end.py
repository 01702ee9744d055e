"""The whole passage through the real console, by keyboard, on a real server with real gpg: a file becomes law.

`make test` walks it with one small document; the demo's documents, one after the other, are in `make test-rest`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import console.demo.installation
from console.app.application import ConsoleApp
from console.backend.host.context import Context
from console.backend.model.batches import BatchMove
from console.backend.model.states import Family, Stage
from console.backend.model.view_models import RunView, SwitchState
from console.backend.service import BackendService
from console.demo.installation import demo_installation
from console.widgets.list_rows import ListRows
from console.widgets.notice import NoticePanel
from tests.screens.conftest import type_at_once
from tests.support.batch import UNITS as LAW_UNITS
from tests.support.batch import text_of
from tests.support.passage import DOCPREFIX, UNITS, Passage, deploy_copy


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackendService]:
    """A seeded demo, as `make demo` opens it, of a copy: the files of the checkout may be edited meanwhile."""
    package = deploy_copy(tmp_path_factory.mktemp("deployed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console.demo.installation, "Context", partial(Context, package=package))
        with demo_installation(None, lambda _: None) as made:
            yield made


async def _settle(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    while pilot.app.workers:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
    await pilot.pause()


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await _settle(pilot)


async def _confirm(pilot: Pilot[Any], key: str, run_id: str) -> None:
    """Open a dangerous dialog, go to its field, type the run id, and confirm with the key of its own."""
    await _press(pilot, key, "tab")
    await type_at_once(pilot, run_id)
    await _press(pilot, "ctrl+y")


async def _sign_and_import(pilot: Pilot[Any]) -> None:
    """Draft on the Run screen; sign and import on Approvals, and once more; come back."""
    await _press(pilot, "3", "s", "4", "D", "i", "ctrl+y")
    first = _notice(pilot)
    await _press(pilot, "i", "ctrl+y")
    assert first.endswith(" is imported.")
    assert _notice(pilot) == first.replace("is imported.", "was imported before; its record is unchanged.")
    await _press(pilot, "3")


def _notice(pilot: Pilot[Any]) -> str:
    return str(pilot.app.screen.query_one(NoticePanel).notice.what)


def _newest(backend: BackendService) -> RunView:
    return backend.run(backend.runs()[0].run_id)


async def _start_live(pilot: Pilot[Any], document: int, docprefix: str) -> None:
    """A dry run first, without which no LIVE run is armed; then the LIVE run of the same plan."""
    await _press(pilot, "2", "b", "home", *["down"] * document, "f")
    await type_at_once(pilot, docprefix)
    await _press(pilot, "enter", "d", "2", "L", "ctrl+y")


@pytest.mark.longest
async def test_a_document_goes_from_file_to_enacted_law(at: Callable[[str], Passage]) -> None:
    """Screen by screen; the database is asked after every step."""
    backend = at("fresh").backend
    app = ConsoleApp(backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await _settle(pilot)
        await _start_live(pilot, 0, DOCPREFIX)
        run = _newest(backend)
        assert (run.docprefix, run.state.stage) == (DOCPREFIX, Stage.AWAITING_CUT_AUTHORIZATION)

        await _sign_and_import(pilot)
        await _confirm(pilot, "A", run.run_id)
        assert backend.status().switch.state is SwitchState.ARMED

        await _press(pilot, "g")
        assert _newest(backend).state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        assert backend.status().switch.state is SwitchState.OFF

        await _sign_and_import(pilot)
        await _confirm(pilot, "E", run.run_id)
        assert _newest(backend).state.stage is Stage.CLOSEOUT_REPORTED
        assert backend.status().counts[2].rows == UNITS

        # The list of all runs has the dry run too; filtered, it leads to the run that is law, and its id is copied.
        await _press(pilot, "3", "b", "slash")
        await type_at_once(pilot, f"mode:live document:{DOCPREFIX.lower()} state:closeout")
        await _press(pilot, "enter", "y")
        rows = app.screen.query_one("#runs", ListRows)
        assert (rows.row_count, rows.told) == (1, "1 of 2")
        assert app.clipboard == run.run_id


async def test_drafts_are_taken_back(at: Callable[[str], Passage]) -> None:
    passage = at("waits for SG_2")
    app = ConsoleApp(passage.backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await _settle(pilot)
        await _press(pilot, "3")
        await _confirm(pilot, "U", passage.run_id)
    assert passage.run().state.family is Family.REVERTED
    assert passage.backend.status().switch.state is SwitchState.OFF


async def _arm_a_batch(pilot: Pilot[Any], backend: BackendService, folder: Path, number: int) -> str:
    """Plan a folder of so many documents, start dry runs and a LIVE batch, sign, import and arm. The batch's id."""
    for n in range(1, number + 1):
        (folder / f"law-{n}.md").write_text(text_of(n), encoding="utf-8")
    await _settle(pilot)
    await _press(pilot, "7", "p")
    await pilot.press(*str(folder))
    await _press(pilot, "enter", "d", "L", "ctrl+y")
    batch_id = backend.batches()[0].batch_id
    assert backend.batch(batch_id).moves[0] is BatchMove.DRAFT_SG_1
    await _press(pilot, "s", "4", "D", "i", "ctrl+y", "7")
    await _confirm(pilot, "A", batch_id)
    assert backend.batch(batch_id).armed_to == "cut"
    return batch_id


async def test_a_folder_is_planned_signed_and_armed_as_a_batch(at: Callable[[str], Passage], tmp_path: Path) -> None:
    backend = at("fresh").backend
    app = ConsoleApp(backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await _arm_a_batch(pilot, backend, tmp_path, 1)


async def test_a_folder_becomes_law_as_a_batch(at: Callable[[str], Passage], tmp_path: Path) -> None:
    """From the plan of a folder to law by keys alone; the database is asked after every step."""
    backend = at("fresh").backend
    app = ConsoleApp(backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        batch_id = await _arm_a_batch(pilot, backend, tmp_path, 2)
        await _press(pilot, "g")
        assert backend.batch(batch_id).moves[0] is BatchMove.DRAFT_SG_2
        assert backend.status().switch.state is SwitchState.OFF

        await _press(pilot, "s", "4", "D", "i", "ctrl+y", "7")
        await _confirm(pilot, "E", batch_id)
        assert _notice(pilot) == f"{2 * LAW_UNITS} units of 2 documents are law."
        assert backend.batch(batch_id).phase == "law"
        assert backend.status().counts[2].rows == 2 * LAW_UNITS


async def test_a_document_goes_from_file_to_enacted_law_and_another_is_taken_back(backend: BackendService) -> None:
    """The main job, screen by screen; the database is asked after every step."""
    app = ConsoleApp(backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await _settle(pilot)
        await _start_live(pilot, 0, "DEMO-CHARTER")
        run = _newest(backend)
        assert (run.docprefix, run.state.stage) == ("DEMO-CHARTER", Stage.AWAITING_CUT_AUTHORIZATION)

        await _sign_and_import(pilot)
        await _confirm(pilot, "A", run.run_id)
        assert backend.status().switch.state is SwitchState.ARMED

        await _press(pilot, "g")
        run = _newest(backend)
        assert run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        assert backend.status().switch.state is SwitchState.OFF

        await _sign_and_import(pilot)
        await _confirm(pilot, "E", run.run_id)
        run = _newest(backend)
        assert run.state.stage is Stage.CLOSEOUT_REPORTED
        assert backend.status().counts[2].rows == 60 + (run.n_units or 0)

        await _start_live(pilot, 2, "DEMO-HOSTILE")
        await _sign_and_import(pilot)
        hostile = _newest(backend)
        await _confirm(pilot, "A", hostile.run_id)
        await _press(pilot, "g")
        await _confirm(pilot, "U", hostile.run_id)
        assert _newest(backend).state.family is Family.REVERTED
        assert backend.status().switch.state is SwitchState.OFF
