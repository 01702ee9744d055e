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
