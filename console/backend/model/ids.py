"""Ids of runs and batches, and their order; imports no library, so that help and palette may use it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")
RUN_PREFIX, BATCH_PREFIX = "ictr-", "ictb-"
"""Beginnings of the ids of a run and of a batch."""


def is_batch(subject: str) -> bool:
    """Return whether this id is one of a batch, not of a run."""
    return subject.startswith(BATCH_PREFIX)


def second_of(subject: str) -> str:
    """Return the beginning of an id up to the second in which its run, or batch, was started; the rest of the id is drawn."""
    return subject.rpartition("-")[0]


def last_started_first(
    things: Iterable[T], id_of: Callable[[T], str], started_at: Callable[[T], datetime]
) -> Iterator[T]:
    """Yield things of one kind of id, the one that was started last first.

    Where several ids are of one second, and there alone, it is asked when each was started: a file is read for it.
    """
    by_second = sorted(things, key=lambda thing: second_of(id_of(thing)), reverse=True)
    for _, group in groupby(by_second, lambda thing: second_of(id_of(thing))):
        same = list(group)
        yield from sorted(same, key=started_at, reverse=True) if len(same) > 1 else same
