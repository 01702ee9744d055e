"""A database whose functions stood in the ledger's schema, with runs at both pauses: migrated, its rows are the same and its runs go on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.model.errors import Drifted
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Stage
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.migrations import migrate
from console.backend.release.pins import machine_id, measure_pins, with_pins
from tests.support.before_the_move import into_database_before_the_move, program_before_the_move
from tests.support.passage import REQUEST, Kept, Passage, fingerprint, silent

At = Callable[[str], Passage]


def pinned(passage: Passage) -> Passage:
    """The passage at a host that is pinned to the schema as it is."""
    installation = passage.installation
    pins = measure_pins(installation, machine_id(installation.context.filesystem))
    return passage.with_site(replace(installation, settings=with_pins(installation.settings, pins)))


def walked_before(at: At, kept: Kept, stage: str) -> Passage:
    """A site whose program and database are those of before the move; its run waits for this ruling."""

    def make() -> Passage:
        fresh = at("fresh")
        into_database_before_the_move(fresh)
        with program_before_the_move():
            before = pinned(fresh)
            pin_policy(before.installation, load_policy(before.installation.policy).sha256)
            before.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
            before = replace(before, run_id=before.backend.start(REQUEST, silent).run_id)
            if stage != "waits for SG_1":
                before.sign()
                before.arm()
                before.resume()
        return before

    return kept(f"{stage}, before the functions moved", make)


def _runs(passage: Passage) -> list[tuple[object, ...]]:
    return passage.rows("SELECT to_jsonb(r) - 'holder_event' FROM cutter_governance.run r ORDER BY run_id")


def migrated(passage: Passage) -> Passage:
    """Migrate and pin the new schema on the host, as the guide says; rows of the ledger are as they were."""
    before, runs = fingerprint(passage), _runs(passage)
    report = migrate(passage.installation.settings.database.administrator)
    assert report.applied[0] == "console_schema"
    now = fingerprint(passage)
    changed = {table for table, value in now.items() if before.get(table) != value}
    # The rows of runs have got a column, which says who holds them; documents with units what is kept of each as it is law.
    kept_documents = {"cutter_governance.kept_document"} if passage.lifecycles() else set()
    assert changed == kept_documents | {
        "cutter_governance.run",
        "cutter_governance.schema_migration",
        "cutter_governance.schema_pin",
        "next transaction id",
    }
    assert passage.rows("SELECT FROM cutter_governance.run WHERE holder_event IS NOT NULL") == []
    assert _runs(passage) == runs
    return pinned(passage)


def test_a_run_at_the_second_pause_goes_on_after_the_move(at: At, kept: Kept) -> None:
    now = migrated(walked_before(at, kept, "waits for SG_2"))
    assert now.run().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    now.sign()
    assert now.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert now.lifecycles() == ["enacted"] * 3
    report = measure_drift(now.installation.settings.database.monitor)
    assert report.outcome is Outcome.PASS


def test_a_draft_is_taken_back_after_the_move(at: At, kept: Kept) -> None:
    now = migrated(walked_before(at, kept, "waits for SG_2"))
    now.backend.revert(now.run_id, now.run_id)
    assert now.lifecycles() == ["superseded"] * 3


def test_a_run_at_the_first_pause_is_refused_by_name_after_the_move(at: At, kept: Kept) -> None:
    """Its plan is bound to the functions as they were: the rule of every upgrade."""
    now = migrated(walked_before(at, kept, "waits for SG_1"))
    now.sign()
    with pytest.raises(Drifted, match="grants, functions and triggers") as drifted:
        now.arm()
    assert "Void the run and start another" in drifted.value.next_action
    now.backend.void(now.run_id, "planned before the migration")
    fresh = now.backend.start(REQUEST, silent)
    now = replace(now, run_id=fresh.run_id)
    now.sign()
    now.arm()
    now.resume()
    assert now.lifecycles() == ["draft"] * 3
