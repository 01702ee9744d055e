"""A draft cut as version 0.2.0 left it: written by its own functions, in a database of its ten migrations."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from console.backend.documents.planning import plan_document
from console.backend.model.plan import bind
from console.backend.model.plan_binding import PlanBinding
from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect, scalar
from console.backend.postgres.measure import REGISTRIES, measure_counts, measure_identity
from tests.backend.postgres.signed_cut import TEXT, SignedCut
from tests.conftest import Database
from tests.support.plans import accepted

RUN = "ictr-20250101T000000Z-00000001"
_IMPORT = """
    SELECT cutter_governance.fn_approval_import('SG_1', %(run)s, %(plan)s, %(manifest)s, repeat('0', 64), %(baseline)s, NULL, NULL, %(units)s, current_database()::text,
           (SELECT system_identifier::text FROM pg_control_system()), 1, now() - interval '1 minute', now() + interval '1 hour',
           ARRAY[repeat('A', 40)], convert_to('SG_1 of ' || %(run)s, 'UTF8'), ARRAY[''::bytea])
"""
_ENVELOPE = """
    INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units)
    SELECT r.run_id, r.operation, r.docprefix, s.id, r.plan_digest, r.content_digest, r.n_units FROM cutter_governance.run r
      JOIN cutter_governance.source_document_version_registry s ON s.sha256 = r.source_sha256 WHERE r.run_id = %s
"""
_BLOCK = """
    INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, parent_address, unit_kind, section_type, section_code, title, body_sha256,
           byte_start, byte_end, line_start, line_end, body) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def draft_cut(database: Database) -> SignedCut:
    """A run at its second pause."""
    run = _planned(database)
    with _as(database, "cutter_verify") as verifier:
        assert run.plan.world is not None
        facts = {
            "run": run.run_id,
            "plan": run.plan.plan_digest,
            "manifest": ledger.manifest_digest(run.units),
            "baseline": run.plan.world.baseline_digest,
            "units": len(run.units),
        }
        verifier.execute(_IMPORT, facts)
    with _as(database, "cutter_exec") as executor:
        executor.execute("SELECT cutter_governance.fn_lease_arm(%s, 'cut', 'o', 'h', 15)", (run.run_id,))
    with _as(database, "cutter_exec") as executor:
        executor.execute(_ENVELOPE, (run.run_id,))
        for seq, unit in enumerate(run.units, 1):
            place = (unit.byte_start, unit.byte_end, unit.line_start, unit.line_end)
            what = (unit.unit_kind, unit.section_type, unit.number, unit.title, unit.body_sha256)
            executor.execute(_BLOCK, (run.run_id, seq, unit.address, unit.parent, *what, *place, run.body(unit)))
        executor.execute("SELECT cutter_governance.fn_cut_apply(%s)", (run.run_id,))
    with _as(database, "cutter_exec") as executor:
        _advance(executor, run.run_id, Stage.STRUCTURAL_VERIFIED)
        executor.execute("SELECT cutter_governance.fn_cut_record(%s)", (run.run_id,))
    with _as(database, "cutter_verify") as verifier:
        verifier.execute("SELECT cutter_governance.fn_verify_record(%s, 'PASS', '{}')", (run.run_id,))
        _advance(verifier, run.run_id, Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
        verifier.execute("SELECT cutter_governance.fn_lease_end('at rest')")
    return run


def _planned(database: Database) -> SignedCut:
    planned = plan_document(TEXT.encode(), origin="file:x.md", docprefix="ACME-LAW", profile="atx", ordinals=False)
    document = accepted(planned)
    source = document.source
    with connect(database.conninfo("cutter_exec")) as connection:
        connection.execute("SELECT cutter_governance.fn_document_register('ACME-LAW', 'file:x.md', 'atx')")
        connection.execute(
            "SELECT cutter_governance.fn_run_create(%s, 'cut', 'ACME-LAW', 'file:x.md', 'atx', 'o', 'h')", (RUN,)
        )
        connection.execute(
            "SELECT cutter_governance.fn_source_pin(%s, %s, %s, %s, 'r')",
            (RUN, source.bytes, source.sha256, source.canonical_sha256),
        )
        for stage in (Stage.SOURCE_PINNED, Stage.MARKED):
            _advance(connection, RUN, stage)
        plan = bind(document, world_of_then(connection, "host"))
        assert plan.world is not None
        connection.execute(
            "SELECT cutter_governance.fn_run_plan(%s, %s, %s, %s, %s)",
            (RUN, plan.plan_digest, document.content_digest, plan.n_units, plan.world.baseline_digest),
        )
        for stage in list(Stage)[3:7]:
            _advance(connection, RUN, stage)
    return SignedCut(database=database, run_id=RUN, plan=plan, canonical=planned.canonical)


def world_of_then(connection: psycopg.Connection, host: str) -> PlanBinding:
    """The state of a database that records no effects, as 0.2.0 pinned it into a plan."""
    identity = measure_identity(connection, host)
    return PlanBinding(
        target=identity.target,
        server_version=identity.server_version_num,
        schema_digest=str(scalar(connection, "SELECT cutter_governance.fn_schema_digest()")),
        baseline_digest=str(scalar(connection, "SELECT cutter_governance.fn_readers_digest()")),
        counts=tuple(count for count in measure_counts(connection) if count.table not in REGISTRIES),
    )


def _advance(connection: psycopg.Connection, run_id: str, stage: Stage) -> None:
    connection.execute("SELECT cutter_governance.fn_run_advance(%s, %s)", (run_id, stage.value))


@contextmanager
def _as(database: Database, role: str) -> Iterator[psycopg.Connection]:
    connection = database.connect(role, autocommit=False)
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()
