"""Drafts are kept as the bytes of the file that a signer reads; each is read from its line when it is asked for."""

import json

import pytest
from pydantic import TypeAdapter

from console.backend.model.draft_units import DraftUnit, DraftUnits
from console.backend.model.kept_lines import KeptLines

_LINES = tuple(f"A/{n}\t\tlaw_unit\tarticle\t{n}\tTitle\u2028{n}\t{n:064}" for n in range(5))


def test_the_lines_are_those_that_were_kept_and_those_of_the_file() -> None:
    kept = KeptLines(_LINES)
    assert tuple(kept) == _LINES == tuple(KeptLines.of_file(kept.data))
    assert (len(kept), kept[0], kept[-1], kept[1:3]) == (5, _LINES[0], _LINES[-1], _LINES[1:3])
    assert kept.data == "\n".join(_LINES).encode()
    with pytest.raises(IndexError):
        kept[5]


def test_a_line_break_within_a_line_makes_no_line_more() -> None:
    """A title that somebody has planted in the database must not change the number of drafts."""
    kept = KeptLines(("a\nb", "c"))
    assert tuple(kept) == ("a\nb", "c")
    assert len(KeptLines.of_file(kept.data)) == 3


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        KeptLines.of_file(b"a\n\xff")


def test_no_lines_are_no_bytes_and_a_file_of_none_has_an_empty_line() -> None:
    assert (len(KeptLines(())), KeptLines(()).data) == (0, b"")
    assert tuple(KeptLines.of_file(b"")) == ("",)


def test_drafts_are_read_from_their_lines() -> None:
    drafts = DraftUnits(KeptLines(_LINES))
    units = tuple(DraftUnit(address=f"A/{n}", title=f"Title<U+2028>{n}", body_sha256=f"{n:064}") for n in range(5))
    assert drafts == units == tuple(drafts)
    assert (drafts[1], drafts[1:3]) == (units[1], units[1:3])
    assert DraftUnits.of(units) == units
    written = TypeAdapter(DraftUnits).dump_json(drafts)
    assert json.loads(written) == [unit.model_dump() for unit in units]


@pytest.mark.parametrize("line", ["", "one\ttwo", "\t".join("abcdefgh")])
def test_a_line_with_other_fields_among_them_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="fields"):
        DraftUnits(KeptLines((*_LINES, line)))
