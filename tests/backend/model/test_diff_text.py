"""A difference in plain text has every change of words in its marks, and leaves out only what is the same."""

import re

from hypothesis import given

from console.backend.documents.word_diff import word_diff
from console.backend.model.diff_text import DiffKind, diff_lines, space_changes
from tests.backend.documents.test_word_diff import TEXTS

LONG = " ".join(["unchanged"] * 40)


def shown(old: str, new: str) -> list[str]:
    """The lines of a difference."""
    return diff_lines(word_diff(old, new))


@given(TEXTS, TEXTS)
def test_every_changed_word_is_in_its_marks(old: str, new: str) -> None:
    parts = word_diff(old, new)
    text = " ".join(diff_lines(parts))
    for kind, opening, closing in ((DiffKind.REMOVED, "[-", "-]"), (DiffKind.ADDED, "{+", "+}")):
        for part in parts:
            words = " ".join(part.text.split())
            assert part.kind is not kind or not words or f"{opening}{words}{closing}" in text


@given(TEXTS, TEXTS)
def test_there_are_lines_exactly_where_words_differ(old: str, new: str) -> None:
    parts = word_diff(old, new)
    changes = [part for part in parts if part.kind is not DiffKind.KEPT]
    assert bool(diff_lines(parts)) == any(part.text.strip() for part in changes)
    assert bool(changes) == bool(diff_lines(parts) or space_changes(parts))
    assert all(line.strip() == line and "\n" not in line for line in diff_lines(parts))


def test_a_change_stands_between_what_stays() -> None:
    assert shown("Der Halter zahlt\n30 Euro.", "Der Halter zahlt 300 Euro und haftet.") == [
        "Der Halter zahlt [-30-]{+300+} Euro {+und haftet+}."
    ]


def test_long_unchanged_stretches_are_shortened_and_begin_another_line() -> None:
    lines = shown(f"{LONG} old {LONG} here {LONG}", f"{LONG} new {LONG} there {LONG}")
    assert len(lines) == 2
    assert [re.findall(r"\[-.*?-\]\{\+.*?\+\}", line) for line in lines] == [["[-old-]{+new+}"], ["[-here-]{+there+}"]]
    assert all(line.startswith("… ") and line.endswith(" …") and len(line) < 200 for line in lines)


def test_line_ends_alone_are_counted_and_not_shown() -> None:
    parts = word_diff("one\ntwo\nthree four", "one two three\nfour")
    assert diff_lines(parts) == []
    assert space_changes(parts) == 3
