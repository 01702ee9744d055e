"""Runs and batches as they are typed: a whole id, its unique beginning, or `latest`. One function for every command that takes one.

A whole id goes to the command as it is, and nothing is asked for it.
"""

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from console.backend.model.errors import Refused, StopCode
from console.backend.model.ids import BATCH_PREFIX, second_of
from console.cli.arguments import Options

LATEST = "latest"
"""The word for the run, or the batch, that was started last."""
_ARGUMENTS = frozenset({"run", "batch"})
"""Names of the arguments that are an id, which are the words for what it is of, too."""
_WHOLE = r"ict[rb]-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}"
_PART = r"[0-9A-Za-z-]{1,33}"
"""A text that can be the beginning of an id. Anything else is the command's to refuse, such as a path."""
_MOST_NAMED = 5


def in_part(request: Any) -> tuple[str, ...]:
    """Return the names of the arguments of this request that hold a part of an id, or `latest`."""
    names = (field.name for field in fields(request) if field.name in _ARGUMENTS)
    values = {name: getattr(request, name) for name in names}
    return tuple(
        name for name, value in values.items() if re.fullmatch(_PART, value) and not re.fullmatch(_WHOLE, value)
    )


def with_whole_ids(options: Options, command: str, request: Any, names: Iterable[str], *, dangerous: bool) -> Any:
    """Return the request with the whole ids that these arguments mean. Raises Refused if one means none for certain."""
    return replace(request, **{name: _whole(options, command, request, name, dangerous=dangerous) for name in names})


def _whole(options: Options, command: str, request: Any, name: str, *, dangerous: bool) -> str:
    from console.backend.model.counting import counted, several

    typed = getattr(request, name)
    kind = "batch" if typed.startswith(BATCH_PREFIX) else name
    see = f"See the {several(kind)} there are: cutter-console {kind} list"
    if typed == LATEST and dangerous:
        message = f"{command} takes no {LATEST}: another {kind} can have been started since you looked"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Type its id. {see}")
    ids, unread = _ids(options, kind)
    meant = _meant(typed, ids)
    if not meant:
        return _none(typed, kind, ids, see, unread)
    if len(meant) > 1:
        started = "were started last, in the same second" if typed == LATEST else f"begin with {typed}"
        named = ", ".join(meant[:_MOST_NAMED]) + (
            f" and {len(meant) - _MOST_NAMED} more" if len(meant) > _MOST_NAMED else ""
        )
        message = f"{counted(len(meant), kind)} {started}: {named}"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Type more of the one that is meant. {see}")
    if dangerous and not hasattr(request, "confirm"):
        message = f"{command} takes the whole id, because it asks for no other confirmation; {typed} is {meant[0]}"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Type the whole id of the {kind}.")
    from console.cli.output import narrate

    note = f", of those below this root: {unread}" if unread else ""
    narrate(f"{typed} is {kind} {meant[0]}{note}")
    return meant[0]


def _ids(options: Options, kind: str) -> tuple[tuple[str, ...], str]:
    """Return the ids that there are, the newest first, and the reason why they may not be all."""
    from console.cli.installation import installation_of

    installation = installation_of(options)
    if kind == "batch":
        from console.backend.runs.batch_files import BatchFolder

        # Batches are known to the root that works on them alone.
        return tuple(folder.directory.name for folder in BatchFolder.all_of(installation.root)), ""
    from console.backend.runs.run_ids import known_ids

    known = known_ids(installation)
    return known.ids, known.unread


def _meant(typed: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids that this can mean; of `latest` those of the last second in which one was started."""
    if typed == LATEST:
        return tuple(known for known in ids if second_of(known) == second_of(ids[0]))
    whole = tuple(known for known in ids if known == typed)
    # The letters before the first hyphen are the same in all of them.
    return whole or tuple(
        known for known in ids if known.startswith(typed) or known.partition("-")[2].startswith(typed)
    )


def _none(typed: str, kind: str, ids: tuple[str, ...], see: str, unread: str) -> str:
    """Return what was typed, for the command to refuse in its own words. Raises Refused if there is more to say."""
    from console.backend.runs.run_ids import did_you_mean

    # Each root has batches of its own; and where the database does not tell of its runs, there can be others.
    where = " below this root" if unread or kind == "batch" else ""
    unknown = f"; those of the database are not known: {unread}" if unread else ""
    if typed == LATEST:
        raise Refused(StopCode.REFUSED_INPUT, f"no {kind} has been started yet{where}{unknown}", see)
    if question := did_you_mean(typed, ids):
        raise Refused(StopCode.REFUSED_INPUT, f"no {kind}{where} begins with {typed}{unknown}{question}", see)
    return typed
