"""The mark that a console follows is another one after each thing that `psql` can do too, and costs no transaction that stays open."""

from console.backend.postgres.pulse import Pulse
from tests.backend.postgres.signed_cut import SignedCut


def test_a_ruling_that_was_imported_by_itself_is_another_mark(cut: SignedCut) -> None:
    """The console records an event with it, psql does not."""
    with Pulse(cut.database.conninfo("cutter_ro")) as pulse:
        before = pulse.mark()
        assert pulse.mark() == before
        cut.rule()
        assert pulse.mark() != before


def test_a_lease_that_was_opened_by_itself_is_another_mark(cut: SignedCut) -> None:
    cut.rule()
    with Pulse(cut.database.conninfo("cutter_ro")) as pulse:
        before = pulse.mark()
        cut.arm()
        assert pulse.mark() != before
