"""Takes a document that a command names into the intake folder, and says so."""

from pathlib import Path

from console.backend.host.installation import Installation
from console.backend.runs.taking_in import TakenIn, take_in
from console.cli.output import narrate


def taken_in(installation: Installation, path: Path) -> str:
    """Return the document's origin; says if it was copied. Raises Refused as `take_in` does."""
    taken = take_in(installation, path)
    narrate_taken_in(path, taken)
    return taken.origin


def narrate_taken_in(path: Path, taken: TakenIn) -> None:
    """Say where a document was copied to, if it was."""
    if taken.copied_to is not None:
        narrate(f"copied {path} to {taken.copied_to}")
