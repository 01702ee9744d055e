"""Changes between two measurements, and the statements that follow from them alone. Pure."""

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
    """One thing that differs between before and after; `before` or `after` is empty for what was not there."""

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
    unchanged: str
    """The sentence if nothing changed."""
    facts: Callable[[InstallationSnapshot], tuple[AnyMeasurement, ...]]
    compare: Callable[[InstallationSnapshot, InstallationSnapshot], Iterable[Change]]
    tables: frozenset[str] = frozenset()
    """The tables that it is about, if any."""
    in_database: bool = False
    """True if a committed transaction could have done and undone it, unseen."""

    def describe(self, moment: InstallationSnapshot) -> str:
        """Return what was measured at that moment, in words."""
        if self.tables and moment.digests.value is not None:
            return ", ".join(f"{name}: {_rows(proof)}" for name, proof in _tables_of(moment, self.tables).items())
        return "; ".join(fact.evidence.answer for fact in self.facts(moment))


def differences(before: InstallationSnapshot, after: InstallationSnapshot) -> tuple[Change, ...]:
    """Return all that changed, each thing once. Unmeasured things are no differences; the statements name them."""
    compared = (_all_tables, _definitions, _switch, _files, _keys, _processes, _services, _transactions, _superusers)
    changes = (change for compare in compared for change in compare(before, after))
    return tuple(change for change in changes if change.before != change.after)


def statements(before: InstallationSnapshot, after: InstallationSnapshot) -> tuple[Statement, ...]:
    """Return one statement for each forbidden action: PASS if it was measured and nothing changed, else what changed."""
    return tuple(_answered(question, before, after) for question in _QUESTIONS)


def _answered(question: _Question, before: InstallationSnapshot, after: InstallationSnapshot) -> Statement:
    cited = (*question.facts(before), *question.facts(after))
    unseen_words = _unseen(after) if question.in_database else ""
    cited = (*cited, after.between) if unseen_words else cited
    changes = tuple(question.compare(before, after))
    missing = [fact for fact in cited if fact.value is None]
    if missing:
        outcome, sentence = Outcome.INCONCLUSIVE, f"It was not measured: {missing[0].unmeasured}."
        action = missing[0].next_action
    elif changes:
        outcome, sentence = Outcome.FAIL, _changes_in_words(changes, after)
        action = "Find out who did it (cutter-console run list), then measure again: cutter-console bundle"
    else:
        outcome, sentence, action = Outcome.PASS, f"{question.unchanged}{unseen_words}", ""
    return Statement(
        forbidden=question.forbidden,
        sentence=sentence,
        outcome=outcome,
        before=question.describe(before),
        after=question.describe(after),
        evidence=tuple(fact.evidence.id for fact in cited),
        next_action=action,
    )


def _unseen(after: InstallationSnapshot) -> str:
    """Return what two equal snapshots cannot exclude if transactions committed between them, else an empty text."""
    between = after.between.value
    if between is None or not between.committed + between.other:
        return ""
    ended = f"{between.committed} committed, and the end of {between.other} is not known"
    return f" So two readings show; of the cluster's transactions meanwhile {ended}: what one did and undid between them they cannot show."


def _changes_in_words(changes: tuple[Change, ...], after: InstallationSnapshot) -> str:
    """Return what changed, and the runs that recorded steps meanwhile: others may work while a bundle is measured."""
    if all(change.what == "role" for change in changes):
        superusers = ", ".join(f"{change.subject} ({change.before} before, {change.after} after)" for change in changes)
        return f"GRANTs do not bind a superuser, and this role is one: {superusers}."
    listed = [
        f"{change.subject}: {change.before or 'not there'} before, {change.after or 'gone'} after"
        for change in changes[:_MANY]
    ]
    more = [f"and {len(changes) - _MANY} more"] if len(changes) > _MANY else []
    events = after.between.value.events if after.between.value is not None else ()
    authors = f"recorded meanwhile: {'; '.join(events)}" if events else "the ledger names no author"
    return f"Changed while the bundle was measured: {'; '.join((*listed, *more))} ({authors})."


def _tables_of(moment: InstallationSnapshot, tables: frozenset[str] | None) -> dict[str, TableProof]:
    """Return the tables by the names that they have there; `tables` are named as statements write them, None for all."""
    there = None if tables is None else {moment.names.in_database(table) for table in tables}
    return {proof.table: proof for proof in moment.digests.value or () if there is None or proof.table in there}


def _tables(names: frozenset[str] | None) -> Callable[[InstallationSnapshot, InstallationSnapshot], Iterable[Change]]:
    def compare(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
        if before.digests.value is None or after.digests.value is None:
            return
        earlier, later = _tables_of(before, names), _tables_of(after, names)
        rewritten = _rewritten(before, after)
        for table in sorted({*earlier, *later}):
            if earlier.get(table) != later.get(table):
                yield Change(
                    what="table", subject=table, before=_rows(earlier.get(table)), after=_rows(later.get(table))
                )
            elif table in rewritten:
                rewritten_words = f"{_rows(later.get(table))}, but rows were written again with what they held"
                yield Change(what="table", subject=table, before=_rows(earlier.get(table)), after=rewritten_words)

    return compare


def _rewritten(before: InstallationSnapshot, after: InstallationSnapshot) -> frozenset[str]:
    """Return the tables with other row versions than before: changed and changed back, or replaced by equal rows."""
    earlier = {versions.table: versions for versions in before.versions.value or ()}
    return frozenset(
        versions.table
        for versions in after.versions.value or ()
        if versions.table in earlier and earlier[versions.table] != versions
    )


_all_tables = _tables(None)


def _rows(proof: TableProof | None) -> str:
    return f"{proof.rows} rows, digest {proof.digest[:16]}" if proof is not None else ""


def _definitions(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    earlier, later = before.definitions.value, after.definitions.value
    if earlier is not None and later is not None and earlier != later:
        yield Change(what="definitions", subject="grants, functions and triggers", before=earlier, after=later)


def _switch(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    earlier, later = before.switch.value, after.switch.value
    if earlier is not None and later is not None and earlier != later:
        yield Change(
            what="switch",
            subject="the kill switch",
            before=before.switch.evidence.answer,
            after=after.switch.evidence.answer,
        )


def _files(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    if before.files.value is not None and after.files.value is not None:
        yield from _entries("file", before.files.value, after.files.value)


def _entries(kind: str, before: tuple[FileEntry, ...], after: tuple[FileEntry, ...]) -> Iterable[Change]:
    earlier, later = {entry.path: entry for entry in before}, {entry.path: entry for entry in after}
    for path in sorted({*earlier, *later}):
        if earlier.get(path) != later.get(path):
            yield Change(what=kind, subject=path, before=_entry(earlier.get(path)), after=_entry(later.get(path)))


def _entry(entry: FileEntry | None) -> str:
    if entry is None:
        return ""
    content = f", sha256 {entry.sha256[:16]}" if entry.sha256 else ""
    return f"{entry.mode} {entry.size} bytes, changed at {entry.changed_ns} ns{content}"


def _keys(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    earlier, later = before.key_ring.value, after.key_ring.value
    if earlier is None or later is None:
        return
    if earlier.fingerprints != later.fingerprints:
        yield Change(what="keys", subject=f"keys of {earlier.home}", before=str(earlier.keys), after=str(later.keys))
    yield from _entries("keys", earlier.files, later.files)


def _processes(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    if before.processes.value is None or after.processes.value is None:
        return
    for process in after.processes.value:
        if process not in before.processes.value:
            yield Change(what="process", subject=f"process {process.pid} {process.name}", before="", after="running")


def _services(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    if before.services.value is None or after.services.value is None:
        return
    for path in sorted({*before.services.value} ^ {*after.services.value}):
        is_installed = path in after.services.value
        yield Change(
            what="service", subject=path, before="" if is_installed else "there", after="there" if is_installed else ""
        )


def _transactions(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    for moment, transactions in ((before, before.transactions.value), (after, after.transactions.value)):
        if transactions is not None and not transactions.own_unassigned:
            subject = f"the transaction that measured {moment.moment}"
            yield Change(what="transaction", subject=subject, before="no id", after="an id was assigned")
    last = after.transactions.value
    if last is not None and last.open_of_gates:
        open_count = f"{last.open_of_gates} open"
        yield Change(what="transaction", subject="transactions of gates", before="none", after=open_count)


def _superusers(before: InstallationSnapshot, after: InstallationSnapshot) -> Iterable[Change]:
    """Yield the roles that are superusers before or after; they are reported even if nothing changed."""
    earlier, later = ({role.name: role.superuser for role in moment.roles.value or ()} for moment in (before, after))
    for name in sorted({*earlier, *later}):
        if earlier.get(name) or later.get(name):
            yield Change(what="role", subject=name, before=_power(earlier.get(name)), after=_power(later.get(name)))


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
    _Question("The switch armed or disarmed, a HOLD set or released", "The kill switch was left as it was found.", lambda snapshot: (snapshot.switch,), _switch),
    _Question("A lease opened", "No lease was opened, renewed or ended.", _of_tables, _tables(_LEASES), _LEASES, in_database=True),
    _Question("Grants, functions or triggers changed", "Grants, owners, functions and triggers are the same.", lambda snapshot: (snapshot.definitions,), _definitions, in_database=True),
    _Question("A measuring transaction that wrote, or one of a gate left open", "The measuring transactions got no transaction id, and no transaction of a gate is open.", lambda snapshot: (snapshot.transactions, snapshot.between), _transactions),
    _Question("A superuser used", "No role that the console connects as is a superuser.", lambda snapshot: (snapshot.roles,), _superusers),
    _Question("A file changed outside reports/", "No file of the runtime tree outside reports/ was made, changed, replaced or removed.", lambda snapshot: (snapshot.files,), _files),
    _Question("A key added, removed or trusted", "The key ring, its key files and its trust are the same.", lambda snapshot: (snapshot.key_ring,), _keys),
    _Question("A process or an agent started", "No child of this process, and no agent of its key ring, runs that did not run before.", lambda snapshot: (snapshot.processes,), _processes),
    _Question("A service, timer or cron entry installed or removed", "No service unit, timer or cron entry of the console was installed or removed.", lambda snapshot: (snapshot.services,), _services),
)  # fmt: skip
