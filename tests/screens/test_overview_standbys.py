"""The Overview names the standbys, if there is one or one is waited for."""

import pytest

from console.backend.model.replication import Replication, Standby, replication
from console.screens.overview_text import where
from tests.support.fakes import FakeBackend


def _rows(measured: Replication | None) -> list[str]:
    status = FakeBackend().status().model_copy(update={"replication": measured})
    return ["".join(span.text for span in line) for line in where(status, read_only=False)]


@pytest.mark.parametrize("names", ["", "a"])
def test_what_a_commit_waits_for_is_shown_where_there_is_a_standby(names: str) -> None:
    measured = replication("on", names, (Standby(name="a", state="streaming", sync_state="async"),))
    assert f"standbys  {measured.sentence}" in _rows(measured)


def test_a_server_alone_has_no_line_of_it() -> None:
    assert _rows(replication("on", "", ())) == _rows(None)
    assert not [row for row in _rows(None) if row.startswith("standbys")]
