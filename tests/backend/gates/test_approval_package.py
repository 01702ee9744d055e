"""G7 goes red when nobody could rule, or when what waits for a ruling is not what must be signed."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from console.backend.approvals.bindings import PLACEHOLDERS
from console.backend.approvals.policy import load_policy
from console.backend.gates.approval_package import GATE
from console.backend.model.canonical_json import canonical_json
from console.backend.model.outcome import Outcome
from tests.backend.gates.conftest import is_red, measured, named, unpin
from tests.support.passage import Passage

At = Callable[[str], Passage]
PINNED = "policy in the database"


def _package(passage: Passage) -> str:
    return f"package {passage.run_id}"


def _later(passage: Passage, **by: float) -> Passage:
    then = passage.installation.context.now() + timedelta(**by)
    return passage.with_site(
        replace(passage.installation, context=replace(passage.installation.context, now=lambda: then))
    )


def _policy(passage: Passage, **changes: object) -> None:
    policy = json.loads(passage.installation.policy.read_bytes())
    passage.installation.policy.write_text(json.dumps({**policy, **changes}))


def test_before_the_first_run_the_policy_passes_and_the_step_is_named(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation)

    assert named(report, "policy").outcome is Outcome.PASS
    assert "usable until" in named(report, "policy").detail
    assert is_red(report, "package", Outcome.PARTIAL, action="cutter-console run start FILE")


def test_an_imported_ruling_passes_and_is_named(at: At) -> None:
    passage = at("SG_1 imported")

    report = measured(GATE, passage.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert f"1 valid: SG_1 of {passage.run_id}" in named(report, "statements").detail


def test_a_ruling_that_version_0_2_0_imported_is_not_among_the_valid_ones(at: At) -> None:
    passage = at("SG_1 imported")
    with passage.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER USER")
        connection.execute("UPDATE cutter_governance.approval SET purpose = NULL")

    said = named(measured(GATE, passage.installation), "statements").detail

    assert said.startswith("0 valid; ")
    assert said.endswith(f"1 imported by version 0.2.0, which authorise nothing: SG_1 of {passage.run_id}")


def test_a_valid_ruling_to_revert_says_that_it_is_one(at: At) -> None:
    passage = at("waits for SG_2")
    drafted = passage.backend.draft_statement(passage.run_id, revert=True)
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    passage.backend.import_statement(drafted.statement_path, (signature,))

    said = named(measured(GATE, passage.installation), "statements").detail

    assert said.startswith(f"1 valid: SG_1 of {passage.run_id} to revert; ")


def test_what_has_been_used_is_counted_by_name(at: At) -> None:
    passage = at("enacted")

    said = named(measured(GATE, passage.installation), "statements").detail

    assert f"SG_1 of {passage.run_id} to cut" in said
    assert f"SG_2 of {passage.run_id} to enact" in said


def test_a_package_is_drafted_and_signed_before_it_is_imported(at: At) -> None:
    passage = at("waits for SG_1")
    assert is_red(measured(GATE, passage.installation), _package(passage), Outcome.PARTIAL, action="approval draft")

    drafted = passage.backend.draft_statement(passage.run_id)
    report = measured(GATE, passage.installation)

    assert is_red(report, _package(passage), Outcome.PARTIAL, action=f"approval import {drafted.statement_path}")


def test_a_statement_that_was_changed_is_red(at: At) -> None:
    passage = at("SG_1 imported")
    path = passage.installation.statement(passage.run_id, "SG_1")
    path.write_bytes(path.read_bytes().replace(b'"n_units":3', b'"n_units":4'))

    report = measured(GATE, passage.installation)

    assert is_red(report, _package(passage), action="approval draft")
    assert "n_units" in report.detail


def test_a_signature_that_is_none_is_red(at: At) -> None:
    passage = at("waits for SG_1")
    drafted = passage.backend.draft_statement(passage.run_id)
    drafted.statement_path.with_name(f"{drafted.statement_path.name}.me.asc").write_text("yes")

    assert is_red(measured(GATE, passage.installation), _package(passage))


def test_a_file_that_is_no_signature_beside_enough_good_ones_stops_nothing(at: At) -> None:
    """Whoever can add a file could keep the switch shut by it."""
    passage = at("SG_1 imported")
    statement = passage.installation.statement(passage.run_id, "SG_1")
    statement.with_name(f"{statement.name}.junk.asc").write_text("yes")

    found = {one.name: one.outcome for one in measured(GATE, passage.installation).checks}

    assert found[_package(passage)] is Outcome.PASS
    passage.arm()


def test_an_expired_statement_is_drafted_again(at: At) -> None:
    passage = _later(at("SG_1 imported"), hours=25)

    report = measured(GATE, passage.installation)

    assert is_red(report, _package(passage), action=f"cutter-console approval draft {passage.run_id}")
    assert "expired unused: SG_1" in named(report, "statements").detail


def test_a_policy_that_changed_after_the_draft_is_red(at: At) -> None:
    passage = at("SG_1 imported")
    _policy(passage, first_run_max_units=9)

    report = measured(GATE, passage.installation)

    assert is_red(report, _package(passage))
    assert "policy_sha256" in named(report, _package(passage)).detail
    assert is_red(report, PINNED, action=f"policy pin --confirm {load_policy(passage.installation.policy).sha256}")


@pytest.mark.parametrize("changes", [{"signers": []}, {"thresholds": {"SG_1": 2, "SG_2": 1}}, {"solo": "maybe"}])
def test_a_policy_that_nobody_can_satisfy_is_red_before_it_is_needed(
    fresh: Passage, changes: dict[str, object]
) -> None:
    _policy(fresh, **changes)

    assert is_red(measured(GATE, fresh.installation), "policy", action="sovereign")


def test_a_missing_policy_is_red(fresh: Passage) -> None:
    fresh.installation.policy.unlink()

    report = measured(GATE, fresh.installation)

    assert is_red(report, "policy", action="Write the policy")
    assert is_red(report, PINNED, action="Write the policy")


def test_the_policy_that_the_database_believes_is_named_by_its_digest(fresh: Passage) -> None:
    pinned = named(measured(GATE, fresh.installation), PINNED)

    assert pinned.outcome is Outcome.PASS
    assert load_policy(fresh.installation.policy).sha256 in pinned.detail


def test_a_database_that_believes_nobody_is_red_with_the_command_that_pins(fresh: Passage) -> None:
    unpin(fresh)

    report = measured(GATE, fresh.installation)

    digest = load_policy(fresh.installation.policy).sha256
    assert is_red(report, PINNED, action=f"cutter-console policy pin --confirm {digest}")
    assert "no policy is pinned" in named(report, PINNED).detail
    assert named(report, "policy").outcome is Outcome.PASS


def test_a_database_that_believes_another_policy_is_red_and_names_both(fresh: Passage) -> None:
    before = load_policy(fresh.installation.policy).sha256
    _policy(fresh, first_run_max_units=9)
    fresh.installation.policy.write_bytes(canonical_json(load_policy(fresh.installation.policy)))
    after = load_policy(fresh.installation.policy).sha256

    report = measured(GATE, fresh.installation)

    assert is_red(report, PINNED, action=f"cutter-console policy pin --confirm {after}")
    assert before in named(report, PINNED).detail
    assert after in named(report, PINNED).detail
    assert before != after


def test_a_pinned_policy_that_may_not_be_read_is_inconclusive(fresh: Passage) -> None:
    fresh.execute("REVOKE SELECT ON cutter_governance.v_policy_pin FROM cutter_ro")

    assert is_red(measured(GATE, fresh.installation), PINNED, Outcome.INCONCLUSIVE, action="drift")


def test_an_expired_a_missing_and_a_revoked_key_are_red(fresh: Passage, gnupg_home: Path) -> None:
    assert is_red(measured(GATE, _later(fresh, days=40).installation), "policy")

    elsewhere = fresh.settings(gnupg_home=str(gnupg_home))
    assert is_red(measured(GATE, elsewhere.installation), "policy")

    _import_revoked(fresh, gnupg_home)
    report = measured(GATE, elsewhere.installation)
    assert is_red(report, "policy")
    assert "revoked" in report.detail


def _import_revoked(passage: Passage, home: Path) -> None:
    fingerprint = json.loads(passage.installation.policy.read_bytes())["signers"][0]["fingerprint"]
    gpg = ["gpg", "--batch", "--quiet", "--homedir"]
    public = subprocess.run(
        [*gpg, str(passage.installation.gnupg_home), "--export", fingerprint], capture_output=True, check=True
    ).stdout
    kept = (passage.installation.gnupg_home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
    revocation = kept.replace(":-----BEGIN", "-----BEGIN").encode()
    for data in (public, revocation):
        subprocess.run([*gpg, str(home), "--import"], input=data, check=True, capture_output=True)


def test_a_second_signer_whose_key_is_missing_is_named_while_the_others_suffice(fresh: Passage) -> None:
    policy = json.loads(fresh.installation.policy.read_bytes())
    _policy(fresh, signers=[*policy["signers"], {"name": "second", "fingerprint": "B" * 40}])

    report = measured(GATE, fresh.installation)

    assert is_red(report, "policy", Outcome.PARTIAL, action="--import")
    assert "second" in named(report, "policy").detail


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_is_refused_by_name(fresh: Passage, placeholder: str) -> None:
    """Placeholder approval ids lay about in packages; they stand for no approval."""
    (fresh.installation.root / "approvals" / "note.txt").write_text(f"see {placeholder.upper()}")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "no placeholder", action="approvals/")
    assert placeholder in report.detail


def test_a_database_that_cannot_be_read_is_inconclusive_and_nothing_is_assumed(at: At) -> None:
    passage = at("SG_1 imported")
    passage.execute("REVOKE SELECT ON cutter_governance.v_approval FROM cutter_ro")

    report = measured(GATE, passage.installation)

    assert is_red(report, "statements", Outcome.INCONCLUSIVE, action="drift")
    assert is_red(report, "package", Outcome.INCONCLUSIVE)


def test_a_key_ring_that_is_not_there_is_inconclusive(fresh: Passage, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "none", ignore_errors=True)

    report = measured(GATE, fresh.settings(gnupg_home=str(tmp_path / "none")).installation)

    assert is_red(report, "policy", Outcome.INCONCLUSIVE, action="GNUPGHOME")


def test_a_monitoring_console_does_not_judge_the_second_ruling(at: At) -> None:
    passage = at("SG_2 imported")

    assert is_red(
        measured(GATE, passage.installation, read_only=True), "package", Outcome.INCONCLUSIVE, action="--read-only"
    )
