"""Everything that a readiness bundle must leave as it was, measured before and after it; every answer is evidence."""

from collections.abc import Callable
from typing import TypeVar

from console.backend.backup.record import TableProof
from console.backend.gates.measurement import AnyMeasurement, Measurement
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.model.counting import counted
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.safe_text import SafeText
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.value import Value
from console.backend.model.view_models import SwitchState, SwitchView
from console.backend.release.host_processes import cron_entries, service_units
from console.backend.reports.bundle.database_snapshot import (
    Between,
    RoleSeen,
    RowVersions,
    Seen,
    SequenceState,
    Transactions,
    read_database,
    read_identity,
)
from console.backend.reports.bundle.host_snapshot import (
    FileEntry,
    KeyRing,
    ProcessSeen,
    files_of,
    key_ring_of,
    listing_digest,
    processes_of,
)
from console.backend.runs.kill_switch import measure_switch

T = TypeVar("T")
U = TypeVar("U")
BEFORE, AFTER = "BEFORE", "AFTER"
_AGAIN = "Make it measurable, then: cutter-console bundle"


class InstallationSnapshot(Value):
    """One measurement; its evidence ids begin with BEFORE or AFTER."""

    moment: str
    identity: Measurement[Seen]
    roles: Measurement[tuple[RoleSeen, ...]]
    counts: Measurement[tuple[TableProof, ...]]
    digests: Measurement[tuple[TableProof, ...]]
    versions: Measurement[tuple[RowVersions, ...]]
    standing: Measurement[str]
    """Contents of the database, in words."""
    definitions: Measurement[str]
    sequences: Measurement[tuple[SequenceState, ...]]
    transactions: Measurement[Transactions]
    between: Measurement[Between]
    switch: Measurement[SwitchView]
    files: Measurement[tuple[FileEntry, ...]]
    key_ring: Measurement[KeyRing]
    processes: Measurement[tuple[ProcessSeen, ...]]
    services: Measurement[tuple[SafeText, ...]]
    names: SchemaNames = OWN
    """Schemas in which the tables of the digests stand."""

    @property
    def facts(self) -> tuple[AnyMeasurement, ...]:
        """Return everything that was measured, in order."""
        return tuple(getattr(self, name) for name in type(self).model_fields if name not in {"moment", "names"})


def take_snapshot(
    installation: Installation, moment: str, ends_at: float, since: InstallationSnapshot | None = None
) -> InstallationSnapshot:
    """Measure now. `moment` is BEFORE or AFTER; transaction ids are counted from the earlier measurement `since`.

    `ends_at` is on the clock of `time.monotonic`, in seconds. Nothing is raised: what cannot be measured says why.
    """
    probe = Probe(installation, moment, ends_at)
    earlier = since.transactions.value if since is not None else None
    identity = probe.ask(
        "identity", "which database is this", "the database, on the monitoring role", lambda: read_identity(probe), _identity_in_words, otherwise=_AGAIN
    )  # fmt: skip
    state = probe.ask(
        "snapshot", "every table in one snapshot", "the database, on the verifying role", lambda: read_database(probe, earlier), otherwise=_AGAIN
    )  # fmt: skip
    return InstallationSnapshot(
        moment=moment,
        names=state.value.names if state.value is not None else OWN,
        identity=identity,
        roles=part(identity, f"{moment}.roles", "which roles the console connects as", lambda whole: whole.roles, _roles),
        counts=part(state, f"{moment}.counts", "rows of every table", lambda whole: whole.tables, _counts),
        digests=part(
            state, f"{moment}.digests", "the content of every table", lambda whole: whole.tables, _contents, listing_digest
        ),
        versions=part(
            state,
            f"{moment}.versions",
            "which transactions wrote the rows",
            lambda whole: whole.versions,
            _written,
            listing_digest,
        ),
        standing=part(state, f"{moment}.standing", "what is in the database", lambda whole: _standing(whole.tables), str),
        definitions=part(
            state,
            f"{moment}.definitions",
            "grants, owners, functions and triggers",
            lambda whole: whole.definitions,
            str,
            str,
        ),
        sequences=part(
            state, f"{moment}.sequences", "the sequences' last numbers", lambda whole: whole.sequences, _sequences
        ),
        transactions=part(
            state, f"{moment}.transactions", "the transaction ids", lambda whole: whole.transactions, _position
        ),
        between=part(state, f"{moment}.between", "ids given out since BEFORE", lambda whole: whole.between, _became),
        switch=probe.ask("switch", "is the kill switch armed", "the HOLD file and the lease", lambda: _switch(installation), _state, otherwise=_AGAIN),
        files=probe.ask("files", "every file of the runtime tree outside reports/", str(installation.root), lambda: files_of(installation), _files, digest=listing_digest, otherwise=_AGAIN),
        key_ring=probe.ask("key_ring", "keys, key files and trust", f"gpg on {installation.gnupg_home}", lambda: key_ring_of(installation), _keys, digest=lambda ring: listing_digest((ring,)), otherwise=_AGAIN),
        processes=probe.ask("processes", "children of this process, and agents of the key ring", "/proc", lambda: processes_of(installation), _running, otherwise=_AGAIN),
        services=probe.ask("services", "units, timers and cron entries that mention the console", "the host's files", lambda: _services(installation), lambda paths: ", ".join(paths) or "none", otherwise=_AGAIN),
    )  # fmt: skip


def part(
    whole: Measurement[T],
    name: str,
    question: str,
    take: Callable[[T], U],
    answer: Callable[[U], str],
    digest: Callable[[U], str] | None = None,
) -> Measurement[U]:
    """Return one part of what was read together, as a fact with an evidence id of its own."""
    evidence = whole.evidence.model_copy(update={"id": name, "asked": question})
    if whole.value is None:
        return Measurement[U](evidence=evidence, unmeasured=whole.unmeasured, next_action=whole.next_action)
    value = take(whole.value)
    answer_fields = {"answer": answer(value), "digest": digest(value) if digest else ""}
    return Measurement[U](evidence=evidence.model_copy(update=answer_fields), value=value)


def _services(installation: Installation) -> tuple[SafeText, ...]:
    host = installation.context.filesystem
    return tuple(sorted({*service_units(host).found, *cron_entries(host).found}))


def _switch(installation: Installation) -> SwitchView:
    switch = measure_switch(installation)
    if switch.state is SwitchState.UNREADABLE:
        raise Unmeasured(StopCode.UNREACHABLE, f"the switch: {switch.reason}", switch.clears_with)
    return switch


def _identity_in_words(database: Seen) -> str:
    target = database.identity.target
    return (
        f"{target.database} on {target.host}, system identifier {target.system_identifier}, timeline {target.timeline},"
        f" PostgreSQL {database.identity.server_version}"
    )


def _roles(roles: tuple[RoleSeen, ...]) -> str:
    return ", ".join(f"{role.name} ({'SUPERUSER' if role.superuser else 'no superuser'})" for role in roles)


def _counts(tables: tuple[TableProof, ...]) -> str:
    return f"{counted(sum(table.rows for table in tables), 'row')} in {counted(len(tables), 'table')}"


def _standing(tables: tuple[TableProof, ...]) -> str:
    rows = {proof.table.rpartition(".")[2]: proof.rows for proof in tables}
    labels = (
        ("run", "LIVE runs recorded"),
        ("information_unit", "information units"),
        ("unit_version", "versions"),
        ("approval", "approvals imported"),
        ("approval_use", "uses of approvals"),
    )
    return ", ".join(f"{rows.get(table, 0)} {words}" for table, words in labels)


def _contents(tables: tuple[TableProof, ...]) -> str:
    return f"{counted(len(tables), 'table')} digested"


def _written(versions: tuple[RowVersions, ...]) -> str:
    return f"row versions of {counted(len(versions), 'table')}"


def _sequences(sequences: tuple[SequenceState, ...]) -> str:
    return ", ".join(f"{sequence.name} {sequence.last_value}" for sequence in sequences)


def _position(transactions: Transactions) -> str:
    own_words = (
        "the measuring transaction has none" if transactions.own_unassigned else "THE MEASURING TRANSACTION HAS ONE"
    )
    return f"next id {transactions.next_id}; {own_words}; {transactions.open_of_gates} transactions of gates open"


def _became(between: Between) -> str:
    summary = f"{counted(between.given_out, 'id')}: {between.committed} committed, {between.aborted} rolled back, {between.other} unknown"
    return "; ".join((summary, *between.events)) if between.given_out else "none"


def _state(switch: SwitchView) -> str:
    return switch.state.value + (f": {switch.reason}" if switch.reason else "")


def _files(entries: tuple[FileEntry, ...]) -> str:
    size = sum(entry.size for entry in entries if entry.mode.startswith("-"))
    return f"{counted(len(entries), 'entry')}, {counted(size, 'byte')}"


def _keys(ring: KeyRing) -> str:
    return f"{ring.keys} public keys, {len(ring.files)} key files"


def _running(processes: tuple[ProcessSeen, ...]) -> str:
    return ", ".join(f"{process.name} {process.pid}" for process in processes) or "none"
