"""The parts of pages that are made from tables of the program, and their pictures; `make pages` writes all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from console.actions.key_table import key_table
from tests.support.code_pages import code_table
from tests.support.command_pages import readme_list, reference_list
from tests.support.gate_pages import bundle_table
from tests.support.run_pages import report_table, stage_list

ROOT = Path(__file__).parents[2]


class Part(NamedTuple):
    """One part of a page, between two marks that name it."""

    page: str
    subject: str
    made: Callable[[], str]

    @property
    def begin(self) -> str:
        """The line before it."""
        return f"<!-- {self.subject}: written by make pages -->\n"

    @property
    def end(self) -> str:
        """The line behind it."""
        return f"<!-- end of {self.subject} -->\n"

    def stands_in(self, text: str) -> str:
        """Return the part as it stands in the text of its page. Raises ValueError if a mark is missing."""
        return text[text.index(self.begin) + len(self.begin) : text.index(self.end)]

    def written_into(self, text: str) -> str:
        """Return the text of its page with the part as it is made now."""
        return text.replace(self.begin + self.stands_in(text) + self.end, self.begin + self.made() + self.end)


PARTS = (
    Part("README.md", "commands", readme_list),
    Part("console/guide/reference.md", "commands", reference_list),
    Part("console/guide/reference.md", "codes of refused documents", code_table),
    Part("console/guide/reference.md", "stages", stage_list),
    Part("console/guide/reference.md", "documents of a run", report_table),
    Part("console/guide/reference.md", "keys", key_table),
    Part("console/guide/readiness-bundle.md", "gates", bundle_table),
)


PICTURES = {
    "docs/console.svg": "test_dialog[plan-120x40]",
    "docs/gates.svg": "test_readiness[gates-mixed-120x40]",
}
"""Pictures of the pages, each a snapshot that the screens' tests compare with what the console draws."""


def snapshot(name: str) -> bytes:
    """Return the picture of this test of tests/screens/test_snapshots.py."""
    return (ROOT / "snapshots" / "test_snapshots" / f"{name}.svg").read_bytes()


def main() -> None:
    """Write each part into its page, and each picture."""
    for picture, name in PICTURES.items():
        (ROOT / picture).write_bytes(snapshot(name))
    for part in PARTS:
        page = ROOT / part.page
        page.write_text(part.written_into(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
