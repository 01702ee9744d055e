"""A batch in the database without files or backup: what a person with psql and the roles' passwords can make."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import uuid4

import psycopg

from console.backend.approvals.batch_statement import ListedMember, members_file
from console.backend.approvals.statement import parse_statement
from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres import batches
from console.backend.postgres.connections import scalar
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.signed_cut import SignedCut, canonical, plan_cut
from tests.conftest import Database, create_database, fresh_database
from tests.support.kept_logins import end_kept_logins
from tests.support.sovereign import sovereign

BATCH = "ictb-20260101T000000Z-00000001"
_PRISTINE = "batch_at_its_pause"
PREFIXES = ("ACME-ONE", "ACME-TWO", "ACME-THREE")
TEXT = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n"
UNITS = 2


@dataclass
class Package:
    """The parts of a ruling over a batch that are brought to the import, as a forger would change them."""

    said: dict[str, object]
    listed: tuple[ListedMember, ...]
    statements: tuple[bytes, ...]

    @property
    def members(self) -> bytes:
        """The list."""
        return members_file(self.listed)

    @property
    def statement(self) -> bytes:
        """The bytes that are signed."""
        return canonical(self.said)

    def over(self, listed: tuple[ListedMember, ...], statements: tuple[bytes, ...]) -> "Package":
        """This ruling over another list, as its digest says."""
        members = {
            "count": len(listed),
            "n_units": sum(one.n_units for one in listed),
            "file": "members.tsv",
            "file_sha256": sha256_hex(members_file(listed)),
        }
        return Package(self.said | {"members": members}, listed, statements)


@dataclass(frozen=True)
class SignedBatch:
    """A batch with its members. Each step is what the console does, through the same functions and no more."""

    database: Database
    runs: tuple[SignedCut, ...]
    batch_id: str = BATCH

    def digest(self) -> str:
        """The batch's digest, as the database has it."""
        with self.database.connect() as connection:
            return str(scalar(connection, "SELECT cutter_console.fn_batch_digest(%s)", self.batch_id))

    def package(self, purpose: str = "cut", members: tuple[SignedCut, ...] | None = None) -> Package:
        """The ruling over these members, or over all that there are, with a statement of each."""
        members = self.runs if members is None else members
        now = datetime.now(UTC)
        times = {
            "not_before": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
            "expires": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        }
        own = [(self.runs.index(run) + 1, _whole(run, purpose, times)) for run in members]
        world = self.runs[0].plan.world
        assert world is not None
        said: dict[str, object] = {
            "schema": "cutter-console/batch-statement/1",
            "kind": "SG_2" if purpose == "enact" else "SG_1",
            "purpose": purpose,
            "batch_id": self.batch_id,
            "batch_digest": self.digest(),
            "n_members": len(self.runs),
            "irreversible": purpose == "enact",
            "target": world.target.model_dump(mode="json"),
            "policy_sha256": sovereign().policy.sha256,
            "nonce": uuid4().hex,
            "allowance": "explicit",
            **times,
        }
        listed = tuple(ListedMember.of(position, parse_statement(data)) for position, data in own)
        return Package(said, (), ()).over(listed, tuple(data for _, data in own))

    def bring(self, package: Package, signature: bytes = b"") -> str:
        """Sign what is to be signed, unless it is signed already, and import it as cutter_verify."""
        signature = signature or sovereign().sign(package.statement)
        connection = self.database.connect("cutter_verify", autocommit=False)
        with connection:
            return batches.import_batch(
                connection, package.statement, package.members, package.statements, (signature,)
            )

    def rule(self, purpose: str = "cut", members: tuple[SignedCut, ...] | None = None) -> str:
        """The signed ruling over these members, imported."""
        return self.bring(self.package(purpose, members))

    def arm(self, purpose: str = "cut", minutes: int = 15) -> None:
        """Open the lease of the batch as cutter_exec; one member's backup is the proof."""
        self.runs[0].backup()
        with self.runs[0].executor() as connection:
            batches.arm_batch(connection, self.batch_id, purpose, "tester", "host", minutes)

    def disarm(self) -> None:
        """End whatever lease is open."""
        self.runs[0].disarm()

    def cut(self, run: SignedCut) -> None:
        """Cut, record and verify one member under the lease of the batch."""
        with run.executor() as connection:
            run.apply(connection)
        run.record()
        run.verify()

    def enact(self, run: SignedCut) -> None:
        """Make one member law under the lease of the batch."""
        with run.executor() as connection:
            run.enact(connection)

    def to_second_pause(self) -> None:
        """All members, verified, and the switch off."""
        self.rule()
        self.arm()
        for run in self.runs:
            self.cut(run)
        self.disarm()

    def stages(self) -> list[str]:
        """The stages of the members."""
        return [run.stage() for run in self.runs]


def _whole(run: SignedCut, purpose: str, times: Mapping[str, object]) -> bytes:
    """A member's statement with every field that the console writes, valid as long as the batch's."""
    enacts = purpose == "enact"
    deltas: list[object] = []
    more = {
        "deploy_manifest_sha256": "none",
        "n_suspects": 0,
        "n_acceptances": 0,
        "expected_deltas": deltas,
        "irreversible": enacts,
        "compensation": "none" if enacts else "soft_revert",
    }
    return run.statement(purpose, more | dict(times))


def plan_batch(database: Database, prefixes: tuple[str, ...] = PREFIXES, batch_id: str = BATCH) -> SignedBatch:
    """Planned runs, recorded as a batch, at their first pause after one backup."""
    runs = tuple(plan_cut(database, prefix, TEXT, number) for number, prefix in enumerate(prefixes, 1))
    batch = SignedBatch(database, runs, batch_id)
    record(batch, tuple(run.run_id for run in runs))
    runs[0].backup()
    for run in runs:
        run.to_first_pause()
    return batch


def record(batch: SignedBatch, run_ids: tuple[str, ...]) -> str:
    """Record these runs as the batch, as cutter_exec."""
    with batch.runs[0].executor() as connection:
        return batches.record_batch(connection, batch.batch_id, run_ids, "tester", "host")


def fresh_batch(cluster: TransientCluster, template: str) -> Iterator[SignedBatch]:
    """As `plan_batch` makes it, in a database of its own; made once a cluster and copied."""
    made = _made_once(cluster, template)
    for database in fresh_database(cluster, _PRISTINE, made.database.name):
        yield replace(made, database=database, runs=tuple(replace(run, database=database) for run in made.runs))


@cache
def _made_once(cluster: TransientCluster, template: str) -> SignedBatch:
    made = plan_batch(create_database(cluster, template, "test_batch"))
    end_kept_logins()
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {made.database.name} RENAME TO {_PRISTINE}".encode())
    return made


Change = Callable[[Package], Package]
