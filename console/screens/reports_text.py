"""Texts of the Reports screen."""

from datetime import datetime

from console.actions.keys_in_force import key_of, told
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import safe_text
from console.backend.reports.shelf import ReportEntry, ReportFile, ReportKind, ReportShelf, ReportText, ReportVerdict
from console.widgets.formatting import age, count, size
from console.widgets.line import Line, Span, Tone
from console.widgets.narrowing import Row
from console.widgets.wrap import hanging, labelled

_WITH_TIME = 70
"""Columns of a row from which on it has the time, and the kind in full."""
_SHORT = {
    ReportKind.RUN: "run",
    ReportKind.BATCH: "batch",
    ReportKind.BUNDLE: "bundle",
    ReportKind.ASIDE: "aside",
    ReportKind.DRAFT: "draft",
    ReportKind.OTHER: "other",
}
_NOT_YET = "unread"


def state(entry: ReportEntry, verdict: ReportVerdict | None) -> tuple[str, Tone]:
    """Return in a word or two whether a report is as it was written, with its tone."""
    if entry.kind is ReportKind.DRAFT:
        return ("LEFT OVER" if entry.is_abandoned else "unfinished"), "warn"
    if verdict is None:
        return _NOT_YET, "muted"
    match verdict.outcome:
        case Outcome.PASS:
            return ("signed", "good") if entry.is_signed else ("unchanged", "plain")
        case Outcome.FAIL:
            is_changed = any(not file.is_sound for file in verdict.files) or "NOT AS IT WAS" in verdict.detail
            return ("CHANGED" if is_changed else "BAD SIGN."), "bad"
        case _:
            return "NOT KNOWN", "warn"


def row(entry: ReportEntry, verdict: ReportVerdict | None, width: int) -> Row:
    """Return state, kind, time and what it is about."""
    word, tone = state(entry, verdict)
    about = entry.subject or entry.name
    # The id of a run and the name of a bundle begin with their time.
    times = () if width < _WITH_TIME else (Span(f"{entry.written_at:%m-%d %H:%M} "),)
    kind = f"{_SHORT[entry.kind]:<7} " if width < _WITH_TIME else f"{entry.kind:<16} "
    spans = (Span(f"{word:<10} ", tone), *times, Span(kind, "muted"), Span(about))
    published = "no" if entry.kind is ReportKind.DRAFT else "yes"
    columns = (("state", word), ("kind", entry.kind), ("run", entry.subject), ("published", published))
    more = f"{entry.name} {verdict.signature if verdict is not None else ''}"
    return Row(spans, key=entry.name, alarm=word if tone == "bad" else "", more=more, columns=columns)


def list_title(shelf: ReportShelf | None, read: int, old: str) -> str:
    """Return the number of reports, and how many of them were read again so far."""
    if shelf is None:
        return f"Reports{old}"
    total = len(shelf.reports)
    verified = f", {count(read)} of them read again" if read < total else ""
    return f"Reports: {count(total)}{verified}{old}"


def nothing() -> str:
    """Return the words of an empty list."""
    return told("No report yet: a run writes one at its end, <bundle> on Gates the bundle.")


def head(shelf: ReportShelf, verdicts: dict[str, ReportVerdict], width: int) -> list[Line]:
    """Return what is not as it was written, by name; else how many are."""
    states = [(entry, state(entry, verdicts.get(entry.name))) for entry in shelf.reports]
    bad = [(entry, word) for entry, (word, tone) in states if tone == "bad"]
    if bad:
        first, word = bad[0]
        more = (
            f", and {count(len(bad) - 1)} more: {key_of('find')} state:{word.split(' ', maxsplit=1)[0]}"
            if len(bad) > 1
            else ""
        )
        verdict = verdicts[first.name]
        return hanging((Span(f"{word}  ", "bad"),), f"{first.name}: {verdict.detail}{more}", width)
    unread = sum(word == _NOT_YET for _, (word, _) in states)
    unclear = sum(tone == "warn" for _, (_, tone) in states)
    signed = sum(word == "signed" for _, (word, _) in states)
    sound = len(states) - unread - unclear
    words = f"{count(sound)} as written, {count(signed)} of them signed"
    if unclear:
        words = f"{words}; {count(unclear)} not published, or not known"
    if unread:
        words = f"{words}; reading {count(unread)} more"
    return hanging((), words, width)


def detail(entry: ReportEntry, verdict: ReportVerdict | None, now: datetime, width: int) -> list[Line]:
    """Return the verdict on a report, its signature, and where it lies."""
    word, tone = state(entry, verdict)
    lines: list[Line] = []

    def put(label: str, text: str, tone: Tone = "plain") -> None:
        lines.extend(labelled(label, safe_text(text), width, tone, column=10))

    if verdict is None:
        put(word, "its files are being read again")
    else:
        lines.extend(hanging((Span(f"{word:<10}", tone),), safe_text(verdict.detail), width, tone))
        is_bad = verdict.outcome is Outcome.FAIL
        put("signature", verdict.signature, "bad" if is_bad and entry.is_signed else "plain")
    about = f" of {entry.subject}" if entry.subject else ""
    put("kind", f"{entry.kind}{about}, written {entry.written_at:%Y-%m-%d %H:%M} UTC, {age(entry.written_at, now)}")
    put("path", entry.path)
    return lines


def file_row(file: ReportFile, width: int) -> Row:
    """Return state, size, name and, where there is room, the digest of a file."""
    tone: Tone = "plain" if file.is_sound else "bad"
    length = size(file.bytes) if file.bytes is not None else "-"
    room = width - 24 - len(file.name)
    digest = f"  {file.sha256}" if room > 66 else ""
    spans = (Span(f"{file.state:<11} ", tone), Span(f"{length:>9}  "), Span(file.name), Span(digest, "muted"))
    alarm = "" if file.is_sound else str(file.state)
    return Row(spans, key=file.name, alarm=alarm, more=file.sha256, columns=(("state", str(file.state)),))


def files_title(verdict: ReportVerdict | None) -> str:
    """Return how many files there are, and how many of them are not as they were written."""
    if verdict is None:
        return "Files"
    wrong = sum(not file.is_sound for file in verdict.files)
    return f"Files: {count(len(verdict.files))}{f', {count(wrong)} NOT AS WRITTEN' if wrong else ', each as its sum'}"


def text_title(text: ReportText | None) -> str:
    """Return the file that is shown, and if it is the one that was written."""
    if text is None:
        return "Text"
    return f"{text.file}: {text.state}{'' if text.is_whole else ', its beginning alone'}"
