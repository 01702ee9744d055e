"""Documents as they are, were or will be in force, read as the monitoring role."""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import psycopg

from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.ended_runs import Standing, became
from console.backend.model.errors import CutterError, ExitStatus, Refused, StopCode, Unmeasured
from console.backend.model.purposes import RunOperation
from console.backend.model.safe_text import SafeText
from console.backend.model.shown_time import shown_time
from console.backend.model.states import DRAFT_STAGES, Mode, RunState, state_in_words
from console.backend.model.value import Value
from console.backend.postgres.connections import connect
from console.backend.postgres.document_states import (
    RegisteredDocument,
    StateRow,
    all_states,
    altered_units,
    cut_sha256,
    edited_units,
    is_registered,
    is_sealed,
    prefixes,
    registered_documents,
    state_text,
    states_of,
)
from console.backend.postgres.server import server_clock

_MOST_NAMES = 2000
"""Names that a misspelt one is compared with; more would take seconds."""
_MOST_ALTERED = 3


class NotAsPinned(CutterError):
    """The text that is in force is not the pinned one, and no signed edit explains it."""

    exit_status: ClassVar[ExitStatus] = ExitStatus.FAIL


class EditedUnitView(Value):
    """A unit whose text is that of a signed edit, with the edit's run."""

    address: SafeText
    run_id: str


class DocumentView(Value):
    """A registered document and what is in force of it now."""

    docprefix: str
    origin: SafeText
    profile: SafeText
    standing: SafeText
    """Its state in words."""
    n_units: int | None
    """Units in force; before anything is, those of the drafts; None if nothing was cut."""
    n_states: int
    state: int | None
    """Number of the state that is in force; None if none is."""
    run_id: str
    """Run that made it law; empty if nothing is."""
    in_force_from: datetime | None
    next_from: datetime | None
    """Beginning of the next state, if it is enacted already."""
    draft_run: str
    last_run: str
    last_run_state: SafeText
    last_run_became: SafeText
    """Words for what became of the last run, if it has ended; else empty."""

    @property
    def last_run_in_words(self) -> str:
        """Return what became of the last run; of one that has not ended its state, as `state_in_words` tells it."""
        return str(self.last_run_became or state_in_words(self.last_run_state))


class StateView(Value):
    """One state of a document: from when to when it counts, and what made it law."""

    state: int
    run_id: str
    operation: str
    standing: str
    n_units: int
    in_force_from: datetime
    in_force_until: datetime | None
    enacted_at: datetime
    decided_by: tuple[str, ...]
    """Fingerprints of the keys that signed the ruling."""
    statement_sha256: str
    review_decision_id: str
    source_sha256: str
    canonical_sha256: str
    reports: tuple[SafeText, ...]
    """Directories of the run's reports on this host."""


class ShownDocument(Value):
    """The text of a state, compared with the one that was pinned."""

    docprefix: str
    as_of: datetime
    state: int
    run_id: str
    operation: str
    in_force_from: datetime
    in_force_until: datetime | None
    is_later: bool
    """True if it has not begun yet."""
    n_units: int
    canonical_sha256: str
    """Of the pinned text."""
    sha256: str
    """Of the text that is written."""
    equal: bool
    edited: tuple[EditedUnitView, ...]
    """Units whose text is that of a signed edit between cut and enactment; empty if the texts are equal."""


@dataclass(frozen=True, slots=True)
class StateText:
    """The exact text of a state, and what is known of it."""

    shown: ShownDocument
    text: bytes


@contextmanager
def reading(
    installation: Installation, *, timeout_s: float = 30.0, purpose: str = "states"
) -> Iterator[psycopg.Connection]:
    """Open a READ ONLY transaction of the monitoring role; all that it reads is of one moment."""
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, timeout_s=timeout_s, purpose=purpose) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def list_documents(installation: Installation) -> tuple[DocumentView, ...]:
    """Return every registered document with what is in force of it; no unit is read."""
    with reading(installation) as connection:
        return documents_now(connection)


def documents_now(connection: psycopg.Connection) -> tuple[DocumentView, ...]:
    """Return every registered document as this transaction sees it."""
    registered, rows, now = (
        registered_documents(connection, DRAFT_STAGES),
        all_states(connection),
        server_clock(connection),
    )
    by_document: dict[str, list[StateRow]] = {}
    for row in rows:
        by_document.setdefault(row.docprefix, []).append(row)
    return tuple(_document_view(document, by_document.get(document.docprefix, []), now) for document in registered)


def history_of(installation: Installation, docprefix: str) -> tuple[StateView, ...]:
    """Return every state of a document, in the order of the enactments. Raises Refused if it has none."""
    with reading(installation) as connection:
        rows, now = require_states(connection, docprefix), server_clock(connection)
    return tuple(_state_view(installation, row, rows, now) for row in rows)


def text_as_of(installation: Installation, docprefix: str, as_of: datetime | None) -> StateText:
    """Return the text that is in force at a moment, or now; it is the pinned one, but for signed edits.

    Raises Refused if nothing is in force then, Unmeasured if the whole text was not kept, NotAsPinned if it differs.
    """
    with reading(installation) as connection:
        now, rows = server_clock(connection), require_states(connection, docprefix)
        moment = as_of or now
        row = state_at(rows, docprefix, moment)
        if row.is_repeal:
            raise repealed(row, rows, now)
        return read_text(connection, row, moment, now)


def read_text(connection: psycopg.Connection, row: StateRow, moment: datetime, now: datetime) -> StateText:
    """Return the text of this state, which is in force at the moment. Raises as `text_as_of` does."""
    text = state_text(connection, row.run_id)
    if text is None:
        raise _not_kept(row) if is_sealed(connection, row.run_id) else not_sealed(row)
    sha256 = sha256_hex(text)
    edited = edited_units(connection, row.run_id) if sha256 != row.canonical_sha256 else ()
    if sha256 != row.canonical_sha256:
        altered = altered_units(connection, row.run_id, _MOST_ALTERED)
        if altered or not edited or cut_sha256(connection, row.run_id) != row.canonical_sha256:
            raise _not_as_pinned(row, sha256, altered)
    shown = ShownDocument(
        docprefix=row.docprefix,
        as_of=moment.astimezone(UTC),
        state=row.state,
        run_id=row.run_id,
        operation=row.operation,
        in_force_from=row.in_force_from,
        in_force_until=row.in_force_until,
        is_later=row.in_force_from > now,
        n_units=row.n_units,
        canonical_sha256=row.canonical_sha256,
        sha256=sha256,
        equal=sha256 == row.canonical_sha256,
        edited=tuple(EditedUnitView(address=unit.address, run_id=unit.run_id) for unit in edited),
    )
    return StateText(shown, text)


def require_states(connection: psycopg.Connection, docprefix: str) -> tuple[StateRow, ...]:
    """Return the states of a document. Raises Refused if nothing of it was ever enacted."""
    rows = states_of(connection, docprefix)
    if not rows:
        require_registered(connection, docprefix)
        message = f"nothing of {docprefix} was ever enacted"
        raise Refused(StopCode.DOCUMENT_UNKNOWN, message, "See its runs: cutter-console run list")
    return rows


def require_registered(connection: psycopg.Connection, docprefix: str) -> None:
    """Raise Refused, with the prefixes that are near, if no such document is registered."""
    if not is_registered(connection, docprefix):
        near = did_you_mean(docprefix, prefixes(connection, _MOST_NAMES))
        message = f"no document {docprefix} is registered{near}"
        raise Refused(StopCode.DOCUMENT_UNKNOWN, message, "See the documents there are: cutter-console document list")


def state_at(rows: Sequence[StateRow], docprefix: str, moment: datetime) -> StateRow:
    """Return the state that is in force at a moment. Raises Refused if none is."""
    row = in_force_at(rows, moment)
    if row is None:
        raise not_in_force(rows, docprefix, moment)
    return row


def not_in_force(rows: Sequence[StateRow], docprefix: str, moment: datetime) -> Refused:
    """Return the answer for the text of a document at a moment before its first state."""
    first = min(row.in_force_from for row in rows)
    message = f"nothing of {docprefix} is in force at {shown_time(moment)}; its first state begins {shown_time(first)}"
    history = f"See from when each of its states counts, and ask for such a moment: cutter-console document history {docprefix}"
    return Refused(StopCode.DOCUMENT_UNKNOWN, message, history)


def repealed(row: StateRow, rows: Sequence[StateRow], now: datetime) -> Refused:
    """Return the answer for the text of a document in the state of its repeal: there is none, and which was the last."""
    when = f"{'since' if row.in_force_from <= now else 'from'} {shown_time(row.in_force_from)}"
    message = f"{row.docprefix} is repealed {when}, by run {row.run_id}: nothing of it is in force"
    last = max((state.in_force_from for state in ever_in_force(rows) if not state.is_repeal), default=None)
    history = f"cutter-console document history {row.docprefix}"
    if last is None:
        return Refused(StopCode.DOCUMENT_UNKNOWN, message, f"See all of its states: {history}")
    show = f"cutter-console document show {row.docprefix} --as-of {last.astimezone(UTC).isoformat()}"
    return Refused(StopCode.DOCUMENT_UNKNOWN, message, f"Read its last text: {show}")


def without_text(connection: psycopg.Connection, docprefix: str) -> Refused | None:
    """Return the answer for the text of a document that is repealed now, or all of whose states begin later; else None."""
    rows, now = states_of(connection, docprefix), server_clock(connection)
    row = in_force_at(rows, now)
    if row is not None:
        return repealed(row, rows, now) if row.is_repeal else None
    return not_in_force(rows, docprefix, now) if rows else None


def in_force_at(rows: Sequence[StateRow], moment: datetime) -> StateRow | None:
    """Pure: the state that is in force at a moment, or None."""
    return next(
        (
            row
            for row in reversed(rows)
            if row.in_force_from <= moment and (row.in_force_until is None or row.in_force_until > moment)
        ),
        None,
    )


def ever_in_force(rows: Sequence[StateRow]) -> tuple[StateRow, ...]:
    """Pure: the states that count at some moment, in the order of their beginnings."""
    lasting = (row for row in rows if row.in_force_until is None or row.in_force_until > row.in_force_from)
    return tuple(sorted(lasting, key=lambda row: row.in_force_from))


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Return a question that names the nearest of these names, or an empty text if none is near."""
    near = difflib.get_close_matches(name, names[:_MOST_NAMES])
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _document_view(document: RegisteredDocument, rows: Sequence[StateRow], now: datetime) -> DocumentView:
    current, last = in_force_at(rows, now), _last_state(document)
    later = next((row for row in ever_in_force(rows) if row.in_force_from > now), None)
    counted_row = current or later
    return DocumentView(
        docprefix=document.docprefix,
        origin=document.origin,
        profile=document.profile,
        standing=_standing(current, later, document),
        n_units=counted_row.n_units if counted_row else document.draft_units,
        n_states=len(rows),
        state=current.state if current else None,
        run_id=current.run_id if current else "",
        in_force_from=current.in_force_from if current else None,
        next_from=later.in_force_from if later else None,
        draft_run=document.draft_run or "",
        last_run=document.last_run or "",
        last_run_state=last.name if last is not None else "",
        last_run_became=_last_became(document, last, rows, now) if last is not None else "",
    )


def _last_became(document: RegisteredDocument, last: RunState, rows: Sequence[StateRow], now: datetime) -> str:
    row = next((row for row in rows if row.run_id == document.last_run), None)
    standing = Standing.at(now, row.in_force_from, row.in_force_until) if row is not None else None
    return became(Mode.LIVE, last, document.last_operation or RunOperation.CUT, document.last_changed_at, standing)


def _last_state(document: RegisteredDocument) -> RunState | None:
    if document.last_stage is None or document.last_family is None:
        return None
    return RunState(stage=document.last_stage, family=document.last_family, reason=document.last_reason or "")


def _standing(current: StateRow | None, later: StateRow | None, document: RegisteredDocument) -> str:
    parts = []
    if current is not None:
        parts.append(f"{'repealed' if current.is_repeal else 'in force'} since {shown_time(current.in_force_from)}")
    if later is not None:
        parts.append(f"{'repealed' if later.is_repeal else 'next state'} from {shown_time(later.in_force_from)}")
    if document.draft_run:
        word = "repeal" if document.draft_operation == RunOperation.REPEAL else "draft"
        parts.append(f"{word} by run {document.draft_run}")
    return "; ".join(parts) or "registered"


def _state_view(installation: Installation, row: StateRow, rows: Sequence[StateRow], now: datetime) -> StateView:
    reports = (path for path in (installation.root / "reports").glob(f"{row.run_id}-*") if path.is_dir())
    return StateView(
        state=row.state,
        run_id=row.run_id,
        operation=row.operation,
        standing=_counts_now(row, rows, now),
        n_units=row.n_units,
        in_force_from=row.in_force_from,
        in_force_until=row.in_force_until,
        enacted_at=row.enacted_at,
        decided_by=row.decided_by,
        statement_sha256=row.statement_sha256,
        review_decision_id=row.review_decision_id,
        source_sha256=row.source_sha256,
        canonical_sha256=row.canonical_sha256,
        reports=tuple(sorted(str(path) for path in reports)),
    )


def _counts_now(row: StateRow, rows: Sequence[StateRow], now: datetime) -> str:
    if row not in ever_in_force(rows):
        return "never in force"
    if row.in_force_from > now:
        return "begins later"
    if row != in_force_at(rows, now):
        return "ended"
    return "repealed" if row.is_repeal else "in force"


def not_sealed(row: StateRow) -> Unmeasured:
    """Return the answer for a state of version 0.2.0 whose units nobody signed as they stand in its manifest."""
    return Unmeasured(
        StopCode.UNREACHABLE,
        f"the units of {row.docprefix} in state {row.state} are not known: the manifest of run {row.run_id} does not hold, and the"
        " upgrade from version 0.2.0 did not seal it",
        f"Read what the database has, on the host that has the run's directory: {_export(row)}",
    )


def _not_kept(row: StateRow) -> Unmeasured:
    return Unmeasured(
        StopCode.UNREACHABLE,
        f"the whole text of {row.docprefix} cannot be composed: version 0.2.0 sealed run {row.run_id}, and kept no text between units",
        f"Read single units: cutter-console unit show ADDRESS; or, on the host that has the run's directory: {_export(row)}",
    )


def _export(row: StateRow) -> str:
    return f"cutter-console document export --docprefix {row.docprefix} --format md --out NEW"


def _not_as_pinned(row: StateRow, sha256: str, altered: Sequence[str]) -> NotAsPinned:
    difference = (
        f"title or body is not the signed one: {', '.join(altered)}{' and perhaps more' if len(altered) == _MOST_ALTERED else ''}"
        if altered
        else "the text between the units, or the manifest, has changed"
    )
    return NotAsPinned(
        StopCode.DRIFT,
        f"the text of {row.docprefix} in force has sha256 {sha256}, and {row.canonical_sha256} was pinned by run {row.run_id}; {difference}",
        f"Rely on the pinned source and find out who changed it: cutter-console drift; then: cutter-console document show {row.docprefix}",
    )
