"""A number and its noun: one of them is no plural, on the command line and in what it counts."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from console.backend.model.counting import counted

CONSOLE = Path(__file__).parents[3] / "console"
SOURCES = sorted((CONSOLE / "cli").glob("*.py"))
_COUNTS = ("len(", "sum(", "count", ".n_", "totals.", "days_left")
"""What the expression of a count has in it."""


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [(0, "", "0 units"), (1, "", "1 unit"), (2, "", "2 units"), (1234, ",", "1,234 units"), (1, ">7,", "      1 unit")],
)
def test_only_one_is_singular(number: int, form: str, text: str) -> None:
    assert counted(number, "unit", form) == text


def bare_plurals(source: str) -> Iterator[str]:
    """Counts in f-strings that are followed by a plural in any case."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in pairwise(node.values):
            if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                continue
            word = str(text.value)[1:].split(" ")[0].strip(".,:;)") if str(text.value).startswith(" ") else ""
            expression = ast.unparse(value.value)
            if len(word) > 3 and word.endswith("s") and word.isalpha() and any(part in expression for part in _COUNTS):
                yield f"{{{expression}}} {word}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_command_writes_a_plural_behind_any_number(path: Path) -> None:
    assert list(bare_plurals(path.read_text("utf-8"))) == []


def test_such_a_plural_is_found() -> None:
    assert list(bare_plurals('f"{len(plan.suspects)} suspects: lines"')) == ["{len(plan.suspects)} suspects"]
