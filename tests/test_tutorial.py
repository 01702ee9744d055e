"""console/guide/tutorial.md, key by key: what it has a new user press and type, and what it says that the console shows."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import console.demo.installation
from console.app.application import ConsoleApp
from console.backend.host.context import Context
from console.backend.service import BackendService
from console.demo.installation import demo_installation
from tests.screens.conftest import settle, type_at_once
from tests.support.passage import deploy_copy

PAGE = (Path(__file__).resolve().parents[1] / "console" / "guide" / "tutorial.md").read_text("utf-8")
STEPS = re.findall(r"\b([Pp]ress|[Tt]ype|shows|says) `([^`]+)`", PAGE)
ID = "the id of the run"
_KEYS = {"Enter": "enter", "Home": "home", "Down": "down", "/": "slash", "^Y": "ctrl+y", "^X": "ctrl+x"}
_FRAMES = re.compile(r"[\u2500-\u259f\s]+")


def _shown(pilot: Pilot[Any]) -> str:
    """The words of the screen, without what frames them and where they wrap."""
    strips = pilot.app.screen._compositor.render_strips()
    return _FRAMES.sub(" ", "\n".join("".join(segment.text for segment in strip) for strip in strips))


def test_each_part_of_the_tutorial_has_steps_and_each_word_of_a_step_is_in_one() -> None:
    parts = [part for part in PAGE.split("\n## ")[1:] if part[0].isdigit()]
    assert len(parts) == 9
    for part in parts:
        assert re.search(r"\b(?:shows|says) `", part), part
    assert len(re.findall(r"\b[Pp]ress\b", PAGE)) == sum(kind.lower() == "press" for kind, _ in STEPS)
    assert len(re.findall(r"\b[Tt]ype\b", PAGE)) == sum(kind.lower() == "type" for kind, _ in STEPS)


@pytest.mark.longest
async def test_who_follows_the_tutorial_sees_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = deploy_copy(tmp_path_factory.mktemp("deployed"))
    monkeypatch.setattr(console.demo.installation, "Context", partial(Context, package=package))
    with demo_installation(None, lambda _: None) as backend:
        await _follow(backend)


async def _follow(backend: BackendService) -> None:
    app = ConsoleApp(backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for kind, words in STEPS:
            match kind.lower():
                case "press":
                    await pilot.press(_KEYS.get(words, words))
                    await settle(pilot)
                case "type":
                    await type_at_once(pilot, backend.runs()[0].run_id if words == ID else words)
                    await settle(pilot)
                case _:
                    assert words in _shown(pilot), f"{words!r} is not shown:\n{_shown(pilot)}"
    assert app.return_code == 0
