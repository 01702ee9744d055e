"""The JSON object of an answer: its head, and the fields of what was asked. Commands print it, recordings keep it."""

from datetime import UTC, datetime
from typing import Any, cast

from console.backend.model.outcome import Outcome
from console.backend.model.redaction import hide_known_in


def schema_of(command: str) -> str:
    """Return the name of the JSON Schema of a command's answers, such as `cutter-console/run-show/1`."""
    return f"cutter-console/{command.replace(' ', '-')}/1"


def answer_object(command: str, outcome: Outcome, data: dict[str, Any]) -> dict[str, Any]:
    """Return the object of one answer, without the secrets that are known.

    `data` are the fields of its model. Its time is that of the measurement where there is one, else now.
    """
    measured = datetime.fromisoformat(data["measured_at"]) if "measured_at" in data else datetime.now(UTC)
    head = {
        "schema": schema_of(command),
        "outcome": outcome.value,
        "measured_at": measured.astimezone(UTC).isoformat(),
    }
    # The head wins: a field of the payload with one of its names would change what the schema promises.
    answer = {**head, **{key: value for key, value in data.items() if key not in head}}
    return cast(dict[str, Any], hide_known_in(answer))
