"""Runs and batches as they are typed: whole, by a unique beginning, or `latest`; and what is never guessed."""

import json
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from console.backend.model.errors import ExitStatus, Refused
from console.backend.runs import run_ids
from console.backend.runs.run_ids import KnownIds
from console.cli.arguments import Options
from console.cli.batch_requests import OneBatch
from console.cli.main import main
from console.cli.one_run import OneRun
from console.cli.operations import OPERATIONS
from console.cli.run_names import LATEST, in_part, with_whole_ids
from console.cli.run_requests import ConfirmedRun, VoidRun
from tests.support.passage import Stages

FIRST, SECOND, THIRD = (
    "ictr-20260301T121500Z-0b7744de",
    "ictr-20260301T135200Z-9f3c21ab",
    "ictr-20260302T080000Z-77e1c0d2",
)
BATCH = "ictb-20260301T133000Z-5ac01d77"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """A root with three runs and a batch, whose database is out of reach."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "none.conf"))
    for run_id in (FIRST, SECOND, THIRD):
        (tmp_path / "runs" / run_id).mkdir(parents=True)
        (tmp_path / "runs" / run_id / "request.json").write_bytes(b"{}")
    (tmp_path / "runs" / BATCH).mkdir()
    (tmp_path / "runs" / BATCH / "batch.json").write_bytes(b"{}")
    return Options(root=tmp_path)


def meant(options: Options, typed: str, *, dangerous: bool = False) -> str:
    """The run that is meant."""
    request = ConfirmedRun(typed) if dangerous else OneRun(typed)
    return str(with_whole_ids(options, "run show", request, in_part(request), dangerous=dangerous).run)


def refusal(options: Options, typed: str, *, dangerous: bool = False) -> Refused:
    """Why none is meant."""
    with pytest.raises(Refused) as refused:
        meant(options, typed, dangerous=dangerous)
    return refused.value


def test_every_argument_that_is_a_run_or_a_batch_is_one_that_is_looked_up() -> None:
    of_ids = {
        field.name
        for operation in OPERATIONS
        for field in fields(operation.request)
        if field.metadata["argument"].metavar in {"RUN", "BATCH"} and field.name != "confirm"
    }

    assert of_ids == {"run", "batch"}
    assert {o.name for o in OPERATIONS if "run" in {f.name for f in fields(o.request)}} >= {"run show", "arm", "gates"}


@pytest.mark.parametrize("whole", [SECOND, BATCH, "../../etc", "", "\udcff", "a b"])
def test_a_whole_id_and_what_can_be_none_go_to_the_command_as_they_are(whole: str) -> None:
    assert in_part(OneRun(whole)) == ()


def test_latest_is_the_run_that_was_started_last(options: Options, capsys: pytest.CaptureFixture[str]) -> None:
    assert meant(options, LATEST) == THIRD
    said = capsys.readouterr().err
    assert said.startswith(f"latest is run {THIRD}, of those below this root: ")


@pytest.mark.parametrize("typed", ["ictr-20260301T13", "20260301T13", "20260301T135200Z-9"])
def test_a_unique_beginning_is_its_run_with_and_without_the_letters_that_all_have(options: Options, typed: str) -> None:
    assert meant(options, typed) == SECOND
    assert meant(options, typed, dangerous=True) == SECOND


def test_a_beginning_of_several_is_refused_with_each_of_them(options: Options) -> None:
    refused = refusal(options, "ictr-20260301")

    assert refused.message == f"2 runs begin with ictr-20260301: {SECOND}, {FIRST}"
    assert refused.next_action == "Type more of the one that is meant. See the runs there are: cutter-console run list"


def test_two_that_were_started_in_one_second_are_both_the_latest_and_none_is_taken(options: Options) -> None:
    assert options.root is not None
    twin = f"{THIRD[:-8]}00000000"
    (options.root / "runs" / twin).mkdir()
    (options.root / "runs" / twin / "request.json").write_bytes(b"{}")

    assert refusal(options, LATEST).message == f"2 runs were started last, in the same second: {THIRD}, {twin}"


def test_a_dangerous_command_never_takes_latest_nor_a_beginning_that_nothing_else_confirms(options: Options) -> None:
    assert "takes no latest: another run can have been started since you looked" in (
        refusal(options, LATEST, dangerous=True).message
    )
    request = VoidRun("ictr-20260302", reason="a try")
    with pytest.raises(Refused, match=f"takes the whole id, .* ictr-20260302 is {THIRD}"):
        with_whole_ids(options, "run void", request, in_part(request), dangerous=True)
    dangerous = [o for o in OPERATIONS if o.dangerous and "run" in {field.name for field in fields(o.request)}]
    assert {o.name for o in dangerous} == {
        *("arm", "enact", "revert", "run apply", "run take-over", "run void"),
    }


def test_a_beginning_of_a_batch_is_its_batch_also_where_a_run_is_asked_for(options: Options) -> None:
    assert meant(options, "ictb-2026") == BATCH


@pytest.mark.parametrize(
    ("typed", "near"), [("ictr-20260301T1325", SECOND), ("20260302T090000", THIRD), ("itcr-20260302T0800", THIRD)]
)
def test_what_is_nearly_the_beginning_of_one_asks_if_that_is_meant(options: Options, typed: str, near: str) -> None:
    message = refusal(options, typed).message

    assert message.startswith(f"no run below this root begins with {typed}; those of the database are not known: ")
    assert f"; did you mean {near}" in message


def test_what_is_near_to_nothing_is_the_commands_to_refuse(options: Options) -> None:
    assert [meant(options, typed) for typed in ("nope", "7", "ictr-19990101T000000Z-00000000x")] == [
        "nope",
        "7",
        "ictr-19990101T000000Z-00000000x",
    ]


def test_without_a_run_there_is_no_latest_and_a_database_that_does_not_answer_is_not_taken_for_an_empty_one(
    tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty" / "runs").mkdir(parents=True)
    empty = Options(root=tmp_path / "empty")

    message = refusal(empty, LATEST).message
    assert message.startswith("no run has been started yet below this root; those of the database are not known: ")
    batch = OneBatch(LATEST)
    with pytest.raises(Refused, match=r"no batch has been started yet below this root$"):
        with_whole_ids(empty, "batch show", batch, in_part(batch), dangerous=False)
    monkeypatch.setattr(run_ids, "known_ids", lambda _: KnownIds(()))
    assert refusal(empty, LATEST).message == "no run has been started yet"


def test_commands_show_the_latest_run_of_the_database_and_nearly_typed_ids_are_told(
    stages_of_a_run: Stages, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = stages_of_a_run.at("waits for SG_1")
    root, run_id = str(passage.installation.root), passage.run_id
    # The dry run before it can have begun in the same second, and then either can be meant.
    for directory in (passage.installation.root / "runs").glob("ictr-*"):
        if directory.name != run_id:
            shutil.rmtree(directory)
    capsys.readouterr()
    for typed in (LATEST, run_id[:-2]):
        assert main(["--root", root, "--json", "run", "show", typed]) == 0
        shown = capsys.readouterr()
        assert json.loads(shown.out)["run_id"] == run_id
        assert shown.err == f"{typed} is run {run_id}\n"
    wrong = f"{run_id[:-1]}{'0' if run_id[-1] != '0' else '1'}"
    assert main(["--root", root, "run", "show", wrong]) == ExitStatus.REFUSED
    assert f"; did you mean {run_id}?" in capsys.readouterr().err
    assert main(["--root", root, "arm", LATEST, "--confirm", run_id]) == ExitStatus.REFUSED
    assert "arm takes no latest" in capsys.readouterr().err
