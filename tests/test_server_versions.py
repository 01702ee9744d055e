"""The whole passage on each major version of PostgreSQL: a file becomes law, is amended, taken back, repealed, read back.

`make test-versions` takes every version that it finds programs of; `make test` goes these ways one by one, on one version.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Stage
from console.backend.runs.document_states import text_as_of
from tests import checker
from tests.backend.runs.test_amendments import REVISED, amend, to_second_pause
from tests.backend.runs.test_repeals import enacted, repeal
from tests.conftest import MAJORS, ClusterOf
from tests.support.passage import DOCPREFIX, TEXT, UNITS, Passage, stages


@pytest.fixture(params=[pytest.param(major, marks=pytest.mark.versions, id=f"pg{major}") for major in MAJORS])
def law(request: pytest.FixtureRequest, cluster_of: ClusterOf, template_of: Callable[[int], str]) -> Iterator[Passage]:
    """A site on a server of this version, whose document has just become law."""
    major = int(request.param)
    with stages(cluster_of(major), template_of(major)) as made:
        yield made.at("enacted")


def _text_of(passage: Passage, moment: datetime | None) -> bytes:
    return text_as_of(passage.installation, DOCPREFIX, moment).text


OF_THE_SITE = {"G6", "G7", "G8", "G10"}
"""Gates of what this site never has, on any version: a copy of its backup elsewhere, say."""


def _not_well(passage: Passage) -> dict[str, tuple[Outcome, str]]:
    """Every gate of the server and its rows that does not pass, with its finding."""
    return {
        gate.gate: (gate.outcome, gate.decisive.detail if gate.decisive else "")
        for gate in passage.backend.gates().gates
        if gate.outcome is not Outcome.PASS and gate.gate not in OF_THE_SITE
    }


def test_a_document_goes_the_whole_way_and_is_read_back_as_it_was_at_every_moment(law: Passage) -> None:
    first = datetime.now(UTC)
    assert _text_of(law, None) == TEXT.encode()

    taken_back = amend(law)
    to_second_pause(taken_back)
    assert taken_back.backend.revert(taken_back.run_id, taken_back.run_id).state.family is Family.REVERTED
    assert _text_of(law, None) == TEXT.encode()

    amended = amend(law)
    to_second_pause(amended)
    amended.sign()
    assert amended.enact().state.stage is Stage.CLOSEOUT_REPORTED
    second = datetime.now(UTC)
    assert _text_of(law, None) == REVISED.encode()

    gone = repeal(law)
    run = enacted(gone)
    assert {phase.outcome for phase in run.phases} == {Outcome.PASS}
    with pytest.raises(Refused, match=f"{DOCPREFIX} is repealed"):
        _text_of(law, None)
    assert [_text_of(law, moment) for moment in (first, second)] == [TEXT.encode(), REVISED.encode()]
    assert law.counts()["public.information_unit"] == UNITS + 1
    assert law.backend.drift().outcome is Outcome.PASS
    assert _not_well(law) == {}
    subject = checker.Subject(law.cluster.conninfo(law.database), law.installation.root)
    assert [str(violation) for violation in checker.check(subject)] == []
