"""Conditions that must hold before approval is offered, and again just before the write."""

from functools import partial

import psycopg

from console.backend.model.counting import counted
from console.backend.model.errors import Drifted, StopCode
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan import DocumentPlan
from console.backend.model.plan_binding import Target
from console.backend.model.replication import Replication, in_evidence
from console.backend.model.states import Phase
from console.backend.postgres.asking import Asking, Question, ask_together
from console.backend.postgres.base import amend_refusal
from console.backend.postgres.drift import against_host, drift_on
from console.backend.postgres.inventory import schema_digest
from console.backend.postgres.measure import measure_world_since, world_differences
from console.backend.postgres.places import place_of_run
from console.backend.postgres.records import find_run
from console.backend.postgres.replication import measure_replication
from console.backend.postgres.units import count_units, first_taken_addresses, vocabulary
from console.backend.runs.binding import enactment_target
from console.backend.runs.custody import is_held_here
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.site_preflight import site_questions


def preflight(context: PhaseContext, connection: psycopg.Connection, document: DocumentPlan) -> tuple[Check, ...]:
    """Compare vocabulary, addresses and the document with the database as it is."""
    return ask_together(connection, *_preflight(context, document))


def _preflight(context: PhaseContext, document: DocumentPlan) -> tuple[Question[Check], ...]:
    checks = (_vocabulary, _amendable) if context.request.operation.of_law else (_vocabulary, _addresses, _uncut)
    own = tuple(partial(check, context, document=document) for check in checks)
    return (*own, *site_questions(context, document))


def _vocabulary(context: PhaseContext, connection: psycopg.Connection, document: DocumentPlan) -> Check:
    known_pairs = vocabulary(connection)
    unknown = sorted(document.units.kinds() - known_pairs)
    answer = f"unknown: {unknown}" if unknown else f"all kinds and section types are among the {len(known_pairs)} known"
    return context.check(
        "vocabulary", answer, "unit_vocabulary", not unknown, "Correct the profile, or migrate the database."
    )


def _addresses(context: PhaseContext, connection: psycopg.Connection, document: DocumentPlan) -> Check:
    addresses = list(document.units.addresses())
    taken = first_taken_addresses(connection, addresses)
    answer = f"taken: {', '.join(taken)}" if taken else f"{len(addresses)} addresses, none is taken"
    return context.check(
        "addresses free", answer, "information_unit", not taken, "Addresses are for ever: use another document prefix."
    )


def _uncut(context: PhaseContext, connection: psycopg.Connection, document: DocumentPlan) -> Check:
    count = count_units(connection, document.docprefix)
    answer = (
        f"{counted(count, 'unit')} of {document.docprefix} exist"
        if count
        else f"no unit of {document.docprefix} exists"
    )
    return context.check(
        "cut once", answer, "information_unit", count == 0, "A document is cut once: use another document prefix."
    )


def _amendable(context: PhaseContext, connection: psycopg.Connection, document: DocumentPlan) -> Check:
    """Compare what is law with the base of the plan, or without a plan yet see that there is one."""
    plan = context.workspace.plan() if context.workspace.plan_facts() else None
    base_digest = plan.amendment.base_digest if plan and plan.amendment else None
    refusal = amend_refusal(connection, document.docprefix, base_digest)
    made = list(plan.amendment.made) if plan and plan.amendment else []
    if taken := first_taken_addresses(connection, made):
        refusal = refusal or f"{', '.join(taken)}, new in the plan, is there already"
    answer = refusal or f"{document.docprefix} is law" + (f", with the base's digest {base_digest}" if plan else "")
    return context.check(
        "amendable",
        answer,
        "fn_amend_refusal",
        not refusal,
        "Void this run, and plan it again, against the law of today.",
    )


def before_write(
    context: PhaseContext, connection: psycopg.Connection, phase: Phase, schema: Question[str] = schema_digest
) -> tuple[Check, ...]:
    """Compare the database with the plan before a phase that writes under the switch; arming asks the same.

    `schema` answers with the schema's digest. Raises Drifted if the database is not the plan's.
    """
    if phase is Phase.LIFECYCLE_ENACT and context.is_live:
        is_same = partial(
            world_unchanged, context, own_run_wrote=True, with_rows=False, bound=partial(_bound, context), schema=schema
        )
        with Asking(connection) as asking:
            checked, standbys = asking.ask(is_same), asking.ask(measure_replication)
        return (checked.value, *_standbys(context, standbys.value))
    # Behind the cut a LIVE run has rows of its own; a dry run asks no more than it, and has compared the rows before its cut.
    if phase is not Phase.CUT_LEG_A:
        return (world_unchanged(context, connection, own_run_wrote=context.is_live, with_rows=False, schema=schema),)
    document = context.workspace.plan().document
    unchanged: Question[Check] = partial(world_unchanged, context, own_run_wrote=False, with_rows=True, schema=schema)
    with Asking(connection) as asking:
        checks = [asking.ask(question) for question in (unchanged, *_preflight(context, document))]
        measured = asking.ask(measure_replication)
    return (*(check.value for check in checks), *_standbys(context, measured.value))


def _standbys(context: PhaseContext, measured: Replication) -> tuple[Check, ...]:
    """Record what its COMMIT waits for, if there is a standby; that none is waited for which is not there is asked before arming."""
    if not (measured.standbys or measured.synchronous_standby_names):
        return ()
    return (context.passed("standbys", measured.sentence, in_evidence(measured)),)


def _bound(context: PhaseContext, connection: psycopg.Connection) -> Target | None:
    """Return the server that the enactment is bound to; None for a plan that is bound to no world."""
    world, place = context.workspace.plan().world, place_of_run(connection, context.run_id)
    return None if world is None else enactment_target(world.target, place, context.installation.context.host)


def _unbound(_connection: psycopg.Connection) -> Target | None:
    return None


def world_unchanged(
    context: PhaseContext,
    connection: psycopg.Connection,
    *,
    own_run_wrote: bool,
    with_rows: bool,
    bound: Question[Target | None] = _unbound,
    schema: Question[str] = schema_digest,
) -> Check:
    """Compare the database with the plan's, beside what other runs have recorded since. Raises Drifted naming each difference.

    The plan's own document must be as it was; what runs of other documents have added is known to the row, and anything
    else is a difference; `with_rows` says if rows are compared at all. `bound` is the server on which the drafts were verified, if it is not the plan's. Drafts outlive a migration: once the run has written, the schema may be a newer one, if it is
    exactly as installed.
    """
    plan = context.workspace.plan()
    if plan.world is None:
        raise Drifted(StopCode.DRIFT, "the plan is bound to no world", "Start another run.")
    measured_since = partial(
        measure_world_since,
        host=context.installation.context.host,
        planned=plan.world,
        run_id=context.run_id,
        docprefix=context.request.docprefix,
        with_rows=with_rows,
        schema=schema,
    )
    with Asking(connection) as asking:
        answer_since, answer_bound = asking.ask(measured_since), asking.ask(bound)
    since, target_bound = answer_since.value, answer_bound.value
    now = since.now
    planned = plan.world if target_bound is None else plan.world.model_copy(update={"target": target_bound})
    if planned.target.host != now.target.host and _is_handed_to_this_host(context, connection):
        target = planned.target.model_copy(update={"host": now.target.host})
        planned = planned.model_copy(update={"target": target})
    migrated = own_run_wrote and planned.schema_digest != now.schema_digest and _as_installed(context, connection)
    if migrated:
        planned = planned.model_copy(update={"schema_digest": now.schema_digest})
    differences = world_differences(planned, now, with_rows=with_rows, added=since.added)
    if differences:
        # Another database or timeline is not a change of this one: it has a code of its own.
        if planned.target == now.target:
            code, action = StopCode.DRIFT, "Void the run and start another, or undo the change."
        else:
            code, action = (
                StopCode.IDENTITY_MISMATCH,
                f"See what it can do here: cutter-console run show {context.run_id}",
            )
        raise Drifted(code, "the world is not the plan's: " + "; ".join(differences), action)
    compared = (
        "identity, timeline, grants, guards, baseline and counts"
        if with_rows
        else "identity, timeline, grants and guards"
    )
    answer = f"{compared} equal the plan's"
    if since.added:
        answer += (
            f", beside {counted(sum(count.rows for count in since.added), 'row')} that other runs have recorded since"
        )
    if migrated:
        answer = (
            "identity and timeline equal the plan's; grants and guards are those of a later migration, as installed"
        )
    return context.passed("world unchanged", answer, "the database")


def _is_handed_to_this_host(context: PhaseContext, connection: psycopg.Connection) -> bool:
    """Return whether the run changed hands since it was planned, and this console holds it: the database is the same one."""
    row = find_run(connection, context.run_id)
    return row is not None and is_held_here(context.workspace.directory, row)


def _as_installed(context: PhaseContext, connection: psycopg.Connection) -> bool:
    """Return whether the schema is the one that the last migration pinned, here and on this host."""
    report = against_host(drift_on(connection), context.installation.settings.pins.schema_digest)
    return report.outcome is Outcome.PASS
