"""A run in the database without files, gpg or backup: what a person with psql and the roles' passwords can make."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from console.backend.database import ledger
from console.backend.database.connections import connect, scalar
from console.backend.database.measure import measure_world
from console.backend.documents.planning import plan_document
from console.backend.plan import CutPlan, PlannedUnit, bind
from console.backend.runs.states import Stage
from tests.conftest import Database

TEXT = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Beta\n\nSecond.\n"
UNITS = 3
TO_FIRST_PAUSE = (
    Stage.CUTPLAN_OK,
    Stage.PRE_WRITE_BACKUP_TAKEN,
    Stage.GRANTS_PROBED,
    Stage.AWAITING_CUT_AUTHORIZATION,
)
_CREATE = "SELECT public.fn_iu_create(%s, %s, %s, 'cutter_exec', %s, %s, %s, %s, %s)->>'status'"


@dataclass(frozen=True)
class SignedCut:
    """One run with its plan. Each step is what the console does, through the same functions and no more."""

    database: Database
    run_id: str
    plan: CutPlan
    canonical: bytes

    @property
    def docprefix(self) -> str:
        """The document's prefix."""
        return self.plan.document.docprefix

    @property
    def units(self) -> tuple[PlannedUnit, ...]:
        """The planned units."""
        return self.plan.document.units

    def body(self, unit: PlannedUnit) -> str:
        """A planned unit's body."""
        return self.canonical[unit.byte_start : unit.byte_end].decode()

    def executor(self) -> AbstractContextManager[psycopg.Connection]:
        """One transaction as cutter_exec; COMMIT at the end of the block."""
        return self._as("cutter_exec")

    def verifier(self) -> AbstractContextManager[psycopg.Connection]:
        """One transaction as cutter_verify."""
        return self._as("cutter_verify")

    @contextmanager
    def _as(self, role: str) -> Iterator[psycopg.Connection]:
        connection = self.database.connect(role, autocommit=False)
        try:
            yield connection
            connection.commit()
        finally:
            connection.close()

    def rule(self, kind: str = "SG_1", changes: Mapping[str, object] | None = None) -> str:
        """Import a ruling as cutter_verify, with the fields changed that a forger would change. Returns its sha256."""
        with self.verifier() as connection:
            return ledger.import_approval(connection, self.ruling(connection, kind).model_copy(update=changes))

    def ruling(self, connection: psycopg.Connection, kind: str = "SG_1") -> ledger.ImportedApproval:
        """The ruling that the sovereign would sign for this run; the database sees no more of gpg than its bytes."""
        world, now, second = self.plan.world, datetime.now(UTC), kind == "SG_2"
        assert world is not None
        return ledger.ImportedApproval(
            kind=kind,
            run_id=self.run_id,
            plan_digest=self.plan.plan_digest,
            manifest_digest=ledger.manifest_digest(self.units),
            policy_sha256="0" * 64,
            baseline_digest=world.baseline_digest,
            draft_digest=ledger.draft_digest(connection, self.run_id) if second else None,
            review_decision_id=str(uuid4()) if second else None,
            n_units=len(self.units),
            database=world.target.database,
            system_identifier=world.target.system_identifier,
            timeline=world.target.timeline,
            not_before=now - timedelta(minutes=1),
            expires=now + timedelta(hours=1),
            signers=("A" * 40,),
            statement=f"{kind} of {self.run_id} {uuid4()}".encode(),
            signatures=(b"signature",),
        )

    def arm(self, purpose: str = "cut", minutes: int = 15) -> None:
        """Open the lease as cutter_exec."""
        with self.executor() as connection:
            ledger.arm(connection, self.run_id, purpose, "tester", "host", minutes)

    def disarm(self) -> None:
        """End whatever lease is open."""
        with self.executor() as connection:
            ledger.disarm(connection, "the test goes on")

    def send_manifest(self, connection: psycopg.Connection) -> None:
        """The signed plan as envelope and blocks."""
        ledger.copy_manifest(connection, self.run_id, self.plan, self.canonical)

    def apply(self, connection: psycopg.Connection) -> None:
        """Leg A: manifest and cut in the caller's transaction."""
        self.send_manifest(connection)
        ledger.apply_cut(connection, self.run_id)

    def cut(self) -> None:
        """Ruling, lease and leg A."""
        self.rule()
        self.arm()
        with self.executor() as connection:
            self.apply(connection)

    def to_second_pause(self) -> None:
        """Leg A, leg B and a verification, at rest with the switch off."""
        self.cut()
        with self.executor() as connection:
            ledger.advance(connection, self.run_id, Stage.STRUCTURAL_VERIFIED)
            ledger.record_cut(connection, self.run_id)
        with self.verifier() as connection:
            ledger.record_verification(connection, self.run_id, "PASS", "{}")
            ledger.advance(connection, self.run_id, Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
        self.disarm()

    def enacted(self) -> None:
        """To law under SG_2, and the switch off again."""
        self.to_second_pause()
        self.rule("SG_2")
        self.arm("enact")
        with self.executor() as connection:
            ledger.enact(connection, self.run_id, dry_run=False)
        self.disarm()

    def stage(self) -> str:
        """Where the run is, as the monitoring role reads it."""
        with connect(self.database.conninfo("cutter_ro"), read_only=True) as connection:
            query = "SELECT concat_ws('/', stage, family) FROM cutter_governance.v_run WHERE run_id = %s"
            return str(scalar(connection, query, self.run_id))

    def lifecycles(self) -> list[str]:
        """The lifecycle of every unit of the document, by address."""
        query = "SELECT lifecycle_status FROM public.information_unit WHERE doc_code = %s ORDER BY canonical_address"
        with self.verifier() as connection:
            return [status for (status,) in connection.execute(query, (self.docprefix,))]


def start_cut(database: Database, docprefix: str = "ACME-LAW", text: str = TEXT, number: int = 1) -> SignedCut:
    """A run at its first pause: registered, pinned, planned, with every stage before it passed."""
    run_id = f"ictr-20260101T000000Z-{number:08x}"
    planned = plan_document(
        text.encode(), origin=f"file:{docprefix}.md", docprefix=docprefix, profile="atx", ordinals=False
    )
    document = planned.accepted()
    with connect(database.conninfo("cutter_exec")) as connection:
        facts = ledger.NewRun(
            run_id=run_id,
            operation="cut",
            docprefix=docprefix,
            origin=document.source.origin,
            profile="atx",
            operator="tester",
            host="host",
        )
        ledger.create_run(connection, facts)
        ledger.pin_source(connection, run_id, document.source)
        for stage in (Stage.SOURCE_PINNED, Stage.MARKED):
            ledger.advance(connection, run_id, stage)
        plan = bind(document, measure_world(connection, "host"))
        assert plan.world is not None
        ledger.record_plan(connection, run_id, plan, plan.world.baseline_digest)
        for stage in TO_FIRST_PAUSE:
            ledger.advance(connection, run_id, stage)
    return SignedCut(database=database, run_id=run_id, plan=plan, canonical=planned.canonical)


@contextmanager
def stopped(*codes: str) -> Iterator[None]:
    """The block must end in a refusal of the database with one of these STOP codes, or SQLSTATEs."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert {caught.value.diag.message_detail, caught.value.sqlstate} & set(codes), caught.value


def counts(database: Database) -> dict[str, int]:
    """Rows by table, read anew as the monitoring role."""
    with database.connect("cutter_ro") as connection:
        return dict(connection.execute("SELECT table_name, rows FROM cutter_governance.v_row_count").fetchall())


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """The tables whose rows changed, by how many."""
    return {table: after[table] - rows for table, rows in before.items() if after[table] != rows}


def create_units(
    connection: psycopg.Connection, run: SignedCut, units: tuple[PlannedUnit, ...], owner: str = "sovereign"
) -> list[str]:
    """The units one by one, through fn_iu_create; the statuses."""
    said = []
    for unit in units:
        values = (unit.unit_kind, unit.section_type, owner, "cut", unit.parent)
        row = connection.execute(_CREATE, (unit.address, unit.title, run.body(unit), *values)).fetchone()
        said.append(row[0] if row else "")
    return said
