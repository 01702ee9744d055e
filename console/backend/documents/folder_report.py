"""Request and output of `plan --folder`: one entry per document, and the totals of all of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.documents.planning import PlanResult
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Problem
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class FolderRequest:
    """A folder and how its documents are planned."""

    folder: Path
    profile: ChosenProfile
    ordinals: bool = False
    limits: Limits = DEFAULT_LIMITS


class RefusalCode(Value):
    """One code that refuses a document: how often, and its first line."""

    code: str
    count: int
    line: int
    """1-based line of the canonical text; 0 if the document as a whole is refused."""
    message: SafeText


class FolderDocument(Value):
    """The result of one document below the folder. Its addresses are not kept."""

    name: SafeText
    """Path relative to the folder."""
    outcome: Outcome
    """PASS: planned. FAIL: refused. INCONCLUSIVE: the process that planned it failed or died."""
    bytes: int
    """Size of the document; 0 if it could not be read."""
    n_units: int = 0
    suspects: dict[str, int] = Field(default_factory=dict)
    """Number of suspects by reason."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """Number of dropped spans by rule: page furniture and footnotes, which are in no unit's text."""
    refused: tuple[RefusalCode, ...] = ()
    """The codes in the order of their first lines."""

    @property
    def n_suspects(self) -> int:
        """Return the number of suspects."""
        return sum(self.suspects.values())

    @property
    def n_dropped(self) -> int:
        """Return the number of dropped spans."""
        return sum(self.dropped.values())

    @classmethod
    def of(cls, name: str, size: int, result: PlanResult) -> Self:
        """Return the entry of a document that was read."""
        if result.plan is None:
            return cls(name=name, outcome=Outcome.FAIL, bytes=size, refused=_by_code(result.problems))
        reasons = Counter(suspect.reason.value for suspect in result.plan.suspects)
        rules = Counter(span.rule.value for span in result.plan.dropped)
        return cls(
            name=name,
            outcome=Outcome.PASS,
            bytes=size,
            n_units=len(result.plan.units),
            suspects=dict(sorted(reasons.items())),
            dropped=dict(sorted(rules.items())),
        )

    @classmethod
    def unfit(cls, name: str, size: int, problem: Problem) -> Self:
        """Return the entry of a document that the operator's own profile did not plan."""
        return cls(name=name, outcome=Outcome.FAIL, bytes=size, refused=_by_code((problem,)))

    @classmethod
    def unread(cls, name: str, refusal: Refused) -> Self:
        """Return the entry of a name that is no readable document of this folder."""
        code = RefusalCode(code=refusal.code, count=1, line=0, message=refusal.message)
        return cls(name=name, outcome=Outcome.FAIL, bytes=0, refused=(code,))

    @classmethod
    def unmeasured(cls, name: str, code: str, message: str) -> Self:
        """Return the entry of a document of which planning gave no result."""
        failure = RefusalCode(code=code, count=1, line=0, message=message)
        return cls(name=name, outcome=Outcome.INCONCLUSIVE, bytes=0, refused=(failure,))


class FolderTotals(Value):
    """Sums over all documents of a folder."""

    documents: int
    planned: int
    refused: int
    unmeasured: int
    """Documents whose process failed or died."""
    codes: dict[str, int]
    """Number of documents by code, the most frequent first; a document counts once for each of its codes."""
    suspects: dict[str, int]
    """Number of suspects by reason, the most frequent first."""
    dropped: dict[str, int]
    """Number of dropped spans by rule, the most frequent first."""
    n_units: int
    n_suspects: int
    n_dropped: int
    bytes: int
    workers: int
    seconds: float
    mb_per_s: float
    """Megabytes (10^6 bytes) per second."""

    @property
    def outcome(self) -> Outcome:
        """Return PASS if every document is planned; a refusal takes precedence over what was not measured."""
        if self.refused:
            return Outcome.FAIL
        return Outcome.INCONCLUSIVE if self.unmeasured else Outcome.PASS

    @classmethod
    def of(cls, documents: Iterable[FolderDocument], workers: int, seconds: float) -> Self:
        """Return the totals of these documents."""
        listed = tuple(documents)
        outcomes = Counter(document.outcome for document in listed)
        size = sum(document.bytes for document in listed)
        suspects = _most_frequent(reason for document in listed for reason in Counter(document.suspects).elements())
        dropped = _most_frequent(rule for document in listed for rule in Counter(document.dropped).elements())
        return cls(
            documents=len(listed),
            planned=outcomes[Outcome.PASS],
            refused=outcomes[Outcome.FAIL],
            unmeasured=outcomes[Outcome.INCONCLUSIVE],
            codes=_most_frequent(refusal.code for document in listed for refusal in document.refused),
            suspects=suspects,
            dropped=dropped,
            n_units=sum(document.n_units for document in listed),
            n_suspects=sum(suspects.values()),
            n_dropped=sum(dropped.values()),
            bytes=size,
            workers=workers,
            seconds=round(seconds, 3),
            mb_per_s=round(size / _MB / seconds, 3) if seconds > 0 else 0.0,
        )


class FolderReport(Value):
    """The cut quality report of a folder."""

    schema_: Literal["cutter-console/plan-folder/1"] = Field(default="cutter-console/plan-folder/1", alias="schema")
    outcome: Outcome
    measured_at: datetime
    profile: str
    profile_sha256: str
    """Digest of the file of an operator's own profile; empty for a profile that is shipped."""
    ordinals: bool
    documents: tuple[FolderDocument, ...]
    totals: FolderTotals


def _by_code(problems: tuple[Problem, ...]) -> tuple[RefusalCode, ...]:
    counts = Counter(problem.code for problem in problems)
    first: dict[str, Problem] = {}
    for problem in problems:
        first.setdefault(problem.code, problem)
    return tuple(
        RefusalCode(code=code, count=counts[code], line=problem.line, message=problem.message)
        for code, problem in first.items()
    )


def _most_frequent(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
