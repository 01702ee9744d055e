"""The process that plans by an operator's own profile: one order on standard input, one answer on standard output.

Own profiles are read and their patterns compiled and matched here alone, under a limit of time: a pattern that takes for
ever ends this process, and not the console.
"""

import sys
from functools import lru_cache

from console.backend.documents.limits import Limits
from console.backend.documents.matching import Matcher
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.documents.planning import PlanResult, plan_by
from console.backend.documents.profiles import Profile, declared_profile, split_name
from console.backend.documents.time_limit import TimeUp, time_limit
from console.backend.model.canonical_json import canonical_json
from console.backend.model.plan import Acceptance, DocumentPlan, OtherSpan, Problem
from console.backend.model.value import Value

TOO_SLOW = "PROFILE_TOO_SLOW"
TOO_LARGE = "PROFILE_TOO_LARGE"
UNFIT = "PROFILE_UNFIT"
PROFILE_CODES = frozenset({TOO_SLOW, TOO_LARGE, UNFIT})
"""Problems of the profile, not of the document."""


class Order(Value):
    """A document and the own profile by which it is planned; the document's bytes follow on the next line."""

    name: str
    profile: str
    """Text of the profile's file."""
    origin: str
    docprefix: str
    ordinals: bool
    acceptances: tuple[Acceptance, ...]
    limits: Limits


class Answer(Value):
    """A plan, or the problems that refuse it."""

    plan: DocumentPlan | None
    problems: tuple[Problem, ...]
    title_parts: tuple[OtherSpan, ...] = ()


@lru_cache(maxsize=8)
def own_matcher(chosen: ChosenProfile) -> Matcher:
    """Return the compiled form of an own profile. Raises ValueError, which names the profile, the level and the key."""
    base, options = split_name(chosen.name)
    declared = declared_profile(chosen.data.decode())
    if fault := own_fault(declared, base):
        raise ValueError(fault)
    return Matcher(declared.chosen(options))


def own_fault(declared: Profile, base: str) -> str:
    """Return why a sound profile cannot be used as an operator's own one of that name; empty if it can."""
    if declared.name != base:
        return f"its key name says {declared.name!r}, and its file's name {base!r}: write one name"
    if declared.furniture is not None:
        return (
            "key furniture: only shipped profiles leave page furniture out: take it out of the text, or of the profile"
        )
    if declared.akn:
        return "key akn: only shipped profiles name elements for exports: take it out of the profile"
    return ""


def plan_here(
    chosen: ChosenProfile,
    raw: bytes,
    *,
    origin: str,
    docprefix: str,
    ordinals: bool,
    acceptances: tuple[Acceptance, ...],
    limits: Limits,
) -> PlanResult | Problem:
    """Plan by an own profile in this process, under the limit of time; a Problem says what is wrong with the profile."""
    try:
        with time_limit(limits.profile_seconds):
            return plan_by(
                own_matcher(chosen),
                raw,
                origin=origin,
                docprefix=docprefix,
                ordinals=ordinals,
                acceptances=acceptances,
                limits=limits,
                profile_sha256=chosen.sha256,
            )
    except TimeUp:
        return too_slow(chosen.name, limits)
    except MemoryError:
        return too_large(chosen.name)
    # What a pattern captures can be no number, or nothing at all: the profile is at fault, and the document is not cut.
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return unfit(
            chosen.name, f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
        )


def too_slow(name: str, limits: Limits) -> Problem:
    """Return the problem of a profile that was stopped."""
    message = (
        f"profile {name} did not plan this document within {limits.profile_seconds} s: a pattern with repeats within "
        f"repeats, as (a+)+, takes for ever; find it: cutter-console profile check {name} --on FILE"
    )
    return Problem(code=TOO_SLOW, line=0, message=message)


def too_large(name: str) -> Problem:
    """Return the problem of a profile that needs more memory than it may have."""
    message = (
        f"profile {name} needs more than 4 GiB for this document: a pattern that repeats over line breaks, as "
        f"(?:a|[^a])*, keeps each step: end it within the line"
    )
    return Problem(code=TOO_LARGE, line=0, message=message)


def unfit(name: str, fault: str) -> Problem:
    """Return the problem of a profile that cannot be used."""
    return Problem(code=UNFIT, line=0, message=f"profile {name} cannot be used: {_in_one_line(fault)}")


def _in_one_line(fault: str) -> str:
    return " ".join(fault.split())[:2000]


def main() -> None:
    """Answer the order on standard input."""
    head, _, raw = sys.stdin.buffer.read().partition(b"\n")
    order = Order.model_validate_json(head)
    result = plan_here(
        ChosenProfile(order.name, order.profile.encode()),
        raw,
        origin=order.origin,
        docprefix=order.docprefix,
        ordinals=order.ordinals,
        acceptances=order.acceptances,
        limits=order.limits,
    )
    answer = (
        Answer(plan=None, problems=(result,))
        if isinstance(result, Problem)
        else Answer(plan=result.plan, problems=result.problems, title_parts=result.title_parts)
    )
    sys.stdout.buffer.write(canonical_json(answer))
