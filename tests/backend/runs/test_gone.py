"""What was acknowledged and is gone, after a failover or a restore, is found wherever a run is looked at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from console.backend.journal.journal import verify_journal
from console.backend.model.errors import ExitStatus, Held, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Move, Stage
from console.backend.model.view_models import SwitchState
from console.backend.runs.lifecycle import create_run
from console.backend.runs.run_state import anchors_of
from console.backend.runs.workspace import Workspace
from console.cli import runs as cli_runs
from console.cli.arguments import Options
from console.cli.watching import Watching
from tests.support.passage import REQUEST, Kept, Passage, copy_database

At = Callable[[str], Passage]
BEFORE = "before_the_rest"
"""The name of the database of before, while it is there."""
_ROLES = (("executor", "cutter_exec"), ("verifier", "cutter_verify"), ("monitor", "cutter_ro"))


@contextmanager
def at_a_database_of_before(passage: Passage, go_on: Callable[[], object]) -> Iterator[Passage]:
    """Copy the database, go on with the passage, and yield it at the copy: a standby that had not got the rest."""
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (BEFORE, passage.database)))
        )
    try:
        go_on()
        there = {name: passage.cluster.conninfo(BEFORE, role) for name, role in _ROLES}
        yield passage.settings(database=passage.installation.settings.database.model_copy(update=there))
    finally:
        with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(BEFORE)))


@pytest.fixture
def lost(at: At, kept: Kept) -> Passage:
    """A run whose cut and verification were acknowledged, at a database of before: as after the restore of a backup."""

    def make() -> Passage:
        passage = at("SG_1 imported")
        passage.arm()
        passage.backend.disarm()

        def cut() -> None:
            passage.arm()
            passage.resume()

        with at_a_database_of_before(passage, cut):
            copy_database(passage.cluster, BEFORE, passage.database)
        return passage

    return kept("a cut that is gone from the database", make)


def test_an_acknowledged_cut_that_is_gone_is_found(lost: Passage) -> None:
    workspace = Workspace.open(lost.installation.root, lost.run_id)
    verdict = verify_journal(workspace.journal, anchors_of(lost.installation, workspace.request()), lost.run_id)
    assert verdict.outcome is Outcome.FAIL
    assert [one.split(" ")[0] for one in verdict.gone] == [
        "cut_leg_a",
        "structural_verify",
        "leg_b_record",
        "write_verify",
    ]
    assert "acknowledged, and gone from the database: cut_leg_a (transaction " in verdict.detail


def test_it_is_shown_with_the_run_in_the_list_and_on_the_overview(
    lost: Passage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = lost.run()
    assert run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    assert run.journal.startswith("FAIL: acknowledged, and gone")
    assert run.moves == (Move.VOID,)
    assert len(lost.backend.runs()[0].gone) == 4
    status = lost.backend.status()
    assert status.outcome is Outcome.FAIL
    assert status.waiting[0].what.startswith("acknowledged, and gone from the database: cut_leg_a")
    monkeypatch.setattr(cli_runs, "backend_of", lambda _: lost.backend)
    assert cli_runs.list_all(Options(), Watching()) is ExitStatus.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith("  ACKNOWLEDGED AND GONE")] == [lost.run_id]


def test_a_run_that_is_gone_with_its_start_is_shown_as_lost_too(at: At) -> None:
    """The database has no row of it; its journal has what was acknowledged."""
    passage = at("fresh")
    with at_a_database_of_before(passage, lambda: create_run(passage.installation, REQUEST)) as there:
        run = there.backend.runs()[0]
        assert run.gone[0].startswith("start (transaction ")
        assert there.backend.status().waiting[0].what.startswith("acknowledged, and gone from the database: start")


def test_nothing_is_done_with_such_a_run_but_a_hold(lost: Passage) -> None:
    with pytest.raises(Held, match="acknowledged, and gone") as held:
        lost.backend.settle(lost.run_id)
    assert held.value.code is StopCode.DRIFT
    assert lost.backend.status().switch.state is SwitchState.HOLD


def test_such_a_run_can_be_ended(lost: Passage) -> None:
    assert lost.backend.void(lost.run_id, "lost by a failover").moves == (Move.REPORT,)
