"""What each way to start the program loads, seen from outside: in a process of its own, in `sys.modules`."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from console.backend.model.guide import PAGES

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "console" / "samples" / "charter.md"
TERMINAL = frozenset({"textual", "rich"})
DRIVERS = frozenset({"psycopg", "gnupg"})
XML = frozenset({"lxml"})
_ENTRY = """
import sys
from console.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
_IMPORT = "import sys, console.app.application; print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"

_SCREENS = """
import asyncio, sys
pages = []
sys.addaudithook(lambda event, given: pages.append(given[0]) if event == "open" and "/guide/" in str(given[0]) else None)

def told():
    names = {"console.screens.guide", "console.screens.guide_search", "console.backend.model.guide",
             "console.backend.host.guide_pages", "console.widgets.markdown_view", "markdown_it"}
    print(*sorted(names & set(sys.modules)), len([page for page in pages if str(page).endswith(".md")]), file=sys.stderr)

from console.app.application import ConsoleApp
told()

async def main():
    from tests.support.fakes import NOW, FakeBackend
    app = ConsoleApp(FakeBackend(), read_only=True, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.press("3", "5", "1", "question_mark", "escape")
        await app.workers.wait_for_complete()
        told()
        await pilot.press("f1")
        await app.workers.wait_for_complete()
        told()

asyncio.run(main())
"""

_FIRST_FRAME = """
import asyncio, json, os, sys
from collections import Counter
from textual.css.stylesheet import Stylesheet
import console.cli.main, console.cli.command_line, console.app.launch
from console.actions.keymap_file import read_console

read_console()
from console.app.application import ConsoleApp
again, reparse = [], Stylesheet.reparse
Stylesheet.reparse = lambda self: again.append(True) or reparse(self)

def begin(app):
    widgets = Counter(type(widget).__name__ for widget in app.screen.walk_children())
    print(json.dumps({"modules": sorted(sys.modules), "widgets": widgets, "again": len(again)}), file=sys.stderr)
    os._exit(0)

ConsoleApp._begin = begin

async def main():
    async with ConsoleApp(lambda: None, read_only=True, demo=False).run_test(size=(120, 40)) as pilot:
        await pilot.pause(60)

asyncio.run(main())
"""


@cache
def loaded(code: str, *arguments: str) -> frozenset[str]:
    """Top-level modules at the end of a fresh interpreter that ran this code; several tests look at that of one command."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return frozenset(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "start", "--help"], ["completion", "bash"]])
def test_version_help_and_completion_import_no_library(arguments: list[str]) -> None:
    assert not loaded(_ENTRY, *arguments) & (TERMINAL | DRIVERS | XML | {"pydantic"})


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--help"]])
def test_help_loads_neither_logging_nor_what_completes_commands(arguments: list[str]) -> None:
    assert not {"logging", "shtab"} & loaded(_ENTRY, *arguments)


def test_version_does_not_even_build_the_parser() -> None:
    assert "argparse" not in loaded(_ENTRY, "--version")


def test_planning_needs_neither_terminal_nor_database_nor_gpg() -> None:
    assert not loaded(_ENTRY, "plan", str(SAMPLE), "--docprefix", "TEST") & (TERMINAL | DRIVERS | XML)


def test_only_akoma_ntoso_needs_an_xml_library(tmp_path: Path) -> None:
    asked = ("document", "export", str(SAMPLE), "--docprefix", "TEST", "--out", str(tmp_path / "new"))
    facts = ("--country", "de", "--language", "deu", "--date", "2020-01-31")

    assert not loaded(_ENTRY, *asked, "--format", "json") & (TERMINAL | DRIVERS | XML)
    (tmp_path / "new").unlink()
    found = loaded(_ENTRY, *asked, *facts)
    assert found >= XML
    assert not found & (TERMINAL | DRIVERS)


def test_status_for_a_script_never_loads_the_terminal_interface(tmp_path: Path) -> None:
    nowhere = f"host={tmp_path} port=1 user=nobody dbname=none"
    (tmp_path / "orchestrator.config.json").write_text(f'{{"database": {{"monitor": "{nowhere}"}}}}')

    (tmp_path / "runs").mkdir()
    found = loaded(_ENTRY, "--root", str(tmp_path), "status", "--json")

    assert "psycopg" in found
    assert not found & TERMINAL


def test_a_server_of_pages_is_no_console_and_loads_none() -> None:
    """Each page is a process of its own. 192.0.2.1 is of nobody: it cannot be listened on, and the server ends."""
    found = loaded(_ENTRY, "serve", "--read-only", "--address", "192.0.2.1")

    assert "aiohttp" in found
    assert "textual" not in found


def test_the_console_is_painted_before_drivers_are_loaded() -> None:
    assert not loaded(_IMPORT) & (DRIVERS | {"pydantic"})


def _at_first_frame() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _FIRST_FRAME], capture_output=True, text=True, check=True)
    known: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return known


def test_nothing_is_loaded_before_the_first_frame_that_it_does_not_show() -> None:
    modules = set(_at_first_frame()["modules"])

    assert not {name.partition(".")[0] for name in modules} & (DRIVERS | XML | {"pydantic", "jinja2", "markdown_it"})
    # The library of hashlib is OpenSSL.
    assert not {"hashlib", "tomllib"} & modules
    assert {name for name in modules if name.startswith("console.screens.")} == {
        f"console.screens.{name}" for name in ("base", "drawable", "history", "moved", "overview", "readiness_watch")
    }
    assert {name for name in modules if name.startswith("console.backend.model.")} == {
        f"console.backend.model.{name}"
        for name in ("counting", "errors", "folding", "gate_table", "ids", "shown_time", "theme_names", "unreadable")
    }
    assert {name for name in modules if name.startswith("console.backend.host.")} == {
        f"console.backend.host.{name}"
        for name in ("context", "crash", "daemon", "memory", "own_file", "regular_file", "signals")
    }


def test_the_first_frame_builds_no_widget_that_it_does_not_draw_and_reads_each_rule_once() -> None:
    known = _at_first_frame()

    assert known["widgets"] == {
        "TopBar": 1, "Container": 1, "Vertical": 2, "Panel": 4, "ListPanel": 2, "NoticePanel": 1, "KeyBar": 1
    }  # fmt: skip
    assert known["again"] == 0


def test_a_console_that_writes_no_report_has_no_template_engine() -> None:
    assert "jinja2" not in loaded(
        f"{_IMPORT.partition(';')[0]}; import console.cli.installation{_IMPORT[_IMPORT.index(';') :]}"
    )


def test_the_guide_is_neither_imported_nor_read_before_it_is_opened() -> None:
    """Before the first paint, and through other screens and their help."""
    done = subprocess.run([sys.executable, "-c", _SCREENS], capture_output=True, text=True, check=True, cwd=ROOT)
    before, meanwhile, opened = (line.split() for line in done.stderr.splitlines()[-3:])

    guide = {"console.screens.guide", "console.screens.guide_search", "console.backend.model.guide"}
    assert before == ["0"]
    assert not guide & set(meanwhile)
    assert meanwhile[-1] == "0"
    assert guide <= set(opened)
    assert int(opened[-1]) == len(PAGES)
