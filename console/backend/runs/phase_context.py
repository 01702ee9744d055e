"""Inputs of a phase, and its four parts: prepare (before its transaction), measure (both modes), promise and write (LIVE only)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import psycopg
from psycopg.types.json import Jsonb

from console.backend.host.installation import Installation
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan import DocumentPlan
from console.backend.model.states import PHASE_TO, Mode, Phase
from console.backend.postgres import ledger
from console.backend.postgres.asking import Question
from console.backend.postgres.catalogue_rows import catalogue_rows
from console.backend.postgres.inventory import PlacedDigest, placed_digest
from console.backend.runs.workspace import RunRequestFile, Workspace


class Role(StrEnum):
    """Connection that a phase works on."""

    EXECUTOR = "executor"
    VERIFIER = "verifier"


def conninfo_of(installation: Installation, role: Role) -> str:
    """Return how this role connects."""
    database = installation.settings.database
    match role:
        case Role.EXECUTOR:
            return database.executor
        case Role.VERIFIER:
            return database.verifier


class SchemaDigest:
    """The digest of grants, definitions and guards, which costs the server more than all else that is asked before a write.

    Whoever writes, and whoever asks for a signature, has it computed, or learns that no row which it was computed of has
    moved since, for the documents of a batch too. A plan may be bound to the one that was computed last, and
    a dry run compares with it what it would write: were the schema another one by then, the plan would be refused later.
    """

    def __init__(self) -> None:
        self._last: PlacedDigest | None = None

    @property
    def now(self) -> Question[str]:
        """Return the question for the digest as it is now."""
        # Taken here: while the question goes on, statement by statement, another one may have it computed.
        last = self._last

        def ask(connection: psycopg.Connection) -> str:
            if last is not None and catalogue_rows(connection) == last.rows:
                return last.digest
            return self._computed(connection)

        return ask

    def last(self, connection: psycopg.Connection) -> str:
        """Return the last one that was computed, or have it computed."""
        return self._computed(connection) if self._last is None else self._last.digest

    def _computed(self, connection: psycopg.Connection) -> str:
        self._last = placed_digest(connection)
        return self._last.digest


@dataclass(frozen=True)
class PhaseContext:
    """One passage of one run through one phase."""

    installation: Installation
    workspace: Workspace
    request: RunRequestFile
    report: Callable[[str, int, int | None], None]
    """Live progress: what, how much is done, of how much."""
    planned: DocumentPlan | None = None
    """The document as it was planned when the run was started; None in every later command."""
    schema: SchemaDigest = field(default_factory=SchemaDigest)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.request.run_id

    @property
    def is_live(self) -> bool:
        """Return whether the phase may write."""
        return self.request.mode is Mode.LIVE

    @property
    def schema_at_write(self) -> Question[str]:
        """Return the question for the schema's digest in a phase that writes: as it is now, or in a dry run as it was asked for last."""
        return self.schema.now if self.is_live else self.schema.last

    def passed(self, name: str, answer: str, source: str) -> Check:
        """Return a PASS with the answer as its evidence."""
        return self.check(name, answer, source, good=True)

    def check(self, name: str, answer: str, source: str, good: bool, next_action: str = "") -> Check:
        """Return a check with the answer as its one piece of evidence, measured now: PASS if `good`, else FAIL."""
        evidence = Evidence(
            id=f"E-{name.replace(' ', '-')}",
            asked=name,
            source=source,
            answer=answer,
            measured_at=self.installation.context.now(),
        )
        return Check(
            name=name,
            outcome=Outcome.PASS if good else Outcome.FAIL,
            detail=answer,
            evidence=(evidence,),
            next_action="" if good else next_action,
        )


class PhaseWork:
    """One phase. The same code runs in both modes up to `write`, which a DRYRUN never calls."""

    phase: Phase
    role: Role = Role.EXECUTOR

    def prepare(self, _step: PhaseContext) -> tuple[Check, ...]:
        """Return what comes before the phase's transaction: files, gpg, backups, and units that are tried and taken back."""
        return ()

    def measure(self, _step: PhaseContext, _connection: psycopg.Connection) -> tuple[Check, ...]:
        """Return what the database says; anything but PASS stops the run."""
        return ()

    def promise(self, _step: PhaseContext) -> tuple[Check, ...]:
        """Return what `write` has done by the time its transaction commits; `write` raises if the database answers anything else.

        Known before, because the event that records it is written by the function that has the effect.
        """
        return ()

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]
    ) -> None:
        """Have the effect in the open transaction, together with the event and the run's next state."""
        ledger.advance(connection, context.run_id, PHASE_TO[self.phase][-1], event)
