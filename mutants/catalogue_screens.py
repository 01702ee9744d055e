"""Protections of the screens: filters hide nothing that fails without a word, and no letter of one acts."""

from mutants.mutant import Mutant

_NARROWING, _BAR = "console/widgets/narrowing.py", "console/widgets/filter_bar.py"


def _find(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/screens/test_find.py::test_{name}" for name in names)


_COUNTED = (
    "tests/widgets/test_narrowing.py::test_whatever_is_typed_no_row_that_fails_is_hidden_without_being_counted",
)

SCREENS = (
    Mutant(
        "filter: rows that fail are counted where a filter hides them",
        _NARROWING,
        "    hidden = Counter(row.alarm for index, row in enumerate(rows) if index not in shown and row.alarm)\n",
        "    hidden = Counter(row.alarm for index, row in enumerate(rows) if index not in shown and row.alarm and row.shows)\n",
        _COUNTED,
    ),
    Mutant(
        "filter: as long as a row is hidden the border says so, whoever hides it",
        _NARROWING,
        "    if not needle.text and not narrowing.hides:\n",
        "    if not needle.text:\n",
        _COUNTED,
    ),
    Mutant(
        "filter: numbers are never shortened",
        _NARROWING,
        "    room = width - cell_len(numbers) - 2\n",
        "    numbers, room = shortened(numbers, width), 4\n",
        _COUNTED,
    ),
    Mutant(
        "filter: a FAIL behind an outcome that was not measured is counted as FAIL",
        "console/screens/gates_text.py",
        '    alarm = Outcome.FAIL.value if item.hides_a_fail else item.outcome.value if item.outcome is not Outcome.PASS else ""\n',
        '    alarm = item.outcome.value if item.outcome is not Outcome.PASS else ""\n',
        _find("a_fail_behind_what_could_not_be_measured_is_counted_where_a_filter_hides_it"),
    ),
    Mutant(
        "filter: its field takes every key before a binding does",
        _BAR,
        "        if isinstance(event, events.Key):\n            self._handle(event)\n",
        "        if isinstance(event, events.Key) and event.is_printable:\n            self._handle(event)\n",
        _find("no_key_acts_while_a_filter_is_typed_but_the_stop_key"),
    ),
    Mutant(
        "filter: nothing takes the focus from what is typed",
        "console/screens/base.py",
        "        if self.filter_bar is None or not self.filter_bar.keeps_from(widget):\n",
        "        if True:\n",
        _find("no_key_acts_while_a_filter_is_typed_but_the_stop_key"),
    ),
)
