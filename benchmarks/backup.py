"""What a proven backup costs beside its own parts: ratios measured in one run, on one machine.

Floors, each the best of as many rounds as the thing measured, rounds interleaved, everything in
memory so that no disk decides:
 - pg_dump alone into a file, gpg alone from that file into another; the slower of the two is the floor of
   dump and encryption together, run as the console runs them (`Member`, `Tee`, a pipe of 1 MiB);
 - pg_restore alone: the complete dump, as a person would type it (`pg_restore --no-owner -d`), into an empty
   database of the same kind of cluster; the floor of the whole stream with digests of both sides compared.
The scratch cluster is started before the clock, for both; its start is printed as a figure of its own.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg

from console.backend.backup.pipeline import Member, Tee
from console.backend.backup.recipient import ENCRYPT
from console.backend.backup.record import COMPRESSION, unequal
from console.backend.backup.scratch import Scratch, scratch_database
from console.backend.backup.selftest import throw_away_home
from console.backend.backup.source import LOCK_TIMEOUT_S, dump_command, exported_snapshot
from console.backend.backup.table_digest import table_proofs
from console.backend.host.gpg import gpg_command
from console.backend.scratch.cluster import TransientCluster

ROWS = 100_000
ROUNDS = 5
MAX_ENCRYPTED, MAX_PROVEN = 1.3, 1.5
TABLES = ("public.information_unit", "public.unit_version")
FILL = """
CREATE TABLE information_unit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), canonical_address text NOT NULL UNIQUE, unit_kind text NOT NULL,
    doc_code text, identity_profile jsonb, lifecycle_status text NOT NULL DEFAULT 'draft',
    created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON information_unit (doc_code);
CREATE TABLE unit_version (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), unit_id uuid NOT NULL REFERENCES information_unit,
    version_seq int NOT NULL, title text, body text NOT NULL, content_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (unit_id, version_seq));
INSERT INTO information_unit (canonical_address, unit_kind, doc_code, identity_profile)
    SELECT 'LAW-' || n, 'article', 'LAW' || n % 50, jsonb_build_object('number', n) FROM generate_series(1, {rows}) n;
INSERT INTO unit_version (unit_id, version_seq, title, body, content_hash)
    SELECT id, 1, 'Artikel ' || n, body, encode(sha256(convert_to(body, 'UTF8')), 'hex') FROM (
        SELECT id, row_number() OVER () n, (
            SELECT string_agg(word, ' ') FROM (
                SELECT (string_to_array({words}, ' '))[1 + floor(random() * 30)::int] word
                FROM generate_series(1, 30 + length(u.canonical_address) * 7) WHERE u.id IS NOT NULL) w) body
        FROM information_unit u) made;
VACUUM ANALYZE;
"""
WORDS = (
    "Die Behörde kann Auflagen erteilen wenn öffentliche Belange es erfordern und der Antragsteller dies nicht "
    "innerhalb von drei Monaten nach Zustellung des Bescheides anficht Điều Khoản Điểm quy định về quyền nghĩa"
)


class Bench:
    """The source, a key and the places that the rounds share."""

    def __init__(self, stack: ExitStack) -> None:
        self.source = stack.enter_context(TransientCluster.start(18, need_bytes=2 << 30))
        self.home = stack.enter_context(throw_away_home())
        making = ("--passphrase", "", "--quick-gen-key", "bench@localhost", "future-default", "default", "1d")
        subprocess.run(gpg_command(self.home, *making), check=True, capture_output=True)
        self.place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        started = time.perf_counter()
        self.scratch: Scratch = stack.enter_context(scratch_database(18, TABLES))
        self.scratch_start_s = time.perf_counter() - started
        self.programs = self.source.programs
        with psycopg.connect(self.source.conninfo(), autocommit=True) as connection:
            for statement in FILL.format(rows=ROWS, words=f"'{WORDS}'").split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())

    def dump(self, snapshot: str = "") -> list[str]:
        command = dump_command(
            str(self.programs.program("pg_dump")), self.source.conninfo(), snapshot, TABLES, COMPRESSION
        )
        return [part for part in command if part != "--snapshot="]

    def encrypt(self) -> list[str]:
        return gpg_command(self.home, *ENCRYPT, "--recipient", "bench@localhost", "--encrypt")

    def fresh_scratch(self) -> None:
        with psycopg.connect(self.scratch.cluster.conninfo(), autocommit=True) as connection:
            connection.execute("DROP DATABASE scratch WITH (FORCE)")
            connection.execute("CREATE DATABASE scratch")

    def dump_alone(self) -> None:
        subprocess.run([*self.dump(), f"--file={self.place / 'dump'}"], check=True)

    def gpg_alone(self) -> None:
        command = [part.replace("{status}", "2") for part in self.encrypt()]
        with (self.place / "dump").open("rb") as plain, (self.place / "sealed").open("wb") as sealed:
            subprocess.run(command, stdin=plain, stdout=sealed, stderr=subprocess.DEVNULL, check=True)

    def restore_alone(self) -> None:
        program = self.programs.program("pg_restore")
        command = [str(program), "--no-owner", f"--dbname={self.scratch.conninfo}", str(self.place / "dump")]
        subprocess.run(command, check=True)

    def dump_and_encrypt(self) -> None:
        self._stream(self.dump(), ())

    def proven(self) -> None:
        with (
            ThreadPoolExecutor(1) as pool,
            exported_snapshot(self.source.conninfo(), TABLES, LOCK_TIMEOUT_S) as snapshot,
        ):
            expected = pool.submit(table_proofs, snapshot.connection, TABLES)
            restore = self.scratch.restore_command(str(self.programs.program("pg_restore")))
            self._stream(self.dump(snapshot.name), (restore,))
            restored = self.scratch.proofs(TABLES)
            assert not unequal(expected.result(), restored)

    def _stream(self, dump: list[str], readers: tuple[list[str], ...]) -> None:
        pipe = subprocess.PIPE
        with ExitStack() as stack:
            sealed = stack.enter_context((self.place / "sealed").open("wb"))
            source = stack.enter_context(Member("pg_dump", dump, stdout=pipe))
            gpg = Member("gpg", self.encrypt(), stdin=pipe, stdout=sealed.fileno(), with_status=True)
            sinks = [stack.enter_context(gpg)]
            sinks += [stack.enter_context(Member("pg_restore", reader, stdin=pipe)) for reader in readers]
            Tee(source, tuple(sinks)).run()
            for member in (source, *sinks):
                assert member.process.wait() == 0, member.verdict()


def seconds(work: Callable[[], None]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    """Print the ratios; 1 where a bar is missed."""
    with ExitStack() as stack:
        bench = Bench(stack)
        parts = (bench.dump_alone, bench.gpg_alone, bench.restore_alone, bench.dump_and_encrypt, bench.proven)
        times: dict[str, list[float]] = {part.__name__: [] for part in parts}
        for _ in range(ROUNDS):
            for part in parts:
                bench.fresh_scratch()
                times[part.__name__].append(seconds(part))
        size = (bench.place / "dump").stat().st_size
    best = {name: min(taken) for name, taken in times.items()}
    encrypted = best["dump_and_encrypt"] / max(best["dump_alone"], best["gpg_alone"])
    proven = best["proven"] / best["restore_alone"]
    print(f"backup of {ROWS} units, gzip level {COMPRESSION}, {size >> 20} MiB, best of {ROUNDS} rounds, seconds:")
    print("  " + ", ".join(f"{name} {taken:.2f}" for name, taken in best.items()))
    print(f"  scratch cluster start (not in the ratios) {bench.scratch_start_s:.2f}")
    print(f"  dump and encrypt / slower of the two alone: {encrypted:.2f} (at most {MAX_ENCRYPTED})")
    print(f"  with restore proof / pg_restore alone: {proven:.2f} (at most {MAX_PROVEN})")
    return int(encrypted > MAX_ENCRYPTED or proven > MAX_PROVEN)


if __name__ == "__main__":
    sys.exit(main())
