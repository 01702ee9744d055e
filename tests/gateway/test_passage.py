"""A cut, its verification, its enactment and its revert through the organisation's functions."""

from collections.abc import Callable

from tests.gateway.conftest import their_objects, theirs, install
from tests.support.passage import REQUEST, UNITS, Passage, silent
from console.backend.model.states import Mode, Stage


def waiting(passage: Passage) -> Passage:
    from dataclasses import replace
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    run_id = passage.backend.start(REQUEST, silent).run_id
    return replace(passage, run_id=run_id)

def test_smoke(beside: Passage) -> None:
    p = waiting(beside)
    p.sign(); p.arm(); v = p.resume()
    print(v.stage, theirs(p))
    print(p.backend.verify(p.run_id))
    p.sign(); v = p.enact()
    print(v.stage, theirs(p))
    assert 0
