"""journal show, journal verify: the records of a run's journal, and its verdict beside the anchors in the database."""

import shlex
import time
from typing import NoReturn

from console.backend.journal.journal_pages import JournalEntry, JournalPage, JournalQuery, Only
from console.backend.model.counting import counted
from console.backend.model.errors import Drifted, ExitStatus, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.shown_time import shown_time
from console.backend.runs.journals import journal_page, verify_journal_of
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.journal_request import MOST, ShowJournal
from console.cli.one_run import OneRun
from console.cli.output import as_typed, narrate, report


def show(options: Options, request: ShowJournal) -> ExitStatus:
    """Show the last records, or those from a place on, whatever their state; the command that goes on is told."""
    query = JournalQuery(
        run_id=request.run,
        goto=request.from_,
        limit=request.most,
        whole=True,
        only=Only(request.only),
        word=request.word,
    )
    page = journal_page(installation_of(options), query)
    lines = [row for entry in page.entries for row in _rows(entry)]
    status = report(options, "journal show", _outcome(page), lines, page)
    summary = () if options.json else _summary(request, page)
    for line in summary[:1] if request.follow else summary:
        narrate(as_typed(options, line))
    if request.follow:
        _follow(options, query, page, request.follow)
    return status


def _follow(options: Options, query: JournalQuery, page: JournalPage, pause_s: int) -> NoReturn:
    """Show what is written behind a page, until a signal ends it. Raises Drifted if that page is no longer in the file."""
    installation = installation_of(options)
    while True:
        if not page.more_behind:
            time.sleep(pause_s)
        before, page = page, journal_page(installation, query.model_copy(update={"goto": "", "at": page.ends_at}))
        if page.file_id != before.file_id or page.complete < before.ends_at:
            raise Drifted(
                StopCode.INVARIANT_FAILED,
                f"the journal {page.path} is another file, or shorter, than it was a moment ago",
                f"Compare it with the anchors: cutter-console journal verify {query.run_id}",
            )
        if page.entries:
            lines = [row for entry in page.entries for row in _rows(entry)]
            report(options, "journal show", _outcome(page), lines, page)


def _outcome(page: JournalPage) -> Outcome:
    return Outcome.PARTIAL if any(entry.fault for entry in page.entries) else Outcome.PASS


def _rows(entry: JournalEntry) -> list[str]:
    if entry.number is None:
        head = f"{'?':>6}  at byte {entry.offset}"
    else:
        at = shown_time(entry.at) if entry.at is not None else "?"
        head = f"{entry.number:>6}  {at:<23}  {entry.kind or '?':<6}  {entry.phase}"
    marks = [f"        DAMAGED: {entry.fault}"] if entry.fault else []
    marks += [f"        {entry.lacks}"] if entry.lacks else []
    return [head, *marks, *(f"        {field.key}: {field.value}" for field in entry.fields)]


def _summary(request: ShowJournal, page: JournalPage) -> list[str]:
    newest = f"the last is {page.newest}" if page.newest is not None else "the last line is none"
    lines = [f"{counted(len(page.entries), 'record')} of {page.path}; {newest}"]
    if page.torn_bytes:
        lines.append(f"a torn tail of {counted(page.torn_bytes, 'byte')}, which the next writer moves aside")
    behind = page.entries[-1].number if page.entries else None
    if request.from_ and page.more_behind and behind is not None:
        lines.append(f"next: {_command(request, str(behind + 1))}")
    if not request.from_ and page.more_before:
        lines.append(f"from the first: {_command(request, '0')}")
    return lines


def _command(request: ShowJournal, place: str) -> str:
    words = ["cutter-console journal show", shlex.quote(request.run), "--from", place]
    words += ["--most", str(request.most)] if request.most != MOST else []
    words += ["--only", request.only] if request.only != Only.ALL else []
    return " ".join([*words, *(["--word", shlex.quote(request.word)] if request.word else [])])


def verify(options: Options, request: OneRun) -> ExitStatus:
    """Compare the journal with its chain and every anchor; the Journal screen shows the same verdict."""
    verdict = verify_journal_of(installation_of(options), request.run)
    return report(options, "journal verify", verdict.outcome, [f"{verdict.outcome}  {verdict.detail}"], verdict)
