"""The dialog of Reports: a folder for a copy."""

from typing import ClassVar

from console.screens.typed import TypedDialog


class FolderDialog(TypedDialog):
    """Asks for the folder that gets a copy of a report."""

    WORDS: ClassVar[str] = "Copy the report into which folder?"
    HINT: ClassVar[str] = "a folder that is there, from / on, outside reports/"

    def __init__(self, report: str) -> None:
        super().__init__()
        self._report = report

    def lines(self) -> tuple[str, ...]:
        """Return what is copied, and how."""
        return (
            self._report,
            "Every byte is compared with the sums on the way; a report that is not as it was written is not copied.",
            "The copy gets the report's own name, or a number behind it. Nothing in the folder is replaced.",
        )
