"""What a console does as it is opened: one that only reads proves that it can do no more, and removes nothing."""

import os
from collections.abc import Callable

import pytest

from console.app import launch
from console.backend.model.errors import Refused
from console.cli.arguments import Options
from tests.support.passage import Passage

At = Callable[[str], Passage]


def test_a_console_that_only_reads_is_not_opened_with_a_role_that_could_write(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("fresh")
    options = Options(root=passage.installation.root)
    monkeypatch.setenv("CUTTER_MONITOR", passage.installation.settings.database.executor)

    launch._backend(options, [], None, read_only=False)
    with pytest.raises(Refused, match="privileges to write"):
        launch._backend(options, [], None, read_only=True)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_console_that_only_reads_removes_nothing_that_others_have_left(
    at: At, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    passage = at("fresh")
    installation = passage.installation
    monkeypatch.setenv("CUTTER_MONITOR", installation.settings.database.monitor)
    log = installation.root / "reports" / "console-crash-20200101T000000Z-1-ab.log"
    log.touch()
    os.utime(log, (0, 0))
    swept: list[str] = []

    launch._backend(Options(root=installation.root), swept, None, read_only=read_only)

    assert (log.exists(), bool(swept)) == (read_only, not read_only)
