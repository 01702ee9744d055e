"""Conditions of a cut that is written through an organisation's functions: asked before approval is offered, and again before the write."""

from functools import partial

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan import DocumentPlan
from console.backend.model.purposes import RunOperation
from console.backend.model.run_tables import RunTables
from console.backend.model.site_mapping import SiteMapping
from console.backend.postgres.asking import Question
from console.backend.postgres.site_functions import taken_addresses
from console.backend.postgres.site_gateway import tied_mapping
from console.backend.postgres.site_registered import rows_there
from console.backend.postgres.site_units import kinds_in_vocabulary
from console.backend.runs.phase_context import PhaseContext

_TIE = "Have an administrator run what this prints: cutter-console adopt apply"

_THEIR_PROGRAMS = "Edit, amend and repeal through the organisation's own programs."


def site_questions(context: PhaseContext, document: DocumentPlan) -> tuple[Question[Check], ...]:
    """Return the questions about the organisation's side; none without a site mapping on this host."""
    kept = kept_mapping(context.installation)
    if kept.mapping is None:
        return ()
    of_their_tables = {
        "addresses free there": partial(_addresses, context, kept.mapping, document),
        "kinds there": partial(_kinds, context, kept.mapping, document),
        "governance rows there": partial(_governance, context, kept.mapping, document),
    }
    return (
        partial(_tied, context, kept.sha256),
        partial(_operation, context),
        *(partial(_where_tied, kept.sha256, name, question) for name, question in of_their_tables.items()),
    )


def refuse_all_but_a_cut(installation: Installation, operation: str) -> None:
    """Raise Refused if units are written through an organisation's functions, which have none for this operation."""
    if kept_mapping(installation).mapping is not None:
        message = f"{operation} is not written through the organisation's functions: only a cut is"
        raise Refused(StopCode.REFUSED_INPUT, message, _THEIR_PROGRAMS)


def _tied(context: PhaseContext, sha256: str, connection: psycopg.Connection) -> Check:
    """Compare the mapping of this host with the one by which units are passed on; without any, they would be written here alone."""
    tied = tied_mapping(connection)
    answer = f"written by {tied or 'none'}, this host keeps {sha256}"
    return context.check("site mapping", answer, "fn_site_mapping", tied == sha256, _TIE)


def _where_tied(sha256: str, name: str, question: Question[Check], connection: psycopg.Connection) -> Check:
    """Ask a question about the organisation's tables, which the role may read once the printed script was run, and not before."""
    if tied_mapping(connection) == sha256:
        return question(connection)
    detail = "not asked before the database is tied by the mapping of this host"
    return Check(name=name, outcome=Outcome.NOT_RUN, detail=detail, next_action=_TIE)


def _operation(context: PhaseContext, _: psycopg.Connection) -> Check:
    operation = context.request.operation
    return context.check(
        "through the functions",
        f"operation {operation}; only a cut is written through the organisation's functions",
        "the site mapping",
        operation is RunOperation.CUT,
        _THEIR_PROGRAMS,
    )


def _addresses(
    context: PhaseContext, mapping: SiteMapping, document: DocumentPlan, connection: psycopg.Connection
) -> Check:
    addresses = list(document.units.addresses())
    taken = taken_addresses(connection, mapping, addresses)
    answer = f"taken: {', '.join(taken)}" if taken else f"{len(addresses)} addresses, none is taken"
    action = "Addresses are for ever: use another document prefix."
    return context.check("addresses free there", answer, mapping.units.table, not taken, action)


def _kinds(
    context: PhaseContext, mapping: SiteMapping, document: DocumentPlan, connection: psycopg.Connection
) -> Check:
    known = set(kinds_in_vocabulary(connection, mapping))
    # A vocabulary that is kept in another way says nothing; the function itself knows it.
    strange = sorted({kind for kind, _ in document.units.kinds()} - known) if known else []
    answer = f"not there: {', '.join(strange)}" if strange else f"the kinds are among the {len(known)} there"
    if not known:
        answer = "no vocabulary of kinds is found; the function that creates decides"
    action = "Have the kinds added to the organisation's vocabulary, or use another profile."
    return context.check("kinds there", answer, "the vocabulary by the site mapping", not strange, action)


def _governance(
    context: PhaseContext, mapping: SiteMapping, document: DocumentPlan, connection: psycopg.Connection
) -> Check:
    """Compare the rows that leg B would add to the organisation's governance tables now with those that were planned."""
    answer, differing = "leg B stands in the console's ledger alone: the site mapping has no section [governance]", ""
    source, now = "the site mapping", dict[str, int]()
    if mapping.governance is not None:
        source += ", and what is registered there"
        there = rows_there(connection, mapping.governance, context.request.docprefix, document.source.sha256)
        now = mapping.governance.rows("record", len(document.units), there)
        answer = f"leg B adds {', '.join(f'{table} +{n}' for table, n in now.items() if n)}"
    facts = context.workspace.plan_facts()
    if facts is not None:
        elsewhere = RunTables.of(mapping).not_governed
        planned = {delta.table: delta.rows for delta in facts.deltas if delta.table not in elsewhere}
        differing = ", ".join(
            f"{table} +{now.get(table, 0)}, planned +{planned.get(table, 0)}"
            for table in dict.fromkeys((*planned, *now))
            if now.get(table, 0) != planned.get(table, 0)
        )
    action = f"Find out who registered it, or took it away. Then plan again: cutter-console run void {context.run_id} --reason TEXT"
    return context.check("governance rows there", differing or answer, source, not differing, action)
