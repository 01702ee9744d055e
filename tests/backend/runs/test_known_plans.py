"""A run takes its first pass from a run that has planned the same bytes twice, and from no other; the second is always made."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.documents.limits import Limits
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Family, Mode, Stage
from console.backend.runs import known_plans, lifecycle
from console.backend.runs.engine import Engine
from console.backend.runs.known_plans import known_plan, planner
from console.backend.runs.workspace import Workspace
from tests.support.passage import REQUEST, TEXT, Passage, silent

At = Callable[[str], Passage]
DRY = REQUEST.model_copy(update={"mode": Mode.DRYRUN})
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
    passage = at("fresh")
    dry = _dry_run(passage)
    live = passage.backend.start(REQUEST, silent).run_id
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
    runs = [_dry_run(passage), _dry_run(passage)]
    for older, newer in (runs, runs[::-1]):
        os.utime(older.directory / "request.json", ns=(1, 1))
        os.utime(newer.directory / "request.json", ns=(2, 2))
        known = known_plan(passage.installation.root, newer.request(), BYTES)
        assert known is not None
        assert known[0] == newer.run_id


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
