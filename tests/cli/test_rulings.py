"""approval draft --revert: a ruling that names exactly the drafts that are taken back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
