"""A number and its noun: one of them is no plural, on the command line and in what it counts."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.model.counting import counted
from tests.support.sources import modules_with

CONSOLE = Path(__file__).parents[3] / "console"
SOURCES = sorted([*(CONSOLE / "cli").glob("*.py"), *(CONSOLE / "backend" / "reports").rglob("*.py")])
_COUNTS = ("len(", "sum(", "count", ".n_", "totals.", "days_left")
"""What the expression of a count has in it."""


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [(0, "", "0 units"), (1, "", "1 unit"), (2, "", "2 units"), (1234, ",", "1,234 units"), (1, ">7,", "      1 unit")],
)
def test_only_one_is_singular(number: int, form: str, text: str) -> None:
    assert counted(number, "unit", form) == text


def test_a_number_with_its_noun_is_written_in_one_way() -> None:
    assert counted(3601, "unit") == "3,601 units"


@pytest.mark.parametrize(
    ("noun", "text"), [("entry", "2 entries"), ("key", "2 keys"), ("day", "2 days"), ("batch", "2 batches")]
)
def test_a_y_behind_a_consonant_becomes_ie_and_behind_ch_an_e_comes_before_the_s(noun: str, text: str) -> None:
    assert counted(2, noun) == text
    assert counted(1, noun) == f"1 {noun}"


def bare_plurals(source: str) -> Iterator[str]:
    """Counts in f-strings that are followed by a plural in any case; `all 7 checks` and `6 of 7 checks` are right in any."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for before, value, text in zip([None, *node.values], node.values, node.values[1:], strict=False):
            if isinstance(before, ast.Constant) and str(before.value).endswith(("all ", " of ")):
                continue
            if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                continue
            word = str(text.value)[1:].split(" ")[0].strip(".,:;)") if str(text.value).startswith(" ") else ""
            expression = ast.unparse(value.value)
            if len(word) > 3 and word.endswith("s") and word.isalpha() and any(part in expression for part in _COUNTS):
                yield f"{{{expression}}} {word}"


def hand_made_plurals(tree: ast.Module) -> Iterator[str]:
    """Expressions that add an s to a noun, or leave it out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp):
            values = {part.value for part in (node.body, node.orelse) if isinstance(part, ast.Constant)}
            if values == {"", "s"}:
                yield ast.unparse(node)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_command_and_no_report_writes_a_plural_behind_any_number(path: Path) -> None:
    assert list(bare_plurals(path.read_text("utf-8"))) == []


def test_no_source_makes_a_plural_by_hand() -> None:
    found = {module: list(hand_made_plurals(tree)) for module, tree in modules_with('"s"', "'s'")}
    assert {module: plurals for module, plurals in found.items() if plurals} == {}


def test_such_plurals_are_found() -> None:
    assert list(bare_plurals('f"{len(plan.suspects)} suspects: lines"')) == ["{len(plan.suspects)} suspects"]
    assert list(bare_plurals('f"all {len(checks)} checks hold, {len(rows)} rows"')) == ["{len(rows)} rows"]
    assert list(hand_made_plurals(ast.parse("""said = f"unit{'' if n == 1 else 's'}" """))) == ["'' if n == 1 else 's'"]
    assert list(hand_made_plurals(ast.parse("said = 'unit' + ('s' if n != 1 else '')"))) == ["'s' if n != 1 else ''"]
    assert list(hand_made_plurals(ast.parse("said = 'one' if n == 1 else ''"))) == []
