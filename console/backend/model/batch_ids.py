"""Ids of batches; imports no library, so that help and palette may use it."""

BATCH_PREFIX = "ictb-"
"""Beginning of a batch's id; that of a run begins otherwise."""


def is_batch(subject: str) -> bool:
    """Return whether this id is one of a batch, not of a run."""
    return subject.startswith(BATCH_PREFIX)
