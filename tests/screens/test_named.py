"""A console that was opened by the name of an installation: its banner on every screen, its start screen, its commands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from console.actions.keys_in_force import keys_of
from console.app import launch
from console.app.application import ConsoleApp
from console.app.face import Face
from console.backend.api import Backend
from console.backend.host.settings import ENVIRONMENT
from console.cli.main import main
from console.widgets.bars import TopBar
from console.widgets.line import plain
from console.widgets.panel import Lines
from tests.screens.conftest import press, settle
from tests.support.fakes import ARMED, NOW, FakeBackend

HOSTILE = "\x1b[31mPROD[/x]\u202e"


def named_console(banner: str, start_screen: str = "overview", *, read_only: bool = True) -> ConsoleApp:
    """A console on the fake backend, opened by a name."""
    return ConsoleApp(
        FakeBackend(switch=ARMED, read_only=read_only),
        read_only=read_only,
        demo=False,
        clock=lambda: NOW,
        refresh_seconds=86_400,
        face=Face("prod", banner, 86_400, start_screen),
    )


async def test_the_banner_stands_beside_the_database_on_every_screen() -> None:
    app = named_console("PRODUCTION")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for key in "1234567890":
            await press(pilot, key)
            shown = [plain(line) for line in app.screen.query_one(TopBar).shown]
            assert any(line.startswith(" PRODUCTION  database ") for line in shown), key


async def test_without_a_banner_the_name_stands_there() -> None:
    app = named_console("")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert plain(app.banner) == " prod "


async def test_it_opens_with_the_screen_that_the_entry_names() -> None:
    app = named_console("PRODUCTION", "gates")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert app.current_mode == "gates"
        await press(pilot, "1")
        assert app.current_mode == "overview"


async def test_the_overview_names_it_in_its_commands_and_still_knows_their_keys() -> None:
    app = named_console("PRODUCTION", read_only=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        shown = " ".join(" ".join(plain(line) for line in panel.shown) for panel in app.screen.query(Lines))
        assert "cutter-console -P prod disarm" in shown
        assert shown.count("cutter-console ") == shown.count("cutter-console -P prod ")
        assert app.status is not None
        (wait,) = app.status.waiting
        keys = keys_of(str(wait.next_action), app.registry)
        assert keys != ""
        assert f"({keys[0]}): {app.full_command(str(wait.next_action))}" in shown


@pytest.mark.parametrize("has_root", [True, False], ids=["an empty root", "no root"])
def test_a_host_that_names_others_and_has_nothing_itself_opens_without_a_refusal(
    *, has_root: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fleet shows those that it names; a refusal of this host's own root would stand over them."""
    names, root = tmp_path / "cutter-console/installations.toml", tmp_path / "root"
    names.parent.mkdir()
    names.write_text(f'[installation.prod]\nroot = "{tmp_path}/prod"\n', encoding="utf-8")
    if has_root:
        root.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("CUTTER_ROOT", str(root))
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    opened: list[tuple[str, Backend]] = []

    def show(backend: Callable[[], Backend], *, face: Face, **_options: object) -> int:
        opened.append((face.start_screen, backend()))
        return 0

    monkeypatch.setattr(launch, "show", show)
    assert main([]) == 0
    assert [screen for screen, _backend in opened] == ["fleet"]
    assert root.exists() is has_root, "nothing is made here by looking at others"


def test_its_commands_name_it() -> None:
    app = named_console("PRODUCTION")

    assert app.full_command("See: cutter-console status") == "See: cutter-console -P prod status"
    assert app.full_command("cutter-console --root /x status") == "cutter-console --root /x status"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["banner", "hostile", "monochrome"])
async def test_named(
    name: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bar of a named installation; a banner that a terminal would obey is text."""
    if name == "monochrome":
        monkeypatch.setenv("NO_COLOR", "1")
    app = named_console(HOSTILE if name == "hostile" else "PRODUCTION")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert app.export_screenshot() == screen_snapshot
