"""What a COMMIT waits for is measured and shown before a cut, with a real standby that follows, and one that is missing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from console.backend.gates.arming_checks import readiness
from console.backend.gates.residuals import GATE
from console.backend.model.errors import Refused
from console.backend.model.outcome import Check, Outcome
from console.backend.model.states import Stage
from console.backend.model.view_models import Danger
from console.screens.danger_text import briefing_lines
from tests.backend.gates.conftest import measured, named
from tests.support.passage import Passage
from tests.support.standby import follower_of, wait_for_standbys

At = Callable[[str], Passage]
ITEM, RESIDUAL = "PRE-10 standbys", "R7 standbys that may lack an acknowledged COMMIT"
NAME = "walreceiver"
"""Of a standby whose connection string has no `application_name`."""


@contextmanager
def _waiting_for(passage: Passage, names: str) -> Iterator[None]:
    wait_for_standbys(passage, names)
    try:
        yield
    finally:
        wait_for_standbys(passage, "")


@contextmanager
def _monitor_sees_all(passage: Passage) -> Iterator[None]:
    passage.execute("GRANT pg_read_all_stats TO cutter_ro")
    try:
        yield
    finally:
        passage.execute("REVOKE pg_read_all_stats FROM cutter_ro")


def _before_arming(passage: Passage) -> Check:
    return named(readiness(passage.installation, passage.run_id), ITEM)


def test_a_server_without_a_standby_says_so(at: At) -> None:
    passage = at("SG_1 imported")
    check = _before_arming(passage)
    assert (check.outcome, check.detail) == (
        Outcome.PASS,
        "no standby is connected: what a COMMIT acknowledges is on this server's disk alone",
    )
    assert check.evidence[0].answer == "synchronous_commit on, synchronous_standby_names '', connected: none"


def test_what_could_be_lost_is_said_before_a_cut_wherever_one_is_decided_on(at: At) -> None:
    """An asynchronous standby stops nothing: the operator decides, and knows; the run's record keeps it."""
    passage = at("SG_1 imported")
    lost = f"a COMMIT waits for no standby: an acknowledged cut can be lost at a fail-over to {NAME}"
    with follower_of(passage.cluster):
        check = _before_arming(passage)
        assert (check.outcome, check.detail) == (Outcome.PARTIAL, lost)
        assert f"synchronous_standby_names = '\"{NAME}\"'" in check.next_action
        residual = named(measured(GATE, passage.installation), RESIDUAL)
        assert (residual.outcome, residual.detail) == (Outcome.PARTIAL, f"PARTIAL: {lost}")
        replication = passage.backend.status().replication
        assert replication is not None
        assert (replication.synchronous_commit, replication.synchronous_standby_names) == ("on", "")
        assert [(standby.name, standby.sync_state) for standby in replication.standbys] == [(NAME, None)]
        assert (replication.outcome, replication.sentence) == (Outcome.PARTIAL, lost)
        dialog = passage.backend.brief(Danger.ARM, passage.run_id)
        lines = ["".join(span.text for span in line) for line in briefing_lines(dialog, str, 200)]
        assert f"PARTIAL {ITEM}" in lines
        assert f"     {lost}" in lines
        passage.arm()
        assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    recorded = [
        evidence for phase in passage.run().phases for evidence in phase.evidence if evidence.id == "E-standbys"
    ]
    assert [(evidence.answer, f"connected: {NAME}" in evidence.source) for evidence in recorded] == [(lost, True)]


def test_a_standby_that_confirms_is_told_from_one_that_may_not_be_seen(at: At) -> None:
    passage = at("SG_1 imported")
    with follower_of(passage.cluster), _waiting_for(passage, NAME):
        hidden = _before_arming(passage)
        assert hidden.outcome is Outcome.PARTIAL
        assert hidden.detail.endswith(f"connected is {NAME}; whether they confirm is not visible to this role")
        with _monitor_sees_all(passage):
            seen = _before_arming(passage)
        assert (seen.outcome, seen.detail) == (
            Outcome.PASS,
            f"a COMMIT waits until it is confirmed by {NAME}; {NAME} (sync) confirms",
        )


@pytest.mark.parametrize(("stage", "danger"), [("SG_1 imported", Danger.ARM), ("SG_2 imported", Danger.ENACT)])
def test_nothing_is_armed_or_enacted_whose_commit_would_wait_without_an_end(at: At, stage: str, danger: Danger) -> None:
    passage = at(stage)
    leases = passage.rows("SELECT count(*) FROM cutter_governance.execution_lease")
    with _waiting_for(passage, "nobody"):
        (check,) = (check for check in passage.backend.brief(danger, passage.run_id).checks if check.name == ITEM)
        assert check.outcome is Outcome.FAIL
        assert "it would wait without an end" in check.detail
        assert "ALTER SYSTEM SET synchronous_standby_names = ''" in check.next_action
        with pytest.raises(Refused, match=ITEM):
            passage.arm() if danger is Danger.ARM else passage.enact()
        assert named(measured(GATE, passage.installation), RESIDUAL).outcome is Outcome.FAIL
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease") == leases
