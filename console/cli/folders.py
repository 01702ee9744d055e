"""plan --folder: the cut quality report of a folder; writes nothing and needs no database."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing

from console.backend.documents.folder_plan import FolderEntry, list_documents, plan_entries, worker_count
from console.backend.documents.folder_report import FolderDocument, FolderReport, FolderRequest, FolderTotals
from console.backend.documents.intake import suffixes_of
from console.backend.documents.own_planning import require_fit
from console.backend.host.context import Context
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.profile_names import AKN_PROFILE
from console.cli.arguments import Options
from console.cli.output import report, report_line
from console.cli.printing import say

_COMMAND = "plan folder"
_REDRAW_S = 0.2
_CLEAR_LINE = "\r\x1b[K"
_WORDS = {Outcome.FAIL: "REFUSED", Outcome.INCONCLUSIVE: "NOT MEASURED"}


def plan_folder(options: Options, request: FolderRequest, context: Context, *, lines: bool) -> ExitStatus:
    """Plan every document below a folder and report what was planned, refused and suspected."""
    suffixes = suffixes_of(request.profile.name)
    if request.profile.name != AKN_PROFILE:
        require_fit(request.profile, request.limits)
    entries = list_documents(request.folder, suffixes, "Name a folder that can be read with --folder")
    if not entries:
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"no document was found below {request.folder}",
            f"Name a folder with documents ({', '.join(sorted(suffixes))}) with --folder.",
        )
    workers = worker_count(entries)
    start = time.monotonic()
    documents: list[FolderDocument] = []
    progress = _Progress(entries, start)
    try:
        with closing(plan_entries(request, entries, workers, finished=progress.finished)) as planned:
            for document in planned:
                documents.append(document)
                if lines:
                    progress.clear()
                    report_line(f"{_COMMAND} document", document.outcome, document)
    finally:
        progress.clear()
    totals = FolderTotals.of(documents, workers, time.monotonic() - start)
    if lines:
        report_line(f"{_COMMAND} totals", totals.outcome, totals)
    else:
        payload = FolderReport(
            outcome=totals.outcome,
            measured_at=context.now(),
            profile=request.profile.name,
            profile_sha256=request.profile.sha256,
            ordinals=request.ordinals,
            documents=tuple(documents),
            totals=totals,
        )
        report(options, _COMMAND, totals.outcome, _text(payload), payload)
    return _STATUS[totals.outcome]


_STATUS = {
    Outcome.PASS: ExitStatus.DONE,
    Outcome.FAIL: ExitStatus.REFUSED,
    Outcome.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


class _Progress:
    """One line on standard error that is drawn again; none if that is no terminal."""

    def __init__(self, entries: tuple[FolderEntry, ...], start: float) -> None:
        readable = [entry for entry in entries if entry.refusal is None]
        self._documents = len(readable)
        self._bytes = sum(entry.bytes for entry in readable)
        self._start = start
        self._done = self._done_bytes = 0
        self._drawn_at = start
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()

    def finished(self, entry: FolderEntry) -> None:
        """Count a document, and draw the line again if the last time is long enough ago."""
        self._done += 1
        self._done_bytes += entry.bytes
        now = time.monotonic()
        if self._is_terminal and now - self._drawn_at >= _REDRAW_S:
            self._drawn_at = now
            say(_CLEAR_LINE + self.line(now - self._start))

    def line(self, elapsed: float) -> str:
        """Return what is done, the rate, and the time that the rest takes at this rate of bytes."""
        left = self._bytes - self._done_bytes
        remaining = f", {elapsed * left / self._done_bytes:.0f} s left" if self._done_bytes else ""
        rate = self._done / elapsed if elapsed > 0 else 0.0
        return f"{self._done:,} of {self._documents:,} documents, {rate:,.0f} per second{remaining}"

    def clear(self) -> None:
        """Remove the line."""
        if self._is_terminal:
            say(_CLEAR_LINE)


def _text(payload: FolderReport) -> Iterator[str]:
    for document in payload.documents:
        yield _document_line(document)
    totals = payload.totals
    unmeasured = f", {totals.unmeasured:,} not measured" if totals.unmeasured else ""
    yield f"{counted(totals.documents, 'document')}: {totals.planned:,} planned, {totals.refused:,} refused{unmeasured}"
    for code, count in totals.codes.items():
        yield f"{counted(count, 'document', '>7,')}  {code}"
    yield f"{counted(totals.n_suspects, 'suspect')}: lines that read like the beginning of a unit and open none"
    for reason, count in totals.suspects.items():
        yield f"{counted(count, 'suspect', '>7,')}   {reason}"
    if totals.n_dropped:
        yield f"{counted(totals.n_dropped, 'dropped span')}: page furniture and footnotes, in no unit's text"
    for rule, count in totals.dropped.items():
        yield f"{counted(count, 'dropped span', '>7,')}   {rule}"
    yield (
        f"{counted(totals.n_units, 'unit')}, {counted(totals.bytes, 'byte')}, {totals.seconds:.1f} s with {counted(totals.workers, 'worker')}, "
        f"{totals.mb_per_s:.1f} MB/s"
    )


def _document_line(document: FolderDocument) -> str:
    if not document.refused:
        dropped = f" {counted(document.n_dropped, 'dropped span')}" if document.n_dropped else ""
        return f"{document.name}  PLANNED {counted(document.n_units, 'unit')} {counted(document.n_suspects, 'suspect')}{dropped}"
    codes = ", ".join(refusal.code for refusal in document.refused)
    first = document.refused[0]
    place = f"line {first.line}: " if first.line else ""
    return f"{document.name}  {_WORDS[document.outcome]} {codes}: {place}{first.message}"
