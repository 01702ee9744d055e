"""Dry runs as evidence: what makes one prove nothing, which are compared, and the exact command of another one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.gates.dry_runs import DryRun, by_another_profile, measure_dry_runs, start_command
from console.backend.model.amendment import Moved
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Mode, Phase
from console.backend.runs.run_state import VOIDED
from console.backend.runs.workspace import PlanFacts, Workspace, record_name
from tests.support.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]


@pytest.fixture
def dry(at: At) -> Passage:
    """A site with one green dry run."""
    passage = at("fresh")
    run = passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    return replace(passage, run_id=run.run_id)


def _workspace(dry: Passage) -> Workspace:
    return Workspace(dry.installation.root / "runs" / dry.run_id)


def _only(dry: Passage) -> DryRun:
    (run,) = measure_dry_runs(dry.installation)
    return run


def _void(directory: Path) -> str:
    (directory / VOIDED).write_text("{}")
    return "it was voided"


def _lose_a_phase(directory: Path) -> str:
    (directory / record_name(Phase.MARK)).unlink()
    return "mark is missing"


def _damage_a_phase(directory: Path) -> str:
    (directory / record_name(Phase.MARK)).write_text("{")
    return "mark"


def _change_the_plan(directory: Path) -> str:
    with (directory / "plan.json").open("ab") as stream:
        stream.write(b"\n")
    return "its plan is not the one that was made"


def _break_the_journal(directory: Path) -> str:
    journal = directory / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([*lines[:2], *lines[3:]]))
    return "record"


def test_a_whole_dry_run_proves_its_content(dry: Passage) -> None:
    run = _only(dry)
    assert (run.run_id, run.problem) == (dry.run_id, "")
    assert measure_dry_runs(dry.installation, run.docprefix, run.content_digest) == (run,)
    assert measure_dry_runs(dry.installation, "OTHER") == ()
    assert measure_dry_runs(dry.installation, content_digest="0" * 64) == ()


@pytest.mark.parametrize("breaks", [_void, _lose_a_phase, _damage_a_phase, _change_the_plan, _break_the_journal])
def test_a_dry_run_that_is_not_whole_says_why_it_proves_nothing(dry: Passage, breaks: Callable[[Path], str]) -> None:
    said = breaks(_workspace(dry).directory)
    assert said in _only(dry).problem


def test_a_dry_run_whose_request_cannot_be_read_is_no_evidence(dry: Passage) -> None:
    (_workspace(dry).directory / "request.json").write_text("{")
    assert measure_dry_runs(dry.installation) == ()


def test_the_command_of_another_dry_run_has_all_that_this_one_was_started_with(dry: Passage) -> None:
    """Each option of it, so that what is typed gives the same content."""
    workspace, row = _workspace(dry), dry.run()
    request = workspace.request()
    law = dry.installation.intake / "law.md"

    def command(operation: RunOperation = RunOperation.CUT, origin: str = "file:law.md", **fields: object) -> str:
        changed = request.model_copy(update={**fields, "operation": operation})
        (workspace.directory / "request.json").write_text(changed.model_dump_json())
        of_row = _Row(operation, row.docprefix, origin, request.profile)
        return start_command(dry.installation, of_row, workspace)  # type: ignore[arg-type]

    plain = f"cutter-console run start {law} --docprefix {row.docprefix} --profile atx"
    assert command() == plain
    assert command(ordinals=True) == f"{plain} --ordinals"
    assert command(accept_sha256="1" * 64) == f"{plain} --accept {workspace.directory}/accept.toml"
    assert command(origin="db:law").startswith("cutter-console run start db:law ")
    moved = (Moved(old="ACME-LAW/ARTICLE-1", new="ACME-LAW/ARTICLE-2"),)
    amended = command(RunOperation.AMEND, moved=moved)
    assert amended == f"{plain} --amend --moved ACME-LAW/ARTICLE-1=ACME-LAW/ARTICLE-2"
    assert command(RunOperation.REPEAL) == f"cutter-console document repeal {row.docprefix}"


class _Row:
    """The columns of a run that the command is made of."""

    def __init__(self, operation: RunOperation, docprefix: str, origin: str, profile: str) -> None:
        self.operation, self.docprefix, self.origin, self.profile = operation, docprefix, origin, profile


@pytest.mark.parametrize(
    ("own", "theirs", "said"),
    [
        ("", "", ""),
        ("2" * 64, "2" * 64, ""),
        ("2" * 64, "3" * 64, "3" * 64),
        ("2" * 64, "", "none: it is shipped"),
    ],
    ids=["both are shipped", "the same", "another one", "it was a shipped one"],
)
def test_a_dry_run_of_the_same_bytes_by_another_profile_is_named(
    dry: Passage, own: str, theirs: str, said: str
) -> None:
    run = _only(dry).model_copy(update={"profile_sha256": theirs})
    facts = _workspace(dry).plan_facts()
    assert isinstance(facts, PlanFacts)
    named = by_another_profile((run,), facts.model_copy(update={"profile_sha256": own}))
    assert (said in named) if said else named == ""
