"""A run beside an organisation's tables whose host is gone: the next one says what it lacks, and takes the drafts back."""

import shlex
import subprocess
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Move
from tests.backend.runs.test_two_roots import next_host
from tests.same_names.conftest import AFTER_CUT, MONITOR, theirs
from tests.support.passage import UNITS, Passage

_SAYS = "this host keeps no site mapping, and the database is tied to an organisation's functions by the one of sha256 "


@pytest.fixture
def next_to(drafted: Passage, tmp_path: Path) -> Passage:
    """Another host that has taken the run over; nothing of the lost one's root is on it, the site mapping neither."""
    there = next_host(drafted, tmp_path / "next")
    there.backend.take_over(drafted.run_id, drafted.run_id)
    return there


def test_what_the_next_host_lacks_is_named_and_no_table_or_function_is(next_to: Passage) -> None:
    with pytest.raises(Unmeasured) as refused:
        next_to.backend.revert(next_to.run_id, next_to.run_id)
    assert refused.value.message.startswith(_SAYS)

    checks = [check for gate in next_to.backend.gates(("G3", "G5")).gates for check in gate.checks]
    assert [check.detail for check in checks if check.outcome is Outcome.FAIL] == []
    said = {check.name for check in checks if check.outcome is Outcome.INCONCLUSIVE and _SAYS in check.detail}
    assert {"function digests"} <= said
    assert len(said) >= 2
    assert theirs(next_to) == AFTER_CUT


def test_the_command_that_is_named_brings_the_mapping_and_the_drafts_are_taken_back(
    next_to: Passage, tmp_path: Path
) -> None:
    with pytest.raises(Unmeasured) as refused:
        next_to.backend.revert(next_to.run_id, next_to.run_id)
    command = refused.value.next_action.partition("its connection: ")[2].partition(" (compare")[0]
    typed, *words = shlex.split(command.replace("FILE", str(next_to.installation.site_mapping)))
    assert typed == "psql"

    psql = next_to.cluster.programs.program(typed)
    subprocess.run([psql, *words, next_to.cluster.conninfo(next_to.database, MONITOR)], check=True)

    assert next_to.backend.revert(next_to.run_id, next_to.run_id).state.family is Family.REVERTED
    assert theirs(next_to) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}


def test_what_needs_a_file_that_is_gone_says_how_the_run_ends(next_to: Passage) -> None:
    with pytest.raises(CutterError) as refused:
        next_to.backend.verify(next_to.run_id)
    assert refused.value.next_action.endswith(f": cutter-console run show {next_to.run_id}")
    assert next_to.run().moves == (Move.REVERT,)
