"""The moment that an option such as `--as-of` names: a day in UTC, or a time with its offset."""

import re
from datetime import UTC, datetime, time, timedelta

from console.backend.model.errors import StopCode, UsageError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_HOUR = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_SECOND_DAY = datetime(1, 1, 2, tzinfo=UTC)
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


def place_in_time(subject: str, text: str, last: datetime) -> datetime:
    """Return the moment in UTC of a place to go to: a day is its first moment, 02:40 the last such time up to `last`.

    Raises UsageError as `moment_of` does.
    """
    if hour := _HOUR.fullmatch(text):
        hours, minutes, seconds = (int(part) if part else 0 for part in hour.groups())
        if hours < 24 and max(minutes, seconds) < 60:
            moment = datetime.combine(last.astimezone(UTC), time(hours, minutes, seconds), UTC)
            return moment if moment <= last else max(moment, _SECOND_DAY) - timedelta(days=1)
    moment = moment_of(subject, text)
    return datetime.combine(moment, time.min, UTC) if _DAY.fullmatch(text) else moment
