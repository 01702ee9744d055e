"""G4: a draft cut can be taken back, enacted units are protected, a runbook covers each failure in this database."""

from functools import partial

import psycopg

from console.backend.gates.gate import Gate
from console.backend.gates.installed_functions import Source, installed_functions, sources_verdict
from console.backend.gates.kinds_there import kinds_lacking, not_measured_for
from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Check
from console.backend.model.plan_binding import Target
from console.backend.model.readiness import Owner, first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.guards import REQUIRED, REVERTING, guard_faults
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.privileges import DeletingGrant, Membership, deleting_grants, writing_members
from console.backend.postgres.probes import Reverted, probe_revert, revert_faults
from console.backend.postgres.triggers import TriggerRow, triggers
from console.backend.runs.phase_context import Role
from console.backend.runs.recovery import Runbook, compensation_runbook, runbook_faults


class Deleter(Value):
    """A role that can delete rows past the functions."""

    role: SafeText
    by: SafeText
    """Source of the right: privileges on a table, or a membership."""
    repair: SafeText


class Catalogue(Value):
    """Guards, functions and privileges in the catalogue."""

    guards: tuple[TriggerRow, ...]
    sources: tuple[Source, ...]
    deleters: tuple[Deleter, ...]
    target: Target
    server_version: SafeText


class Facts(Value):
    """The facts that G4 measures."""

    catalogue: Measurement[Catalogue]
    reverted: Measurement[Reverted]
    runbook: Measurement[Runbook]
    lacking: tuple[SafeText, ...] = ()
    """Kinds of the synthetic draft that an organisation's vocabulary lacks, if it was refused."""


def measure(probe: Probe) -> Facts:
    """Read the catalogue, try a revert of a draft in a transaction that is rolled back, render the runbook."""
    catalogue = probe.ask(
        "catalogue",
        "guards and their states, functions and their pinned digests, and who may delete",
        "pg_trigger, pg_proc, pg_class and v_schema_pin, as the monitoring role",
        lambda: probe.of_monitor(CATALOGUE, partial(catalogue_of, installation=probe.installation)),
        lambda measured: (
            f"{len(measured.guards)} triggers, {len(measured.sources)} functions, {len(measured.deleters)} ways to delete"
        ),
        digest=lambda measured: sha256_hex(canonical_json(measured)),
    )
    reverted = probe.ask(
        "revert",
        "a draft cut taken back by what fn_cut_revert writes with, and rolled back: the readers' digest before, inside, after",
        "fn_probe_revert, as cutter_verify",
        lambda: _reverted(probe),
        _reverted_in_words,
        digest=lambda reverted: reverted.probe.inside,
    )
    return Facts(
        catalogue=catalogue,
        reverted=reverted,
        lacking=kinds_lacking(probe, _not_made(reverted.value)),
        runbook=probe.ask(
            "runbook",
            "the steps after a failure of each mutating phase, for this database",
            "the runbook, rendered for the measured database",
            lambda: _rendered(catalogue),
            lambda runbook: (
                f"{sum(len(plan.steps) for plan in runbook.plans)} steps for {len(runbook.plans)} phases"
                f" on {runbook.target.database} at {runbook.target.host}"
            ),
            digest=lambda runbook: runbook.digest,
        ),
    )


CATALOGUE = "catalogue"
"""Name of the question for it."""


def catalogue_of(connection: psycopg.Connection, installation: Installation) -> Catalogue:
    """Return guards, functions and privileges, and the database in which they stand."""
    identify = partial(measure_identity, host=installation.context.host, standby=True)
    with Asking(connection) as asking:
        identity, guards = asking.ask(identify), asking.ask(triggers)
        installed = asking.ask(partial(installed_functions, installation=installation))
        grants, members = asking.ask(deleting_grants), asking.ask(writing_members)
    return Catalogue(
        guards=guards.value,
        sources=installed.value[1],
        deleters=_deleters(grants.value, members.value),
        target=identity.value.target,
        server_version=identity.value.server_version,
    )


def _deleters(grants: tuple[DeletingGrant, ...], members: tuple[Membership, ...]) -> tuple[Deleter, ...]:
    deleters = [
        Deleter(role=role, by=f"{privilege} on {table}", repair=f"REVOKE {privilege} ON TABLE {table} FROM {role};")
        for role, table, privilege in grants
    ]
    deleters += [
        Deleter(role=member, by=f"member of {of}", repair=f"REVOKE {of} FROM {member};") for member, of in members
    ]
    return tuple(deleters)


def _reverted(probe: Probe) -> Reverted:
    with probe.writing(Role.VERIFIER) as connection:
        return probe_revert(connection, probe.gate)


def _reverted_in_words(reverted: Reverted) -> str:
    probe = reverted.probe
    draft = f"the draft of run {probe.run_id}" if probe.run_id else "a synthetic draft"
    digests = f"with it {probe.full}, without {probe.without}, reverted {probe.inside}, rolled back {probe.after}"
    return f"{draft}, {probe.n} units: {digests}; transaction {reverted.transaction}"


def _rendered(catalogue: Measurement[Catalogue]) -> Runbook:
    if catalogue.value is None:
        raise Unmeasured(StopCode.UNREACHABLE, catalogue.unmeasured, catalogue.next_action)
    return compensation_runbook(catalogue.value.target, catalogue.value.server_version)


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: guards, functions, the tried revert, its rollback, the runbook, and nobody who may delete."""
    return (
        check("guards", facts.catalogue, _guards),
        check("revert functions", facts.catalogue, lambda catalogue: sources_verdict(catalogue.sources, REVERTING)),
        check("soft revert", facts.reverted, partial(_soft_revert, lacking=facts.lacking)),
        check("rolled back", facts.reverted, _rolled_back),
        check("compensation runbook", facts.runbook, _runbook),
        check("nobody may delete", facts.catalogue, _nobody_deletes),
    )


def _guards(catalogue: Catalogue) -> Verdict:
    faults = guard_faults(catalogue.guards)
    if faults:
        return fails(first_three(faults), "See the SQL that repairs each: cutter-console drift")
    return passes(f"{len(REQUIRED)} guards stand, all ENABLE ALWAYS")


def _not_made(reverted: Reverted | None) -> str:
    """Return what has refused the synthetic draft, before there was anything to be taken back; else empty."""
    is_made = reverted is None or bool(reverted.probe.run_id) or bool(reverted.probe.full)
    return "" if is_made or reverted is None else reverted.probe.failed


def _soft_revert(reverted: Reverted, lacking: tuple[str, ...] = ()) -> Verdict:
    if (unknown := not_measured_for(lacking, _not_made(reverted), reverted.probe.n)) is not None:
        return unknown
    faults = revert_faults(reverted.probe)
    if faults:
        return fails("; ".join(faults), "Cut nothing: it could not be taken back. Find out why: cutter-console drift")
    draft = f"the draft of run {reverted.probe.run_id}" if reverted.probe.run_id else "a synthetic draft"
    return passes(f"{draft}, {reverted.probe.n} units, comes back to readers' digest {reverted.probe.inside}")


def _rolled_back(reverted: Reverted) -> Verdict:
    if reverted.kept_nothing:
        return passes(f"transaction {reverted.transaction}: nothing was kept")
    action = "Set a HOLD (cutter-console panic) and compare the rows: cutter-console counts"
    return fails(f"transaction {reverted.transaction}: it should be aborted", action)


def _runbook(runbook: Runbook) -> Verdict:
    faults = runbook_faults(runbook)
    if faults:
        return fails("; ".join(faults), "Install a program whose runbook is whole: cutter-console manifest verify")
    steps = ", ".join(f"{plan.phase} {len(plan.steps)}" for plan in runbook.plans)
    return passes(f"steps after a failure: {steps}; sha256 {runbook.digest}")


def _nobody_deletes(catalogue: Catalogue) -> Verdict:
    if not catalogue.deleters:
        return passes("only the owner may delete or truncate, and no role is a member of the owner")
    detail = "; ".join(f"{deleter.role}: {deleter.by}" for deleter in catalogue.deleters[:3])
    more = f"; and {len(catalogue.deleters) - 3} more" if len(catalogue.deleters) > 3 else ""
    return fails(detail + more, "As administrator: " + " ".join(deleter.repair for deleter in catalogue.deleters))


GATE = Gate(
    "G4",
    "Revert and compensation",
    "Can a cut be taken back, and is it written down what to do after each failure?",
    Owner.OPERATOR,
    measure,
    decide,
)
