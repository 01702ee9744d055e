"""The limits of a document: beyond them it is refused, never truncated."""

from pydantic import PositiveInt

from console.backend.host.settings import Settings
from console.backend.model.value import Value

MIB = 1024 * 1024


class Limits(Value):
    """Upper bounds, inclusive."""

    max_units: PositiveInt = 100_000
    max_bytes: PositiveInt = 64 * MIB
    """Of the raw bytes, before anything is decoded."""
    max_line_bytes: PositiveInt = MIB
    """Of one line of the canonical text, without its LF."""
    profile_seconds: PositiveInt = 60
    """Time in which a document must be planned by an operator's own profile, whose patterns nobody has measured."""


DEFAULT_LIMITS = Limits()


def limits_of(settings: Settings) -> Limits:
    """Return the configured limits."""
    return Limits.model_validate(settings.limits.model_dump())
