"""The process that tries a profile on one text: what each level matches, what is never tried, what is too slow."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from console.backend.documents.acceptances import Accepted
from console.backend.documents.canonical import CanonicalText, RefusedText, canonical_text
from console.backend.documents.limits import Limits
from console.backend.documents.matching import Matcher
from console.backend.documents.own_worker import own_fault, too_large, too_slow, unfit
from console.backend.documents.planning import PlanResult, plan_by
from console.backend.documents.profile_report import (
    MOST_FINDINGS,
    CheckedText,
    Described,
    Finding,
    LevelCount,
)
from console.backend.documents.profiles import Level, Profile, declared_profile, split_name
from console.backend.documents.scanner import scan
from console.backend.documents.time_limit import TimeUp, time_limit
from console.backend.documents.tree import build
from console.backend.model.canonical_json import canonical_json
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Problem
from console.backend.model.profile_names import TEXT_PROFILES
from console.backend.model.value import Value

_SLOW_S = 1.0
_PROBES = tuple(f"{piece * (4000 // len(piece))}\0" for piece in (" ", "a", "1", "1.", "(1)", "a ", "A b, "))
"""Long tails behind the beginning of a line, none of which a pattern can take to its end."""
_MOST_PROBED = 20
_SHOWN = 120
_CODE = ("    ", "\t")
"""Indentation behind which no unit opens, whatever the profile says."""


class CheckOrder(Value):
    """The profile, and whether a text follows on the next line, with its name."""

    name: str
    """Name by which the profile is chosen, with options."""
    profile: str
    text_name: str
    has_text: bool
    limits: Limits


class CheckAnswer(Value):
    """The profile by itself, and on the text."""

    described: Described
    text: CheckedText | None


def check_here(order: CheckOrder, raw: bytes) -> CheckAnswer:
    """Try the profile in this process, under limits of time."""
    try:
        with time_limit(order.limits.profile_seconds):
            base, options = split_name(order.name)
            declared = declared_profile(order.profile)
            for option in declared.option:
                Matcher(declared.chosen((option,)))
            profile = declared.chosen(options)
            compiled = Matcher(profile)
    except TimeUp:
        return CheckAnswer(described=Described(fault=too_slow(order.name, order.limits).message), text=None)
    except ValueError as error:
        return CheckAnswer(described=Described(fault=" ".join(str(error).split())), text=None)
    # A shipped one is checked by its name too, and may have keys that an own one has not.
    fault = "" if base in TEXT_PROFILES else own_fault(declared, base)
    if fault:
        return CheckAnswer(described=Described(fault=fault), text=None)
    described = Described(
        unit_kind=profile.unit_kind.value,
        options=tuple(sorted(declared.option)),
        levels=tuple(level.name for level in profile.level),
    )
    if not order.has_text:
        return CheckAnswer(described=described.model_copy(update={"slow": tuple(_slow(profile, []))}), text=None)
    text, lines = _checked(compiled, raw, order)
    return CheckAnswer(described=described.model_copy(update={"slow": tuple(_slow(profile, lines))}), text=text)


def _checked(compiled: Matcher, raw: bytes, order: CheckOrder) -> tuple[CheckedText, list[str]]:
    """Return the text as the profile plans it, and its lines."""
    try:
        canonical = canonical_text(raw, order.limits)
    except RefusedText as refused:
        problem = Problem(code=refused.code, line=refused.line, message=f"{refused.message}: {refused.next_action}")
        return CheckedText(name=order.text_name, outcome=Outcome.FAIL, problems=(problem,)), []
    lines = canonical.text.split("\n")
    try:
        with time_limit(order.limits.profile_seconds):
            result = plan_by(compiled, raw, origin="file:-", docprefix="CHECK", limits=order.limits)
            text = _planned(result, order.text_name)
            return text.model_copy(update=dict(_of_levels(compiled, canonical, lines, order.limits))), lines
    except TimeUp:
        problem = too_slow(compiled.profile.name, order.limits)
    except MemoryError:
        problem = too_large(compiled.profile.name)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        problem = unfit(compiled.profile.name, f"{type(error).__name__}: {error}")
    return CheckedText(name=order.text_name, outcome=Outcome.FAIL, problems=(problem,)), lines


def _planned(result: PlanResult, name: str) -> CheckedText:
    plan = result.plan
    if plan is None:
        return CheckedText(name=name, outcome=Outcome.FAIL, problems=result.problems[:MOST_FINDINGS])
    suspects = Counter(suspect.reason.value for suspect in plan.suspects)
    return CheckedText(
        name=name,
        outcome=Outcome.PASS,
        n_units=len(plan.units),
        coverage=plan.coverage,
        suspects=dict(sorted(suspects.items())),
    )


def _of_levels(
    compiled: Matcher, canonical: CanonicalText, lines: list[str], limits: Limits
) -> Iterator[tuple[str, object]]:
    """Yield the fields of a checked text that are about levels."""
    matches = _Matches(compiled.profile, compiled, lines)
    text = canonical.text
    scanned = scan(canonical, compiled, limits.max_units, limits.max_units, Accepted())
    marks = scanned.marks[: limits.max_units]
    nodes, _, _ = build(text, compiled.profile, marks, Accepted(), lambda start, end: text.count("\n", start, end))
    units = Counter(node.level.name for node in nodes)
    yield (
        "levels",
        tuple(
            LevelCount(level=level.name, lines=matches.counts[level.name], units=units[level.name])
            for level in compiled.profile.level
        ),
    )
    yield "n_overlaps", len(matches.overlaps)
    yield "overlaps", tuple(matches.overlaps[:MOST_FINDINGS])
    yield "n_unreached", len(matches.unreached)
    yield "unreached", tuple(matches.unreached[:MOST_FINDINGS])


class _Matches:
    """The lines that each level matches by itself, whatever `first` and `heads` say."""

    def __init__(self, profile: Profile, compiled: Matcher, lines: list[str]) -> None:
        self.counts: Counter[str] = Counter()
        self.overlaps: list[Finding] = []
        self.unreached: list[Finding] = []
        self._compiled = compiled
        beginnings = "".join(sorted({sign for line in lines for sign in line.lstrip(" #*_")[:1]}))
        self._alone = [
            (level, Matcher(profile.model_copy(update={"level": (_with_any_first(level, beginnings),)})))
            for level in profile.level
            if level.pattern
        ]
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._look(number, line)

    def _look(self, number: int, line: str) -> None:
        matching = [level for level, alone in self._alone if _is_match(alone, line, number)]
        self.counts.update(level.name for level in matching)
        if len(matching) > 1 and not _decided(matching):
            names = " and ".join(level.name for level in matching)
            fault = f"{names} match it, and {matching[0].name} has it: tell them apart by within and otherwise"
            self.overlaps.append(Finding(line=number, text=line[:_SHOWN], fault=fault))
        if matching and (not line.startswith(_CODE) or any(level.list_item for level in matching)):
            self._look_whether_tried(number, line, matching)

    def _look_whether_tried(self, number: int, line: str, matching: list[Level]) -> None:
        sign = line.lstrip(" #*_")[:1]
        lacking = [level for level in matching if sign not in level.first]
        for level in lacking:
            fault = f"{level.name} matches it, and its first lacks {sign!r}: add it"
            self.unreached.append(Finding(line=number, text=line[:_SHOWN], fault=fault))
        if not lacking and self._compiled.beginning.match(line) is None:
            fault = (
                f"{matching[0].name} matches it, and no heads does, so it is never tried: add its beginning to heads"
            )
            self.unreached.append(Finding(line=number, text=line[:_SHOWN], fault=fault))


def _with_any_first(level: Level, beginnings: str) -> Level:
    return level.model_copy(update={"first": beginnings or "-", "within": "", "otherwise": ""})


def _is_match(alone: Matcher, line: str, number: int) -> bool:
    mark = alone.match(line, number, 0, fresh=True)
    return mark is not None and mark.level is not None


def _decided(levels: list[Level]) -> bool:
    """Return whether the profile says itself which of the levels has the line."""
    names = {level.name for level in levels}
    letters = {level.alphabet for level in levels}
    return any(level.otherwise in names or level.within for level in levels) or (
        len(letters) > 1 and None not in letters
    )


def _slow(profile: Profile, lines: list[str]) -> Iterator[str]:
    """Yield the patterns that need more than a second for long lines that begin as lines of the text do."""
    beginnings = sorted({line[:24] for line in lines if line.strip()}, key=lambda text: (len(text), text))
    step = max(1, len(beginnings) // _MOST_PROBED)
    texts = ["", *beginnings[::step][:_MOST_PROBED]]
    for name, pattern in _patterns(profile):
        try:
            with time_limit(_SLOW_S):
                _try(pattern, texts, lines)
        except (TimeUp, MemoryError):
            yield f"{name}: long lines take more than a second: write no repeat within a repeat, as (a+)+"


def _try(pattern: re.Pattern[str], texts: Iterable[str], lines: list[str]) -> None:
    for text in texts:
        for probe in _PROBES:
            pattern.match(text + probe)
            pattern.fullmatch(text + probe)
    for line in lines[:2000]:
        pattern.match(line)
        pattern.fullmatch(line)


def _patterns(profile: Profile) -> Iterator[tuple[str, re.Pattern[str]]]:
    for level in profile.level:
        keys = [("pattern", level.pattern), ("plain", level.plain), ("references", level.references)]
        keys += [("confirmed_by", level.confirmed_by), ("inside", level.inside.replace("#", "2"))]
        keys += [("heads", head) for head in level.heads]
        for key, pattern in keys:
            if pattern:
                yield f"level {level.name!r}: key {key}", re.compile(profile.regex(pattern))
    for key, patterns in (
        ("reads_like", profile.reads_like),
        ("seems", profile.seems),
        ("list_items", profile.list_items),
    ):
        for pattern in patterns:
            yield f"key {key}: {pattern!r}", re.compile(profile.regex(pattern))
    for part in profile.title_part:
        yield f"title_part {part.name!r}: key begins", re.compile(profile.regex(part.begins))


def main() -> None:
    """Answer the order on standard input."""
    head, _, raw = sys.stdin.buffer.read().partition(b"\n")
    sys.stdout.buffer.write(canonical_json(check_here(CheckOrder.model_validate_json(head), raw)))
