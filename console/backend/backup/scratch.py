"""The scratch database that a backup is restored into: in a transient cluster of the server's major version.

Restored are the sections pre-data and data: tables, columns, defaults, constraints of columns, sequences and
every row, which is what the digests speak of. Triggers need the product's functions and would refuse the
rows; the dump itself holds them, and whoever rehearses a run here installs them with the migrations, which
are made to be applied beside tables that are there. Owners and privileges are left out: roles belong to a
cluster, and this one has none but its superuser.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from console.backend.backup.record import TableProof
from console.backend.backup.table_digest import table_proofs
from console.backend.host.cluster_directory import default_parents
from console.backend.postgres.databases import create_database, create_schemas_of
from console.backend.postgres.sessions import open_session
from console.backend.scratch.cluster import TransientCluster

DATABASE, STAGED = "scratch", "staged"
# For the empty cluster, its write-ahead log and temporary files, beside the content itself.
_HEADROOM = 512 << 20
_APPLICATION = "cutter-console scratch"
Prepare = Callable[[str], None]
"""Function that, given a connection string, creates what the tables need and their dump does not hold (types, functions)."""


@dataclass(frozen=True)
class Scratch:
    """An empty database with the schemas of the tables, in a cluster of its own."""

    cluster: TransientCluster

    @property
    def conninfo(self) -> str:
        """Return a connection string for the scratch superuser."""
        return self.cluster.conninfo(DATABASE)

    @property
    def staged(self) -> str:
        """Return a connection string for the database that holds the rows of a backup by document."""
        return self.cluster.conninfo(STAGED)

    def stage(self, tables: tuple[str, ...]) -> None:
        """Create that database, with the schemas of the tables."""
        create_database(self.cluster.conninfo(), STAGED, _APPLICATION)
        with _session(self.staged) as connection:
            create_schemas_of(connection, tables)

    def restore_command(self, program: str, conninfo: str = "") -> list[str]:
        """Return the command of a pg_restore that reads standard input and stops at the first error."""
        return [
            program,
            "--no-owner",
            "--no-privileges",
            "--no-tablespaces",
            "--single-transaction",
            "--exit-on-error",
            "--section=pre-data",
            "--section=data",
            "--no-password",
            f"--dbname={conninfo or self.conninfo}",
        ]

    def proofs(self, tables: tuple[str, ...]) -> tuple[TableProof, ...]:
        """Return rows and digests as restored."""
        with _session(self.conninfo) as connection:
            return table_proofs(connection, tables)


def _session(conninfo: str) -> psycopg.Connection:
    return open_session(conninfo, application=_APPLICATION, statement_timeout_s=0)


@contextmanager
def scratch_database(
    major: int,
    tables: tuple[str, ...],
    parents: tuple[Path, ...] = (),
    prepare: Prepare | None = None,
    content_bytes: int = 0,
) -> Iterator[Scratch]:
    """Start a scratch database in memory if it has room for three times the content, else below `parents`."""
    memory, *disk_folders = default_parents()
    with TransientCluster.start(
        major, parents=(memory, *parents, *disk_folders), need_bytes=_HEADROOM + 3 * content_bytes
    ) as cluster:
        scratch = Scratch(cluster)
        create_database(cluster.conninfo(), DATABASE, _APPLICATION)
        with _session(scratch.conninfo) as connection:
            create_schemas_of(connection, tables)
        if prepare is not None:
            prepare(scratch.conninfo)
        yield scratch
