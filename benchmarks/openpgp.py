"""A signature verified by the database beside `gpg --verify` of the same one, on every PostgreSQL version there is."""

import sys
import time
from collections.abc import Callable
from random import Random
from statistics import median

import psycopg

from console.backend.host.programs import SERVER_PROGRAMS, installed_programs
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.openpgp_cases import World, a_world
from tests.backend.postgres.openpgp_differential import ask, pin

ROUNDS = 21
OVER_GPG = 6.0
"""The slowest of the keys takes at most so many times as long in the database as in gpg; before PostgreSQL 18, division is what takes the time."""


def milliseconds(once: Callable[[], object]) -> float:
    """The median of several rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def measure(connection: psycopg.Connection, world: World) -> dict[str, tuple[float, float]]:
    """Milliseconds in the database and in gpg, by key."""
    found = {}
    for key in world.keys[:-2]:
        bits = key.modulus.bit_length() if key.algorithm == 1 else 0
        signature = world.signing.detach_sign(key.fingerprint, b"d" * 4096)
        assert ask(connection, signature, b"d" * 4096).verdict == "good"
        database = milliseconds(lambda signature=signature: ask(connection, signature, b"d" * 4096))  # type: ignore[misc]
        gpg = milliseconds(lambda signature=signature: world.verifying.verify(signature, b"d" * 4096))  # type: ignore[misc]
        found[f"RSA {bits}" if bits else "Ed25519"] = database, gpg
    return found


def main() -> int:
    """Print times and the ratio beside its bar; 1 if it is missed."""
    holds = True
    majors = sorted(
        {one.major for one in installed_programs() if one.major in range(14, 19) and one.has(SERVER_PROGRAMS)}
    )
    with a_world(Random(1)) as world:
        for major in majors:
            with TransientCluster.start(major) as cluster:
                migrate(cluster.conninfo())
                with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
                    pin(connection, world)
                    trip = milliseconds(lambda connection=connection: connection.execute("SELECT 1"))  # type: ignore[misc]
                    found = measure(connection, world)
            told = ", ".join(f"{name} {database:.1f}" for name, (database, _) in sorted(found.items()))
            sys.stdout.write(f"  PostgreSQL {cluster.version}: {told} ms; a round trip {trip:.2f} ms\n")
            ratio = max(database / gpg for database, gpg in found.values())
            holds = holds and ratio <= OVER_GPG
            verdict = "holds" if ratio <= OVER_GPG else "MISSED"
            sys.stdout.write(f"{f'PostgreSQL {major} over gpg --verify':<32} {ratio:6.2f}  ≤ {OVER_GPG}  {verdict}\n")
    return int(not holds)


if __name__ == "__main__":
    raise SystemExit(main())
