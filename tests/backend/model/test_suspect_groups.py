"""Suspects in groups: one entry per quotation, and none of them left out."""

from hypothesis import given
from hypothesis import strategies as st

from console.backend.model.plan import Suspect, SuspectReason
from console.backend.model.suspect_groups import grouped

_SUSPECTS = st.lists(
    st.builds(
        Suspect,
        line=st.integers(1, 99),
        reason=st.sampled_from([SuspectReason.QUOTED, SuspectReason.IN_ANNEX, SuspectReason.SPELLING]),
        text=st.just("1."),
        swallowed_by=st.sampled_from(["LAW/DIEU-1", "LAW/DIEU-2"]),
    ),
    max_size=30,
).map(tuple)


def suspect(line: int, reason: SuspectReason, unit: str = "LAW/DIEU-1") -> Suspect:
    """A suspect of one line."""
    return Suspect(line=line, reason=reason, text=f"{line}.", swallowed_by=unit)


def test_the_lines_of_one_quotation_are_one_entry() -> None:
    quoted = [suspect(line, SuspectReason.QUOTED) for line in (4, 5, 9)]
    other = [suspect(12, SuspectReason.QUOTED, "LAW/DIEU-2"), suspect(20, SuspectReason.QUOTED, "LAW/DIEU-2")]
    groups = grouped((*quoted, suspect(10, SuspectReason.SPELLING), suspect(11, SuspectReason.SPELLING), *other))
    assert [(group.lines, len(group.suspects)) for group in groups] == [("4-9", 3), ("10", 1), ("11", 1), ("12-20", 2)]


@given(_SUSPECTS)
def test_no_suspect_is_left_out(suspects: tuple[Suspect, ...]) -> None:
    assert tuple(suspect for group in grouped(suspects) for suspect in group.suspects) == suspects
    assert all(len({(s.reason, s.swallowed_by) for s in group.suspects}) == 1 for group in grouped(suspects))
