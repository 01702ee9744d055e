"""How often each command logs in and waits for the server beside an organisation's tables."""

import pytest

from console.backend.scratch.cluster import PORT
from console.cli import installation
from tests.backend.runs.test_round_trips import LOGINS, Operator, goes_the_whole_way, other_logins
from tests.same_names.conftest import MONITOR
from tests.support.passage import Passage
from tests.support.round_trips import counting_proxy


def test_a_command_logs_in_as_often_as_in_a_database_of_its_own_but_before_a_backup(
    tied: Passage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "context_of", lambda _: tied.installation.context)
    with counting_proxy(tied.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        operator = Operator(tied, proxy, capsys)
        goes_the_whole_way(operator, tied.installation.intake / "law.md")

    # Nothing is asked before a backup of an organisation's tables, which are always dumped whole.
    expected = LOGINS | {"run start --live": LOGINS["run start --live"] | {"verifier": 2}}
    assert other_logins(operator, MONITOR, expected) == {}
    trips = {name: sum(line.trips for line in lines) for name, lines in operator.lines.items()}
    assert {name: (trips[name], most) for name, most in _MOST.items() if trips[name] > most} == {}, trips


_MOST = {"run start": 25, "run start --live": 60, "arm": 24, "run resume": 47, "enact": 48}
"""Round trips: its tables are asked about, and its functions tried, beside what any run asks."""
