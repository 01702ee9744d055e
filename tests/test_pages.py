"""Parts of pages that are made from the program's tables: up to date, and found again by their marks."""

import re

import pytest

from console.backend.gates.registry import GATES
from console.backend.model.states import Phase
from console.backend.publication.pages import DOCUMENTS
from tests.support.gate_pages import bundle_table
from tests.support.pages import PARTS, PICTURES, ROOT, Part, snapshot

PER_PART = pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.page}, {part.subject}")


@PER_PART
def test_a_page_has_what_the_tables_say(part: Part) -> None:
    """`make pages` writes it."""
    assert part.stands_in((ROOT / part.page).read_text("utf-8")) == part.made()


@PER_PART
def test_writing_changes_what_is_between_the_marks_alone(part: Part) -> None:
    page = f"Before.\n\n{part.begin}an old list\n{part.end}\nBehind.\n"

    assert part.written_into(page) == f"Before.\n\n{part.begin}{part.made()}{part.end}\nBehind.\n"


def test_the_pictures_of_the_pages_are_what_the_console_draws() -> None:
    """The snapshots are compared with the screens; these are their bytes. `make pages` copies them."""
    named = {
        f"docs/{name}"
        for page in ("README.md", "console/guide/operator-guide.md")
        for name in re.findall(r"\]\((?:\.\./\.\./)?docs/([\w-]+\.svg)\)", (ROOT / page).read_text("utf-8"))
    }
    assert named == PICTURES.keys() == {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.svg")}
    assert [name for name in named if (ROOT / name).read_bytes() != snapshot(PICTURES[name])] == []


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        PARTS[0].written_into("A page without a mark.\n")


def test_the_bundles_table_has_each_document_with_its_gates() -> None:
    rows = {cells[1].strip(" `"): cells[3] for cells in (line.split("|") for line in bundle_table().splitlines()[2:])}

    assert list(rows) == [file for file, _, _ in DOCUMENTS]
    for file, _, ids in DOCUMENTS:
        assert [gate.id for gate in GATES if f"**{gate.id}** {gate.question}" in rows[file]] == list(ids)


def test_the_readme_lists_each_phase_with_its_number() -> None:
    """Its table says more of each phase than the program knows, so it is written by hand."""
    listed = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)

    assert listed == [(str(phase.number), phase.value) for phase in Phase]
