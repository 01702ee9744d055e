"""Every screen at 80x24 and 120x40, at rest, armed, waiting for SG_1, refused, with the database down."""

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.states import Stage
from tests.screens.conftest import opened
from tests.support.fake_batches import armed_for_batch
from tests.support.fake_documents import TITLE
from tests.support.fake_gates import DENIED, unmeasured
from tests.support.fake_runs import ManyRuns
from tests.support.fake_shelves import UNREADABLE
from tests.support.fakes import ARMED, HOLD, NOW, FakeBackend

DENIED_UNITS = Unmeasured(StopCode.GRANT_DELTA, "not permitted (42501)", "Compare the grants: cutter-console drift")
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


def _edited() -> FakeBackend:
    return FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, can_edit=True)


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
    "taken-over": (lambda: FakeBackend(taken_over=True), ("3",)),
    "take-over": (lambda: FakeBackend(taken_over=True), ("3", "T")),
    "enact": (lambda: FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION), ("3", "E")),
    "edit": (_edited, ("8", "f", "E")),
    "edit-review": (_edited, ("8", "f", "E", "X", "ctrl+y")),
    "edit-refused": (_edited, ("8", "f", "E", "ctrl+y")),
    "edit-drafts": (_edited, ("3",)),
    "edit-planned": (lambda: FakeBackend(planned=True), ("3",)),
    "edit-ruled": (lambda: FakeBackend(planned=True, is_ruled=True), ("3",)),
    "edit-apply": (lambda: FakeBackend(planned=True, is_ruled=True), ("3", "W")),
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


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_how_to_stop(size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    """The stop key where nothing can be stopped."""
    async with opened(FakeBackend(switch=ARMED, read_only=True), "ctrl+x", size=size, read_only=True) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_stop_only(size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    """The stop key of a read-only console that may set a HOLD, and nothing else."""
    backend = FakeBackend(switch=ARMED, read_only=True, stopper=True)
    async with opened(backend, "ctrl+x", size=size, read_only=True) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("name", ["edit", "edit-review"])
async def test_an_edit_on_a_big_screen(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """The text has the room, and the difference stands first."""
    make, keys = DIALOGS[name]
    async with opened(make(), *keys, size=(200, 60)) as (app, _pilot):
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


_ARMED = armed_for_batch(NOW)
_FOLDER = ("7", "p", *"/laws", "enter")
BATCHES: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "waiting-80x24": (FakeBackend, ("7",), (80, 24)),
    "waiting-200x60": (lambda: FakeBackend(batch_copies=4), ("7",), (200, 60)),
    "empty-80x24": (lambda: FakeBackend(batch_at="none"), ("7",), (80, 24)),
    "armed-120x40": (lambda: FakeBackend(batch_at="armed", switch=_ARMED), ("7",), (120, 40)),
    "cutting-80x24": (lambda: FakeBackend(batch_at="cutting", switch=_ARMED), ("7",), (80, 24)),
    "cutting-120x40": (lambda: FakeBackend(batch_at="cutting", switch=_ARMED), ("7",), (120, 40)),
    "set-aside-80x24": (lambda: FakeBackend(batch_at="aside"), ("7", "tab", "down"), (80, 24)),
    "failed-120x40": (lambda: FakeBackend(batch_at="failed", switch=_ARMED), ("7", "tab", "down"), (120, 40)),
    "law-200x60": (lambda: FakeBackend(batch_at="law", batch_copies=20), ("7",), (200, 60)),
    "very-long-80x24": (lambda: FakeBackend(batch_at="sg_2", batch_copies=200), ("7", "tab", "end"), (80, 24)),
    "hostile-80x24": (lambda: FakeBackend(batch_at="aside", hostile="[/x]\x1b[31m\u202e"), ("7",), (80, 24)),
    "down-80x24": (lambda: FakeBackend(down=True), ("7",), (80, 24)),
    "damaged-80x24": (lambda: FakeBackend(batch_at="damaged"), ("7",), (80, 24)),
    "hold-120x40": (lambda: FakeBackend(batch_at="arm", switch=HOLD), ("7", "g"), (120, 40)),
    "folder-80x24": (FakeBackend, _FOLDER, (80, 24)),
    "folder-refused-120x40": (lambda: FakeBackend(folder_refuses=True), (*_FOLDER, "down"), (120, 40)),
    "dialog-folder-80x24": (FakeBackend, ("7", "p"), (80, 24)),
    "dialog-live-80x24": (FakeBackend, (*_FOLDER, "L"), (80, 24)),
    "dialog-without-80x24": (lambda: FakeBackend(batch_at="failed", switch=_ARMED), ("7", "G"), (80, 24)),
    "dialog-arm-80x24": (lambda: FakeBackend(batch_at="arm"), ("7", "A"), (80, 24)),
}


@pytest.mark.parametrize("name", BATCHES)
async def test_batch(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """Batches at their pauses, at work, stopped, unknown; a planned folder; the dialogs."""
    make, keys, size = BATCHES[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


async def test_batch_of_a_read_only_console(screen_snapshot: SnapshotAssertion) -> None:
    """The command alone says what is next."""
    backend = FakeBackend(batch_at="armed", switch=_ARMED, read_only=True)
    async with opened(backend, "7", read_only=True) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


UNITS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "list-80x24": (FakeBackend, ("8", "down"), (80, 24)),
    "list-120x40": (FakeBackend, ("8", "down"), (120, 40)),
    "list-200x60": (lambda: FakeBackend(n_units=1_000_000), ("8", "end"), (200, 60)),
    "unit-80x24": (FakeBackend, ("8", "down", "enter"), (80, 24)),
    "versions-80x24": (FakeBackend, ("8", "v"), (80, 24)),
    "versions-120x40": (FakeBackend, ("8", "v", "down"), (120, 40)),
    "versions-200x60": (FakeBackend, ("8", "v"), (200, 60)),
    "words-80x24": (FakeBackend, ("8", "slash", *"dieu khien", "enter"), (80, 24)),
    "words-120x40": (FakeBackend, ("8", "slash", *"dieu khien", "enter"), (120, 40)),
    "dialog-search-80x24": (FakeBackend, ("8", "slash"), (80, 24)),
    "dialog-search-120x40": (FakeBackend, ("8", "slash"), (120, 40)),
    "nothing-80x24": (FakeBackend, ("8", "slash", *"no such", "enter"), (80, 24)),
    "empty-80x24": (lambda: FakeBackend(n_units=0), ("8",), (80, 24)),
    "down-80x24": (lambda: FakeBackend(down=True), ("8",), (80, 24)),
    "not-permitted-120x40": (lambda: FakeBackend(hit=DENIED_UNITS), ("8",), (120, 40)),
    "another-layout-120x40": (lambda: FakeBackend(another_layout=True), ("8",), (120, 40)),
    "hostile-80x24": (lambda: FakeBackend(hostile="[/x]\x1b[31m\u202e"), ("8", "enter"), (80, 24)),
    "hostile-120x40": (lambda: FakeBackend(hostile="[/x]\x1b[31m\u202e"), ("8", "v"), (120, 40)),
    "copied-80x24": (FakeBackend, ("8", "y"), (80, 24)),
    "alone-80x24": (FakeBackend, ("8", "enter", "z"), (80, 24)),
    "hold-80x24": (lambda: FakeBackend(switch=HOLD), ("8",), (80, 24)),
    "armed-80x24": (lambda: FakeBackend(switch=ARMED), ("8",), (80, 24)),
}


@pytest.mark.parametrize("name", UNITS)
async def test_units(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """The list, a unit and its versions, searches, and what could not be read."""
    make, keys, size = UNITS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


JOURNALS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "list-80x24": (FakeBackend, ("0",), (80, 24)),
    "list-120x40": (FakeBackend, ("0",), (120, 40)),
    "verified-200x60": (FakeBackend, ("0", "v", "up", "up"), (200, 60)),
    "record-80x24": (FakeBackend, ("0", "up", "up", "enter"), (80, 24)),
    "damaged-80x24": (lambda: FakeBackend(damage="edited"), ("0", "v"), (80, 24)),
    "damaged-120x40": (lambda: FakeBackend(damage="garbage"), ("0", "v", "up", "up"), (120, 40)),
    "torn-80x24": (lambda: FakeBackend(damage="torn"), ("0",), (80, 24)),
    "torn-verified-200x60": (lambda: FakeBackend(damage="torn"), ("0", "v"), (200, 60)),
    "marked-80x24": (FakeBackend, ("0", "f", "f", "f", "f"), (80, 24)),
    "word-120x40": (FakeBackend, ("0", "slash", *"xid 75", "enter"), (120, 40)),
    "nothing-80x24": (FakeBackend, ("0", "slash", *"no such", "enter"), (80, 24)),
    "none-80x24": (lambda: FakeBackend(no_journals=True), ("0",), (80, 24)),
    "elsewhere-80x24": (lambda: FakeBackend(journal_is_elsewhere=True), ("0",), (80, 24)),
    "down-80x24": (lambda: FakeBackend(down=True), ("0", "v"), (80, 24)),
    "hostile-80x24": (lambda: FakeBackend(hostile="[/x]\x1b[31m\u202e"), ("0", "enter"), (80, 24)),
    "hostile-200x60": (lambda: FakeBackend(hostile="[/x]\x1b[31m\u202e", damage="garbage"), ("0", "up"), (200, 60)),
    "dialog-place-80x24": (FakeBackend, ("0", "g"), (80, 24)),
    "dialog-runs-80x24": (FakeBackend, ("0", "o"), (80, 24)),
    "hold-80x24": (lambda: FakeBackend(switch=HOLD, journal_is_written=True), ("0",), (80, 24)),
}


@pytest.mark.parametrize("name", JOURNALS)
async def test_journal(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """The list, a record, verdicts, filters, and what could not be read."""
    make, keys, size = JOURNALS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


_HOSTILE = "[/x]\x1b[31m\u202e"
BACKUPS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "list-80x24": (FakeBackend, ("9",), (80, 24)),
    "list-120x40": (FakeBackend, ("9", "down"), (120, 40)),
    "list-200x60": (FakeBackend, ("9",), (200, 60)),
    "backup-80x24": (FakeBackend, ("9", "enter"), (80, 24)),
    "differs-120x40": (FakeBackend, ("9", "down", "down"), (120, 40)),
    "no-file-80x24": (FakeBackend, ("9", "down", "down", "down", "enter"), (80, 24)),
    "no-key-80x24": (FakeBackend, ("9", "t"), (80, 24)),
    "proven-200x60": (lambda: FakeBackend(key_is_here=True), ("9", "t"), (200, 60)),
    "compared-80x24": (FakeBackend, ("9", "v", "enter"), (80, 24)),
    "empty-80x24": (lambda: FakeBackend(n_backups=0), ("9",), (80, 24)),
    "unreadable-80x24": (lambda: FakeBackend(backups_fail=UNREADABLE), ("9",), (80, 24)),
    "down-80x24": (lambda: FakeBackend(down=True), ("9",), (80, 24)),
    "not-permitted-120x40": (
        lambda: FakeBackend(ledger_unread="not permitted (42501): view v_backup_proof"),
        ("9",),
        (120, 40),
    ),
    "very-long-80x24": (lambda: FakeBackend(n_backups=10_000), ("9", "end"), (80, 24)),
    "hostile-120x40": (lambda: FakeBackend(hostile=_HOSTILE), ("9", "t"), (120, 40)),
    "filter-80x24": (FakeBackend, ("9", "slash", *"state:no", "enter"), (80, 24)),
    "hold-80x24": (lambda: FakeBackend(switch=HOLD), ("9",), (80, 24)),
    "armed-80x24": (lambda: FakeBackend(switch=ARMED), ("9",), (80, 24)),
}


@pytest.mark.parametrize("name", BACKUPS)
async def test_backups(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """The list, a backup with its evidence, tests of it, what disagrees, and what could not be read."""
    make, keys, size = BACKUPS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


_CHANGED = "04-approval.md"
_REPORTS = ("ctrl+r",)
REPORTS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "list-80x24": (FakeBackend, _REPORTS, (80, 24)),
    "list-120x40": (FakeBackend, (*_REPORTS, "down"), (120, 40)),
    "list-200x60": (FakeBackend, _REPORTS, (200, 60)),
    "files-80x24": (FakeBackend, (*_REPORTS, "down", "enter"), (80, 24)),
    "text-80x24": (FakeBackend, (*_REPORTS, "enter", "enter"), (80, 24)),
    "searched-120x40": (FakeBackend, (*_REPORTS, "enter", "enter", "slash", *"statement", "enter"), (120, 40)),
    "json-80x24": (FakeBackend, (*_REPORTS, "enter", "end", "enter"), (80, 24)),
    "changed-80x24": (lambda: FakeBackend(changed=_CHANGED), (*_REPORTS, "enter"), (80, 24)),
    "changed-200x60": (lambda: FakeBackend(changed=_CHANGED), _REPORTS, (200, 60)),
    "refused-80x24": (lambda: FakeBackend(changed=_CHANGED), (*_REPORTS, "e", *"/mnt", "enter"), (80, 24)),
    "copied-80x24": (FakeBackend, (*_REPORTS, "e", *"/mnt", "enter"), (80, 24)),
    "dialog-80x24": (FakeBackend, (*_REPORTS, "e"), (80, 24)),
    "empty-80x24": (lambda: FakeBackend(n_reports=0), _REPORTS, (80, 24)),
    "unreadable-80x24": (lambda: FakeBackend(reports_fail=UNREADABLE), _REPORTS, (80, 24)),
    "down-120x40": (lambda: FakeBackend(down=True), _REPORTS, (120, 40)),
    "very-long-80x24": (lambda: FakeBackend(n_reports=300), (*_REPORTS, "end"), (80, 24)),
    "hostile-120x40": (lambda: FakeBackend(hostile=_HOSTILE), _REPORTS, (120, 40)),
    "hold-80x24": (lambda: FakeBackend(switch=HOLD), _REPORTS, (80, 24)),
    "armed-80x24": (lambda: FakeBackend(switch=ARMED), _REPORTS, (80, 24)),
}


@pytest.mark.parametrize("name", REPORTS)
async def test_reports(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """The list, files, a text, one that was changed, a copy, and what could not be read."""
    make, keys, size = REPORTS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


HOLDS: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "none-80x24": (lambda: FakeBackend(nothing_held=True), ("h",), (80, 24)),
    "released-120x40": (FakeBackend, ("h", "end"), (120, 40)),
    "hold-80x24": (lambda: FakeBackend(switch=HOLD), ("h",), (80, 24)),
    "hold-120x40": (lambda: FakeBackend(switch=HOLD), ("h", "down", "down"), (120, 40)),
    "hold-200x60": (lambda: FakeBackend(switch=HOLD), ("h", "down", "down", "down"), (200, 60)),
    "needs-80x24": (lambda: FakeBackend(switch=HOLD, release_blocked=True), ("h", "down", "enter"), (80, 24)),
    "does-80x24": (lambda: FakeBackend(switch=HOLD), ("h", "down", "down", "enter"), (80, 24)),
    "run-80x24": (lambda: FakeBackend(switch=HOLD), ("h", *["down"] * 3, "enter"), (80, 24)),
    "unsettled-80x24": (lambda: FakeBackend(switch=HOLD), ("h", *["down"] * 4, "enter"), (80, 24)),
    "failed-80x24": (lambda: FakeBackend(switch=HOLD), ("h", *["down"] * 5, "enter"), (80, 24)),
    "drift-80x24": (lambda: FakeBackend(switch=HOLD), ("h", "end", "up", "enter"), (80, 24)),
    "history-80x24": (lambda: FakeBackend(switch=HOLD), ("h", "end", "enter"), (80, 24)),
    "panicked-80x24": (FakeBackend, ("ctrl+x", "s", "escape", "h", "enter"), (80, 24)),
    "released-80x24": (lambda: FakeBackend(switch=HOLD), ("h", "H", *"RELEASE", "ctrl+y"), (80, 24)),
    "dialog-80x24": (lambda: FakeBackend(switch=HOLD), ("h", "H"), (80, 24)),
    "down-80x24": (lambda: FakeBackend(down=True), ("h",), (80, 24)),
    "hold-and-down-120x40": (lambda: FakeBackend(switch=HOLD, down=True), ("h",), (120, 40)),
    "hostile-120x40": (lambda: FakeBackend(switch=HOLD, hostile=_HOSTILE), ("h", *["down"] * 3), (120, 40)),
    "hostile-80x24": (lambda: FakeBackend(switch=HOLD, hostile=_HOSTILE), ("h", "end", "enter"), (80, 24)),
}


@pytest.mark.parametrize("name", HOLDS)
async def test_hold(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """Without a HOLD and with one, each part, the release, and what could not be measured."""
    make, keys, size = HOLDS[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("keys", [("h",), ("h", "down", "down", "enter")], ids=["list", "release"])
async def test_hold_of_a_read_only_console(keys: tuple[str, ...], screen_snapshot: SnapshotAssertion) -> None:
    """All is shown, nothing is released; the command is named."""
    backend = FakeBackend(read_only=True, switch=HOLD)
    async with opened(backend, *keys, size=(80, 24), read_only=True) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("keys", [("9", "down", "down"), ("ctrl+r",)], ids=["backups", "reports"])
async def test_shelves_without_colours(
    keys: tuple[str, ...], screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a colour says stands there in words."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(FakeBackend(changed=_CHANGED), *keys, size=(120, 40)) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("keys", [("9",), ("ctrl+r",)], ids=["backups", "reports"])
async def test_shelves_of_a_read_only_console(keys: tuple[str, ...], screen_snapshot: SnapshotAssertion) -> None:
    """No restore test, no copy; the badges have a line of their own."""
    backend = FakeBackend(read_only=True, switch=ARMED)
    async with opened(backend, *keys, size=(80, 24), read_only=True) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("keys", [(), ("3",), ("2", "p")], ids=["overview", "run", "plan"])
async def test_in_ascii(
    keys: tuple[str, ...], screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the console of Linux, which has no rounded corners, marks and shades."""
    monkeypatch.setenv("TERM", "linux")
    async with opened(FakeBackend(), *keys, size=(80, 24)) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("keys", [(), ("5",), ("3", "A")], ids=["overview", "gates", "arm"])
async def test_in_high_contrast(keys: tuple[str, ...], screen_snapshot: SnapshotAssertion) -> None:
    """The third theme."""
    async with opened(FakeBackend(), "ctrl+t", "ctrl+t", *keys, size=(80, 24)) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.parametrize("keys", [("8",), ("8", "v")], ids=["list", "versions"])
async def test_units_without_colours(
    keys: tuple[str, ...], screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a colour says stands there in words."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(FakeBackend(), *keys, size=(120, 40)) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


async def test_units_of_a_read_only_console(screen_snapshot: SnapshotAssertion) -> None:
    """The same, and READ-ONLY in the bar."""
    backend = FakeBackend(read_only=True)
    async with opened(backend, "8", size=(80, 24), read_only=True) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


FIND: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "typing-80x24": (ManyRuns, ("3", "b", "slash", *"ben state:clos"), (80, 24)),
    "kept-120x40": (ManyRuns, ("3", "b", "slash", *"waits:sg_1", "enter"), (120, 40)),
    "runs-200x60": (ManyRuns, ("3", "b", "slash", *"law-00", "enter", "down"), (200, 60)),
    "gates-80x24": (FakeBackend, ("5", "slash", *"!backup", "enter"), (80, 24)),
    "nothing-80x24": (FakeBackend, ("2", "slash", *"no such", "enter"), (80, 24)),
    "overview-80x24": (lambda: FakeBackend(switch=ARMED), ("slash", *"unit_v", "enter"), (80, 24)),
    "text-120x40": (FakeBackend, ("2", "p", "slash", *"(1)", "enter", "n"), (120, 40)),
    "copied-80x24": (FakeBackend, ("3", "y"), (80, 24)),
}


@pytest.mark.parametrize("name", FIND)
async def test_find(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """A filter while it is typed and as it is kept, what it hides, a search in a text, and a copy."""
    make, keys, size = FIND[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot
