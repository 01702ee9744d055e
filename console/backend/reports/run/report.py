"""Writes the report of a run, whole or not at all, into a directory that is named by the content."""

from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.readiness import ReportView
from console.backend.publication.content_named import write_once
from console.backend.publication.sums import SUMS
from console.backend.reports.run.build import compose, documents
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
    by_name = {file.name: file.data for file in files}
    unchanged = not write_once(directory, by_name, f"cutter-console report {run_id}")
    return ReportView(
        run_id=run_id,
        directory=str(directory),
        documents=tuple(title.document for title in TITLES),
        sums_sha256=sums,
        unchanged=unchanged,
    )
