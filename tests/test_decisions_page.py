"""docs/decisions.md: each entry has its three lines and names tests that are there; the contents name each group."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
LINES = ("Problem", "Decision", "Tests", "Cost")
_ENTRY = re.compile(r"^### (.+)\n\n((?:- .+\n)+)", re.MULTILINE)
_FUNCTION = re.compile(r"^(?:async )?def (\w+)\(", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def entries(page: str) -> dict[str, dict[str, str]]:
    """Return the lines of each entry by its title, and each line by its first word."""
    return {
        title: dict(line.removeprefix("- ").split(": ", 1) for line in body.splitlines())
        for title, body in _ENTRY.findall(page)
    }


@cache
def functions(path: Path) -> frozenset[str]:
    """Return the names of the functions of a file that stand at the beginning of a line; none if there is no such file."""
    return frozenset(_FUNCTION.findall(path.read_text(encoding="utf-8"))) if path.is_file() else frozenset()


def missing(line: str) -> list[str]:
    """Return the tests of a line whose file or function is not there."""
    return [f"{file}::{name}" for file, name in _TEST.findall(line) if name not in functions(ROOT / file)]


def references() -> Iterator[str]:
    """Yield the entries that the sources and the other pages refer to by their titles."""
    for path in (
        *(ROOT / "console").rglob("*.py"),
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "console/guide").glob("*.md"),
    ):
        yield from re.findall(r'docs/decisions\.md,\s+"([^"]+)"', path.read_text(encoding="utf-8"))


def test_each_heading_is_an_entry_of_its_own() -> None:
    headings = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)

    assert len(headings) > 60
    assert headings == list(entries(PAGE))


def test_an_entry_has_three_lines_and_perhaps_its_cost() -> None:
    for title, lines in entries(PAGE).items():
        assert tuple(lines) in {LINES, LINES[:3]}, title
        assert all(text.endswith(".") for name, text in lines.items() if name != "Tests"), title


def test_an_entry_names_tests_that_are_there() -> None:
    for title, lines in entries(PAGE).items():
        tests = lines["Tests"]
        assert _TEST.findall(tests), title
        assert _TEST.sub("", tests).strip(", ") == "", title
        assert missing(tests) == [], title


def test_a_test_that_is_not_there_is_found() -> None:
    here = f"tests/{Path(__file__).name}"

    assert missing(f"`{here}::test_a_test_that_is_not_there_is_found`") == []
    assert missing(f"`{here}::test_of_nobody`, `tests/test_nowhere.py::test_of_nobody`") == [
        f"{here}::test_of_nobody",
        "tests/test_nowhere.py::test_of_nobody",
    ]


def test_the_contents_name_each_group_in_its_order() -> None:
    contents = re.findall(r"^- \[(.+)\]\(#(.+)\)$", PAGE, re.MULTILINE)

    assert [name for name, _ in contents] == re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert [link for _, link in contents] == [
        re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name, _ in contents
    ]


def test_what_refers_to_an_entry_finds_it() -> None:
    assert set(references()) <= set(entries(PAGE))
