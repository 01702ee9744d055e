"""Theme and mouse of a console: the option, then the entry of the installation, then console.toml, then the program's own."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from console.actions.keymap_file import file_path
from console.app import launch, terminal
from console.app.application import ConsoleApp
from console.app.face import Face
from console.backend.model.errors import ExitStatus
from console.backend.model.recording import line_of
from console.backend.model.theme_names import ThemeName
from console.cli.main import main
from console.widgets.theme import THEMES
from tests.screens.conftest import press, settle
from tests.support.fakes import NOW, FakeBackend

Opened = Callable[..., tuple[str, bool, bool]]


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own files are those of this test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file_path().parent.mkdir(parents=True)


@pytest.fixture
def opened_by(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Open a console by these words; its theme, whether the terminal reports the mouse, and whether one from Fleet may."""
    monkeypatch.setattr(launch, "refusal_here", lambda: "")
    asked: list[bool] = []
    apps: list[ConsoleApp] = []

    def begun(app: ConsoleApp, *, mouse: bool) -> None:
        apps.append(app)
        asked.append(mouse)

    monkeypatch.setattr(ConsoleApp, "run", begun)
    monkeypatch.setattr(terminal.TerminalGuard, "release", lambda _: None)

    def opened(*words: str) -> tuple[str, bool, bool]:
        assert main([*words]) == ExitStatus.DONE
        app = apps.pop()
        return app.theme, asked.pop(), app.has_mouse

    return opened


def written(name: str, text: str) -> None:
    """A file of the user's own."""
    place = file_path().with_name(name)
    place.write_text(text, encoding="utf-8")
    place.chmod(0o600)


def test_without_a_setting_it_is_dark_and_has_the_mouse(opened_by: Opened, tmp_path: Path) -> None:
    assert opened_by("--root", str(tmp_path)) == ("cutter-dark", True, True)
    assert opened_by("--root", str(tmp_path), "--no-mouse") == ("cutter-dark", False, False)


def test_the_settings_hold_in_each_kind_of_console_and_no_mouse_wins(opened_by: Opened, tmp_path: Path) -> None:
    """A console that Fleet opens gets the option; what is a setting here is none of that installation's."""
    recording = tmp_path / "recording.jsonl"
    recording.write_bytes(line_of(FakeBackend().status()).rstrip(b"\n") + b"\n")
    for words in ((), ("--read-only",), ("--replay", str(recording))):
        asked = ("--root", str(tmp_path), *words)
        written("console.toml", '[display]\ntheme = "light"\nmouse = false\n')
        assert opened_by(*asked) == ("cutter-light", False, True)
        written("console.toml", '[display]\ntheme = "high-contrast"\nmouse = true\n')
        assert opened_by(*asked) == ("cutter-high-contrast", True, True)
        assert opened_by(*asked, "--no-mouse") == ("cutter-high-contrast", False, False)


def test_an_installation_has_its_own_before_those_of_console_toml(opened_by: Opened, tmp_path: Path) -> None:
    written("console.toml", '[display]\ntheme = "light"\nmouse = false\n')
    root = json.dumps(str(tmp_path))
    written(
        "installations.toml",
        f'[installation.a]\nroot = {root}\ntheme = "high-contrast"\nmouse = true\n\n[installation.b]\nroot = {root}\n',
    )
    assert opened_by("-P", "a") == ("cutter-high-contrast", True, True)
    assert opened_by("-P", "a", "--no-mouse") == ("cutter-high-contrast", False, False)
    assert opened_by("-P", "b") == ("cutter-light", False, True)


def test_the_names_of_the_settings_are_those_of_the_themes_in_their_order() -> None:
    assert [name.in_textual for name in ThemeName] == [theme.name for theme in THEMES]


def console_in(theme: ThemeName | None) -> ConsoleApp:
    """A console whose settings name this theme."""
    return ConsoleApp(
        FakeBackend(),
        read_only=False,
        demo=False,
        clock=lambda: NOW,
        refresh_seconds=86_400,
        face=Face(theme=theme),
    )


async def test_without_colours_every_theme_is_drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR holds whatever the settings say."""
    monkeypatch.setenv("NO_COLOR", "1")
    drawn = set()
    for theme in ThemeName:
        async with (app := console_in(theme)).run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            # The names of the classes of a picture are made of its own digest.
            drawn.add(re.sub(r"terminal-\d+", "terminal", app.export_screenshot()))
    assert len(drawn) == 1


@pytest.mark.parametrize("theme", ThemeName)
async def test_it_is_drawn_in_the_theme_of_the_setting_and_the_key_goes_on_from_there(theme: ThemeName) -> None:
    app = console_in(theme)
    names = [*ThemeName, *ThemeName]
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.theme == theme.in_textual
        assert app.screen.styles.background.hex.lower() == app.current_theme.background
        await press(pilot, "ctrl+t")
        assert app.theme == names[names.index(theme) + 1].in_textual


async def test_the_key_changes_no_file_and_says_so_in_help() -> None:
    written("console.toml", '[display]\ntheme = "light"\n')
    before = file_path().read_bytes()
    app = console_in(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+t")
    assert file_path().read_bytes() == before
    (theme,) = (action for action in app.registry.actions if action.name == "theme")
    assert "until this console ends" in theme.help
    assert "`theme` in console.toml" in theme.help
