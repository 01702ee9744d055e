"""G1 goes red when a text in force is not the pinned one, and says which texts it could not compare."""

import time
from collections.abc import Callable

import pytest

from console.backend.gates import text_in_force
from console.backend.gates.baseline import GATE
from console.backend.gates.probe import Probe
from console.backend.gates.text_in_force import Text, Texts, texts_check
from console.backend.model.outcome import Check, Outcome
from console.backend.runs.reverify import verify_drafts
from tests.backend.gates.conftest import is_red, measured, named
from tests.backend.postgres.tampering import tamper
from tests.support.edited import edited_drafts
from tests.support.passage import DOCPREFIX, Kept, Passage

At = Callable[[str], Passage]
CHECK = "text in force as pinned"


def test_what_is_law_is_compared_with_what_was_pinned(at: At) -> None:
    assert named(measured(GATE, at("waits for SG_2").installation), CHECK).detail.startswith("0 documents in force")
    check = named(measured(GATE, at("enacted").installation, read_only=True), CHECK)
    assert (check.outcome, check.detail) == (
        Outcome.PASS,
        "1 document in force with exactly the text that was pinned",
    )


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE public.unit_version SET body = 'Other.' WHERE title = 'Beta'", f"one: {DOCPREFIX}/ONE/BETA"),
        ("UPDATE public.unit_version SET title = 'B', body = body || ' ' WHERE title = 'Beta'", "signed one"),
    ],
)
def test_an_altered_text_is_red_and_names_the_document(at: At, statement: str, reason: str) -> None:
    passage = at("enacted")
    tamper(passage, statement)
    report = measured(GATE, passage.installation)
    assert is_red(report, CHECK, action="cutter-console panic")
    detail = named(report, CHECK).detail
    assert detail.startswith(f"1 document not as pinned: {DOCPREFIX}: ")
    assert reason in detail


def test_a_text_between_the_units_that_was_altered_is_red(at: At) -> None:
    passage = at("enacted")
    tamper(passage, "UPDATE cutter_governance.manifest_seal SET other_text = 'x'")
    report = measured(GATE, passage.installation)
    assert is_red(report, CHECK)
    assert f"pinned by run {passage.run_id}" in named(report, CHECK).detail


def test_an_edited_text_is_counted_and_named_as_not_comparable(at: At, kept: Kept) -> None:
    passage, edit = edited_drafts(at, kept)
    verify_drafts(passage.installation, passage.run(), record=True)
    passage.sign()
    passage.enact()
    check = named(measured(GATE, passage.installation), CHECK)
    assert check.outcome is Outcome.PASS
    assert check.detail.startswith("0 documents in force with exactly")
    assert f"1 not comparable as a whole, each unit of which is the signed one: {DOCPREFIX}" in check.detail
    assert edit in check.detail
    tamper(passage, "UPDATE public.unit_version SET body = 'Other.' WHERE title = 'Alpha' AND version_seq = 2")
    assert is_red(measured(GATE, passage.installation), CHECK)


def test_a_text_of_version_0_2_0_is_named_and_its_units_are_compared(at: At) -> None:
    passage = at("enacted")
    tamper(passage, "UPDATE cutter_governance.manifest_seal SET other_text = NULL")
    check = named(measured(GATE, passage.installation), CHECK)
    assert (check.outcome, "sealed by version 0.2.0" in check.detail) == (Outcome.PASS, True)
    tamper(passage, "UPDATE public.unit_version SET body = 'Other.' WHERE title = 'Beta'")
    assert is_red(measured(GATE, passage.installation), CHECK)


def test_a_manifest_that_was_not_sealed_is_no_pass(at: At) -> None:
    passage = at("enacted")
    tamper(passage, "DELETE FROM cutter_governance.manifest_seal")
    report = measured(GATE, passage.installation)
    assert is_red(report, CHECK, Outcome.PARTIAL, action="cutter-console document export")
    assert f"1 document cannot be compared with anything signed: {DOCPREFIX}" in named(report, CHECK).detail


def test_a_text_that_may_not_be_read_is_inconclusive(at: At) -> None:
    passage = at("enacted")
    passage.execute("REVOKE EXECUTE ON FUNCTION cutter_console.fn_state_text FROM cutter_ro")
    assert is_red(measured(GATE, passage.installation), CHECK, Outcome.INCONCLUSIVE, action="drift")


def decided(passage: Passage, *texts: Text, not_in_time: tuple[str, ...] = ()) -> Check:
    """The check of these texts."""
    found = Texts(texts=texts, not_in_time=not_in_time)
    return texts_check(Probe(passage.installation, "G1", time.monotonic() + 30).ask("texts", "", "", lambda: found))


def test_texts_that_have_not_had_their_turn_are_no_pass_and_a_fault_comes_first(at: At) -> None:
    passage = at("fresh")
    late = decided(passage, Text(docprefix="ACME-ONE"), not_in_time=("ACME-TWO", "ACME-TWO2"))
    assert (late.outcome, late.next_action.endswith("document show ACME-TWO --out NEW")) == (Outcome.PARTIAL, True)
    assert late.detail.startswith(
        "1 document in force with exactly the text that was pinned, of 3: the newest, and others in turn"
    )
    fault = Text(docprefix="ACME-ONE", fault="altered")
    assert decided(passage, fault, not_in_time=("ACME-TWO",)).outcome is Outcome.FAIL


def test_a_text_for_which_there_is_no_time_is_not_begun(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_in_force, "ENOUGH_S", 0.0)
    monkeypatch.setattr(text_in_force, "LEAST", 0)
    check = named(measured(GATE, at("enacted").installation), CHECK)
    assert (check.outcome, check.next_action.endswith(f"document show {DOCPREFIX} --out NEW")) == (
        Outcome.PARTIAL,
        True,
    )
    assert check.detail.startswith("0 documents in force with exactly the text that was pinned, of 1:")
