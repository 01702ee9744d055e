"""A standby is promoted while a run rests: it goes on there once it was verified, or planned, and signed again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from console.backend.approvals.signatures import signatures_beside
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Move, Stage
from tests.backend.runs.test_failover import _at_the_promoted
from tests.support.passage import UNITS, Passage
from tests.support.standby import follower_of

At = Callable[[str], Passage]


@contextmanager
def promoted(passage: Passage) -> Iterator[Passage]:
    """The same root on the promoted standby of its server."""
    with follower_of(passage.cluster) as standby:
        yield _at_the_promoted(passage, standby)


def test_a_run_at_the_second_pause_goes_on_once_its_drafts_were_verified_and_signed_there(at: At) -> None:
    passage = at("SG_2 imported")
    old = passage.installation.statement(passage.run_id, "SG_2")
    with promoted(passage) as there:
        run = there.run()
        assert run.moves == (Move.VERIFY, Move.REVERT)
        assert "the drafts were verified on" in run.displaced
        with pytest.raises(CutterError) as refused:
            there.enact()
        assert f"cutter-console verify {there.run_id}" in refused.value.next_action
        with pytest.raises(CutterError) as refused:
            there.backend.import_statement(old, signatures_beside(old))
        assert f"cutter-console verify {there.run_id}" in refused.value.next_action
        assert {check.outcome for check in there.backend.verify(there.run_id)} == {Outcome.PASS}
        assert there.run().moves == (Move.IMPORT_SG_2, Move.ENACT, Move.REVERT)
        with pytest.raises(CutterError):
            there.enact()
        there.sign()
        assert there.enact().state.stage is Stage.CLOSEOUT_REPORTED
        assert there.lifecycles() == ["enacted"] * UNITS
        assert there.run().journal.startswith("PASS")
