"""Gates where the organisation's vocabulary lacks kinds that a synthetic document has: what could not be tried is not called broken."""

import pytest

from console.backend.model.outcome import Outcome
from tests.support.passage import Passage

_LESS = "DELETE FROM public.dot_config WHERE key = 'vocab.unit_kind.document_unit'"
_ANSWERING = """
    DO $do$ DECLARE definition text; BEGIN
        SELECT regexp_replace(pg_get_functiondef('public.fn_iu_create'::regproc), '\\mBEGIN\\M',
                              'BEGIN IF p_unit_kind = ''document_unit'' THEN RETURN jsonb_build_object(''status'', ''refused''); END IF;')
          INTO definition;
        EXECUTE definition;
    END $do$
"""


@pytest.mark.parametrize(("gate", "checks"), [("G4", {"soft revert"}), ("G5", {"N = 1", "N = 3", "N = 60", "N = 137"})])
def test_a_kind_that_the_vocabulary_lacks_is_named_and_fails_no_gate(
    tied: Passage, gate: str, checks: set[str]
) -> None:
    """An organisation with laws alone was told for ever: cut nothing, it could not be taken back."""
    tied.execute(_LESS)

    (report,) = tied.backend.gates((gate,)).gates

    unknown = {check.name: check for check in report.checks if check.outcome is Outcome.INCONCLUSIVE}
    assert unknown.keys() == checks
    assert all("vocabulary lacks document_unit: 23514" in check.detail for check in unknown.values())
    assert [check.detail for check in report.checks if check.outcome is Outcome.FAIL] == []


@pytest.mark.parametrize("gate", ["G4", "G5"])
def test_what_else_refuses_a_synthetic_document_fails_the_gate(tied: Passage, gate: str) -> None:
    tied.execute("ALTER TABLE public.unit_version ADD CHECK (title <> 'Unit 1') NOT VALID")

    (report,) = tied.backend.gates((gate,)).gates

    failed = [check for check in report.checks if check.outcome is Outcome.FAIL]
    assert failed
    assert any("violates check constraint" in check.detail for check in failed)


@pytest.mark.parametrize("gate", ["G4", "G5"])
def test_what_is_no_matter_of_a_kind_fails_the_gate_where_a_kind_is_lacking_too(tied: Passage, gate: str) -> None:
    tied.execute(_LESS.replace("document_unit", "law_unit"))
    tied.execute("REVOKE EXECUTE ON FUNCTION public.fn_iu_create FROM cutter_site_caller, PUBLIC")

    (report,) = tied.backend.gates((gate,)).gates

    failed = [check.detail for check in report.checks if check.outcome is Outcome.FAIL]
    assert failed
    assert all("42501" in detail for detail in failed)
    assert not [check for check in report.checks if check.outcome is Outcome.INCONCLUSIVE]


def test_a_document_without_units_of_the_kind_that_is_lacking_fails_for_what_refuses_it(tied: Passage) -> None:
    tied.execute(_LESS.replace("document_unit", "law_unit"))
    tied.execute("ALTER TABLE public.unit_version ADD CHECK (title <> 'Unit 1') NOT VALID")

    (report,) = tied.backend.gates(("G5",)).gates

    outcomes = {check.name: check.outcome for check in report.checks}
    assert [outcomes[f"N = {n}"] for n in (1, 3, 60)] == [Outcome.FAIL, Outcome.FAIL, Outcome.INCONCLUSIVE]


@pytest.mark.parametrize("gate", ["G4", "G5"])
def test_a_mapping_that_cannot_be_read_hides_no_failure(tied: Passage, gate: str) -> None:
    tied.execute("ALTER TABLE public.unit_version ADD CHECK (title <> 'Unit 1') NOT VALID")
    tied.installation.site_mapping.write_text("no mapping", encoding="utf-8")

    (report,) = tied.backend.gates((gate,)).gates

    assert any("violates check constraint" in check.detail for check in report.checks if check.outcome is Outcome.FAIL)


def test_a_function_that_answers_that_it_has_refused_a_kind_fails_no_gate(tied: Passage) -> None:
    tied.execute(_LESS)
    tied.execute(_ANSWERING)

    (report,) = tied.backend.gates(("G5",)).gates

    assert [check.detail for check in report.checks if check.outcome is Outcome.FAIL] == []
    unknown = [check.detail for check in report.checks if check.outcome is Outcome.INCONCLUSIVE]
    assert unknown
    assert all("the organisation's function answered refused" in detail for detail in unknown)


@pytest.mark.parametrize("answer", ["jsonb_build_object(''status'', ''exists_complete'')", "NULL"])
def test_an_answer_that_is_no_matter_of_a_kind_fails_the_gate(tied: Passage, answer: str) -> None:
    tied.execute(_LESS)
    tied.execute(_ANSWERING.replace("jsonb_build_object(''status'', ''refused'')", answer))

    (report,) = tied.backend.gates(("G5",)).gates

    failed = [check.detail for check in report.checks if check.outcome is Outcome.FAIL]
    assert failed
    assert all("the organisation's function answered" in detail for detail in failed)
    assert [check.name for check in report.checks if check.outcome is Outcome.INCONCLUSIVE] == []
