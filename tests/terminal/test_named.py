"""A console that is opened with -P in a real terminal: by its entry's banner, for reading only."""

from pathlib import Path

import pytest

from tests.support.passage import Stages, fingerprint
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


def test_a_host_without_a_configuration_shows_the_named_installations_and_opens_a_row(
    stages_of_a_run: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database of this host's own is there to be opened; one of two names is down."""
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
        session.press("\r")
        session.see(b"cutter-console -P prod")
        session.press("q")
        assert session.end() == 0
    finally:
        session.close()

    assert not (tmp_path / "none").exists()
