"""The plan beside a run is compared with the recorded one before anybody is asked to sign it."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from tests.support.passage import Passage


def test_no_statement_is_drafted_for_a_plan_that_was_edited_on_disk(at: Callable[[str], Passage]) -> None:
    """A plan is immutable; what would be signed is what the database has recorded."""
    passage = at("waits for SG_1")
    plan = passage.installation.root / "runs" / passage.run_id / "plan.json"
    plan.write_text(plan.read_text().replace('"title":"Alpha"', '"title":"Omega"'))
    with pytest.raises(Refused, match="not the recorded plan"):
        passage.backend.draft_statement(passage.run_id)
    assert not passage.installation.statement(passage.run_id, "SG_1").exists()
