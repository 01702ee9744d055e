"""Answers of one monitoring connection for G8: sessions, documents, functions, settings, rulings, runs, its clock."""

from collections.abc import Callable
from datetime import datetime

import psycopg

from console.backend.approvals.pinning import PolicyPin, pinned_policy
from console.backend.approvals.recorded import RecordedSignature
from console.backend.gates.probe import Probe
from console.backend.model.errors import CutterError
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.privileges import writing_sessions
from console.backend.postgres.records import RunRow, all_runs
from console.backend.postgres.registry import LiveDocument, live_documents
from console.backend.postgres.routines import routines_naming_documents
from console.backend.postgres.rulings import used_rulings
from console.backend.postgres.server import server_clock, weak_durability


class Writer(Value):
    """A session that can write units without the product's functions."""

    pid: int
    role: SafeText
    superuser: bool


class Answers:
    """Answers of one monitoring connection; an error is the answer to every question."""

    def __init__(self, probe: Probe) -> None:
        self._error: CutterError | None = None
        self.writers: tuple[Writer, ...] = ()
        self.live: tuple[LiveDocument, ...] = ()
        self.constants: tuple[str, ...] = ()
        self.weak_settings: tuple[str, ...] = ()
        self.used: list[RecordedSignature] = []
        self.runs: tuple[RunRow, ...] = ()
        self.skew_s = 0.0
        self.pinned: PolicyPin | None = None
        try:
            with probe.monitor() as connection:
                self._read(probe, connection)
        except CutterError as error:
            self._error = error

    def _read(self, probe: Probe, connection: psycopg.Connection) -> None:
        self.skew_s = _skew(connection, probe.installation.context.now)
        self.writers = tuple(Writer.model_validate(session._asdict()) for session in writing_sessions(connection))
        self.live = live_documents(connection)
        self.runs = all_runs(connection)
        self.constants = routines_naming_documents(connection)
        self.weak_settings = weak_durability(connection)
        self.used = [
            RecordedSignature(
                run_id=run_id,
                kind=kind,
                signer=signer,
                statement=statement,
                signature=signature,
                in_database=verdict or "",
            )
            for run_id, kind, signers, statement, signatures, verdicts in used_rulings(connection)
            for signer, signature, verdict in zip(signers, signatures, verdicts or [""] * len(signers), strict=True)
        ]
        self.pinned = pinned_policy(connection)

    def require(self) -> None:
        """Raise the error that kept the connection from answering, if there was one."""
        if self._error is not None:
            raise self._error


def _skew(connection: psycopg.Connection, now: Callable[[], datetime]) -> float:
    """Return the seconds that the database's clock is ahead of the host's, taken as read halfway through the call."""
    before = now()
    database_time = server_clock(connection)
    after = now()
    return (database_time - (before + (after - before) / 2)).total_seconds()
