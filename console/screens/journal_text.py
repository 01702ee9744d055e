"""Texts of the Journal screen."""

from console.actions.keys_in_force import told
from console.backend.journal.journal import JournalVerdict
from console.backend.journal.journal_pages import JournalEntry, JournalPage, Only
from console.backend.journal.journal_record import RecordKind
from console.backend.model.errors import CutterError
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import Progress
from console.backend.runs.journals import JournalFile
from console.widgets.formatting import count, day_and_clock, plural, shortened, size
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.wrap import hanging, wrapped

FILTERS = (Only.ALL, Only.INTENT, Only.RESULT, Only.NOTE, Only.MARKED)
_ROOMY = 90
"""Columns of a row from which on it names the day of each record in full."""
_PHASE = 22
_KIND_TONES: dict[RecordKind, Tone] = {
    RecordKind.INTENT: "accent",
    RecordKind.RESULT: "strong",
    RecordKind.NOTE: "muted",
}
_TORN = "TORN TAIL"


def row(entry: JournalEntry, width: int, digits: int) -> Line:
    """Return number, time, kind, phase, and what is wrong with the record or what it says."""
    if entry.number is None or entry.kind is None:
        head: Line = (Span(f"{'?':>{digits}}  ", "muted"), Span("no record ", "bad"))
    else:
        form = "%Y-%m-%d %H:%M:%S" if width >= _ROOMY else "%m-%d %H:%M:%S"
        at = f"{entry.at:{form}}" if entry.at is not None else "no time"
        head = (
            Span(f"{entry.number:>{digits}}  ", "muted"),
            Span(f"{at}  "),
            Span(f"{entry.kind:<6}  ", _KIND_TONES[entry.kind]),
            Span(f"{entry.phase:<{_PHASE if width >= _ROOMY else 1}}  ", "strong"),
        )
    if entry.fault:
        return (*head, Span(f"DAMAGED: {entry.fault}", "bad"))
    if entry.lacks:
        return (*head, Span(_lacks(entry), "warn"))
    return (*head, *_said(entry))


def _lacks(entry: JournalEntry) -> str:
    return entry.lacks.replace("no result", "NO RESULT", 1)


def _said(entry: JournalEntry) -> Line:
    """Return the outcome of a result in its tone, then the fields."""
    outcome = next((field.value for field in entry.fields if field.key == "outcome"), "")
    rest = ", ".join(f"{field.key} {field.value}" for field in entry.fields if field.key != "outcome")
    values = shortened(rest, 300)
    return (Span(f"{outcome}  ", outcome_tone(outcome)), Span(values)) if outcome else (Span(values),)


def list_title(page: JournalPage | None, run_id: str, only: Only, word: str, state: str) -> str:
    """Return the run, how many records its journal has, the filter, and whether the list follows."""
    if not run_id:
        return "Journal"
    parts = [f"{run_id}"]
    if page is not None and page.newest is not None:
        parts.append(plural(page.newest + 1, "record"))
    if only is not Only.ALL:
        parts.append("only what is marked" if only is Only.MARKED else f"only {only}s")
    if word:
        parts.append(f"with “{shortened(safe_text(word), 20)}”")
    return ", ".join([*parts, *([state] if state else [])])


def nothing(only: Only, word: str) -> str:
    """Return the words of an empty list."""
    if only is Only.MARKED and not word:
        return told(
            "Nothing is marked: no damaged record, no intent without a result. Whether the chain holds, <journal_verify> says."
        )
    return (
        told("No record is like this. <journal_all> drops the filters.")
        if only is not Only.ALL or word
        else "The journal is empty."
    )


def no_journal(root: str) -> str:
    """Return the words for a root without a journal."""
    return (
        f"There is no journal below {root}: no run was started on this host." if root else "There is no journal here."
    )


def problem_lines(problem: CutterError, command: str, width: int) -> list[Line]:
    """Return why there is nothing to read, and what to do."""
    lines = hanging((), safe_text(problem.message), width, "bad")
    return [*lines, *hanging((Span("next: ", "muted"),), command, width)]


def head(
    page: JournalPage,
    verdict: JournalVerdict | None,
    verified_at: str,
    progress: Progress | None,
    width: int,
) -> list[Line]:
    """Return where the journal lies, who writes it, its end, and the verdict on it."""
    written = "being written now" if page.is_written else "no writer now"
    last = f", last record {page.newest_at:%Y-%m-%d %H:%MZ}" if page.newest_at is not None else ""
    state = f"{size(page.complete + page.torn_bytes)}, {written}{last}"
    # The run stands in the list's title: on a narrow screen the folder is left out, so that the verdict has room.
    whole = f"{page.path}, {state}"
    lines = hanging((), whole if len(whole) <= width else f"journal.jsonl, {state}", width, "muted")
    if page.torn_bytes and not page.is_written and (verdict is None or not verdict.torn_bytes):
        torn = f"{_TORN}: {plural(page.torn_bytes, 'byte')} of a record that was not written to its end; the next writer moves them aside"
        lines += hanging((), torn, width, "warn")
    if page.newest is None:
        lines += hanging((), "The last line is no record of a journal.", width, "bad")
    if progress is not None:
        part = 100 * progress.done // progress.total if progress.total else 0
        return [
            *lines,
            line(Span("verifying ", "muted"), f"{part} %, {size(progress.done)} of {size(progress.total or 0)}"),
        ]
    if verdict is None:
        return [
            *lines,
            line(Span(told("not verified: <journal_verify> proves every record, and compares the anchors"), "muted")),
        ]
    label = (Span(f"{verdict.outcome}  ", outcome_tone(verdict.outcome)),)
    lines += hanging(label, f"{verdict.detail} (verified {verified_at})", width)
    if verdict.outcome is Outcome.FAIL and verdict.first_bad is not None:
        where = f"g {verdict.first_bad} Enter goes there. Keep the file as it is, and decide by evidence."
        lines += hanging((Span("next: ", "muted"),), where, width)
    return lines


def record_title(entry: JournalEntry | None) -> str:
    """Return the title of the record."""
    if entry is None:
        return "Record"
    return f"Record {entry.number}" if entry.number is not None else f"No record, at byte {count(entry.offset)}"


def record_text(entry: JournalEntry) -> str:
    """Return all that a record says, as it is copied."""
    return "\n".join(record_lines(entry)) + "\n"


def record_lines(entry: JournalEntry, width: int = 0) -> list[str]:
    """Return all that a record says, each value wrapped behind its name if there is a width."""
    fields: list[tuple[str, str]] = []
    if entry.fault:
        fields.append(("DAMAGED", entry.fault))
    if entry.lacks:
        fields.append(("NO RESULT", entry.lacks.removeprefix("no result").removeprefix(": ") or entry.lacks))
    if entry.kind is not None:
        at = f"{entry.at:%Y-%m-%d %H:%M:%S.%f} UTC" if entry.at is not None else "not a time"
        fields += [("number", str(entry.number)), ("time", at), ("kind", str(entry.kind)), ("phase", entry.phase)]
    fields += [(field.key, field.value) for field in entry.fields]
    if entry.hash:
        fields += [("hash", entry.hash), ("previous", entry.previous)]
    fields.append(("in the file", f"byte {count(entry.offset)}, {plural(entry.length, 'byte')}"))
    label = min(max(len(key) for key, _ in fields), 16)
    rows: list[str] = []
    for key, value in fields:
        first, *more = wrapped(value, max(width - label - 2, 12)) if width else [value]
        rows += [f"{key:<{label}}  {first}", *(f"{'':<{label}}  {part}" for part in more)]
    return rows


def file_row(file: JournalFile) -> Line:
    """Return a journal in the list of them."""
    return line(
        Span(f"{file.run_id:<33} ", "strong"),
        f"{size(file.bytes):>9}  ",
        Span(f"written {day_and_clock(file.written_at)}", "muted"),
    )
