"""Takes a document that a command names into the intake folder, and says so."""

from pathlib import Path

from console.backend.host.installation import Installation
from console.backend.runs.taking_in import TakenIn, take_in
from console.cli.output import narrate
from console.cli.settings import found_below


def taken_in(installation: Installation, path: Path) -> str:
    """Return the document's origin; says if it was copied. Raises Refused as `take_in` does.

    What lies in the intake folder is named without it, as `plan` takes it; a file of that name in the working directory
    comes first.
    """
    path = found_below(installation.intake, path)
    taken = take_in(installation, path)
    narrate_taken_in(path, taken)
    return taken.origin


def narrate_taken_in(path: Path, taken: TakenIn) -> None:
    """Say where a document was copied to, if it was."""
    if taken.copied_to is not None:
        narrate(f"copied {path} to {taken.copied_to}")
