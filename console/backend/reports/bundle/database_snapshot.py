"""The database as a bundle must leave it: digests of all tables, sequences, transaction ids, read in one snapshot."""

import psycopg

from console.backend.backup.record import TableProof
from console.backend.backup.table_digest import table_proofs_at_once
from console.backend.gates.probe import Probe
from console.backend.model.safe_text import SafeText
from console.backend.model.schema_names import SchemaNames
from console.backend.model.value import Value
from console.backend.postgres import database_state
from console.backend.postgres.connections import connect
from console.backend.postgres.measure import Identity, measure_identity
from console.backend.postgres.privileges import current_role
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.transactions import assigned_transaction_id

_MOST_IDS = 10_000


class RowVersions(Value):
    """Transactions that wrote a table's rows, as one value: it differs even if a row is replaced by an equal one."""

    table: SafeText
    written_by: str


class SequenceState(Value):
    """A sequence and the last number that it gave; a rolled-back insert takes one and does not give it back."""

    name: SafeText
    last_value: int


class Transactions(Value):
    """Position of the server's transaction ids."""

    next_id: int
    """Every id below it has been given out; anybody's write anywhere in the cluster moves it."""
    own_unassigned: bool
    """`pg_current_xact_id_if_assigned() IS NULL` at the end of the measuring transaction itself."""
    open_of_gates: int
    """Transactions of gates that are open in this database."""
    last_event: int
    """Id of the newest recorded step of any run."""


class Between(Value):
    """Outcomes of the transaction ids given out since the earlier measurement, from `first` up to but without `end`."""

    first: int
    end: int
    committed: int = 0
    aborted: int = 0
    events: tuple[SafeText, ...] = ()
    """Steps of runs recorded meanwhile: who did what."""

    @property
    def given_out(self) -> int:
        """Return the number of ids."""
        return self.end - self.first

    @property
    def other(self) -> int:
        """Return the number of ids that are in progress, or were too many to be asked for one by one."""
        return self.given_out - self.committed - self.aborted


class DatabaseState(Value):
    """Everything that one READ ONLY, repeatable-read transaction of the verifying role saw."""

    names: SchemaNames
    """Schemas in which the tables stand."""
    tables: tuple[TableProof, ...]
    versions: tuple[RowVersions, ...]
    definitions: str
    """Digest of grants, ownership, functions and triggers."""
    sequences: tuple[SequenceState, ...]
    transactions: Transactions
    between: Between


class RoleSeen(Value):
    """A role that the console connects as."""

    name: SafeText
    superuser: bool


class Seen(Value):
    """The database by name, and the roles that it is asked and written with."""

    identity: Identity
    roles: tuple[RoleSeen, ...]


def read_database(probe: Probe, since: Transactions | None) -> DatabaseState:
    """Read everything in one snapshot; `since` is the position of the transaction ids at the earlier measurement."""
    verifier = probe.installation.settings.database.verifier
    with connect(verifier, read_only=True, timeout_s=probe.seconds_left, purpose="bundle") as connection:
        # One snapshot for all statements, so that digests and row versions are of the same moment.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        names = database_state.product_tables(connection)
        schemas = schema_names(connection)
        sequences = database_state.sequences(connection)
        position = database_state.transaction_position(connection)
        between = _between(connection, since, position.next_id)
        tables, versions = table_proofs_at_once(connection, names), _versions(connection, names)
        definitions = database_state.schema_digest(connection)
        # Last, so that an id that any of the statements above had taken would show.
        unassigned = assigned_transaction_id(connection) is None
    return DatabaseState(
        names=schemas,
        tables=tables,
        versions=versions,
        definitions=definitions,
        sequences=tuple(SequenceState(name=name, last_value=value) for name, value in sequences),
        transactions=Transactions(
            next_id=position.next_id,
            own_unassigned=unassigned,
            open_of_gates=position.open_of_gates,
            last_event=position.last_event,
        ),
        between=between,
    )


def _versions(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[RowVersions, ...]:
    rows = database_state.row_versions(connection, tables)
    return tuple(
        sorted((RowVersions(table=name, written_by=sums) for name, sums in rows), key=lambda version: version.table)
    )


def _between(connection: psycopg.Connection, since: Transactions | None, next_id: int) -> Between:
    if since is None:
        return Between(first=next_id, end=next_id)
    asked_from = max(since.next_id, next_id - _MOST_IDS)
    outcomes = database_state.outcomes_of_ids(connection, asked_from, next_id)
    events = database_state.events_after(connection, since.last_event)
    return Between(
        first=since.next_id,
        end=next_id,
        committed=outcomes.get("committed", 0),
        aborted=outcomes.get("aborted", 0),
        events=tuple(f"run {run}, {phase}: {outcome}, by {actor}" for run, phase, outcome, actor in events),
    )


def read_identity(probe: Probe) -> Seen:
    """Return which database this is, and the three roles of the console as the database knows them."""
    with probe.monitor() as connection:
        identity = measure_identity(connection, probe.installation.context.host, standby=True)
    database = probe.installation.settings.database
    writing_roles = (_role(probe, conninfo) for conninfo in (database.executor, database.verifier))
    return Seen(identity=identity, roles=(RoleSeen(name=identity.role, superuser=identity.superuser), *writing_roles))


def _role(probe: Probe, conninfo: str) -> RoleSeen:
    with connect(conninfo, read_only=True, timeout_s=probe.seconds_left, purpose="bundle") as connection:
        role = current_role(connection)
    return RoleSeen(name=role.name, superuser=role.superuser)
