"""batch plan|start|list|status|resume|report, and arm, enact and approval over a batch."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.cli.main import main
from console.demo.keys import sign_as_demo_sovereign
from tests.cli.conftest import Run, stop_of
from tests.support.batch import UNITS, text_of
from tests.support.passage import Passage

At = Callable[[str], Passage]
pytestmark = pytest.mark.usefixtures("plans_here")


def _folder(passage: Passage, *numbers: int) -> Path:
    folder = passage.installation.root.parent / "laws"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for number in numbers:
        (folder / f"law-{number}.md").write_text(text_of(number), encoding="utf-8")
    return folder


def test_the_intake_folder_is_named_as_plan_takes_it(at: At, command: Run) -> None:
    passage = at("fresh")
    assert command(passage, "plan", "--folder", "intake")[0] == 0
    status, planned = command(passage, "batch", "plan", "intake")
    assert (status, planned["n_refused"]) == (0, 0)


def _members(answer: dict[str, object]) -> list[dict[str, object]]:
    members = answer["members"]
    assert isinstance(members, list)
    return members


def test_a_batch_from_a_folder_to_law_by_commands_alone(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each answer names the batch and the moves; each wait has exit status 3."""
    passage = at("fresh")
    folder = _folder(passage, 1, 2)
    status, planned = command(passage, "batch", "plan", str(folder))
    assert (status, planned["n_planned"], planned["n_units"]) == (0, 2, 2 * UNITS)
    assert command(passage, "batch", "start", str(folder))[0] == 0
    status, started = command(passage, "batch", "start", str(folder), "--live")
    batch_id = str(started["batch_id"])
    assert (status, started["moves"]) == (3, ["draft SG_1", "report"])

    root = passage.installation.root
    assert main(["--root", str(root), "batch", "status", batch_id]) == 0
    assert f"next       cutter-console --root {root} approval draft {batch_id}\n" in capsys.readouterr().out

    _signed(passage, command, batch_id, "SG_1")
    assert command(passage, "arm", batch_id, "--confirm", batch_id)[0] == 0
    status, cut = command(passage, "batch", "resume", batch_id)
    assert (status, cut["moves"]) == (3, ["draft SG_2", "report"])
    _signed(passage, command, batch_id, "SG_2")
    status, law = command(passage, "enact", batch_id, "--confirm", batch_id)
    assert (status, law["outcome"], law["phase"]) == (0, "PASS", "law")
    assert [member["stage"] for member in _members(law)] == ["closeout_reported"] * 2
    assert passage.lifecycles() == ["enacted"] * 2 * UNITS

    status, report = command(passage, "batch", "report", batch_id)
    assert (status, report["unchanged"], report["documents"]) == (0, True, ["batch.md", "batch.json"])
    status, listed = command(passage, "batch", "list")
    batches = listed["batches"]
    assert isinstance(batches, list)
    assert [batch["mode"] for batch in batches] == ["LIVE", "DRYRUN"]
    assert command(passage, "batch", "status", batch_id)[1]["digest"] == law["digest"]


def test_behind_an_import_stands_what_the_batch_waits_for(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    started = command(passage, "batch", "start", str(_folder(passage, 1, 2)), "--live")[1]
    batch_id = str(started["batch_id"])
    drafted = command(passage, "approval", "draft", batch_id)[1]
    statement = Path(str(drafted["statement_path"]))
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    capsys.readouterr()
    main(["--root", str(passage.installation.root), "approval", "import", str(statement)])
    next_step = f"next       cutter-console --root {passage.installation.root} arm {batch_id} --confirm {batch_id}"
    assert next_step in capsys.readouterr().out


def _signed(passage: Passage, command: Run, batch_id: str, kind: str) -> None:
    status, drafted = command(passage, "approval", "draft", batch_id)
    statement = Path(str(drafted["statement_path"]))
    assert (status, drafted["kind"], statement.name) == (3, kind, f"{batch_id}.{kind}.json")
    sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
    assert command(passage, "approval", "check", str(statement))[0] == 0
    assert command(passage, "approval", "import", str(statement))[0] == 0
    assert command(passage, "approval", "import", str(statement))[1]["status"] == "imported"


def test_a_batch_with_a_document_that_cannot_be_planned_begins_only_without_it(at: At, command: Run) -> None:
    passage = at("fresh")
    folder = _folder(passage, 1)
    (folder / "bad.md").write_text("# A\n\nx\n\n# A\n\ny\n", encoding="utf-8")
    status, planned = command(passage, "batch", "plan", str(folder))
    assert (status, planned["n_refused"]) == (4, 1)
    status, answer = command(passage, "batch", "start", str(folder), "--live")
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    assert command(passage, "batch", "list")[1]["batches"] == []
    status, started = command(passage, "batch", "start", str(folder), "--live", "--on-failure", "set-aside")
    assert (status, [member["docprefix"] for member in _members(started)]) == (3, ["LAW-1"])


def test_what_is_no_batch_is_refused_by_name(at: At, command: Run) -> None:
    passage = at("fresh")
    for words in (("status",), ("resume",), ("report",)):
        status, answer = command(passage, "batch", *words, "ictb-20260101T000000Z-00000001")
        assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    status, answer = command(passage, "batch", "status", "../runs")
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")


def test_a_batch_is_ruled_on_to_cut_and_to_enact_alone(at: At, command: Run) -> None:
    passage = at("fresh")
    status, started = command(passage, "batch", "start", str(_folder(passage, 1)), "--live")
    assert status == 3
    batch_id = str(started["batch_id"])
    for more in (("--revert",), ("--in-force-from", "2099-01-01T00:00:00Z")):
        status, answer = command(passage, "approval", "draft", batch_id, *more)
        assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
