"""Planning by a profile that was chosen by name: a shipped one here, an operator's own one in a process of its own."""

import signal
import sys
from pathlib import Path
from typing import Final

from pydantic import ValidationError

import console
from console.backend.documents.canonical import Handover, canonical_text, source_version
from console.backend.documents.coverage import check_algebra
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.documents.own_worker import TOO_LARGE, TOO_SLOW, UNFIT, Answer, Order, too_slow, unfit
from console.backend.documents.planning import PlanRequest, PlanResult, pinned_source, plan_document, text_of
from console.backend.host.processes import ProgramTimeout, finished_under_guard
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.plan import Acceptance, DocumentPlan, Problem, SourceVersion

GRACE_S: Final = 15
"""Seconds for the process to start, to hear its own alarm and to write its answer."""
_CODE: Final = "import sys; sys.path.insert(0, sys.argv[1]); from {module} import main; main()"


def plan_chosen(
    chosen: ChosenProfile,
    raw: bytes | Handover,
    *,
    origin: str,
    docprefix: str,
    ordinals: bool = False,
    acceptances: tuple[Acceptance, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> PlanResult:
    """Plan one document by a chosen profile. A profile that is at fault, or takes too long, is a problem of the plan.

    Raises Unmeasured if the process for an own profile cannot be started, or dies.
    """
    if not chosen.is_own:
        return plan_document(
            raw,
            origin=origin,
            docprefix=docprefix,
            profile=chosen.name,
            ordinals=ordinals,
            acceptances=acceptances,
            limits=limits,
        )
    raw = raw.take() if isinstance(raw, Handover) else raw
    request = PlanRequest(docprefix, chosen.name, ordinals, acceptances, chosen.sha256)
    text = text_of(request, raw, origin, limits)
    if isinstance(text, PlanResult):
        return text
    order = Order(
        name=chosen.name,
        profile=chosen.data.decode(),
        origin=origin,
        docprefix=docprefix,
        ordinals=ordinals,
        acceptances=acceptances,
        limits=limits,
    )
    source = source_version(raw, text.data, origin)
    answer = _answer(chosen, order, raw, limits)
    plan, problems = _believed(answer, request, source, text.data, limits)
    if plan is None or problems:
        return PlanResult(request, None, problems, source, text.data)
    return PlanResult(request, plan, (), source, text.data, answer.title_parts)


def pinned_by(chosen: ChosenProfile, raw: bytes, *, origin: str, limits: Limits = DEFAULT_LIMITS) -> SourceVersion:
    """Return the snapshot that a plan of these bytes by that profile is pinned to. Raises RefusedText."""
    if not chosen.is_own:
        return pinned_source(raw, origin=origin, profile=chosen.name, limits=limits)
    return source_version(raw, canonical_text(raw, limits).data, origin)


def require_fit(chosen: ChosenProfile, limits: Limits) -> None:
    """Raise Refused, with its fault, if a profile can plan nothing."""
    problems = plan_chosen(chosen, b"-", origin="file:-", docprefix="TRY", limits=limits).problems
    fault = next((problem for problem in problems if problem.code in {TOO_SLOW, TOO_LARGE, UNFIT}), None)
    if fault is not None:
        action = f"Correct it, then: cutter-console profile check {chosen.name} --on FILE"
        raise Refused(StopCode.REFUSED_INPUT, fault.message, action)


def _answer(chosen: ChosenProfile, order: Order, raw: bytes, limits: Limits) -> Answer:
    data = canonical_json(order) + b"\n" + raw
    try:
        answered = run_worker(
            chosen.name, "console.backend.documents.own_worker", data, limits.profile_seconds + GRACE_S
        )
    except ProgramTimeout:
        return Answer(plan=None, problems=(too_slow(chosen.name, limits),))
    try:
        return Answer.model_validate_json(answered)
    except ValidationError as error:
        raise _died(chosen.name, "its answer is none") from error


def run_worker(name: str, module: str, data: bytes, timeout_s: float) -> bytes:
    """Run `main` of a module in a process of its own, for the profile `name`, and return what it answers to `data`.

    Raises ProgramTimeout if it was ended for its time, Unmeasured if it cannot be started, or died.
    """
    package = str(Path(console.__file__).resolve().parents[1])
    command = [sys.executable, "-I", "-c", _CODE.format(module=module), package]
    try:
        ended = finished_under_guard(command, timeout_s=timeout_s, data=data)
    except OSError as error:
        raise _died(name, error.strerror or "it cannot be started") from error
    if ended.status == -signal.SIGXCPU:
        raise ProgramTimeout(command, timeout_s)
    if ended.status != 0:
        last = ended.complaint.splitlines()[-1:] or [f"it ended with status {ended.status}"]
        raise _died(name, last[0])
    return ended.stdout


def _died(name: str, reason: str) -> Unmeasured:
    message = f"the process that plans by profile {name} gave no answer: {reason}"
    return Unmeasured(StopCode.INVARIANT_FAILED, message, "Look at the memory of this host, then do it again.")


def _believed(
    answer: Answer, request: PlanRequest, source: SourceVersion, canonical: bytes, limits: Limits
) -> tuple[DocumentPlan | None, tuple[Problem, ...]]:
    """Return the answer if it is one to this request, and a lossless cut of these bytes, which is checked again here."""
    plan = answer.plan
    if plan is None:
        return None, answer.problems or (unfit(request.profile, "its process found neither plan nor problem"),)
    expected = PlanRequest(plan.docprefix, plan.profile, plan.ordinals, request.acceptances, plan.profile_sha256)
    if expected != request or plan.source != source:
        return None, (unfit(request.profile, "its process planned something else"),)
    return plan, (*answer.problems, *check_algebra(plan, canonical, limits))
