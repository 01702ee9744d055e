"""Many databases at one look, and -P: a silent database delays no other, and a name for reading only writes nothing."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from console.backend.fleet import FleetReader, _failed, _journal_of
from console.backend.host.installation import Installation
from console.backend.host.named_installations import NamedInstallation
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.fleet import FleetRow
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Status, SwitchState
from console.cli.main import main
from tests.conftest import Database
from tests.support.black_hole import BlackHole
from tests.support.passage import Passage, fingerprint
from tests.support.waiting import until

At = Callable[[str], Passage]
DOWN = "host=/nonexistent dbname=x user=cutter_ro"


def site(folder: Path, monitor: str, name: str) -> NamedInstallation:
    """A root with nothing but a configuration."""
    root = folder / name
    root.mkdir()
    (root / "orchestrator.config.json").write_text(json.dumps({"database": {"monitor": monitor}}), encoding="utf-8")
    return NamedInstallation(root=str(root), banner=name.upper())


def name_them(folder: Path, monkeypatch: pytest.MonkeyPatch, **entries: NamedInstallation) -> None:
    """Write the file that -P reads."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    place = folder / "config" / "cutter-console"
    place.mkdir(parents=True)
    text = "".join(
        f'[installation.{name}]\nroot = "{entry.root}"\nbanner = "{entry.banner}"\n'
        f"read_only = {str(entry.read_only).lower()}\n"
        for name, entry in entries.items()
    )
    (place / "installations.toml").write_text(text, encoding="utf-8")
    (place / "installations.toml").chmod(0o600)


@pytest.fixture
def passage(at: At) -> Passage:
    """A site whose run waits for SG_2."""
    return at("waits for SG_2")


@pytest.fixture
def prod(passage: Passage) -> NamedInstallation:
    """It, as an entry of the file."""
    return NamedInstallation(root=str(passage.installation.root), banner="PRODUCTION")


@pytest.fixture
def hole(passage: Passage, tmp_path: Path) -> Iterator[BlackHole]:
    """A line to its server that takes everything and answers nothing."""
    folder = tmp_path / "line"
    folder.mkdir()
    line = BlackHole(folder, passage.cluster.socket_dir / ".s.PGSQL.5432")
    line.swallow()
    yield line
    line.close()


def rows_by_name(rows: tuple[FleetRow, ...]) -> dict[str, FleetRow]:
    """The rows by their names."""
    return {row.name: row for row in rows}


def test_a_silent_database_and_one_that_is_down_are_rows_and_delay_no_other(
    passage: Passage, prod: NamedInstallation, database: Database, hole: BlackHole, tmp_path: Path
) -> None:
    entries = {
        "hole": site(tmp_path, hole.conninfo(passage.database, "cutter_ro"), "hole"),
        "down": site(tmp_path, DOWN, "down"),
        "prod": prod,
        "second": site(tmp_path, database.cluster.conninfo(database.name, "cutter_ro"), "second"),
    }
    before = fingerprint(passage)

    reader = FleetReader("tester")
    rows: dict[str, FleetRow] = {}

    def all_but_one_have_answered() -> bool:
        rows.update({row.name: row for row in reader.read(entries, 1).rows if row.status is not None})
        return len(rows) == len(entries) - 1

    until(all_but_one_have_answered, "each database that answers has its row")
    fleet = reader.read(entries, 1)
    rows = {**rows_by_name(fleet.rows), **rows}
    assert list(rows) == list(entries)
    assert (rows["hole"].status, rows["hole"].outcome) == (None, Outcome.INCONCLUSIVE)
    assert "no answer for" in rows["hole"].reason
    assert "STOP_UNREACHABLE" in rows["down"].reason
    assert rows["down"].outcome is Outcome.INCONCLUSIVE
    status, other = rows["prod"].status, rows["second"].status
    assert status is not None
    assert other is not None
    assert other.target is not None
    assert [wait.run_id for wait in status.waiting] == [passage.run_id]
    assert {count.table: count.rows for count in status.counts} == passage.counts()
    assert (status.switch.state, other.switch.state) == (SwitchState.OFF, SwitchState.OFF)
    assert other.target.database == database.name
    assert fleet.outcome is Outcome.INCONCLUSIVE
    assert fingerprint(passage) == before


def test_one_that_is_silent_is_not_asked_again_meanwhile(passage: Passage, hole: BlackHole, tmp_path: Path) -> None:
    entries = {"hole": site(tmp_path, hole.conninfo(passage.database, "cutter_ro"), "hole")}
    reader = FleetReader("tester")

    (first,) = reader.read(entries, 1).rows
    asked = len(hole._open)
    (second,) = reader.read(entries, 1).rows

    assert asked > 0
    assert len(hole._open) == asked
    assert (first.status, second.status) == (None, None)


def test_a_database_that_answered_before_says_when_and_comes_back(passage: Passage, prod: NamedInstallation) -> None:
    reader = FleetReader("tester")
    (before,) = reader.read({"prod": prod}, 60).rows
    config = passage.installation.root / "orchestrator.config.json"
    text = config.read_text(encoding="utf-8")
    config.write_text(json.dumps({"database": {"monitor": DOWN}}), encoding="utf-8")

    (gone,) = reader.read({"prod": prod}, 60).rows
    config.write_text(text, encoding="utf-8")
    (back,) = reader.read({"prod": prod}, 60).rows

    assert before.status is not None
    assert gone.status is not None
    assert (gone.status.target, gone.last_measured_at) == (None, before.status.measured_at)
    assert (back.outcome, back.reason) == (before.outcome, "")


def test_the_journal_of_the_run_under_way_is_verified(passage: Passage, prod: NamedInstallation) -> None:
    reader = FleetReader("tester")
    (sound,) = reader.read({"prod": prod}, 60).rows
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"law.md", b"lax.md", 1))
    (broken,) = reader.read({"prod": prod}, 60).rows

    assert sound.journal is not None
    assert (sound.journal.run_id, sound.journal.outcome) == (passage.run_id, Outcome.PASS)
    assert broken.journal is not None
    assert (broken.journal.outcome, broken.outcome) == (Outcome.FAIL, Outcome.FAIL)


def test_a_hold_is_an_exit_status_and_a_line(
    passage: Passage,
    prod: NamedInstallation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    passage.backend.panic("the count is wrong")
    name_them(tmp_path, monkeypatch, prod=prod, down=site(tmp_path, DOWN, "down"))

    assert main(["fleet", "status", "--all"]) == ExitStatus.HOLD
    shown = capsys.readouterr().out
    assert "HOLD since" in shown
    assert "hold       prod: the count is wrong" in shown
    assert "DOWN" in shown
    assert "next: cutter-console -P down status" in shown
    assert "not measured here" in shown


def test_two_names_of_one_database_say_so(prod: NamedInstallation, passage: Passage, tmp_path: Path) -> None:
    twin = site(tmp_path, passage.installation.settings.database.monitor, "twin")

    rows = rows_by_name(FleetReader("tester").read({"prod": prod, "twin": twin}, 60).rows)

    assert (rows["prod"].same_database_as, rows["twin"].same_database_as) == (("twin",), ("prod",))


@pytest.mark.parametrize("read_only", [True, False])
def test_status_says_if_the_name_is_for_reading_only(
    prod: NamedInstallation,
    read_only: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name_them(tmp_path, monkeypatch, prod=prod.model_copy(update={"read_only": read_only}))

    main(["-P", "prod", "--json", "status"])

    assert json.loads(capsys.readouterr().out)["read_only"] is read_only


def test_a_variable_of_the_environment_leads_no_row_to_another_database(
    prod: NamedInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be the same database in each row."""
    monkeypatch.setenv("CUTTER_MONITOR", prod_monitor := DOWN)
    (row,) = FleetReader("tester").read({"prod": prod}, 60).rows

    assert prod_monitor == os.environ["CUTTER_MONITOR"]
    assert row.status is not None
    assert row.status.target is not None


@pytest.mark.parametrize(
    "words", [["status"], ["panic", "--reason", "x"], ["gates"], ["config", "validate"], []], ids=" ".join
)
def test_a_name_whose_root_is_not_there_leads_to_no_database_of_the_usual_services(
    words: list[str],
    passage: Passage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its settings would be the defaults, and another database would stand, or be stopped, under its name."""
    services = tmp_path / "services.conf"
    socket, database = passage.cluster.socket_dir, passage.database
    services.write_text(
        "".join(f"[{role}]\nhost={socket}\ndbname={database}\nuser={role}\n" for role in ("cutter_ro", "cutter_exec")),
        encoding="utf-8",
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    wrong = NamedInstallation(root=str(tmp_path / "mistyped"), banner="PRODUCTION")
    name_them(tmp_path, monkeypatch, prod=wrong)
    before = fingerprint(passage)

    assert main(["-P", "prod", *words]) == ExitStatus.USAGE
    told = capsys.readouterr()
    (row,) = FleetReader("tester").read({"prod": wrong}, 60).rows

    assert f"no runtime tree at {tmp_path / 'mistyped'}" in told.err
    assert (row.status, row.outcome) == (None, Outcome.INCONCLUSIVE)
    assert "no runtime tree at" in row.reason
    assert fingerprint(passage) == before


def test_the_question_about_the_journal_never_ends_before_that_about_the_status() -> None:
    """The reader waits for the journals alone: a refusal that came there first was told as the database's silence."""
    answer: Future[Status] = Future()
    answer.set_exception(Refused(StopCode.DRIFT, "of the status", ""))

    def refused() -> Installation:
        raise Refused(StopCode.DRIFT, "of the settings", "")

    with pytest.raises(Refused, match="of the status"):
        _journal_of(refused, answer)


def test_what_to_do_about_a_row_names_its_installation(prod: NamedInstallation) -> None:
    """Typed without the name, the command would act on the installation of this host."""
    row = FleetRow(name="prod", root=str(prod.root), read_only=True, outcome=Outcome.INCONCLUSIVE, status=None)

    failed = _failed(row, Refused(StopCode.DRIFT, "not installed", "Install it: cutter-console migrate"))

    assert failed.next_action == "Install it: cutter-console -P prod migrate"


def test_a_bad_configuration_is_a_row(prod: NamedInstallation, tmp_path: Path) -> None:
    bad = site(tmp_path, DOWN, "bad")
    (bad.root / "orchestrator.config.json").write_text('{"databse": {}, "lease_minutes": 0}', encoding="utf-8")

    rows = rows_by_name(FleetReader("tester").read({"bad": bad, "prod": prod}, 60).rows)

    assert "databse" in rows["bad"].reason
    assert "; " in rows["bad"].reason
    assert "␊" not in rows["bad"].reason
    assert rows["prod"].reason == ""


def test_names_before_and_behind_the_command_are_all_taken(
    prod: NamedInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name_them(tmp_path, monkeypatch, prod=prod, down=site(tmp_path, DOWN, "down"))

    assert main(["-P", "down", "--json", "fleet", "status", "-P", "prod"]) == ExitStatus.INCONCLUSIVE
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "cutter-console/fleet-status/1"
    assert [row["name"] for row in answer["rows"]] == ["down", "prod"]
    assert {row["gates"] for row in answer["rows"]} == {"not measured"}


@pytest.mark.parametrize(
    "words",
    [
        ["fleet", "status"],
        ["fleet", "status", "--all", "-P", "prod"],
        ["fleet", "status", "--all", "--root", "/x", "-P", "prod"],
        ["fleet", "status", "--all", "--timeout", "0"],
        ["status", "-P", "prod", "-P", "down"],
        ["-P", "prod", "status", "-P", "down"],
        ["-P", "prod", "status", "--root", "/x"],
        ["-P", "prod", "status", "--config", "/x"],
        ["-P", "prod", "demo"],
        ["-P", "nobody", "status"],
        ["-P", "prod", "-P", "down"],
        ["-P", "prod", "--replay", "/nonexistent"],
        ["-P", "nobody"],
    ],
    ids=" ".join,
)
def test_names_that_do_not_belong_together_are_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name_them(tmp_path, monkeypatch, prod=site(tmp_path, DOWN, "prod"), down=site(tmp_path, DOWN, "down"))

    assert main(words) == ExitStatus.USAGE
    assert capsys.readouterr().out == ""


def test_a_name_has_the_root_and_its_commands_name_it(
    prod: NamedInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name_them(tmp_path, monkeypatch, prod=prod)

    assert main(["-P", "prod", "status", "-P", "prod", "--prometheus"]) == ExitStatus.DONE
    assert 'installation="prod"' in capsys.readouterr().out
    assert main(["-P", "prod", "status"]) == ExitStatus.DONE
    shown = capsys.readouterr().out
    assert f"root       {prod.root}" in shown
    assert shown.count("cutter-console ") == shown.count("cutter-console -P prod ") > 0


@pytest.mark.parametrize(
    "words",
    [["run", "void", "RUN", "--reason", "x"], ["init"], ["verify", "RUN"], ["report", "RUN"], ["adopt", "check"]],
    ids=" ".join,
)
def test_a_name_for_reading_only_refuses_what_writes(
    words: list[str],
    passage: Passage,
    prod: NamedInstallation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name_them(tmp_path, monkeypatch, prod=prod)
    before = fingerprint(passage)

    status = main(["-P", "prod", *(passage.run_id if word == "RUN" else word for word in words)])

    told = capsys.readouterr().err
    assert (status, "prod is for reading only" in told) == (ExitStatus.REFUSED, True)
    assert "read_only = false" in told
    assert fingerprint(passage) == before


def test_a_name_that_says_so_may_write(
    passage: Passage, prod: NamedInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_them(tmp_path, monkeypatch, prod=prod.model_copy(update={"read_only": False}))

    assert main(["-P", "prod", "init"]) == ExitStatus.DONE


def test_stopping_needs_no_authority_not_even_of_a_name(
    passage: Passage, prod: NamedInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_them(tmp_path, monkeypatch, prod=prod)

    assert main(["-P", "prod", "panic", "--reason", "wrong law"]) == ExitStatus.DONE
    assert passage.backend.status().switch.state is SwitchState.HOLD
