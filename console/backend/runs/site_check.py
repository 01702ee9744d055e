"""The proof of a site mapping: writes through the organisation's own functions, each read back by the mapping, all rolled back."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg import IsolationLevel

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.model.errors import CutterError
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.session_limits import more_sessions, too_few_sessions
from console.backend.model.site_governance import Governance
from console.backend.model.site_mapping import INSPECT, SiteMapping
from console.backend.model.site_trial import Trial, only_counted, verdicts
from console.backend.postgres.connections import connect
from console.backend.postgres.privileges import current_role_as_member
from console.backend.postgres.server import session_of
from console.backend.postgres.site_catalogue import Catalogue, read_catalogue
from console.backend.postgres.site_creation_trial import TriedUnit
from console.backend.postgres.site_functions import (
    Answer,
    ArgumentRow,
    Pattern,
    arguments_of,
    call,
    check_deferred,
    has_unit,
    meaning_of,
    pattern_of,
    unknown_arguments,
    where_said,
)
from console.backend.postgres.site_gateway import site_counts, tied_mapping
from console.backend.postgres.site_governance_trial import may_try, try_rows
from console.backend.postgres.site_script import recorded_mapping
from console.backend.postgres.site_units import Readable, count_tables, read_unit
from console.backend.postgres.site_writable import function_faults, may_execute, odd_tables
from console.backend.runs.kill_switch import require_no_hold
from console.backend.runs.site import reading_site
from console.backend.runs.site_read_back import read_back
from console.backend.runs.site_run_check import CREATE, ENACT, RunProof, known_by_a_run, prove_as_a_run
from console.backend.runs.site_settings_check import NAME as SETTINGS
from console.backend.runs.site_settings_check import SOURCE as SETTINGS_SOURCE
from console.backend.runs.site_settings_check import prove_settings

_AGAIN = "Correct the site mapping, then: cutter-console adopt check"
_FUNCTIONS = "Ask the owner of the functions, or map others; then: cutter-console adopt check"
_AT_THE_END = "What fires at the end has the rights of who fires it, which are none in a run: have its owner make its function SECURITY DEFINER; then: cutter-console adopt check"
_PLAIN_ONES = "In the place of a view, map the table that it reads, with the columns' names there; of any other, ask the owner; then: cutter-console adopt check"
_LEAVE_OUT = "Take {names} out of the list `ledger` of the site mapping: a run writes nothing there, and then it is not counted; then: cutter-console adopt check"
_LEFT = "Stop, and look what was left: cutter-console counts"
_LEFT_OR_ELSE = "If nobody else writes there, stop and look for the rows: cutter-console counts. Otherwise run again: cutter-console adopt check"
_QUIET = "Once nobody else writes there: cutter-console adopt check"
_MORE_TRIALS = 2
"""Further trials after one during which rows came."""
_LESS = "Give `database.executor` a role that only executes the functions."
_TIE = "Have an administrator run what this prints: cutter-console adopt apply; then: cutter-console adopt check"
_TRIED = "cutter_console.fn_site_try, as the executor"
_BODY = "Probe of the site mapping. It is rolled back."
_NO_PARENT = "the mapping names no column of the parent, without which no unit is made"
_NO_PATTERN = "there is no unit that shows kind, section type and owner of a probe"
_NO_UNITS_YET = "Make a unit with the organisation's own programs, then: cutter-console adopt check"
_DECISION = "it may ask for a review decision that is recorded, which a probe has not; a run's own is written just before the call"


class _Probe(NamedTuple):
    """The unit that is written and rolled back."""

    address: str
    pattern: Pattern
    actor: str
    decision: str
    """Key of a review decision that nobody has made."""

    def values(self, mapping: SiteMapping) -> dict[str, object]:
        """Return what the function that creates is given: what the mapping says, or else what the pattern has."""
        of_unit = {
            "kind": self.pattern.kind,
            "section_type": self.pattern.section_type,
            "owner": mapping.functions.owner or self.pattern.owner,
            "publication": mapping.functions.publication or self.pattern.publication,
        }
        given: dict[str, object] = {name: value for name, value in of_unit.items() if value is not None}
        parent = self.pattern.parent_id or self.pattern.parent_address
        return {
            **given,
            "address": self.address,
            "title": "Probe",
            "body": _BODY,
            "actor": self.actor,
            "parent": parent,
        }


class _Proofs:
    """The checks as they are made, each with its evidence."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.checks: list[Check] = []

    def add(self, name: str, outcome: Outcome, detail: str, next_action: str, source: str) -> bool:
        """Record one proof, and return whether it passed."""
        evidence = Evidence(
            id=f"adopt.{name.replace(' ', '-')}",
            asked=name,
            source=source,
            answer=detail,
            measured_at=self._installation.context.now(),
        )
        action = "" if outcome is Outcome.PASS else next_action
        self.checks.append(Check(name=name, outcome=outcome, detail=detail, evidence=(evidence,), next_action=action))
        return outcome is Outcome.PASS

    def judge(self, name: str, passed: bool, detail: str, next_action: str, source: str) -> bool:
        """Record a proof that passed or failed."""
        return self.add(name, Outcome.PASS if passed else Outcome.FAIL, detail, next_action, source)


def prove_mapping(installation: Installation) -> tuple[Check, ...]:
    """Prove the mapping: read it, write through the functions that it names, read back, roll back. Nothing stays written.

    Raises Held under a HOLD, CutterError if the monitoring role cannot read the layout.
    """
    require_no_hold(installation)
    proofs = _Proofs(installation)
    kept = kept_mapping(installation)
    is_kept = kept.mapping is not None
    with reading_site(installation, "adopt check") as (connection, layout):
        recorded = recorded_mapping(connection, installation.settings.console_schema)
        path = layout.catalogue.search_path
        mapping, faults, pattern = layout.mapping, layout.faults, pattern_of(connection, layout.readable)
        odd = odd_tables(connection, mapping.counted)
    proofs.add(
        "mapping kept",
        Outcome.PASS if is_kept else Outcome.PARTIAL,
        str(installation.site_mapping)
        if is_kept
        else "it was proposed just now, and is in no file that a person has read",
        f"{INSPECT} --out {installation.site_mapping}",
        "the host's file",
    )
    detail = (
        "; ".join(f"{fault.subject}: {fault.reason}" for fault in faults)
        or f"{len(mapping.tables)} tables, with the columns and types that it names"
    )
    # Nothing of a run stands in them: they need not be counted.
    left_out = [table for table in odd if table not in mapping.written]
    written = odd.keys() - set(left_out)
    leave_out = _LEAVE_OUT.format(names=", ".join(left_out))
    proofs.judge(
        "mapping fits the catalogue",
        not faults,
        detail,
        (leave_out if faults[0].subject in left_out else faults[0].next_action) if faults else "",
        "pg_catalog, as the monitoring role",
    )
    words = "; ".join(f"{table} {reason}" for table, reason in odd.items())
    counted_on = f"{len(mapping.counted)} tables, all plain ones that a crash keeps"
    proofs.judge(
        "tables can be written",
        not odd,
        words or counted_on,
        ". ".join(action for action, is_due in ((leave_out, left_out), (_PLAIN_ONES, written)) if is_due),
        "pg_catalog",
    )
    _prove_recorded(proofs, installation, kept.sha256, recorded)
    for line in ("executor", "verifier"):
        _prove_sessions(proofs, installation, line)
    proofs.add(SETTINGS, *prove_settings(installation.settings.database.executor, mapping, path), SETTINGS_SOURCE)
    if pattern is None:
        reason, action = (_NO_PARENT, _AGAIN) if mapping.units.parent is None else (_NO_PATTERN, _NO_UNITS_YET)
        _not_tried(proofs, mapping, reason, action)
        proofs.add(
            "write through the functions",
            Outcome.INCONCLUSIVE,
            reason,
            action,
            mapping.units.table,
        )
        return tuple(proofs.checks)
    token = installation.context.token_hex(4).upper()
    base = pattern.parent_address or pattern.address
    decision = str(UUID(hex=installation.context.token_hex(16)))
    probe = _Probe(f"{base}/PROBE-{token}", pattern, f"{installation.operator} (cutter-console)", decision)
    unit = TriedUnit(probe.address, "Probe", _BODY, pattern.kind, pattern.section_type, pattern.parent_address)
    executor = installation.settings.database.executor
    of_run = prove_as_a_run(executor, kept.sha256, f"PROBE-{token}", unit, tie=_TIE, functions=_FUNCTIONS)
    try:
        with connect(executor, purpose="adopt check") as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            try:
                _prove_writes(proofs, connection, mapping, probe, of_run)
            finally:
                connection.rollback()
    except CutterError as error:
        proofs.add(
            "write through the functions",
            Outcome.INCONCLUSIVE,
            f"{error.code}: {error.message}",
            error.next_action,
            "the executor's connection",
        )
    for proof in of_run:
        proofs.add(proof.name, proof.outcome, proof.detail, proof.next_action, proof.source)
    if mapping.governance is not None:
        _prove_governance(proofs, installation, mapping, mapping.governance, probe, kept.sha256)
    with reading_site(installation, "adopt check") as (connection, _):
        is_left = has_unit(connection, mapping, probe.address)
    proofs.judge(
        "rolled back",
        not is_left,
        f"{probe.address} is {'there' if is_left else 'not there'} on a fresh connection",
        _LEFT,
        mapping.units.table,
    )
    return tuple(proofs.checks)


def _prove_recorded(proofs: _Proofs, installation: Installation, sha256: str, recorded: str | None) -> None:
    """Compare the mapping of this host with the one that an administrator has recorded in the console's schema."""
    schema = installation.settings.console_schema
    source = f"{schema}.site_mapping"
    if recorded is None:
        detail = f"there is no schema {schema} with a mapping"
        proofs.add(
            "mapping recorded",
            Outcome.PARTIAL,
            detail,
            "Have an administrator run what this prints: cutter-console adopt apply",
            source,
        )
    else:
        detail = f"the database has {recorded}, this host {sha256 or 'none'}"
        action = "Find out which one was agreed; then: cutter-console adopt apply"
        proofs.judge("mapping recorded", recorded == sha256, detail, action, source)


def _prove_sessions(proofs: _Proofs, installation: Installation, line: str) -> None:
    """See that a run has the sessions that it needs of a role, before one fails in the middle for the want of one."""
    database = installation.settings.database
    name, source = f"sessions of the {line}", "pg_roles"
    try:
        with connect(
            {"executor": database.executor, "verifier": database.verifier}[line], read_only=True, purpose="adopt check"
        ) as connection:
            session = session_of(connection)
    except CutterError as error:
        proofs.add(name, Outcome.INCONCLUSIVE, f"{error.code}: {error.message}", error.next_action, source)
        return
    refusal = too_few_sessions(line, session.role, session.limit)
    number = "any number of" if session.limit < 0 else str(session.limit)
    words = f"{session.role} may have {number} sessions at a time"
    action = f"{more_sessions(line, session.role)}; then: cutter-console adopt check"
    proofs.judge(name, not refusal, refusal or words, action, source)


def _prove_writes(
    proofs: _Proofs,
    connection: psycopg.Connection,
    mapping: SiteMapping,
    probe: _Probe,
    of_run: tuple[RunProof, ...],
) -> None:
    role, catalogue = current_role_as_member(connection), read_catalogue(connection, mapping.tables)
    if not proofs.judge(
        "executor is no superuser",
        not role.superuser,
        role.name,
        _LESS,
        "pg_roles",
    ):
        return
    create = _function(proofs, connection, catalogue, CREATE, mapping.functions.create, of_run)
    enact = _function(proofs, connection, catalogue, ENACT, mapping.functions.enact, of_run)
    if not create:
        return
    readable, before = Readable(mapping, catalogue), _numbers(connection, mapping, catalogue)
    source, values = mapping.functions.create.partition("(")[0], probe.values(mapping)
    lacking = [row.name for row in create if not row.has_default and meaning_of(row) not in values]
    if lacking:
        detail = f"it must be given {', '.join(lacking)}, and no existing unit tells a value"
        places = "".join(where_said(row) for row in create if row.name in lacking)
        proofs.add("create", Outcome.INCONCLUSIVE, f"{detail}{places}", _AGAIN, source)
        return
    created = call(connection, create, values, mapping.functions.search_path)
    is_created = created.status == "created"
    if not proofs.judge("create", is_created, _said(created, whole=not is_created), _FUNCTIONS, source):
        return
    _prove_read_back(proofs, connection, readable, probe)
    _prove_deltas(
        proofs, before, _numbers(connection, mapping, catalogue), mapping, "rows of a creation", logged=0, created=1
    )
    again = call(connection, create, values, mapping.functions.search_path)
    proofs.judge(
        "create again",
        again.status == "exists_complete",
        _said(again, whole=again.status != "exists_complete"),
        "A replay must be told: what is there is never written twice.",
        source,
    )
    deferred = check_deferred(connection, mapping.functions.search_path)
    if (
        proofs.judge(
            "gates at the end of the transaction",
            not deferred.refused,
            deferred.refused or "every deferred constraint and trigger held",
            _AT_THE_END if deferred.refused.startswith("42501") else _FUNCTIONS,
            "SET CONSTRAINTS ALL IMMEDIATE",
        )
        and enact
    ):
        _prove_enactment(proofs, connection, mapping, catalogue, enact, probe)


def _prove_governance(
    proofs: _Proofs,
    installation: Installation,
    mapping: SiteMapping,
    governance: Governance,
    probe: _Probe,
    sha256: str,
) -> None:
    """Have the rows of a run tried in each mapped governance table, as the executor, by the function that leg B writes by."""
    executor = installation.settings.database.executor
    token = f"PROBE-{probe.address.rpartition('-')[2]}"
    try:
        with connect(executor, purpose="adopt check") as connection:
            reason, action = _why_not(connection, sha256)
            before = {} if reason else _counted(connection)
        if reason:
            _not_tried(proofs, mapping, reason, action)
            return
        trials = _try(executor, token, probe)
    except CutterError as error:
        _not_tried(proofs, mapping, f"{error.code}: {error.message}", error.next_action)
        return
    for verdict in verdicts(governance, trials):
        name = f"governance rows: {verdict.subject}"
        proofs.add(name, verdict.outcome, verdict.detail, verdict.next_action, _TRIED)
    _prove_counts(proofs, executor, before, partial(_try, executor, token, probe))


def _try(executor: str, token: str, probe: _Probe) -> tuple[Trial, ...]:
    """Have the rows tried in a transaction that sees no row of anybody else's, and is rolled back."""
    pattern = probe.pattern
    with connect(executor, purpose="adopt check") as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        parts = (pattern.kind, pattern.section_type, pattern.parent_address)
        trials = try_rows(connection, token, probe.address, *parts)
        connection.rollback()
    return trials


def _prove_counts(proofs: _Proofs, executor: str, before: dict[str, int], again: Callable[[], object]) -> None:
    """Compare the rows of the organisation's tables before and after the trial, on a fresh connection.

    If they differ it is tried again, with a look between the trials: what changes without a trial too is somebody else's
    writing, what changes with each trial and never without one is its own.
    """
    name, source = "governance rows: taken back", "fn_site_counts, before and after"
    still: list[str] = []
    try:
        first = differing = _moved(before, now := _count(executor))
        for _ in range(_MORE_TRIALS):
            if not differing:
                break
            still += _moved(now, now := _count(executor))
            again()
            differing = _moved(now, now := _count(executor))
    except CutterError as error:
        proofs.add(name, Outcome.INCONCLUSIVE, f"{error.code}: {error.message}", error.next_action, source)
        return
    words = f"{len(before)} tables have the rows that they had"
    if not first:
        proofs.add(name, Outcome.PASS, words, "", source)
    elif not differing:
        # A row that the first trial has left would be there already for the next one.
        words = f"rows came with the first trial only: {', '.join(first)}"
        proofs.add(name, Outcome.INCONCLUSIVE, words, _LEFT_OR_ELSE, source)
    elif still:
        words = (
            f"somebody else writes there: {', '.join(still)} without a trial, {', '.join(differing)} while it was tried"
        )
        proofs.add(name, Outcome.INCONCLUSIVE, words, _QUIET, source)
    else:
        words = f"each of {_MORE_TRIALS + 1} trials left rows, and nothing changed between them: {', '.join(differing)}"
        proofs.add(name, Outcome.FAIL, words, _LEFT_OR_ELSE, source)


def _count(executor: str) -> dict[str, int]:
    with connect(executor, purpose="adopt check") as connection:
        return _counted(connection)


def _moved(before: dict[str, int], now: dict[str, int]) -> list[str]:
    return [f"{table} {now.get(table, 0) - rows:+d}" for table, rows in before.items() if now.get(table) != rows]


def _counted(connection: psycopg.Connection) -> dict[str, int]:
    return {count.table: count.rows for count in site_counts(connection)}


def _why_not(connection: psycopg.Connection, sha256: str) -> tuple[str, str]:
    """Return why the rows cannot be tried as this role, and the next action; empty if they can be."""
    role = current_role_as_member(connection)
    if role.superuser:
        return f"the executor {role.name} is a superuser, whom nothing is refused", _LESS
    is_allowed, tied = may_try(connection), tied_mapping(connection)
    if is_allowed is None:
        return (
            "the database has no function yet by which such rows are written, and so none by which they are tried",
            _TIE,
        )
    if not is_allowed:
        return f"{role.name} may not execute cutter_console.fn_site_try, which tries them", _TIE
    if tied != sha256:
        return f"the database writes such rows by the mapping {tied}, this host keeps {sha256 or 'none'}", _TIE
    return "", ""


def _not_tried(proofs: _Proofs, mapping: SiteMapping, reason: str, action: str) -> None:
    """Record of each mapped governance table that nothing is known of it; nothing if none is mapped."""
    for table in mapping.governance.tables if mapping.governance is not None else ():
        proofs.add(f"governance rows: {table}", Outcome.INCONCLUSIVE, f"not tried: {reason}", action, table)


def _function(
    proofs: _Proofs,
    connection: psycopg.Connection,
    catalogue: Catalogue,
    name: str,
    signature: str,
    of_run: tuple[RunProof, ...],
) -> tuple[ArgumentRow, ...]:
    """Return the arguments of a mapped function that can be called; none, with the reason recorded, if it cannot."""
    subject, arguments = f"function that {name}s", arguments_of(connection, signature) if signature else ()
    unknown, faults = unknown_arguments(arguments), function_faults(connection, signature)
    if not arguments:
        proofs.add(
            subject,
            Outcome.INCONCLUSIVE,
            f"{signature or 'none'} is mapped, and no such function is there",
            _AGAIN,
            "pg_proc",
        )
    elif faults:
        proofs.add(subject, Outcome.FAIL, f"{signature} {'; it '.join(faults)}", _FUNCTIONS, "pg_proc")
    elif not may_execute(connection, signature):
        words = f"{catalogue.role} may not execute {signature}"
        proofs.add(subject, *known_by_a_run(of_run, name, words), "pg_proc")
    elif unknown:
        proofs.add(
            subject,
            Outcome.INCONCLUSIVE,
            f"it must be given {', '.join(unknown)}, whose meaning is not known",
            _FUNCTIONS,
            "pg_proc",
        )
    else:
        proofs.add(subject, Outcome.PASS, signature, "", "pg_proc")
        return arguments
    return ()


def _prove_read_back(proofs: _Proofs, connection: psycopg.Connection, readable: Readable, probe: _Probe) -> None:
    """Read the probe by the mapping, as the executor may: its text, its parent, its state."""
    read = read_unit(connection, readable, probe.address)
    if read is None:
        proofs.add(
            "read back",
            Outcome.FAIL,
            f"{probe.address} cannot be found by the mapping",
            _AGAIN,
            readable.mapping.units.table,
        )
        return
    of_another = read_unit(connection, readable, probe.pattern.address)
    outcome, detail = read_back(
        read, of_another, body=_BODY, title="Probe", parent=probe.pattern.parent_address, kind=probe.pattern.kind
    )
    proofs.add("read back", outcome, detail, _AGAIN, readable.mapping.units.table)


def _prove_deltas(
    proofs: _Proofs,
    before: dict[str, int],
    now: dict[str, int],
    mapping: SiteMapping,
    name: str,
    *,
    logged: int,
    created: int,
) -> bool:
    """Compare the rows that were added with those that one unit adds: its own and its version's, and a log row at an enactment."""
    expected = {
        mapping.units.table: created,
        mapping.versions.table if mapping.versions else "": created,
        mapping.log or "": logged,
    }
    moved = {table: now[table] - rows for table, rows in before.items() if table in now and now[table] != rows}
    wrong = [
        f"{table} {moved.get(table, 0):+d}, expected {expected.get(table, 0):+d}"
        for table in before
        if moved.get(table, 0) != expected.get(table, 0)
    ]
    detail = "; ".join(wrong) or ", ".join(f"{table} {rows:+d}" for table, rows in moved.items()) or "no row"
    beside = tuple(table for table in moved if table not in mapping.written)
    action = f"{only_counted(beside)}{_FUNCTIONS}"
    return proofs.judge(name, not wrong, detail, action, f"{len(before)} tables counted inside the transaction")


def _prove_enactment(
    proofs: _Proofs,
    connection: psycopg.Connection,
    mapping: SiteMapping,
    catalogue: Catalogue,
    enact: tuple[ArgumentRow, ...],
    probe: _Probe,
) -> None:
    source, before = mapping.functions.enact.partition("(")[0], _numbers(connection, mapping, catalogue)
    values = {"address": probe.address, "actor": probe.actor, "decision": None, "target": "enacted", "change_set": None}
    values |= {"reason": "probe", "tool": "cutter-console"}
    search_path = mapping.functions.search_path
    dry = call(connection, enact, {**values, "dry_run": True}, search_path)
    refused = Outcome.FAIL if dry.refused.startswith("42") else Outcome.INCONCLUSIVE
    words = f"{_said(dry)}; {_DECISION}" if dry.refused else _said(dry)
    proofs.add("enact, dry run", refused if dry.refused else Outcome.PASS, words, _FUNCTIONS, source)
    _prove_deltas(
        proofs, before, _numbers(connection, mapping, catalogue), mapping, "rows of a dry run", logged=0, created=0
    )
    # With the id of a decision, as a run gives one; it is none that their tables have, unless the mapping writes it there.
    done = call(connection, enact, {**values, "decision": probe.decision, "dry_run": False}, search_path)
    state = _lifecycle(connection, mapping, catalogue, probe)
    if state != "enacted" and not done.refused.startswith("42") and _writes_decisions(mapping):
        done = call(connection, enact, {**values, "dry_run": False}, search_path)
        state = _lifecycle(connection, mapping, catalogue, probe)
    detail = f"{_said(done, whole=state != 'enacted')}; lifecycle is {state}"
    if state != "enacted":
        outcome = Outcome.FAIL if done.refused.startswith("42") else Outcome.INCONCLUSIVE
        proofs.add("enact", outcome, f"{detail}; {_DECISION}", _FUNCTIONS, source)
        return
    proofs.add("enact", Outcome.PASS, detail, "", source)
    _prove_deltas(
        proofs, before, _numbers(connection, mapping, catalogue), mapping, "rows of an enactment", logged=1, created=0
    )


def _writes_decisions(mapping: SiteMapping) -> bool:
    """Return whether the decision of a run stands in the organisation's table before the function is called."""
    return mapping.governance is not None and mapping.governance.decision is not None


def _lifecycle(connection: psycopg.Connection, mapping: SiteMapping, catalogue: Catalogue, probe: _Probe) -> str | None:
    read = read_unit(connection, Readable(mapping, catalogue), probe.address)
    return read.listed.lifecycle if read is not None else None


def _numbers(connection: psycopg.Connection, mapping: SiteMapping, catalogue: Catalogue) -> dict[str, int]:
    """Return the rows of every table that this role can count."""
    return {row.table: row.rows for row in count_tables(connection, mapping, catalogue) if row.rows is not None}


def _said(answer: Answer, *, whole: bool = False) -> str:
    if answer.refused:
        return f"refused with {answer.refused}"
    return f"answered {(answer.words if whole else '') or answer.status or 'nothing'}"
