"""Reads many databases at once, each in threads of its own and all within one limit of time; changes nothing in any.

A database that is down, or that swallows what is sent to it, is a row with its reason. It delays no other row.
"""

import concurrent.futures
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime

from console.backend.host import crash, daemon
from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.named_installations import NamedInstallation, require_settings
from console.backend.host.settings import load_settings
from console.backend.model.errors import CutterError
from console.backend.model.fleet import Fleet, FleetJournal, FleetRow, with_same_databases
from console.backend.model.full_command import command_for
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Status
from console.backend.outside import describe_outside_error
from console.backend.runs.journals import verify_journal_of
from console.backend.runs.status import measure_status

_Key = tuple[str, NamedInstallation]
_Verdict = FleetJournal | str
"""A verdict on a journal, or the reason why there is none."""


@dataclass(frozen=True)
class _Question:
    """A question to one installation, and its answers when they come."""

    asked_at: datetime
    status: Future[Status]
    journal: Future[_Verdict]


def _now() -> datetime:
    return datetime.now(UTC)


class FleetReader:
    """Asks the installations of a fleet, again and again if wanted.

    Each has at most one question open: one that is silent is not asked a second time, and its answer is taken when it
    comes.
    """

    def __init__(self, operator: str, now: Callable[[], datetime] = _now) -> None:
        self._operator = operator
        self._now = now
        self._open: dict[_Key, _Question] = {}
        self._last: dict[_Key, datetime] = {}

    def read(self, entries: Mapping[str, NamedInstallation], limit_s: int) -> Fleet:
        """Return a row for each entry after `limit_s` seconds at most."""
        keys = list(entries.items())
        for key in keys:
            if key not in self._open:
                self._open[key] = self._ask(*key)
        questions = [self._open[key] for key in keys]
        # A journal is verified after its status: where both are wanted, the end of the journals is the end of all.
        concurrent.futures.wait([question.journal for question in questions], timeout=limit_s)
        now = self._now()
        rows = tuple(self._row(key, self._open[key], now) for key in keys)
        for key, question in zip(keys, questions, strict=True):
            if question.journal.done():
                del self._open[key]
        return Fleet(measured_at=now, limit_s=limit_s, rows=with_same_databases(rows))

    def _ask(self, name: str, entry: NamedInstallation) -> _Question:
        context, operator = Context(root=entry.root), self._operator

        def installation() -> Installation:
            require_settings(name, entry)
            settings = load_settings(entry.root, entry.config, with_environment=False)
            return Installation(context, settings, operator)

        status = daemon.start(lambda: measure_status(installation(), read_only=True, demo=False), "fleet status")
        journal = daemon.start(lambda: _journal_of(installation, status), "fleet journal")
        return _Question(self._now(), status, journal)

    def _row(self, key: _Key, question: _Question, now: datetime) -> FleetRow:
        name, entry = key
        row = FleetRow(
            name=name,
            banner=entry.banner,
            root=str(entry.root),
            read_only=entry.read_only,
            outcome=Outcome.INCONCLUSIVE,
            status=None,
            last_measured_at=self._last.get(key),
        )
        if not question.status.done():
            return _silent(row, question.asked_at, now)
        if (failure := question.status.exception()) is not None:
            return _failed(row, failure)
        status = question.status.result()
        if status.target is not None:
            self._last[key] = status.measured_at
        return _with_journal(_with_status(row, status, self._last.get(key)), question.journal)


def _journal_of(installed: Callable[[], Installation], answer: Future[Status]) -> _Verdict:
    """Verify the journal of the run that is under way, whose files are on this host. Raises CutterError.

    It never ends before the status: the reader waits for the journals alone.
    """
    status = answer.result()
    installation = installed()
    if not installation.root.is_dir():
        return "no runtime tree on this host"
    run = status.current_run
    if run is None:
        return (
            "no run is under way" if status.target is not None else "the database does not say which run is under way"
        )
    if run.elsewhere:
        return f"its files are elsewhere: {run.elsewhere}"
    verdict = verify_journal_of(installation, run.run_id)
    return FleetJournal(run_id=run.run_id, outcome=verdict.outcome, detail=verdict.detail)


def _silent(row: FleetRow, asked_at: datetime, now: datetime) -> FleetRow:
    seconds = round((now - asked_at).total_seconds())
    return row.model_copy(
        update={
            "reason": f"no answer for {seconds} s: the database, or the line to it, is silent",
            "next_action": f"cutter-console -P {row.name} status",
        }
    )


def _failed(row: FleetRow, failure: BaseException) -> FleetRow:
    """Return the row of an installation that could not be asked; a defect of the program is a reason too."""
    known = describe_outside_error(failure) if isinstance(failure, Exception) else None
    if known is None:
        reason = f"this is a defect of the program: {type(failure).__name__} at {crash.where(failure)}"
        return _reasoned(row, reason, f"cutter-console -P {row.name} status")
    message = known.message.replace("\n", "; ")
    return _reasoned(row, f"{known.code}: {message}", command_for(known.next_action, row.name))


def _reasoned(row: FleetRow, reason: str, next_action: str) -> FleetRow:
    # Made again, not copied: the reason may hold text from outside, and only a new value makes it inert.
    return FleetRow.model_validate({**dict(row), "reason": reason, "next_action": next_action})


def _with_status(row: FleetRow, status: Status, last_measured_at: datetime | None) -> FleetRow:
    unreachable = status.unreachable if status.target is None else ""
    return row.model_copy(
        update={
            "outcome": status.outcome,
            "status": status,
            "reason": unreachable,
            "next_action": f"cutter-console -P {row.name} status" if unreachable else "",
            "last_measured_at": last_measured_at,
        }
    )


def _with_journal(row: FleetRow, journal: Future[_Verdict]) -> FleetRow:
    """Return the row with the verdict; a journal that should have been verified and was not is never a PASS."""
    if not journal.done():
        return _without_verdict(row, "not verified in time")
    if (failure := journal.exception()) is not None:
        return _without_verdict(row, failure.message if isinstance(failure, CutterError) else type(failure).__name__)
    verdict = journal.result()
    if isinstance(verdict, str):
        return FleetRow.model_validate({**dict(row), "journal_note": verdict})
    is_broken = verdict.outcome is Outcome.FAIL
    outcome = Outcome.FAIL if is_broken else max((row.outcome, verdict.outcome), key=lambda outcome: outcome.rank)
    return row.model_copy(update={"outcome": outcome, "journal": verdict})


def _without_verdict(row: FleetRow, note: str) -> FleetRow:
    outcome = row.outcome if row.outcome is Outcome.FAIL else Outcome.INCONCLUSIVE
    return FleetRow.model_validate({**dict(row), "outcome": outcome, "journal_note": note})
