"""A policy is pinned in the database only by somebody who has read it and types its digest."""

from collections.abc import Callable

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.errors import UsageError
from tests.passage import Passage


def test_a_policy_is_pinned_only_by_whoever_types_its_digest(at: Callable[[str], Passage]) -> None:
    passage = at("fresh")
    site = passage.site
    digest = load_policy(site.policy).sha256
    pins = "SELECT count(*) FROM cutter_governance.policy_pin"
    before = passage.rows(pins)
    for typed in ("", "yes", digest[:-1], digest.upper()):
        with pytest.raises(UsageError, match="not the digest"):
            pin_policy(site.settings.database.administrator, site.policy, site.gnupg_home, site.context.now(), typed)
    assert passage.rows(pins) == before
