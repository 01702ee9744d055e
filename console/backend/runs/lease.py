"""Lease held by a session of its own: when this process ends, however it ends, its connection ends, and the lease with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

import psycopg

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.model.purposes import Purpose
from console.backend.model.schema_names import OWN
from console.backend.postgres import ledger
from console.backend.postgres.connections import finish, translate
from console.backend.postgres.kept_sessions import stands
from console.backend.postgres.lines import require_line_for_writing
from console.backend.postgres.records import LeaseRow
from console.backend.postgres.session import Session
from console.backend.postgres.sessions import open_session
from console.backend.runs.kill_switch import armed_for, is_for

_STATEMENT_S = 30.0
"""Longer than the functions' own lock timeout, so that the error names the lock and not this limit."""


class Lease(Protocol):
    """The lease as a run needs it."""

    def take(self, purpose: Purpose, *, seen: tuple[LeaseRow | None] | None = None) -> bool:
        """Take the lease for the purpose; False if it is not armed for it. `seen` is the open lease, if it has just been read."""

    @property
    def pid(self) -> int | None:
        """Process id of the session at the server that ends with the run's walk; None if none does."""

    def let_go(self) -> None:
        """End what this run alone has of the lease."""


class LeaseHolder:
    """Holder of the lease of one run, or of one batch, from `take` to the end of the block."""

    def __init__(self, installation: Installation, run_id: str) -> None:
        self._installation = installation
        self._run_id = run_id
        self._session: Session | None = None

    @contextmanager
    def arming(self) -> Iterator[psycopg.Connection]:
        """Run one transaction of the session that holds the lease: whoever arms in it holds what it has armed, from COMMIT on.

        Raises CommitUnknown if COMMIT is not answered; the session is ended then, whatever became of it.
        """
        self.let_go()
        try:
            session = self._open()
            session.autocommit = False
            yield session
            finish(session)
            # The session stands idle for as long as the run works: it must keep no transaction open meanwhile.
            session.autocommit = True
        except psycopg.Error as error:
            raise self._translated(error) from error
        except BaseException:
            self.let_go()
            raise

    def take(self, purpose: Purpose, *, seen: tuple[LeaseRow | None] | None = None) -> bool:
        """Take the lease if this run is armed for the purpose; False if it is not. Raises Refused (LOCKED) if another process holds it."""
        # Asked as the monitoring role first: while the switch is off, no session that could write is opened.
        if not (is_for(*seen, self._run_id, purpose) if seen else armed_for(self._installation, self._run_id, purpose)):
            return False
        try:
            ledger.take_lease(self._open(), self._run_id, purpose)
        except psycopg.Error as error:
            raise self._translated(error) from error
        return True

    @property
    def pid(self) -> int | None:
        """Process id of the session at the server; None without a session that is open."""
        return None if self._session is None or self._session.closed else self._session.info.backend_pid

    def _translated(self, error: psycopg.Error) -> CutterError:
        """End the session, and return the project's error for what it has met."""
        # Its names first: beside an organisation's tables the console's own stand in other schemas.
        names = self._session.names if self._session is not None else OWN
        self.let_go()
        return translate(error, names)

    def _open(self) -> Session:
        if self._session is None:
            self._session = open_session(
                self._installation.settings.database.executor,
                application="cutter-console lease",
                statement_timeout_s=_STATEMENT_S,
            )
            self._session.autocommit = True
            try:
                require_line_for_writing(self._session)
            except BaseException:
                self.let_go()
                raise
            # What became of an unanswered COMMIT is asked on it if the role may have no session more.
            stands(self._installation.settings.database.executor, self._session)
        return self._session

    def let_go(self) -> None:
        """End the session, and so the lease."""
        if self._session is not None:
            stands(self._installation.settings.database.executor, None)
            self._session.close()
            self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()


class MemberLease:
    """The lease of a batch in the hands of one of its members: taken as the batch's, and not let go with the member's walk."""

    pid: int | None = None

    def __init__(self, holder: LeaseHolder) -> None:
        self._holder = holder

    def take(self, purpose: Purpose, *, seen: tuple[LeaseRow | None] | None = None) -> bool:
        """Take the batch's lease for the purpose; False if it is not armed for it."""
        return self._holder.take(purpose, seen=seen)

    def let_go(self) -> None:
        """Leave the lease to the batch."""
