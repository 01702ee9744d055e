"""Labels with texts behind them, wrapped to a width."""

import pytest

from console.widgets.line import Span, line, plain
from console.widgets.wrap import labelled

BEGINS = line(Span("can be undone. ", "good"))


def test_each_further_row_begins_below_the_text_also_where_that_begins_in_another_tone() -> None:
    first, second = labelled("undo", "Disarm ends it at once", 30, column=9, begins=BEGINS)
    assert [plain(first), plain(second)] == ["undo     can be undone. Disarm ", "         ends it at once"]
    assert [span.tone for span in first] == ["muted", "good", "plain"]
    assert "".join(span.text for span in (*first[1:], *second[1:])) == "can be undone. Disarm ends it at once"


@pytest.mark.parametrize("width", range(12, 60))
def test_whatever_the_width_no_word_is_lost(width: int) -> None:
    rows = labelled("undo", "Disarm ends it at once", width, column=9, begins=BEGINS)
    assert " ".join("".join(plain(row) for row in rows).split()) == "undo can be undone. Disarm ends it at once"
