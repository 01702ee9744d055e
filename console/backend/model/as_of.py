"""The moment that an option such as `--as-of` names: a day in UTC, or a time with its offset."""

import re
from datetime import UTC, datetime, time

from console.backend.model.errors import StopCode, UsageError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_WANTED = "a day such as 2026-11-28, or a time with its offset such as 2026-11-28T09:30:00+01:00"


def moment_of(option: str, text: str) -> datetime:
    """Return the moment in UTC; a day is its last moment, so that what was enacted on a day is in force as of that day.

    Raises UsageError, which names the option, for any other form, and for what no calendar or clock has.
    """
    if not (_DAY.fullmatch(text) or _TIME.fullmatch(text)):
        raise UsageError(StopCode.REFUSED_INPUT, f"{option} {text!r} is not {_WANTED}", f"Give {option} {_WANTED}.")
    try:
        moment = datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            return datetime.combine(moment, time.max, UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{option} {text!r} is on no calendar or clock"
        raise UsageError(StopCode.REFUSED_INPUT, message, f"Give {option} {_WANTED}.") from error
