"""Every screen at 80x24 and 120x40, at rest, armed, waiting for SG_1, refused, with the database down."""

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from console.backend.model.errors import Refused, StopCode
from console.backend.model.states import Stage
from tests.screens.conftest import opened
from tests.support.fake_documents import TITLE
from tests.support.fake_gates import DENIED, unmeasured
from tests.support.fakes import ARMED, HOLD, FakeBackend

SIZES = ((80, 24), (120, 40))

SCENARIOS: dict[str, Callable[[], FakeBackend]] = {
    "rest": lambda: FakeBackend(stage=Stage.CLOSEOUT_REPORTED),
    "armed": lambda: FakeBackend(switch=ARMED),
    "waiting": FakeBackend,
    "refused": lambda: FakeBackend(refused=True, with_problems=True, open_checks=True, switch=HOLD, interrupted=True),
    "down": lambda: FakeBackend(down=True),
}

SCREENS = {"overview": "1", "documents": "2", "run": "3", "approvals": "4"}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("screen", SCREENS)
async def test_screen(screen: str, scenario: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    """Each screen says the same thing that was reviewed."""
    async with opened(SCENARIOS[scenario](), SCREENS[screen], size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


DIALOGS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...]]] = {
    "plan": (FakeBackend, ("2", "p")),
    "plan-of-a-law": (lambda: FakeBackend(title=TITLE), ("2", "p")),
    "plan-and-law": (lambda: FakeBackend(is_law=True), ("2", "p")),
    "law": (lambda: FakeBackend(is_law=True), ("2", "p", "v")),
    "law-changed": (lambda: FakeBackend(is_law=True), ("2", "p", "v", "down")),
    "law-renumbered": (lambda: FakeBackend(is_law=True), ("2", "p", "v", "end")),
    "plan-refused": (lambda: FakeBackend(with_problems=True), ("2", "p")),
    "arm": (FakeBackend, ("3", "A")),
    "arm-refused": (lambda: FakeBackend(open_checks=True), ("3", "A")),
    "void": (FakeBackend, ("3", "V")),
    "enact": (lambda: FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION), ("3", "E")),
    "revert": (lambda: FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION), ("3", "U")),
    "release": (lambda: FakeBackend(switch=HOLD), ("H",)),
    "panic": (FakeBackend, ("ctrl+x",)),
    "live": (FakeBackend, ("2", "p", "L")),
    "repeal": (lambda: FakeBackend(is_law=True), ("2", "R")),
    "import": (lambda: FakeBackend(refused=True), ("4", "i")),
    "help": (FakeBackend, ("3", "question_mark")),
    "stop": (
        lambda: FakeBackend(fail_with=Refused(StopCode.EXECUTION_DISABLED, "the switch is OFF", "Arm it: A")),
        ("2", "p", "d"),
    ),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", DIALOGS)
async def test_dialog(name: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    """Each dialog, and the plan, says the same thing that was reviewed."""
    make, keys = DIALOGS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("name", ["law", "law-changed"])
async def test_the_difference_from_the_law_on_a_big_screen(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """Side by side, and nothing stretched thin."""
    make, keys = DIALOGS[name]
    async with opened(make(), *keys, size=(200, 60)) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


def _denied() -> FakeBackend:
    return FakeBackend(broken=unmeasured(DENIED))


READINESS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...]]] = {
    "gates-green": (lambda: FakeBackend(broken={}), ("5",)),
    "gates-mixed": (FakeBackend, ("5",)),
    "gates-fail": (FakeBackend, ("5", "down", "down", "down")),
    "gates-down": (lambda: FakeBackend(down=True), ("5",)),
    "gates-42501": (_denied, ("5",)),
    "gates-not-measured": (lambda: FakeBackend(no_gates=DENIED), ("5",)),
    "gates-filter": (FakeBackend, ("5", "f")),
    "gates-filter-empty": (lambda: FakeBackend(broken={}), ("5", "f")),
    "evidence": (FakeBackend, ("5", "down", "down", "down", "enter")),
    "pre": (FakeBackend, ("5", "p")),
    "pre-evidence": (FakeBackend, ("5", "p", "enter")),
    "bundle": (FakeBackend, ("5", "b")),
    "bundle-done": (FakeBackend, ("5", "b", "escape")),
    "drift": (FakeBackend, ("6",)),
    "drift-function": (FakeBackend, ("6", "down", "down")),
    "drift-none": (lambda: FakeBackend(differences=()), ("6",)),
    "drift-down": (lambda: FakeBackend(down=True), ("6",)),
    "drift-42501": (lambda: FakeBackend(no_gates=DENIED), ("6",)),
    "overview-green": (lambda: FakeBackend(broken={}, has_run=False), ()),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", READINESS)
async def test_readiness(name: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    """Gates, PRE, evidence, bundle and drift, in every outcome."""
    make, keys = READINESS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("name", ["gates-fail", "evidence", "drift-function", "overview-green"])
async def test_readiness_on_a_big_screen(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """Side by side, and nothing stretched thin."""
    make, keys = READINESS[name]
    async with opened(make(), *keys, size=(200, 60)) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot
