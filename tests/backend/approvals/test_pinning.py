"""A policy is pinned in the database only by somebody who has read it and types its digest."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.host import gpg
from console.backend.host.processes import Ended, finished
from console.backend.model.errors import Unmeasured, UsageError
from tests.support.passage import Passage


def test_a_key_that_gpg_does_not_give_out_is_named_and_pins_nothing(
    at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("fresh")
    installation, pins = passage.installation, "SELECT count(*) FROM cutter_governance.policy_pin"
    digest, before = load_policy(installation.policy).sha256, passage.rows(pins)

    def hangs(command: list[str], **more: Any) -> Ended:
        if "--export" in command:
            raise subprocess.TimeoutExpired(command, 3)
        return finished(command, **more)

    monkeypatch.setattr(gpg, "finished", hangs)
    with pytest.raises(Unmeasured, match="did not end within") as stopped:
        pin_policy(installation, digest)
    assert "--list-keys" in stopped.value.next_action
    assert passage.rows(pins) == before


def test_a_policy_is_pinned_only_by_whoever_types_its_digest(at: Callable[[str], Passage]) -> None:
    passage = at("fresh")
    installation = passage.installation
    digest = load_policy(installation.policy).sha256
    pins = "SELECT count(*) FROM cutter_governance.policy_pin"
    before = passage.rows(pins)
    for typed in ("", "yes", digest[:-1], digest.upper()):
        with pytest.raises(UsageError, match="not the digest"):
            pin_policy(installation, typed)
    assert passage.rows(pins) == before
