"""approval draft --revert: a ruling that names exactly the drafts that are taken back."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.full_command import full_command
from console.backend.service import BackendService
from console.cli.main import main
from console.demo.keys import sign_as_demo_sovereign
from tests.cli.conftest import Run, stop_of
from tests.support.passage import UNITS, Passage

At = Callable[[str], Passage]
RUN = "ictr-20260101T000000Z-00000001"
USED = "SELECT u.purpose, a.purpose FROM cutter_governance.approval_use u JOIN cutter_governance.approval a USING (statement_sha256) ORDER BY u.used_at"


def test_a_signed_revert_is_drafted_imported_and_used(at: At, command: Run) -> None:
    passage = at("waits for SG_2")
    status, drafted = command(passage, "approval", "draft", passage.run_id, "--revert")
    statement = passage.installation.statement(passage.run_id, "REVERT")
    assert (status, drafted["kind"], drafted["statement_path"]) == (3, "REVERT", str(statement))
    said = json.loads(statement.read_bytes())
    assert (said["kind"], said["purpose"], said["n_units"]) == ("SG_1", "revert", UNITS)

    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    assert command(passage, "approval", "import", str(statement))[0] == 0
    assert command(passage, "revert", passage.run_id, "--confirm", passage.run_id)[0] == 0

    assert passage.lifecycles() == ["superseded"] * UNITS
    assert passage.rows(USED) == [("cut", "cut"), ("revert", "revert")]
    assert command(passage, "journal", "verify", passage.run_id)[0] == 0


def test_what_comes_next_is_said_at_each_step_of_a_statement(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """To sign while signatures are missing, to import once none is, and behind the import what `status` says."""
    passage = at("waits for SG_1")
    root, run = str(passage.installation.root), passage.run_id
    statement = passage.installation.statement(run, "SG_1")
    imports = f"cutter-console --root {root} approval import {statement}\n"

    def lines(*words: str) -> str:
        capsys.readouterr()
        main(["--root", root, *words])
        return capsys.readouterr().out

    drafted = lines("approval", "draft", run)
    assert "sign with  " in drafted
    assert f"next: Have the missing signers sign, then: {imports}" in drafted
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    signed = lines("approval", "check", str(statement))
    assert f"next       {imports}" in signed
    assert "sign with" not in signed
    imported = lines("approval", "import", str(statement))
    assert "sign with" not in imported
    (wait,) = passage.backend.status().waiting
    assert f"next       {full_command(wait.next_action, root)}\n" in imported
    assert "arm" in wait.next_action


def test_behind_the_ruling_of_a_revert_the_revert_comes_next(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run waits for SG_2 all the while, and the import led to its draft: the enactment of what was to be taken back."""
    passage = at("waits for SG_2")
    root, run = str(passage.installation.root), passage.run_id
    command(passage, "approval", "draft", run, "--revert")
    statement = passage.installation.statement(run, "REVERT")
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    capsys.readouterr()

    assert main(["--root", root, "approval", "import", str(statement)]) == 0

    imported = capsys.readouterr().out
    assert imported.endswith(f"next       cutter-console --root {root} revert {run} --confirm {run}\n")
    assert imported.count("next  ") == 1


def test_a_statement_that_says_something_else_than_its_run_is_not_to_be_signed(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ended with the signers' commands, and what they would have signed could never be imported."""
    passage = at("waits for SG_1")
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    said = statement.read_bytes()
    statement.write_bytes(said.replace(b'"n_units":%d' % UNITS, b'"n_units":%d' % (UNITS + 1)))
    assert statement.read_bytes() != said
    capsys.readouterr()

    assert main(["--root", str(passage.installation.root), "approval", "check", str(statement)]) == 4

    checked = capsys.readouterr().out
    assert "FAIL          n_units: " in checked
    assert "FAIL          quorum: " in checked
    assert "sign with" not in checked
    assert "next  " not in checked


def test_a_file_beside_the_signatures_keeps_nobody_from_the_import(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever could add a file kept the check from saying that the statement can be imported, which it can."""
    passage = at("waits for SG_1")
    root = str(passage.installation.root)
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    statement.with_name(f"{statement.name}.second.asc").write_text("no signature")
    capsys.readouterr()
    main(["--root", root, "approval", "check", str(statement)])
    checked = capsys.readouterr().out
    assert f"FAIL          signature.{statement.name}.second.asc: " in checked
    assert "sign with" not in checked
    assert checked.endswith(f"next       cutter-console --root {root} approval import {statement}\n")

    assert command(passage, "approval", "import", str(statement))[0] == 0


def test_an_import_stands_where_nothing_is_known_of_what_follows(
    at: At, command: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("waits for SG_1")
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)

    def away(_: BackendService) -> None:
        raise Unmeasured(StopCode.UNREACHABLE, "the database does not answer", "Start it.")

    monkeypatch.setattr(BackendService, "status", away)
    capsys.readouterr()

    assert main(["--root", str(passage.installation.root), "approval", "import", str(statement)]) == 0

    imported = capsys.readouterr().out
    assert imported.startswith(f"SG_1       imported  run {passage.run_id}")
    assert "next  " not in imported
    assert passage.rows("SELECT purpose FROM cutter_governance.approval") == [("cut",)]


@pytest.mark.parametrize("word", ["check", "import"])
def test_a_file_that_is_no_statement_is_not_to_be_drafted_again(at: At, command: Run, word: str) -> None:
    """Each says what the file is; policy.json was answered with the fields that a statement has and it lacks."""
    passage = at("waits for SG_1")
    root = passage.installation.root
    for name, reason in (("nope.json", "nope.json is not there"), ("approvals", "approvals is no file")):
        status, answer = command(passage, "approval", word, name)
        assert (status, stop_of(answer)) == (4, "STOP_APPROVAL_INVALID")
        stop = json.loads(json.dumps(answer["stop"]))
        assert stop["message"].endswith(reason)
        assert stop["next_action"] == f"Look at the name; the statements that there are: ls {root / 'approvals'}"

    status, answer = command(passage, "approval", word, str(passage.installation.policy))
    assert (status, stop_of(answer)) == (4, "STOP_APPROVAL_INVALID")
    stop = json.loads(json.dumps(answer["stop"]))
    assert stop["message"] == "it is no statement: no schema of one is in it"
    assert stop["next_action"].startswith("Name the file that was drafted")


def test_a_signature_that_is_named_and_not_there_stops_the_import(at: At, command: Run, tmp_path: Path) -> None:
    """Also where the quorum is reached without it: whoever named it believed that it counts."""
    passage = at("waits for SG_1")
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    signature, missing = sign_as_demo_sovereign(statement, passage.installation.gnupg_home), tmp_path / "second.asc"

    status, answer = command(passage, "approval", "import", str(statement), str(signature), str(missing))

    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    assert str(missing) in json.dumps(answer["stop"])
    assert passage.rows("SELECT 1 FROM cutter_governance.approval") == []


def test_a_signature_that_lies_elsewhere_is_kept_beside_the_statement_and_arms(
    at: At, command: Run, tmp_path: Path
) -> None:
    """What checks the ruling later reads the files there: imported from a stick, it said that the signer is missing."""
    passage, elsewhere = at("waits for SG_1"), tmp_path / "from-a-stick.asc"
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home).rename(elsewhere)

    imported, _ = command(passage, "approval", "import", str(statement), str(elsewhere))
    elsewhere.unlink()
    checked, _ = command(passage, "approval", "check", str(statement))
    passage.arm()

    assert (imported, checked) == (0, 0)


@pytest.mark.parametrize("own", ["as it was drafted", "gone"])
def test_a_statement_that_was_brought_back_with_its_signature_arms(
    at: At, command: Run, tmp_path: Path, own: str
) -> None:
    """Both on a stick, as the sovereign gives them back: later checks look in the root alone."""
    passage, stick = at("waits for SG_1"), tmp_path / "stick"
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    stick.mkdir()
    brought = stick / statement.name
    brought.write_bytes(statement.read_bytes())
    signature = sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    signature.rename(stick / signature.name)
    if own == "gone":
        statement.unlink()

    imported, _ = command(passage, "approval", "import", str(brought))
    shutil.rmtree(stick)
    checked, _ = command(passage, "approval", "check", str(statement))
    passage.arm()

    assert (imported, checked) == (0, 0)


def test_another_statement_that_lies_in_the_root_is_not_replaced_by_one_from_elsewhere(
    at: At, command: Run, tmp_path: Path
) -> None:
    """It may have been drafted since, and be signed just now."""
    passage = at("waits for SG_1")
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    brought = tmp_path / statement.name
    brought.write_bytes(statement.read_bytes())
    sign_as_demo_sovereign(brought, passage.installation.gnupg_home)
    statement.write_bytes(b"another one")

    imported, _ = command(passage, "approval", "import", str(brought))

    beside = [path.name for path in statement.parent.iterdir() if path.name.startswith(statement.name)]
    assert (imported, statement.read_bytes(), beside) == (0, b"another one", [statement.name])


def test_a_signature_that_is_named_and_does_not_count_is_said(at: At, command: Run, tmp_path: Path) -> None:
    """It lies elsewhere, so that a look at the files beside the statement does not see it."""
    passage, other = at("waits for SG_1"), tmp_path / "second.asc"
    command(passage, "approval", "draft", passage.run_id)
    statement = passage.installation.statement(passage.run_id, "SG_1")
    signature = sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    other.write_text("no signature")

    status, answer = command(passage, "approval", "import", str(statement), str(signature), str(other))

    assert status == 0
    checks = json.loads(json.dumps(answer))["checks"]
    outcomes = {check["name"]: check["outcome"] for check in checks if check["name"].startswith("signature.")}
    assert outcomes == {f"signature.{signature.name}": "PASS", "signature.second.asc": "FAIL"}
    assert answer["signature_paths"] == [str(signature), str(other)]


def test_a_revert_is_not_drafted_where_there_are_no_drafts(at: At, command: Run) -> None:
    for stage in ("waits for SG_1", "enacted"):
        passage = at(stage)
        status, answer = command(passage, "approval", "draft", passage.run_id, "--revert")
        assert (status, stop_of(answer)) == (4, "STOP_EXECUTION_DISABLED")
        assert not passage.installation.statement(passage.run_id, "REVERT").exists()


def test_a_revert_statement_enacts_nothing(at: At, command: Run) -> None:
    passage = at("waits for SG_2")
    command(passage, "approval", "draft", passage.run_id, "--revert")
    statement = passage.installation.statement(passage.run_id, "REVERT")
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    assert command(passage, "approval", "import", str(statement))[0] == 0

    assert command(passage, "enact", passage.run_id, "--confirm", passage.run_id)[0] != 0

    assert passage.lifecycles() == ["draft"] * UNITS


def test_a_file_of_the_root_is_named_as_the_guide_names_it_from_any_folder(
    at: At, command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the working directory comes first."""
    passage = at("waits for SG_1")
    assert command(passage, "approval", "draft", passage.run_id)[0] == 3
    statement = passage.installation.statement(passage.run_id, "SG_1")
    named = str(statement.relative_to(passage.installation.root))
    monkeypatch.chdir(tmp_path)
    status, unsigned = command(passage, "approval", "check", named)
    assert (status, unsigned["statement_path"]) == (4, str(statement))
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    assert command(passage, "approval", "import", named)[0] == 0
    assert command(passage, "plan", "law.md", "--docprefix", "OTHER")[1]["n_units"] == UNITS
    assert command(passage, "plan", "--folder", "intake")[0] == 0
    (tmp_path / "law.md").write_text("# One\n\nAlone.\n")
    assert command(passage, "plan", "law.md", "--docprefix", "OTHER")[1]["n_units"] == 1
    (tmp_path / "approvals").mkdir()
    (tmp_path / named).write_text("{}")
    assert stop_of(command(passage, "approval", "check", named)[1]) == "STOP_APPROVAL_INVALID"


@pytest.mark.parametrize(
    "moment",
    [
        *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "2027-01-01T00:00:00.9Z", "2027-01-01T00:00:00"),
        *("2027-02-30T00:00:00Z", "tomorrow", "2027-01-01T00:00:00+01:00:00.500000"),
    ],
)
def test_a_moment_that_no_statement_can_name_is_refused_as_it_was_typed(at: At, command: Run, moment: str) -> None:
    """One beyond the last year ended in a defect of the program; a fraction of a second was cut off without a word."""
    status, answer = command(at("fresh"), "approval", "draft", RUN, "--in-force-from", moment)
    assert (status, stop_of(answer)) == (2, "STOP_REFUSED_INPUT")
    assert f"--in-force-from {moment}" in str(answer["stop"])
