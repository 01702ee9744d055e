"""A revised text is compared with the newest enacted state, as the monitoring role reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from console.backend.documents.planning import PlanResult, plan_document
from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import amendment_lines
from console.backend.model.compared_unit import base_digest
from console.backend.model.diff_text import DiffKind
from console.backend.model.errors import Refused
from console.backend.model.written_plan import pieces_between, text_between
from console.backend.postgres.connections import connect, scalar
from console.backend.postgres.document_states import state_pieces, state_text
from console.backend.runs.amendments import plan_amendment
from console.backend.runs.revision import Revision, compare_with_law
from console.backend.runs.state_comparison import compare_states
from tests.backend.postgres.signed_cut import SignedCut, start_amendment, start_cut, start_edit, walked
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.passage import DOCPREFIX, REQUEST, TEXT, Passage
from tests.support.plans import accepted

LONG = "The register is kept by the office in the form in which it was entered."
FIRST = f"# One\n\nText one.\n\n## Register\n\n{LONG}\n\n# Two\n\nText two.\n\n## Fees\n\nSecond.\n"
RENUMBERED = f"# One\n\nText one.\n\n# Two\n\nText two.\n\n## Register\n\n{LONG}\n\n## Fees\n\nSecond.\n"
OLD, NEW = "ACME-LAW/ONE/REGISTER", "ACME-LAW/TWO/REGISTER"
SIGNATURE = "TM. CHÍNH PHỦ\n\nNguyễn Văn A\n\n"
_SIGNED = "Điều 1. Thuyền\n\nMột thuyền.\n\n{}Điều 2. Hồ\n\nMột hồ.\n\n{}PHỤ LỤC I\n\nBẢNG\n\nMột bảng.\n"
SIGNED_FIRST, SIGNED_LAST = _SIGNED.format(SIGNATURE, ""), _SIGNED.format("", SIGNATURE)
_BEGAN = "SELECT in_force_from FROM cutter_governance.v_document_state WHERE run_id = %s"


def planned_text(text: str) -> PlanResult:
    """A text of the layout in which a signature can stand between articles."""
    return plan_document(text.encode(), origin="file:a.md", docprefix="ACME-LAW", profile="vi-law")


def law_began(law: SignedCut) -> datetime:
    """The moment from which a law is in force."""
    with connect(law.database.conninfo("cutter_ro"), read_only=True) as connection:
        began = scalar(connection, _BEGAN, law.run_id)
    assert isinstance(began, datetime)
    return began


@dataclass(frozen=True)
class Office:
    """An enacted document, and the host that its revised texts are compared on."""

    law: SignedCut
    installation: Installation

    def compared(self, text: str, *moved: Moved) -> Revision:
        """The text beside the law; what a run would be planned with is the same."""
        planned = plan_document(text.encode(), origin="file:a.md", docprefix=self.law.docprefix, profile="atx")
        revision = compare_with_law(self.installation, accepted(planned), planned.canonical, moved)
        with connect(self.law.database.conninfo("cutter_exec"), read_only=True) as connection:
            if revision.report().is_same_text:
                with pytest.raises(Refused, match="it is the one that is law"):
                    plan_amendment(connection, accepted(planned), moved)
            else:
                assert plan_amendment(connection, accepted(planned), moved) == revision.amendment
        return revision


def law_of_the_office(database: Database) -> tuple[SignedCut, ...]:
    """The first text, enacted."""
    law = start_cut(database, text=FIRST)
    law.enacted()
    return (law,)


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """The first text is law."""
    for (law,) in walked(request, law_of_the_office):
        yield Office(law, host(law.database, tmp_path))


def host(database: Database, root: Path) -> Installation:
    """A host that may only monitor the database."""
    roles = DatabaseSettings(monitor=database.conninfo("cutter_ro"), executor="", verifier="", administrator="")
    return Installation(Context(root=root), Settings(database=roles), "tester")


def test_the_base_is_what_the_database_computes(office: Office) -> None:
    comparison = office.compared(FIRST).comparison
    with connect(office.law.database.conninfo("cutter_exec"), read_only=True) as connection:
        digest = scalar(connection, "SELECT cutter_console.fn_base_digest(%s)", office.law.docprefix)
    assert comparison.base_digest == base_digest(comparison.new) == digest
    assert comparison.is_empty
    assert [unit.address for unit in comparison.old] == [unit.address for unit in comparison.new]


def test_an_edited_draft_is_compared_as_it_was_enacted(database: Database, tmp_path: Path) -> None:
    law = start_cut(database, text=FIRST)
    law.to_second_pause()
    start_edit(law).edited()
    law.verify()
    law.lawful()
    changed = Office(law, host(database, tmp_path)).compared(FIRST).comparison.changed
    assert [(unit.address, unit.old.title, unit.old.body) for unit in changed] == [
        (law.units[-1].address, "Edited", "Edited.\n")
    ]


def test_a_renumbering_is_proposed_and_only_a_stated_one_is_part_of_the_amendment(office: Office) -> None:
    revision = office.compared(RENUMBERED)
    assert [(pair.old.address, pair.new.address) for pair in revision.comparison.renumberings] == [(OLD, NEW)]
    assert revision.amendment.moved == ()
    report = revision.report()
    assert [pair.argument for pair in report.renumberings] == [f"--moved {OLD}={NEW}"]
    moved = Moved(old=OLD, new=NEW)
    stated = office.compared(RENUMBERED, moved)
    assert stated.amendment.moved == (moved,)
    assert stated.report().renumberings == ()
    assert len(stated.report().deltas_at_enactment) == len(report.deltas_at_enactment) + 1


def test_what_differs_in_no_unit_is_said(office: Office) -> None:
    """The order of the units, and a title or a date that stands in none of them: it is part of the text that becomes law."""
    same = office.compared(FIRST).report()
    assert (same.between, same.is_same_text) == ((), True)
    report = office.compared(f"Of 2 March.\n\n{FIRST}").report()
    assert report.between_lines[-1].strip() == "{+Of 2 March.+}"
    assert not report.is_same_text
    start_amendment(office.law, f"Of 2 March.\n\n{FIRST}").enacted()
    lines = amendment_lines(office.compared(f"Of 3 March.\n\n{FIRST}").report())
    assert "    Of [-2-]{+3+} March." in lines
    assert not any("nothing to amend" in line for line in lines)
    assert "the text between the units differs in space and line ends alone" in amendment_lines(
        office.compared(f"Of  2 March.\n\n{FIRST}").report()
    )


def test_what_stands_between_the_units_is_compared_by_its_places(database: Database, tmp_path: Path) -> None:
    """A signature that stands behind another article is another text; the pieces joined are the same. What the database
    has of the law by places is what the plan of its text has."""
    law = start_cut(database, text=SIGNED_LAST, profile="vi-law")
    law.enacted()
    with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
        pieces = state_pieces(connection, law.run_id)
    first, second = (planned_text(text) for text in (SIGNED_LAST, SIGNED_FIRST))
    assert pieces == {
        place: piece.decode() for place, piece in pieces_between(accepted(first), first.canonical).items()
    }
    assert text_between(accepted(first), first.canonical) == text_between(accepted(second), second.canonical)
    report = compare_with_law(host(database, tmp_path), accepted(second), second.canonical).report()
    assert (report.counts, report.is_same_text) == ("3 unchanged, 0 changed, 0 new, 0 gone", False)
    assert report.between_lines == (
        "the text between the units differs; no row is written for that alone",
        "  behind ACME-LAW/DIEU-1, until now behind ACME-LAW/DIEU-2",
        "    TM. CHÍNH PHỦ Nguyễn Văn A",
    )
    start_amendment(law, SIGNED_FIRST, profile="vi-law").enacted()
    states = compare_states(host(database, tmp_path), "ACME-LAW", law_began(law), None)
    assert (states.unchanged, states.changed) == (3, ())
    assert states.between is not None
    (moved,) = states.between
    assert (moved.old_place, moved.new_place) == ("ACME-LAW/DIEU-2", "ACME-LAW/DIEU-1")
    assert [(part.kind, part.text) for part in moved.parts] == [(DiffKind.KEPT, SIGNATURE)]
    tamper(database, "UPDATE cutter_governance.manifest_seal SET other_text = NULL")
    assert compare_with_law(host(database, tmp_path), accepted(second), second.canonical).report().between is None
    assert compare_states(host(database, tmp_path), "ACME-LAW", law_began(law), None).between is None


def test_an_address_that_was_law_before_returns(office: Office) -> None:
    start_amendment(office.law, RENUMBERED).enacted()
    revision = office.compared(FIRST)
    assert (revision.state.number, revision.amendment.new, revision.amendment.gone) == (2, (OLD,), (NEW,))
    assert revision.amendment.returning == (OLD,)
    deltas = {delta.table: delta.rows for delta in revision.report().deltas_at_cut}
    assert (deltas["public.information_unit"], deltas["public.unit_version"]) == (0, 1)


def test_drafts_of_a_run_are_no_part_of_the_base(office: Office) -> None:
    start_amendment(office.law, RENUMBERED).to_second_pause()
    planned = plan_document(FIRST.encode(), origin="file:a.md", docprefix="ACME-LAW", profile="atx")
    revision = compare_with_law(office.installation, accepted(planned), planned.canonical)
    assert revision.comparison.is_empty
    assert revision.state.run_id == office.law.run_id


def test_nothing_of_another_document_is_compared(office: Office) -> None:
    start_cut(office.law.database, "ACME-LAWS", number=2).enacted()
    assert office.compared(FIRST).comparison.is_empty


def test_the_screens_get_the_same_report_as_the_command_line(at: Callable[[str], Passage]) -> None:
    passage = at("enacted")
    text = TEXT.replace("Second.", "Second, changed.")
    plan = passage.backend.plan(passage.write("law-2.md", text), DOCPREFIX, "atx", ordinals=False)
    assert plan.document is not None
    report = passage.backend.compare(plan)
    assert report == compare_with_law(passage.installation, plan.document, text.encode()).report()
    assert report is not None
    assert report.counts == "2 unchanged, 1 changed, 0 new, 0 gone"


def test_nothing_is_compared_for_a_screen_if_nothing_is_law_or_planned(at: Callable[[str], Passage]) -> None:
    passage = at("waits for SG_2")
    assert passage.backend.compare(passage.backend.plan(REQUEST.origin, DOCPREFIX, "atx", ordinals=False)) is None
    refused = passage.backend.plan(passage.write("bad.md", "# One\n\n# One\n"), DOCPREFIX, "atx", ordinals=False)
    assert passage.backend.compare(refused) is None


def test_a_document_that_is_no_law_is_refused(database: Database, tmp_path: Path) -> None:
    drafts = start_cut(database, text=FIRST)
    drafts.to_second_pause()
    with pytest.raises(Refused, match="nothing of ACME-LAW is law"):
        Office(drafts, host(database, tmp_path)).compared(FIRST)


def test_the_law_as_a_signed_edit_has_made_it_is_not_amended_into_itself(database: Database) -> None:
    """It is not the text that was pinned, and byte for byte what is law."""
    law = start_cut(database, text=FIRST)
    law.to_second_pause()
    start_edit(law, body=b"## Fees\n\nEdited.\n", title="Fees").edited()
    law.verify()
    law.lawful()
    with connect(database.conninfo("cutter_exec"), read_only=True) as connection:
        text = state_text(connection, law.run_id)
        assert text not in {None, FIRST.encode()}
        planned = plan_document(text or b"", origin="file:a.md", docprefix=law.docprefix, profile="atx")
        with pytest.raises(Refused, match="it is the one that is law"):
            plan_amendment(connection, accepted(planned))
        planned = plan_document(
            b"Of today.\n\n" + (text or b""), origin="file:a.md", docprefix=law.docprefix, profile="atx"
        )
        assert plan_amendment(connection, accepted(planned)).counts.touched == 0
