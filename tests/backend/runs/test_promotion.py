"""A standby is promoted while a run rests: it goes on there once it was verified, or planned, and signed again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from console.backend.approvals.signatures import signatures_beside
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Move, Stage
from console.backend.postgres import ledger
from console.backend.runs import approval_workflow
from console.backend.runs.ruling_facts import RulingFacts, facts_of_run
from tests.backend.runs.test_failover import _at_the_promoted
from tests.support.passage import REQUEST, UNITS, Passage, silent
from tests.support.standby import answering_instead, follower_of

At = Callable[[str], Passage]


@contextmanager
def promoted(passage: Passage) -> Iterator[Passage]:
    """The same root on the promoted standby of its server."""
    with follower_of(passage.cluster) as standby:
        yield _at_the_promoted(passage, standby)


def _next_actions(passage: Passage) -> list[str]:
    return [wait.next_action for wait in passage.backend.status().waiting]


def _said_at_once(passage: Passage, command: str) -> None:
    """The first look at the new primary says that a standby was promoted, and offers what can be done there."""
    status = passage.backend.status()
    assert status.outcome is Outcome.PARTIAL
    assert status.target is not None
    assert status.target.timeline == 2
    assert any("a standby was promoted: this server is on timeline 2" in wait.what for wait in status.waiting)
    assert [wait.next_action for wait in status.waiting] == ["cutter-console init --pin --repin", command]


def test_a_run_at_the_second_pause_goes_on_once_its_drafts_were_verified_and_signed_there(at: At) -> None:
    passage = at("SG_2 imported")
    old = passage.installation.statement(passage.run_id, "SG_2")
    with promoted(passage) as there:
        run = there.run()
        assert run.moves == (Move.VERIFY, Move.REVERT)
        assert "the drafts were verified on" in run.displaced
        _said_at_once(there, f"cutter-console verify {there.run_id}")
        with pytest.raises(CutterError) as refused:
            there.enact()
        assert f"cutter-console verify {there.run_id}" in refused.value.next_action
        with pytest.raises(CutterError) as refused:
            there.backend.import_statement(old, signatures_beside(old))
        assert f"cutter-console verify {there.run_id}" in refused.value.next_action
        assert {check.outcome for check in there.backend.verify(there.run_id)} == {Outcome.PASS}
        assert f"cutter-console approval draft {there.run_id}" in _next_actions(there)
        assert there.run().moves == (Move.IMPORT_SG_2, Move.ENACT, Move.REVERT, Move.EDIT)
        with pytest.raises(CutterError):
            there.enact()
        there.sign()
        assert there.enact().state.stage is Stage.CLOSEOUT_REPORTED
        assert there.lifecycles() == ["enacted"] * UNITS
        assert there.run().journal.startswith("PASS")


def test_a_run_at_the_first_pause_is_planned_and_signed_again_there(at: At) -> None:
    """The same text from the same source; gates, counts and digests are measured on the new primary."""
    passage = at("SG_1 imported")
    old, plan_digest = passage.installation.statement(passage.run_id, "SG_1"), passage.run().plan_digest
    signed, signature = old.read_bytes(), signatures_beside(old)[0].read_bytes()
    with promoted(passage) as there:
        run_id = there.run_id
        assert there.run().moves == (Move.REPLAN, Move.VOID)
        _said_at_once(there, f"cutter-console run replan {run_id}")
        for refused_call in (there.arm, there.sign, there.resume):
            with pytest.raises(CutterError) as refused:
                refused_call()
            assert f"cutter-console run replan {run_id}" in refused.value.next_action
        again = there.backend.replan(run_id, silent)
        assert again.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
        assert (again.displaced, again.moves) == ("", (Move.ARM, Move.IMPORT_SG_1, Move.VOID))
        assert again.plan_digest != plan_digest
        with pytest.raises(Refused, match="cannot plan again"):
            there.backend.replan(run_id, silent)
        copy = old.with_name("old.json")
        copy.write_bytes(signed)
        (beside := old.with_name("old.json.asc")).write_bytes(signature)
        with pytest.raises(CutterError) as refused:
            there.backend.import_statement(copy, (beside,))
        assert "cutter-console approval draft" in refused.value.next_action
        there.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        there.sign()
        there.arm()
        assert there.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        there.sign()
        assert there.enact().state.stage is Stage.CLOSEOUT_REPORTED
        assert there.run().journal.startswith("PASS")
        assert there.backend.report(run_id).unchanged


def test_a_ruling_that_is_asked_for_at_a_standby_is_sent_to_the_primary(at: At) -> None:
    """It was to verify the drafts, or to take them back, and a standby does neither."""
    passage = at("waits for SG_2")
    with follower_of(passage.cluster) as standby, answering_instead(standby, passage.cluster):
        _is_sent_to_the_primary(passage)
    assert passage.backend.draft_statement(passage.run_id).kind == "SG_2"


def test_a_ruling_that_is_asked_for_where_the_server_says_that_it_is_a_standby_is_sent_to_the_primary(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage, read, asked = at("waits for SG_2"), ledger.draft_reading, facts_of_run
    monkeypatch.setattr(ledger, "draft_reading", lambda *named: ("verified elsewhere", read(*named)[1]))

    def at_a_standby(*here: Any, **named: Any) -> RulingFacts:
        known = asked(*here, **named)
        return known._replace(place=known.place._replace(is_standby=True))

    monkeypatch.setattr(approval_workflow, "facts_of_run", at_a_standby)
    _is_sent_to_the_primary(passage)


def _is_sent_to_the_primary(passage: Passage) -> None:
    with pytest.raises(Drifted, match="is a standby; a step of the run is made on its primary") as refused:
        passage.backend.draft_statement(passage.run_id)
    assert (refused.value.code, refused.value.next_action) == (StopCode.IDENTITY_MISMATCH, "Connect to the primary.")
