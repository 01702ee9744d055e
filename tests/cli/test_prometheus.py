"""`status --prometheus`: the text format to the letter, and no sample for what was not measured."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from console.backend.model.errors import ExitStatus
from console.backend.model.view_models import SwitchState
from console.cli.main import main
from console.cli.prometheus import exposition
from tests.support.exposition import Family, read_exposition
from tests.support.fakes import ARMED, HOLD, NOW, FakeBackend
from tests.support.passage import Passage

At = Callable[[str], Passage]
ALONE: tuple[tuple[str, str], ...] = ()


def metric(families: dict[str, Family], name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The samples of one metric."""
    return families[f"cutter_console_{name}"].samples


def test_the_metrics_of_a_run_that_waits(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("waits for SG_2")
    capsys.readouterr()

    assert main(["--root", str(passage.installation.root), "status", "--prometheus"]) == ExitStatus.DONE

    families = read_exposition(capsys.readouterr().out)
    assert metric(families, "up") == {ALONE: 1.0}
    assert metric(families, "runs_waiting") == {ALONE: 1.0}
    measured_at = metric(families, "measured_timestamp_seconds")[ALONE]
    (wait,) = passage.backend.status().waiting
    assert wait.since is not None
    assert metric(families, "oldest_wait_seconds")[ALONE] == pytest.approx(measured_at - wait.since.timestamp())
    ((proven_at,),) = passage.rows("SELECT extract(epoch FROM max(recorded_at)) FROM cutter_governance.v_backup_proof")
    assert metric(families, "last_backup_age_seconds")[ALONE] == pytest.approx(measured_at - float(str(proven_at)))
    assert {labels[0][1]: rows for labels, rows in metric(families, "table_rows").items()} == passage.counts()
    assert metric(families, "switch_state") == {
        (("state", state.value.lower()),): float(state is SwitchState.OFF) for state in SwitchState
    }
    (identity,) = metric(families, "info")
    assert dict(identity)["database"] == passage.database
    assert dict(identity)["root"] == str(passage.installation.root)
    assert "cutter_console_lease_seconds_remaining" not in families


def test_a_database_that_is_down_has_no_count_and_no_age(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("fresh")
    root = passage.installation.root
    (root / "orchestrator.config.json").write_text('{"database": {"monitor": "host=/nonexistent dbname=x"}}')
    capsys.readouterr()

    assert main(["--root", str(root), "status", "--prometheus"]) == ExitStatus.INCONCLUSIVE

    said = capsys.readouterr()
    families = read_exposition(said.out)
    assert metric(families, "up") == {ALONE: 0.0}
    # Not 0 for `hold`, which would end an alarm that is only out of sight.
    assert metric(families, "switch_state") == {(("state", "unreadable"),): 1.0}
    assert families.keys() == {
        f"cutter_console_{name}" for name in ("up", "info", "measured_timestamp_seconds", "switch_state")
    }
    assert "the database was not measured" in said.err


def test_a_hold_has_its_exit_status(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("fresh")
    passage.backend.panic("wrong law")
    capsys.readouterr()

    assert main(["--root", str(passage.installation.root), "status", "--prometheus"]) == ExitStatus.HOLD
    families = read_exposition(capsys.readouterr().out)
    assert metric(families, "switch_state")[(("state", "hold"),)] == 1.0
    # A HOLD is a wait, and no run that waits.
    assert metric(families, "runs_waiting") == {ALONE: 0.0}
    assert "cutter_console_oldest_wait_seconds" not in families


def test_an_armed_switch_has_the_time_that_is_left() -> None:
    status = FakeBackend(switch=ARMED).status()

    families = read_exposition(exposition(status, NOW - timedelta(hours=1)))

    assert metric(families, "lease_seconds_remaining") == {ALONE: 780.0}
    assert metric(families, "last_backup_age_seconds") == {ALONE: 3600.0}


def test_a_lease_under_a_hold_is_none() -> None:
    status = FakeBackend(switch=HOLD.model_copy(update={"expires_at": NOW})).status()

    assert "lease_seconds_remaining" not in exposition(status, None)


def test_a_table_that_could_not_be_read_has_no_sample() -> None:
    status = FakeBackend().status()
    unread = {count.table for count in status.counts if count.rows is None}

    tables = {labels[0][1] for labels in metric(read_exposition(exposition(status, None)), "table_rows")}

    assert unread
    assert not unread & tables


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", 'x"} 1\ncutter_console_up 1', "\\n"])
def test_a_name_cannot_leave_its_label(name: str) -> None:
    status = FakeBackend().status().model_copy(update={"root": name})

    (identity,) = metric(read_exposition(exposition(status, None, "prod")), "info")

    assert dict(identity)["root"] == name.replace("\n", "␊")
    assert dict(identity)["installation"] == "prod"


def test_clocks_that_disagree_make_no_negative_age() -> None:
    families = read_exposition(exposition(FakeBackend().status(), NOW + timedelta(minutes=5)))

    assert metric(families, "last_backup_age_seconds") == {ALONE: 0.0}


@pytest.mark.parametrize("words", [["--json"], ["--watch", "5"]], ids=" ".join)
def test_it_is_a_format_of_its_own(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--prometheus", *words]) == ExitStatus.USAGE
    assert "--prometheus" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "cutter_up 1\n",
        "# HELP a b\n# TYPE a gauge\na 1",
        "# HELP a b\na 1\n",
        "# HELP a b\n# TYPE a gauge\na 1\na 1\n",
        '# HELP a b\n# TYPE a gauge\na{x="1" 1\n',
        '# HELP a b\n# TYPE a gauge\na{x="1",x="1"} 1\n',
        "# HELP a b\n# TYPE a gauge\nb 1\n",
        "# HELP a b\n# TYPE a gauge\na 1 123\n",
    ],
)
def test_the_reader_of_the_format_is_strict(text: str) -> None:
    with pytest.raises(AssertionError):
        read_exposition(text)
