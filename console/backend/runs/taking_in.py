"""Takes a document from another folder into the intake folder, where runs read it."""

from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.limits import limits_of
from console.backend.host.durable import write_durably
from console.backend.host.installation import Installation
from console.backend.model.errors import Refused, StopCode
from console.backend.model.value import Value


class TakenIn(Value):
    """A document that lies in the intake folder."""

    origin: str
    copied_to: Path | None
    """The file that was made; None if it was there."""


def take_in(installation: Installation, path: Path) -> TakenIn:
    """Return the document's origin; a file from another folder is copied into the intake folder, never over another.

    Raises Refused if the file does not exist, or if the intake folder has another text of its name.
    """
    intake_file = installation.intake / path.name
    if not path.exists():
        raise _not_there(path, intake_file)
    # Read before it is copied: a file that is refused leaves nothing in the intake folder.
    source = intake.read_source(path, folder=path.parent, limits=limits_of(installation.settings))
    if intake_file.exists() and intake_file.read_bytes() != source.raw:
        raise Refused(
            StopCode.REFUSED_INPUT, f"{intake_file} is there with other content", "Give the document another file name."
        )
    is_new = not intake_file.exists()
    if is_new:
        try:
            write_durably(intake_file, source.raw)
        except OSError as error:
            raise Refused(
                StopCode.REFUSED_INPUT, f"{intake_file}: {error.strerror}", "Put the document there yourself."
            ) from error
    return TakenIn(origin=f"file:{path.name}", copied_to=intake_file if is_new else None)


def _not_there(path: Path, intake_file: Path) -> Refused:
    """Return the refusal of a missing file; it names the file of that name in the intake folder, if there is one."""
    message = f"{path.absolute()} does not exist"
    if path.name and intake_file.is_file():
        return Refused(
            StopCode.REFUSED_INPUT, message, f"The intake folder has one of that name; give it as {intake_file}"
        )
    return Refused(
        StopCode.REFUSED_INPUT,
        f"{message}, and {intake_file.parent} has no {path.name or 'document'} either",
        f"Give the file's whole path; see what is there: ls {path.absolute().parent} {intake_file.parent}",
    )
