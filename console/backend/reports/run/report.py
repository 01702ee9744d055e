"""Writes the report of a run, whole or not at all, into a directory that is named by the content."""

from pathlib import Path

from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.readiness import ReportView
from console.backend.publication.publishing import Draft, published
from console.backend.publication.sums import SIGNATURE, SUMS
from console.backend.reports.run.build import Document, compose, documents
from console.backend.reports.run.load import read_record
from console.backend.reports.run.phases import TITLES


def write_run_report(installation: Installation, run_id: str) -> ReportView:
    """Write `reports/<run id>-<8 hex of SHA256SUMS>/`; the same record gives the same name and the same bytes.

    Raises Refused if there is no such run or another console writes the same report now, Unmeasured if the record is
    out of reach, Unpublished if the folder cannot be written, and Drifted (STOP_DRIFT) naming the file if the report
    exists and is not what was written.
    """
    files = documents(compose(read_record(installation, run_id)))
    sums = sha256_hex(next(file.data for file in files if file.name == SUMS))
    directory = installation.root / "reports" / f"{run_id}-{sums[:8]}"
    unchanged = directory.exists() or not _written(directory, files)
    if unchanged:
        _require_same(directory, files)
    return ReportView(
        run_id=run_id,
        directory=str(directory),
        documents=tuple(title.document for title in TITLES),
        sums_sha256=sums,
        unchanged=unchanged,
    )


class _TakenMeanwhile(Exception):
    """Another console has written the same report since we looked."""


def _written(directory: Path, files: tuple[Document, ...]) -> bool:
    """Write the report. Return False if the same one was written meanwhile; the draft is then dropped."""
    try:
        with published(directory.parent, directory.name, again=True) as draft:
            _fill(draft, directory.name, files)
    except _TakenMeanwhile:
        if directory.exists():
            return False
        again = f"When it has ended, write it again: cutter-console report {directory.name.rpartition('-')[0]}"
        raise Refused(StopCode.LOCKED, f"another console is writing {directory.name} now", again) from None
    return True


def _fill(draft: Draft, name: str, files: tuple[Document, ...]) -> None:
    # `published` has numbered the draft, so the name was taken after we looked.
    if draft.name != name:
        raise _TakenMeanwhile
    for file in files:
        if file.name != SUMS:
            draft.write(file.name, file.data)
    draft.write_sums()


def _require_same(directory: Path, files: tuple[Document, ...]) -> None:
    """Compare every byte of every file. Raises Drifted. A signature of the sums may lie beside them."""
    expected = {file.name: file.data for file in files}
    for name in sorted(expected.keys() | {path.name for path in directory.iterdir()} - {SIGNATURE}):
        path = directory / name
        if name not in expected:
            raise _altered(directory, f"{name} is no file of this report")
        if path.is_symlink() or not path.is_file():
            raise _altered(directory, f"{name} is missing")
        if path.read_bytes() != expected[name]:
            raise _altered(directory, f"{name} is not what was written")


def _altered(directory: Path, problem: str) -> Drifted:
    return Drifted(
        StopCode.DRIFT,
        f"{directory}: {problem}",
        f"Keep it aside, then write the report again: mv {directory} {directory}.altered",
    )
