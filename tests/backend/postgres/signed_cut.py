"""A run in the database without files or backup: what a person with psql and the roles' passwords can make.

The rulings are signed by a real key that is pinned in the database; nothing else could be imported.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.approvals.statement import MAX_LISTED, StatementAmendment
from console.backend.documents.planning import plan_document
from console.backend.model.amendment import Moved
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import Coverage, CutPlan, DocumentPlan, SourceVersion, bind
from console.backend.model.plan_binding import PlanBinding
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.purposes import RunOperation
from console.backend.model.repeal import NO_TEXT, no_document
from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect, scalar
from console.backend.postgres.measure import REGISTRIES, measure_counts, measure_identity, readers_digest
from console.backend.runs.amendments import plan_amendment
from console.backend.scratch.cluster import TransientCluster
from tests.conftest import Database, create_database, fresh_database
from tests.support.kept_logins import end_kept_logins
from tests.support.plans import accepted
from tests.support.sovereign import Sovereign, sovereign

_DIGESTS: dict[str, str] = {}
"""By system identifier: the digest of the installed schema."""

TEXT = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Beta\n\nSecond.\n"
UNITS = 3
_numbers = count(1)
_PROOF = """
    SELECT cutter_console.fn_backup_record(%s, jsonb_build_object('file_name', 'test.dump.gpg', 'sha256', repeat('0', 64), 'bytes', 1,
        'recipient', repeat('A', 40), 'tables', (SELECT jsonb_agg(jsonb_build_object('table', n, 'rows', d.rows, 'digest', d.digest))
                                                   FROM cutter_console.fn_backup_tables() n, cutter_console.fn_table_digest(n) d)))
"""


def event(phase: str | None = "test", outcome: str | None = "PASS", **changes: object) -> Jsonb:
    """A well-formed event of somebody who has no journal: recorded, and never vouched for."""
    said: dict[str, object] = {
        "phase": phase,
        "outcome": outcome,
        "record": {},
        "seq": next(_numbers),
        "head": "0" * 64,
    }
    return Jsonb(said | changes)


def canonical(value: object) -> bytes:
    """A statement's bytes, whatever it says."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


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
        return tuple(self.plan.document.units)

    def body(self, unit: PlannedUnit) -> str:
        """A planned unit's body."""
        return self.canonical[unit.byte_start : unit.byte_end].decode()

    def executor(self) -> AbstractContextManager[psycopg.Connection]:
        """One transaction as cutter_exec; COMMIT at the end of the block."""
        return self._as("cutter_exec")

    def verifier(self) -> AbstractContextManager[psycopg.Connection]:
        """One transaction as cutter_verify."""
        return self._as("cutter_verify")

    def _as(self, role: str) -> AbstractContextManager[psycopg.Connection]:
        return self.database.transaction(role)

    def rule(
        self, purpose: str = "cut", changes: Mapping[str, object] | None = None, signer: Sovereign | None = None
    ) -> str:
        """Import a signed ruling as cutter_verify, with the fields changed that a forger would change. Returns its sha256."""
        statement = self.statement(purpose, changes)
        with self.verifier() as connection:
            return ledger.import_approval(connection, statement, ((signer or sovereign()).sign(statement),))

    def statement(self, purpose: str = "cut", changes: Mapping[str, object] | None = None) -> bytes:
        """The statement that the sovereign would sign for this run as it is now; a change of None takes the field away."""
        world, now, over_drafts = self.plan.world, datetime.now(UTC), purpose in {"enact", "revert"}
        assert world is not None
        said: dict[str, object] = {
            "schema": "cutter-console/statement/2",
            "kind": "SG_2" if purpose == "enact" else "SG_1",
            "purpose": purpose,
            "run_id": self.run_id,
            "document": {"docprefix": self.docprefix, "origin": self.plan.document.source.origin},
            "plan_digest": self.plan.plan_digest,
            "source_sha256": self.plan.document.source.sha256,
            "canonical_sha256": sha256_hex(self.canonical),
            "baseline_digest": world.baseline_digest,
            "policy_sha256": sovereign().policy.sha256,
            "n_units": self.plan.n_units,
            "target": world.target.model_dump(mode="json"),
            "not_before": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
            "expires": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "allowance": "explicit",
            "nonce": uuid4().hex,
        }
        if self.plan.amendment is not None:
            stated = StatementAmendment.of(self.plan.amendment)
            said |= {"operation": stated.operation, "amendment": stated.model_dump(mode="json")}
        if not over_drafts:
            said["manifest_digest"] = ledger.manifest_digest(self.units)
        else:
            said |= self._drafts()
        if purpose == "enact":
            said |= {"review_decision_id": str(uuid4()), "sg1_sha256": self._sg1()}
        said |= changes or {}
        return canonical({name: value for name, value in said.items() if value is not None})

    def _drafts(self) -> dict[str, object]:
        with self.verifier() as connection:
            digest = ledger.draft_digest(connection, self.run_id)
            units = scalar(connection, "SELECT cutter_console.fn_draft_units(%s)", self.run_id)
            lines = ledger.draft_state(connection, self.run_id).lines
        assert units is None or isinstance(units, list)
        number = len(units or [])
        return {
            "draft_digest": digest,
            "n_units": number,
            "drafts": {
                "count": number,
                "file": "drafts.tsv",
                "file_sha256": sha256_hex("\n".join(lines).encode()),
            }
            | ({"units": units} if number <= MAX_LISTED else {}),
        }

    def _sg1(self) -> str:
        query = "SELECT statement_sha256 FROM cutter_governance.approval_use WHERE run_id = %s AND purpose = 'cut'"
        with self.verifier() as connection:
            row = connection.execute(query, (self.run_id,)).fetchone()
        return str(row[0]) if row else "0" * 64

    def backup(self) -> None:
        """A proof with the digests of the tables as they are; the superuser computes them, cutter_verify records."""
        with self.database.connect() as connection:
            connection.execute(_PROOF, (self.run_id,))

    def arm(self, purpose: str = "cut", minutes: int = 15) -> None:
        """Open the lease as cutter_exec, with a proven backup."""
        self.backup()
        with self.executor() as connection:
            ledger.arm(connection, self.run_id, purpose, "tester", "host", minutes)

    def to_first_pause(self) -> None:
        """The steps from a proven backup to the first pause."""
        with self.executor() as connection:
            for stage in (Stage.PRE_WRITE_BACKUP_TAKEN, Stage.AWAITING_CUT_AUTHORIZATION):
                ledger.advance(connection, self.run_id, stage, event("to the pause"))

    def disarm(self) -> None:
        """End whatever lease is open."""
        with self.executor() as connection:
            ledger.disarm(connection, "the test goes on")

    def apply(self, connection: psycopg.Connection) -> None:
        """Leg A: seal and cut, in the caller's transaction."""
        ledger.apply_cut(connection, self.run_id, self.plan, self.canonical, event("cut_leg_a"))

    def cut(self) -> None:
        """Ruling, lease and leg A."""
        self.rule()
        self.arm()
        with self.executor() as connection:
            self.apply(connection)

    def record(self) -> None:
        """Structure found, leg B."""
        with self.verifier() as connection:
            ledger.record_structure(connection, self.run_id, event("structural_verify"))
        affected = len(self.units) if self.plan.amendment is None else self.plan.amendment.counts.touched
        with self.executor() as connection:
            ledger.record_cut(connection, self.run_id, affected, event("leg_b_record"))

    def verify(self, outcome: str = "PASS") -> None:
        """A verification as cutter_verify."""
        with self.verifier() as connection:
            ledger.record_verification(connection, self.run_id, outcome, "{}", event("write_verify", outcome))

    def to_second_pause(self) -> None:
        """Leg A, leg B and a verification, at rest with the switch off."""
        self.cut()
        self.record()
        self.verify()
        self.disarm()

    def enact(self, connection: psycopg.Connection) -> None:
        """The enactment, in the caller's transaction."""
        if self.plan.amendment is None:
            ledger.enact(connection, self.run_id, len(self.units), event("lifecycle_enact"))
        else:
            ledger.enact_amendment(connection, self.run_id, self.plan.amendment.counts, event("lifecycle_enact"))

    def revert(self, connection: psycopg.Connection) -> int:
        """The soft revert, in the caller's transaction."""
        return ledger.revert(connection, self.run_id, event("revert"))

    def edit(self, connection: psycopg.Connection) -> None:
        """The signed edit of an edit's run, in the caller's transaction."""
        ledger.apply_edit(connection, self.run_id, self.plan, self.canonical, event("edit"))

    def edited(self) -> None:
        """Ruling, lease and edit, and the switch off again."""
        self.rule("edit")
        self.arm("edit")
        with self.executor() as connection:
            self.edit(connection)
        self.disarm()

    def lawful(self) -> None:
        """From the second pause to law under SG_2, and the switch off again."""
        self.rule("enact")
        self.arm("enact")
        with self.executor() as connection:
            self.enact(connection)
        self.disarm()

    def reverted(self) -> None:
        """The draft cut is taken back, and the switch is off again."""
        self.disarm()
        self.arm("revert")
        with self.executor() as connection:
            self.revert(connection)
        self.disarm()

    def enacted(self) -> None:
        """To law under SG_2, and the switch off again."""
        self.to_second_pause()
        self.lawful()

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


def start_cut(
    database: Database, docprefix: str = "ACME-LAW", text: str = TEXT, number: int = 1, profile: str = "atx"
) -> SignedCut:
    """A run at its first pause: registered, pinned, planned, with every stage before it passed."""
    planned = plan_document(
        text.encode(), origin=f"file:{docprefix}.md", docprefix=docprefix, profile=profile, ordinals=False
    )
    return _at_the_pause(database, "cut", number, accepted(planned), planned.canonical)


def plan_cut(database: Database, docprefix: str, text: str, number: int) -> SignedCut:
    """A run that is planned, and has no backup yet."""
    planned = plan_document(
        text.encode(), origin=f"file:{docprefix}.md", docprefix=docprefix, profile="atx", ordinals=False
    )
    return _planned_run(database, "cut", number, accepted(planned), planned.canonical)


Walk = Callable[[Database], tuple[SignedCut, ...]]
"""Brings an empty database to a state; the runs that it has made there."""


def at_the_pause(database: Database) -> tuple[SignedCut, ...]:
    """A run at its first pause."""
    return (start_cut(database),)


def at_the_second_pause(database: Database) -> tuple[SignedCut, ...]:
    """A run with its drafts, at its second pause."""
    run = start_cut(database)
    run.to_second_pause()
    return (run,)


def walked(request: pytest.FixtureRequest, walk: Walk) -> Iterator[tuple[SignedCut, ...]]:
    """The runs of a walk: in the database of the test where it asks for one, else in a copy of what was walked once a worker."""
    if "database" in request.fixturenames:
        yield walk(request.getfixturevalue("database"))
        return
    cluster: TransientCluster = request.getfixturevalue("cluster")
    yield from copies_of(cluster, request.getfixturevalue("template_of")(cluster.major), walk)


def copies_of(cluster: TransientCluster, template: str, walk: Walk) -> Iterator[tuple[SignedCut, ...]]:
    """Copies of a database in which the runs were walked once a worker, for tests that ask nothing of the way there.

    A plan names the database that it was made for, so each copy bears that name, and there is one at a time.
    """
    made = _made_once(cluster, template, walk)
    name = made[0].database.name
    for database in fresh_database(cluster, f"{name}_pristine", name):
        yield tuple(replace(run, database=database) for run in made)


@cache
def _made_once(cluster: TransientCluster, template: str, walk: Walk) -> tuple[SignedCut, ...]:
    name = f"{walk.__module__.rpartition('.')[2]}_{walk.__name__}"
    made = walk(create_database(cluster, template, name))
    end_kept_logins()
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} RENAME TO {name}_pristine".encode())
    return made


def start_amendment(
    law: SignedCut, text: str, number: int = 200, moved: tuple[Moved, ...] = (), profile: str = "atx"
) -> SignedCut:
    """A revised text of a document that is law, at its first pause."""
    planned = plan_document(
        text.encode(),
        origin=f"file:{law.docprefix}.md",
        docprefix=law.docprefix,
        profile=profile,
        ordinals=False,
    )
    return _at_the_pause(law.database, "amend", number, accepted(planned), planned.canonical, moved)


def enact_later(run: SignedCut, hours: int = 5) -> datetime:
    """Enact what waits at its first pause, to count in some hours; the moment from which it does."""
    begins = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
    run.to_second_pause()
    run.rule("enact", {"in_force_from": f"{begins:%Y-%m-%dT%H:%M:%SZ}"})
    run.arm("enact")
    with run.executor() as connection:
        run.enact(connection)
    run.disarm()
    return begins


def start_repeal(law: SignedCut, number: int = 400) -> SignedCut:
    """The repeal of a document that is law, at its first pause."""
    return _at_the_pause(law.database, "repeal", number, no_document(law.docprefix), NO_TEXT)


def start_edit(run: SignedCut, run_number: int = 100, body: bytes = b"Edited.\n", **changes: object) -> SignedCut:
    """An edit of a cut's last unit at its pause: another title and body, and whatever else of the unit is changed."""
    place = {"line_start": 1, "line_end": 2, "byte_start": 0, "byte_end": len(body), "body_sha256": sha256_hex(body)}
    unit = run.units[-1].model_copy(update={"title": "Edited", **place, **changes})
    origin = f"edits:{run.docprefix}"
    source = SourceVersion(origin=origin, bytes=len(body), sha256=sha256_hex(body), canonical_sha256=sha256_hex(body))
    coverage = Coverage(unit_bytes=len(body), other_bytes=0, lossless=True)
    document = DocumentPlan(
        docprefix=run.docprefix,
        profile="edits",
        ordinals=False,
        source=source,
        units=(unit,),
        others=(),
        coverage=coverage,
    )
    return _at_the_pause(run.database, "edit", run_number, document, body)


def _at_the_pause(
    database: Database,
    operation: str,
    number: int,
    document: DocumentPlan,
    canonical: bytes,
    moved: tuple[Moved, ...] = (),
) -> SignedCut:
    run = _planned_run(database, operation, number, document, canonical, moved)
    run.backup()
    run.to_first_pause()
    return run


def _planned_run(
    database: Database,
    operation: str,
    number: int,
    document: DocumentPlan,
    canonical: bytes,
    moved: tuple[Moved, ...] = (),
) -> SignedCut:
    with database.connect() as connection:
        sovereign().pin_if_none(connection)
    facts = ledger.NewRun(
        run_id=f"ictr-20260101T000000Z-{number:08x}",
        operation=operation,
        docprefix=document.docprefix,
        origin=document.source.origin,
        profile="atx",
        operator="tester",
        host="host",
    )
    with connect(database.conninfo("cutter_exec")) as connection:
        ledger.create_run(connection, facts, event("start"))
        ledger.pin_source(connection, facts.run_id, document.source, event("source_pin"))
        ledger.advance(connection, facts.run_id, Stage.MARKED, event("mark"))
        amendment = None
        if RunOperation(operation).of_law:
            amendment = plan_amendment(connection, document, moved, RunOperation(operation))
        plan = bind(document, _planned_for(connection), amendment)
        assert plan.world is not None
        ledger.record_plan(connection, facts.run_id, plan, plan.world.baseline_digest, event("cutplan"))
    return SignedCut(database=database, run_id=facts.run_id, plan=plan, canonical=canonical)


def _planned_for(connection: psycopg.Connection) -> PlanBinding:
    """The database as `measure_world` tells it, but for the schema's digest: that of the first database of this server.

    It takes longer than all else of a cut together, and the database never looks at what a plan says of it.
    """
    identity = measure_identity(connection, "host")
    return PlanBinding(
        target=identity.target,
        server_version=identity.server_version_num,
        schema_digest=_schema_digest(connection, identity.target.system_identifier),
        baseline_digest=readers_digest(connection),
        counts=tuple(count for count in measure_counts(connection) if count.table not in REGISTRIES),
        effects=int(str(scalar(connection, "SELECT coalesce(max(id), 0) FROM cutter_governance.v_run_effect"))),
    )


def _schema_digest(connection: psycopg.Connection, server: str) -> str:
    if server not in _DIGESTS:
        _DIGESTS[server] = str(scalar(connection, "SELECT cutter_console.fn_schema_digest()"))
    return _DIGESTS[server]


@contextmanager
def stopped(*codes: str) -> Iterator[None]:
    """The block must end in a refusal of the database with one of these STOP codes, or SQLSTATEs."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert {caught.value.diag.message_detail, caught.value.sqlstate} & set(codes), caught.value


def assert_not_enacted(run: SignedCut) -> None:
    """An armed run whose drafts are not what was signed shows a difference, is neither enacted nor verified, and keeps its stage."""
    with run.verifier() as connection:
        assert ledger.draft_differences(connection, run.run_id)
    with stopped("STOP_DRIFT", "STOP_APPROVAL_INVALID"), run.executor() as connection:
        run.enact(connection)
    with stopped("STOP_INVARIANT_FAILED"):
        run.verify()
    assert run.stage() == "awaiting_lifecycle_authorization/active"


def counts(database: Database) -> dict[str, int]:
    """Rows by table, read again as the monitoring role."""
    with database.connect("cutter_ro") as connection:
        return dict(connection.execute("SELECT table_name, rows FROM cutter_governance.v_row_count").fetchall())


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """The tables whose rows changed, by how many."""
    return {table: after[table] - rows for table, rows in before.items() if after[table] != rows}
