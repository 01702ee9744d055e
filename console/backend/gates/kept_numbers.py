"""The numbers that the database keeps, beside the rows that they are of: rows of the large tables, digests of documents."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes
from console.backend.gates.probe import Probe
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.outcome import Check
from console.backend.model.readiness import first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.kept import count_audit, document_digest, documents_not_kept, kept_documents
from console.backend.postgres.rendering import schema_names

ENOUGH_S = 0.5
"""Seconds after which nothing else is begun: what is left has its turn at another time."""
NEWEST = 10
"""Number of documents, or journals, that come before their turn: those that changed last."""
LEAST = 2
"""Number of those that are compared whatever time it takes: the newest, and one that has its turn."""
TURNS = "the newest, and others in turn"
"""Words for what was compared where there was no time for all."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_T = TypeVar("_T")


class KeptCount(Value):
    """Rows of one table, as they are kept and as they were counted."""

    table: str
    kept: int
    counted: int


class KeptNumbers(Value):
    """Kept numbers and those of the rows, as far as they were compared."""

    counts: tuple[KeptCount, ...]
    not_kept: tuple[SafeText, ...]
    """Documents that have units and no kept digest."""
    differing: tuple[SafeText, ...]
    """Documents whose rows have another digest than the kept one."""
    compared: int
    changed: int
    """Documents without a kept digest now, because they are being changed."""
    documents: int


def in_turn(items: Sequence[_T], when: Callable[[_T], datetime], name: Callable[[_T], str], seed: str) -> list[_T]:
    """Pure: the newest ones, each with another behind it in an order that the seed decides, then the rest in that order.

    So each has its turn, however few there is time for; behind all of the newest ones some never would.
    """
    ahead = sorted(items, key=when, reverse=True)[:NEWEST]
    turns = sorted(items, key=lambda item: sha256_hex(f"{seed} {name(item)}".encode()))
    order: dict[str, _T] = {}
    for place, drawn in enumerate(turns):
        for item in (*ahead[place : place + 1], drawn):
            order.setdefault(name(item), item)
    return list(order.values())


def measure_kept(probe: Probe) -> Measurement[KeptNumbers]:
    """Count the large tables, and compare the digests of documents for as long as there is time."""
    return probe.ask(
        "kept",
        "rows of the large tables and digests of documents, kept and of the rows now",
        "kept_count and kept_document, as the monitoring role",
        lambda: _kept(probe),
        lambda kept: (
            f"{len(kept.counts)} tables counted, {kept.compared} of {counted(kept.documents, 'document')} compared"
        ),
    )


def _kept(probe: Probe) -> KeptNumbers:
    ends_at = time.monotonic() + min(ENOUGH_S, probe.seconds_left / 2)
    with probe.of_the_console() as connection:
        names = schema_names(connection)
        with Asking(connection) as asking:
            audit, documents = asking.ask(count_audit), asking.ask(kept_documents)
            unkept = asking.ask(documents_not_kept)
        rows, not_kept = documents.value, unkept.value
        counts = tuple(
            KeptCount(table=names.in_database(row.table), kept=row.kept, counted=row.counted) for row in audit.value
        )
        known = [row for row in rows if row.digest is not None]
        seed = probe.installation.context.token_hex(8)
        compared, differing = 0, []
        for row in in_turn(known, lambda row: row.kept_at or _NEVER, lambda row: row.docprefix, seed):
            if compared >= LEAST and time.monotonic() > ends_at:
                break
            compared += 1
            if document_digest(connection, row.docprefix) != (row.units, row.digest):
                differing.append(row.docprefix)
    return KeptNumbers(
        counts=counts,
        not_kept=not_kept,
        differing=tuple(differing),
        compared=compared,
        changed=len(rows) - len(known),
        documents=len(rows),
    )


def kept_check(fact: Measurement[KeptNumbers]) -> Check:
    """Pure: FAIL if a kept number is not that of the rows."""
    return check("kept numbers", fact, _as_kept)


def _as_kept(kept: KeptNumbers) -> Verdict:
    faults = [
        f"{count.table}: {count.kept} rows kept, {count.counted} counted"
        for count in kept.counts
        if count.kept != count.counted
    ]
    faults += [f"{name}: its rows have another digest than the kept one" for name in kept.differing]
    faults += [f"{name}: it has units, and no digest is kept" for name in kept.not_kept]
    if faults:
        return fails(
            first_three(tuple(faults)),
            "Rows were changed past the triggers. Stop: cutter-console panic --reason rows; then find out who did: cutter-console drift",
        )
    known = kept.documents - kept.changed
    coverage = (
        f"all {counted(known, 'document')} compared"
        if kept.compared == known
        else f"{kept.compared} of {counted(known, 'document')} compared: {TURNS}"
    )
    changing = f"; {kept.changed} more have changed, and are computed again" if kept.changed else ""
    return passes(f"{len(kept.counts)} large tables counted; {coverage}{changing}")
