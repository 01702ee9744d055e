"""What refuses a synthetic document, and whether a kind of unit that a vocabulary lacks may be the reason."""

import pytest

from console.backend.gates.kinds_there import not_measured_for
from console.backend.model.outcome import Outcome


@pytest.mark.parametrize(
    "failed",
    [
        "CU006: rows of the organisation's tables: public.unit_version 2, expected 1",
        "42501: permission denied for table information_unit",
        "42P01: relation information_unit does not exist",
        "23505: duplicate key value violates unique constraint",
        "CU004: A/B: the organisation's function answered exists_complete: {}",
        "CU004: A/B: the organisation's function answered nothing",
        "",
    ],
)
def test_what_is_refused_for_no_kind_is_measured(failed: str) -> None:
    assert not_measured_for(("law_unit",), failed, 137) is None


@pytest.mark.parametrize(
    "failed",
    [
        "23514: new row violates check constraint",
        "P0001: no such kind",
        "CU004: A/B: the organisation's function answered refused: {}",
    ],
)
def test_what_may_be_refused_for_a_kind_that_is_lacking_is_not_measured(failed: str) -> None:
    verdict = not_measured_for(("law_unit",), failed, 137)

    assert verdict is not None
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert f"lacks law_unit: {failed}" in verdict.detail
