"""How often each command logs in and waits for the server beside an organisation's tables."""

import time
from functools import partial

import pytest

from console.backend.gates.board_questions import ask_for_all
from console.backend.gates.probe import Probe
from console.backend.postgres.asking import ask_together
from console.backend.postgres.connections import connect, scalar
from console.backend.scratch.cluster import PORT
from console.cli import installation
from tests.backend.runs.test_round_trips import LOGINS, Operator, goes_the_whole_way, other_logins
from tests.same_names.conftest import MONITOR
from tests.support.passage import Passage
from tests.support.round_trips import counting_proxy
from tests.support.waiting import until


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


def test_the_first_question_of_a_command_is_answered_by_the_consoles_own_tables(tied: Passage) -> None:
    """It goes out by the names of a database of the console's own, where the organisation has tables of the same ones."""
    tied.execute("CREATE VIEW cutter_governance.v_hold AS SELECT 'of the organisation' AS reason")
    tied.execute("GRANT SELECT ON cutter_governance.v_hold TO PUBLIC")
    monitor, holds = tied.installation.settings.database.monitor, "SELECT count(*) FROM cutter_governance.v_hold"
    with connect(monitor, read_only=True) as connection:
        assert scalar(connection, holds) == 0
    with connect(monitor, read_only=True) as connection:
        assert ask_together(connection, partial(scalar, query=holds)) == (0,)


def test_what_the_gates_ask_together_is_answered_there_too(tied: Passage) -> None:
    """One question that cannot be asked together would leave all of them to the gates, each with a wait of its own."""
    probe = Probe(tied.installation, "all", time.monotonic() + 60.0)
    ask_for_all(probe)
    promised = {name: one.answer for name, one in probe.asked._promised.items()}
    until(lambda: all(answer.done() for answer in promised.values()), "every question is answered or left")
    assert [name for name, answer in promised.items() if answer.exception() is not None] == []


_MOST = {"gates": 56, "run start": 24, "run start --live": 58, "arm": 21, "run resume": 45, "enact": 43}
"""Round trips: its tables are asked about, and its functions tried, beside what any run asks."""
