"""The policy: read with places named, and red before it is needed when nobody can satisfy it."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from console.backend.approvals.check import raise_if_invalid
from console.backend.approvals.keyring import Keyring, measure_keyring
from console.backend.approvals.policy import Policy, Thresholds, check_policy, load_policy, require_satisfiable
from console.backend.approvals.statement import statement_bytes
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from tests.backend.approvals.conftest import NOW, SIGNED, Desk, Keys, policy_of


def _failed(policy: Policy, keys: Keys, now: datetime = SIGNED) -> set[str]:
    checks = check_policy(policy, measure_keyring(keys.home, now), now)
    return {check.name for check in checks if check.outcome is Outcome.FAIL}


@pytest.mark.parametrize(
    ("data", "words"),
    [(b" " * 1_100_000, "is larger than"), (b"{\n\xff}", "line 2: not UTF-8")],
    ids=["long", "no text"],
)
def test_a_file_that_is_no_policy_is_named_with_its_line(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "policy.json").write_bytes(data)
    with pytest.raises(Refused, match=words):
        load_policy(tmp_path / "policy.json")


def test_a_key_from_the_future_cannot_sign_yet(keys: Keys) -> None:
    """A clock that is wrong is named, and not taken for a key that is missing."""
    before = SIGNED - timedelta(days=3650)
    checks = check_policy(policy_of(keys, "alice"), measure_keyring(keys.home, before), before)
    assert "is from the future" in next(check.detail for check in checks if check.name == "policy.key.alice")


def test_a_policy_that_can_be_satisfied_is_green_and_says_until_when(keys: Keys) -> None:
    checks = check_policy(policy_of(keys, "alice", "bob"), measure_keyring(keys.home, SIGNED), SIGNED)
    require_satisfiable(checks)
    alice = next(check for check in checks if check.name == "policy.key.alice")
    assert alice.detail == f"alice: key {keys['alice']} usable until 2027-03-01 09:00 UTC"


def test_an_empty_policy_approves_nothing(desk: Desk) -> None:
    """Nobody has the role must not mean approved."""
    policy = policy_of(desk.keys)
    assert {"policy.signers", "policy.satisfiable.SG_1", "policy.satisfiable.SG_2"} == _failed(policy, desk.keys)
    data = statement_bytes(desk.draft(policy))
    for signatures in ((), (desk.sign(data, "alice"),)):
        check = desk.check(data, *signatures, policy=policy)
        assert check.signed_by == ()
        with pytest.raises(Refused) as refused:
            raise_if_invalid(check)
        assert refused.value.code is StopCode.POLICY_UNSATISFIABLE


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_threshold_below_one_refuses(desk: Desk, threshold: int) -> None:
    """No number of missing signatures is enough."""
    policy = policy_of(desk.keys, "alice", threshold=threshold)
    check = desk.check(statement_bytes(desk.draft(policy)), policy=policy)
    assert {"policy.satisfiable.SG_1", "quorum"} <= {one.name for one in check.failed}


@pytest.mark.parametrize(
    ("names", "red"),
    [
        (("alice",), set()),
        (("alice", "old"), {"policy.key.old"}),
        (("alice", "alice"), {"policy.distinct"}),
    ],
)
def test_a_threshold_that_nobody_can_reach_is_red(keys: Keys, names: tuple[str, ...], red: set[str]) -> None:
    """Distinct usable keys are counted, not lines of the policy."""
    policy = policy_of(keys, *names, threshold=2)
    checks = check_policy(policy, measure_keyring(keys.home, SIGNED), SIGNED)
    assert _failed(policy, keys) == red | {"policy.satisfiable.SG_1", "policy.satisfiable.SG_2"}
    with pytest.raises(Refused) as refused:
        require_satisfiable(checks)
    assert refused.value.code is StopCode.POLICY_UNSATISFIABLE


def test_one_unusable_key_is_shown_and_stops_nothing_while_others_suffice(keys: Keys) -> None:
    policy = policy_of(keys, "alice", "old")
    assert _failed(policy, keys) == {"policy.key.old"}
    require_satisfiable(check_policy(policy, measure_keyring(keys.home, SIGNED), SIGNED))


def test_a_key_is_usable_until_its_last_day_and_not_before_it_was_made(keys: Keys) -> None:
    policy = policy_of(keys, "alice")
    assert _failed(policy, keys, NOW + timedelta(days=363)) == set()
    assert "policy.key.alice" in _failed(policy, keys, NOW + timedelta(days=364))
    assert "policy.key.alice" in _failed(policy, keys, NOW - timedelta(days=2))


def test_a_key_that_is_not_there_names_the_command(keys: Keys, tmp_path: Path) -> None:
    empty = tmp_path / "g"
    empty.mkdir(mode=0o700)
    checks = check_policy(policy_of(keys, "alice"), measure_keyring(empty, SIGNED), SIGNED)
    missing = next(check for check in checks if check.name == "policy.key.alice")
    assert missing.outcome is Outcome.FAIL
    assert "--import" in missing.next_action


def test_an_operator_among_the_signers_must_be_declared(keys: Keys) -> None:
    assert "policy.solo" in _failed(policy_of(keys, "alice", "operator"), keys)
    solo = policy_of(keys, "operator", solo=True)
    assert _failed(solo, keys) == set()
    checks = check_policy(solo, measure_keyring(keys.home, SIGNED), SIGNED)
    assert any("SOLO" in check.detail for check in checks)


def test_an_unread_keyring_is_inconclusive_and_not_empty(keys: Keys) -> None:
    unread = Keyring(home="/nowhere", keys=(), measured_at=NOW, unreadable="there is no GNUPGHOME /nowhere")
    checks = check_policy(policy_of(keys, "alice"), unread, NOW)
    assert {check.outcome for check in checks if "key" in check.name} == {Outcome.INCONCLUSIVE}
    with pytest.raises(Unmeasured):
        require_satisfiable(checks)


def test_the_digest_changes_with_every_part_of_the_policy(keys: Keys) -> None:
    """What decides is part of what is signed."""
    policy = policy_of(keys, "alice", "bob")
    others = [
        policy.model_copy(update={"thresholds": Thresholds(SG_1=2, SG_2=1)}),
        policy.model_copy(update={"solo": True}),
        policy.model_copy(update={"operators": ()}),
        policy.model_copy(update={"signers": policy.signers[:1]}),
    ]
    assert len({one.sha256 for one in (policy, *others)}) == 5


GOOD = """{
  "schema": "cutter-console/policy/1",
  "signers": [
    {"name": "Alice", "fingerprint": "aaaa aaaa aaaa aaaa aaaa  aaaa aaaa aaaa aaaa aaaa"},
    {"name": "Bob",
     "fingerprint": "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"}
  ],
  "thresholds": {"SG_1": 1, "SG_2": 2},
  "solo": false,
  "operators": []
}
"""


def test_a_policy_file_is_read_with_gpgs_spacing(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(GOOD)
    assert [signer.fingerprint for signer in load_policy(path).signers] == ["A" * 40, "B" * 40]
    path.write_text(json.dumps(json.loads(GOOD)))
    assert load_policy(path).thresholds.SG_2 == 2


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ('"BBBBB', '"BBB', "key signers.1.fingerprint, line 6"),
        ('"solo": false,', "", "key solo, line 1"),
        ('"solo": false,', '"sole": false, "solo": false,', "key sole, line 9"),
        ('"solo": false,', '"solo": false, "solo": true,', "key solo, line 9"),
        ('"SG_2": 2', '"SG_2": "two"', "key thresholds.SG_2, line 8"),
        ('"operators": []', '"operators": [', "line 11"),
        ("policy/1", "policy/2", "key schema, line 2"),
        ("{\n", "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_policy_that_cannot_be_read_names_file_key_and_line(
    tmp_path: Path, before: str, after: str, place: str
) -> None:
    path = tmp_path / "policy.json"
    path.write_text(GOOD.replace(before, after, 1))
    with pytest.raises(Refused) as refused:
        load_policy(path)
    assert str(path) in refused.value.message
    assert place in refused.value.message


def test_a_policy_that_is_no_file_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "folder.json")
    for name in ("folder.json", "link.json", "folder.json/below.json"):
        with pytest.raises(Refused, match=name) as refused:
            load_policy(tmp_path / name)
        assert refused.value.code is StopCode.POLICY_UNSATISFIABLE


def test_a_missing_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load_policy(tmp_path / "none.json")
    assert refused.value.code is StopCode.POLICY_UNSATISFIABLE
