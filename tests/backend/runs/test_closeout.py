"""A run closes with counts that were read back, not with what the functions said."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import CutterError
from console.backend.model.states import Phase, Stage
from console.backend.model.view_models import Progress
from tests.backend.runs.test_amendments import at_second_pause
from tests.support.passage import Kept, Passage

_MEDDLE = """
    ALTER TABLE public.information_unit DISABLE TRIGGER USER;
    UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE canonical_address = 'ACME-LAW/ONE/BETA';
    ALTER TABLE public.information_unit ENABLE TRIGGER USER
"""

_UNLOG = """
    ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER USER;
    DELETE FROM public.iu_lifecycle_log WHERE id = (SELECT max(id) FROM public.iu_lifecycle_log WHERE to_status = 'enacted');
    ALTER TABLE public.iu_lifecycle_log ENABLE TRIGGER USER
"""


def test_a_run_whose_units_are_not_all_law_is_not_closed(at: Callable[[str], Passage]) -> None:
    passage = at("SG_2 imported")

    def meddle(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.CLOSEOUT, "begins"):
            passage.execute(_MEDDLE)

    with pytest.raises(CutterError, match="enacted units: 2 of 3 units enacted"):
        passage.backend.enact(passage.run_id, passage.run_id, meddle)
    assert passage.run().state.stage is Stage.LIFECYCLE_ENACTED


def test_an_amendment_with_another_number_of_log_rows_than_was_signed_is_not_closed(
    at: Callable[[str], Passage], kept: Kept
) -> None:
    passage = at_second_pause(at, kept)
    passage.sign()

    def meddle(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.CLOSEOUT, "begins"):
            passage.execute(_UNLOG)

    with pytest.raises(CutterError, match=r"enacted units: 3 of 3 units enacted, 1 log rows"):
        passage.backend.enact(passage.run_id, passage.run_id, meddle)
    assert passage.run().state.stage is Stage.LIFECYCLE_ENACTED
