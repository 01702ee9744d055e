"""Changes between two measurements, and the statements that follow from them. Pure: nothing is asserted from a flag."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from console.backend.backup.record import TableProof
from console.backend.gates.measurement import AnyMeasurement
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.tables import LIFECYCLE_LOG, UNIT, VERSION
from console.backend.model.value import Value
from console.backend.reports.bundle.host_snapshot import FileEntry
from console.backend.reports.bundle.non_mutation import InstallationSnapshot

_MANY = 10
_UNITS = frozenset({UNIT, VERSION})
_LIFECYCLE = frozenset({LIFECYCLE_LOG})
_LEASES = frozenset({"cutter_governance.execution_lease"})
_RULINGS = frozenset({"cutter_governance.approval", "cutter_governance.approval_use"})
_RUNS = frozenset(
    {"cutter_governance.run", "cutter_governance.run_event", "cutter_governance.source_document_registry"}
)


class Change(Value):
    """One thing that was not the same before and after; `before` and `after` are empty for what was not there."""

    what: str
    """`table`, `definitions`, `file`, `keys`, `switch`, `process`, `service`, `transaction` or `role`."""
    subject: SafeText
    before: SafeText
    after: SafeText


class Statement(Value):
    """Statement of what must not have happened, with its measurements."""

    forbidden: SafeText
    """The action, as a noun phrase: `Units enacted, superseded or retired`."""
    sentence: SafeText
    outcome: Outcome
    before: SafeText
    after: SafeText
    evidence: tuple[str, ...]
    next_action: SafeText = ""


class _Question(NamedTuple):
    forbidden: str
    held: str
    """The sentence if nothing changed."""
    facts: Callable[[InstallationSnapshot], tuple[AnyMeasurement, ...]]
    compare: Callable[[InstallationSnapshot, InstallationSnapshot], Iterable[Change]]
    tables: frozenset[str] = frozenset()
    """The tables that it is about, if any."""
    in_database: bool = False
    """True if a committed transaction could have done and undone it, unseen."""

    def shown(self, moment: InstallationSnapshot) -> str:
        """Return what was measured at that moment, in words."""
        if self.tables and moment.digests.value is not None:
            return ", ".join(f"{name}: {_rows(one)}" for name, one in _tables_of(moment, self.tables).items())
        return "; ".join(fact.evidence.answer for fact in self.facts(moment))


def differences(before: InstallationSnapshot, after: InstallationSnapshot) -> tuple[Change, ...]:
    """Return everything that changed, each thing once. What was not measured is not a difference; the statements name it."""
    compared = (_all_tables, _definitions, _switch, _files, _keys, _processes, _services, _transactions, _superusers)
    found = (change for compare in compared for change in compare(before, after))
    return tuple(change for change in found if change.before != change.after)


def statements(before: InstallationSnapshot, after: InstallationSnapshot) -> tuple[Statement, ...]:
    """Return one statement for each forbidden action: PASS if it was measured and nothing changed, else what changed."""
    return tuple(_answered(question, before, after) for question in _QUESTIONS)


def _answered(question: _Question, before: InstallationSnapshot, after: InstallationSnapshot) -> Statement:
    asked = (*question.facts(before), *question.facts(after))
    unseen = _unseen(after) if question.in_database else ""
    asked = (*asked, after.between) if unseen else asked
    found = tuple(question.compare(before, after))
    missing = [fact for fact in asked if fact.value is None]
    if missing:
        outcome, sentence = Outcome.INCONCLUSIVE, f"It was not measured: {missing[0].unmeasured}."
        action = missing[0].next_action
    elif found:
        outcome, sentence = Outcome.FAIL, _told(found, after)
        action = "Find out who did it (cutter-console run list), then measure again: cutter-console bundle"
    else:
        outcome, sentence, action = Outcome.PASS, f"{question.held}{unseen}", ""
    return Statement(
        forbidden=question.forbidden,
        sentence=sentence,
        outcome=outcome,
        before=question.shown(before),
        after=question.shown(after),
        evidence=tuple(fact.evidence.id for fact in asked),
        next_action=action,
    )


def _unseen(after: InstallationSnapshot) -> str:
    """Return what two readings cannot exclude where transactions committed between them: equal readings are no proof of rest."""
    between = after.between.value
    if between is None or not between.committed + between.other:
        return ""
    ended = f"{between.committed} committed, and the end of {between.other} is not known"
    return f" So two readings show; of the cluster's transactions meanwhile {ended}: what one did and undid between them they cannot show."


def _told(found: tuple[Change, ...], after: InstallationSnapshot) -> str:
    """Return what changed, and whom the ledger names for it: others may work while a bundle is measured."""
    if all(one.what == "role" for one in found):
        seen = ", ".join(f"{one.subject} ({one.before} before, {one.after} after)" for one in found)
        return f"GRANTs do not bind a superuser, and this role is one: {seen}."
    shown = [f"{one.subject}: {one.before or 'not there'} before, {one.after or 'gone'} after" for one in found[:_MANY]]
    more = [f"and {len(found) - _MANY} more"] if len(found) > _MANY else []
    events = after.between.value.events if after.between.value is not None else ()
    whose = f"recorded meanwhile: {'; '.join(events)}" if events else "the ledger names no author"
    return f"Changed while the bundle was measured: {'; '.join((*shown, *more))} ({whose})."


def _tables_of(moment: InstallationSnapshot, names: frozenset[str] | None) -> dict[str, TableProof]:
    return {one.table: one for one in moment.digests.value or () if names is None or one.table in names}


def _tables(names: frozenset[str] | None) -> Callable[[InstallationSnapshot, InstallationSnapshot], Iterable[Change]]:
    def compare(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
        if before.digests.value is None or after.digests.value is None:
            return
        old, new = _tables_of(before, names), _tables_of(after, names)
        rewritten = _rewritten(before, after)
        for table in sorted({*old, *new}):
            if old.get(table) != new.get(table):
                yield Change(what="table", subject=table, before=_rows(old.get(table)), after=_rows(new.get(table)))
            elif table in rewritten:
                again = f"{_rows(new.get(table))}, but rows were written again with what they held"
                yield Change(what="table", subject=table, before=_rows(old.get(table)), after=again)

    return compare


def _rewritten(before: InstallationSnapshot, after: InstallationSnapshot) -> frozenset[str]:
    """Tables whose rows are other versions than before: changed and changed back, or replaced by their equals."""
    old = {one.table: one for one in before.versions.value or ()}
    return frozenset(one.table for one in after.versions.value or () if one.table in old and old[one.table] != one)


_all_tables = _tables(None)


def _rows(proof: TableProof | None) -> str:
    return f"{proof.rows} rows, digest {proof.digest[:16]}" if proof is not None else ""


def _definitions(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    old, new = before.definitions.value, after.definitions.value
    if old is not None and new is not None and old != new:
        yield Change(what="definitions", subject="grants, functions and triggers", before=old, after=new)


def _switch(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    old, new = before.switch.value, after.switch.value
    if old is not None and new is not None and old != new:
        yield Change(
            what="switch",
            subject="the kill switch",
            before=before.switch.evidence.answer,
            after=after.switch.evidence.answer,
        )


def _files(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    if before.files.value is not None and after.files.value is not None:
        yield from _entries("file", before.files.value, after.files.value)


def _entries(what: str, before: tuple[FileEntry, ...], after: tuple[FileEntry, ...]) -> Iterable[Change]:
    old, new = {one.path: one for one in before}, {one.path: one for one in after}
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            yield Change(what=what, subject=path, before=_entry(old.get(path)), after=_entry(new.get(path)))


def _entry(entry: FileEntry | None) -> str:
    if entry is None:
        return ""
    content = f", sha256 {entry.sha256[:16]}" if entry.sha256 else ""
    return f"{entry.mode} {entry.size} bytes, changed at {entry.changed_ns} ns{content}"


def _keys(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    old, new = before.key_ring.value, after.key_ring.value
    if old is None or new is None:
        return
    if old.fingerprints != new.fingerprints:
        yield Change(what="keys", subject=f"keys of {old.home}", before=str(old.keys), after=str(new.keys))
    yield from _entries("keys", old.files, new.files)


def _processes(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    if before.processes.value is None or after.processes.value is None:
        return
    for one in after.processes.value:
        if one not in before.processes.value:
            yield Change(what="process", subject=f"process {one.pid} {one.name}", before="", after="running")


def _services(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    if before.services.value is None or after.services.value is None:
        return
    for path in sorted({*before.services.value} ^ {*after.services.value}):
        there = path in after.services.value
        yield Change(what="service", subject=path, before="" if there else "there", after="there" if there else "")


def _transactions(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    for moment, found in ((before, before.transactions.value), (after, after.transactions.value)):
        if found is not None and not found.own_unassigned:
            subject = f"the transaction that measured {moment.moment}"
            yield Change(what="transaction", subject=subject, before="no id", after="an id was assigned")
    still = after.transactions.value
    if still is not None and still.open_of_gates:
        many = f"{still.open_of_gates} open"
        yield Change(what="transaction", subject="transactions of gates", before="none", after=many)


def _superusers(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    """Roles that are one before or after."""
    old, new = ({one.name: one.superuser for one in moment.roles.value or ()} for moment in (before, after))
    for name in sorted({*old, *new}):
        if old.get(name) or new.get(name):
            yield Change(what="role", subject=name, before=_power(old.get(name)), after=_power(new.get(name)))


def _power(superuser: bool | None) -> str:
    return "not measured" if superuser is None else "superuser" if superuser else "no superuser"


def _of_tables(moment: InstallationSnapshot) -> tuple[AnyMeasurement, ...]:
    return (moment.counts, moment.digests, moment.versions)


_QUESTIONS = (
    _Question("Rows written, changed or removed", "No row of the console's tables was written, changed or removed.", _of_tables, _all_tables, in_database=True),
    _Question("Units or versions written", "No information unit and no version of one came into being or changed.", _of_tables, _tables(_UNITS), _UNITS, in_database=True),
    _Question("Units enacted, superseded or retired", "No unit changed its lifecycle: the lifecycle log is the same.", _of_tables, _tables(_LIFECYCLE), _LIFECYCLE, in_database=True),
    _Question("A run started or moved", "No run was started, and none went on.", _of_tables, _tables(_RUNS), _RUNS, in_database=True),
    _Question("An approval imported or used", "No approval was imported, and none was used.", _of_tables, _tables(_RULINGS), _RULINGS, in_database=True),
    _Question("The switch armed or disarmed, a HOLD set or released", "The kill switch was left as it was found.", lambda one: (one.switch,), _switch),
    _Question("A lease opened", "No lease was opened, renewed or ended.", _of_tables, _tables(_LEASES), _LEASES, in_database=True),
    _Question("Grants, functions or triggers changed", "Grants, owners, functions and triggers are the same.", lambda one: (one.definitions,), _definitions, in_database=True),
    _Question("A measuring transaction that wrote, or one of a gate left open", "The measuring transactions got no transaction id, and no transaction of a gate is open.", lambda one: (one.transactions, one.between), _transactions),
    _Question("A superuser used", "No role that the console connects as is a superuser.", lambda one: (one.roles,), _superusers),
    _Question("A file changed outside reports/", "No file of the runtime tree outside reports/ was made, changed, replaced or removed.", lambda one: (one.files,), _files),
    _Question("A key added, removed or trusted", "The key ring, its key files and its trust are the same.", lambda one: (one.key_ring,), _keys),
    _Question("A process or an agent started", "No child of this process, and no agent of its key ring, runs that did not run before.", lambda one: (one.processes,), _processes),
    _Question("A service, timer or cron entry installed or removed", "No service unit, timer or cron entry of the console was installed or removed.", lambda one: (one.services,), _services),
)  # fmt: skip
