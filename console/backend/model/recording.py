"""Recordings: the answers of `status` and `gates` in the order in which they were measured, one JSON object a line.

The lines are those that `cutter-console status --json --watch SECONDS` prints; a recording can be made with that too.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from console.backend.model.answers import answer_object, schema_of
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.readiness import Board, joined
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value
from console.backend.model.view_models import Status

_STATUS, _GATES = "status", "gates"
_HOW_TO_RECORD = "Record one: cutter-console --record FILE, or cutter-console status --json --watch 10 > FILE"


class Moment(Value):
    """One measurement, with what was known then: the newest status, and the newest answer of each gate, if any."""

    at: datetime
    status: Status
    board: Board | None


class Unread(Value):
    """A line of a recording that is left out."""

    number: int
    """From 1."""
    reason: SafeText


class Recording(Value):
    """A recording as it was read."""

    moments: tuple[Moment, ...]
    unread: tuple[Unread, ...] = ()


def line_of(answer: Status | Board) -> bytes:
    """Return the line of an answer, with its newline."""
    command = _STATUS if isinstance(answer, Status) else _GATES
    data = answer_object(command, answer.outcome, answer.model_dump(mode="json", by_alias=True))
    return json.dumps(data, ensure_ascii=True).encode("ascii") + b"\n"


def is_line(line: bytes) -> bool:
    """Return whether this is a line of a recording."""
    return isinstance(_read(line), Status | Board)


def parse_recording(path: str, lines: Iterable[bytes]) -> Recording:
    """Read the lines of a recording; those that are none are left out, and named.

    Gates that were measured before the first status are shown with it. Raises UsageError if no status was recorded.
    """
    moments: list[Moment] = []
    unread: list[Unread] = []
    status: Status | None = None
    board: Board | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        answer = _read(line)
        if isinstance(answer, str):
            unread.append(Unread(number=number, reason=answer))
            continue
        if isinstance(answer, Status):
            status = answer
        else:
            board = answer if board is None else joined(board, answer)
        if status is not None:
            at = answer.measured_at if not moments else max(answer.measured_at, moments[-1].at)
            moments.append(Moment(at=at, status=status, board=board))
    if not moments:
        first = f"line {unread[0].number}: {unread[0].reason}" if unread else "it has no answer of status"
        raise UsageError(StopCode.REFUSED_INPUT, f"{safe_text(path)} is no recording: {first}", _HOW_TO_RECORD)
    return Recording(moments=tuple(moments), unread=tuple(unread))


def _read(line: bytes) -> "Status | Board | str":
    """Return the answer in this line, or the reason why there is none."""
    try:
        data = _inert(json.loads(line))
    except (ValueError, RecursionError) as error:
        return f"it is no JSON: {error}"
    if not isinstance(data, dict):
        return "it is no object"
    schema = data.pop("schema", None)
    models: dict[str, type[Status] | type[Board]] = {schema_of(_STATUS): Status, schema_of(_GATES): Board}
    if not isinstance(schema, str) or schema not in models:
        return f"its schema is {schema}, not {' or '.join(models)}"
    if "stop" in data:
        return "nothing was measured: the command was refused"
    try:
        answer = models[schema].model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place or 'it'}: {first['msg']}"
    return answer if _has_zones(answer) else "it has a time without a zone"


def _has_zones(value: object) -> bool:
    """Return whether every time in it can be compared with the others."""
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if isinstance(value, BaseModel):
        return all(_has_zones(part) for _, part in value)
    return not isinstance(value, tuple) or all(_has_zones(part) for part in value)


def _inert(value: Any) -> Any:
    """Return the value with every text inert: what it was when it was recorded, the file can have been changed since."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, list):
        return [_inert(part) for part in value]
    if isinstance(value, dict):
        return {safe_text(key): _inert(part) for key, part in value.items()}
    return value
