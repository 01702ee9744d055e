"""The checks before arming (`PRE-1` and on): what a LIVE run checks itself before it offers to arm, from the same evidence as the gates."""

import time
from collections.abc import Callable
from typing import NamedTuple

from console.backend.gates.approval_package import judge_package, package_fact, ruling_facts_name
from console.backend.gates.asked_ahead import RIGHTS_AND_STANDBYS, RUN, ask_ahead
from console.backend.gates.backup_readiness import backup_key, backup_key_check
from console.backend.gates.connections import connections, lines_verdict
from console.backend.gates.dry_runs import (
    DryRun,
    by_another_profile,
    judge_dry_run,
    measure_dry_runs,
    place,
    start_command,
)
from console.backend.gates.gate import reported
from console.backend.gates.grants import grants, grants_check
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes
from console.backend.gates.plan_conditions import ask_conditions_ahead, conditions_of, context_of, next_writing
from console.backend.gates.precheck_live import (
    database,
    deployed_tree,
    deployed_tree_check,
    inventory_verdict,
    switch,
    switch_check,
)
from console.backend.gates.probe import Probe
from console.backend.gates.recorded_tests import recorded_tests, recorded_tests_check
from console.backend.gates.ruling_policy import pin_check, pinned_fact, policy_check, policy_facts
from console.backend.host.installation import Installation
from console.backend.model.errors import Drifted, StopCode
from console.backend.model.outcome import Check, Outcome, whole_ms
from console.backend.model.plan_binding import Target
from console.backend.model.purposes import KIND_AT, Kind, RunOperation
from console.backend.model.readiness import GateReport, Owner
from console.backend.model.replication import Replication, in_evidence
from console.backend.model.safe_text import SafeText
from console.backend.model.states import ENACTED_STAGES, Family, Phase, Stage
from console.backend.model.value import Value
from console.backend.model.view_models import SwitchState, SwitchView
from console.backend.postgres.asking import Asking, Question
from console.backend.postgres.inventory import schema_digest
from console.backend.postgres.privileges import ArmingRight, arming_rights
from console.backend.postgres.records import RunRow, all_runs, find_run
from console.backend.postgres.replication import measure_replication
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.ruling_facts import RulingFacts
from console.backend.runs.run_views import elsewhere
from console.backend.runs.site_creation import Limit, has_trial, phase_limit, tried_there
from console.backend.runs.workspace import Workspace

DEADLINE_S = 10.0
_NEW_RUN = "cutter-console run start FILE --docprefix P"
"""Nothing is left that would need the switch."""


class PreGate(NamedTuple):
    """Title, question and owner of the board before arming."""

    id: str = "PRE"
    title: str = "Before you arm"
    question: str = "May this run be armed now?"
    owner: Owner = Owner.OPERATOR


PRE = PreGate()


class Subject(Value):
    """Run that is to be armed, or None."""

    row: RunRow | None
    asked: SafeText
    """The run id that was asked for; empty if the newest run that waits was looked for."""
    trial_command: SafeText | None = None
    """Command that gives a trial of the plan's units the time of a phase; empty in that command itself, None if none is made."""


class ArmingRole(Value):
    """Roles that can open a lease."""

    role: str
    superuser: bool
    """Itself, or as a member of one."""
    arms: bool


class Authority(Value):
    """The roles of the product, as far as arming goes."""

    roles: tuple[ArmingRole, ...]


class DryRuns(Value):
    """Dry runs that could support the run, and the database that it would be cut in."""

    found: tuple[DryRun, ...]
    target: Target | None
    command: SafeText
    note: SafeText = ""
    """Words about a dry run of the same bytes that gave other content; empty without one."""
    on_standby: bool = False


class Fit(Value):
    """Answer of the conditions that the next phase asks for before it writes."""

    answer: SafeText
    refused: SafeText = ""
    """Empty if they hold; otherwise the refusal with its code, which going on would meet too."""
    next_action: SafeText = ""


class Item(NamedTuple):
    """One check before arming; its number is its place in `ALL`."""

    title: str
    ask: Callable[[Probe, Measurement[Subject], str], Check]
    """Measures and decides; the last argument is the name of the check."""

    @property
    def name(self) -> str:
        """Return its name on the board, e.g. `PRE-5 grants`."""
        return f"{PRE.id}-{ALL.index(self) + 1} {self.title}"


def readiness(installation: Installation, run_id: str = "", *, read_only: bool = False) -> GateReport:
    """Measure every check before arming. Without a run id, for the newest run that waits for SG_1, if one does.

    A check that is FAIL, INCONCLUSIVE or NOT_RUN stops the run from being armed; PARTIAL does not.
    """
    return _report(_probe(installation, read_only), run_id, ALL)


def before(
    installation: Installation,
    run_id: str,
    items: tuple[Item, ...],
    trial_command: str | None = None,
    facts: RulingFacts | None = None,
) -> tuple[Check, ...]:
    """Measure these items for one run; the confirmation of a dangerous action shows their checks.

    The plan's units are tried through an organisation's function if a `trial_command` is given: the command that gives
    the trial as long as a statement of a phase may take, and "" in that command itself. A board tries none: it is
    measured again and again, and would let others wait for the locks of each trial. `facts` are those of the run's ruling
    if they have just been read.
    """
    probe = _probe(installation, read_only=False)
    probe.asked.know(ruling_facts_name(run_id), facts)
    return _report(probe, run_id, items, trial_command).checks


def _probe(installation: Installation, read_only: bool) -> Probe:
    return Probe(installation, PRE.id, time.monotonic() + DEADLINE_S, read_only)


def _report(probe: Probe, run_id: str, items: tuple[Item, ...], trial_command: str | None = None) -> GateReport:
    began, started = probe.installation.context.now(), time.perf_counter()
    if run_id:
        ask_ahead(probe, run_id)
    subject = _subject(probe, run_id, trial_command)
    row = subject.value.row if subject.value is not None else None
    if _PLAN in items and row is not None and _not_at_a_pause(row) is None:
        ask_conditions_ahead(probe, row, _schema_as_measured(probe))
    checks = tuple(item.ask(probe, subject, item.name) for item in items)
    return reported(PRE, checks, began, whole_ms(time.perf_counter() - started))


def _subject(probe: Probe, run_id: str, trial_command: str | None) -> Measurement[Subject]:
    def row_of() -> RunRow | None:
        with probe.monitor() as connection:
            return find_run(connection, run_id)

    def find() -> Subject:
        if run_id:
            return Subject(row=probe.once(RUN, row_of), asked=run_id, trial_command=trial_command)
        with probe.monitor() as connection:
            waiting = [row for row in all_runs(connection) if _waits_for_sg1(row)]
            # A run of another root cannot be armed here: its files are not.
            here = [row for row in waiting if not elsewhere(probe.installation, row)]
            return Subject(row=here[0] if here else None, asked="", trial_command=trial_command)

    return probe.ask(
        "run",
        f"run {run_id}" if run_id else "the newest run that waits for SG_1",
        "the database",
        find,
        lambda subject: f"{subject.row.run_id} at {subject.row.state.name}" if subject.row else "none",
    )


def _waits_for_sg1(row: RunRow) -> bool:
    at_the_pause = (row.family, row.stage) == (Family.ACTIVE, Stage.AWAITING_CUT_AUTHORIZATION)
    return at_the_pause and row.operation is not RunOperation.EDIT


def _approval(probe: Probe, subject: Measurement[Subject], name: str) -> Check:
    """Check that the ruling is imported and holds now; a pending one stops here, while G7 only names the step."""
    row = subject.value.row if subject.value else None
    if row is None:
        return check(name, subject, _no_run)
    if (refusal := _not_at_a_pause(row)) is not None:
        return check(name, subject, lambda _: refusal)
    kind = KIND_AT.get(row.stage, Kind.SG_1)
    fact = package_fact(probe, row, kind)

    def decide(_: object) -> Verdict:
        # `check` asks this only if there is a value, so the empty FAIL is for the type alone.
        verdict = judge_package(fact.value) if fact.value else fails("", "")
        return verdict._replace(outcome=Outcome.FAIL) if verdict.outcome is Outcome.PARTIAL else verdict

    return check(name, fact, decide, subject)


def _no_run(subject: Subject) -> Verdict:
    if subject.asked:
        return fails(f"no LIVE run {subject.asked} in this database", "See the runs there are: cutter-console run list")
    return partial("no run waits to be armed", f"{_NEW_RUN} --live")


def _not_at_a_pause(row: RunRow) -> Verdict | None:
    """Return why this run cannot be armed where it is, or None. A run that was stopped at its pause is armed there."""
    if row.family not in {Family.ACTIVE, Family.STOPPED}:
        return fails(f"run {row.run_id} is {row.state.name}", f"See: cutter-console run show {row.run_id}")
    if row.stage in ENACTED_STAGES:
        return fails(f"run {row.run_id} is over: {row.stage}", f"Another document: {_NEW_RUN} --live")
    if tuple(Stage).index(row.stage) < tuple(Stage).index(Stage.AWAITING_CUT_AUTHORIZATION):
        detail = f"run {row.run_id} is at {row.stage} and has not come to its pause"
        return fails(detail, f"cutter-console run resume {row.run_id}")
    return None


def _authority(probe: Probe, _subject: Measurement[Subject], name: str) -> Check:
    """Check who has authority to arm.

    The policy can be satisfied and is the pinned one, each connection has its own role, and only the executor, which is
    no superuser, can open a lease.
    """

    def ask() -> Authority:
        rights, _ = _rights_and_standbys(probe)
        return Authority(roles=tuple(ArmingRole(role=r, superuser=s, arms=a) for r, s, a in rights))

    policy, keys = policy_facts(probe)
    pinned = pinned_fact(probe)
    arms = probe.ask(
        "authority",
        "which roles may open a lease, and whether one is a superuser",
        "pg_roles and fn_lease_arm",
        ask,
        lambda authority: ", ".join(
            f"{arming_role.role}{' may arm' if arming_role.arms else ''}" for arming_role in authority.roles
        ),
    )
    believed, lines = pin_check(policy, pinned), connections(probe)
    # The worse of the two: signers who can rule are of no use if the database does not believe them.
    ruled = max(policy_check(policy, keys), believed, key=lambda judged: judged.outcome.rank)

    def decide(authority: Authority) -> Verdict:
        wrong = _wrong_roles(authority)
        if wrong:
            return fails("; ".join(wrong), "See what would repair it: cutter-console drift")
        connected = lines_verdict(lines.value or ())
        # A note about a line must not stand in front of a policy that nobody can satisfy.
        if connected.outcome is not Outcome.PASS and connected.outcome.rank >= ruled.outcome.rank:
            return connected
        return Verdict(ruled.outcome, ruled.detail, ruled.next_action)

    return check(name, arms, decide, lines, policy, keys, pinned)


def _rights_and_standbys(probe: Probe) -> tuple[tuple[ArmingRight, ...], Replication]:
    """Return what two checks decide from, asked in one exchange by whichever comes first."""

    def ask() -> tuple[tuple[ArmingRight, ...], Replication]:
        with probe.monitor() as connection, Asking(connection) as asking:
            rights, standbys = asking.ask(arming_rights), asking.ask(measure_replication)
        return rights.value, standbys.value

    return probe.once(RIGHTS_AND_STANDBYS, ask)


def _wrong_roles(authority: Authority) -> list[str]:
    wrong = [f"{arming_role.role} is a superuser" for arming_role in authority.roles if arming_role.superuser]
    arming = {arming_role.role for arming_role in authority.roles if arming_role.arms}
    if arming != {"cutter_exec"}:
        wrong.append(f"a lease is opened by cutter_exec alone, here by {', '.join(sorted(arming)) or 'nobody'}")
    return wrong


def _key(probe: Probe, _subject: Measurement[Subject], name: str) -> Check:
    """Check the backup key as G3 does."""
    return backup_key_check(backup_key(probe), name)


def _dry_run(probe: Probe, subject: Measurement[Subject], name: str) -> Check:
    """Check that a dry run of this very content was green on this very database (criterion C3 of G6)."""
    row = subject.value.row if subject.value else None
    if subject.value is None or (row is None and subject.value.asked):
        return check(name, subject, _no_run)
    fact = probe.ask(
        "dry-run",
        f"dry runs of the content of {row.run_id}" if row else "dry runs on this database",
        str(probe.installation.root / "runs"),
        lambda: _dry_runs(probe, row),
        lambda dry_runs: (
            ", ".join(f"{dry_run.run_id} {dry_run.problem or 'green'}" for dry_run in dry_runs.found) or "none"
        ),
    )
    return check(name, fact, lambda dry_runs: _dry(dry_runs, row), subject)


def _dry_runs(probe: Probe, row: RunRow | None) -> DryRuns:
    if row is None:
        answering = database(probe).value
        return DryRuns(
            found=measure_dry_runs(probe.installation),
            target=_target_now(probe),
            command=_NEW_RUN,
            on_standby=answering is not None and answering.in_recovery,
        )
    workspace = Workspace.open(probe.installation.root, row.run_id)
    plan, command = (
        workspace.plan_facts(),
        start_command(probe.installation, row, workspace),
    )
    # "none" matches nothing. An empty digest would let a dry run of any content of this document count.
    dry_runs = measure_dry_runs(probe.installation, row.docprefix, row.content_digest or "none")
    note = ""
    if not dry_runs and plan is not None:
        note = by_another_profile(measure_dry_runs(probe.installation, row.docprefix), plan)
    return DryRuns(found=dry_runs, target=plan.target if plan else None, command=command, note=note)


def _target_now(probe: Probe) -> Target | None:
    answering = database(probe).value
    # Nothing is cut on a standby, so no dry run there counts.
    if answering is None or answering.in_recovery:
        return None
    return Target(
        host=probe.installation.context.host,
        database=answering.database,
        system_identifier=answering.system_identifier,
        timeline=answering.timeline,
    )


def _dry(dry_runs: DryRuns, row: RunRow | None) -> Verdict:
    if dry_runs.on_standby:
        return fails("the server is a standby: nothing is cut here", "Connect to the primary.")
    if dry_runs.target is None:
        return fails("it is not known where the run would be cut", "Start another run.")
    if row is not None:
        return judge_dry_run(dry_runs.found, dry_runs.target, dry_runs.command, dry_runs.note)
    green = [
        dry_run for dry_run in dry_runs.found if not dry_run.problem and place(dry_run.target) == place(dry_runs.target)
    ]
    if green:
        return passes(f"{len(green)} on this database, the newest {green[0].run_id} of {green[0].docprefix}")
    return partial("none on this database yet", dry_runs.command)


def _privileges(probe: Probe, _subject: Measurement[Subject], name: str) -> Check:
    """Check that grants and definitions are those of the last migration, and that this host pins the same inventory."""
    fact = grants(probe)
    judged, pinned = grants_check(fact), probe.installation.settings.pins.schema_digest
    if judged.outcome is Outcome.PASS:
        return check(name, fact, lambda drift: inventory_verdict(drift, pinned))
    return _renamed(name, judged)


def _tree(probe: Probe, _subject: Measurement[Subject], name: str) -> Check:
    """Check that the deployed tree is the pinned release's, file by file."""
    return _renamed(name, deployed_tree_check(deployed_tree(probe)))


def _tested(probe: Probe, _subject: Measurement[Subject], name: str) -> Check:
    """Check that the release's recorded tests are green."""
    return recorded_tests_check(recorded_tests(probe), name)


def _off(probe: Probe, subject: Measurement[Subject], name: str) -> Check:
    """Check that the switch is off; a lease of this very run is no obstacle, one of another run is."""
    fact, asked_run_id = switch(probe), subject.value.asked if subject.value else ""
    judged = switch_check(fact)

    def decide(switch_view: SwitchView) -> Verdict:
        if switch_view.state is SwitchState.ARMED and asked_run_id != switch_view.run_id:
            return fails(judged.detail, judged.next_action)
        return Verdict(judged.outcome, judged.detail, judged.next_action)

    return check(name, fact, decide)


def _plan(probe: Probe, subject: Measurement[Subject], name: str) -> Check:
    """Check that the database is the one that the plan was made for, by the very conditions that the phase asks for."""
    row = subject.value.row if subject.value else None
    if row is None:
        return check(name, subject, _no_run)
    if (refusal := _not_at_a_pause(row)) is not None:
        return check(name, subject, lambda _: refusal)
    fact = probe.ask(
        "plan",
        f"whether the database is the one of the plan of {row.run_id}, beside what other runs have recorded since",
        "the database, as the executor",
        lambda: _fit(probe, row, subject.value.trial_command if subject.value else None),
        lambda fit: fit.refused or fit.answer,
    )
    return check(
        name,
        fact,
        lambda fit: fails(fit.refused, fit.next_action) if fit.refused else passes(fit.answer),
        subject,
    )


def _fit(probe: Probe, row: RunRow, trial_command: str | None) -> Fit:
    context, phase = context_of(probe, row), next_writing(row)
    try:
        conditions = conditions_of(probe, row, _schema_as_measured(probe))
    except Drifted as drifted:
        return Fit(answer="", refused=f"{drifted.code}: {drifted.message}", next_action=drifted.next_action)
    fit = _fit_by(conditions, conditions[0].detail)
    if fit.refused or phase is not Phase.CUT_LEG_A or not has_trial(context):
        return fit
    return _tried(probe, context, fit.answer, trial_command)


def _fit_by(checks: tuple[Check, ...], answer: str) -> Fit:
    """Pure: give this answer if all of the checks passed; otherwise the refusal by those that did not."""
    wrong = [check for check in checks if check.outcome is not Outcome.PASS]
    if wrong:
        refused = "; ".join(f"{check.name}: {check.detail}" for check in wrong)
        return Fit(answer="", refused=refused, next_action=wrong[0].next_action)
    return Fit(answer=answer)


def _tried(probe: Probe, context: PhaseContext, answer: str, trial_command: str | None) -> Fit:
    """Add a trial of the units: what the organisation's function would refuse at the write must not cost the ruling."""
    if trial_command is None:
        return Fit(answer=f"{answer}; whether the organisation's function takes its units is tried by arm")
    tried = tried_there(context, _trial_limit(probe, context, trial_command))
    return _fit_by(tried, "; ".join([answer, *(check.detail for check in tried)]))


def _trial_limit(probe: Probe, context: PhaseContext, trial_command: str) -> Limit:
    if not trial_command:
        return phase_limit(context)
    return Limit(
        probe.seconds_left,
        f"The command gives it {context.installation.settings.statement_minutes} min: {trial_command}",
    )


def _schema_as_measured(probe: Probe) -> Question[str]:
    """Return the digest that the check of the grants has measured, which two checks rest on; asked again if it has none."""
    drift = grants(probe).value
    return schema_digest if drift is None or drift.of_another_layout else lambda _: drift.schema_digest


def _standbys(probe: Probe, _subject: Measurement[Subject], name: str) -> Check:
    """Check that a COMMIT would not wait for a standby that is not there; say what could be lost at a fail-over."""
    fact = probe.ask(
        "standbys",
        "which standbys are connected, and which of them confirm a COMMIT",
        "synchronous_standby_names and pg_stat_replication",
        lambda: _rights_and_standbys(probe)[1],
        in_evidence,
    )
    return check(name, fact, lambda measured: Verdict(measured.outcome, measured.sentence, measured.next_action))


LEGAL_MOVE = "legal move"
"""The check of a dangerous action that says if the run is where it can be done."""


def drift_code(open_checks: tuple[Check, ...]) -> StopCode | None:
    """Pure: return the code of a drift if all that stops the run is one, which has an exit status of its own; otherwise None.

    On another server than the run is bound to, and while another run has its document, whatever else stops it follows from that.
    """
    codes = [_drift_code(open_check) for open_check in open_checks]
    for code, open_check in zip(codes, open_checks, strict=True):
        if code is not None and open_check.name == LEGAL_MOVE:
            return code
    if not codes or None in codes:
        return None
    return StopCode.IDENTITY_MISMATCH if StopCode.IDENTITY_MISMATCH in codes else StopCode.DRIFT


def refusal_code(open_checks: tuple[Check, ...]) -> StopCode:
    """Pure: return the code of a refusal that is no drift: that of the move, if another run has the document for good."""
    move = next((str(check.detail) for check in open_checks if check.name == LEGAL_MOVE), "")
    is_barred = move.startswith(f"{StopCode.REPLAY_CONFLICT}:")
    return StopCode.REPLAY_CONFLICT if is_barred else StopCode.EXECUTION_DISABLED


def _drift_code(open_check: Check) -> StopCode | None:
    if open_check.outcome is not Outcome.FAIL:
        return None
    if open_check.name == _GRANTS.name:
        return StopCode.DRIFT
    code, _, _ = open_check.detail.partition(":")
    is_told = open_check.name in {_PLAN.name, LEGAL_MOVE} and code in {StopCode.DRIFT, StopCode.IDENTITY_MISMATCH}
    return StopCode(code) if is_told else None


def _renamed(name: str, judged: Check) -> Check:
    return judged.model_copy(update={"name": name})


_AUTHORITY, _GRANTS = Item("authority to arm", _authority), Item("grants", _privileges)
_TREE, _SWITCH = Item("deployed tree", _tree), Item("switch off", _off)
_KEY, _TESTS = Item("backup key", _key), Item("tests", _tested)
_PLAN, _STANDBYS = Item("plan fits the database", _plan), Item("standbys", _standbys)
ALL: tuple[Item, ...] = (
    Item("approval", _approval),
    _AUTHORITY,
    _KEY,
    Item("green dry run", _dry_run),
    _GRANTS,
    _TREE,
    _TESTS,
    _SWITCH,
    _PLAN,
    _STANDBYS,
)
"""Before a cut is armed."""
AGAIN: tuple[Item, ...] = (_AUTHORITY, _GRANTS, _TREE, _SWITCH, _PLAN, _STANDBYS)
"""Before what is already in draft is recorded or enacted: backup, dry run and tests have had their turn."""
OF_BATCH: tuple[Item, ...] = (_AUTHORITY, _KEY, _GRANTS, _TREE, _TESTS, _PLAN, _STANDBYS)
"""Those before a batch is armed, asked of its first member that waits; ruling, dry runs and switch are asked of the batch."""
AGAIN_OF_BATCH: tuple[Item, ...] = (_AUTHORITY, _GRANTS, _TREE, _PLAN, _STANDBYS)
"""Those of AGAIN, before a batch is enacted, without the switch."""
