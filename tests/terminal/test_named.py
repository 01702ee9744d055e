"""A console that is opened with -P in a real terminal: by its entry's banner, for reading only."""

import signal
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.passage import Stages, fingerprint
from tests.support.waiting import until
from tests.terminal.pty_session import PtySession


def test_a_name_opens_its_database_to_look_only(
    stages_of_a_run: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = stages_of_a_run.at("waits for SG_1")
    place = tmp_path / "cutter-console"
    place.mkdir()
    (place / "installations.toml").write_text(
        f'[installation.prod]\nroot = "{passage.installation.root}"\nbanner = "PRODUCTION"\n', encoding="utf-8"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before = fingerprint(passage)

    session = PtySession("named", tmp_path)
    try:
        session.see(b"PRODUCTION")
        session.see(b"READ-ONLY")
        session.see(b"Counts, measured")
        session.press("q")
        assert session.end() == 0
    finally:
        session.close()

    assert fingerprint(passage) == before


ITS_OWN_SCREEN = b"\x1b[?1049h"
"""Each console begins with it: what comes behind it is that console's."""


@pytest.fixture
def fleet(stages_of_a_run: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PtySession]:
    """A console on Fleet, on a host without a database of its own; one of two names is down."""
    passage = stages_of_a_run.at("waits for SG_1")
    place = tmp_path / "cutter-console"
    place.mkdir()
    (place / "installations.toml").write_text(
        f'[installation.prod]\nroot = "{passage.installation.root}"\nbanner = "PRODUCTION"\n\n'
        f'[installation.gone]\nroot = "{tmp_path}/gone"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("CUTTER_ROOT", str(tmp_path / "none"))
    for name in ("CUTTER_EXECUTOR", "CUTTER_VERIFIER", "CUTTER_MONITOR"):
        monkeypatch.delenv(name, raising=False)
    session = PtySession("unconfigured", tmp_path, size=(120, 40))
    try:
        session.see(b"Fleet: 2")
        session.see(b"PRODUCTION")
        yield session
    finally:
        session.close()
    assert not (tmp_path / "none").exists()


def consoles_of(session: PtySession) -> list[int]:
    """The processes that this console has started and that have not ended."""
    children = Path(f"/proc/{session.pid}/task/{session.pid}/children").read_text(encoding="ascii")
    return [int(pid) for pid in children.split()]


def opened_row(session: PtySession) -> int:
    """Press Enter on the row, see that console, and return its process."""
    session.forget()
    session.press("\r")
    session.see(b"Counts, measured")
    (console,) = consoles_of(session)
    return console


def test_a_row_of_fleet_opens_that_console_to_look_only_and_leads_back(fleet: PtySession) -> None:
    """Its banner, its database and that it only reads are seen, and nothing of the first one; each way back leads to Fleet."""
    for back in ("\x06", "q", "\x1b"):
        opened_row(fleet)
        shown = fleet.forget().rpartition(ITS_OWN_SCREEN)[2]
        assert b"PRODUCTION" in shown
        assert b"READ-ONLY" in shown
        assert b"Fleet: 2" not in shown
        fleet.press(back)
        fleet.see(b"Fleet: 2")
        assert consoles_of(fleet) == []
    fleet.press("\x1b[B\r")
    fleet.see(b"no runtime tree at")
    assert consoles_of(fleet) == []
    fleet.press("q")
    assert fleet.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["TERM", "KILL"])
def test_with_the_console_behind_it_the_opened_one_ends_too(fleet: PtySession, number: int) -> None:
    """Two programs would read from one terminal: the shell, and what is left of the console."""
    console = opened_row(fleet)
    fleet.kill(number)
    assert fleet.end() == (128 + number if number == signal.SIGTERM else -number)
    until(lambda: not Path(f"/proc/{console}").exists(), "the opened console has ended")
    if number == signal.SIGTERM:
        assert termios.tcgetattr(fleet.master)[3] == fleet.before[3]
