"""Reasons that people give: redacted and inert before anything stores or shows them, and short."""

from console.backend.model.errors import Refused, StopCode
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_text

MOST_CHARACTERS = 500
_MOST_GIVEN = 65_536
"""Limit in characters. Of a longer reason nothing is kept: the part of a secret would not be recognised as one."""


def kept_reason(reason: str) -> tuple[str, bool]:
    """Return the reason as it may be stored, MOST_CHARACTERS at most, and whether it was cut. Never refuses."""
    if len(reason) > _MOST_GIVEN:
        return f"a reason of {len(reason)} characters was given and not kept", True
    # Redacted before it is cut: half of a secret is not recognised.
    clean = safe_text(redact(reason).strip())
    if len(clean) <= MOST_CHARACTERS:
        return clean, False
    return f"{clean[: MOST_CHARACTERS - 1]}…", True


def require_short_reason(reason: str, command: str) -> str:
    """Return the reason as it may be stored. Raises Refused if it is too long; `command` is for the next action."""
    clean, was_cut = kept_reason(reason)
    if was_cut:
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"the reason has {len(reason)} characters; a reason has {MOST_CHARACTERS} at most",
            f"Give a shorter one: {command} --reason TEXT",
        )
    return clean
