"""Runs of version 0.2.0: its database, made from the first ten migrations, and what its console left in both pauses.

The files are written with today's classes, whose formats have not changed since; statements, imports and writes are
those of 0.2.0, through its own functions and as its own roles.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
from psycopg import sql

from console.backend.documents.canonical import source_version
from console.backend.documents.planning import plan_document
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Field, RecordKind
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.plan import CutPlan, bind
from console.backend.model.states import Mode
from console.backend.postgres.connections import connect, scalar
from console.backend.postgres.ledger import manifest_digest
from console.backend.runs.workspace import MARKED, RunRequestFile, Workspace
from tests.backend.postgres.version_0_2_0 import world_of_then
from tests.support.older_schemas import VERSION_0_2_0, install
from tests.support.passage import Passage
from tests.support.plans import accepted

_TO_PAUSE = ("cutplan_ok", "pre_write_backup_taken", "grants_probed", "awaiting_cut_authorization")
_BLOCK = (
    "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, parent_address, unit_kind, section_type, section_code,"
    " title, body, body_sha256, byte_start, byte_end, line_start, line_end, unit_id, version_id)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, gen_random_uuid(), gen_random_uuid())"
)


def into_old_database(passage: Passage) -> None:
    """Put a database of 0.2.0 in the place of the passage's own."""
    name = sql.Identifier(passage.database)
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    install(passage.installation.settings.database.administrator, VERSION_0_2_0)


class OldRun:
    """A run as 0.2.0 walked it; each step is one that its console took."""

    def __init__(self, passage: Passage, docprefix: str, text: str, number: int) -> None:
        self.passage, self.docprefix = passage, docprefix
        self.run_id = f"ictr-20251001T000000Z-{number:08x}"
        self.text = text.encode()
        self._anchor = 0
        self.plan = self._to_first_pause()

    @contextmanager
    def _as(self, role: str) -> Iterator[psycopg.Connection]:
        database = self.passage.installation.settings.database
        conninfo = database.executor if role == "executor" else database.verifier
        with connect(conninfo) as connection:
            yield connection

    def _workspace(self) -> Workspace:
        return Workspace.open(self.passage.installation.root, self.run_id)

    def _to_first_pause(self) -> CutPlan:
        installation = self.passage.installation
        origin = self.passage.write(f"{self.docprefix.lower()}.md", self.text.decode())
        asked = RunRequestFile(
            run_id=self.run_id,
            mode=Mode.LIVE,
            origin=origin,
            docprefix=self.docprefix,
            profile="atx",
            ordinals=False,
            operator=installation.operator,
            host=installation.context.host,
            started_at=datetime.now(UTC),
        )
        workspace = Workspace.create(installation.root, asked)
        workspace.write("source.raw", self.text)
        document = accepted(
            plan_document(self.text, origin=origin, docprefix=self.docprefix, profile="atx", ordinals=False)
        )
        workspace.write(MARKED, canonical_json(document))
        with (
            Journal.create(workspace.journal, self.run_id, installation.context) as journal,
            self._as("executor") as connection,
        ):
            connection.execute("SELECT cutter_governance.fn_document_register(%s, %s, 'atx')", (self.docprefix, origin))
            connection.execute(
                "SELECT cutter_governance.fn_run_create(%s, 'cut', %s, %s, 'atx', %s, %s)",
                (self.run_id, self.docprefix, origin, asked.operator, asked.host),
            )
            source = source_version(self.text, self.text, origin)
            connection.execute(
                "SELECT cutter_governance.fn_source_pin(%s, %s, %s, %s, %s)",
                (self.run_id, source.bytes, source.sha256, source.canonical_sha256, source.canon_rule),
            )
            self._advance(connection, journal, "source_pinned", "marked")
            plan = bind(document, world_of_then(connection, asked.host))
            workspace.write_plan(plan)
            assert plan.world is not None
            connection.execute(
                "SELECT cutter_governance.fn_run_plan(%s, %s, %s, %s, %s)",
                (self.run_id, plan.plan_digest, document.content_digest, plan.n_units, plan.world.baseline_digest),
            )
            self._advance(connection, journal, *_TO_PAUSE)
        return plan

    def _advance(self, connection: psycopg.Connection, journal: Journal, *stages: str) -> None:
        for stage in stages:
            connection.execute("SELECT cutter_governance.fn_run_advance(%s, %s)", (self.run_id, stage))
            self._event(connection, journal, stage)

    def _event(self, connection: psycopg.Connection, journal: Journal, phase: str) -> None:
        xid = str(scalar(connection, "SELECT pg_current_xact_id()::text"))
        head = journal.append(RecordKind.NOTE, phase, (Field(key="xid", value=xid),))
        connection.execute(
            "SELECT cutter_governance.fn_run_event(%s, %s, 'PASS', '{}', %s, %s)",
            (self.run_id, phase, head.sequence, head.hash),
        )

    def rule(self, kind: str) -> None:
        """Sign a statement of version 1 and import it, as 0.2.0 did: columns beside the bytes."""
        world, now, second = self.plan.world, datetime.now(UTC).replace(microsecond=0), kind == "SG_2"
        assert world is not None
        with self._as("verifier") as connection:
            draft = (
                str(scalar(connection, "SELECT cutter_governance.fn_draft_digest(%s)", self.run_id)) if second else None
            )
        decision = str(uuid4()) if second else None
        said = {
            "schema": "cutter-console/statement/1",
            "kind": kind,
            "run_id": self.run_id,
            "plan_digest": self.plan.plan_digest,
            "draft_digest": draft,
            "review_decision_id": decision,
        }
        path = self.passage.installation.statement(self.run_id, kind)
        path.write_bytes(
            json.dumps({k: v for k, v in said.items() if v}, sort_keys=True, separators=(",", ":")).encode()
        )
        signature = self.passage.backend.sign_as_demo_sovereign(path)
        values = {
            "kind": kind,
            "run": self.run_id,
            "plan": self.plan.plan_digest,
            "manifest": manifest_digest(self.plan.document.units),
            "policy": self._policy(),
            "baseline": world.baseline_digest,
            "draft": draft,
            "decision": decision,
            "n": self.plan.n_units,
            "database": world.target.database,
            "system": world.target.system_identifier,
            "timeline": world.target.timeline,
            "from": now,
            "until": now + timedelta(hours=12),
            "signers": [self._signer()],
            "statement": path.read_bytes(),
            "signatures": [signature.read_bytes()],
        }
        with self._as("verifier") as connection:
            connection.execute(
                "SELECT cutter_governance.fn_approval_import(%(kind)s, %(run)s, %(plan)s, %(manifest)s, %(policy)s, %(baseline)s,"
                " %(draft)s, %(decision)s, %(n)s, %(database)s, %(system)s, %(timeline)s, %(from)s, %(until)s, %(signers)s,"
                " %(statement)s, %(signatures)s)",
                values,
            )

    def _policy(self) -> str:
        return sha256_hex(self.passage.installation.policy.read_bytes())

    def _signer(self) -> str:
        signers = json.loads(self.passage.installation.policy.read_text())["signers"]
        return str(signers[0]["fingerprint"])

    def cut(self, *, foreign: str = "") -> None:
        """Arm, cut, record, verify. `foreign` adds one unsigned unit of this address, as psql could."""
        with self._as("executor") as connection:
            connection.execute("SELECT cutter_governance.fn_lease_arm(%s, 'cut', 'tester', 'host', 15)", (self.run_id,))
        with Journal.resume(self._workspace().journal, self.run_id, self.passage.installation.context) as journal:
            with self._as("executor") as connection:
                self._manifest(connection)
                connection.execute("SELECT cutter_governance.fn_cut_apply(%s)", (self.run_id,))
                self._event(connection, journal, "cut_leg_a")
                if foreign:
                    self._smuggle(connection, foreign)
            if not foreign:
                self._record_and_verify(journal)
        with self._as("executor") as connection:
            connection.execute("SELECT cutter_governance.fn_lease_end('rest')")

    def _record_and_verify(self, journal: Journal) -> None:
        with self._as("executor") as connection:
            self._advance(connection, journal, "structural_verified")
            connection.execute("SELECT cutter_governance.fn_cut_record(%s)", (self.run_id,))
            self._event(connection, journal, "leg_b_record")
        with self._as("verifier") as connection:
            connection.execute("SELECT cutter_governance.fn_verify_record(%s, 'PASS', '{}')", (self.run_id,))
            self._advance(connection, journal, "awaiting_lifecycle_authorization")

    def _manifest(self, connection: psycopg.Connection) -> None:
        connection.execute(
            "INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest,"
            " n_units) SELECT %s, 'cut', docprefix, id, %s, %s, %s FROM cutter_governance.source_document_version_registry WHERE docprefix = %s",
            (self.run_id, self.plan.plan_digest, self.plan.document.content_digest, self.plan.n_units, self.docprefix),
        )
        for seq, unit in enumerate(self.plan.document.units, 1):
            body = self.text[unit.byte_start : unit.byte_end].decode()
            place = (unit.parent, unit.unit_kind, unit.section_type, unit.number, unit.title)
            span = (unit.byte_start, unit.byte_end, unit.line_start, unit.line_end)
            connection.execute(_BLOCK, (self.run_id, seq, unit.address, *place, body, unit.body_sha256, *span))

    def _smuggle(self, connection: psycopg.Connection, address: str) -> None:
        """The constraint is fired early, and never again; then one more block and one more unit."""
        body, seq = "Nobody signed this.\n", self.plan.n_units + 1
        unit = self.plan.document.units[0]
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        place = (None, unit.unit_kind, unit.section_type, "9", "Smuggled")
        connection.execute(_BLOCK, (self.run_id, seq, address, *place, body, sha256_hex(body.encode()), 0, 1, 1, 1))
        connection.execute(
            "SELECT public.fn_iu_create(%s, 'Smuggled', %s, 'nobody', %s, %s, 'sovereign', 'cut', NULL)",
            (address, body, unit.unit_kind, unit.section_type),
        )
