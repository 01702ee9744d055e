"""G1 goes red when a kept number is not that of the rows, and says which documents it compared."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from console.backend.gates import kept_numbers
from console.backend.gates.baseline import GATE
from console.backend.gates.kept_numbers import LEAST, NEWEST, KeptCount, KeptNumbers, in_turn, kept_check
from console.backend.gates.probe import Probe
from console.backend.model.outcome import Check, Outcome
from tests.backend.gates.conftest import is_red, measured, named
from tests.backend.postgres.test_kept_numbers import asleep
from tests.support.passage import DOCPREFIX, Passage
from tests.support.sources import ROOT

At = Callable[[str], Passage]
CHECK = "kept numbers"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_kept_is_compared_with_the_rows(at: At) -> None:
    check = named(measured(GATE, at("enacted").installation, read_only=True), CHECK)
    assert (check.outcome, check.detail) == (Outcome.PASS, "5 large tables counted; all 1 document compared")


_PLANTED = (
    (
        "public.iu_lifecycle_log",
        "DELETE FROM public.iu_lifecycle_log",
        "public.iu_lifecycle_log: 3 rows kept, 0 counted",
    ),
    ("public.unit_version", "UPDATE public.unit_version SET body = 'Other.' WHERE title = 'Beta'", DOCPREFIX),
    (
        "public.information_unit",
        "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, doc_code) VALUES ('NEW/1', 'x', 'x', 'NEW')",
        "public.information_unit: 3 rows kept, 4 counted; NEW: it has units, and no digest is kept",
    ),
    (
        "cutter_governance.kept_count",
        "UPDATE cutter_governance.kept_count SET rows = rows + 1",
        "cutter_governance.manifest_unit_block: 4 rows kept, 3 counted",
    ),
)


@pytest.mark.parametrize(("table", "statement", "named_fault"), _PLANTED)
def test_a_planted_difference_is_red(at: At, table: str, statement: str, named_fault: str) -> None:
    passage = at("enacted")
    asleep(passage, table, statement)
    report = measured(GATE, passage.installation)
    assert is_red(report, CHECK, action="cutter-console panic")
    assert named_fault in named(report, CHECK).detail


def repair() -> str:
    """Return what the runbook has an administrator run."""
    page = (ROOT / "console" / "guide" / "runbook.md").read_text("utf-8")
    return page.partition("\n## Gate G1: kept numbers are FAIL\n")[2].partition("\n## ")[0].split("```")[1]


@pytest.mark.parametrize(("table", "statement", "named_fault"), _PLANTED)
def test_what_the_runbook_has_an_administrator_run_sets_the_numbers_again(
    at: At, table: str, statement: str, named_fault: str
) -> None:
    passage = at("enacted")
    asleep(passage, table, statement)
    assert named_fault in named(measured(GATE, passage.installation), CHECK).detail
    passage.execute(repair())
    check = named(measured(GATE, passage.installation), CHECK)
    assert (check.outcome, check.next_action) == (Outcome.PASS, "")


def decided(passage: Passage, **changes: object) -> Check:
    """The check of these numbers."""
    kept = KeptNumbers(
        counts=(KeptCount(table="t", kept=1, counted=1),),
        not_kept=(),
        differing=(),
        compared=12,
        changed=0,
        documents=12,
    ).model_copy(update=changes)
    return kept_check(Probe(passage.installation, "G1", time.monotonic() + 30).ask("kept", "", "", lambda: kept))


def test_the_check_says_how_many_documents_it_compared(at: At) -> None:
    passage = at("fresh")
    assert "all 12 documents compared" in decided(passage).detail
    some = decided(passage, documents=2000, changed=1)
    assert some.outcome is Outcome.PASS
    assert "compared: the newest, and others in turn; 1 more have changed" in some.detail
    assert decided(passage, differing=("P",)).outcome is Outcome.FAIL


def test_the_newest_come_first_and_the_others_in_turn() -> None:
    names = [f"D-{number:03}" for number in range(100)]

    def when(name: str) -> datetime:
        return SINCE + timedelta(days=int(name[2:]))

    first, second = (in_turn(names, when, str, seed) for seed in ("a", "b"))
    newest = sorted(names, reverse=True)[:NEWEST]
    for order in (first, second):
        assert [name for name in order if name in newest[:3]][:1] == order[:1] == newest[:1]
        assert set(newest) <= set(order[: 2 * NEWEST])
    assert sorted(first) == sorted(second) == names
    assert first != second


@pytest.mark.parametrize("count", [3, NEWEST, 40])
def test_each_has_its_turn_though_there_is_time_for_the_fewest_alone(count: int) -> None:
    """Where there was no time for all of the newest, the others were never compared, and the gate said that they would be."""
    names = [f"D-{number:03}" for number in range(count)]
    orders = [in_turn(names, lambda name: SINCE + timedelta(days=int(name[2:])), str, str(seed)) for seed in range(400)]
    assert {name for order in orders for name in order[:LEAST]} == set(names)
    assert {order[0] for order in orders} == {names[-1]}


def test_a_document_for_which_there_is_no_time_is_not_begun(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_numbers, "ENOUGH_S", 0.0)
    monkeypatch.setattr(kept_numbers, "LEAST", 0)
    probe = Probe(at("enacted").installation, "G1", time.monotonic() + 30)
    kept = kept_numbers.measure_kept(probe).value
    assert kept is not None
    assert (kept.compared, kept.documents, kept.differing) == (0, 1, ())
