"""Numbers and ranges that static pages write out, against the tables that they count.

Programs take such a number from its table; a page that is written by hand cannot, so this test turns red with it.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from console.backend.gates.arming_checks import ALL
from console.backend.model.gate_table import GATES, gate_range
from console.backend.model.profile_names import PROFILE_NAMES, TEXT_PROFILES
from console.backend.model.states import Phase, Stage
from console.backend.publication.pages import DOCUMENTS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")] + sorted(
    [*(ROOT / "docs").glob("*.md"), *(ROOT / "console" / "guide").glob("*.md")]
)
SOURCES = [path for suffix in ("*.py", "*.j2") for path in sorted((ROOT / "console").rglob(suffix))]
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_PAUSES = 2
COUNTS: Mapping[str, frozenset[int]] = {
    "gates": frozenset({len(GATES)}),
    "questions": frozenset({len(GATES)}),
    "phases": frozenset({len(Phase)}),
    "stages": frozenset({len(Stage)}),
    # The readiness bundle has its own, a report of a run one for each phase and pause.
    "documents": frozenset({len(DOCUMENTS), len(Phase) + _PAUSES}),
    "profiles": frozenset({len(PROFILE_NAMES)}),
}
"""What a number before these words counts. Small numbers are prose: "two gates share a document"."""
_COUNTED = re.compile(rf"\b({'|'.join(_WORDS)}|\d+) (?:readiness )?({'|'.join(COUNTS)})\b", re.IGNORECASE)
_RANGE = re.compile(r"\bG0 to G\d+|\bPRE-1 to PRE-\d+")
_LEAST = 6


def ranges() -> frozenset[str]:
    """What the ranges must be now."""
    return frozenset({gate_range(), f"PRE-1 to PRE-{len(ALL)}"})


def stale(text: str, counts: Mapping[str, frozenset[int]], legal: frozenset[str]) -> list[str]:
    """The counts and ranges of this text that are not those of the tables."""
    found = []
    for match in _COUNTED.finditer(text):
        word = match[1].casefold()
        number = int(word) if word.isdigit() else _WORDS.index(word)
        if number >= _LEAST and number not in counts[match[2].casefold()]:
            found.append(match[0])
    return found + [match[0] for match in _RANGE.finditer(text) if match[0] not in legal]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_counts_what_the_tables_hold(path: Path) -> None:
    assert stale(path.read_text(encoding="utf-8"), COUNTS, ranges()) == []


def test_no_source_writes_out_a_count_or_a_range_that_a_table_holds() -> None:
    nothing: dict[str, frozenset[int]] = dict.fromkeys(COUNTS, frozenset())
    found = {path: stale(path.read_text(encoding="utf-8"), nothing, frozenset()) for path in SOURCES}

    assert {str(path.relative_to(ROOT)): said for path, said in found.items() if said} == {}


@pytest.mark.parametrize("noun", [noun for noun, numbers in COUNTS.items() if min(numbers) >= _LEAST])
def test_one_more_in_a_table_turns_a_page_red(noun: str) -> None:
    now = max(COUNTS[noun])
    more = {noun: frozenset(number + 1 for number in numbers) for noun, numbers in COUNTS.items()}

    for text in (f"{now} {noun}", f"{_WORDS[now].capitalize()} {noun}"):
        assert stale(f"There are {text} here.", COUNTS, ranges()) == []
        assert stale(f"There are {text} here.", more, ranges()) == [text]


def test_another_range_turns_a_page_red() -> None:
    for text in ranges():
        assert stale(f"Measure {text} now.", COUNTS, ranges()) == []
        assert stale(f"Measure {text} now.", COUNTS, frozenset()) == [text]


def test_the_pages_and_the_folder_list_each_profile() -> None:
    described = re.findall(
        r"^\| `([a-z-]+)` \|.*\|$", (ROOT / "console" / "guide" / "reference.md").read_text("utf-8"), re.MULTILINE
    )
    folder = ROOT / "console" / "backend" / "documents" / "profiles"

    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(TEXT_PROFILES)
    assert set(PROFILE_NAMES) <= set(described)
    assert f"profiles `{'`, `'.join(PROFILE_NAMES)}`" in (ROOT / "README.md").read_text(encoding="utf-8")
