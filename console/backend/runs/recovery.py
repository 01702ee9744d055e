"""Recovery after a phase failed behind a COMMIT: a plan for each mutating phase, made for one database."""

from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.plan_binding import Target
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Phase
from console.backend.model.value import Value

STEPS = {Phase.CUT_LEG_A: 1, Phase.LEG_B_RECORD: 3, Phase.WRITE_VERIFY: 4, Phase.LIFECYCLE_ENACT: 5}
"""Number of steps in each phase's plan."""


class CompensationStep(Value):
    """One step: what it is for, and what is typed."""

    number: int
    purpose: str
    command: str


class CompensationPlan(Value):
    """Steps after a failure of this phase."""

    phase: Phase
    left_behind: str
    """Rows that the failed phase may have committed."""
    escalates: bool
    """True if it ends with a HOLD and the sovereign instead of a revert."""
    steps: tuple[CompensationStep, ...]


class Runbook(Value):
    """The plans of all mutating phases for one database."""

    target: Target
    server_version: SafeText
    plans: tuple[CompensationPlan, ...]

    @property
    def digest(self) -> str:
        """sha256 of the runbook as canonical JSON."""
        return sha256_hex(canonical_json(self))


def compensation_runbook(target: Target, server_version: str, run_id: str = "RUN") -> Runbook:
    """Pure: the steps with the commands as they are typed on this host for this database; `run_id` stands in them if it is known."""
    revert = ("take the draft cut back; nothing is deleted", f"cutter-console revert {run_id} --confirm {run_id}")
    disarm = ("close the switch", "cutter-console disarm")
    place = f"{target.database}, system {target.system_identifier}, timeline {target.timeline}, on {target.host}"
    compare = (f"see that {place} has the rows it should have", "cutter-console counts")
    escalation = (
        ("set a HOLD: enacted units are never reverted", f'cutter-console panic --reason "{run_id}: enactment failed"'),
        (f"see what {place} says of the run", f"cutter-console run show {run_id}"),
        ("see whether the record is whole", f"cutter-console journal verify {run_id}"),
        ("record what is known, for the sovereign's decision", f"cutter-console report {run_id}"),
        (
            "only on the sovereign's word: supersede by a new version; then clear the HOLD",
            "cutter-console hold release --confirm RELEASE",
        ),
    )
    look = ("see which check failed", f"cutter-console verify {run_id}")
    plans = (
        _plan(Phase.CUT_LEG_A, "draft units and their manifest, or nothing", revert),
        _plan(Phase.LEG_B_RECORD, "draft units; the governance rows, or none of them", disarm, revert, compare),
        _plan(Phase.WRITE_VERIFY, "draft units and governance rows, unverified", look, disarm, revert, compare),
        _plan(Phase.LIFECYCLE_ENACT, "enacted units, or the drafts as they were", *escalation, escalates=True),
    )
    return Runbook(target=target, server_version=server_version, plans=plans)


def _plan(phase: Phase, left_behind: str, *steps: tuple[str, str], escalates: bool = False) -> CompensationPlan:
    numbered = tuple(
        CompensationStep(number=number, purpose=purpose, command=command)
        for number, (purpose, command) in enumerate(steps, 1)
    )
    return CompensationPlan(phase=phase, left_behind=left_behind, escalates=escalates, steps=numbered)


def runbook_faults(runbook: Runbook) -> tuple[str, ...]:
    """Pure: phases whose plan has another number of steps than designed, or that escalate although they must not, or do not although they must."""
    plans = {plan.phase: plan for plan in runbook.plans}
    faults = [
        f"{phase}: {len(plans[phase].steps) if phase in plans else 0} steps, {number} designed"
        for phase, number in STEPS.items()
        if phase not in plans or len(plans[phase].steps) != number
    ]
    escalating = [plan.phase for plan in runbook.plans if plan.escalates]
    if escalating != [Phase.LIFECYCLE_ENACT]:
        faults.append(f"escalates after {', '.join(escalating) or 'no phase'}; {Phase.LIFECYCLE_ENACT} alone must")
    if not all((runbook.target.host, runbook.target.database, runbook.target.system_identifier)):
        faults.append("it names no host, database or system identifier")
    return tuple(faults)
