"""The moment that is typed is one moment, and a day is its end."""

from datetime import UTC, datetime

import pytest

from console.backend.model.as_of import moment_of
from console.backend.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-28", datetime(2026, 11, 28, 23, 59, 59, 999999, UTC)),
        ("2026-11-28T09:30:00+01:00", datetime(2026, 11, 28, 8, 30, tzinfo=UTC)),
        ("2026-11-28T09:30Z", datetime(2026, 11, 28, 9, 30, tzinfo=UTC)),
        ("2026-11-28T00:00:00.25-05:30", datetime(2026, 11, 28, 5, 30, 0, 250000, UTC)),
        ("9999-12-31", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_a_day_is_its_last_moment_and_a_time_has_an_offset(text: str, moment: datetime) -> None:
    assert moment_of("--as-of", text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "28.11.2026", "2026-11", "20261128", "2026-W48-6", "2026-11-28 09:30:00+01:00", "2026-11-28\n"),
        *("2026-11-28T09:30:00", "2026-11-28T09", "2026-11-28T09:30:00+0100", "٢٠٢٦-11-28", "2026-02-30", "0000-01-01"),
        *(
            "2026-11-28T24:30:00Z",
            "2026-11-28T09:30:00+99:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:00:00-05:00",
        ),
    ],
)
def test_anything_else_is_wrong_usage_that_names_the_option(text: str) -> None:
    with pytest.raises(UsageError, match="--as-of"):
        moment_of("--as-of", text)
