"""A run takes its first pass from a run that has planned the same bytes twice, and from no other; the second is always made."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from console.backend.documents.limits import Limits
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Family, Mode, Stage
from console.backend.runs import known_plans, lifecycle
from console.backend.runs.engine import Engine
from console.backend.runs.known_plans import known_plan, planner
from console.backend.runs.workspace import RunRequestFile, Workspace, newest_first
from tests.support.fake_gates import NOW
from tests.support.passage import DOCPREFIX, REQUEST, TEXT, Passage, silent

At = Callable[[str], Passage]
DRY = REQUEST.model_copy(update={"mode": Mode.DRYRUN})
ASKED = RunRequestFile(
    run_id="",
    mode=Mode.DRYRUN,
    origin="file:law.md",
    docprefix=DOCPREFIX,
    profile="atx",
    ordinals=False,
    operator="anna",
    host="db01",
    started_at=NOW,
)
BYTES = sha256_hex(TEXT.encode())
OTHERWISE: dict[str, dict[str, object]] = {
    "another program": {"planner": "0" * 64},
    "a program that is not known": {"planner": ""},
    "another operation": {"operation": RunOperation.AMEND},
    "another file": {"origin": "file:other.md"},
    "another prefix": {"docprefix": "OTHER-LAW"},
    "another profile": {"profile": "vi-law"},
    "an own profile of that name": {"profile_sha256": "0" * 64},
    "other numbers": {"ordinals": True},
    "other acceptances": {"accept_sha256": "0" * 64},
}


def _journal(passage: Passage, run_id: str) -> str:
    return Workspace.open(passage.installation.root, run_id).journal.read_text()


def _dry_run(passage: Passage) -> Workspace:
    return Workspace.open(passage.installation.root, passage.backend.start(DRY, silent).run_id)


def test_a_live_start_takes_the_plan_of_its_dry_run_and_says_so(at: At) -> None:
    passage = at("waits for SG_1")
    live = passage.run_id
    (dry_id,) = {run.run_id for run in passage.backend.runs()} - {live}
    dry = Workspace.open(passage.installation.root, dry_id)
    assert f'{{"key":"first_pass_of","value":"{dry.run_id}"}}' in _journal(passage, live)
    assert "first_pass_of" not in _journal(passage, dry.run_id)
    assert Workspace.open(passage.installation.root, live).marked() == dry.marked()


def test_a_plan_is_known_for_the_same_request_bytes_and_program_alone(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("fresh")
    dry = _dry_run(passage)
    root, request = passage.installation.root, dry.request()
    assert known_plan(root, request, BYTES) == (dry.run_id, dry.marked())
    assert known_plan(root, request, sha256_hex(b"other bytes")) is None
    for name, change in OTHERWISE.items():
        assert known_plan(root, request.model_copy(update=change), BYTES) is None, name

    same = planner(passage.installation)
    assert request.planner == same
    with monkeypatch.context() as patch:
        patch.setattr(known_plans, "__version__", "0.0.1")
        assert planner(passage.installation) != same
    with monkeypatch.context() as patch:
        patch.setattr(known_plans, "limits_of", lambda _: Limits(max_units=7))
        assert planner(passage.installation) != same
    with monkeypatch.context() as patch:
        patch.setattr(known_plans, "_code", lambda: "other code")
        assert planner(passage.installation) != same


def test_the_code_that_plans_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []
    for name in ("documents", "model"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        folders.append(folder)
        monkeypatch.setattr(getattr(known_plans, name), "__file__", str(folder / "__init__.py"))
    digests = {known_plans._code.__wrapped__()}
    for folder in folders:
        (folder / "rules.toml").write_text("a = 1")
        digests.add(known_plans._code.__wrapped__())
    (folders[0] / "rules.toml").write_text("a = 2")
    digests.add(known_plans._code.__wrapped__())
    assert len(digests) == 4


def test_a_plan_that_no_second_pass_has_confirmed_is_not_taken(at: At) -> None:
    passage = at("fresh")
    dry = _dry_run(passage)
    request = dry.request()
    (record,) = dry.directory.glob("03-*.json")
    whole = record.read_bytes()
    record.write_bytes(whole.replace(b'"outcome":"PASS"', b'"outcome":"FAIL"'))
    assert known_plan(passage.installation.root, request, BYTES) is None
    record.unlink()
    assert known_plan(passage.installation.root, request, BYTES) is None
    record.write_bytes(whole)
    facts, others = dry.directory / "plan-facts.json", sha256_hex(b"other bytes")
    true_facts = facts.read_bytes()
    facts.write_bytes(true_facts.replace(BYTES.encode(), others.encode()))
    assert known_plan(passage.installation.root, request, others) is None
    facts.write_bytes(true_facts)
    marked = dry.directory / "marked.json"
    marked.write_bytes(marked.read_bytes().replace(b'"title":"Alpha"', b'"title":"Omega"'))
    assert known_plan(passage.installation.root, request, BYTES) is None


def test_the_newest_of_equal_plans_is_taken_whatever_the_runs_are_called(at: At) -> None:
    passage = at("fresh")
    first = _dry_run(passage)
    request = first.request()
    for drawn, later in (("00000000", 1), ("ffffffff", 2)):
        newer = first.directory.with_name(f"{request.run_id[:-8]}{drawn}")
        shutil.copytree(first.directory, newer)
        started_at = request.started_at + timedelta(milliseconds=later)
        changed = request.model_copy(update={"run_id": newer.name, "started_at": started_at})
        (newer / "request.json").write_bytes(canonical_json(changed))
        # The file of the older run is the newer one, as after a bundle was accepted here.
        os.utime(newer / "request.json", ns=(later, later))
        known = known_plan(passage.installation.root, request, BYTES)
        assert known is not None
        assert known[0] == newer.name


def test_of_runs_of_one_second_the_one_that_was_asked_for_later_is_the_newest(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    second = "ictr-20260301T133000Z"
    ids = [f"{second}-{drawn}" for drawn in ("ffffffff", "00000000", "77777777")]
    ids = ["ictr-20260301T132959Z-99999999", *ids, "ictr-20260301T133001Z-11111111"]
    # The last one first: by the times of the files it would be the oldest.
    for place, run_id in reversed(list(enumerate(ids))):
        started_at = NOW + timedelta(milliseconds=place)
        Workspace.create(tmp_path, ASKED.model_copy(update={"run_id": run_id, "started_at": started_at}))
    for damaged in (f"{second}-aaaaaaaa", "ictb-20260301T133002Z-00000000", ".half-made"):
        (runs / damaged).mkdir()

    newest, *others, oldest = (directory.name for directory in newest_first(tmp_path))

    assert (newest, oldest) == (ids[-1], ids[0])
    assert others == [*ids[3:0:-1], f"{second}-aaaaaaaa"]


def test_a_request_is_read_only_where_ids_are_of_one_second_and_somebody_asks_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thousands of runs, twenty are looked at."""
    for place, second in enumerate(("133000", "133000", "133001", "133002", "133002")):
        run_id = f"ictr-20260301T{second}Z-{place:08x}"
        (tmp_path / "runs").mkdir(exist_ok=True)
        Workspace.create(tmp_path, ASKED.model_copy(update={"run_id": run_id}))
    read = list[str]()
    of_workspace = Workspace.request

    def request(workspace: Workspace) -> RunRequestFile:
        read.append(workspace.directory.name)
        return of_workspace(workspace)

    monkeypatch.setattr(Workspace, "request", request)
    assert len(list(islice(newest_first(tmp_path), 3))) == 3
    assert [name[14:20] for name in read] == ["133002", "133002"]


def test_a_forged_plan_of_an_earlier_run_is_met_by_the_second_pass(at: At) -> None:
    """Forged whole, with its digest where it is looked for: the run's own pass over the bytes gives another one."""
    passage = at("fresh")
    dry = _dry_run(passage)
    marked, facts = dry.directory / "marked.json", dry.directory / "plan-facts.json"
    forged = marked.read_bytes().replace(b'"title":"Alpha"', b'"title":"Omega"')
    marked.write_bytes(forged)
    facts.write_text(json.dumps(json.loads(facts.read_bytes()) | {"content_digest": sha256_hex(forged)}))

    created = lifecycle.create_run(passage.installation, REQUEST)
    assert created.planned is not None
    assert created.planned.content_digest == sha256_hex(forged)
    engine = Engine(passage.installation, created.run_id, silent, planned=created.planned)
    with pytest.raises(Refused, match="two passes, one digest"):
        engine.walk()
    view = passage.backend.run(created.run_id)
    assert (view.state.stage, view.state.family) == (Stage.MARKED, Family.FAILED)
    # The way out: a dry run plans its text twice itself, and is the newest then.
    again = passage.backend.start(DRY, silent)
    assert "first_pass_of" not in _journal(passage, again.run_id)
    found = known_plan(passage.installation.root, dry.request(), BYTES)
    assert found is not None
    assert found[0] == again.run_id
