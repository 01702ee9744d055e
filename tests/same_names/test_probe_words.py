"""Probes have the words of a run and of the console's own probes, which their SQL repeats."""

import pytest

from console.backend.model.site_governance import Part, Source
from console.backend.postgres import site_decisions
from tests.same_names.conftest import Beside
from tests.support.passage import UNITS, Passage

_WORDS = {Part.ENTRY: (Source.SUBJECT,), Part.ENTRY_STEP: (Source.STATUS, Source.NOTE, Source.ORDINAL)}


def _words(beside: Beside, passage: Passage, rows: str, *values: object) -> dict[tuple[Part, Source], list[object]]:
    """Return what the mapped columns of the backlog hold, in the rows that a function of the gateway makes."""
    governance = beside.mapping.governance
    assert governance is not None
    ((made,),) = passage.rows(f"SELECT cutter_console.{rows}", *values)
    assert isinstance(made, dict)
    return {
        (part, column.source): [row[column.column] for row in made[part.value]]
        for part, table in governance.parts
        for column in table.columns
        if column.source in _WORDS.get(part, ())
    }


@pytest.mark.parametrize("step", ["record", "enact", "revert"])
def test_a_probe_s_entry_in_the_backlog_has_the_words_of_a_run_s(
    beside: Beside, request: pytest.FixtureRequest, step: str
) -> None:
    passage: Passage = request.getfixturevalue("enacted" if step == "enact" else "drafted")
    if step == "revert":
        passage.backend.revert(passage.run_id, passage.run_id)

    of_run = _words(beside, passage, "fn_site_governance(%s, ARRAY[%s], true)", passage.run_id, step)
    of_probe = _words(
        beside, passage, "fn_site_probe(ARRAY[%s], 'ACME-LAW', 'ACME-LAW/P', 'P.', 'law_unit', 'section')", step
    )

    assert {Part.ENTRY, Part.ENTRY_STEP} == {part for part, _ in of_run}
    assert {Source.SUBJECT, Source.NOTE, Source.ORDINAL} <= {source for _, source in of_run}
    subjects = of_run[Part.ENTRY, Source.SUBJECT]
    of_run[Part.ENTRY, Source.SUBJECT] = [str(subject).replace(f" {UNITS} ", " 1 ") for subject in subjects]
    assert of_run == of_probe
    assert len(of_run[Part.ENTRY_STEP, Source.NOTE]) == 1


def test_who_decides_a_probe_is_named_as_the_console_s_own_probes_name_it(beside: Beside, tied: Passage) -> None:
    """By that name the signers of a probe are given the form of a run's."""
    sources = tied.rows("SELECT prosrc FROM pg_proc WHERE pronamespace = %s::regnamespace", "cutter_console")
    probes = [str(source) for (source,) in sources if "'SG_1', 'cut', made" in str(source)]

    assert probes
    assert all(site_decisions._NOBODY in source for source in probes)
