"""docs/enforcement.md: each sentence says what holds it, and names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "enforcement.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d", line)]
DEFINED = set(
    re.findall(
        r"def (test_\w+)", "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    )
)


def test_each_sentence_says_what_holds_it_and_how() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    for _, sentence, held_by, how, _ in ROWS:
        assert sentence.endswith(".")
        assert set(held_by.split(", ")) <= {"database", "console", "nobody"}, sentence
        assert how


def test_each_sentence_names_tests_that_exist() -> None:
    for row in ROWS:
        named = re.findall(r"`(test_\w+)`", row[4])
        assert named, row[1]
        assert set(named) <= DEFINED, row[1]
