"""Answers of `profile check`, `profile list` and `profile show`."""

from typing import Literal

from pydantic import Field

from console.backend.model.outcome import Outcome
from console.backend.model.plan import Coverage, Problem
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

SHIPPED = "shipped"
MOST_FINDINGS = 20
"""Lines of one sort that are listed per text; their number is told whole."""


class LevelCount(Value):
    """One level on one text: how many lines its patterns match, and how many units it opens."""

    level: str
    lines: int
    units: int


class Finding(Value):
    """A line on which the profile, not the text, looks at fault, and what to do."""

    line: int
    text: SafeText
    fault: SafeText


class CheckedText(Value):
    """One text, planned by the profile."""

    name: SafeText
    outcome: Outcome
    """PASS: planned. FAIL: refused."""
    n_units: int = 0
    coverage: Coverage | None = None
    suspects: dict[str, int] = Field(default_factory=dict)
    """Number of suspects by reason."""
    problems: tuple[Problem, ...] = ()
    levels: tuple[LevelCount, ...] = ()
    n_overlaps: int = 0
    overlaps: tuple[Finding, ...] = ()
    """Lines that two levels match: the first in the file has them."""
    n_unreached: int = 0
    unreached: tuple[Finding, ...] = ()
    """Lines that a pattern matches and that are never tried: `first` or `heads` lacks their beginning."""


class Described(Value):
    """A profile that could be read, or its fault."""

    fault: SafeText = ""
    unit_kind: str = ""
    options: tuple[SafeText, ...] = ()
    levels: tuple[SafeText, ...] = ()
    slow: tuple[SafeText, ...] = ()
    """Patterns that take more than a second for a long line, by level and key."""


class ProfileCheck(Value):
    """A profile on some texts."""

    schema_: Literal["cutter-console/profile-check/1"] = Field(default="cutter-console/profile-check/1", alias="schema")
    name: SafeText
    sha256: str
    profile: Described
    texts: tuple[CheckedText, ...]
    unused: tuple[SafeText, ...]
    """Levels that matched no line of any text, and opened no unit."""

    @property
    def outcome(self) -> Outcome:
        """Return PASS if the profile is fit, none of its patterns is slow, and every text is planned."""
        at_fault = self.profile.fault or self.profile.slow
        refused = any(text.outcome is not Outcome.PASS for text in self.texts)
        return Outcome.FAIL if at_fault or refused else Outcome.PASS


class ListedProfile(Value):
    """One profile that can be chosen, or the reason why it cannot."""

    name: SafeText
    origin: SafeText
    """`shipped`, or the path of its file."""
    sha256: str
    """Of its file; empty for `akn`, which has none."""
    unit_kind: str
    """Empty if it cannot be used, and for `akn`, where the markup decides."""
    options: tuple[SafeText, ...] = ()
    """Chosen by `<name>+<option>`."""
    fault: SafeText = ""


class ProfileList(Value):
    """The profiles of this installation."""

    profiles: tuple[ListedProfile, ...]


class ProfileText(Value):
    """A profile as its file has it."""

    name: SafeText
    origin: SafeText
    sha256: str
    toml: str
