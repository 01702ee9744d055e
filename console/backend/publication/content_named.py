"""Reports whose directory is named by their content: written once, whole, and compared where they are there already."""

from collections.abc import Mapping
from pathlib import Path

from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.shell_word import shell_word
from console.backend.publication.publishing import Draft, published
from console.backend.publication.sums import SIGNATURE, SUMS


class _TakenMeanwhile(Exception):
    """Another console has written the same report since we looked."""


def write_once(directory: Path, files: Mapping[str, bytes], command: str) -> bool:
    """Write a report, its sums among the files, whole or not at all. Return False if the same one is there already.

    Raises Drifted, naming the file, if the one that is there is not what was written; Refused if another console writes it
    now, with the `command` that writes it again; Unpublished if the folder cannot be written.
    """
    if not directory.exists() and _is_written(directory, files, command):
        return True
    _require_same(directory, files)
    return False


def _is_written(directory: Path, files: Mapping[str, bytes], command: str) -> bool:
    try:
        with published(directory.parent, directory.name, again=True) as draft:
            _fill(draft, directory.name, files)
    except _TakenMeanwhile:
        if directory.exists():
            return False
        message = f"another console is writing {directory.name} now"
        raise Refused(StopCode.LOCKED, message, f"When it has ended, write it again: {command}") from None
    return True


def _fill(draft: Draft, name: str, files: Mapping[str, bytes]) -> None:
    # `published` has numbered the draft, so the name was taken after we looked.
    if draft.name != name:
        raise _TakenMeanwhile
    for file, data in files.items():
        if file != SUMS:
            draft.write(file, data)
    draft.write_sums()


def _require_same(directory: Path, files: Mapping[str, bytes]) -> None:
    """Compare every byte of every file. Raises Drifted. A signature of the sums may lie beside them."""
    for name in sorted(files.keys() | {path.name for path in directory.iterdir()} - {SIGNATURE}):
        path = directory / name
        if name not in files:
            raise _altered(directory, f"{name} is no file of this report")
        if path.is_symlink() or not path.is_file():
            raise _altered(directory, f"{name} is missing")
        if path.read_bytes() != files[name]:
            raise _altered(directory, f"{name} is not what was written")


def _altered(directory: Path, problem: str) -> Drifted:
    return Drifted(
        StopCode.DRIFT,
        f"{directory}: {problem}",
        f"Keep it aside, then write the report again: mv {shell_word(str(directory))} {shell_word(f'{directory}.altered')}",
    )
