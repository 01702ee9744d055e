"""An amendment writes the differences, changes nothing before its enactment, and leaves every earlier text readable."""

from collections.abc import Iterator
from typing import Any

import pytest

from console.backend.approvals.statement import StatementAmendment
from console.backend.model.amendment import Moved
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, counts, grown, start_amendment, start_cut, stopped, walked
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_document_states import planned, read, text_of
from tests.conftest import Database

FIRST = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Gamma\n\nThird.\n\n## Beta\n\nSecond.\n"
REVISED = (
    "Preamble.\n\n# One\n\nText one.\n\n## Alpha\n\nFirst, changed.\n\n## Gamma\n\nThird.\n\n## Delta\n\nFourth.\n"
)
"""Alpha is changed, Beta gone, Delta new, and Gamma as it was."""
ANOTHER_ORDER = "Preamble.\n\n# One\n\nText one.\n\n## Gamma\n\nThird.\n\n## Alpha\n\nFirst.\n\n## Beta\n\nSecond.\n"
"""No unit of the first text differs: two stand in another order, and there is text before them."""
_IN_FORCE = "SELECT canonical_address, title, body FROM cutter_governance.v_in_force ORDER BY canonical_address"
_LOG = """
    SELECT u.canonical_address, g.from_status, g.to_status FROM public.iu_lifecycle_log g
      JOIN public.information_unit u ON u.id = g.unit_id WHERE g.run_id = %s ORDER BY 1
"""
_VERSIONS = """
    SELECT u.canonical_address, u.lifecycle_status, v.version_seq, v.lifecycle_status, v.id = u.version_anchor_ref
      FROM public.information_unit u JOIN public.unit_version v ON v.unit_id = u.id ORDER BY 1, 3
"""


def first_law(database: Database) -> tuple[SignedCut, ...]:
    """The first text, enacted."""
    law = start_cut(database, text=FIRST)
    law.enacted()
    return (law,)


@pytest.fixture
def law(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """The first text, enacted."""
    for (run,) in walked(request, first_law):
        yield run


def rows(run: SignedCut, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows as the verifier reads them."""
    with run.verifier() as connection:
        return connection.execute(query.encode(), values).fetchall()


def test_leg_a_and_b_add_the_manifest_of_the_whole_text_and_the_differences(law: SignedCut) -> None:
    amendment = start_amendment(law, REVISED)
    before = counts(law.database)
    amendment.to_second_pause()
    delta = grown(before, counts(law.database))
    assert delta == {row.table: row.rows for row in amendment.plan.expected_deltas if row.rows} | {
        "cutter_governance.verify_result": 1,
        "cutter_governance.dot_pair_signature": 2,
    }
    assert (delta["public.information_unit"], delta["public.unit_version"]) == (1, 2)


def test_drafts_of_an_amendment_change_nothing_that_is_in_force(law: SignedCut) -> None:
    amendment = start_amendment(law, REVISED)
    amendment.to_second_pause()
    assert read(law.database, _IN_FORCE) == sorted(planned(law))
    assert text_of(law) == FIRST.encode()
    assert text_of(amendment) is None


def test_the_enactment_makes_exactly_the_new_text_law_and_keeps_the_old_one_readable(law: SignedCut) -> None:
    amendment = start_amendment(law, REVISED)
    amendment.enacted()
    assert read(law.database, _IN_FORCE) == sorted(planned(amendment))
    assert text_of(amendment) == REVISED.encode()
    assert text_of(law) == FIRST.encode()
    assert rows(law, _LOG, amendment.run_id) == [
        ("ACME-LAW/ONE/ALPHA", "enacted", "enacted"),
        ("ACME-LAW/ONE/BETA", "enacted", "superseded"),
        ("ACME-LAW/ONE/DELTA", "draft", "enacted"),
    ]
    assert rows(law, _VERSIONS) == [
        ("ACME-LAW/ONE", "enacted", 1, "enacted", True),
        ("ACME-LAW/ONE/ALPHA", "enacted", 1, "superseded", False),
        ("ACME-LAW/ONE/ALPHA", "enacted", 2, "enacted", True),
        ("ACME-LAW/ONE/BETA", "superseded", 1, "superseded", True),
        ("ACME-LAW/ONE/DELTA", "enacted", 1, "enacted", True),
        ("ACME-LAW/ONE/GAMMA", "enacted", 1, "enacted", True),
    ]


def test_a_chain_of_amendments_leaves_every_text_readable_byte_for_byte(law: SignedCut) -> None:
    texts = ["# One\n\nText one.\n\n## Beta\n\nSecond.\n\n# Two\n\n## Alpha\n\nElsewhere.\n", FIRST + "\nTail.\n"]
    runs = [law]
    for number, text in enumerate(texts, 300):
        runs.append(start_amendment(law, text, number))
        runs[-1].enacted()
        assert read(law.database, _IN_FORCE) == sorted(planned(runs[-1]))
    assert [text_of(run) for run in runs] == [text.encode() for text in (FIRST, *texts)]


def test_a_reverted_amendment_leaves_the_law_and_what_readers_see(law: SignedCut) -> None:
    with law.verifier() as connection:
        before = scalar(connection, "SELECT cutter_console.fn_readers_digest()")
    amendment = start_amendment(law, REVISED)
    amendment.to_second_pause()
    amendment.reverted()
    with law.verifier() as connection:
        assert scalar(connection, "SELECT cutter_console.fn_readers_digest()") == before
    assert read(law.database, _IN_FORCE) == sorted(planned(law))
    again = start_amendment(law, REVISED, 201)
    assert again.plan.amendment is not None
    assert again.plan.amendment.returning == ("ACME-LAW/ONE/DELTA",)
    again.enacted()
    assert text_of(again) == REVISED.encode()


def test_an_amendment_is_refused_where_its_base_has_moved(law: SignedCut) -> None:
    late = start_amendment(law, REVISED)
    late.rule()
    start_amendment(law, FIRST.replace("Third", "Third, first"), 201).enacted()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


def test_an_amendment_is_refused_where_a_unit_of_its_base_was_changed_behind_the_guards(law: SignedCut) -> None:
    """No enactment came in between, so that only the digest of the units tells it."""
    late = start_amendment(law, REVISED)
    late.rule()
    late.arm()
    tamper(law.database, "UPDATE public.unit_version SET title = 'Another' WHERE title = 'Gamma'")
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


def test_an_amendment_is_refused_whose_statement_miscounts_what_it_leaves_alone(law: SignedCut) -> None:
    """The other numbers are compared with the rows that are added; this one was only signed."""
    amendment = start_amendment(law, REVISED)
    assert amendment.plan.amendment is not None
    stated = StatementAmendment.of(amendment.plan.amendment).model_dump(mode="json")
    amendment.rule("cut", {"amendment": stated | {"unchanged": stated["unchanged"] + 1}})
    amendment.arm()
    with stopped("STOP_COUNT_MISMATCH"), amendment.executor() as connection:
        amendment.apply(connection)


def test_two_amendments_of_one_document_have_no_drafts_at_the_same_time(law: SignedCut) -> None:
    late = start_amendment(law, REVISED)
    start_amendment(law, FIRST.replace("Third", "Third, first"), 201).to_second_pause()
    with law.verifier() as connection:
        refusal = scalar(connection, "SELECT cutter_console.fn_amend_refusal(%s, NULL)", law.docprefix)
    assert refusal == "ACME-LAW has drafts of another run, first ACME-LAW/ONE/GAMMA"
    late.rule()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


def test_a_stated_renumbering_becomes_an_alias(law: SignedCut) -> None:
    moved = Moved(old="ACME-LAW/ONE/BETA", new="ACME-LAW/ONE/DELTA")
    start_amendment(law, REVISED.replace("Fourth", "Second"), moved=(moved,)).enacted()
    query = "SELECT alias, canonical_address FROM cutter_governance.canonical_address_alias"
    assert rows(law, query) == [("ACME-LAW/ONE/BETA", "ACME-LAW/ONE/DELTA")]


def test_a_text_that_differs_between_its_units_and_in_their_order_becomes_law(law: SignedCut) -> None:
    """The law's last change, its title or a signature stand in no unit; the text that is in force was never that of the file."""
    amendment = start_amendment(law, ANOTHER_ORDER)
    assert amendment.plan.amendment is not None
    assert amendment.plan.amendment.counts.touched == 0
    before = rows(law, _VERSIONS)
    amendment.enacted()
    assert rows(law, _VERSIONS) == before
    assert rows(law, _LOG, amendment.run_id) == []
    assert (text_of(amendment), text_of(law)) == (ANOTHER_ORDER.encode(), FIRST.encode())
    back = start_amendment(law, FIRST, 201)
    back.to_second_pause()
    back.reverted()
    start_amendment(law, REVISED, 202).enacted()


def test_an_amendment_without_a_draft_holds_its_document_like_any_other(law: SignedCut) -> None:
    late = start_amendment(law, REVISED)
    start_amendment(law, ANOTHER_ORDER, 201).to_second_pause()
    late.rule()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)


def test_an_amendment_is_refused_where_another_text_of_the_same_units_has_become_law(law: SignedCut) -> None:
    """The digest of the units is what it was; the text that the run was planned against is not law any more."""
    late = start_amendment(law, FIRST.replace("# One", "Another preamble.\n\n# One"))
    late.rule()
    start_amendment(law, ANOTHER_ORDER, 201).enacted()
    late.arm()
    with stopped("STOP_DRIFT"), late.executor() as connection:
        late.apply(connection)
