"""G6: which documents and source versions could safely be cut next, judged by the criteria C1 to C7."""

import shlex
from collections.abc import Callable, Iterator

from console.backend.approvals.policy import FIRST_RUN_UNITS
from console.backend.documents.addresses import is_reserved
from console.backend.gates.dry_runs import DryRun, measure_dry_runs, place
from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.precheck_live import DatabaseFinding, database
from console.backend.gates.probe import Probe
from console.backend.gates.ruling_policy import PolicyFile, policy_facts
from console.backend.host.installation import Installation
from console.backend.host.regular_file import sha256_file
from console.backend.model.counting import counted
from console.backend.model.errors import Refused
from console.backend.model.outcome import Check, Outcome
from console.backend.model.profile_names import EDIT_PROFILE, REPEAL_PROFILE
from console.backend.model.readiness import Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.registry import Registered, registered_versions
from console.backend.postgres.rulings import is_first_cut
from console.backend.runs.phase_context import Role
from console.backend.runs.workspace import SOURCE, Workspace, newest_first


class Registry(Value):
    """Contents of the registry of documents."""

    first_run: bool
    """True if nothing has ever been cut here."""
    intake: SafeText
    """The folder that files come from."""
    documents: tuple[Registered, ...]


class Snapshot(Value):
    """The newest pinned copy of a source version in runs/."""

    run_id: SafeText
    docprefix: str
    sha256: str
    """As the run recorded it."""
    found: str
    """As the bytes are now."""
    n_units: int


class Criterion(Value):
    """One criterion's verdict on one candidate."""

    name: str
    outcome: Outcome
    detail: SafeText


class Facts(Value):
    """The facts that G6 measures."""

    registry: Measurement[Registry]
    snapshots: Measurement[tuple[Snapshot, ...]]
    dry_runs: Measurement[tuple[DryRun, ...]]
    database: Measurement[DatabaseFinding]
    policy: Measurement[PolicyFile]


def measure(probe: Probe) -> Facts:
    """Read the registry, hash the pinned snapshots, look at the dry runs; nothing is planned again."""
    installation = probe.installation
    return Facts(
        registry=probe.ask(
            "registry",
            "documents, source versions, and what depends on them",
            "the registry and the ledger, as the verifying role",
            lambda: _registry(probe),
            lambda registry: (
                f"{counted(len(registry.documents), 'version')}; {'nothing was' if registry.first_run else 'something has been'} cut here"
            ),
        ),
        snapshots=probe.ask(
            "snapshots",
            "sha256 of every pinned snapshot",
            str(installation.root / "runs"),
            lambda: tuple(_snapshots(installation)),
            lambda pinned: (
                f"{counted(len(pinned), 'snapshot')}, {sum(snapshot.found != snapshot.sha256 for snapshot in pinned)} altered"
            ),
        ),
        dry_runs=probe.ask(
            "dry-runs",
            "dry runs, and whether they are green",
            str(installation.root / "runs"),
            lambda: measure_dry_runs(installation),
            lambda runs: f"{len(runs)}, green: {sum(not run.problem for run in runs)}",
        ),
        database=database(probe),
        policy=policy_facts(probe)[0],
    )


def _registry(probe: Probe) -> Registry:
    with probe.reading(Role.VERIFIER) as connection, Asking(connection) as asking:
        first_run, versions = asking.ask(is_first_cut), asking.ask(registered_versions)
    return Registry(first_run=first_run.value, intake=str(probe.installation.intake), documents=versions.value)


def _snapshots(installation: Installation) -> Iterator[Snapshot]:
    """Yield the newest snapshot of each document and version; a run without a plan has none that could be cut."""
    known: set[tuple[str, str]] = set()
    for directory in newest_first(installation.root):
        workspace = Workspace(directory)
        try:
            request, plan = workspace.request(), workspace.plan_facts()
        except Refused:
            continue
        without_text = request.profile in {EDIT_PROFILE, REPEAL_PROFILE}
        if plan is None or without_text or (request.docprefix, plan.source_sha256) in known:
            continue
        known.add((request.docprefix, plan.source_sha256))
        source = directory / SOURCE
        yield Snapshot(
            run_id=request.run_id,
            docprefix=request.docprefix,
            sha256=plan.source_sha256,
            found=sha256_file(source) if source.is_file() else "missing",
            n_units=plan.n_units,
        )


def candidates(registry: Registry, dry_runs: tuple[DryRun, ...]) -> tuple[Registered, ...]:
    """Pure: every registered version, and each version of a dry run that is not registered."""
    known = {(document.docprefix, document.sha256) for document in registry.documents}
    by_prefix = {document.docprefix: document for document in registry.documents}
    more: dict[tuple[str, str], Registered] = {}
    for run in dry_runs:
        if run.profile == REPEAL_PROFILE:
            continue
        version = (run.docprefix, run.source_sha256)
        if version not in known:
            registered = by_prefix.get(run.docprefix) or Registered(
                docprefix=run.docprefix, origin=run.origin, sha256=""
            )
            more[version] = registered.model_copy(update={"sha256": run.source_sha256, "origin": run.origin})
    return (
        *(
            document
            for document in registry.documents
            if document.sha256 or document.docprefix not in {p for p, _ in more}
        ),
        *more.values(),
    )


def criteria(candidate: Registered, facts: Facts) -> tuple[Criterion, ...]:
    """Pure: C1 to C7 for one candidate; what was not measured is INCONCLUSIVE."""
    approved_words = "; an approval names it" if candidate.approved else ""
    depends = f"{candidate.aliases} aliases, {candidate.enacted_below} enacted units below it, {candidate.signatures} signatures"
    return (
        _is(
            "C1",
            not is_reserved(candidate.docprefix) or candidate.approved,
            f"{'reserved' if is_reserved(candidate.docprefix) else 'not reserved'}{approved_words}",
        ),
        _snapshot(candidate, facts.snapshots),
        _dry_run(candidate, facts.dry_runs, facts.database),
        _size(candidate, facts),
        _is("C5", not (candidate.aliases or candidate.enacted_below or candidate.signatures), depends),
        _is(
            "C6",
            not candidate.enacted or candidate.approved,
            f"{counted(candidate.enacted, 'unit')} enacted{approved_words}",
        ),
        _is("C7", not candidate.change_sets, f"{candidate.change_sets} change sets of it"),
    )


def _is(name: str, holds: bool, detail: str) -> Criterion:
    return Criterion(name=name, outcome=Outcome.PASS if holds else Outcome.FAIL, detail=detail)


def _open(name: str, reason: str) -> Criterion:
    return Criterion(name=name, outcome=Outcome.INCONCLUSIVE, detail=reason)


def _snapshot(candidate: Registered, fact: Measurement[tuple[Snapshot, ...]]) -> Criterion:
    if fact.value is None:
        return _open("C2", fact.unmeasured)
    pinned = _of(candidate, fact.value)
    if pinned is None:
        return _is("C2", holds=False, detail="no snapshot of this version was planned here")
    unaltered = pinned.found == pinned.sha256
    return _is("C2", unaltered, f"pinned by {pinned.run_id}, {'digest equal' if unaltered else f'now {pinned.found}'}")


def _of(candidate: Registered, snapshots: tuple[Snapshot, ...]) -> Snapshot | None:
    return next(
        (
            snapshot
            for snapshot in snapshots
            if snapshot.sha256 and (snapshot.docprefix, snapshot.sha256) == (candidate.docprefix, candidate.sha256)
        ),
        None,
    )


def _dry_run(
    candidate: Registered, runs: Measurement[tuple[DryRun, ...]], now: Measurement[DatabaseFinding]
) -> Criterion:
    if runs.value is None or now.value is None:
        return _open("C3", runs.unmeasured or now.unmeasured)
    this_place = (now.value.database, now.value.system_identifier, now.value.timeline)
    mine = [run for run in runs.value if (run.docprefix, run.source_sha256) == (candidate.docprefix, candidate.sha256)]
    green = next((run for run in mine if not run.problem and place(run.target) == this_place), None)
    if green is not None:
        return _is("C3", holds=True, detail=f"green: {green.run_id}")
    problem = (mine[0].problem or "on another database") if mine else "none"
    return _is("C3", holds=False, detail=f"no green dry run of it here ({problem})")


def _size(candidate: Registered, facts: Facts) -> Criterion:
    if facts.snapshots.value is None or facts.registry.value is None or facts.policy.value is None:
        return _open("C4", facts.snapshots.unmeasured or facts.registry.unmeasured or facts.policy.unmeasured)
    pinned, policy = _of(candidate, facts.snapshots.value), facts.policy.value.policy
    if pinned is None:
        return _is("C4", holds=False, detail="its size is not known: it was never planned here")
    if not facts.registry.value.first_run:
        return _is("C4", pinned.n_units > 0, f"{counted(pinned.n_units, 'unit')}; the first run is behind us")
    most = (policy.first_run_max_units if policy else None) or FIRST_RUN_UNITS
    return _is(
        "C4",
        1 <= pinned.n_units <= most,
        f"{counted(pinned.n_units, 'unit')}; a first run may have {most}",
    )


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: every candidate with its criteria, and whether one of them is safe."""
    also = (facts.snapshots, facts.dry_runs, facts.database, facts.policy)
    # One of them was not measured: `check` answers INCONCLUSIVE without a call of the lambda.
    if facts.registry.value is None or facts.dry_runs.value is None:
        return (check("a safe target", facts.registry, lambda _: passes(""), *also),)
    judged = tuple(
        (candidate, criteria(candidate, facts)) for candidate in candidates(facts.registry.value, facts.dry_runs.value)
    )
    return (
        check("a safe target", facts.registry, lambda registry: _summary(registry.intake, judged), *also),
        *(
            check(
                f"candidate {_name(candidate)}",
                facts.registry,
                _always(_candidate(candidate, results, facts.snapshots)),
                *also,
            )
            for candidate, results in judged
        ),
    )


def _always(verdict: Verdict) -> Callable[[object], Verdict]:
    return lambda _: verdict


def _name(candidate: Registered) -> str:
    return f"{candidate.docprefix} {candidate.sha256[:12] or 'without a version'}"


def _candidate(
    candidate: Registered, judged: tuple[Criterion, ...], snapshots: Measurement[tuple[Snapshot, ...]]
) -> Verdict:
    """Judge a document. That it is no target is no fault; altered bytes of a pinned snapshot are one."""
    detail = "; ".join(f"{criterion.name} {criterion.outcome}: {criterion.detail}" for criterion in judged)
    if any(criterion.outcome is Outcome.INCONCLUSIVE for criterion in judged):
        return unclear(detail, "Make it measurable, then: cutter-console gates G6")
    unmet = [criterion.name for criterion in judged if criterion.outcome is not Outcome.PASS]
    pinned = _of(candidate, snapshots.value or ())
    if pinned is not None and pinned.found != pinned.sha256:
        action = f"Keep runs/ for the auditor; pin {candidate.docprefix} again: cutter-console run start FILE --docprefix {candidate.docprefix}"
        return fails(f"the pinned snapshot was altered; {detail}", action)
    return passes(f"{'no target, by ' + ', '.join(unmet) if unmet else 'safe'}. {detail}")


def _summary(intake: str, judged: tuple[tuple[Registered, tuple[Criterion, ...]], ...]) -> Verdict:
    safe = [
        candidate for candidate, results in judged if all(criterion.outcome is Outcome.PASS for criterion in results)
    ]
    if safe:
        return passes(f"{len(safe)} of {len(judged)}: {', '.join(_name(candidate) for candidate in safe)}")
    if any(criterion.outcome is Outcome.INCONCLUSIVE for _, results in judged for criterion in results):
        return unclear("not every criterion could be measured", "Make it measurable, then: cutter-console gates G6")
    nearly = next((candidate for candidate, results in judged if _lacks(results) == ["C3"]), None)
    command = "cutter-console run start FILE --docprefix P"
    if nearly is not None:
        source = nearly.origin.replace("file:", f"{intake}/", 1)
        command = f"cutter-console run start {shlex.quote(source)} --docprefix {nearly.docprefix}"
    return partial(
        f"none of {counted(len(judged), 'candidate')}",
        f"Start a dry run of a new, small document: {command}",
    )


def _lacks(results: tuple[Criterion, ...]) -> list[str]:
    return [criterion.name for criterion in results if criterion.outcome is not Outcome.PASS]


GATE = Gate("G6", "Safe target", "Is there a document that may be cut next?", Owner.OPERATOR, measure, decide)
