"""The database's verdicts on signatures beside gpg's own: honest ones, mutated ones, and odd ones that are signed rightly.

    python -m tests.backend.postgres.openpgp_differential [--count 1000] [--seed 1] [--major 18]

The database may refuse what gpg accepts, in the classes of `STRICTER` alone; it must never accept what gpg refuses.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

import psycopg

from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.openpgp_cases import Case, World, a_world, cases
from tests.backend.postgres.openpgp_tools import GpgVerdict

STRICTER = {
    "hash": "SHA-1 and SHA-224 are too weak or unused; gpg still takes them",
    "type": "only type 0x00 signs the bytes themselves; 0x01 signs a text with its line ends replaced",
    "old version": "version 3 signatures hold no issuer fingerprint",
    "critical subpacket": "gpg lets types pass as critical that mean nothing in a signature of a document; only 2, 3, 16 and 33 are judged",
    "subpacket length": "a field that is read has exactly the length of its type; gpg takes the first octets of a longer one",
    "repeated subpacket": "gpg takes the first of several; which one the signer meant cannot be known",
    "empty subpacket": "gpg steps over a subpacket without even a type",
    "RSA algorithm": "the algorithm must be the key's own; gpg takes 1 and 3 for each other",
    "expiration of 2^32": "gpg adds in 32 bits and gets 0, which is no expiration for it; here it is past",
    "issuer": "the key id must be the key's, also in the unhashed area; gpg finds the key by the fingerprint and ignores it, or the reverse",
    "left 16 bits": "gpg does not compare them",
    "octets after the integers": "gpg skips what a packet holds after its last integer",
    "several packets": "gpg judges each signature, and skips markers and unknown packets",
    "large s": "s + L, or an RSA signature of n and more, is a second form of the same signature",
    "armour": "gpg skips text around the block and characters that are not base64",
    "header": "gpg takes a packet whose announced length is more than there is",
}
"""Classes that the database refuses although gpg accepts them, with the reason."""


@dataclass(frozen=True)
class DatabaseVerdict:
    """The row that `fn_openpgp_check` returns."""

    verdict: str
    fingerprint: str
    primary: str
    created: int


def pin(connection: psycopg.Connection, world: World) -> None:
    """Pin every key of the world, as its owner."""
    for fingerprint, export in world.exports:
        pinned(connection, export, fingerprint)


def pinned(connection: psycopg.Connection, export: bytes, fingerprint: str) -> list[tuple[str, str]]:
    """Pin the keys of an export as the owner of the schema; the verdict on each by its fingerprint."""
    connection.execute("SET ROLE cutter_owner")
    try:
        return connection.execute(
            "SELECT fingerprint, verdict FROM cutter_console.fn_signing_key_pin(%s, %s)", (export, fingerprint)
        ).fetchall()
    finally:
        connection.execute("RESET ROLE")


def ask(connection: psycopg.Connection, signature: bytes, data: bytes) -> DatabaseVerdict:
    """The database's verdict."""
    row = connection.execute(
        "SELECT verdict, coalesce(fingerprint, ''), coalesce(primary_fingerprint, ''), coalesce(extract(epoch FROM created), 0)::bigint"
        " FROM cutter_console.fn_openpgp_check(%s, %s)",
        (signature, data),
    ).fetchone()
    assert row is not None
    return DatabaseVerdict(*row)


def disagreement(case: Case, gpg: GpgVerdict, database: DatabaseVerdict) -> str:
    """The reason why two verdicts are incompatible; empty if they are not."""
    good = database.verdict == "good"
    if good and not gpg.good:
        return f"{case.group}: {case.label}: the database accepts what gpg refuses: {gpg.status}"
    if good and (database.fingerprint, database.primary, database.created) != (
        gpg.fingerprint,
        gpg.primary,
        gpg.created,
    ):
        return f"{case.group}: {case.label}: {database} beside {gpg}"
    if gpg.good and not good and case.group not in STRICTER:
        return f"{case.group}: {case.label}: the database says {database.verdict!r}, gpg accepts it"
    return ""


@dataclass
class Tally:
    """Counts by class, and what disagreed."""

    seen: Counter[str]
    good: Counter[str]
    stricter: Counter[str]
    verdicts: Counter[str]
    wrong: list[str]


def compare(connection: psycopg.Connection, world: World, judged: Iterator[Case], workers: int = 2) -> Tally:
    """Ask both about every case."""
    tally = Tally(Counter(), Counter(), Counter(), Counter(), [])
    with ThreadPoolExecutor(workers) as pool:
        listed = list(judged)
        answers = pool.map(lambda case: world.verifying.verify(case.signature, case.data), listed)
        for case, gpg in zip(listed, answers, strict=True):
            database = ask(connection, case.signature, case.data)
            tally.seen[case.group] += 1
            tally.good[case.group] += gpg.good
            tally.verdicts[database.verdict] += 1
            tally.stricter[case.group] += gpg.good and database.verdict != "good"
            if wrong := disagreement(case, gpg, database):
                tally.wrong.append(f"{wrong}\n    {case.signature[:4000].hex()}\n    {case.data[:200].hex()}")
    return tally


def main(arguments: list[str]) -> int:
    """Compare, print the counts, and fail on any disagreement."""
    parser = argparse.ArgumentParser(prog="openpgp_differential")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--major", type=int, default=18)
    options = parser.parse_args(arguments)
    rng = Random(options.seed)
    with TransientCluster.start(options.major) as cluster, a_world(rng) as world:
        migrate(cluster.conninfo())
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            pin(connection, world)
            tally = compare(connection, world, cases(rng, world, options.count))
        version = cluster.version
    out = sys.stdout.write
    out(f"PostgreSQL {version}, seed {options.seed}: {tally.seen.total()} signatures\n")
    for group, seen in sorted(tally.seen.items()):
        stricter = (
            f", {tally.stricter[group]} of them refused on purpose: {STRICTER[group]}"
            if tally.stricter[group] and group in STRICTER
            else ""
        )
        out(f"  {group:28} {seen:5} judged, {tally.good[group]:5} good for gpg{stricter}\n")
    out("  verdicts: " + ", ".join(f"{verdict} {count}" for verdict, count in tally.verdicts.most_common()) + "\n")
    for wrong in tally.wrong:
        out(f"DISAGREE {wrong}\n")
    out(f"  {len(tally.wrong)} disagreements\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
