"""Every way to damage a journal that a file allows, as data; what `journal verify` must say of each."""

import hashlib
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Damages = Callable[[bytes], Iterator[tuple[str, bytes]]]
"""From a journal to each damage of one kind, with its name."""


def canonical(value: object) -> bytes:
    """Canonical JSON, as the journal is written."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def rechained(records: list[dict[str, Any]]) -> bytes:
    """A journal of these records that is sound in itself: numbered, chained and hashed again."""
    previous, lines = "0" * 64, []
    for number, record in enumerate(records):
        body = {name: value for name, value in record.items() if name != "hash"}
        body |= {"sequence": number, "previous": previous}
        previous = hashlib.sha256(canonical(body)).hexdigest()
        lines.append(canonical({**body, "hash": previous}))
    return b"".join(line + b"\n" for line in lines)


def lines_of(journal: bytes) -> list[bytes]:
    """The lines with their ends."""
    return journal.splitlines(keepends=True)


def flips(journal: bytes) -> Iterator[tuple[str, bytes]]:
    """Every byte, one bit each; and every byte made a line end."""
    for place in range(len(journal)):
        for what, byte in (("flipped", journal[place] ^ (1 << place % 8)), ("line end", 10)):
            if byte != journal[place]:
                yield f"byte {place} {what}", journal[:place] + bytes([byte]) + journal[place + 1 :]


def truncations(journal: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut off before every byte."""
    for place in range(len(journal)):
        yield f"cut off before byte {place}", journal[:place]


def whole_records(journal: bytes) -> Iterator[tuple[str, bytes]]:
    """Each record dropped, doubled, swapped with each other one, replaced by each other one, and moved to the end."""
    lines = lines_of(journal)
    for one in range(len(lines)):
        rest = lines[:one] + lines[one + 1 :]
        yield f"record {one} dropped", b"".join(rest)
        yield f"record {one} doubled", b"".join([*lines[: one + 1], lines[one], *lines[one + 1 :]])
        if one != len(lines) - 1:
            yield f"record {one} moved to the end", b"".join([*rest, lines[one]])
        for other in range(len(lines)):
            if other != one:
                yield f"record {one} replaced by {other}", b"".join([*lines[:one], lines[other], *lines[one + 1 :]])
            if other > one:
                swapped = list(lines)
                swapped[one], swapped[other] = swapped[other], swapped[one]
                yield f"records {one} and {other} swapped", b"".join(swapped)


def forgeries(journal: bytes) -> Iterator[tuple[str, bytes]]:
    """Each record altered in each of its parts, dropped, doubled or put in, and everything behind it chained again."""
    records = [json.loads(line) for line in lines_of(journal)]
    for number, record in enumerate(records):
        before, after = records[:number], records[number + 1 :]
        for name, value in (
            ("time", "2020-01-01T00:00:00.000000+00:00"),
            ("phase", "forged"),
            ("fields", [{"key": "a", "value": "b"}]),
        ):
            yield (
                f"record {number} with another {name}, chained again",
                rechained([*before, {**record, name: value}, *after]),
            )
        if after:
            yield f"record {number} dropped, chained again", rechained([*before, *after])
            yield f"record {number} doubled, chained again", rechained([*before, record, record, *after])
    forged = {**records[-1], "kind": "result", "phase": "cut_leg_a", "fields": [{"key": "outcome", "value": "PASS"}]}
    yield "a record put before the last", rechained([*records[:-1], forged, records[-1]])


def additions(journal: bytes) -> Iterator[tuple[str, bytes]]:
    """Something put behind the end, with a line end and without; before the beginning; between any two lines."""
    lines = lines_of(journal)
    for what, data in (
        ("an empty line", b"\n"),
        ("an empty object", b"{}\n"),
        ("a NUL", b"\0\n"),
        ("a carriage return", b"\r\n"),
    ):
        for place in range(len(lines) + 1):
            yield f"{what} put before line {place}", b"".join([*lines[:place], data, *lines[place:]])
    yield "a mark of byte order before it", b"\xef\xbb\xbf" + journal
    yield "the journal twice", journal + journal
    yield "nothing", b""
    yield "only a line end", b"\n"


EVERY = (flips, truncations, whole_records, forgeries, additions)
"""All that is done to a small journal, exhaustively."""


def random_damage(journal: bytes, random: Random) -> tuple[str, bytes]:
    """One damage out of any kind, or several at once; never the journal itself."""
    damaged, said = journal, []
    while damaged == journal:
        for _ in range(random.randint(1, 3)):
            what, damaged = _one(damaged, random)
            said.append(what)
    return "; ".join(said), damaged


def _one(journal: bytes, random: Random) -> tuple[str, bytes]:
    lines = lines_of(journal)
    place = random.randrange(len(journal) + 1)
    what, damage = random.choice(list(_AT_RANDOM.items()))
    return what, damage(journal, lines, place, random)


def _shuffled(lines: list[bytes], random: Random) -> bytes:
    random.shuffle(lines)
    return b"".join(lines)


def _without_one(lines: list[bytes], random: Random) -> bytes:
    if lines:
        lines.pop(random.randrange(len(lines)))
    return b"".join(lines)


def _forged(lines: list[bytes], random: Random) -> bytes:
    """One record altered and the rest chained again, where the lines are still records."""
    try:
        records = [json.loads(line) for line in lines]
        records[random.randrange(len(records))]["fields"] = [{"key": "a", "value": str(random.random())}]
        return rechained(records)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return b"".join(lines) + b"x"


_AT_RANDOM: dict[str, Callable[[bytes, list[bytes], int, Random], bytes]] = {
    "bytes altered": lambda data, _, at, random: (
        data[: max(0, at - 1)] + random.randbytes(random.randint(1, 8)) + data[at:]
    ),
    "cut off": lambda data, _, at, _random: data[:at],
    "bytes put in": lambda data, _, at, random: data[:at] + random.randbytes(random.randint(1, 40)) + data[at:],
    "bytes taken out": lambda data, _, at, random: data[:at] + data[at + random.randint(1, 400) :],
    "shuffled": lambda _data, lines, _at, random: _shuffled(lines, random),
    "a line doubled": lambda _data, lines, _at, random: b"".join([*lines, *random.choices(lines or [b"x"])]),
    "a line dropped": lambda _data, lines, _at, random: _without_one(lines, random),
    "forged and chained again": lambda _data, lines, _at, random: _forged(lines, random),
}
"""What may happen to a journal, given as bytes and lines, at some place."""
