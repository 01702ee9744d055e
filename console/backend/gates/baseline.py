"""G1: the release was tested; write protections are tested live; row counts match the ledger, texts in force the pinned ones."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import psycopg

from console.backend.gates.connections import (
    EXECUTOR,
    LINE_OF_EXECUTOR,
    LINE_OF_VERIFIER,
    VERIFIER,
    Connected,
    connected,
    connections,
    connections_check,
)
from console.backend.gates.gate import Gate
from console.backend.gates.growth import Growth, growth_check, measure_growth
from console.backend.gates.kept_numbers import KeptNumbers, kept_check, measure_kept
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes
from console.backend.gates.probe import Probe
from console.backend.gates.recorded_tests import Recorded, recorded_tests, recorded_tests_check
from console.backend.gates.text_in_force import Texts, measure_texts, texts_check
from console.backend.host.daemon import start
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Check
from console.backend.model.purposes import Purpose
from console.backend.model.readiness import Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import SiteMapping
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import counted
from console.backend.postgres.kept_sessions import for_another_thread
from console.backend.postgres.privileges import CurrentRole, current_role_as_member
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.server import SessionRow, session_of
from console.backend.postgres.session import leave
from console.backend.postgres.write_attempts import (
    count_documents,
    register_probe_document,
    try_direct_writes,
    try_to_create_run,
    try_writes_of_site,
)
from console.backend.runs.kill_switch import SwitchRows, armed_for, switch_rows
from console.backend.runs.phase_context import Role
from console.backend.runs.site import site_mapping_of

REFUSED = "42501"
"""SQLSTATE of a privilege that is missing: what every direct write must meet."""
_READ_ONLY = "25006"
_DRIFT = "See the GRANT or REVOKE that repairs it: cutter-console drift"


class Attempt(Value):
    """One direct write and its refusal: an SQLSTATE, or empty if nothing refused it."""

    statement: SafeText
    sqlstate: str


class RoleProof(Value):
    """One of the product's roles, as it connects here."""

    role: SafeText
    superuser: bool
    """Itself, or as a member of one."""
    attempts: tuple[Attempt, ...]


class Guarded(Value):
    """Answer of the guard of a LIVE run to a run without a lease, and the questions that it asked."""

    allowed: bool
    connections: tuple[SafeText, ...]
    """Purpose of each connection that was opened."""
    as_executor: int
    """Number of them that were the executor's."""


class DryProof(Value):
    """A READ ONLY transaction as the executor."""

    sqlstate: str
    """Refusal that a write in it met."""
    xid: str
    """The transaction id that was assigned; empty if none was."""


class CreateProof(Value):
    """A document that was registered and rolled back: of all rows, the one that takes no number from a sequence."""

    inside: int
    """Rows of it that its own transaction saw."""
    outside: int
    """Rows of it on a fresh connection afterwards."""


class AtRest(Value):
    """The switch after the proofs; `lease` is empty if none is open."""

    lease: SafeText
    hold: bool


class Facts(Value):
    """The facts that G1 measures."""

    tests: Measurement[Recorded]
    connections: Measurement[tuple[Connected, ...]]
    guard: Measurement[Guarded]
    dry: Measurement[DryProof]
    create: Measurement[CreateProof]
    executor: Measurement[RoleProof]
    verifier: Measurement[RoleProof]
    monitor: Measurement[RoleProof]
    rest: Measurement[AtRest]
    growth: Measurement[Growth]
    kept: Measurement[KeptNumbers]
    texts: Measurement[Texts]


def measure(probe: Probe) -> Facts:
    """Try each write protection once; everything is rolled back."""
    tests, guard = recorded_tests(probe), _guard(probe)
    # One role beside the other: one after the other they take longer on a slow line than the board waits.
    as_executor = start(for_another_thread(functools.partial(_as_executor, probe)), "G1 executor")
    as_verifier = start(for_another_thread(functools.partial(_as_verifier, probe)), "G1 verifier")
    monitor = probe.ask("monitor", _ASKED, "the monitoring connection", lambda: _monitor(probe), _role_in_words)
    growth, kept = measure_growth(probe), measure_kept(probe)
    verifier = as_verifier.result()
    proofs = as_executor.result()
    return Facts(
        tests=tests,
        # Behind the two, which know by then what the sessions of their roles are.
        connections=connections(probe),
        guard=guard,
        dry=proofs.dry,
        create=_created(probe, proofs),
        executor=proofs.role,
        verifier=verifier,
        monitor=monitor,
        rest=probe.ask(
            "rest",
            "lease and HOLD after the proofs",
            "v_lease and v_hold",
            lambda: _rest(probe, proofs.prefix),
            _rest_in_words,
        ),
        growth=growth,
        kept=kept,
        # The last one: it takes as long as there is text.
        texts=measure_texts(probe),
    )


_ASKED = "INSERT, UPDATE and DELETE on units and versions, INSERT on manifests, rulings, proofs and events, naming no row; superuser"


def _probe_names(probe: Probe) -> tuple[str, str]:
    """Return a run id and a document prefix that do not exist."""
    token = probe.installation.context.token_hex(4)
    return f"ictr-{probe.installation.context.now():%Y%m%dT%H%M%SZ}-{token}", f"PROBE-{token.upper()}"


def _guard(probe: Probe) -> Measurement[Guarded]:
    """Ask the guard as a LIVE run does before its first mutating phase, for a run that holds no lease."""
    database, (run_id, _) = probe.installation.settings.database, _probe_names(probe)

    def ask() -> Guarded:
        with counted() as opened:
            allowed = armed_for(probe.installation, run_id, Purpose.CUT)
        return Guarded(
            allowed=allowed,
            connections=tuple(connection.purpose for connection in opened),
            as_executor=sum(connection.conninfo == database.executor for connection in opened),
        )

    return probe.ask(
        "guard",
        f"may run {run_id}, which holds no lease, cut; and which connections were opened to test that",
        "the guard that LIVE runs ask, and the count of connections",
        ask,
        lambda proof: (
            f"{'allowed' if proof.allowed else 'refused'}; {proof.as_executor} connections as the executor, {len(proof.connections)} in all"
        ),
    )


def _as_executor(probe: Probe) -> "_Proofs":
    """Make three proofs on one connection of the executor; an error in one stops those after it."""
    run_id, prefix = _probe_names(probe)
    proofs: list[tuple[DryProof, int, RoleProof]] = []

    def all_three() -> DryProof:
        with probe.writing(Role.EXECUTOR) as connection:
            dry = _dry(connection, run_id, prefix)
            role, session = _role_and_session(connection)
            probe.asked.know(LINE_OF_EXECUTOR, connected(EXECUTOR, session, connection))
            proofs.append((dry, _registered(connection, prefix), role))
        return dry

    # Called after `dry` is measured, below: if that failed, its reason is the reason of the other two.
    def later() -> tuple[DryProof, int, RoleProof]:
        if not proofs:
            raise Unmeasured(StopCode.UNREACHABLE, dry.unmeasured, dry.next_action)
        return proofs[0]

    dry = probe.ask(
        "dry-run",
        "a READ ONLY transaction: how a write in it is met, and its transaction id",
        "the executor's connection",
        all_three,
        lambda proof: f"write: {proof.sqlstate or 'not refused'}; transaction id: {proof.xid or 'none assigned'}",
    )
    executor = probe.ask("executor", _ASKED, "the executor's connection", lambda: later()[2], _role_in_words)
    return _Proofs(dry, executor, prefix, lambda: later()[1])


class _Proofs(NamedTuple):
    """Proofs on the executor's connection."""

    dry: Measurement[DryProof]
    role: Measurement[RoleProof]
    prefix: str
    """Prefix of the document that was registered and rolled back."""
    inside: Callable[[], int]
    """Number of them that were registered inside of the transaction; raises Unmeasured if it did not come to that."""


def _created(probe: Probe, proofs: _Proofs) -> Measurement[CreateProof]:
    return probe.ask(
        "rolled-back-create",
        f"rows of document {proofs.prefix}, registered by the executor, inside its transaction, and on a fresh connection after the rollback",
        "the executor's connection, then the monitoring role's",
        lambda: CreateProof(inside=proofs.inside(), outside=_left(probe, proofs.prefix).documents),
        lambda proof: f"{proof.inside} inside, {proof.outside} outside",
    )


class _Left(NamedTuple):
    """State of the database behind the proofs."""

    switch: SwitchRows
    documents: int
    """Number of registered documents of the prefix that was tried."""


def _left(probe: Probe, prefix: str) -> _Left:
    """Return what the proofs have left, read once."""

    def ask(connection: psycopg.Connection) -> _Left:
        with Asking(connection) as asking:
            switch = asking.ask(switch_rows)
            documents = asking.ask(functools.partial(count_documents, docprefix=prefix))
        return _Left(switch.value, documents.value)

    return probe.of_monitor("after the proofs", ask)


def _dry(connection: psycopg.Connection, run_id: str, prefix: str) -> DryProof:
    connection.read_only = True
    sqlstate, xid = try_to_create_run(connection, run_id, prefix)
    # psycopg lets `read_only` change between transactions only, so the rollback comes first.
    leave(connection)
    connection.read_only = False
    return DryProof(sqlstate=sqlstate, xid=xid or "")


def _registered(connection: psycopg.Connection, prefix: str) -> int:
    inside = register_probe_document(connection, prefix)
    # Waited for: behind it nothing of the document may be seen.
    connection.rollback()
    return inside


def _as_verifier(probe: Probe) -> Measurement[RoleProof]:
    return probe.ask("verifier", _ASKED, "the verifier's connection", lambda: _verifier(probe), _role_in_words)


def _verifier(probe: Probe) -> RoleProof:
    with probe.writing(Role.VERIFIER) as connection:
        role, session = _role_and_session(connection)
        probe.asked.know(LINE_OF_VERIFIER, connected(VERIFIER, session, connection))
    return role


def _monitor(probe: Probe) -> RoleProof:
    """Try the writes as the monitoring role, without the READ ONLY that would refuse before privileges are checked."""
    mapping = site_mapping_of(probe.installation) if probe.is_of_another_layout() else None
    probe.require_primary()
    with probe.monitor() as connection:
        # Its names are asked for first: what is tried is a write, and must not meet tables that others have by these names.
        schema_names(connection)
        leave(connection)
        connection.read_only = False
        return _role(connection, mapping)


def _role(connection: psycopg.Connection, mapping: SiteMapping | None = None) -> RoleProof:
    if mapping is None:
        return _role_and_session(connection)[0]
    role, tried = current_role_as_member(connection), try_writes_of_site(connection, mapping)
    return _proof(role, tried)


def _role_and_session(connection: psycopg.Connection) -> tuple[RoleProof, SessionRow]:
    """Try the writes, and return what the session is in which they were tried."""
    with Asking(connection) as asking:
        role, tried = asking.ask(current_role_as_member), asking.ask(try_direct_writes)
        session = asking.ask(session_of)
    return _proof(role.value, tried.value), session.value


def _proof(role: CurrentRole, tried: tuple[tuple[str, str], ...]) -> RoleProof:
    attempts = tuple(Attempt(statement=words, sqlstate=state) for words, state in tried)
    return RoleProof(role=role.name, superuser=role.superuser, attempts=attempts)


def _rest(probe: Probe, prefix: str) -> AtRest:
    switch = _left(probe, prefix).switch
    lease = switch.lease
    return AtRest(lease=f"{lease.run_id} to {lease.purpose}" if lease else "", hold=switch.hold is not None)


def _rest_in_words(at_rest: AtRest) -> str:
    return (f"armed for {at_rest.lease}" if at_rest.lease else "no lease") + (", HOLD set" if at_rest.hold else "")


def _role_in_words(proof: RoleProof) -> str:
    refusals = ", ".join(f"{attempt.statement}: {attempt.sqlstate or 'not refused'}" for attempt in proof.attempts)
    return f"{proof.role}{', a superuser' if proof.superuser else ''}; {refusals}"


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: tests, connections, guard, dry run, rolled-back create, each role's write protections, the switch at rest, the rows, the kept numbers, the texts in force."""
    return (
        recorded_tests_check(facts.tests),
        connections_check(facts.connections),
        check("LIVE refuses while the switch is off", facts.guard, _guarded),
        check("dry run takes no transaction id", facts.dry, _dry_held),
        check("rolled-back create leaves nothing", facts.create, _create_held),
        _role_check("executor", facts.executor),
        _role_check("verifier", facts.verifier),
        _role_check("monitor", facts.monitor),
        check("switch still off", facts.rest, _at_rest),
        growth_check(facts.growth),
        kept_check(facts.kept),
        texts_check(facts.texts),
    )


def _guarded(proof: Guarded) -> Verdict:
    if proof.allowed:
        return fails(
            "a run without a lease may cut",
            "Stop everything: cutter-console panic --reason guard; then: cutter-console manifest verify",
        )
    if proof.as_executor:
        return fails(
            f"refused, but {proof.as_executor} connections were the executor's",
            "Give `database.monitor` a separate role and service in orchestrator.config.json; then: cutter-console manifest verify",
        )
    return passes(f"refused before any connection as the executor; {len(proof.connections)} as the monitoring role")


def _dry_held(proof: DryProof) -> Verdict:
    if proof.xid or proof.sqlstate != _READ_ONLY:
        detail = f"a write met {proof.sqlstate or 'nothing'}, transaction id {proof.xid or 'none'}"
        return fails(detail, f"A READ ONLY transaction must refuse it with {_READ_ONLY}. {_DRIFT}")
    return passes(f"a write in READ ONLY is refused ({_READ_ONLY}), and no transaction id was assigned")


def _create_held(proof: CreateProof) -> Verdict:
    if (proof.inside, proof.outside) != (1, 0):
        detail = f"{proof.inside} rows inside, {proof.outside} outside; 1 and 0 are right"
        return fails(detail, "Look for a pooler or proxy that commits by itself; connect to the server directly.")
    return passes("visible inside its transaction, gone on a fresh connection")


def _role_check(connection_name: str, fact: Measurement[RoleProof]) -> Check:
    return check(f"direct writes refused as the {connection_name}", fact, lambda proof: _walled(connection_name, proof))


def _walled(connection_name: str, proof: RoleProof) -> Verdict:
    if proof.superuser:
        action = f"Give `database.{connection_name}` a role that is no superuser, nor a member of one. {_DRIFT}"
        return fails(f"{proof.role} is a superuser: no wall holds for it", action)
    unrefused = [
        f"{attempt.statement} met {attempt.sqlstate or 'nothing'}"
        for attempt in proof.attempts
        if attempt.sqlstate != REFUSED
    ]
    if unrefused:
        return fails(f"as {proof.role}: {'; '.join(unrefused)}; {REFUSED} is right", _DRIFT)
    return passes(f"{proof.role}, no superuser: {len(proof.attempts)} direct writes, each refused with {REFUSED}")


def _at_rest(at_rest: AtRest) -> Verdict:
    if at_rest.lease:
        return partial(f"armed for {at_rest.lease}, not by these proofs", "Let the run end, or: cutter-console disarm")
    return passes(_rest_in_words(at_rest))


GATE = Gate(
    "G1", "Baseline", "Do the walls hold, and are the rows those of the record?", Owner.OPERATOR, measure, decide
)
