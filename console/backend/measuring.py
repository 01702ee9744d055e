"""Answers what a console at rest asks: the status, the runs, the gates, the drift; and stops, which nothing has to be loaded for."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TypeVar

from console.backend.gates.board import gates_named, measure_board
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.readiness import Board, DriftReport
from console.backend.model.view_models import OnStep, RunSummary, RunView, Status, SwitchView, untold
from console.backend.postgres.connections import connect
from console.backend.postgres.drift import against_host, measure_drift
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.postgres.measure import privileges_to_write
from console.backend.runs.answers import Answers
from console.backend.runs.following import follow
from console.backend.runs.other_layout import explained, has_another_layout, is_elsewhere
from console.backend.runs.panic import panic
from console.backend.runs.run_list import list_runs
from console.backend.runs.run_views import view_run
from console.backend.runs.site import drift_of_site, require_reading_role
from console.backend.runs.status import measure_status
from console.backend.runs.stop_only import has_stopper, require_only_a_hold

Service = TypeVar("Service", bound="MeasuringService")
SignStatement = Callable[[Path], Path]
"""Signs a statement file and returns the signature's path; only the demo has one."""


class MeasuringService(Answers):
    """The part of the backend that measures and stops. Every method measures again; nothing is remembered between calls."""

    def __init__(
        self, installation: Installation, *, read_only: bool = False, demo_signer: SignStatement | None = None
    ) -> None:
        self.installation = installation
        self.read_only = read_only
        self._demo_signer = demo_signer

    def made_as(
        self, kind: type[Service], *, installation: Installation | None = None, read_only: bool | None = None
    ) -> Service:
        """Return a backend of this kind, made of all that this one was made of except for what is given."""
        return kind(
            self.installation if installation is None else installation,
            read_only=self.read_only if read_only is None else read_only,
            demo_signer=self._demo_signer,
        )

    @with_kept_sessions
    def require_read_only_role(self) -> None:
        """Raise Refused if the monitoring role could write: then read-only would be a promise, not a fact."""
        if has_another_layout(self.installation):
            require_reading_role(self.installation)
            return
        with connect(self.installation.settings.database.monitor, read_only=True, purpose="role") as connection:
            privileges = privileges_to_write(connection)
        if privileges:
            message = f"the monitoring role has {privileges} privileges to write"
            raise Refused(StopCode.GRANT_DELTA, message, "Give `database.monitor` a role that only reads: cutter_ro.")
        require_only_a_hold(self.installation)

    def explained(self, error: CutterError) -> CutterError:
        """Return the error or, if the database has another layout, one that says so and what is possible there."""
        return explained(self.installation, error)

    @with_kept_sessions
    def status(self) -> Status:
        """Measure what the Overview shows."""
        return measure_status(self.installation, read_only=self.read_only, demo=self._demo_signer is not None)

    def runs(self) -> tuple[RunSummary, ...]:
        """Return all runs, the newest first."""
        return list_runs(self.installation)

    def run(self, run_id: str) -> RunView:
        """Return one run, decided by evidence."""
        return view_run(self.installation, run_id)

    def follow(self, on_change: Callable[[], None], ended: Event) -> None:
        """Call `on_change` whenever something has moved, until `ended`."""
        follow(self.installation, on_change, ended)

    def can_stop(self) -> bool:
        """Return whether a stop can set a HOLD in the database."""
        return not self.read_only or has_stopper(self.installation)

    def hook_trouble(self) -> str:
        """Return an empty text: this backend tells no hook; `backend/hooks.py` does."""
        return ""

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        """Set a HOLD, cancel the running statement, end the lease."""
        return panic(self.installation, reason, read_only=self.read_only, on_step=on_step)

    @with_kept_sessions
    def gates(self, names: tuple[str, ...] = ()) -> Board:
        """Measure these gates now, all of them if none is named."""
        return measure_board(self.installation, gates_named(names), read_only=self.read_only)

    @with_kept_sessions
    def drift(self) -> DriftReport:
        """Compare grants and definitions with those that were installed; each difference comes with its repair."""
        settings = self.installation.settings
        try:
            return against_host(measure_drift(settings.database.monitor), settings.pins.schema_digest)
        except CutterError as error:
            if not is_elsewhere(self.installation, error):
                raise
        return drift_of_site(self.installation)
