"""Every state that was in force can be read: which units, which versions, from when to when, and the whole text."""

from datetime import UTC, datetime
from typing import Any

from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, start_cut, start_edit
from tests.conftest import Database

AROUND = "Stands before every unit.\n\n# One\n\nText one.\n\n## Alpha\n\nFirst: Điều 1 § 2.\n\n## Beta\n\nSecond.\n"
_STATES = (
    "SELECT docprefix, run_id, operation, state, in_force_until FROM cutter_governance.v_document_state ORDER BY 1, 4"
)
_IN_FORCE = "SELECT canonical_address, title, body FROM cutter_governance.v_in_force ORDER BY canonical_address"
_AT = "SELECT canonical_address, title, body FROM cutter_governance.fn_in_force(%s) ORDER BY docprefix, seq"


def read(database: Database, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows as the monitoring role reads them."""
    with database.connect("cutter_ro") as connection:
        return connection.execute(query.encode(), values).fetchall()


def text_of(run: SignedCut) -> bytes | None:
    """The whole text of the run's state, as the monitoring role reads it."""
    with run.database.connect("cutter_ro") as connection:
        text = scalar(connection, "SELECT cutter_governance.fn_state_text(%s)", run.run_id)
    assert text is None or isinstance(text, bytes)
    return text


def planned(run: SignedCut) -> list[tuple[str, str, str]]:
    """Address, title and body of each planned unit, in the order of the text."""
    return [(unit.address, unit.title, run.body(unit)) for unit in run.units]


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def test_drafts_are_in_force_for_nobody(cut: SignedCut) -> None:
    cut.to_second_pause()
    assert read(cut.database, _STATES) == read(cut.database, _IN_FORCE) == read(cut.database, _AT, now()) == []
    assert text_of(cut) is None


def test_what_was_enacted_is_in_force_from_then_on(cut: SignedCut) -> None:
    cut.to_second_pause()
    before = now()
    cut.lawful()
    assert read(cut.database, _STATES) == [("ACME-LAW", cut.run_id, "cut", 1, None)]
    assert read(cut.database, _IN_FORCE) == sorted(planned(cut))
    assert read(cut.database, _AT, now()) == planned(cut)
    assert read(cut.database, _AT, before) == []


def test_the_whole_text_of_a_state_is_the_text_that_was_pinned_byte_for_byte(database: Database) -> None:
    run = start_cut(database, text=AROUND)
    assert run.plan.document.coverage.other_bytes > 0
    run.enacted()
    assert text_of(run) == run.canonical == AROUND.encode()


def test_the_text_of_a_state_has_the_edited_bodies(cut: SignedCut) -> None:
    cut.to_second_pause()
    edit = start_edit(cut)
    edit.edited()
    cut.verify()
    cut.lawful()
    last = cut.units[-1]
    assert read(cut.database, _IN_FORCE)[-1] == (last.address, "Edited", "Edited.\n")
    assert text_of(cut) == cut.canonical[: last.byte_start] + b"Edited.\n" + cut.canonical[last.byte_end :]
    units = "SELECT address FROM cutter_governance.fn_state_units(%s) WHERE edited_by = %s"
    assert read(cut.database, units, cut.run_id, edit.run_id) == [(last.address,)]


def test_drafts_that_were_taken_back_are_in_no_state(cut: SignedCut) -> None:
    cut.to_second_pause()
    cut.reverted()
    assert read(cut.database, _STATES) == read(cut.database, _IN_FORCE) == []
    assert text_of(cut) is None


def test_one_document_is_no_part_of_another_s_state(database: Database) -> None:
    first = start_cut(database)
    first.enacted()
    second = start_cut(database, "ACME-LAWS", number=2)
    second.enacted()
    assert [row[:2] for row in read(database, _STATES)] == [("ACME-LAW", first.run_id), ("ACME-LAWS", second.run_id)]
    assert read(database, _IN_FORCE) == sorted(planned(first) + planned(second))
    assert text_of(first) == first.canonical
