"""Real laws in successive texts: cut the first, amend through all, and read each text back as it was in force."""

from pathlib import Path

import pytest

from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import start_amendment, start_cut
from tests.backend.postgres.test_document_states import read, text_of
from tests.conftest import Database

CHAINS = Path(__file__).parents[4] / "shared" / "corpus" / "amendments"
LAWS = sorted(folder.name for folder in CHAINS.iterdir()) if CHAINS.is_dir() else []
_STATES = "SELECT run_id FROM cutter_governance.v_document_state ORDER BY state"
_AT = "SELECT enacted_at FROM cutter_governance.v_document_state WHERE run_id = %s"
_UNITS = "SELECT canonical_address, body FROM cutter_console.fn_in_force(%s) ORDER BY seq"


@pytest.mark.parametrize("law", LAWS or [pytest.param("", marks=pytest.mark.skip(reason="the corpus is not here"))])
def test_each_text_of_a_chain_is_read_back_as_it_was_in_force(database: Database, law: str) -> None:
    """The digest of what is composed of the rows is that of the file's canonical text, for every state, at the end."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((CHAINS / law).glob("*.md"))]
    runs = [start_cut(database, text=texts[0], profile="de-law")]
    runs[0].enacted()
    for number, text in enumerate(texts[1:], 300):
        runs.append(start_amendment(runs[0], text, number, profile="de-law"))
        runs[-1].enacted()

    assert [row[0] for row in read(database, _STATES)] == [run.run_id for run in runs]
    for run in runs:
        assert text_of(run) == run.canonical
        ((moment,),) = read(database, _AT, run.run_id)
        assert read(database, _UNITS, moment) == [(unit.address, run.body(unit)) for unit in run.units]
    for run in runs[1:]:
        assert run.plan.amendment is not None
        assert run.plan.amendment.unchanged + run.plan.amendment.counts.drafts == len(run.units)
    with runs[-1].verifier() as connection:
        standing = scalar(connection, "SELECT count(*) FROM cutter_console.fn_base_lines(%s)", runs[0].docprefix)
    assert standing == len(runs[-1].units)
