"""G6 excludes a document by the criterion that it breaks, one at a time, and names the next step."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from console.backend.approvals.policy import load_policy
from console.backend.gates.safe_target import GATE
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import GateReport
from console.backend.model.view_models import RunRequest
from tests.backend.gates.conftest import is_red, measured, named
from tests.backend.runs.test_repeals import at_second_pause
from tests.support.passage import DOCPREFIX, UNITS, Kept, Passage, silent

At = Callable[[str], Passage]
BIG = "# Big\n\nText.\n" + "".join(f"\n## Part {n}\n\nText {n}.\n" for n in range(9))


@pytest.fixture
def waits(at: At) -> Passage:
    """A document of three units is pinned and walked dry; nothing has been cut."""
    return at("waits for SG_1")


def _candidate(report: GateReport, docprefix: str = DOCPREFIX) -> Check:
    (found,) = [check for check in report.checks if check.name.startswith(f"candidate {docprefix} ")]
    return found


def _excluded_by(passage: Passage, *names: str, docprefix: str = DOCPREFIX) -> Check:
    """The candidate is named with these criteria, and there is no other one."""
    report = measured(GATE, passage.installation)
    check = _candidate(report, docprefix)
    assert f"no target, by {', '.join(names)}." in check.detail, check.detail
    assert is_red(report, "a safe target", Outcome.PARTIAL, action="cutter-console run start")
    return named(report, "a safe target")


def test_a_small_pinned_uncut_document_that_was_walked_dry_is_safe(waits: Passage) -> None:
    report = measured(GATE, waits.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert [_candidate(report).detail.count(f"C{n} PASS") for n in range(1, 8)] == [1] * 7


def test_without_any_document_the_first_step_is_named(fresh: Passage) -> None:
    assert is_red(
        measured(GATE, fresh.installation), "a safe target", Outcome.PARTIAL, action="run start FILE --docprefix P"
    )


def test_a_document_that_was_walked_dry_is_a_candidate_before_it_is_registered(fresh: Passage) -> None:
    fresh.backend.start(RunRequest(origin="file:law.md", docprefix=DOCPREFIX), silent)

    assert measured(GATE, fresh.installation).outcome is Outcome.PASS


def test_c1_a_reserved_document_is_no_target_unless_an_approval_names_it(at: At) -> None:
    waits = at("waits for SG_1")
    for name in ("request.json", "plan-facts.json"):
        for file in (waits.installation.root / "runs").glob(f"*/{name}"):
            file.write_text(file.read_text().replace(DOCPREFIX, "DIEU-LAW"))

    check = _candidate(measured(GATE, waits.installation), "DIEU-LAW")

    assert "no target, by C1." in check.detail


def test_c1_an_approval_names_a_document_only_where_it_is_one_to_cut_it(at: At) -> None:
    passage = at("SG_1 imported")
    assert "not reserved; an approval names it" in _candidate(measured(GATE, passage.installation)).detail

    for purpose in ("'revert'", "NULL"):
        with passage.connect() as connection:
            connection.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER USER")
            connection.execute(f"UPDATE cutter_governance.approval SET purpose = {purpose}".encode())
        assert "an approval names it" not in _candidate(measured(GATE, passage.installation)).detail


def test_c2_a_snapshot_that_was_altered_is_red(waits: Passage) -> None:
    for source in (waits.installation.root / "runs").glob("*/source.raw"):
        source.write_bytes(source.read_bytes() + b"\nOne more line.\n")

    report = measured(GATE, waits.installation)

    assert is_red(report, _candidate(report).name, action="auditor")
    assert "C2 FAIL" in _candidate(report).detail


def test_c3_without_a_green_dry_run_the_exact_command_is_named(waits: Passage) -> None:
    for record in (waits.installation.root / "runs").glob("*/*-closeout.json"):
        record.write_text(json.dumps({**json.loads(record.read_text()), "outcome": "FAIL"}))

    check = _excluded_by(waits, "C3")

    assert f"cutter-console run start {waits.installation.intake}/law.md --docprefix {DOCPREFIX}" in check.next_action


def test_c3_a_dry_run_on_another_database_does_not_count(waits: Passage) -> None:
    for facts in (waits.installation.root / "runs").glob("*/plan-facts.json"):
        facts.write_text(facts.read_text().replace('"timeline":1', '"timeline":2'))

    _excluded_by(waits, "C3")


def test_c4_a_first_run_is_small_unless_the_policy_says_more(fresh: Passage) -> None:
    fresh.backend.start(RunRequest(origin=fresh.write("big.md", BIG), docprefix="BIG-LAW"), silent)
    _excluded_by(fresh, "C4", docprefix="BIG-LAW")

    policy = json.loads(fresh.installation.policy.read_bytes())
    fresh.installation.policy.write_text(json.dumps({**policy, "first_run_max_units": 20}))

    assert measured(GATE, fresh.installation).outcome is Outcome.PASS


def test_c4_a_later_run_may_be_large(at: At) -> None:
    enacted = at("enacted")
    enacted.backend.start(RunRequest(origin=enacted.write("big.md", BIG), docprefix="BIG-LAW"), silent)

    report = measured(GATE, enacted.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert "safe" in _candidate(report, "BIG-LAW").detail


def test_c5_a_document_that_an_alias_points_into_is_no_target(waits: Passage) -> None:
    waits.execute(
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('old', 'ACME-LAW/ONE')"
    )

    _excluded_by(waits, "C5")


def test_c6_and_c7_a_document_that_is_draft_or_law_is_no_target_again(at: At) -> None:
    _excluded_by(at("waits for SG_2"), "C5", "C7")
    _excluded_by(at("enacted"), "C5", "C6", "C7")


def test_c6_a_law_whose_repeal_begins_later_is_law_until_then(at: At, kept: Kept) -> None:
    passage = at_second_pause(at, kept)
    passage.sign(in_force_from=datetime(2100, 1, 1, tzinfo=UTC))
    passage.enact()
    assert set(passage.lifecycles()) == {"superseded"}
    _excluded_by(passage, "C5", "C6", "C7")
    assert f"C6 FAIL: {UNITS} units enacted" in str(_candidate(measured(GATE, passage.installation), DOCPREFIX).detail)


def test_a_policy_that_is_silent_keeps_the_digest_it_was_signed_with(fresh: Passage) -> None:
    """The field for the size of a first run came later; statements are bound to the policy's digest."""
    silent_policy = load_policy(fresh.installation.policy)
    assert b"first_run_max_units" not in silent_policy.model_dump_json(by_alias=True).encode()
    assert silent_policy.model_copy(update={"first_run_max_units": 5}).sha256 != silent_policy.sha256


def test_a_registry_that_cannot_be_read_is_inconclusive(waits: Passage) -> None:
    waits.execute("REVOKE SELECT ON cutter_governance.source_document_registry FROM cutter_verify")

    assert is_red(measured(GATE, waits.installation), "a safe target", Outcome.INCONCLUSIVE, action="drift")


def test_a_monitoring_console_cannot_read_the_registry_and_says_so(waits: Passage) -> None:
    report = measured(GATE, waits.installation, read_only=True)

    assert is_red(report, "a safe target", Outcome.INCONCLUSIVE, action="--read-only")


def test_a_run_whose_request_is_damaged_is_no_candidate_and_hides_no_other(waits: Passage) -> None:
    before = named_candidates(measured(GATE, waits.installation))
    damaged = waits.installation.root / "runs" / "ictr-20260301T000000Z-0123abcd"
    damaged.mkdir()
    (damaged / "request.json").write_bytes(b"{")
    assert named_candidates(measured(GATE, waits.installation)) == before != []


def named_candidates(report: GateReport) -> list[str]:
    """The names of the candidates and what came of each."""
    return [f"{check.name}: {check.outcome}" for check in report.checks if check.name.startswith("candidate")]
