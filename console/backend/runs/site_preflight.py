"""Conditions of a cut that is written through an organisation's functions: asked before approval is offered, and again before the write."""

from functools import partial

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Check
from console.backend.model.plan import DocumentPlan
from console.backend.model.purposes import RunOperation
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
    return (
        partial(_tied, context, kept.sha256),
        partial(_operation, context),
        partial(_addresses, context, kept.mapping, document),
        partial(_kinds, context, kept.mapping, document),
        partial(_governance, context, kept.mapping, document),
    )


def refuse_edit(installation: Installation) -> None:
    """Raise Refused if units are written through an organisation's functions, which have none for an edit."""
    if kept_mapping(installation).mapping is not None:
        message = "an edit is not written through the organisation's functions: only a cut is"
        raise Refused(StopCode.REFUSED_INPUT, message, _THEIR_PROGRAMS)


def _tied(context: PhaseContext, sha256: str, connection: psycopg.Connection) -> Check:
    """Compare the mapping of this host with the one by which units are passed on; without any, they would be written here alone."""
    tied = tied_mapping(connection)
    answer = f"written by {tied or 'none'}, this host keeps {sha256}"
    return context.check("site mapping", answer, "fn_site_mapping", tied == sha256, _TIE)


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
    strange = sorted({kind for kind, _ in document.units.kinds()} - known) if mapping.config else []
    answer = f"not there: {', '.join(strange)}" if strange else f"the kinds are among the {len(known)} there"
    action = "Have the kinds added to the organisation's vocabulary, or use another profile."
    return context.check("kinds there", answer, "the vocabulary by the site mapping", not strange, action)


def _governance(
    context: PhaseContext, mapping: SiteMapping, document: DocumentPlan, connection: psycopg.Connection
) -> Check:
    """Say how many rows leg B adds to the organisation's governance tables, or that it adds none."""
    answer = "leg B stands in the console's ledger alone: the site mapping has no section [governance]"
    source = "the site mapping"
    if mapping.governance is not None:
        source += ", and what is registered there"
        there = rows_there(connection, mapping.governance, context.request.docprefix, document.source.sha256)
        rows = mapping.governance.rows("record", len(list(document.units.addresses())), there)
        answer = f"leg B adds {', '.join(f'{table} +{n}' for table, n in rows.items() if n)}"
    return context.passed("governance rows there", answer, source)
