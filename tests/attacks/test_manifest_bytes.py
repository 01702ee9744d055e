"""Manifests that the sovereign has signed and that are crafted all the same: the database reads them in one way or not at all."""

from collections.abc import Callable

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres import ledger
from tests.attacks.world import EXECUTOR, call, refused, session
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut
from tests.conftest import Database

FIELDS = ("seq", "address", "parent", "kind", "section", "number", "title", "start", "end", "line", "last", "sha256")
US, LF = b"\x1f", b"\n"
FORM = ("STOP_INVARIANT_FAILED", "STOP_REFUSED_INPUT", "22P02", "22003", "22011", "22021", "23502", "23505")
"""What refuses bytes for what they say: the product's own words, or PostgreSQL's for a number, a letter, a NULL, a key."""


def field(name: str, value: str, unit: int = 0) -> Callable[[bytes], bytes]:
    """Replace one field of one unit."""

    def change(manifest: bytes) -> bytes:
        lines = manifest.split(LF)
        fields = lines[unit].split(US)
        fields[FIELDS.index(name)] = value.encode()
        lines[unit] = US.join(fields)
        return LF.join(lines)

    return change


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    """Replace text wherever it stands."""
    return lambda manifest: manifest.replace(old.encode(), new.encode())


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    """Change the lines."""
    return lambda manifest: LF.join(change(manifest.split(LF)))


CRAFTED: dict[str, Callable[[bytes], bytes]] = {
    "a field too many": lambda m: m + US + b"more",
    "a field too many in the middle": lines(lambda ls: [ls[0] + US, *ls[1:]]),
    "a field missing": lines(lambda ls: [ls[0].rsplit(US, 1)[0], *ls[1:]]),
    "an empty line": lines(lambda ls: [ls[0], b"", *ls[1:]]),
    "a line feed at the end": lambda m: m + LF,
    "carriage returns": lambda m: m.replace(LF, b"\r\n"),
    "a NUL in a title": field("title", "O\x00ne"),
    "a NUL at the end": lambda m: m + b"\x00",
    "a unit separator in a title": field("title", "O\x1fne"),
    "a unit separator that shifts every field": field("title", "One\x1f0"),
    "a tab in a title": field("title", "O\tne"),
    "a carriage return in a title": field("title", "One\rTwo"),
    "an escape sequence in a title": field("title", "One\x1b[2J"),
    "a delete character in a title": field("title", "One\x7f"),
    "a control character in a number": field("number", "1\t2"),
    "bytes that are no UTF-8": lambda m: m.replace(b"One", b"\xff\xfe"),
    "an overlong UTF-8 slash": lambda m: m.replace(b"ACME-LAW/ONE", b"ACME-LAW\xc0\xafONE"),
    "a byte order mark": lambda m: b"\xef\xbb\xbf" + m,
    "no line at all": lambda _: b"",
    "one unit fewer": lines(lambda ls: ls[:-1]),
    "one unit twice": lines(lambda ls: [*ls, ls[-1]]),
    "an address named twice": field("address", "ACME-LAW/ONE", 1),
    "numbers with a gap": field("seq", "4", 2),
    "numbers from 0": lines(lambda ls: [str(i).encode() + line[1:] for i, line in enumerate(ls)]),
    "a number twice": field("seq", "2", 2),
    "a negative number": field("seq", "-1"),
    "a number with a sign": field("seq", "+1"),
    "a number with a space": field("seq", " 1"),
    "a number in hexadecimal": field("seq", "0x1"),
    "a number with zeros": field("seq", "01"),
    "a number beyond 32 bits": field("seq", "4294967297"),
    "lines in another order": lines(lambda ls: [ls[1], ls[0], ls[2]]),
    "a negative start": field("start", "-1"),
    "a start beyond 32 bits": field("start", "4294967296"),
    "a start with a sign": field("start", "+0"),
    "an end before the start": field("end", "0", 1),
    "an end beyond the text": field("end", "100000", 2),
    "an overlap with the unit before": field("start", "10", 1),
    "an empty span": field("end", "18", 1),
    "a span of another unit": field("end", "36"),
    "a line that is no number": field("line", "x"),
    "another sha256": field("sha256", "0" * 64),
    "a sha256 in upper case": lambda m: m[:-64] + m[-64:].upper(),
    "a prefix that only begins alike": swap("ACME-LAW/", "ACME-LAWX/"),
    "another document's prefix": swap("ACME-LAW/", "OTHER-LAW/"),
    "another document's prefix for one unit": field("address", "OTHER-LAW/ONE", 2),
    "a way out by dots": swap("ACME-LAW/", "ACME-LAW/../OTHER-LAW/"),
    "a single dot": swap("ACME-LAW/", "ACME-LAW/./"),
    "nothing behind the prefix": field("address", "ACME-LAW/", 2),
    "the prefix alone": field("address", "ACME-LAW", 2),
    "two slashes": field("address", "ACME-LAW//BETA", 2),
    "a slash at the end": field("address", "ACME-LAW/BETA/", 2),
    "a space in an address": field("address", "ACME-LAW/BE TA", 2),
    "an address in lower case": field("address", "ACME-LAW/beta", 2),
    "a Cyrillic look-alike of a letter": field("address", "ACME-LAW/ONE/\u0412ETA", 2),
    "a Cyrillic look-alike in the prefix": swap("ACME-LAW/", "\u0410CME-LAW/"),
    "a full-width slash": field("address", "ACME-LAW\uff0fBETA", 2),
    "a zero-width space": field("address", "ACME-LAW/BE\u200bTA", 2),
    "a right-to-left override": field("address", "ACME-LAW/\u202eATEB", 2),
    "a combining accent": field("address", "ACME-LAW/BE\u0301TA", 2),
    "a percent sign": field("address", "ACME-LAW/%", 2),
    "a quote": field("address", "ACME-LAW/BETA'--", 2),
    "a backslash": field("address", "ACME-LAW/BE\\TA", 2),
    "a parent of another document": field("parent", "OTHER-LAW/ONE", 1),
    "a parent that is not there": field("parent", "ACME-LAW/NONE", 1),
    "a parent that comes later": field("parent", "ACME-LAW/ONE/BETA", 1),
    "itself as its parent": field("parent", "ACME-LAW/ONE", 0),
    "a kind that is not known": field("kind", "sermon"),
    "a section type that is not known": field("section", "sermon"),
    "a pair that is not known": field("kind", "section"),
    "no kind": field("kind", ""),
    "the null literal as kind": field("kind", "NULL"),
}


@pytest.mark.parametrize("how", CRAFTED)
def test_a_crafted_manifest_is_refused_although_its_digest_was_signed(waiting: SignedCut, how: str) -> None:
    manifest = CRAFTED[how](ledger.manifest_bytes(waiting.units))
    assert manifest != ledger.manifest_bytes(waiting.units)
    _cut_is_refused(waiting, manifest, waiting.canonical, {"manifest_digest": sha256_hex(manifest)}, *FORM)


def _cut_is_refused(run: SignedCut, manifest: bytes, text: bytes, changes: dict[str, object], *codes: str) -> None:
    """Signed, imported, armed and cut in one transaction that ends with the refusal."""
    run.rule(changes=changes)
    with refused(run.database, *codes), session(run.database, EXECUTOR, autocommit=False) as connection:
        ledger.arm(connection, run.run_id, "cut", "o", "h", 5)
        call(connection, "fn_cut_apply", run.run_id, manifest, text, event())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + b"\n",
        lambda text: text.replace(b"First", b"Fyrst"),
        lambda _: b"",
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"\x00" * len(text),
    ],
    ids=["one byte less", "one byte more", "another letter", "nothing", "carriage returns", "zeros"],
)
def test_another_text_than_the_signed_one_is_refused(waiting: SignedCut, change: Callable[[bytes], bytes]) -> None:
    _cut_is_refused(
        waiting, ledger.manifest_bytes(waiting.units), change(waiting.canonical), {}, "STOP_APPROVAL_INVALID"
    )


@pytest.mark.parametrize("size", [1, 1 << 16, 1 << 24], ids=["a byte", "64 KiB", "16 MiB"])
@pytest.mark.parametrize("where", ["manifest", "text"])
def test_bytes_of_any_size_that_were_not_signed_are_refused(waiting: SignedCut, where: str, size: int) -> None:
    junk = b"\x1f" * size
    manifest = junk if where == "manifest" else ledger.manifest_bytes(waiting.units)
    _cut_is_refused(waiting, manifest, junk if where == "text" else waiting.canonical, {}, "STOP_APPROVAL_INVALID")


def test_a_body_cut_in_the_middle_of_a_letter_is_refused(database: Database) -> None:
    run = start_cut(database, text="# Điều\n\nMột.\n\n## Hai\n\nBa.\n")
    manifest = ledger.manifest_bytes(run.units)
    for start, end in (("0", "3"), ("3", "18")):
        crafted = field("end", end)(field("start", start)(manifest))
        run.rule(changes={"manifest_digest": sha256_hex(crafted)})
        with refused(database, *FORM), session(database, EXECUTOR, autocommit=False) as connection:
            ledger.arm(connection, run.run_id, "cut", "o", "h", 5)
            call(connection, "fn_cut_apply", run.run_id, crafted, run.canonical, event())


def test_the_honest_manifest_of_the_same_run_is_cut_afterwards(waiting: SignedCut) -> None:
    """The refusals above were about the bytes; the run itself could have been cut all the time."""
    waiting.rule()
    with session(waiting.database, EXECUTOR, autocommit=False) as connection:
        ledger.arm(connection, waiting.run_id, "cut", "o", "h", 5)
        waiting.apply(connection)
        connection.rollback()
